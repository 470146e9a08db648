"""The project's modules are imported under one name."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {link.name for link in (ROOT / "src" / "long_lived").iterdir() if link.is_symlink()}
SOURCES = [
    file
    for folder in ("src", "tests", "bench", "charts")
    for file in (ROOT / folder).rglob("*.py")
    if "long_lived" not in file.relative_to(ROOT).parts
]


def imported(file: Path) -> set[str]:
    """Return the top-level names that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_module_imports_the_project_by_its_one_name(file: Path) -> None:
    """`import server` would first find a user's file of that name."""
    assert not imported(file) & FOLDERS


def test_every_python_folder_has_its_link() -> None:
    """The package of links covers every folder beside it."""
    folders = {file.parent.name for file in (ROOT / "src").glob("*/__init__.py")}
    assert folders - {"long_lived"} == FOLDERS
