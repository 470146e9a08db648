"""The scenarios in values/: overlays that hold only differences, each with a header."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from long_lived.settings import Settings, load
from long_lived.settings.chart import ChartValues
from long_lived.settings.values_file import read

FOLDER = Path(__file__).parents[2] / "values"
FILES = sorted([*FOLDER.glob("*.yaml"), *FOLDER.glob("events/*.yaml")])
DEFAULTS: dict[str, Any] = {
    **ChartValues().model_dump(mode="json", by_alias=True),
    **Settings().as_values(),
}


def leaves(
    tree: dict[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """List the values of a tree with their paths."""
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def default(path: tuple[str, ...]) -> Any:
    """Return the default of the value at `path`, or None if there is none."""
    place: Any = DEFAULTS
    for part in path:
        place = place.get(part) if isinstance(place, dict) else None
    return place


def test_folder_holds_scenarios() -> None:
    """The scenarios are where the tests look for them."""
    assert {"ten-thousand", "smoke", "gunicorn-keep-alive", "per-request"} <= {
        file.stem for file in FILES
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_scenario_loads_under_its_own_name(file: Path) -> None:
    """A scenario is named like its file, and describes itself."""
    loaded = load([file], [], {})
    assert loaded.experiment.name == file.stem
    assert loaded.experiment.description


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_scenario_holds_only_what_differs(file: Path) -> None:
    """No key of a scenario repeats a default."""
    same = [path for path, value in leaves(read(file)[0]) if default(path) == value]
    assert same == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_scenario_begins_with_what_it_shows_and_what_to_expect(file: Path) -> None:
    """The header is a comment that says both."""
    header = file.read_text().split("\n\n")[0].splitlines()
    comment = [line for line in header if line.startswith("#")]
    assert header[0].startswith("# ")
    assert any(line.startswith("# Shows: ") for line in comment)
    assert any(line.startswith("# Expect: ") for line in comment)
