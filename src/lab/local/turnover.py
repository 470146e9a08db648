"""What happens to the replicas in the middle of a run: who is stopped, who comes, and when.

As on a cluster: what is stopped gets SIGTERM and, at the end of its grace period, SIGKILL; what
comes starts `experiment.event.replacementSeconds` after it was asked for; and a new replica is
ready as soon as it listens at its own address, before the Service sends it anything.
"""

import signal
from collections.abc import Callable, Collection, Mapping, Sequence

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.experiment.backend import Signal, Trouble
from long_lived.lab.local.replica import Replica
from long_lived.lab.local.rollout import Rollout
from long_lived.resources.clock import unix_seconds
from long_lived.settings import Settings


class Turnover:
    """The changes of one run; `look` takes each as far as it can go."""

    def __init__(
        self,
        replicas: Mapping[str, Replica],
        start: Callable[[str | None], Replica],
        settings: Settings,
    ) -> None:
        """Change `replicas`; `start` starts one more: that of a name again, or a new one."""
        self._replicas = replicas
        self._start = start
        self._event = settings.experiment.event
        self._grace_seconds = settings.server.grace_period_seconds
        self.begun: list[Change] = []
        """Those that have begun."""
        self._planned: list[Change] = []
        self._rolled: list[Change] = []

    @property
    def changes(self) -> list[Change]:
        """All of them; also those of a rollout that have not begun."""
        return [*self.begun, *self._planned]

    def serving(self) -> list[str]:
        """List the replicas that have not been stopped, oldest first."""
        return [name for name, replica in self._replicas.items() if not replica.stopped]

    def restart(self, names: Sequence[str], how: Signal) -> None:
        """Begin to stop replicas; each is replaced."""
        for name in names:
            self._stop(Change(unix_seconds(), old=name), how)

    def crash(self, names: Sequence[str]) -> None:
        """Kill replicas; each comes back under its name."""
        for name in names:
            self._stop(Change(unix_seconds(), old=name, new=name), "kill")

    def add(self, count: int) -> None:
        """Ask for more replicas."""
        self.begun += [Change(unix_seconds()) for _ in range(count)]

    def remove(self, count: int) -> None:
        """Begin to stop the newest replicas for good."""
        for name in self.serving()[-count:]:
            self._stop(Change(unix_seconds(), old=name, for_good=True), "graceful")

    def roll_out(self) -> None:
        """Begin to replace all replicas that serve."""
        old = self.serving()
        self._planned += [Change(unix_seconds(), old=name, for_good=True) for name in old]
        self._rolled = [Change(unix_seconds()) for _ in old]
        self._planned += self._rolled

    def look(self, listening: Collection[tuple[str, int]]) -> list[str]:
        """Take every change on, while these addresses are listened on; say what went wrong."""
        problems = []
        if self._planned:
            self._roll_on()
        for change in self.begun:
            try:
                self._follow(change, listening)
            except Trouble as trouble:  # tried again at the next look
                problems.append(str(trouble))
        return problems

    def settled(self) -> bool:
        """Tell whether every change is over."""
        return all(one.over_unix_seconds is not None for one in self.changes)

    def _stop(self, change: Change, how: Signal) -> None:
        assert change.old is not None
        replica = self._replicas[change.old]
        replica.stopped = True
        if how == "kill":
            replica.child.kill()
        else:
            replica.child.signal(signal.SIGTERM)
        self.begun.append(change)

    def _roll_on(self) -> None:
        """Begin what a rollout may do now."""
        old = [one for one in self._planned if one.for_good]
        new = [one for one in self._planned if not one.for_good]
        state = Rollout(
            replicas=len(self._rolled),
            surge=self._event.surge,
            unavailable=self._event.unavailable,
            old=len(old),
            new=len(self._rolled) - len(new),
            ready=sum(one.ready_unix_seconds is not None for one in self._rolled),
        )
        for one in [*old[: state.to_stop()], *new[: state.to_start()]]:
            self._planned.remove(one)
            one.began_unix_seconds = unix_seconds()
            if one.old:
                self._stop(one, "graceful")
            else:
                self.begun.append(one)

    def _follow(self, change: Change, listening: Collection[tuple[str, int]]) -> None:
        """Take one change as far as it can go now."""
        now, began = unix_seconds(), change.began_unix_seconds
        if change.old and change.ended_unix_seconds is None:
            child = self._replicas[change.old].child
            if child.status is not None:
                change.ended_unix_seconds = now
            elif now > began + self._grace_seconds:
                child.kill()
        if change.for_good or change.ready_unix_seconds is not None:
            return
        due = now >= began + self._event.replacement_seconds
        if change.in_place:
            assert change.old is not None
            if self._replicas[change.old].stopped:
                if due and change.ended_unix_seconds is not None:
                    self._start(change.old)
                return
        elif change.new is None:
            if due:
                change.new = self._start(None).name
            return
        assert change.new is not None
        if self._replicas[change.new].address in listening:
            change.ready_unix_seconds = now
