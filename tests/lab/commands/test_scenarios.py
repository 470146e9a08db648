"""Scenarios by name, and values files by path."""

from pathlib import Path

import pytest

from long_lived.lab.commands.scenarios import FOLDER, known, values_files
from long_lived.settings import SettingsError, load


def test_name_is_the_file_of_that_name() -> None:
    """A scenario's name leads to its file in values/."""
    assert values_files(("smoke",)) == [FOLDER / "smoke.yaml"]
    assert FOLDER.name == "values"


@pytest.mark.parametrize("path", ["mine.yaml", "mine.yml", "./mine", "/tmp/mine", "smoke.yaml"])
def test_path_is_taken_as_it_is(path: str) -> None:
    """What looks like a path is one, whether there is such a file or not."""
    assert values_files((path,)) == [Path(path)]


def test_order_is_kept() -> None:
    """Later files win, so the order counts."""
    assert values_files(("smoke", "own.yaml", "per-request")) == [
        FOLDER / "smoke.yaml",
        Path("own.yaml"),
        FOLDER / "per-request.yaml",
    ]
    assert values_files(()) == []


@pytest.mark.parametrize("name", ["smok", "", "Smoke", "latest"])
def test_unknown_name_is_refused_with_what_there_is(name: str) -> None:
    """A name that is no scenario is refused in one line that lists them."""
    with pytest.raises(SettingsError) as caught:
        values_files((name,))
    assert str(caught.value) == (
        f"scenario {name!r} does not exist: must be a YAML file or one of {', '.join(known())}"
    )


def test_every_scenario_is_known_and_loads() -> None:
    """The list of scenarios is the folder's."""
    assert {"smoke", "ten-thousand"} <= set(known())
    for name in known():
        assert load(values_files((name,)), [], {}).experiment.name == name
