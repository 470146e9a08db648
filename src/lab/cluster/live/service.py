"""The pods behind a live Service, and the connections that each holds, read and never changed."""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from long_lived.lab.analysis.live.looks import Holder, Seen
from long_lived.lab.analysis.live.sockets import NotSockets, Peer, peers
from long_lived.lab.cluster.live.addresses import Addresses
from long_lived.lab.cluster.live.beside import DebugImage
from long_lived.lab.cluster.pods import condition, own_status, unix_seconds
from long_lived.lab.cluster.tools.kubectl import AT_ONCE, Kubectl
from long_lived.lab.experiment.backend import Trouble

LISTS = ("/proc/net/tcp", "/proc/net/tcp6")

WORKLOADS = ("deployment", "statefulset", "daemonset", "replicaset")
SHORT = {
    "svc": "service",
    "services": "service",
    "deploy": "deployment",
    "deployments": "deployment",
    "sts": "statefulset",
    "statefulsets": "statefulset",
    "ds": "daemonset",
    "daemonsets": "daemonset",
    "rs": "replicaset",
    "replicasets": "replicaset",
}
"""kubectl's own short names and plurals."""

_NO_CAT = re.compile(r"executable file not found|no such file or directory.*cat|exec: .*cat")
"""Source: containerd and runc, "exec: \\"cat\\": executable file not found in $PATH"."""


@dataclass(frozen=True)
class Target:
    """What is looked at."""

    kind: str
    """service, one of WORKLOADS, or selector."""
    name: str

    def __str__(self) -> str:
        return self.name if self.kind == "selector" else f"{self.kind}/{self.name}"


def parse_target(text: str) -> Target:
    """Read KIND/NAME, or a label selector.

    Raises:
        ValueError: it is neither.
    """
    kind, slash, name = text.partition("/")
    kind = SHORT.get(kind, kind)
    if slash and name and "=" not in text and (kind == "service" or kind in WORKLOADS):
        return Target(kind, name)
    if "=" in text:
        return Target("selector", text)
    raise ValueError(text)


@dataclass(frozen=True)
class _Endpoint:
    pod: str
    port: int


class LiveServicePods:
    """The ready pods of one target."""

    def __init__(
        self,
        kubectl: Kubectl,
        target: Target,
        port: str = "",
        debug_image: DebugImage | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Look at `target`.

        Args:
            kubectl: in the namespace of the target.
            target: what is looked at.
            port: name or number of the port; empty where it has only one.
            debug_image: for pods without `cat`: what runs in a container beside; None: nothing.
            tell: is given a line for each step that takes a while.
        """
        self._kubectl = kubectl
        self._target = target
        self._port = port
        self._debug_image = debug_image
        self._tell = tell
        self._addresses = Addresses(kubectl)
        self._debugged: dict[str, str] = {}
        self._without_ipv6: set[str] = set()

    def look(self) -> list[Seen]:
        """Ask every ready pod for its sockets, some at a time.

        Raises:
            Trouble: the target, its port or its pods cannot be found, or may not be.
        """
        endpoints = self._endpoints()
        if not endpoints:
            raise Trouble(f"{self._target} has no ready endpoints")
        pods = {item["metadata"]["name"]: item for item in self._pods()}
        there = [one for one in endpoints if one.pod in pods]
        self._tell(f"asking {len(there)} pods")
        with ThreadPoolExecutor(AT_ONCE) as askers:
            return list(askers.map(lambda one: self._seen(one, pods[one.pod]), there))

    def owners(self, addresses: Collection[Peer]) -> Mapping[str, str]:
        """Name whom the addresses belong to: workloads, nodes, and the pod itself."""
        return self._addresses.owners({address for address, _ in addresses})

    @property
    def notes(self) -> list[str]:
        """Say what could not be found out."""
        return self._addresses.notes

    def _seen(self, one: _Endpoint, pod: Mapping[str, Any]) -> Seen:
        status = pod.get("status", {})
        container = _container(pod, one.port)
        own = own_status(status, container)
        running = (own.get("state") or {}).get("running") or {}
        started = running.get("startedAt") or status.get("startTime")
        holder = Holder(
            one.pod,
            unix_seconds(started) if started else 0.0,
            own.get("restartCount", 0),
            frozenset(self._addresses.of_node(status.get("hostIP", ""))),
        )
        try:
            return Seen(holder, peers(self._sockets(one.pod, container), one.port))
        except (Trouble, NotSockets) as trouble:
            return Seen(holder, obstacle=str(trouble))

    def _sockets(self, pod: str, container: str) -> str:
        lists = LISTS[:1] if pod in self._without_ipv6 else LISTS
        if pod in self._debugged:
            try:
                return self._cat(pod, self._debugged[pod], lists)
            except Trouble:  # its time is over, or the pod is another of that name
                del self._debugged[pod]
        try:
            return self._cat(pod, container, lists)
        except Trouble as trouble:
            said = str(trouble)
        if LISTS[1] in said and len(lists) > 1:  # a kernel without IPv6
            self._without_ipv6.add(pod)
            return self._cat(pod, container, LISTS[:1])
        if not _NO_CAT.search(said):
            raise Trouble(said)
        if self._debug_image is None:
            raise Trouble("its image has no cat: --debug-image IMAGE looks from a container beside")
        self._debugged[pod] = self._debug_image.start(self._kubectl, pod)
        return self._cat(pod, self._debugged[pod], lists)

    def _cat(self, pod: str, container: str, lists: Sequence[str]) -> str:
        return self._kubectl.call("exec", pod, "--container", container, "--", "cat", *lists)

    def _endpoints(self) -> list[_Endpoint]:
        if self._target.kind == "service":
            return self._of_slices()
        return [
            _Endpoint(item["metadata"]["name"], self._container_port(item))
            for item in self._pods()
            if _is_ready(item)
        ]

    def _of_slices(self) -> list[_Endpoint]:
        slices = self._kubectl.items(
            "endpointslices", f"kubernetes.io/service-name={self._target.name}"
        )
        if not slices:
            self._kubectl.call("get", "service", self._target.name)  # says that there is none
        found: dict[str, _Endpoint] = {}
        for one in slices:
            endpoints = one.get("endpoints") or []
            if not endpoints:  # where a Service has no pods, their ports are not known either
                continue
            ports = [port for port in one.get("ports") or [] if _is_tcp(port)]
            if not one.get("ports") and self._port.isdigit():  # a headless Service may name none
                ports = [{"port": int(self._port)}]
            chosen = [
                port for port in ports if self._port in ("", port.get("name"), f"{port['port']}")
            ]
            if len(chosen) != 1:
                names = ", ".join(sorted({port.get("name") or str(port["port"]) for port in ports}))
                raise Trouble(
                    f"--port {self._port or '(none)'}: {self._target} has these: {names or 'none'}"
                )
            for endpoint in endpoints:
                ready = (endpoint.get("conditions") or {}).get("ready")
                reference = endpoint.get("targetRef") or {}
                if ready is not False and reference.get("kind") == "Pod":
                    pod = reference["name"]
                    found[pod] = _Endpoint(pod, int(chosen[0]["port"]))
        return list(found.values())

    def _pods(self) -> list[dict[str, Any]]:
        if self._target.kind == "selector":
            return self._kubectl.items("pods", self._target.name)
        if self._target.kind == "service":
            listed = json.loads(self._kubectl.call("get", "pods", "--output", "json"))
            return list(listed["items"])
        workload = json.loads(self._kubectl.call("get", str(self._target), "--output", "json"))
        return self._kubectl.items("pods", _selector(workload["spec"]["selector"]))

    def _container_port(self, pod: Mapping[str, Any]) -> int:
        if self._port.isdigit():
            return int(self._port)
        ports = [
            port
            for container in pod["spec"]["containers"]
            for port in container.get("ports") or []
            if _is_tcp(port) and self._port in ("", port.get("name"))
        ]
        if len(ports) != 1:
            raise Trouble(
                f"--port {self._port or '(none)'}: {self._target} does not name exactly one port: "
                "must be a number"
            )
        return int(ports[0]["containerPort"])


def _is_tcp(port: Mapping[str, Any]) -> bool:
    return bool(port.get("protocol", "TCP") == "TCP")


def _is_ready(pod: Mapping[str, Any]) -> bool:
    ready = condition(pod.get("status", {}), "Ready")
    return "deletionTimestamp" not in pod["metadata"] and ready.get("status") == "True"


def _container(pod: Mapping[str, Any], port: int) -> str:
    """Choose the container that names the port, or the first: all see the same sockets."""
    containers = pod["spec"]["containers"]
    named = [
        one["name"]
        for one in containers
        if any(own.get("containerPort") == port for own in one.get("ports") or [])
    ]
    return str(named[0] if named else containers[0]["name"])


def _selector(selector: Mapping[str, Any]) -> str:
    """Write a workload's selector as kubectl takes it."""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for one in selector.get("matchExpressions") or []:
        key, operator, values = one["key"], one["operator"], ",".join(one.get("values") or [])
        parts.append(
            {
                "In": f"{key} in ({values})",
                "NotIn": f"{key} notin ({values})",
                "Exists": key,
                "DoesNotExist": f"!{key}",
            }[operator]
        )
    return ",".join(parts)
