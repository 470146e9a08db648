"""What holds for any settings, any key and any value."""

import math
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as some
import pytest
import yaml

from long_lived.settings import Settings, SettingsError, load
from long_lived.settings.chart import ChartValues
from long_lived.settings.values_file import Dumper

SCHEMA = Settings.model_json_schema(by_alias=True)
BRIEF = hypothesis.settings(deadline=None, max_examples=40)


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference of the schema."""
    reference = node.get("$ref")
    return SCHEMA["$defs"][reference.rpartition("/")[2]] if reference else node


def walk(
    node: dict[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], dict]]:
    """List every map and every leaf of the settings."""
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from walk(resolved(child), (*path, name))


NODES = dict(walk(SCHEMA))
LEAVES = {path: node for path, node in NODES.items() if "properties" not in node}
SECTIONS = {path: node for path, node in NODES.items() if "properties" in node}
RANGES = [
    path
    for path, node in SECTIONS.items()
    if {"minSeconds", "maxSeconds"} <= set(node["properties"])
]


def tree(path: tuple[str, ...], value: object) -> dict[str, Any]:
    """Make a values tree with one key."""
    for part in reversed(path):
        value = {part: value}
    assert isinstance(value, dict)
    return value


def load_values(values: object) -> Settings:
    """Write `values` into a file and load it."""
    return load_text(yaml.dump(values, Dumper=Dumper).encode())


def load_text(content: bytes) -> Settings:
    """Load a file with this content."""
    with tempfile.NamedTemporaryFile(suffix=".yaml") as file:
        file.write(content)
        file.flush()
        return load([Path(file.name)], [], {})


def valid(path: tuple[str, ...], node: dict[str, Any]) -> some.SearchStrategy[Any]:
    """Make values that the leaf at `path` accepts."""
    if path[-1] == "url":
        return some.sampled_from(["", "http://x", "http://127.0.0.1:8000/", "http://[::1]:80/a?b"])
    if path[-1] == "identity":
        return some.sampled_from(["pod", "none", "header:X-Pod", "json:a.b", "regex:pod=(.*)"])
    if path[-1] == "labels":
        return some.sampled_from([{}, {"release": "prometheus"}])
    if path[-1] == "headers":
        return some.sampled_from([{}, {"X-A": "b"}, {"Authorization": "env:TOKEN"}])
    if "anyOf" in node:
        return some.one_of(valid(path, child) for child in node["anyOf"])
    if "enum" in node:
        return some.sampled_from(node["enum"])
    if "pattern" in node:
        return some.from_regex(re.sub(r"\$$", r"\\Z", node["pattern"])).filter(
            lambda text: len(text) <= node.get("maxLength", len(text))
        )
    low, high = node.get("minimum", node.get("exclusiveMinimum")), node.get("maximum")
    made: dict[str, some.SearchStrategy[Any]] = {
        "integer": some.integers(low, high),
        "number": some.floats(low, high, exclude_min="exclusiveMinimum" in node),
        "boolean": some.booleans(),
        "string": some.text(max_size=node.get("maxLength")),
        "null": some.none(),
    }
    return made[node["type"]]


TIMES = some.tuples(some.floats(0, 86_400), some.just(0) | some.floats(0, 86_400)).filter(
    lambda drawn: drawn[1] == 0 or drawn[0] < drawn[1]
)
"""When an event happens, and how long the run takes."""


@some.composite
def values(draw: some.DrawFn) -> dict[str, Any]:
    """Make a valid values tree that sets any number of keys."""
    drawn: dict[str, Any] = {}
    for path in draw(some.lists(some.sampled_from(sorted(LEAVES)), unique=True)):
        place = drawn
        for part in path[:-1]:
            place = place.setdefault(part, {})
        place[path[-1]] = draw(valid(path, LEAVES[path]))
    for path in RANGES:
        place = drawn
        for part in path[:-1]:
            place = place.setdefault(part, {})
        seconds = some.floats(0, 86_400)
        low, high = sorted([draw(seconds), draw(seconds)])
        place.setdefault(path[-1], {}).update({"minSeconds": low, "maxSeconds": high})
    # What has to fit together: every kind of event may stop all replicas but one.
    server, client = drawn.setdefault("server", {}), drawn.setdefault("client", {})
    server["replicas"] = draw(some.integers(2, 1000))
    server["gracefulTimeoutSeconds"] = draw(some.integers(1, 3600))
    after, client["durationSeconds"] = draw(TIMES)
    event = drawn.setdefault("experiment", {}).setdefault("event", {})
    event |= {"count": draw(some.integers(1, server["replicas"] - 1)), "afterSeconds": after}
    event["surge"] = draw(some.integers(1, 1000))
    keep_alive = client.setdefault("keepAlive", {})
    recycled = keep_alive.get("mode") == "recycle"
    keep_alive["maxRequests"] = draw(some.integers(1, 1_000_000)) if recycled else 0
    keep_alive["maxAgeSeconds"] = draw(some.floats(0, 86_400)) if recycled else 0
    server["enabled"] = True
    metrics = drawn.setdefault("metrics", {})
    metrics["enabled"] = True  # what reads them may be drawn
    metrics["port"] = server.get("port", 8000) % 65_535 + 1
    client.get("target", {}).pop("tls", None)  # needs an https:// url
    if client.get("balancing") == "headless":
        server["proxy"] = "none"
    return drawn


ANYTHING = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats()
    | some.text()
    | some.dates()
    | some.datetimes()
    | some.binary(max_size=20),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(
            some.text(max_size=5) | some.integers() | some.none(), inner, max_size=3
        )
    ),
    max_leaves=6,
)
"""Anything that a YAML file can hold."""


def test_schema_walk_finds_ranges_and_leaves() -> None:
    """The tests below cover every key; these are examples of what the walk must find."""
    assert RANGES == [("server", "delay"), ("client", "thinkTime")]
    assert ("client", "timeouts", "readSeconds") in LEAVES


@BRIEF
@hypothesis.given(values())
def test_valid_settings_survive_a_round_trip(given: dict[str, Any]) -> None:
    """Settings written as a values file load as the same settings."""
    loaded = load_values(given)
    again = load_values(loaded.as_values())
    assert again == loaded
    assert again.as_values() == loaded.as_values()


@pytest.mark.parametrize("path", RANGES, ids=".".join)
@BRIEF
@hypothesis.given(some.floats(0, 86_400), some.floats(0, 86_400))
def test_range_is_refused_only_if_its_minimum_is_above(
    path: tuple[str, ...], low: float, high: float
) -> None:
    """Whatever its bounds, a range loads unless the minimum is above the maximum."""
    given = tree(path, {"minSeconds": low, "maxSeconds": high})
    if low <= high:
        loaded = load_values(given).as_values()[path[0]][path[1]]
        assert (loaded["minSeconds"], loaded["maxSeconds"]) == (low, high)
    else:
        with pytest.raises(SettingsError, match=rf"^{'.'.join(path)}\.minSeconds = .* is above "):
            load_values(given)


@BRIEF
@hypothesis.given(
    some.integers(1, 5),
    some.integers(1, 6),
    some.just(0) | some.floats(0, 100),
    some.just(0) | some.floats(0, 100),
)
def test_restart_is_refused_only_if_it_cannot_be(
    replicas: int, count: int, after: float, duration: float
) -> None:
    """Whatever the numbers, a restart needs its replicas, and a run that still goes on."""
    given = {
        "server": {"replicas": replicas},
        "client": {"durationSeconds": duration},
        "experiment": {"event": {"kind": "restart", "count": count, "afterSeconds": after}},
    }
    if count <= replicas and (duration == 0 or after < duration):
        event = load_values(given).experiment.event
        assert (event.count, event.after_seconds) == (count, after)
    else:
        words = r"^experiment\.event\.\w+ = .* is (not below|above) "
        with pytest.raises(SettingsError, match=words):
            load_values(given)


CHART_KEYS = {field.alias for field in ChartValues.model_fields.values()}


@pytest.mark.parametrize("section", sorted(SECTIONS), ids=lambda path: ".".join(path) or "top")
@hypothesis.settings(deadline=None, max_examples=8)
@hypothesis.given(data=some.data())
def test_junk_key_is_refused_with_its_path(section: tuple[str, ...], data: some.DataObject) -> None:
    """A key that no map knows is refused wherever it is, with its path."""
    known = {*SECTIONS[section]["properties"], *(CHART_KEYS if not section else ())}
    words = some.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True)
    key = data.draw(words.filter(lambda word: word not in known))
    with pytest.raises(SettingsError) as caught:
        load_values(tree((*section, key), 1))
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{'.'.join((*section, key))} = 1 is not a setting: ")


@BRIEF
@hypothesis.given(some.sampled_from(sorted(SECTIONS)), some.text(), ANYTHING)
def test_any_key_loads_or_is_refused_in_one_line(
    section: tuple[str, ...], key: str, value: object
) -> None:
    """Whatever text a key is, the settings load, or one line says why not."""
    assert refusal_line(lambda: load_values(tree((*section, key), value))).isprintable()


@pytest.mark.parametrize("path", sorted(NODES)[1:], ids=".".join)
@hypothesis.settings(deadline=None, max_examples=8)
@hypothesis.given(value=ANYTHING)
def test_any_value_loads_or_is_refused_in_one_line(path: tuple[str, ...], value: object) -> None:
    """Whatever replaces a value or map, the settings load, or one line names the path."""
    line = refusal_line(lambda: load_values(tree(path, value)))
    assert line.isprintable()
    assert not line or ".".join(path) in line or ": not valid YAML (" in line


@pytest.mark.parametrize("path", sorted(LEAVES), ids=".".join)
@hypothesis.settings(deadline=None, max_examples=6)
@hypothesis.given(
    text=some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\0"))
)
def test_any_variable_loads_or_is_refused_in_one_line(path: tuple[str, ...], text: str) -> None:
    """Whatever a variable holds, the settings load, or one line names its path."""
    snake = ["".join(f"_{c}" if c.isupper() else c for c in part).upper() for part in path]
    name = f"LONG_LIVED__{'__'.join(snake)}"
    line = refusal_line(lambda: load([], [], {name: text}))
    assert line.isprintable()
    assert not line or name in line


@hypothesis.settings(deadline=None, max_examples=80)
@hypothesis.given(some.binary() | some.text("{}[]:,-?&*!|>'\"%@`#\n \tab1=<~.").map(str.encode))
def test_any_file_loads_or_is_refused_in_one_line(content: bytes) -> None:
    """Whatever bytes a file holds, it loads, or one line says why not."""
    assert refusal_line(lambda: load_text(content)).isprintable()


@hypothesis.settings(deadline=None, max_examples=100)
@hypothesis.given(some.text() | some.text("ab.=,\\ "))
def test_any_override_loads_or_is_refused_in_one_line(override: str) -> None:
    """Whatever follows --set, the settings load, or one line says why not."""
    assert refusal_line(lambda: load([], [override], {})).isprintable()


def refusal_line(loading: Callable[[], Settings]) -> str:
    """Load settings, which must be finite; return the refusal, or an empty text if they load."""
    try:
        loaded = loading().as_values()
    except SettingsError as error:
        return str(error)
    for path, node in LEAVES.items():
        if node.get("type") == "number":
            place: Any = loaded
            for part in path:
                place = place[part]
            assert math.isfinite(place)
    return ""
