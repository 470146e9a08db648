"""The course of an experiment, wherever it runs: prepare, watch, restart in the middle, collect.

One loop looks at everything a few times a second; a signal only sets a flag, which the
loop sees. So every step can be stopped, and what was measured until then is kept.
"""

import signal
import time
from collections.abc import Callable

from long_lived.lab.experiment.backend import Backend, Trouble
from long_lived.lab.experiment.moment import Moment
from long_lived.lab.experiment.outcome import Outcome
from long_lived.lab.experiment.schedule import Restarter
from long_lived.settings import Restart

TICK_SECONDS = 0.1


class Experiment:
    """One run of an experiment."""

    def __init__(
        self,
        backend: Backend,
        restart: Restart,
        show: Callable[[Moment], None],
        stop_signal: Callable[[], int | None],
    ) -> None:
        """Prepare a run on `backend` with the restart that the settings ask for.

        `show` is told several times a second how the run stands; `stop_signal` tells the
        number of the signal that asks the lab to stop, or None.
        """
        self._backend = backend
        self._restarter = Restarter(restart, backend)
        self._show = show
        self._stop_signal = stop_signal
        self._problems: list[str] = []

    def run(self) -> Outcome:
        """Run to the end, or until a signal, and return what was seen."""
        with self._backend as backend:
            try:
                backend.prepare(self._show, self._pause)
                self._watch()
            except (Trouble, OSError) as trouble:  # a full disk, a folder that is gone
                self._problems.append(str(trouble))
            seen = backend.collect()
        seen.stopped_by = self._stop_signal()
        shortfall = self._restarter.shortfall()
        if shortfall and not self._problems and seen.stopped_by is None:
            self._problems.append(shortfall)
        seen.problems[:0] = self._problems
        return seen

    def _watch(self) -> None:
        """Wait until all clients have ended: by themselves, by our signal, or at the bound."""
        deadline = time.monotonic() + self._backend.longest_seconds()
        while True:
            running = self._backend.running()
            self._show(self._backend.look())
            if not running:
                return
            number = self._stop_signal()
            if number is None and time.monotonic() > deadline:
                self._problems.append("the clients did not end in the time that the settings allow")
                number = signal.SIGTERM
            if number is not None:
                self._backend.stop(number)
                continue
            self._restarter.tick()
            time.sleep(TICK_SECONDS)

    def _pause(self) -> bool:
        time.sleep(TICK_SECONDS)
        return self._stop_signal() is not None
