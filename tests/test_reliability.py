"""The page of faults: each row names tests, and each of those exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
TABLES = re.findall(r"^\|.* shown by \|\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)


@cache
def defined_in(file: str) -> set[str]:
    """List the tests of a module, without importing it."""
    parsed = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in parsed.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("test", sorted(set(NAMED)), ids="::".join)
def test_named_test_exists(test: tuple[str, str]) -> None:
    """A test that was renamed or removed shows nothing any more."""
    file, name = test
    assert (ROOT / file).exists()
    assert name in defined_in(file)


def test_every_row_names_a_test() -> None:
    """A promise that no test shows is none."""
    promised = [row for table in TABLES for row in table.splitlines()]
    assert len(promised) > 40
    assert [row for row in promised if "::test_" not in row.rpartition(" | ")[2]] == []


def test_pattern_finds_what_is_named() -> None:
    """No name of a test is written in a form that the check above would pass over."""
    assert len(NAMED) == PAGE.count("::")
