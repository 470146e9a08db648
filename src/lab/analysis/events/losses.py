"""The failed requests that the events of a run explain."""

from collections.abc import Sequence

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.events.latecomers import SERVICE_LAG_SECONDS
from long_lived.lab.analysis.history import History
from long_lived.record.error_kind import ErrorKind
from long_lived.record.timeline import UNATTRIBUTED

UNREACHED = (ErrorKind.CONNECT_REFUSED, ErrorKind.CONNECT_TIMEOUT, ErrorKind.CONNECT_FAILED)
"""Kinds of failure of a request that the Service sent to the address of a replica that is gone."""

LOST = ErrorKind.CONNECTION_LOST
"""Kind of failure of a request whose connection was closed or reset before its answer."""


def excused(history: History, changes: Sequence[Change], stop: int, over: int) -> int:
    """Count the failures that the events explain.

    That is, of requests that were sent before the events were `over` and had not failed before the
    first `stop`; and of later ones that met the address of a replica that was gone, until the
    Service must have known.
    """
    gone = [one.ended_unix_seconds or one.began_unix_seconds for one in changes if one.old]
    known = history.bucket(max(gone, default=0.0) + SERVICE_LAG_SECONDS) + 1
    late = history.failures(over, known)
    return (
        history.failed(0, over)
        - history.failed(0, stop, ended=True)
        + sum(sum(late.get(kind, {}).values()) for kind in UNREACHED)
    )


def lost(
    history: History, changes: Sequence[Change], stop: int, over: int
) -> tuple[dict[str, int], int]:
    """Count the requests that broke with the stopped replicas, by replica, and those that may have.

    Those of a stopped replica count from its own stop until it has ended; one that keeps its name
    has ended when it is back.
    """
    found: dict[str, int] = {}
    until = over
    for one in changes:
        if one.old is None:
            continue
        ended = one.ready_unix_seconds if one.in_place else one.ended_unix_seconds
        begin = history.bucket(one.began_unix_seconds)
        end = over if ended is None else max(over, history.bucket(ended) + 1)
        until = max(until, end)
        broken = history.failures(begin, end, ended=True).get(LOST, {}).get(one.old, 0)
        if broken:
            found[one.old] = broken
    return found, history.failures(stop, until, ended=True).get(LOST, {}).get(UNATTRIBUTED, 0)
