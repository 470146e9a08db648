"""Options for platform teams: absent by default, and passed on."""

from typing import Any

import pytest
from tests.chart.conftest import render

from .filled import NEW, OLD, PODS, filled, pod

ON_DEMAND = {"HorizontalPodAutoscaler", "NetworkPolicy", "PodDisruptionBudget", "ServiceAccount"}


def test_options_are_absent_by_default() -> None:
    """Nothing is rendered that nobody asked for."""
    rendered = render()
    assert not ON_DEMAND & {manifest["kind"] for manifest in rendered.manifests}
    assert set(rendered.deployment["spec"]) == {"replicas", "selector", "template"}
    routing = {"trafficDistribution", "internalTrafficPolicy", "ipFamilyPolicy", "ipFamilies"}
    for service in rendered.services.values():
        assert not routing & set(service["spec"])
    for name in PODS:
        spec = pod(rendered, name)
        assert not {"runtimeClassName", "serviceAccountName"} & set(spec)
        assert not {"envFrom", "lifecycle"} & set(spec["containers"][0])
    assert "terminationGracePeriodSeconds" not in rendered.client_pod
    for spec in (rendered.server_pod, rendered.client_pod):
        assert [volume["name"] for volume in spec["volumes"]] == ["settings", "tmp"]
        assert len(spec["containers"][0]["volumeMounts"]) == 2


@pytest.mark.parametrize("name", PODS)
def test_account_and_runtime_class_reach_every_pod(name: str) -> None:
    """A pod has the account given, and never its token."""
    spec = pod(filled(), name)
    assert spec["runtimeClassName"] == "gvisor"
    assert spec["serviceAccountName"] == "an-account"
    assert spec["automountServiceAccountToken"] is False


@pytest.mark.parametrize("name", ["server_pod", "client_pod"])
def test_variables_and_volumes_are_added(name: str) -> None:
    """The chart's own stay, and come first."""
    spec = pod(filled(), name)
    (container,) = spec["containers"]
    assert container["envFrom"] == [{"prefix": "TEAM_", "configMapRef": {"name": "team"}}]
    assert [volume["name"] for volume in spec["volumes"]] == ["settings", "tmp", "certificates"]
    assert container["volumeMounts"][-1]["mountPath"] == "/etc/certificates"


@pytest.mark.parametrize(
    ("flags", "action"),
    [
        (OLD, {"exec": {"command": ["sleep", "15"]}}),
        (NEW, {"sleep": {"seconds": 15}}),
    ],
    ids=["1.33", "1.34"],
)
def test_pod_sleeps_before_it_stops(flags: tuple[str, ...], action: dict[str, Any]) -> None:
    """By the sleep action where Kubernetes has it for good, by a command before that."""
    (container,) = render("serverPod.preStopSleepSeconds=15", flags=flags).server_pod["containers"]
    assert container["lifecycle"] == {"preStop": action}


def test_grace_period_covers_the_sleep() -> None:
    """The drain gets as long as without it, unless a grace period is given."""
    assert render("serverPod.preStopSleepSeconds=15").server_pod[
        "terminationGracePeriodSeconds"
    ] == (render().server_pod["terminationGracePeriodSeconds"] + 15)
    given = render(
        "serverPod.preStopSleepSeconds=15",
        "serverPod.terminationGracePeriodSeconds=16",
        "clientPod.terminationGracePeriodSeconds=7",
    )
    assert given.server_pod["terminationGracePeriodSeconds"] == 16
    assert given.client_pod["terminationGracePeriodSeconds"] == 7


def test_account_is_made_and_named() -> None:
    """It is created under the release's name or a given one, or an existing one is used."""
    made = render("serviceAccount.create=true")
    account = made.one("ServiceAccount")
    assert account["metadata"]["name"] == "try-long-lived"
    assert account["automountServiceAccountToken"] is False
    for name in PODS:
        assert pod(made, name)["serviceAccountName"] == "try-long-lived"
    used = render("serviceAccount.name=there.already")
    assert used.find("ServiceAccount") == []
    assert used.server_pod["serviceAccountName"] == "there.already"
    annotations = filled().one("ServiceAccount")["metadata"]["annotations"]
    assert annotations == {"example/account": "yes", "example/owner": "load"}


@pytest.mark.parametrize(
    "key",
    [
        "autoscaling",
        "networkPolicy",
        "serviceAccount",
        "serviceAccount.name",
        "updateStrategy",
        "updateStrategy.type",
        "serverPod.preStopSleepSeconds",
        "service.ipFamilies",
    ],
)
def test_null_is_the_default(key: str) -> None:
    """An option set to null is absent, as by default."""
    assert render(f"{key}=null").text == render().text
