"""Merging the summaries of several clients."""

import copy
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from long_lived.client.clock import Clock
from long_lived.client.ledger import Answer, Ledger
from long_lived.client.stalls import Stalls
from long_lived.client.summary import summarize
from long_lived.client.transport.connections import ConnectionBook
from long_lived.record import merge as merging
from long_lived.record import summary as kept
from long_lived.record.error_kind import ErrorKind
from long_lived.record.merge import merge, merge_one_by_one
from long_lived.record.summary import Cost, Requests, Summary
from long_lived.settings import load

SETTINGS = load([], ["client.concurrency=4"], {})
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


class Silence:
    """An output that nobody reads."""

    def write(self, _lines: list[str]) -> None:
        pass


def summary(pods: dict[str, int], failed: int = 0, seconds: float = 0.5, **given: Any) -> Summary:
    """Make the summary of a client to whom each pod answered so often, on one connection."""
    clock = Clock()
    account = Ledger(clock, Silence(), sum(pods.values()) + failed)
    book = ConnectionBook(clock, account.enter_close)
    near, far = socket.socketpair()
    with near, far:
        for pod, requests in pods.items():
            connection = book.open(near)
            for _ in range(requests):
                answer = Answer(pod, 0.0, seconds, False, connection, f"{pod}-1", 60.0)
                account.enter_answer(account.enter_send(0.0), answer)
        for _ in range(failed):
            account.enter_failure(account.enter_send(0.0), ErrorKind.READ_TIMEOUT, "")
        account.close(book.still_open())
        values = {"load_seconds": 2.0, "stopped_by": None, "problem": None, **given}
        cost = Cost(cpu_seconds=1.5, peak_memory_bytes=1000)
        stalls = Stalls()
        stalls.note(3.0, 0.2, 1.2 + seconds)
        return summarize(
            SETTINGS,
            account,
            opened=book.opened,
            retired=book.retired,
            client_id=f"client-{seconds}",
            stalls=stalls,
            cost=cost,
            **values,
        )


def started(part: Summary, late: float) -> Summary:
    """Have a client start this many seconds after New Year."""
    at = NEW_YEAR + timedelta(seconds=late)
    return part.model_copy(update={"started": at.isoformat()})


def without_time(part: Summary) -> Summary:
    """Drop what depends on when a client started."""
    fixed = {"timeline": None, "started": None, "load_seconds": 0.0}
    return part.model_copy(update=fixed)


def test_summary_counts_what_the_ledger_counted() -> None:
    """The summary has the account, the pods and the connections."""
    made = summary({"a": 2, "b": 1}, failed=1)
    assert made.requests.sending_seconds >= 0
    assert made.requests == Requests(
        planned=4,
        sent=4,
        sending_seconds=made.requests.sending_seconds,
        answered=3,
        failed=1,
        failed_by_kind={ErrorKind.READ_TIMEOUT: 1},
    )
    assert made.pods["a"].requests == 2
    assert made.pods["b"].connections_opened == made.pods["b"].connections_open == 1
    assert made.connections.opened == made.connections.open == 2
    assert made.connections.unattributed == 0
    assert made.connections.most_requests_on_one == 2
    assert made.connections.half_carried_by == 1
    assert made.connections.close_announced_ratio == 0
    assert made.settings == SETTINGS


def test_merge_of_one_is_itself() -> None:
    """Merging a single summary changes nothing."""
    made = summary({"a": 2, "b": 1}, failed=1)
    merged = merge([made])
    assert without_time(merged) == without_time(made)
    assert merged.timeline == made.timeline
    assert merged.load_seconds == pytest.approx(2.0)


def test_merge_of_two_is_their_sum() -> None:
    """Counts are added, percentiles span all durations, and the larger maximum wins."""
    first = summary({"a": 2, "b": 1}, failed=1, seconds=0.25)
    second = summary({"b": 4, "c": 5}, seconds=4.0)
    merged = merge([first, second])
    assert merged.clients == 2
    assert merged.requests == Requests(
        planned=13,
        sent=13,
        sending_seconds=max(one.requests.sending_seconds for one in (first, second)),
        answered=12,
        failed=1,
        failed_by_kind={ErrorKind.READ_TIMEOUT: 1},
    )
    assert {name: pod.requests for name, pod in merged.pods.items()} == {
        "a": 2,
        "b": 5,
        "c": 5,
    }
    assert merged.pods["b"].connections_opened == 2
    assert merged.connections.opened == merged.connections.open == 4
    assert merged.connections.perfect_keep_alive == 8
    assert merged.connections.most_requests_on_one == 5
    assert merged.connections.half_carried_by == 2
    assert merged.service_seconds.count == 12
    assert merged.service_seconds.min == 0.25
    assert merged.service_seconds.max == 4.0
    assert merged.pods["b"].overhead_seconds.count == 5
    assert merged.pods["b"].overhead_seconds.max == 4.0
    (start,) = merged.pods["b"].starts
    assert (start.instance, start.requests) == ("b-1", 5)
    assert merged.connections.reused == 3
    assert merged.client_ids == ["client-0.25", "client-4.0"]
    assert merged.stalls == kept.Stalls(
        count=2, total_seconds=6.25, longest_seconds=5.0, longest_at_seconds=3.0
    )
    assert merged.cost == Cost(cpu_seconds=3.0, peak_memory_bytes=2000)
    answered = merged.timeline.answered
    assert {name: sum(counts.values()) for name, counts in answered.items()} == {
        "a": 2,
        "b": 5,
        "c": 5,
    }
    assert sum(merged.timeline.sent["all"].values()) == 13


def test_merged_load_lasts_from_the_first_start_to_the_last_end() -> None:
    """The times of clients that run in parallel are not added."""
    first, second = (
        started(summary({"a": 1}), late).model_copy(update={"load_seconds": seconds})
        for late, seconds in ((0, 10.0), (3, 9.5))
    )
    merged = merge([second, first])
    assert merged.started == NEW_YEAR.isoformat()
    assert merged.load_seconds == 12.5


def test_clocks_that_are_behind_are_corrected() -> None:
    """Each client's times are shifted by its own lag, to the merger's clock."""
    first, second = (started(summary({"a": count}), 0) for count in (1, 2))
    merged = merge([first, second], [2.0, -0.5])
    assert merged.started == "2025-12-31T23:59:59.500000+00:00"
    assert merged.load_seconds == 4.5
    starts = [part.pods["a"].starts[0] for part in (first, second)]
    (start,) = merged.pods["a"].starts
    for name, chosen in (("started", min), ("opened", min), ("answered", max)):
        ahead, behind = (getattr(one, f"{name}_unix_seconds") for one in starts)
        # With abs: a millionth of a moment since 1970 is half an hour.
        right = pytest.approx(chosen(ahead + 2, behind - 0.5), abs=0.002)
        assert getattr(start, f"{name}_unix_seconds") == right, name
    answered = merged.timeline.answered["a"]
    assert sum(answered.values()) == 3
    when = [index * 0.25 for index, count in answered.items() for _ in range(count)]
    assert when[-1] - when[0] == pytest.approx(2.5, abs=0.3)


def test_merge_takes_a_lag_for_each_client() -> None:
    """A surplus lag is the caller's mistake."""
    with pytest.raises(ValueError, match="shorter"):
        merge([summary({"a": 1}), summary({"a": 1})], [0.0])


@pytest.mark.parametrize("key", ["stopped_by", "problem"])
def test_trouble_of_any_part_is_kept(key: str) -> None:
    """A merged run was stopped, or had a problem, if any of its clients did."""
    parts = [summary({"a": 1}), summary({"a": 1}, **{key: "SIGTERM"})]
    assert getattr(merge(parts), key) == "SIGTERM"
    assert getattr(merge(parts[:1]), key) is None


def test_merge_leaves_its_parts_alone() -> None:
    """Merging changes none of the summaries."""
    parts = [summary({"a": 1}), summary({"b": 1})]
    before = copy.deepcopy(parts)
    merge(parts)
    assert parts == before


def test_merge_of_clients_without_answers_has_no_ratio() -> None:
    """Without answers there is no share of them."""
    merged = merge([summary({}, failed=2), summary({}, failed=1)])
    assert merged.requests.failed == 3
    assert merged.connections.close_announced_ratio is None
    assert merged.service_seconds.p50 is None


def test_merge_of_nothing_is_refused() -> None:
    """Without a summary there is no sum."""
    with pytest.raises(ValueError, match="no summary to merge"):
        merge([])


def test_summaries_merged_one_by_one_are_those_merged_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever is in memory at a time, the result is the same, down to the first problem."""
    monkeypatch.setattr(merging, "AT_ONCE", 2)
    parts = [
        started(summary({"a": 1, "b": n}, problem=f"no {n}"), late=n).model_copy(
            update={"load_seconds": float(n)}
        )
        for n in range(1, 6)
    ]
    lags = [0.0, 3.0, -1.5, 0.0, 0.25]
    whole = merge_one_by_one(zip(parts, lags, strict=True))
    assert whole == merge(parts, lags)
    assert merge_one_by_one(()) is None
