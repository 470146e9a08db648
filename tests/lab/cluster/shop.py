"""A Service on a cluster, its pods and its callers; `kubectl exec` there prints files."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.cluster.store import Cluster

WRAPPER = """#!/bin/sh
[ "$5" = exec ] || exec {kubectl} "$@"
file={sockets}/$6 container=$8
shift 9
case "$*" in
"cat /proc/net/tcp /proc/net/tcp6")
  if [ -e "$file.ipv4" ]; then
    echo "cat: can't open '/proc/net/tcp6': No such file or directory" >&2
    exit 1
  fi ;;
"cat /proc/net/tcp") ;;
*) echo "nothing else is expected of a pod: $*" >&2; exit 1 ;;
esac
case $container in long-lived-*) exec cat "$file" ;; esac
[ ! -e "$file.error" ] || {{ cat "$file.error" >&2; exit 1; }}
exec cat "$file"
"""
"""`kubectl --context C --namespace N exec POD --container NAME -- cat FILE...`, or the real one."""

HEAD = "  sl  local_address rem_address   st\n"

NO_CAT = (
    "error: Internal error occurred: error executing command in container: failed to exec in "
    'container: failed to start exec "a1": OCI runtime exec failed: exec failed: unable to start '
    'container process: exec: "cat": executable file not found in $PATH: unknown'
)
"""The words of containerd 2.1 with runc 1.3."""

FORBIDDEN = (
    'Error from server (Forbidden): pods "b" is forbidden: User "eve" cannot create resource '
    '"pods/exec" in API group "" in the namespace "shop"'
)


def sockets(remote: str, count: int, first: int = 1) -> str:
    """Write the kernel's list of `count` connections from an address to port 8080."""
    words = "".join(f"{int(part):02X}" for part in reversed(remote.split(".")))
    return "".join(f"   0: 0100F40A:1F90 {words}:{first + n:04X} 01 0 0\n" for n in range(count))


class Shop:
    """A cluster with a Service, its pods, and its callers."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._cluster = cluster
        self._folder = folder
        folder.mkdir()
        shop = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
        cluster.put(shop)
        self.names: list[str] = []

    def pod(self, name: str, *, age: float, shows: str = "", address: str = "10.1.0.50") -> None:
        """Add a server pod that shows these sockets; it started `age` seconds ago."""
        self.names.append(name)
        started = f"{datetime.now(UTC) - timedelta(seconds=age):%Y-%m-%dT%H:%M:%SZ}"
        state = {"name": "app", "restartCount": 1, "state": {"running": {"startedAt": started}}}
        self._put_pod("shop", name, address, {"app": "checkout"}, {"containerStatuses": [state]})
        (self._folder / name).write_text(HEAD + shows)

    def gateway(self, address: str) -> None:
        """Add a client: a pod of a Deployment in another namespace."""
        owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "gateway-5d8f", "uid": "x"}
        labels = {"pod-template-hash": "5d8f"}
        self._put_pod("edge", f"gateway-5d8f-{address[-1]}", address, labels, {}, [owner])

    def _put_pod(
        self,
        namespace: str,
        name: str,
        address: str,
        labels: dict[str, str],
        status: dict[str, Any],
        owners: list[dict[str, Any]] | None = None,
    ) -> None:
        ports = [{"containerPort": 8080, "name": "http"}]
        ready = [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]
        self._cluster.put(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": name,
                    "namespace": namespace,
                    "labels": labels,
                    **({"ownerReferences": owners} if owners else {}),
                },
                "spec": {"containers": [{"name": "app", "ports": ports}]},
                "status": {
                    "podIPs": [{"ip": address}],
                    "hostIP": "10.0.0.7",
                    "conditions": ready,
                    **status,
                },
            }
        )

    def serve(self, ports: tuple[tuple[str, int], ...] = (("http", 8080),)) -> None:
        """Put all pods behind the Service `checkout`, on a node that reaches them."""
        where = {"namespace": "shop", "name": "checkout"}
        self._cluster.put(
            {"apiVersion": "v1", "kind": "Service", "metadata": where, "spec": {"ports": []}}
        )
        slice_of = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "namespace": "shop",
                "name": "checkout-1",
                "labels": {"kubernetes.io/service-name": "checkout"},
            },
            "ports": [{"name": name, "port": port, "protocol": "TCP"} for name, port in ports],
            "endpoints": [
                {
                    "addresses": ["10.1.0.1"],
                    "conditions": {"ready": True},
                    "targetRef": {"kind": "Pod", "name": name},
                }
                for name in self.names
            ],
        }
        self._cluster.put(slice_of)
        self._cluster.put(
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": "worker"},
                "spec": {"podCIDRs": ["10.1.0.0/24"]},
                "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.7"}]},
            }
        )

    def refuse(self, pod: str, words: str) -> None:
        """Make `kubectl exec` in a pod fail with these words."""
        (self._folder / f"{pod}.error").write_text(words)

    def ephemeral(self, pod: str) -> list[dict[str, Any]]:
        """Return what was started beside a pod's own containers."""
        (found,) = (one for one in self._cluster.all("Pod") if one["metadata"]["name"] == pod)
        return list(found["spec"].get("ephemeralContainers", []))

    def lacks_ipv6(self, pod: str) -> None:
        """Make a pod's kernel lack tcp6."""
        (self._folder / f"{pod}.ipv4").touch()
