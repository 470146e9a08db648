"""The map `metrics`: live metrics for Prometheus, of servers and clients alike."""

from typing import Annotated

from pydantic import Field, StringConstraints

from long_lived.settings.sections.section import Section


class PodMonitor(Section):
    """A PodMonitor, where the Prometheus operator runs."""

    enabled: bool = False
    """Whether the chart makes a PodMonitor for servers and clients. The pods then have no
    annotations for scraping, or they would be scraped twice."""

    interval_seconds: Annotated[int, Field(ge=1, le=3600)] = 15
    """How often to scrape, in whole seconds. Above 20 the dashboard's minute is too short."""


class Rules(Section):
    """A PrometheusRule, where the Prometheus operator runs."""

    enabled: bool = False
    """Whether the chart makes a PrometheusRule: alerts for a pod that holds more than twice or
    less than half its fair share, for failing requests and for connections that are not kept."""


class Dashboard(Section):
    """A dashboard for Grafana."""

    enabled: bool = False
    """Whether the chart makes a ConfigMap with the dashboard, labelled `grafana_dashboard: "1"`
    for Grafana's sidecar."""


class Metrics(Section):
    """Live metrics (docs/metrics.md). Apart from enabled and port only the chart reads them."""

    enabled: bool = False
    """Whether servers and clients serve metrics for Prometheus, at /metrics on a port of their
    own."""

    port: Annotated[int, Field(ge=1, le=65_535)] = 9464
    """TCP port of the metrics in each pod; not server.port. The lab on one machine takes a free
    port, and says which."""

    namespace: Annotated[
        str, StringConstraints(max_length=63, pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$")
    ] = ""
    """Namespace that the network policies let scrape, where networkPolicy.enabled is true. Empty
    means none."""

    labels: dict[str, str] = Field(default={})
    """More labels of PodMonitor and PrometheusRule, by which a Prometheus selects them, as
    `release: kube-prometheus-stack`."""

    pod_monitor: PodMonitor = PodMonitor()

    rules: Rules = Rules()

    dashboard: Dashboard = Dashboard()
