"""Restarts that nobody announced, found in the timeline: names that disappear or appear.

A replica that is merely unlucky is silent for a while, too. So a silence counts only
where the replica, at the share of the answers that it had otherwise, would have given
at least `MISSED` of the others' answers: by chance that happens once in e^20 cases.
"""

from long_lived.lab.history import History
from long_lived.lab.replacement import Replacement

UNSEEN = "unseen-"
"""Beginning of the name of a replica that no client saw, because it got no connection."""

MISSED = 20
"""Expected answers that did not come."""


def replacements_seen(history: History, replicas: int) -> list[Replacement]:
    """Find the replacements in the timeline of a run with so many replicas at a time.

    Those that disappeared and those that appeared are paired in the order of time. One
    that got no connection at all was never seen: it gets a name from here, and counts as
    ready when its predecessor was gone.
    """
    names = history.replicas()
    # By the first sight, so that what is beyond the number of replicas is new.
    names.sort(key=lambda name: (_first(history, name), name))
    gone = [name for name in names if _missed_after(history, name) >= MISSED]
    new = [
        name
        for index, name in enumerate(names)
        if index >= replicas or _missed_before(history, name) >= MISSED
    ]
    old = sorted((name for name in gone if name not in new), key=lambda n: _last(history, n))
    found = []
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else None
        after = new[index] if index < len(new) else None
        left = None if before is None else history.unix_seconds(_last(history, before))
        came = None if after is None else history.unix_seconds(_opened(history, after))
        times = [at for at in (left, came) if at is not None]
        found.append(
            Replacement(
                stopped_unix_seconds=min(times),
                old=before,
                ended_unix_seconds=left,
                new=after or f"{UNSEEN}{index + 1 - len(new)}",
                ready_unix_seconds=max(times),
            )
        )
    return found


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
