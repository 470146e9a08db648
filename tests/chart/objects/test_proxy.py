"""The proxy that balances requests: present only if asked for, and in nobody's way."""

import os
import subprocess
from pathlib import Path

import pytest
from tests.chart.conftest import (
    CHART,
    FILL_EVERYTHING,
    FILL_PROXIED,
    Manifest,
    Rendered,
    loaded,
    render,
)

from long_lived.client.users.request import read_timeout_seconds
from long_lived.lab.local import haproxy
from long_lived.lab.local.proxy import ANSWER_MARGIN_SECONDS
from long_lived.settings.places import HAPROXY_SETTINGS

PROXIED = "server.proxy=haproxy"
BOUND_SECONDS = 30


def filled() -> Rendered:
    """Render with a value for every key, the proxy's included."""
    return render(values=(FILL_EVERYTHING, FILL_PROXIED))


def deployment(rendered: Rendered) -> Manifest:
    """Return the proxy's Deployment."""
    return rendered.one("Deployment", "-proxy")


def environment(rendered: Rendered) -> dict[str, str]:
    """Return the environment of the proxy's container, in a pod with an address."""
    (container,) = deployment(rendered)["spec"]["template"]["spec"]["containers"]
    address, *given = container["env"]
    assert address["valueFrom"]["fieldRef"]["fieldPath"] == "status.podIP"
    return {one["name"]: one["value"].replace("$(POD_IP)", "127.0.0.1") for one in given}


def test_there_is_no_proxy_by_default() -> None:
    """Nothing of it is rendered, and no policy mentions it."""
    rendered = render("networkPolicy.enabled=true")
    names = {manifest["metadata"]["name"] for manifest in rendered.manifests}
    assert not [name for name in names if name.endswith("-proxy")]
    assert "component: proxy" not in rendered.text


def test_clients_call_the_proxy_and_count_the_replicas(tmp_path: Path) -> None:
    """The client's url leads to the proxy, but its wait still covers every replica."""
    rendered = render(PROXIED, "service.port=8080")
    client = loaded(rendered, rendered.client_pod, tmp_path).client
    assert client.url == "http://try-long-lived-proxy:8080/"
    assert client.readiness.host == "try-long-lived-server-headless"
    service = rendered.services["try-long-lived-proxy"]["spec"]
    assert (service["ports"][0]["port"], service["ports"][0]["targetPort"]) == (8080, "http")
    labels = deployment(rendered)["spec"]["template"]["metadata"]["labels"]
    assert service["selector"].items() <= labels.items()
    assert deployment(rendered)["spec"]["selector"]["matchLabels"].items() <= labels.items()
    for name in ("try-long-lived-server", "try-long-lived-server-headless"):
        assert not rendered.services[name]["spec"]["selector"].items() <= labels.items()


def test_pod_of_the_proxy_is_restricted() -> None:
    """It meets the Pod Security Standard "restricted", on a port that needs no privilege."""
    spec = deployment(render(PROXIED))["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert spec["automountServiceAccountToken"] is False
    assert container["ports"][0]["containerPort"] >= 1024
    assert container["livenessProbe"]["tcpSocket"] == {"port": "http"}
    assert container["readinessProbe"]["httpGet"]["path"] == "/proxy-ready"
    (tag,) = [container["image"].rpartition(":")[2]]
    assert tag[0].isdigit()


def test_values_of_the_proxy_are_passed_on() -> None:
    """Number, image, resources, and placement, which is that of the server's pods."""
    rendered = filled()
    spec = deployment(rendered)["spec"]
    assert spec["replicas"] == 2
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"].startswith("registry.example/haproxy@sha256:0123")
    assert container["resources"]["limits"] == {"cpu": "4", "memory": "2Gi"}
    assert pod["priorityClassName"] == "high"
    replicas = rendered.one("ConfigMap", "-proxy")["data"]["replicas.cfg"]
    assert ".svc.cluster.example:9000 " in replicas


def test_change_of_its_settings_restarts_the_proxy_and_scaling_does_not() -> None:
    """The checksum covers what it reads."""

    def checksum(*sets: str) -> str:
        template = deployment(render(PROXIED, *sets))["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/settings"])

    assert checksum("server.port=9000") != checksum()
    assert checksum("server.replicas=7") == checksum()


@pytest.mark.parametrize(
    ("sets", "slots"),
    [
        ((), 100),
        (("server.replicas=60", "experiment.event.count=9"), 129),
        (("autoscaling.enabled=true", "autoscaling.maxReplicas=200"), 402),
    ],
    ids=["few", "many", "autoscaled"],
)
def test_every_replica_of_the_run_has_a_slot(sets: tuple[str, ...], slots: int) -> None:
    """All may be replaced, and an event may add as many more as its count."""
    lines = render(PROXIED, *sets).one("ConfigMap", "-proxy")["data"]["replicas.cfg"]
    assert f"server-template replica- {slots} try-long-lived-server-headless.default.svc." in lines


@pytest.mark.parametrize(
    "sets",
    [(), ("server.delay.maxSeconds=90.5",), ("client.timeouts.readSeconds=7",)],
    ids=["defaults", "delay", "timeout"],
)
def test_proxy_waits_longer_than_the_client(sets: tuple[str, ...], tmp_path: Path) -> None:
    """The client gives up first, as on one machine."""
    rendered = render(PROXIED, *sets)
    settings = loaded(rendered, rendered.client_pod, tmp_path)
    longest = int(environment(rendered)["PROXY_ANSWER_SECONDS"])
    assert 0 <= longest - read_timeout_seconds(settings) - ANSWER_MARGIN_SECONDS < 1


def test_haproxy_accepts_what_is_mounted(tmp_path: Path) -> None:
    """A release's settings, including the lab's own, are valid without a warning."""
    if why := haproxy.missing():
        pytest.skip(why)
    for rendered in (render(PROXIED), filled()):
        command = [str(haproxy.program()), "-c"]
        for name, text in rendered.one("ConfigMap", "-proxy")["data"].items():
            (tmp_path / name).write_text(text)
            command += ["-f", str(tmp_path / name)]
        checked = subprocess.run(
            command,
            env={**os.environ, **environment(rendered)},
            capture_output=True,
            text=True,
            timeout=BOUND_SECONDS,
            check=False,
        )
        assert checked.returncode == 0, checked.stderr
        assert "WARNING" not in checked.stderr
    assert HAPROXY_SETTINGS.samefile(CHART / "files" / "haproxy.cfg")
    assert (tmp_path / "haproxy.cfg").read_text().strip() == HAPROXY_SETTINGS.read_text().strip()


def test_network_policies_let_requests_through_the_proxy() -> None:
    """Callers may reach it, it may reach replicas and name servers, and both ends agree."""
    rendered = render(PROXIED, "networkPolicy.enabled=true", "server.port=9000")
    policies = {one["metadata"]["name"]: one["spec"] for one in rendered.find("NetworkPolicy")}
    proxy, server = policies["try-long-lived-proxy"], policies["try-long-lived-server"]
    itself = {"podSelector": proxy["podSelector"]}
    assert itself in server["ingress"][0]["from"]
    to_server, names = proxy["egress"]
    assert to_server["to"] == [{"podSelector": server["podSelector"]}]
    assert to_server["ports"] == server["ingress"][0]["ports"]
    assert {one["port"] for one in names["ports"]} == {53}
    (container,) = deployment(rendered)["spec"]["template"]["spec"]["containers"]
    port = [{"port": container["ports"][0]["containerPort"], "protocol": "TCP"}]
    (rule,) = proxy["ingress"]
    assert rule["ports"] == port
    for component, peer in zip(("client", "test"), rule["from"], strict=True):
        policy = policies[f"try-long-lived-{component}"]
        assert peer["podSelector"] == policy["podSelector"]
        assert {"to": [itself], "ports": port} in policy["egress"]


def test_client_that_goes_past_the_proxy_is_refused() -> None:
    """A headless client would bypass it."""
    with pytest.raises(AssertionError, match=r"past server\.proxy = haproxy; must be"):
        render(PROXIED, "client.balancing=headless")
