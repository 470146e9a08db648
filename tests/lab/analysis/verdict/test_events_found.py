"""Restarts in place that the verdict finds in the answers, whether or not the lab knows of them."""

import pytest
from tests.lab.runs import SERVERS, START, Run, restarted

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.verdict import Finding, judge


@pytest.mark.parametrize("told", [True, False], ids=["by-the-lab", "by-the-answers"])
def test_container_that_restarts_in_place_is_seen(told: bool) -> None:
    """It keeps its name: only the start that its answers name shows that it came later."""
    run = Run("experiment.expect=any")
    for pod in SERVERS:
        run.start(pod, -60.0)
    for index in range(300):
        pod = SERVERS[index % 3]
        connection = run.connect(pod, index / 300)
        if pod != "server-a":
            run.hang_up(connection, 10.0)
            connection = run.connect("server-a", 10.1 + index / 300)
        for second in range(12, 30):
            run.ask(connection, float(second))
    run.start("server-b", 11.5)
    run.start("server-c", 12.5)
    for pod in ("server-b", "server-c"):
        run.ask(run.connect(pod, 14.0), 20.0)
    restarts = [Change(START + 10, pod, START + 10, pod, START + 12) for pod in SERVERS[1:]]
    verdict = judge(run.summary(), SERVERS, [], restarts if told else [])
    assert verdict.finding is Finding.PINNED
    assert verdict.words.startswith(
        "pinned: 2 of 3 replicas restarted under their names and are idle: they hold 2 "
    )
    assert verdict.effect is not None
    assert verdict.effect.survivors == ["server-a"]
    assert verdict.effect.came == ["server-b", "server-c"]
    assert (verdict.effect.inherited is not None) is told


def test_replacement_that_restarts_in_place_is_seen() -> None:
    """Its first start is its arrival, the next an event of its own."""
    run, replacements = restarted("experiment.expect=any", heals=True)
    run.start("server-d", 20.0)
    run.ask(run.connect("server-d", 21.0), 29.0)
    events = judge(run.summary(), SERVERS, [], replacements).events
    assert list(events[:-1]) == replacements
    assert (events[-1].old, events[-1].new) == ("server-d", "server-d")
    assert events[-1].ready_unix_seconds == START + 21.0
