"""The course of an experiment, wherever it runs.

One loop looks at everything a few times a second; a signal only sets a flag, which the loop
sees. So every step can be stopped, and what was measured until then is kept.
"""

import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from long_lived.lab.analysis.live.supplied import supplied
from long_lived.lab.analysis.verdict import Verdict, judge
from long_lived.lab.experiment.backend import Backend, Trouble
from long_lived.lab.experiment.event import Event
from long_lived.lab.experiment.moment import Moment
from long_lived.lab.experiment.onlooker import Onlooker
from long_lived.lab.experiment.outcome import Outcome
from long_lived.lab.experiment.schedule import Schedule
from long_lived.lab.report.closing import report
from long_lived.lab.report.inspection import beside

TICK_SECONDS = 0.1


@dataclass(frozen=True)
class Conclusion:
    """What was seen, what it means, and how that is said."""

    seen: Outcome
    verdict: Verdict
    report: list[str]
    """In lines."""


def run_experiment(
    backend: Backend,
    events: Iterable[Event],
    folder: Path,
    show: Callable[[Moment], None],
    stop_signal: Callable[[], int | None],
    onlooker: Onlooker | None = None,
) -> Conclusion:
    """Run to the end, or until a signal, and say what was seen.

    `show` is told several times a second how the run stands; `stop_signal` returns the number
    of the signal that asks the lab to stop, or None. The report names `folder`. An `onlooker` looks
    at the service meanwhile.
    """
    schedule, problems = Schedule(events, backend), []
    with backend:
        try:
            backend.start(lambda note: show(Moment(0, 0, 0, 0, {}, note)))
            while not backend.ready() and stop_signal() is None:
                time.sleep(TICK_SECONDS)
            if stop_signal() is None:
                backend.load()
            deadline = time.monotonic() + backend.longest_seconds()
            while backend.running():
                stood = _look(backend)
                show(stood)
                if onlooker is not None and stood.clock_started_unix_seconds is not None:
                    onlooker.begin()
                    onlooker.confirm()
                number = stop_signal()
                if number is None and time.monotonic() > deadline:
                    number = signal.SIGTERM
                    problems.append("the clients did not end within the time the settings allow")
                if number is not None:
                    backend.stop(number)
                    continue
                schedule.tick()
                time.sleep(TICK_SECONDS)
            show(_look(backend))
        except (Trouble, OSError) as trouble:  # a full disk, a folder that is gone
            problems.append(str(trouble))
        seen = backend.collect()
    seen.stopped_by = stop_signal()
    if onlooker is not None:
        if (missed := onlooker.end()) and seen.summary and seen.summary.requests.sent:
            problems.append(missed)
        seen.inspection, seen.inspected = onlooker.found, onlooker.name
    never_began = seen.summary is not None and not seen.summary.requests.sent
    if not problems and seen.stopped_by is None and not never_began:
        problems = schedule.shortfalls()
    seen.problems[:0] = problems
    return conclude(seen, folder)


def _look(backend: Backend) -> Moment:
    stood = backend.look()
    return replace(stood, clock_started_unix_seconds=backend.clock_started_unix_seconds())


def conclude(seen: Outcome, folder: Path) -> Conclusion:
    """Judge what was seen, and report it; the report names `folder`."""
    verdict = judged(seen)
    looked: list[str] = []
    if seen.inspection is not None and seen.summary is not None:
        now, expect = time.time(), seen.summary.settings.experiment.expect
        verdict = supplied(verdict, seen.inspection, expect, now)
        looked = beside(seen.inspection, seen.inspected, now)
    told = report(seen.summary, verdict, str(folder), seen.remarks, looked)
    return Conclusion(seen, verdict, told)


def judged(seen: Outcome) -> Verdict:
    """Judge what was seen, but for looks at the sockets."""
    return judge(
        seen.summary,
        seen.replicas,
        seen.problems,
        seen.changes,
        server_counts=seen.server_counts,
        uncertainty_seconds=seen.clock_uncertainty_seconds,
    )
