"""The number of server pods: by a number, an autoscaler, a budget, during an update."""

from pathlib import Path
from typing import Any

import pytest
from tests.chart.conftest import FILL_EVERYTHING, loaded, render

from .filled import filled


def test_replicas_are_left_to_an_autoscaler_on_demand(tmp_path: Path) -> None:
    """With null, by flag or file, the Deployment has no number, and the apps know."""
    file = tmp_path / "values.yaml"
    file.write_text("server:\n  replicas: null\n")
    for rendered in (render("server.replicas=null"), render(values=(file,))):
        assert "replicas" not in rendered.deployment["spec"]
        for found in (rendered.server_pod, rendered.client_pod):
            assert loaded(rendered, found, tmp_path).server.replicas is None
    assert render().deployment["spec"]["replicas"] == 3
    template = render().deployment["spec"]["template"]
    assert render("server.replicas=null").deployment["spec"]["template"] == template


def test_autoscaler_owns_the_number_of_replicas() -> None:
    """The Deployment has none for an upgrade to set; the client waits for the minimum."""
    rendered = render("autoscaling.enabled=true", "server.replicas=4", "autoscaling.maxReplicas=9")
    assert "replicas" not in rendered.deployment["spec"]
    spec = rendered.one("HorizontalPodAutoscaler")["spec"]
    assert spec["scaleTargetRef"]["name"] == rendered.deployment["metadata"]["name"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (4, 9)
    (metric,) = spec["metrics"]
    assert metric["resource"]["target"] == {"type": "Utilization", "averageUtilization": 80}
    assert "replicas: 4\n" in rendered.mounted(rendered.client_pod)


def test_autoscaler_goes_by_other_metrics() -> None:
    """Further metrics are added to CPU or replace it; its behaviour is passed on."""
    spec = filled().one("HorizontalPodAutoscaler")["spec"]
    assert [metric["resource"]["name"] for metric in spec["metrics"]] == ["cpu", "memory"]
    assert spec["behavior"] == {"scaleDown": {"stabilizationWindowSeconds": 600}}
    alone = render("autoscaling.targetCpuPercent=0", values=(FILL_EVERYTHING,))
    (metric,) = alone.one("HorizontalPodAutoscaler")["spec"]["metrics"]
    assert metric["resource"]["name"] == "memory"


def test_disruption_budget_is_off_by_default() -> None:
    """There is one only if asked for."""
    assert render().find("PodDisruptionBudget") == []
    assert filled().one("PodDisruptionBudget")["spec"]["maxUnavailable"] == "50%"


@pytest.mark.parametrize(
    ("sets", "strategy"),
    [
        (("updateStrategy.type=Recreate",), {"type": "Recreate"}),
        (
            ("updateStrategy.maxSurge=2", "updateStrategy.maxUnavailable=0"),
            {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2, "maxUnavailable": 0}},
        ),
        (
            ("experiment.event.kind=rollout",),
            {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        ),
        (
            ("experiment.event.kind=rollout", "updateStrategy.maxSurge=2"),
            {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2}},
        ),
        (
            ("experiment.event.kind=rollout", "updateStrategy.type=Recreate"),
            {"type": "Recreate"},
        ),
        (
            ("updateStrategy.maxUnavailable=50%",),
            {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "50%"}},
        ),
    ],
    ids=["recreate", "counts", "rollout", "counts-and-rollout", "recreate-rollout", "percentage"],
)
def test_update_strategy_is_passed_on(sets: tuple[str, ...], strategy: dict[str, Any]) -> None:
    """Only what is given is rendered, including a 0."""
    assert render(*sets).deployment["spec"]["strategy"] == strategy
