"""A run from its settings to its exit status, as `run`, `compare` and `verify` make it."""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console

from long_lived.lab.cluster.about import about_cluster
from long_lived.lab.commands.options import complain, refuse
from long_lived.lab.commands.running.preparation import Target
from long_lived.lab.experiment.backend import Backend, Trouble
from long_lived.lab.experiment.course import Conclusion, run_experiment
from long_lived.lab.experiment.event import Event
from long_lived.lab.experiment.events.registry import planned_events
from long_lived.lab.experiment.interrupts import Interrupts
from long_lived.lab.experiment.onlooker import Onlooker
from long_lived.lab.experiment.opening import opening
from long_lived.lab.experiment.results import LATEST, keep, make_folder, point_latest
from long_lived.lab.report.columns import labelled
from long_lived.lab.report.forms.registry import FORMS
from long_lived.lab.report.origin import Origin
from long_lived.lab.report.page.page import PAGE, Page
from long_lived.lab.report.page.run import run_page
from long_lived.lab.results.origin import origin_here
from long_lived.lab.results.pages import write_page
from long_lived.lab.results.saved_run import facts_of
from long_lived.lab.terminal.display import display
from long_lived.settings import Settings

HERE = "processes on this machine"


def new_folder(out: Path, name: str) -> Path:
    """Make the results folder, or refuse."""
    try:
        folder = make_folder(out, name, datetime.now())
    except OSError as error:
        refuse(f"--out {out}: {error.strerror}: must be a folder that can be written")
    try:
        point_latest(folder)
    except OSError as error:
        complain(f"{out / LATEST} does not point to {folder.name}: {error.strerror}")
    return folder


def carry_out_plan(
    backend: Backend,
    settings: Settings,
    folder: Path,
    interrupts: Interrupts,
    target: Target,
    *,
    form: str = "text",
    brief: bool = False,
    onlooker: Onlooker | None = None,
    more_events: Sequence[Event] = (),
) -> tuple[Conclusion, int]:
    """Carry out the run that `settings` ask for; the opening line ends with its target."""
    events = [*planned_events(settings), *more_events]
    first_line = opening(settings, events) + (target.words and f", {target.words}")
    return carry_out(
        backend,
        events,
        folder,
        interrupts,
        first_line,
        target,
        form=form,
        brief=brief,
        onlooker=onlooker,
    )


def carry_out(
    backend: Backend,
    events: Sequence[Event],
    folder: Path,
    interrupts: Interrupts,
    first_line: str,
    target: Target,
    *,
    form: str = "text",
    brief: bool = False,
    onlooker: Onlooker | None = None,
) -> tuple[Conclusion, int]:
    """Show a run while it goes on, and deliver what it showed; return that and the exit status.

    With `brief` only its verdict is printed, and the report is in the folder. With a `form` for
    programs, standard output has nothing else.
    """
    console = Console(
        file=sys.stdout if form == "text" else sys.stderr,
        markup=False,
        emoji=False,
        highlight=False,
    )
    console.print(f"{first_line}, in {folder}", soft_wrap=True)
    try:
        with display(console) as shown:
            found = run_experiment(
                backend, events, folder, shown.show, interrupts.stop_signal, onlooker
            )
    except Trouble as trouble:
        refuse(str(trouble))
    kubernetes = "" if target.place is None else about_cluster(target.place)
    origin = origin_here(target.words or HERE, kubernetes)
    return found, deliver(found, folder, origin, form=form, brief=brief)


def deliver(
    found: Conclusion, folder: Path, origin: Origin, *, form: str = "text", brief: bool = False
) -> int:
    """Print the report, keep the results where that can be done, and return the exit status."""
    seen, verdict = found.seen, found.verdict
    facts = facts_of(seen, verdict, origin, folder)
    if form == "text":
        lines = labelled("verdict", verdict.words) if brief else found.report
        print("\n".join(lines), flush=True)
    else:
        print(FORMS[form](facts), end="", flush=True)

    def keep_all() -> None:
        keep(folder, seen, verdict, found.report, origin)
        write_page(folder, run_page(facts))

    kept = was_kept(folder, keep_all)
    if found.seen.stopped_by is not None:
        return 128 + found.seen.stopped_by
    return 0 if found.verdict.passed and kept else 1


def show_page(folder: Path, page: Page, *, quiet: bool = False) -> bool:
    """Write the page of a result, say where unless `quiet`, and tell whether that worked."""
    if not was_kept(folder, lambda: write_page(folder, page)):
        return False
    if not quiet:
        print("\n".join(labelled("page", str(folder / PAGE))), flush=True)
    return True


def was_kept(folder: Path, write: Callable[[], object]) -> bool:
    """Keep results, and tell whether that worked: a disk may be full, a folder gone."""
    try:
        write()
    except OSError as error:
        complain(f"{folder} lacks some of the results: {error.strerror}")
        return False
    return True
