"""What the pods may do and call: the maps `serviceAccount` and `networkPolicy`."""

from typing import Annotated

from pydantic import Field, StringConstraints

from long_lived.settings.chart.maps import FreeForm, Strings
from long_lived.settings.sections.section import Section


class ServiceAccount(Section):
    """The service account of all pods; none of them gets its token."""

    create: bool = False
    """Whether the chart makes a service account."""

    name: Annotated[
        str,
        StringConstraints(max_length=253, pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$"),
    ] = ""
    """Name of the account. Empty means release and application name if the chart makes it, and
    the namespace's `default` otherwise."""

    annotations: Strings = Field(default={})
    """Annotations of the account that the chart makes."""


class NetworkPolicy(Section):
    """Network policies: only the client and the test may call the server, which calls nobody."""

    enabled: bool = False
    """Whether the chart makes network policies. Client and test may then call only the server, and
    name servers on port 53."""

    server_ingress: list[FreeForm] = Field(default=[])
    """Who else may call the server, as in a policy's `ingress`."""

    client_egress: list[FreeForm] = Field(default=[])
    """What else client and test may call, as in a policy's `egress`; needed with a client.url."""
