"""Scenarios by name, and values files by path."""

from pathlib import Path
from typing import Any

import pytest

from long_lived.lab.commands.scenarios import FOLDER, complete, known, values_files
from long_lived.lab.experiment.events.registry import KINDS
from long_lived.settings import SettingsError, load


def test_name_is_the_file_of_that_name() -> None:
    """A scenario's name leads to its file in values/."""
    assert values_files(("smoke",)) == [FOLDER / "smoke.yaml"]
    assert values_files(("events/crash",)) == [FOLDER / "events" / "crash.yaml"]
    assert FOLDER.name == "values"


@pytest.mark.parametrize(
    "path", ["mine.yaml", "mine.yml", "./mine", "/tmp/mine", "smoke.yaml", "events/mine"]
)
def test_path_is_taken_as_it_is(path: str) -> None:
    """What looks like a path is one, whether or not such a file exists."""
    assert values_files((path,)) == [Path(path)]


def test_order_is_kept() -> None:
    """Later files override earlier ones, so order matters."""
    assert values_files(("smoke", "own.yaml", "per-request")) == [
        FOLDER / "smoke.yaml",
        Path("own.yaml"),
        FOLDER / "per-request.yaml",
    ]
    assert values_files(()) == []


@pytest.mark.parametrize("name", ["smok", "", "Smoke", "latest"])
def test_unknown_name_is_refused_with_the_known_ones(name: str) -> None:
    """An unknown name is refused in one line that lists the scenarios."""
    with pytest.raises(SettingsError) as caught:
        values_files((name,))
    assert str(caught.value) == (
        f"scenario {name!r} does not exist: must be a YAML file or one of {', '.join(known())}"
    )


def test_every_scenario_is_known_and_loads() -> None:
    """The list of scenarios matches the folder, and each file loads."""
    kinds = {f"events/{kind}" for kind in KINDS}
    assert {"smoke", "ten-thousand", *kinds} <= set(known())
    for name in known():
        assert load(values_files((name,)), [], {}).experiment.name == Path(name).name
    for kind in KINDS:
        event = load(values_files((f"events/{kind}",)), [], {}).experiment.event
        assert event.kind == kind


def test_completion_offers_the_scenarios_of_a_folder() -> None:
    """Names that contain a folder complete like all others."""
    nothing: Any = None
    offered = [item.value for item in complete(nothing, nothing, "events/scale")]
    assert offered[1:] == ["events/scale-down", "events/scale-up"]
