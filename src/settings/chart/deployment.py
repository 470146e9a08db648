"""How many pods the server's Deployment has, and how they are replaced."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from long_lived.settings.chart.maps import FreeForm
from long_lived.settings.sections.section import Section

Count = Annotated[int, Field(ge=0)]
CountOrPercent = Count | Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}%$")]
CountOrPercentOrEmpty = Count | Annotated[str, StringConstraints(pattern=r"^([0-9]{1,3}%)?$")]


class PodDisruptionBudget(Section):
    """Protection of the server's pods from evictions (node drains, autoscalers)."""

    enabled: bool = False
    """Whether the chart makes a PodDisruptionBudget."""

    max_unavailable: CountOrPercent = 1
    """Most server pods that may be evicted at a time, as a number or a percentage."""


class UpdateStrategy(Section):
    """How the server's Deployment replaces its pods."""

    type: Literal["RollingUpdate", "Recreate"] = "RollingUpdate"
    """`RollingUpdate` starts new pods beside the old ones, `Recreate` after them. Either way the
    Services lead only to pods with the new settings."""

    max_surge: CountOrPercentOrEmpty = ""
    """Most pods above server.replicas during an update, as a number or a percentage. Empty means
    experiment.event.surge if experiment.event.kind is rollout and maxUnavailable is empty, too, and
    otherwise Kubernetes' default, 25%."""

    max_unavailable: CountOrPercentOrEmpty = ""
    """Most pods below server.replicas during an update, as a number or a percentage. Empty means
    experiment.event.unavailable where maxSurge is experiment.event.surge, and otherwise Kubernetes'
    default, 25%. Not 0 together with maxSurge."""


class Autoscaling(Section):
    """A HorizontalPodAutoscaler for the server, which then owns the number of its pods."""

    enabled: bool = False
    """Whether the chart makes a HorizontalPodAutoscaler. server.replicas is then the
    minimum, for which the client waits, and the Deployment states no number."""

    max_replicas: Annotated[int, Field(ge=1, le=1000)] = 10
    """Most replicas; not below server.replicas."""

    target_cpu_percent: Annotated[int, Field(ge=0, le=1000)] = 80
    """Mean CPU use of the pods to aim at, in percent of serverPod.resources.requests.cpu. 0
    leaves CPU out."""

    metrics: list[FreeForm] = Field(default=[])
    """Further metrics, as in the autoscaler's `metrics`."""

    behavior: FreeForm = Field(default={})
    """How fast it may scale, as in the autoscaler's `behavior`. Empty means Kubernetes' default."""
