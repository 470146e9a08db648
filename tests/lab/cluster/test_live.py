"""`long-lived inspect` on a cluster: the real kubectl, and the sockets that pods would show.

What `kubectl exec` prints comes from files: nothing runs in these pods.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.chart.conftest import command
from tests.cluster.api import running
from tests.cluster.store import Cluster
from tests.lab.commands.lab import finished

from long_lived.lab.cluster.live_rbac import manifests

WRAPPER = """#!{python}
import os, sys, pathlib
if "exec" not in sys.argv:
    os.execv({kubectl!r}, [{kubectl!r}, *sys.argv[1:]])
pod = sys.argv[sys.argv.index("exec") + 1]
assert sys.argv[-3:] == ["cat", "/proc/net/tcp", "/proc/net/tcp6"] or (
    sys.argv[-2:] == ["cat", "/proc/net/tcp"]), sys.argv
file = pathlib.Path({sockets!r}) / pod
if sys.argv[-1].endswith("6") and file.with_suffix(".ipv4").exists():
    sys.exit("cat: can't open '/proc/net/tcp6': No such file or directory")
if file.with_suffix(".error").exists():
    sys.exit(file.with_suffix(".error").read_text())
print(file.read_text())
"""
HEAD = "  sl  local_address rem_address   st\n"

NO_CAT = (
    "error: Internal error occurred: error executing command in container: failed to exec in "
    'container: failed to start exec "a1": OCI runtime exec failed: exec failed: unable to start '
    'container process: exec: "cat": executable file not found in $PATH: unknown'
)
"""As containerd 2.1 with runc 1.3 says it."""
FORBIDDEN = (
    'Error from server (Forbidden): pods "b" is forbidden: User "eve" cannot create resource '
    '"pods/exec" in API group "" in the namespace "shop"'
)


def sockets(remote: str, count: int, first: int = 1) -> str:
    """Write the kernel's list of `count` connections from an address to port 8080."""
    words = "".join(f"{int(part):02X}" for part in reversed(remote.split(".")))
    return "".join(f"   0: 0100F40A:1F90 {words}:{first + n:04X} 01 0 0\n" for n in range(count))


class Shop:
    """A cluster with a Service, its pods, and who calls it."""

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
        """Let `kubectl exec` in a pod fail in these words."""
        (self._folder / f"{pod}.error").write_text(words)

    def lacks_ipv6(self, pod: str) -> None:
        """Let a pod's kernel have no tcp6."""
        (self._folder / f"{pod}.ipv4").touch()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Give a cluster, and a kubectl for it whose `exec` reads files."""
    with running(tmp_path) as (cluster, kubeconfig):
        wrapper = tmp_path / "bin" / "kubectl"
        wrapper.parent.mkdir()
        wrapper.write_text(
            WRAPPER.format(
                python=sys.executable,
                kubectl=command("kubectl"),
                sockets=str(tmp_path / "sockets"),
            )
        )
        wrapper.chmod(0o755)
        monkeypatch.setenv("PATH", str(wrapper.parent), prepend=os.pathsep)
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        monkeypatch.setenv("KUBECACHEDIR", str(tmp_path / "cache"))
        yield Shop(cluster, tmp_path / "sockets")


def inspected(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    lab = [sys.executable, "-m", "long_lived.lab", "inspect"]
    done = finished([*lab, *arguments, "--namespace", "shop", "--seconds", "0.1"])
    assert "Traceback" not in done.stderr + done.stdout
    return done


def pinned(shop: Shop) -> None:
    """Make the case: one pod holds what two later ones lack, all of a gateway's."""
    shop.pod("a", age=90_000, shows=sockets("10.1.0.9", 290))
    shop.pod("b", age=7_200, shows=sockets("10.1.0.9", 8, first=400))
    shop.pod("c", age=7_100, shows=sockets("10.1.0.9", 2, first=500))
    shop.gateway("10.1.0.9")
    shop.serve()


@pytest.mark.parametrize("target", ["service/checkout", "svc/checkout", "app=checkout"])
def test_pinned_service_is_told_with_its_client(shop: Shop, target: str) -> None:
    """By the Service's endpoints, or by a selector: who came later, and whose connections."""
    pinned(shop)
    done = inspected(target)
    assert done.returncode == 1, done.stderr
    text = " ".join(done.stdout.split())
    assert "pinned: b and c started later" in text
    assert "hold 10 of 300 connections, 200 would be fair" in text
    assert "All are deployment/gateway in edge's" in text


def test_json_has_the_same_for_programs(shop: Shop) -> None:
    """One object, with every pod and every client."""
    pinned(shop)
    found = json.loads(inspected("service/checkout", "--format", "json").stdout)
    assert (found["format"], found["finding"], found["kept_ratio"]) == (1, "pinned", 1.0)
    assert [(one["name"], one["connections"]) for one in found["holders"]] == [
        ("a", 290),
        ("b", 8),
        ("c", 2),
    ]
    assert found["clients"] == [{"name": "deployment/gateway in edge", "connections": 300}]


def test_node_and_sidecar_are_named(shop: Shop) -> None:
    """An address of the node's means NAT, a loopback address a proxy in the pod."""
    shop.pod("a", age=90, shows=sockets("10.0.0.7", 60) + sockets("127.0.0.6", 50, first=300))
    shop.pod("b", age=90, shows=sockets("10.1.0.1", 60, first=600) + sockets("8.8.8.8", 45))
    shop.serve()
    done = inspected("service/checkout", "--format", "json")
    clients = {one["name"]: one["connections"] for one in json.loads(done.stdout)["clients"]}
    assert clients == {
        "node worker (NAT, or the host's network)": 120,
        "inside the pod (a sidecar)": 50,
        "8.8.8.8": 45,
    }


def test_pod_that_cannot_be_asked_is_a_row(shop: Shop) -> None:
    """No cat, no permission: the reason stands beside the pod, and the others are judged."""
    for name in ("a", "c", "d"):
        shop.pod(name, age=90, shows=sockets("10.1.0.9", 100))
    shop.pod("b", age=90)
    shop.serve()
    shop.lacks_ipv6("c")
    shop.refuse("b", NO_CAT)
    done = inspected("service/checkout")
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "b: its image has no cat: --debug-image IMAGE looks from a container beside" in text
    assert "even: 300 connections over 3 are within chance of uniform" in text
    shop.refuse("b", FORBIDDEN)
    assert 'User "eve" cannot create resource "pods/exec"' in inspected("service/checkout").stdout


def test_service_without_connections_is_too_few(shop: Shop) -> None:
    """Nothing is said of nothing."""
    shop.pod("a", age=90)
    shop.pod("b", age=90)
    shop.serve()
    done = inspected("service/checkout")
    assert (done.returncode, "too few: 0 connections over 2" in done.stdout) == (0, True)


def test_what_cannot_be_looked_at_is_refused_in_one_line(shop: Shop) -> None:
    """No such Service, no endpoints, no single port, no target."""
    shop.serve()
    bad = {
        ("service/nothing",): '"nothing" not found',
        ("service/checkout",): "service/checkout has no ready endpoints",
        ("checkout",): "checkout: must be service/NAME, deploy/NAME",
        ("ingress/checkout",): "ingress/checkout: must be service/NAME",
        (): "give either a target (service/NAME) or --local PORT",
        ("service/checkout", "--port", "grpc"): "--port grpc: service/checkout has these: http",
    }
    for arguments, words in bad.items():
        done = inspected(*arguments)
        assert done.returncode == 2, arguments
        (line,) = done.stderr.splitlines()
        assert words in line


def test_port_has_to_be_chosen_where_there_are_several(shop: Shop) -> None:
    """By its name or its number."""
    pinned(shop)
    shop.serve((("http", 8080), ("metrics", 9090)))
    refused = inspected("service/checkout")
    assert refused.returncode == 2
    assert "--port (none): service/checkout has these: http, metrics" in refused.stderr
    for port in ("http", "8080"):
        assert "hold 10 of 300" in " ".join(
            inspected("service/checkout", "--port", port).stdout.split()
        )


@pytest.mark.parametrize("debug", [False, True])
def test_permissions_are_printed_as_manifests(debug: bool) -> None:
    """They are two roles that can create nothing but an exec, and change nothing."""
    roles = list(yaml.safe_load_all(manifests("shop", debug=debug)))
    assert [role["kind"] for role in roles] == ["Role", "ClusterRole"]
    allowed = {
        (resource, verb)
        for role in roles
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        if verb not in ("get", "list")
    }
    assert allowed == {("pods/exec", "create")} | (
        {("pods/ephemeralcontainers", "patch")} if debug else set()
    )
