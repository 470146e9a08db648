"""The command `compare`: several scenarios, one after the other, side by side."""

from pathlib import Path

import click

from long_lived.lab.commands.one_run import carry_out_plan, new_folder, settings_here, was_kept
from long_lived.lab.commands.options import out_option, set_option
from long_lived.lab.commands.scenarios import scenarios_argument
from long_lived.lab.experiment.interrupts import Interrupts
from long_lived.lab.experiment.results import keep_report
from long_lived.lab.local.backend import LocalBackend
from long_lived.lab.report.comparison import Compared, table

COMPARED = ("restart-flask", "restart-go", "restart-gunicorn", "restart-gunicorn-stock")


@click.command()
@scenarios_argument
@set_option
@out_option
def compare(scenarios: tuple[str, ...], overrides: tuple[str, ...], out: Path) -> int:
    """Run several scenarios one after the other, and put their results side by side.

    Default: restart-flask, restart-go, restart-gunicorn and restart-gunicorn-stock. Settings
    given with --set apply to all of them.

    Exit status: 0 every finding is the expected one, 1 one is not, 2 bad settings, 130 or 143
    interrupted after the results were written.
    """
    all_settings = [settings_here((name,), overrides) for name in scenarios or COMPARED]
    parent = new_folder(out, "compare")
    interrupts = Interrupts()
    runs: list[Compared] = []
    worst = 0
    for number, settings in enumerate(all_settings, start=1):
        folder = parent / f"{number}-{settings.experiment.name}"
        if not was_kept(parent, folder.mkdir):
            return 1
        backend = LocalBackend(settings, folder)
        found, status = carry_out_plan(backend, settings, folder, interrupts)
        if found.seen.stopped_by is not None:
            return status
        runs.append(Compared(settings, found.seen.summary, found.verdict))
        worst = max(worst, status)
        print()
    lines = table(runs)
    print("\n".join([*lines, "", f"results      {parent}"]), flush=True)
    return worst if was_kept(parent, lambda: keep_report(parent, lines)) else 1
