"""Logs that hold anything at all: each line is read, passed over, or refused by the one refusal."""

import json
from collections.abc import Iterator
from typing import Any

import hypothesis
import hypothesis.strategies as some
import pytest
from tests.lab.runs import plain

from long_lived.lab.logs.client_log import ClientLog
from long_lived.lab.logs.recovery import recovered
from long_lived.record.lines import read
from long_lived.record.summary import BEGINNING, Summary, UnreadSummary, parse
from long_lived.settings import Settings

from .test_lines import LINES

MANY = hypothesis.settings(deadline=None, max_examples=300)
LONG = "9" * 5_000
"""More digits than Python turns into a number."""


@some.composite
def spoiled(draw: some.DrawFn, text: some.SearchStrategy[str]) -> str:
    """Take a piece out of a text and put anything in its place."""
    whole = draw(text)
    start = draw(some.integers(0, len(whole)))
    end = draw(some.integers(start, min(len(whole), start + 20)))
    piece = draw(some.text(max_size=20) | some.sampled_from([LONG, "-1", "1e999", "\u0663", "\0"]))
    return whole[:start] + piece + whole[end:]


@MANY
@hypothesis.given(some.text() | LINES.map(str) | spoiled(LINES.map(str)))
def test_any_line_is_read_or_passed_over(line: str) -> None:
    """No line ends the lab, whether it is live or counted after its client was killed."""
    read(line)
    ClientLog().feed(line)
    started = "Started: 3 virtual users in 0.1 s, 0.1 s of CPU since the process began, clock=1.000"
    recovered([started, line], Settings(), "killed")


def test_number_of_any_length_is_passed_over() -> None:
    """Python refuses to read a number of 5,000 digits, and a float of 400 is infinite."""
    answer = "Response from Pod a after 0.1{} s connection=1{} new=yes service=0.100 at={}.000"
    assert read(answer.format("00", "", 1)) is not None
    for numbers in [("00", LONG, 1), ("00", "", LONG), ("00", "", "9" * 400)]:
        assert read(answer.format(*numbers)) is None
    parts = "Answered/failed/held: unknown 0/0/{}, a {}/{}/{}"
    assert read(parts.format(1, 1, 1, 1)) is not None
    for at in range(4):
        assert read(parts.format(*(LONG if at == one else 1 for one in range(4)))) is None


TOLD = plain({"a": 3, "b": 2}).as_dict()


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """List the way to everything in a tree of JSON."""
    yield path
    if isinstance(tree, dict | list):
        keys = tree if isinstance(tree, dict) else range(len(tree))
        for key in keys:
            yield from places(tree[key], (*path, key))


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=20),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=5,
)


@some.composite
def changed(draw: some.DrawFn) -> str:
    """Write a summary with something else at one place."""
    tree = json.loads(json.dumps(TOLD))
    path = draw(some.sampled_from([one for one in places(TOLD) if one]))
    place = tree
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = draw(JSON)
    return json.dumps(tree, separators=(",", ":"))


@MANY
@hypothesis.given(changed() | spoiled(some.just(json.dumps(TOLD, separators=(",", ":")))))
def test_any_summary_is_read_or_refused(line: str) -> None:
    """Whatever is changed in it, a summary is one, is none, or is refused in one line."""
    ClientLog().feed(line)
    refusal = ""
    try:
        assert isinstance(parse(line), Summary | None)
    except UnreadSummary as error:
        refusal = str(error)
    assert len(refusal.splitlines()) <= 1


@pytest.mark.parametrize(
    "inner", ["[" * 100_000, '{"a":' * 100_000, LONG], ids=["list", "map", "number"]
)
def test_summary_that_no_parser_can_hold_is_none(inner: str) -> None:
    """However deep it is nested or long its numbers are, the lab goes on."""
    assert parse(BEGINNING + inner) is None
