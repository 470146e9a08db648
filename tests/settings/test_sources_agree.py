"""Whatever a value is, all sources take it or all refuse it: file, variable, flag, Helm, schema."""

import json
import re
from collections.abc import Callable
from typing import Any

import hypothesis
import hypothesis.strategies as some
import jsonschema
import pytest
from pydantic import ValidationError
from tests.chart.conftest import template

from long_lived.settings import Settings, SettingsError, load, schema

from .test_any_settings import LEAVES, load_values, tree, valid

VALIDATOR = jsonschema.Draft7Validator(schema.chart_schema())
BETWEEN_KEYS = {"conflict", "range"}
"""Rules on several keys at once, which a schema cannot state: the chart's templates have them."""

NUMBERS = some.integers(-2, 10**6) | some.floats(allow_nan=False, allow_infinity=False).filter(
    lambda number: not number.is_integer()
)
"""Without 5.0, of which the reader of files makes the whole number that it is to a schema."""
TEXTS = some.text(max_size=5) | some.sampled_from(["", "0.5", "5", "1e3", "true", "none"])
OTHERS = some.sampled_from([[], {}, [1], {"a": "b"}])


@hypothesis.settings(max_examples=2_000)
@hypothesis.given(some.data())
def test_schema_and_models_agree(data: some.DataObject) -> None:
    """Each of 2,000 values is allowed by both or by neither, alone in its key."""
    path = data.draw(some.sampled_from(sorted(LEAVES)))
    own = valid(path, LEAVES[path])
    given = tree(path, data.draw(own | some.booleans() | NUMBERS | TEXTS | OTHERS))
    refused: set[str] = set()
    try:
        Settings.model_validate(given)
    except ValidationError as error:
        refused = {one["type"] for one in error.errors()} - BETWEEN_KEYS
    assert VALIDATOR.is_valid(given) == (not refused)


TEXT = {path for path, node in LEAVES.items() if node.get("type") == "string"}
PLAIN = some.from_regex(r"[A-Za-z][A-Za-z0-9 ./:-]{0,12}", fullmatch=True).filter(
    lambda text: text.lower() not in ("null", "true", "false")
)
SCALARS = (
    some.booleans()
    | some.integers(-10, 10**7)
    | some.decimals(-1, 10**5, places=2).map(float).filter(lambda number: not number.is_integer())
    | PLAIN
)
"""What can be written alike everywhere. A file may hold 5.0 for 5, and --set may not."""


def scalars(path: tuple[str, ...]) -> some.SearchStrategy[Any]:
    """Make values for a key, of which it takes some.

    For text only text: the lab takes the 5 of --set for the text that it must be, Helm does not.
    """
    node = LEAVES[path]
    if "enum" in node:
        return some.sampled_from(node["enum"]) | PLAIN
    if path in TEXT:
        return PLAIN
    low, high = node.get("minimum", 0), node.get("maximum", 1)
    edges = some.sampled_from([int(low), int(high), int(high) + 1])
    return edges | SCALARS if node.get("type") in ("integer", "number") else SCALARS


def written(value: object) -> str:
    """Write a scalar as after --set and in a variable."""
    return value if isinstance(value, str) else json.dumps(value)


def outcome(loading: Callable[[], Settings]) -> tuple[Any, str]:
    """Load settings; return their values, or None and why they are refused."""
    try:
        return loading().as_values(), ""
    except SettingsError as error:
        return None, str(error)


@pytest.mark.parametrize("path", sorted(LEAVES), ids=".".join)
@hypothesis.settings(max_examples=6)
@hypothesis.given(data=some.data())
def test_sources_take_a_value_or_refuse_it_together(
    path: tuple[str, ...], data: some.DataObject
) -> None:
    """What a file gives, a variable and a flag give as well; a refusal names the key."""
    value = data.draw(scalars(path))
    snake = ["".join(f"_{c}" if c.isupper() else c for c in part).upper() for part in path]
    key, variable = ".".join(path), f"LONG_LIVED__{'__'.join(snake)}"
    by_file, why = outcome(lambda: load_values(tree(path, value)))
    by_flag, flag_why = outcome(lambda: load([], [f"{key}={written(value)}"], {}))
    by_variable, variable_why = outcome(lambda: load([], [], {variable: written(value)}))
    assert by_file == by_flag == by_variable, (why, flag_why, variable_why)
    if by_file is None:
        assert key in why
        assert key in flag_why
        assert variable in variable_why


KEYS = sorted(set(LEAVES) - {("client", "target", "headers"), ("metrics", "labels")})
"""All but maps of the user's own keys."""


@hypothesis.settings(max_examples=20)
@hypothesis.given(some.data())
def test_helm_takes_what_the_lab_takes(data: some.DataObject) -> None:
    """Any few flags give the client's pods what they give the lab, or both refuse them."""
    paths = data.draw(some.lists(some.sampled_from(KEYS), min_size=1, max_size=3, unique=True))
    pairs = [f"{'.'.join(path)}={written(data.draw(scalars(path)))}" for path in paths]
    by_lab, why = outcome(lambda: load([], pairs, {}))
    done = template(*pairs)
    assert (done.returncode == 0) == (by_lab is not None), (pairs, why, done.stderr)
    if done.returncode:
        told = done.stderr.replace("/", ".")
        assert any(".".join(path) in told for path in paths), done.stderr


def test_every_wrong_value_is_refused_with_its_key() -> None:
    """Helm and the lab each name all of them, in one go."""
    wrong = {path: 5 if path in TEXT else "not that" for path in KEYS}
    pairs = [f"{'.'.join(path)}={value}" for path, value in wrong.items()]
    by_helm = re.findall(r"at '/(\S+)'", template(*pairs).stderr)
    assert set(KEYS) - {tuple(one.split("/")) for one in by_helm} == set()
    given: dict[str, Any] = {}
    for path, value in wrong.items():
        place = given
        for part in path[:-1]:
            place = place.setdefault(part, {})
        place[path[-1]] = value
    _, why = outcome(lambda: load_values(given))
    assert [".".join(path) for path in KEYS if f"{'.'.join(path)} = " not in why] == []
