"""Servers' and clients' counts side by side: which differences are explained."""

import pytest
from tests.lab.records import own_counts, pod_of
from tests.lab.runs import plain

from long_lived.lab.analysis.accounts import Account, Accounts, accounts
from long_lived.record.replica_counts import ReplicaCounts
from long_lived.record.summary import Pod, Start, Summary


def summary(**pods: Pod) -> Summary:
    """Make the summary of two clients who got answers from these pods."""
    return plain({}).model_copy(update={"client_ids": ["x", "y"], "pods": pods})


def pod(requests: int, **starts: int) -> Pod:
    """Make a pod's part of a summary."""
    times = ("started_unix_seconds", "opened_unix_seconds", "answered_unix_seconds")
    return pod_of(
        [
            Start(instance=name, requests=count, **dict.fromkeys(times, 0.0))
            for name, count in starts.items()
        ],
        requests,
    )


def test_answers_to_this_runs_clients_are_own_counts() -> None:
    """Answers to all clients of the run count, and to nobody else."""
    counts = own_counts(17, {"x": 5, "y": 6, "z": 4, "": 2}, "i")
    found = accounts(summary(a=pod(11, i=11)), {"a": counts}, {})
    assert found is not None
    assert found.rows == [Account("a", served=11, answered=11, cut=0, others=6)]
    assert (found.lost, found.unexplained) == (0, 0)


def test_only_the_present_start_is_compared() -> None:
    """What an earlier start answered is no longer in any server's count."""
    counts = own_counts(3, {"x": 3}, "second")
    found = accounts(summary(a=pod(10, first=7, second=3)), {"a": counts}, {})
    assert found is not None
    assert (found.rows[0].answered, found.unexplained) == (3, 0)
    counts = own_counts(0, {}, "third")
    found = accounts(summary(a=pod(10, first=7, second=3)), {"a": counts}, {})
    assert found is not None
    assert (found.rows[0].answered, found.unexplained) == (0, 0)


def test_replica_that_names_no_start_is_compared_whole() -> None:
    """So is one of which no client has an answer."""
    counts = own_counts(10, {"x": 10})
    for told in (pod(10), pod(10, first=10)):
        found = accounts(summary(a=told), {"a": counts}, {})
        assert found is not None
        assert (found.rows[0].answered, found.unexplained) == (10, 0)
    found = accounts(summary(), {"a": own_counts(0, {})}, {})
    assert found is not None
    assert found.rows == [Account("a", 0, 0, 0, 0)]


OLDER = ReplicaCounts(pod="a", runtime="flask", answered=5, in_flight=0, connections=1)


@pytest.mark.parametrize("counts", [{}, {"a": OLDER}], ids=["nobody", "no-clients"])
def test_servers_that_do_not_count_by_client_are_not_compared(
    counts: dict[str, ReplicaCounts],
) -> None:
    """Older servers, and those that could not be asked, say nothing."""
    assert accounts(summary(a=pod(5)), counts, {}) is None


def test_failures_explain_answers_that_did_not_arrive() -> None:
    """Both failures on the replica's connections and unattributed ones explain them."""
    failures = {"connection_lost": {"a": 2, "b": 9, "": 1}, "read_timeout": {"a": 1}}
    counts = own_counts(14, {"x": 14})
    found = accounts(summary(a=pod(10)), {"a": counts}, failures)
    assert found is not None
    assert (found.rows[0].cut, found.unattributed) == (3, 1)
    assert (found.lost, found.unexplained) == (4, 0)


@pytest.mark.parametrize(
    ("rows", "unattributed", "unexplained"),
    [
        ([(10, 10, 0)], 0, 0),
        ([(9, 10, 5)], 5, 1),
        ([(12, 10, 1)], 0, 1),
        ([(12, 10, 1)], 1, 0),
        ([(12, 10, 0), (13, 10, 1)], 3, 1),
        ([(12, 10, 9), (8, 10, 9)], 9, 2),
        ([(10, 10, 5), (11, 10, 0)], 0, 1),
    ],
    ids=["same", "server-short", "beyond", "perhaps", "shared", "no-set-off", "spare-failures"],
)
def test_difference_is_explained_once(
    rows: list[tuple[int, int, int]], unattributed: int, unexplained: int
) -> None:
    """An unattributed failure explains one answer in all, and no failure an answer too few."""
    told = [Account(str(index), *row, others=0) for index, row in enumerate(rows)]
    assert Accounts(told, unattributed).unexplained == unexplained


def test_only_surplus_server_answers_did_not_arrive() -> None:
    """One server's deficit does not offset another's surplus."""
    rows = [Account("a", 12, 10, 9, 0), Account("b", 8, 10, 9, 0), Account("c", 5, 5, 0, 0)]
    assert Accounts(rows, 0).lost == 2
