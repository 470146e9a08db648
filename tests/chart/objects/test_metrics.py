"""Live metrics in the chart: absent by default, and reached by whoever may scrape."""

import json

import pytest
import yaml
from tests.chart.conftest import CHART, render, template

from .filled import filled

ON = "metrics.enabled=true"
KINDS = ("PodMonitor", "PrometheusRule")
SCRAPED = {
    "prometheus.io/scrape": "true",
    "prometheus.io/port": "9464",
    "prometheus.io/path": "/metrics",
}


def annotations(*sets: str) -> list[dict[str, str]]:
    """Return the annotations of the server's and of the client's pods."""
    rendered = render(*sets)
    return [
        one["spec"]["template"]["metadata"]["annotations"]
        for one in (rendered.deployment, rendered.job)
    ]


def test_nothing_of_metrics_is_there_by_default() -> None:
    """No port, no annotation, no object."""
    rendered = render()
    assert not {kind for kind in KINDS if rendered.find(kind)}
    assert rendered.find("ConfigMap", "-dashboard") == []
    assert [port["name"] for port in rendered.server_pod["containers"][0]["ports"]] == ["http"]
    assert "ports" not in rendered.client_pod["containers"][0]
    assert not any("prometheus.io/scrape" in one for one in annotations())


def test_pods_have_a_named_port_and_annotations_for_scraping() -> None:
    """Servers and clients alike; what a user annotates wins."""
    rendered = render(ON, "metrics.port=9000")
    port = {"name": "metrics", "containerPort": 9000, "protocol": "TCP"}
    for pod in (rendered.server_pod, rendered.client_pod):
        assert pod["containers"][0]["ports"][-1] == port
    for one in annotations(ON):
        assert one.items() >= SCRAPED.items()
    server, client = annotations(ON, r"serverPod.annotations.prometheus\.io/scrape=no")
    assert (server["prometheus.io/scrape"], client["prometheus.io/scrape"]) == ("no", "true")


def test_pod_monitor_scrapes_servers_and_clients_instead_of_annotations() -> None:
    """By labels that both have and `helm test` has not, at the named port."""
    monitored = (ON, "metrics.podMonitor.enabled=true", "metrics.labels.release=prometheus")
    rendered = render(*monitored)
    monitor = rendered.one("PodMonitor")
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["podMetricsEndpoints"] == [{"port": "metrics", "interval": "15s"}]
    selector = monitor["spec"]["selector"]
    (components,) = selector["matchExpressions"]
    assert components["values"] == ["server", "client"]
    for owner in (rendered.deployment, rendered.job):
        labels = owner["spec"]["template"]["metadata"]["labels"]
        assert selector["matchLabels"].items() <= labels.items()
        assert labels[components["key"]] in components["values"]
    assert not any("prometheus.io/scrape" in one for one in annotations(*monitored))


def test_rules_and_dashboard_are_the_files_that_are_checked() -> None:
    """Prometheus' and Grafana's own braces pass Helm unchanged."""
    rendered = filled()
    rules = yaml.safe_load((CHART / "files" / "metrics-rules.yaml").read_text())
    assert rendered.one("PrometheusRule")["spec"] == rules
    config_map = rendered.one("ConfigMap", "-dashboard")
    assert config_map["metadata"]["labels"]["grafana_dashboard"] == "1"
    dashboard = json.loads((CHART / "files" / "metrics-dashboard.json").read_text())
    assert json.loads(config_map["data"]["long-lived.json"]) == dashboard


def test_network_policies_let_the_chosen_namespace_scrape() -> None:
    """Servers and clients, at the port of the metrics alone, and nobody without a namespace."""
    on = (ON, "networkPolicy.enabled=true")
    rule = {
        "from": [
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
        ],
        "ports": [{"port": 9464, "protocol": "TCP"}],
    }
    rendered = render(*on, "metrics.namespace=monitoring")
    for name, rules in (("server", 2), ("client", 1)):
        ingress = rendered.one("NetworkPolicy", f"-{name}")["spec"]["ingress"]
        assert (len(ingress), ingress[-1]) == (rules, rule)
    assert rendered.one("NetworkPolicy", "-test")["spec"]["ingress"] == []
    assert render(*on).one("NetworkPolicy", "-client")["spec"]["ingress"] == []


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        ((ON, "metrics.port=8000"), "metrics.port = 8000: server.port = 8000 is taken; must be"),
        (
            ("metrics.rules.enabled=true",),
            "metrics.rules.enabled = true: needs metrics.enabled = true",
        ),
    ],
    ids=["port", "rules-alone"],
)
def test_metrics_that_cannot_be_are_refused(sets: tuple[str, ...], words: str) -> None:
    """In the words of the lab."""
    done = template(*sets)
    assert done.returncode != 0
    assert words in done.stderr
