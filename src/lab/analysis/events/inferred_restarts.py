"""Restarts that nobody announced, found in the timeline: names that disappear or appear.

A name appears where its server says that it started in the run, or where it is silent before its
first answer for longer than chance explains; it disappears where it is silent that long after its
last. A replica that is merely unlucky is silent for a while, too. So a silence counts only where
the replica, at the share of the answers that it had otherwise, would have given at least `MISSED`
of the others' answers: by chance that happens once in e^20 cases.

When a replica was stopped is known only roughly: it may have gone on answering for a while.
"""

from collections.abc import Mapping

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.events.restarts_in_place import SINCE_START_SECONDS
from long_lived.lab.analysis.history import History
from long_lived.record.summary import Pod

UNSEEN = "unseen-"
"""Beginning of the name of a replica that no client saw, because it got no connection."""

MISSED = 20
"""Expected answers that did not come."""


def changes_seen(
    history: History, pods: Mapping[str, Pod], replicas: int | None, at_end: int | None = None
) -> list[Change]:
    """Find the changes in the timeline of a run that began with `replicas` replicas.

    It ended with as many, unless `at_end` says otherwise.

    Those that disappeared and those that appeared are paired in the order of time. Where fewer are
    left than there should be, one that got no connection at all was never seen: it gets a name
    from here, and counts as ready when its predecessor was gone. None: nobody knows how many.
    """
    names = history.replicas()
    # By the first sight, so that what is beyond the number of replicas is new.
    names.sort(key=lambda name: (_first(history, name), name))
    gone = [name for name in names if _missed_after(history, name) >= MISSED]
    starts = {name: _started(history, pods[name]) for name in names}
    new = [
        name
        for index, name in enumerate(names)
        if starts[name] is not None
        or (replicas is not None and index >= replicas)
        or _missed_before(history, name) >= MISSED
    ]
    old = sorted((name for name in gone if name not in new), key=lambda n: _last(history, n))
    unseen, last = 0, replicas if at_end is None else at_end
    if last is not None:
        unseen = last - (len(names) - len(gone))
    found = []
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else None
        after = new[index] if index < len(new) else None
        left = None if before is None else history.unix_seconds(_last(history, before))
        came = None if after is None else _came(history, after, starts[after])
        times = [at for at in (left, came) if at is not None]
        if after is None and index - len(new) < unseen:
            after = f"{UNSEEN}{index + 1 - len(new)}"
        found.append(
            Change(
                began_unix_seconds=min(times),
                old=before,
                ended_unix_seconds=left,
                new=after,
                ready_unix_seconds=max(times),
                inferred=True,
                for_good=after is None,
            )
        )
    return found


def _started(history: History, pod: Pod) -> float | None:
    """Tell when a server started, where that was in the run."""
    for start in pod.starts[:1]:
        if history.elapsed_seconds(start.started_unix_seconds) > SINCE_START_SECONDS:
            return start.started_unix_seconds
    return None


def _came(history: History, replica: str, started: float | None) -> float:
    """Tell from when on a replica could be reached: from its first connection on, at the latest."""
    opened = history.unix_seconds(_opened(history, replica))
    return opened if started is None else max(started, opened)


def _first(history: History, replica: str) -> int:
    counts = history.counts("answered", replica)
    return next(index for index, count in enumerate(counts) if count)


def _last(history: History, replica: str) -> int:
    counts = history.counts("answered", replica)
    return max(index for index, count in enumerate(counts) if count)


def _opened(history: History, replica: str) -> int:
    counts = history.counts("opened", replica)
    first = next((index for index, count in enumerate(counts) if count), None)
    return _first(history, replica) if first is None else first


def _missed_after(history: History, replica: str) -> float:
    """Tell how many answers a replica would have given after its last one."""
    end = _last(history, replica) + 1
    return _expected(history, replica, (0, end), (end, history.buckets))


def _missed_before(history: History, replica: str) -> float:
    """Tell how many answers a replica would have given before its first one."""
    first = _first(history, replica)
    return _expected(history, replica, (first, history.buckets), (0, first))


def _expected(
    history: History, replica: str, seen: tuple[int, int], silent: tuple[int, int]
) -> float:
    own = history.count("answered", replica, *seen)
    everybody = sum(history.by_key("answered", *seen).values())
    return sum(history.by_key("answered", *silent).values()) * own / everybody
