"""A run that a real Prometheus scrapes: what it is told, and every query of rules and dashboard."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.chart.conftest import CHART
from tests.lab.commands.lab import FEW, LASTING, Lab, starter
from tests.metrics import prometheus
from tests.scraping import scrape
from tests.waiting import eventually

RULES = CHART / "files" / "metrics-rules.yaml"
DASHBOARD = CHART / "files" / "metrics-dashboard.json"


def queries() -> list[str]:
    """List all expressions, with the dashboard's variables filled in."""
    dashboard = json.loads(DASHBOARD.read_text())
    found = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    found += [one["expr"] for one in dashboard["annotations"]["list"]]
    found += [rule["expr"] for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]]
    return [re.sub(r"\$(job|namespace)", ".*", one) for one in found]


def comparison(expression: str) -> str:
    """Leave out for what values an alert fires."""
    return re.sub(r"\s*[<>]=? [\d.]+", "", expression.replace("> 0)", ")"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Run a load that goes on, with metrics."""
    with starter(tmp_path_factory.mktemp("metrics")) as begin:
        yield begin(
            "smoke",
            *(*FEW, LASTING, "metrics.enabled=true", "client.engine=asyncio"),
            *("server.runtime=gunicorn", "server.replicas=2"),
            "server.keepAlive.maxRequests=2",
        )


def targets(lab: Lab) -> dict[str, tuple[str, int]]:
    """Return where each process of the run is scraped, once the clients have started."""
    file = lab.folder / "metrics.json"

    def listed() -> dict[str, tuple[str, int]]:
        found = json.loads(file.read_text()) if file.exists() else []
        by_name = {one["labels"]["pod"]: one["targets"][0].split(":") for one in found}
        return {
            name: (address, int(port))
            for name, (address, port) in by_name.items()
            if "client-1" in by_name
        }

    return eventually(listed)


def test_run_says_where_the_metrics_of_each_process_are(lab: Lab) -> None:
    """Every replica and client has an address of its own, and answers there."""
    found = targets(lab)
    assert set(found) == {"server-a", "server-b", "client-1"}
    assert len({address for address, _ in found.values()}) == 3
    (port,) = {port for _, port in found.values()}
    assert f"metrics at port {port} of each address in" in lab.printed
    for name in ("server-a", "server-b"):
        address, port = found[name]
        seen = scrape(port, address).values("long_lived_requests_in_flight", "replica")
        assert set(seen) == {name}


@pytest.mark.skipif(not prometheus.installed(), reason=prometheus.MISSING)
def test_every_query_of_rules_and_dashboard_returns_data(lab: Lab, tmp_path: Path) -> None:
    """A real Prometheus scrapes the run, promtool finds no fault, and no query is empty."""
    for address, port in targets(lab).values():
        text = eventually(lambda at=(port, address): _text(*at))
        prometheus.promtool("check", "metrics", text=text)
    with prometheus.scraping(tmp_path, RULES, lab.folder / "metrics.json") as running:
        for query in queries():
            eventually(lambda query=query: running.query(comparison(query)))


def _text(port: int, address: str) -> str:
    try:
        return scrape(port, address).text
    except OSError:
        return ""
