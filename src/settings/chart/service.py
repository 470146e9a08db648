"""The map `service`."""

from typing import Annotated, Literal

from pydantic import Field

from long_lived.settings.chart.maps import Strings
from long_lived.settings.sections.section import Section


class Service(Section):
    """The Service that the client calls."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    """Type of the Service. The client calls its cluster IP in any case."""

    port: Annotated[int, Field(ge=1, le=65_535)] = 80
    """TCP port of the Service."""

    session_affinity: Literal["None", "ClientIP"] = "None"
    """`ClientIP` sends every connection of a client pod to the same server pod: with fewer client
    pods than replicas, some replicas get nothing."""

    session_affinity_timeout_seconds: Annotated[int, Field(ge=1, le=86_400)] = 10_800
    """How long `ClientIP` remembers a client without connections, in seconds."""

    traffic_distribution: Literal["", "PreferClose", "PreferSameZone", "PreferSameNode"] = ""
    """Which server pods get connections first: those near the client, from Kubernetes 1.31 (the
    last two values from 1.34). The spread is then uneven by design. Empty means all alike."""

    internal_traffic_policy: Literal["", "Cluster", "Local"] = ""
    """`Local` sends connections only to server pods on the client's node, which is uneven by
    design. Empty means Kubernetes' default, `Cluster`."""

    ip_family_policy: Literal["", "SingleStack", "PreferDualStack", "RequireDualStack"] = ""
    """Whether the two Services have one address family or two. Empty means Kubernetes' default,
    `SingleStack`."""

    ip_families: list[Literal["IPv4", "IPv6"]] = Field(
        default=[], max_length=2, json_schema_extra={"uniqueItems": True}
    )
    """Address families of the two Services, preferred one first. Empty means the cluster's."""

    annotations: Strings = Field(default={})
    """Annotations of the Service."""
