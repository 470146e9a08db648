"""Servers' and clients' counts side by side: what is explained, and what is not."""

from typing import Any

import pytest

from long_lived.lab.analysis.accounts import Account, Accounts, accounts


def summary(**pods: dict[str, Any]) -> dict[str, Any]:
    """Make what is asked of a summary."""
    return {"client_ids": ["x", "y"], "pods": pods}


def pod(requests: int, **starts: int) -> dict[str, Any]:
    """Make a pod's part of a summary."""
    told = [{"instance": name, "requests": count} for name, count in starts.items()]
    return {"requests": requests, "starts": told}


def test_answers_to_this_runs_clients_are_counted() -> None:
    """Those of all its clients, and nobody else's."""
    counts = {"answered": 17, "answered_to": {"x": 5, "y": 6, "z": 4, "": 2}, "instance": "i"}
    found = accounts(summary(a=pod(11, i=11)), {"a": counts}, {})
    assert found is not None
    assert found.rows == [Account("a", served=11, answered=11, cut=0, others=6)]
    assert (found.lost, found.unexplained) == (0, 0)


def test_only_the_present_start_is_compared() -> None:
    """What an earlier start answered is in no server's count any more."""
    counts = {"answered": 3, "answered_to": {"x": 3}, "instance": "second"}
    found = accounts(summary(a=pod(10, first=7, second=3)), {"a": counts}, {})
    assert found is not None
    assert (found.rows[0].answered, found.unexplained) == (3, 0)
    counts["instance"], counts["answered_to"], counts["answered"] = "third", {}, 0
    found = accounts(summary(a=pod(10, first=7, second=3)), {"a": counts}, {})
    assert found is not None
    assert (found.rows[0].answered, found.unexplained) == (0, 0)


def test_replica_that_names_no_start_is_compared_whole() -> None:
    """Also one that no client has an answer from."""
    counts = {"answered": 10, "answered_to": {"x": 10}}
    for told in (pod(10), pod(10, first=10)):
        found = accounts(summary(a=told), {"a": counts}, {})
        assert found is not None
        assert (found.rows[0].answered, found.unexplained) == (10, 0)
    found = accounts(summary(), {"a": {"answered": 0, "answered_to": {}}}, {})
    assert found is not None
    assert found.rows == [Account("a", 0, 0, 0, 0)]


@pytest.mark.parametrize("counts", [{}, {"a": {"answered": 5}}], ids=["nobody", "no-clients"])
def test_servers_that_do_not_count_by_client_are_not_compared(counts: dict[str, Any]) -> None:
    """Older servers, and those that could not be asked, say nothing."""
    assert accounts(summary(a=pod(5)), counts, {}) is None


def test_failures_explain_answers_that_did_not_arrive() -> None:
    """Those on the replica's connections, and those of which nobody knows the replica."""
    failures = {"connection_lost": {"a": 2, "b": 9, "": 1}, "read_timeout": {"a": 1}}
    counts = {"answered": 14, "answered_to": {"x": 14}}
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
    """An unattributed failure explains one answer in all, and nothing explains one too few."""
    told = [Account(str(index), *row, others=0) for index, row in enumerate(rows)]
    assert Accounts(told, unattributed).unexplained == unexplained


def test_answers_that_did_not_arrive_are_those_that_servers_have_more() -> None:
    """A server that counts too few takes nothing from what others have too many."""
    rows = [Account("a", 12, 10, 9, 0), Account("b", 8, 10, 9, 0), Account("c", 5, 5, 0, 0)]
    assert Accounts(rows, 0).lost == 2
