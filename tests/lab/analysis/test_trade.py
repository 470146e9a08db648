"""What a remedy gives and costs, for runs made by hand and one real client's log."""

from dataclasses import replace

import pytest
from tests.lab.records import changed
from tests.lab.runs import SERVERS, plain, restarted

from long_lived.lab.analysis.trade import Trade, combined, trade
from long_lived.lab.analysis.verdict import judge
from long_lived.record.replica_counts import ReplicaCounts


def counts(cpu_seconds: float | None, answered: int) -> ReplicaCounts:
    """Make what a replica reports of itself."""
    return ReplicaCounts(
        pod="server-a",
        runtime="go",
        answered=answered,
        in_flight=0,
        connections=1,
        cpu_seconds=cpu_seconds,
    )


def of_restart(*, heals: bool, lost: int = 0, keeps: bool = True) -> Trade:
    """Make the trade of a run with a restart."""
    run, replacements = restarted(
        "experiment.expect=any", users=300, heals=heals, lost=lost, keeps=keeps
    )
    made = run.summary()
    return trade(made, judge(made, SERVERS, [], replacements), [])


def test_share_is_that_of_the_replica_with_fewest_answers() -> None:
    """An idle replacement has 0 of its fair share; with equal answers the share is 1."""
    assert of_restart(heals=False).share == 0
    assert of_restart(heals=False, keeps=False).share == pytest.approx(1, abs=0.05)


def test_even_again_is_none_where_it_never_was() -> None:
    """None has two meanings, which `even_known` distinguishes."""
    pinned, healed = of_restart(heals=False), of_restart(heals=True)
    assert (pinned.seconds_to_even, pinned.even_known) == (None, True)
    assert healed.seconds_to_even is not None


def test_kept_connections_open_none_and_others_one_per_request() -> None:
    """New connections per second are the price of balancing every request."""
    kept, closed = of_restart(heals=False), of_restart(heals=False, keeps=False)
    assert kept.opened_per_second == 0
    assert closed.opened_per_second is not None
    assert closed.opened_per_second > 1


def test_lost_are_the_requests_that_went_with_a_replica() -> None:
    """With an event only requests lost with a replica count; without one, every failure."""
    assert of_restart(heals=False, lost=7).lost == 7
    failed = plain(dict.fromkeys(SERVERS, 70), failed={"read_timeout": 3})  # type: ignore[dict-item]
    assert trade(failed, judge(failed, SERVERS), []).lost == 3


def test_cpu_is_per_answered_request() -> None:
    """The servers' CPU is of those that report it; a proxy's is added."""
    made = changed(
        plain(dict.fromkeys(SERVERS, 100)), cost__cpu_seconds=0.6, requests__answered=300
    )
    asked = [counts(1.0, 400), counts(3.0, 400), counts(None, 500)]
    found = trade(made, judge(made, SERVERS), asked, proxy_cpu_seconds=0.3)
    assert found.client_cpu_seconds == pytest.approx(0.002)
    assert found.server_cpu_seconds == pytest.approx(4 / 800 + 0.001)
    assert found.cpu_seconds == pytest.approx(0.008)


def test_run_without_summary_is_a_row_of_unknowns() -> None:
    """It still has a row, of unknown values."""
    found = trade(None, judge(None, SERVERS, ["it broke"]), [])
    assert found.finding == "incomplete"
    assert {found.share, found.lost, found.cpu_seconds, found.added_p99_seconds} == {None}


def test_several_runs_give_medians() -> None:
    """One odd run changes neither numbers nor finding, but shows."""
    even = replace(
        of_restart(heals=True), findings=("even",), lost=0.0, seconds_to_even=2.0, share=0.9
    )
    worse = replace(even, lost=5.0, seconds_to_even=4.0, share=0.8)
    odd = replace(even, findings=("uneven",), lost=1.0, seconds_to_even=None, share=None)
    found = combined([even, worse, odd])
    assert (found.finding, found.agreed, len(found.findings)) == ("even", 2, 3)
    assert (found.lost, found.seconds_to_even) == (1.0, 4.0)
    assert found.share == pytest.approx(0.85)


def test_mostly_never_even_is_never_even() -> None:
    """Runs that never became even again count as infinitely late."""
    healed, pinned = of_restart(heals=True), of_restart(heals=False)
    assert combined([pinned, healed, pinned]).seconds_to_even is None
