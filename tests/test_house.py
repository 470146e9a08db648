"""The house stays easy to search: small modules and folders, one vocabulary."""

import os
import re
from pathlib import Path

import pytest

from long_lived.record.error_kind import ErrorKind

ROOT = Path(__file__).parents[1]
MOST_LINES = 300
MOST_MODULES = 12


def modules(room: str) -> list[Path]:
    """List the modules of a folder; `os.walk` follows no links, of which long_lived is made."""
    return [
        Path(folder, name)
        for folder, _, names in os.walk(ROOT / room)
        for name in names
        if name.endswith(".py")
    ]


def lines(module: Path) -> int:
    """Count the lines of a module."""
    return len(module.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize(
    ("room", "known"),
    [("src", {"backend.py", "ledger.py"}), ("tests", {"conftest.py", "test_house.py"})],
)
def test_no_module_is_long(room: str, known: set[str]) -> None:
    """A module has one noun, and 300 lines at most."""
    found = modules(room)
    assert known <= {module.name for module in found}
    counted = {str(module.relative_to(ROOT)): lines(module) for module in found}
    assert {name: count for name, count in counted.items() if count > MOST_LINES} == {}


def test_no_folder_is_crowded() -> None:
    """A folder has at most 12 modules, apart from `__init__.py`."""
    inside: dict[str, list[str]] = {}
    for module in modules("src"):
        if module.name != "__init__.py":
            inside.setdefault(str(module.parent.relative_to(ROOT)), []).append(module.name)
    assert {"src/settings", "src/lab/cluster"} <= set(inside)
    assert {folder: names for folder, names in inside.items() if len(names) > MOST_MODULES} == {}


def test_terms_list_every_kind_of_failure() -> None:
    """The row of `ErrorKind` has exactly its members, in the order of the code."""
    row = re.search(r"^\| \*\*ErrorKind\*\* \|.*:(.*)\|$", (ROOT / "TERMS.md").read_text(), re.M)
    assert row is not None
    assert re.findall(r"`(\w+)`", row[1]) == [kind.value for kind in ErrorKind]
