"""`long-lived inspect` on a cluster: the real kubectl, and sockets as pods would show them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from tests.chart.conftest import command
from tests.cluster.api import running
from tests.lab.cluster.runs.lab import handlers_kept

from long_lived.lab.__main__ import cli
from long_lived.lab.cluster.live.rbac import manifests
from long_lived.lab.cluster.live.service import Target, parse_target

from .shop import FORBIDDEN, NO_CAT, WRAPPER, Shop, sockets


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Make a cluster, and a kubectl for it whose `exec` prints files."""
    with running(tmp_path) as (cluster, kubeconfig):
        wrapper = tmp_path / "bin" / "kubectl"
        wrapper.parent.mkdir()
        wrapper.write_text(
            WRAPPER.format(kubectl=command("kubectl"), sockets=str(tmp_path / "sockets"))
        )
        wrapper.chmod(0o755)
        monkeypatch.setenv("PATH", str(wrapper.parent), prepend=os.pathsep)
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        monkeypatch.setenv("KUBECACHEDIR", str(tmp_path / "cache"))
        yield Shop(cluster, tmp_path / "sockets")


def inspected(*arguments: str) -> Result:
    """Run the command."""
    line = ["inspect", *arguments, "--namespace", "shop", "--seconds", "0.1"]
    with handlers_kept():
        return CliRunner().invoke(cli, line, catch_exceptions=False)


def pinned(shop: Shop) -> None:
    """Set up the case: one pod holds what two later ones lack, all of it a gateway's."""
    shop.pod("a", age=90_000, shows=sockets("10.1.0.9", 290))
    shop.pod("b", age=7_200, shows=sockets("10.1.0.9", 8, first=400))
    shop.pod("c", age=7_100, shows=sockets("10.1.0.9", 2, first=500))
    shop.gateway("10.1.0.9")
    shop.serve()


@pytest.mark.parametrize("target", ["service/checkout", "app=checkout"])
def test_pinned_service_is_reported_with_its_client(shop: Shop, target: str) -> None:
    """A Service or a selector leads to who came later, and to whose connections those are."""
    pinned(shop)
    done = inspected(target)
    assert done.exit_code == 1, done.stderr
    text = " ".join(done.stdout.split())
    assert "pinned: b and c started later" in text
    assert "hold 10 of 300 connections, 200 would be fair" in text
    assert "All are deployment/gateway in edge's" in text


def test_json_has_the_same_content(shop: Shop, tmp_path: Path) -> None:
    """One object, with every pod and every client; what is kept names the cluster, too."""
    pinned(shop)
    told = inspected("service/checkout", "--format", "json", "--out", str(tmp_path / "out"))
    found = json.loads(told.stdout)
    kept = json.loads((tmp_path / "out" / "latest" / "inspection.json").read_text())
    assert kept["origin"]["kubernetes"].startswith("Kubernetes v")
    assert (found["format"], found["finding"], found["kept_ratio"]) == (1, "pinned", 1.0)
    assert [(one["name"], one["connections"]) for one in found["holders"]] == [
        ("a", 290),
        ("b", 8),
        ("c", 2),
    ]
    assert found["clients"] == [{"name": "deployment/gateway in edge", "connections": 300}]


def test_node_and_sidecar_are_named(shop: Shop) -> None:
    """An address of the node means NAT, a loopback address a proxy in the pod."""
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
    """No cat, or no permission: the reason stands beside the pod, and the others are judged."""
    for name in ("a", "c", "d"):
        shop.pod(name, age=90, shows=sockets("10.1.0.9", 100))
    shop.pod("b", age=90)
    shop.serve()
    shop.lacks_ipv6("c")
    shop.refuse("b", NO_CAT)
    done = inspected("service/checkout")
    assert done.exit_code == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "b: its image has no cat: --debug-image IMAGE looks from a container beside" in text
    assert "even: 300 connections over 3 are within chance of uniform" in text
    shop.refuse("b", FORBIDDEN)
    assert 'User "eve" cannot create resource "pods/exec"' in inspected("service/checkout").stdout


def test_service_without_connections_is_too_few(shop: Shop) -> None:
    """Without connections nothing is concluded."""
    shop.pod("a", age=90)
    shop.pod("b", age=90)
    shop.serve()
    done = inspected("service/checkout")
    assert (done.exit_code, "too few: 0 connections over 2" in done.stdout) == (0, True)


def test_bad_target_is_refused_in_one_line(shop: Shop) -> None:
    """No such Service, no endpoints, or no target."""
    shop.serve()
    bad = {
        ("service/nothing",): '"nothing" not found',
        ("service/checkout",): "service/checkout has no ready endpoints",
        ("checkout",): "checkout: must be service/NAME, deploy/NAME",
        ("ingress/checkout",): "ingress/checkout: must be service/NAME",
        (): "give either a target (service/NAME) or --local PORT",
    }
    for arguments, words in bad.items():
        done = inspected(*arguments)
        assert done.exit_code == 2, arguments
        (line,) = done.stderr.splitlines()
        assert words in line


def test_service_without_pods_has_no_endpoints(shop: Shop) -> None:
    """Where its ports are those of its pods, it has none of these either."""
    shop.serve(())
    assert "service/checkout has no ready endpoints" in inspected("service/checkout").stderr


def test_port_has_to_be_chosen_where_there_are_several(shop: Shop) -> None:
    """By its name or its number."""
    pinned(shop)
    shop.serve((("http", 8080), ("metrics", 9090)))
    refused = inspected("service/checkout")
    assert refused.exit_code == 2
    assert "--port (none): service/checkout has these: http, metrics" in refused.stderr
    refused = inspected("service/checkout", "--port", "grpc")
    assert "--port grpc: service/checkout has these: http, metrics" in refused.stderr
    for port in ("http", "8080"):
        assert "hold 10 of 300" in " ".join(
            inspected("service/checkout", "--port", port).stdout.split()
        )


def test_headless_service_without_ports_is_looked_at_by_a_number(shop: Shop) -> None:
    """Kubernetes asks for none where nothing is balanced by address."""
    pinned(shop)
    shop.serve(())
    assert "has these: none" in inspected("service/checkout").stderr
    told = inspected("service/checkout", "--port", "8080").stdout
    assert "hold 10 of 300" in " ".join(told.split())


def test_pod_without_cat_is_looked_at_from_beside(shop: Shop) -> None:
    """A container that is not root starts once and is read twice; one that cannot is a row."""
    for name in ("a", "b"):
        shop.pod(name, age=90, shows=sockets("10.1.0.9", 100))
    shop.serve()
    shop.refuse("b", NO_CAT)
    done = inspected("service/checkout", "--debug-image", "busybox:1.37")
    assert done.exit_code == 0, done.stderr
    assert "even: 200 connections over 2 are within" in " ".join(done.stdout.split()), done.stdout
    assert "an ephemeral container (busybox:1.37, ends after 120 s): Kubernetes" in done.stderr
    (container,) = shop.ephemeral("b")
    assert container["command"] == ["sleep", "120"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert shop.ephemeral("a") == []
    shop.refuse("a", NO_CAT)
    done = inspected("service/checkout", "--debug-image", "nowhere:1")
    text = " ".join(done.stdout.split())
    assert 'does not start: ImagePullBackOff: Back-off pulling image "nowhere:1"' in text


def test_kinds_have_the_names_that_kubectl_gives_them() -> None:
    """Short or in the plural."""
    assert {parse_target(f"{kind}/a") for kind in ("svc", "services", "service")} == {
        Target("service", "a")
    }
    assert parse_target("deploy/a") == parse_target("deployments/a") == Target("deployment", "a")


@pytest.mark.parametrize("debug", [False, True])
def test_permissions_are_printed_as_manifests(debug: bool) -> None:
    """Two roles may create an exec and nothing else, and change nothing."""
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
