"""Pages for readers with a screen reader, a keyboard, or weak eyes: what axe-core finds in them."""

from collections.abc import Generator
from pathlib import Path
from typing import Any, get_args

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from tests.lab.results import browser
from tests.lab.results.browser import Scheme, shown
from tests.lab.results.kept import call, compared, inspected, pinned

pytestmark = pytest.mark.skipif(
    browser.program() is None, reason="no Chromium: apt-get install chromium"
)

WEIGHTY = ("serious", "critical")


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser]:
    """Start the browser once."""
    with browser.started() as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write a page of each kind."""
    place = tmp_path_factory.mktemp("pages")
    folders = {
        "run": pinned(place / "run", lost=7),
        "comparison": compared(place / "compare"),
        "inspection": inspected(place / "inspection"),
    }
    for folder in folders.values():
        done = call("report", folder)
        assert done.exit_code == 0, done.output
    return {kind: folder / "report.html" for kind, folder in folders.items()}


def faults(page: Any) -> list[str]:
    """Say what axe-core calls serious or critical, and where."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:120]}: {node['failureSummary'][:300]}"
        for one in found
        if one["impact"] in WEIGHTY
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("kind", ["run", "comparison", "inspection"])
def test_page_has_no_serious_fault(kind: str, chromium: Browser, pages: dict[str, Path]) -> None:
    """By day and by night, with all that is folded opened."""
    with shown(chromium, pages[kind]) as seen:
        seen.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        for scheme in get_args(Scheme):
            seen.page.emulate_media(color_scheme=scheme)
            assert faults(seen.page) == [], scheme


def test_fault_is_found(chromium: Browser, pages: dict[str, Path]) -> None:
    """Text that is nearly as light as the page is one."""
    with shown(chromium, pages["inspection"]) as seen:
        seen.page.evaluate("document.querySelector('#verdict').style.color = '#eee'")
        assert any("color-contrast" in one for one in faults(seen.page))
