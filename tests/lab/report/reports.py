"""Reports of runs with and without a restart, as lines."""

from typing import Any

from tests.lab.records import changed, scaled
from tests.lab.runs import SERVERS, plain, restarted

from long_lived.lab.analysis.verdict import judge
from long_lived.lab.report.closing import report
from long_lived.record.summary import Stalls, Summary


def lines_of(
    made: Summary | None,
    replicas: list[str],
    problems: tuple[str, ...] = (),
    remarks: tuple[str, ...] = (),
) -> list[str]:
    """Write the report of a run without a restart."""
    return report(made, judge(made, replicas, problems), "results/x", remarks)


def restart_lines(**given: Any) -> list[str]:
    """Write the report of a run with a restart."""
    factor = given.pop("factor", 1)
    servers = given.get("servers", SERVERS)
    run, replacements = restarted(**given)
    made = scaled(run.summary(), factor)
    return report(made, judge(made, servers, [], replacements), "results/x")


def troubled() -> Summary:
    """Make the summary of a client that stalled, and of servers of which one did."""
    made = scaled(plain(dict.fromkeys(SERVERS, 30)), 1_000)
    stalls = Stalls(count=2, total_seconds=8.9, longest_seconds=8.1, longest_at_seconds=12.3)
    slow = {"p99": 8.0, "max": 8.2}
    return changed(
        made.model_copy(update={"stalls": stalls}),
        send_lag_seconds__p99=7.5,
        **{f"pods__server-b__overhead_seconds__{name}": value for name, value in slow.items()},
    )


def text_of(lines: list[str]) -> str:
    """Join lines into one text, however they are wrapped."""
    return " ".join(" ".join(lines).split())
