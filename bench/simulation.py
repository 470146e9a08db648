"""Runs that never took place: users, connections and replicas on a simulated clock.

A `Plan` says which replicas serve when, and when the Service knows of it; `simulate` lets the users
follow it, those of many runs at once in numpy, request by request as the client makes them. What
happened is in two tables, of requests and of connections (`Course`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from long_lived.lab.analysis.events.change import Change

START = 1_800_000_000.0
"""When the clock of every run starts: at the border of a bucket."""

LONG_BEFORE = -60.0
CONNECT_SECONDS = 30.0
"""After which the client gives up a SYN that nobody answers: `client.timeouts.connectSeconds`."""

ANSWERED, VANISHED, REFUSED, LOST, REJECTED = range(5)
FAILURES = {
    VANISHED: "connect_timeout",
    REFUSED: "connect_refused",
    LOST: "connection_lost",
    REJECTED: "http_status",
}
"""How a request ends, and the client's word for it."""


@dataclass(frozen=True)
class Start:
    """One start of a replica. One that is started again in place has two, under one name."""

    name: str
    up: float = LONG_BEFORE
    down: float = math.inf
    lag: float = 0.0
    """How long after either of them the Service takes note."""
    weight: float = 1.0
    """What the balancer gives it, beside the others."""
    slowness: float = 1.0
    """By how much longer than the others it takes to answer."""


@dataclass(frozen=True)
class Plan:
    """A planned run: who serves when, and what the users do. Seconds of the run's clock."""

    starts: Sequence[Start]
    users: int
    changes: Sequence[Change] = ()
    """What the lab saw of it."""
    kept: bool = True
    """Whether a connection outlives its request."""
    proxied: bool = False
    """Whether something in between keeps the connections, and balances each request."""
    killed: bool = False
    """Whether a replica that goes down leaves its answers undone."""
    age: float = math.inf
    """After which a server closes a kept connection, a tenth more or less."""
    delay: tuple[float, float] = (0.5, 1.5)
    think: tuple[float, float] = (0.5, 1.5)
    ramp_up: float = 2.0
    end: float = 55.0

    def replicas(self) -> list[str]:
        """List the names of all replicas."""
        return list(dict.fromkeys(start.name for start in self.starts))


@dataclass
class Course:
    """What happened in a run, in two tables; times in seconds of its clock."""

    sent: np.ndarray
    ended: np.ndarray
    outcome: np.ndarray
    start: np.ndarray
    """Index of the start that answered, or would have."""
    connection: np.ndarray
    """Index into the columns below; -1 where none was made."""
    opened: np.ndarray
    closed: np.ndarray
    """NaN where it was left open."""

    def later(self, seconds: float) -> "Course":
        """Return the same by a clock that is that far ahead."""
        times = ("sent", "ended", "opened", "closed")
        return replace(self, **{name: getattr(self, name) + seconds for name in times})


class _Notes:
    """The tables of several runs while they are written."""

    def __init__(self) -> None:
        self.requests: list[tuple[np.ndarray, ...]] = []
        self.closed: list[tuple[np.ndarray, np.ndarray]] = []
        self._opened: list[tuple[np.ndarray, np.ndarray]] = []
        self._connections = 0

    def open(self, users: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Note new connections, and return their numbers."""
        numbers = np.arange(self._connections, self._connections + len(at))
        self._connections += len(at)
        self._opened.append((users, at))
        return numbers

    def courses(self, users: int, runs: int) -> list[Course]:
        """Assemble the tables of each run, with that many users each."""
        who, *columns = (np.concatenate(one) for one in zip(*self.requests, strict=True))
        opener, opened = (np.concatenate(one) for one in zip(*self._opened, strict=True))
        closed = np.full(self._connections, np.nan)
        for numbers, at in self.closed:
            closed[numbers] = at
        rows, begins = _grouped(who // users, runs)
        order, firsts = _grouped(opener // users, runs)
        new_number = np.empty_like(order)
        new_number[order] = np.arange(len(order))
        columns = [column[rows] for column in columns]
        columns[-1] = np.where(columns[-1] < 0, -1, new_number[columns[-1]])
        opened, closed = opened[order], closed[order]
        found = []
        for run in range(runs):
            mine = slice(begins[run], begins[run + 1])
            own = slice(firsts[run], firsts[run + 1])
            sent, ended, outcome, start, number = (column[mine] for column in columns)
            number = np.where(number < 0, -1, number - firsts[run])
            found.append(Course(sent, ended, outcome, start, number, opened[own], closed[own]))
        return found


def _grouped(run: np.ndarray, runs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the order that puts runs one after the other, and where each begins."""
    order = np.argsort(run.astype(np.int16), kind="stable")
    return order, np.concatenate([[0], np.cumsum(np.bincount(run, minlength=runs))])


class _Service:
    """Chooses a replica for a new connection: at random among those that it knows at the time."""

    def __init__(self, starts: Sequence[Start]) -> None:
        reached = np.array([s.up if s.up < 0 else s.up + s.lag for s in starts])
        dropped = np.array([s.down + s.lag for s in starts])
        weights = np.array([s.weight for s in starts])
        self._cuts = np.unique(np.concatenate([reached, dropped[np.isfinite(dropped)]]))
        known = (reached <= self._cuts[:, None]) & (self._cuts[:, None] < dropped)
        shares = np.cumsum(known * weights, axis=1)
        if not shares[:, -1].all():
            raise ValueError("the Service knows no replica at some time")
        shares /= shares[:, -1:]
        # One sorted list for all epochs: that of epoch e lies between e and e + 1.
        self._shares = (shares + np.arange(len(self._cuts))[:, None]).ravel()
        self._width = len(starts)

    def choose(self, at: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the indices of the starts to which connections of these moments go."""
        epoch = np.searchsorted(self._cuts, at, "right") - 1
        drawn = np.searchsorted(self._shares, epoch + rng.random(len(at)), "right")
        return drawn - epoch * self._width


def simulate(plan: Plan, rng: np.random.Generator, runs: int = 1) -> list[Course]:
    """Simulate that many runs of a plan."""
    service, notes = _Service(plan.starts), _Notes()
    down = np.array([start.down for start in plan.starts])
    up = np.array([start.up for start in plan.starts])
    slowness = np.array([start.slowness for start in plan.starts])
    again = _again(plan.starts)
    users = plan.users * runs
    next_send = np.tile(np.arange(plan.users) * plan.ramp_up / plan.users, runs)
    # Of each user's connection: whose it is (-1: none), its number, and when it is too old.
    owner, number = np.full(users, -1), np.full(users, -1)
    limit = np.full(users, np.inf)
    while len(now := np.flatnonzero(next_send < plan.end)):
        at, whose, its = next_send[now], owner[now], number[now]
        if not plan.proxied:
            # What a server closed while nothing was asked is noticed by the next request.
            gone = (whose >= 0) & (down[whose] <= at)
            notes.closed.append((its[gone], at[gone]))
            whose[gone] = -1
        new = whose < 0
        target = whose.copy()
        chosen = new | plan.proxied
        target[chosen] = service.choose(at[chosen], rng)
        # The address of one that was started again in place leads to its new start.
        back = (again[target] >= 0) & (up[again[target]] <= at)
        target = np.where(back, again[target], target)
        dead = chosen & (down[target] <= at)
        outcome = np.full(len(now), ANSWERED)
        outcome[dead] = (
            REJECTED if plan.proxied else np.where(again[target[dead]] >= 0, REFUSED, VANISHED)
        )
        ended = at + np.where(outcome == VANISHED, CONNECT_SECONDS, 0.0)
        made = new & (plan.proxied | ~dead)
        its[new] = -1
        its[made] = notes.open(now[made], at[made])
        limit[now[made]] = at[made] + plan.age * rng.uniform(0.9, 1.1, np.count_nonzero(made))
        asked = ~dead
        delay = rng.uniform(*plan.delay, len(now)) * slowness[target]
        ended = np.where(asked, at + delay, ended)
        stopped = asked & (down[target] <= ended)
        if plan.killed:
            ended[stopped] = down[target[stopped]]
            outcome[stopped] = REJECTED if plan.proxied else LOST
        over = asked & (ended >= limit[now])
        if not plan.proxied:
            over |= stopped
        if not plan.kept:
            over |= asked
        notes.closed.append((its[over], ended[over]))
        notes.requests.append((now, at, ended, outcome, target, its))
        held = (asked | plan.proxied) & ~over
        owner[now], number[now] = np.where(held, target, -1), np.where(held, its, -1)
        next_send[now] = ended + rng.uniform(*plan.think, len(now))
    return notes.courses(plan.users, runs)


def _again(starts: Sequence[Start]) -> np.ndarray:
    """Tell for each start which one follows it under its name; -1 for none."""
    latest = {start.name: index for index, start in enumerate(starts)}
    later = [latest[start.name] for start in starts]
    return np.array([-1 if last == index else last for index, last in enumerate(later)])
