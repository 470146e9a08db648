"""The alerts, by promtool on invented series."""

from pathlib import Path

import pytest
import yaml
from tests.chart.conftest import CHART

from . import prometheus

pytestmark = pytest.mark.skipif(not prometheus.installed(), reason=prometheus.MISSING)

RULES = CHART / "files" / "metrics-rules.yaml"
OPEN = 'long_lived_connections_open{side="server",namespace="n",job="j",replica="%s"}'
LABELS = {"namespace": "n", "job": "j", "side": "server", "severity": "warning"}


def held(*counts: str) -> list[dict[str, str]]:
    """Invent the connections of replicas a, b, c."""
    return [
        {"series": OPEN % replica, "values": values}
        for replica, values in zip("abc", counts, strict=True)
    ]


Expected = dict[str, list[dict[str, str]]]
"""The labels of the alerts that fire, by their name."""


def check_alerts(folder: Path, series: list[dict[str, str]], at: str, expected: Expected) -> None:
    """Let promtool test which alerts fire at a time."""
    tests = [
        {"alertname": name, "eval_time": at, "exp_alerts": [{"exp_labels": one} for one in found]}
        for name, found in expected.items()
    ]
    rules = yaml.safe_load(RULES.read_text())
    for rule in rules["groups"][0]["rules"]:
        rule.pop("annotations", None)  # what is said is not under test
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules))
    file = folder / "test.yaml"
    case = {"interval": "1m", "input_series": series, "alert_rule_test": tests}
    file.write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "tests": [case]}))
    prometheus.promtool("test", "rules", file)


TWICE, HALF = "LongLivedPodHoldsTwiceItsShare", "LongLivedPodHoldsHalfItsShare"


def test_rules_are_valid() -> None:
    """So says promtool."""
    prometheus.promtool("check", "rules", RULES)


@pytest.mark.parametrize(
    ("counts", "at", "expected"),
    [
        (("90x20", "0x20", "0x20"), "11m", {TWICE: "a", HALF: "bc"}),
        (("90x20", "0x20", "0x20"), "9m", {TWICE: "", HALF: ""}),
        (("30x20", "35x20", "25x20"), "11m", {TWICE: "", HALF: ""}),
        (("9x20", "0x20", "0x20"), "11m", {TWICE: "", HALF: ""}),
        (("90x5 30x20", "0x5 30x20", "0x5 30x20"), "11m", {TWICE: "", HALF: ""}),
    ],
    ids=["pinned", "not-for-long", "even", "too-few", "even-again"],
)
def test_alert_fires_where_one_pod_holds_too_much_for_long(
    counts: tuple[str, ...], at: str, expected: dict[str, str], tmp_path: Path
) -> None:
    """After ten minutes, and not for what chance explains."""
    labelled = {
        name: [{**LABELS, "replica": one} for one in replicas]
        for name, replicas in expected.items()
    }
    check_alerts(tmp_path, held(*counts), at, labelled)


def series(name: str, side: str, values: str, **labels: str) -> dict[str, str]:
    """Invent one series."""
    told = {"side": side, "namespace": "n", "job": "j", **labels}
    written = ",".join(f'{key}="{value}"' for key, value in told.items())
    return {"series": f"long_lived_{name}{{{written}}}", "values": values}


@pytest.mark.parametrize(
    ("alert", "severity", "found"),
    [
        (
            "LongLivedRequestsFail",
            "warning",
            [
                series("requests_failed_total", "client", "0+60x30", kind="connection_lost"),
                series("requests_answered_total", "client", "0+600x30", replica="a"),
            ],
        ),
        (
            "LongLivedConnectionsAreNotKept",
            "info",
            [
                series("connections_opened_total", "server", "0+600x30", replica="a"),
                series("requests_answered_total", "server", "0+600x30", replica="a"),
            ],
        ),
    ],
    ids=["failing", "not-kept"],
)
def test_alert_fires_for_failures_and_for_connections_that_are_not_kept(
    alert: str, severity: str, found: list[dict[str, str]], tmp_path: Path
) -> None:
    """One of each service, not of each replica."""
    labels = {"namespace": "n", "job": "j", "severity": severity}
    check_alerts(tmp_path, found, "25m", {alert: [labels]})
