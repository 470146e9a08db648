"""All of the chart's own keys."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from long_lived.settings.chart.access import NetworkPolicy, ServiceAccount
from long_lived.settings.chart.deployment import Autoscaling, PodDisruptionBudget, UpdateStrategy
from long_lived.settings.chart.images import Images
from long_lived.settings.chart.job import Job
from long_lived.settings.chart.maps import CommonAnnotations, CommonLabels, FreeForm
from long_lived.settings.chart.pods import ClientPod, ProxyPod, ServerPod, TestPod
from long_lived.settings.chart.service import Service
from long_lived.settings.keys import parts, types_at
from long_lived.settings.sections.section import Section

DnsLabel = Annotated[
    str, StringConstraints(max_length=63, pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$")
]
ServiceName = Annotated[
    str, StringConstraints(max_length=63, pattern=r"^([a-z]([-a-z0-9]*[a-z0-9])?)?$")
]
"""Kubernetes wants a Service's name to start with a letter."""


def _without_default(schema: dict[str, Any]) -> None:
    """Remove the default None from a schema: the key is absent from values.yaml."""
    del schema["default"]


class ChartValues(Section):
    """The chart's own keys."""

    images: Images = Images()
    service: Service = Service()
    server_pod: ServerPod = ServerPod()
    client_pod: ClientPod = ClientPod()
    proxy_pod: ProxyPod = ProxyPod()
    test_pod: TestPod = TestPod()
    job: Job = Job()
    pod_disruption_budget: PodDisruptionBudget = PodDisruptionBudget()
    update_strategy: UpdateStrategy = UpdateStrategy()
    autoscaling: Autoscaling = Autoscaling()
    service_account: ServiceAccount = ServiceAccount()
    network_policy: NetworkPolicy = NetworkPolicy()

    name_override: DnsLabel = ""
    """Name of the application in names and labels. Empty means the chart's name."""

    fullname_override: ServiceName = ""
    """Start of all object names. Empty means release and application name."""

    common_labels: CommonLabels = Field(default={})
    """Labels of every object and pod; none that the chart or Kubernetes sets."""

    common_annotations: CommonAnnotations = Field(default={})
    """Annotations of every object except the pods; none that Helm reads."""

    global_: FreeForm = Field(default={}, alias="global")
    """Passed by parent charts. This chart reads imageRegistry and imagePullSecrets from it:
    images.registry wins over the first, and the Secrets of images.pullSecrets come first."""

    enabled: bool | SkipJsonSchema[None] = Field(default=None, json_schema_extra=_without_default)
    """For the `condition` of a parent chart, which is this key by convention. It has no default,
    because that would win over the parent's tags; the chart refuses to be rendered with false."""


def takes_text(path: str) -> bool:
    """Tell whether the value at a key path of the chart's own is text, even if it is all digits.

    Helm's --set makes a number of digits, --set-string does not. What may also be a number (a count
    or a percentage) is left to --set, as is what only Kubernetes understands.
    """
    types = types_at(ChartValues, parts(path))
    return "string" in types and "integer" not in types
