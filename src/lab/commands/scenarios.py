"""The command `scenarios`, and which values file a name stands for."""

from collections.abc import Sequence
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from long_lived.settings import SettingsError, load
from long_lived.settings.places import SCENARIOS as FOLDER

GROUPS = ("", "events/")
"""Folders below values/ that hold scenarios; others hold overlays on them."""


def values_files(names: tuple[str, ...]) -> list[Path]:
    """Turn each of `names` into a file: a path as it is, or the scenario of that name.

    Raises:
        SettingsError: neither a file nor a scenario.
    """
    return [_values_file(name) for name in names]


def known() -> list[str]:
    """List the scenarios by name: that of the file, below values/ and without .yaml."""
    names = [[file.stem for file in FOLDER.glob(f"{group}*.yaml")] for group in GROUPS]
    return [
        f"{group}{name}"
        for group, found in zip(GROUPS, names, strict=True)
        for name in sorted(found)
    ]


def remedies() -> list[str]:
    """List what goes on top of a scenario, by name."""
    return sorted(f"remedies/{file.stem}" for file in FOLDER.glob("remedies/*.yaml"))


def matrix_files(names: Sequence[str]) -> list[Path]:
    """Turn each of `names` into the files of a comparison.

    A name is a path, a folder of values/ (all of its files), a remedy, or a scenario.

    Raises:
        SettingsError: it is none of these.
    """
    files: list[Path] = []
    for name in names:
        folder, remedy = FOLDER / name, FOLDER / "remedies" / f"{name}.yaml"
        if folder.is_dir() and name.isidentifier():
            files += sorted(folder.glob("*.yaml"))
        elif "/" not in name and remedy.is_file():
            files.append(remedy)
        else:
            files.append(_values_file(name))
    return files


def _values_file(name: str) -> Path:
    if name in [*known(), *remedies()]:
        return FOLDER / f"{name}.yaml"
    if Path(name).suffix in (".yaml", ".yml") or "/" in name:
        return Path(name)
    raise SettingsError(
        f"scenario {name!r} does not exist: must be a YAML file or one of {', '.join(known())}"
    )


def complete(
    context: click.Context,  # noqa: ARG001 - the signature is click's
    parameter: click.Parameter,  # noqa: ARG001
    begun: str,
) -> list[CompletionItem]:
    """Offer the scenarios that begin like that, and files if there are none."""
    # The shell's own files come first: bash forgets what stands before them.
    names = [name for name in [*known(), *remedies()] if name.startswith(begun)]
    return [CompletionItem(begun, type="file"), *map(CompletionItem, names)]


scenarios_argument = click.argument(
    "scenarios", nargs=-1, metavar="[SCENARIO or VALUES FILE]...", shell_complete=complete
)


@click.command()
def scenarios_command() -> None:
    """List the scenarios that `run` knows by name."""
    names = known()
    width = max(map(len, names), default=0)
    for name in names:
        description = load(values_files((name,)), environment={}).experiment.description
        print(f"{name:<{width}} {description}")
