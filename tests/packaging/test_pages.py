"""The pages name only what exists: files, targets, commands, scenarios."""

import re
from pathlib import Path

import pytest

from long_lived.lab.__main__ import COMMANDS
from long_lived.lab.commands.scenarios import known

from .conftest import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "charts/long-lived/README.md"])
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def code(page: Path) -> str:
    """Return a page's code, one piece a line."""
    return "\n".join(piece.strip("`\n ") for piece in CODE.findall(page.read_text()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page_names_only_what_exists(page: Path) -> None:
    """Links lead to files, and each command is the Makefile's or `long-lived`'s."""
    links = re.findall(r"\[[^\]]+\]\(([\w./-]+)[)#]", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []
    goals = " ".join(re.findall(r"^make ((?:[a-z0-9-]+ ?)+)(?= |$)", code(page), re.MULTILINE))
    assert set(goals.split()) <= TARGETS
    commands = re.findall(r"^(?:\S*/)?long-lived ([a-z]\S*)", code(page), re.MULTILINE)
    assert set(commands) <= COMMANDS.keys()


def test_readme_shows_all_scenarios_and_some_commands() -> None:
    """Each scenario has a row, here or in its folder's page, and there are commands at all."""
    scenarios = (ROOT / "README.md").read_text().partition("### Scenarios")[2].partition("```")[0]
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", scenarios, re.MULTILINE)
    events = (ROOT / "docs/events.md").read_text()
    rows += re.findall(r"^\| `(events/[a-z-]+)` \|", events, re.MULTILINE)
    assert sorted(rows) == sorted(known())
    lines = code(ROOT / "README.md").splitlines()
    assert {"make run", "make images push REGISTRY=registry.example/team"} <= set(lines)
    run = "long-lived run --url https://checkout.example/api --identity header:X-Pod"
    assert {"long-lived run smoke", run} <= set(lines)
