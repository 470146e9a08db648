"""The pods: security, placement, time to stop, probes, resources, images."""

import json

import pytest
from tests.chart.conftest import render

from long_lived.settings import load

from .filled import PODS, filled, pod


@pytest.mark.parametrize("name", PODS)
def test_pod_is_restricted(name: str) -> None:
    """Each pod meets the Pod Security Standard "restricted", and more."""
    spec = pod(render(), name)
    (container,) = spec["containers"]
    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert {volume_type for volume in spec.get("volumes", []) for volume_type in volume} <= {
        "name",
        "configMap",
        "emptyDir",
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)


@pytest.mark.parametrize("name", PODS)
def test_user_of_the_pod_can_be_left_to_the_cluster(name: str) -> None:
    """A null removes the user, as OpenShift requires."""
    rendered = render(
        "serverPod.podSecurityContext.runAsUser=null", "clientPod.podSecurityContext.runAsUser=null"
    )
    assert "runAsUser" not in pod(rendered, name)["securityContext"]
    assert pod(rendered, name)["securityContext"]["runAsNonRoot"] is True


@pytest.mark.parametrize("name", PODS)
def test_placement_is_absent_by_default(name: str) -> None:
    """Pods run anywhere unless placement is asked for."""
    keys = {"nodeSelector", "tolerations", "affinity", "priorityClassName", "imagePullSecrets"}
    assert not keys & set(pod(render(), name))
    assert "sysctls" not in pod(render(), name)["securityContext"]


@pytest.mark.parametrize("name", PODS)
def test_placement_is_passed_on(name: str) -> None:
    """Each placement value reaches the pods."""
    spec = pod(filled(), name)
    assert spec["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert spec["tolerations"][0]["key"] == "dedicated"
    assert set(spec["affinity"]) == {"nodeAffinity"}
    assert spec["priorityClassName"] == ("high" if name == "server_pod" else "low")
    assert spec["imagePullSecrets"] == [{"name": "registry-credentials"}]
    assert spec["securityContext"]["sysctls"] == [
        {"name": "net.ipv4.ip_local_port_range", "value": "1024 65535"}
    ]
    assert spec["securityContext"]["runAsUser"] == 1234
    (container,) = spec["containers"]
    assert container["securityContext"]["procMount"] == "Default"


@pytest.mark.parametrize(
    ("name", "component"), [("server_pod", "server"), ("client_pod", "client")]
)
def test_pods_spread_over_nodes_without_insisting(name: str, component: str) -> None:
    """A cluster with one node can run everything."""
    (spread,) = pod(render(), name)["topologySpreadConstraints"]
    assert spread["topologyKey"] == "kubernetes.io/hostname"
    assert spread["whenUnsatisfiable"] == "ScheduleAnyway"
    assert spread["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == component


def test_spread_keeps_its_own_selector() -> None:
    """Only a constraint without a selector gets one."""
    own, without = filled().server_pod["topologySpreadConstraints"]
    assert own["labelSelector"] == {"matchLabels": {"example/pod": "server"}}
    assert "app.kubernetes.io/name" in without["labelSelector"]["matchLabels"]


def test_spread_can_be_switched_off() -> None:
    """A null, or an empty list, leaves the scheduler's defaults."""
    for flag, pair in (("--set", "=null"), ("--set-json", "=[]")):
        rendered = render(flags=(flag, f"serverPod.topologySpreadConstraints{pair}"))
        assert "topologySpreadConstraints" not in rendered.server_pod


@pytest.mark.parametrize(
    ("sets", "seconds"),
    [
        ((), 70),
        (("server.delay.maxSeconds=90",), 100),
        (("server.delay.maxSeconds=60.2",), 71),
        (("server.gracefulTimeoutSeconds=15",), 20),
        (("server.gracefulTimeoutSeconds=300",), 305),
    ],
)
def test_grace_period_lets_answers_finish(sets: tuple[str, ...], seconds: int) -> None:
    """It covers the longest drain, the kubelet never cuts it short, and the lab grants the same."""
    assert render(*sets).server_pod["terminationGracePeriodSeconds"] == seconds
    assert load([], sets, {}).server.grace_period_seconds == seconds


def test_probes_are_patient() -> None:
    """A pod with 10,000 requests in flight has time to answer before it counts as failed."""
    (container,) = render().server_pod["containers"]
    for probe, path in (
        ("startupProbe", "/healthz"),
        ("livenessProbe", "/healthz"),
        ("readinessProbe", "/readyz"),
    ):
        assert container[probe]["httpGet"] == {"path": path, "port": "http"}
        patience = container[probe]["timeoutSeconds"] * container[probe]["failureThreshold"]
        assert patience >= 60


def test_no_container_has_a_cpu_limit_by_default() -> None:
    """Throttling would distort the times, except of `helm test`; memory is limited."""
    for name in PODS:
        (container,) = pod(render(), name)["containers"]
        limited = {"cpu", "memory"} if name == "test_pod" else {"memory"}
        assert set(container["resources"]["limits"]) == limited
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}


@pytest.mark.parametrize("name", PODS)
def test_quota_on_all_resources_lets_every_pod_in(name: str) -> None:
    """Each pod's requests and limits can be set, and reach each of its containers."""
    wanted = {
        kind: {"cpu": "2", "memory": "1Gi", "ephemeral-storage": "1Gi"}
        for kind in ("requests", "limits")
    }
    key = {"server_pod": "serverPod", "client_pod": "clientPod", "test_pod": "testPod"}[name]
    spec = pod(render(flags=("--set-json", f"{key}.resources={json.dumps(wanted)}")), name)
    for container in [*spec["containers"], *spec.get("initContainers", [])]:
        assert container["resources"] == wanted


@pytest.mark.parametrize(
    ("sets", "image"),
    [
        ((), "long-lived-server:0.1.0"),
        (("images.registry=registry.example/a",), "registry.example/a/long-lived-server:0.1.0"),
        (("images.registry=registry.example/a/",), "registry.example/a/long-lived-server:0.1.0"),
        (("images.server.tag=dev",), "long-lived-server:dev"),
        (
            ("images.server.tag=dev", f"images.server.digest=sha256:{'0' * 64}"),
            f"long-lived-server@sha256:{'0' * 64}",
        ),
    ],
)
def test_image_follows_from_its_parts(sets: tuple[str, ...], image: str) -> None:
    """Registry, repository, tag and digest form one reference, never `latest`."""
    (container,) = render(*sets).server_pod["containers"]
    assert container["image"] == image


def test_test_uses_the_image_of_the_client() -> None:
    """`helm test` needs no third image."""
    (client,) = filled().client_pod["containers"]
    (test,) = filled().test_pod["containers"]
    assert test["image"] == client["image"] == "registry.example/team/a-client:2.0"
    assert test["imagePullPolicy"] == "Always"
