"""Pages as a reader sees them: in a browser, by day and night, on a phone, on paper."""

from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.lab.results import browser
from tests.lab.results.browser import Scheme, shown
from tests.lab.results.kept import call, kept, pinned
from tests.lab.runs import plain

HOSTILE = "<img/src=x/onerror=document.title='owned'>"

pytestmark = pytest.mark.skipif(
    browser.program() is None, reason="no Chromium: apt-get install chromium"
)


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser]:
    """Start the browser once."""
    with browser.started() as started:
        yield started


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page of a run with a restart, in which requests failed."""
    folder = pinned(tmp_path_factory.mktemp("pages") / "run", lost=7)
    assert call("report", folder).exit_code == 0
    return folder / "report.html"


@pytest.mark.parametrize(("width", "scheme"), [(400, "dark"), (1600, "light")])
def test_page_is_whole_without_a_network(
    width: int, scheme: Scheme, chromium: Browser, page: Path, tmp_path: Path
) -> None:
    """All plots are drawn, the browser complains of nothing, and only the file is read."""
    with shown(chromium, page, width, scheme) as seen:
        drawn = seen.page.eval_on_selector_all(
            ".plot",
            "all => all.filter(one => one.querySelector('svg.marks path')).map(one => one.id)",
        )
        assert drawn == ["timeline", "replicas", "ages", "service", "overhead"]
        assert seen.said == []
        assert {url.partition(":")[0] for url in seen.asked} == {"file"}
        assert seen.width == width
        assert not seen.page.evaluate(
            "[...document.querySelectorAll('.plot svg')].some("
            "one => one.clientWidth > one.parentElement.clientWidth + 1)"
        )
        style = "getComputedStyle(document.body)"
        ground, text = seen.page.evaluate(f"[{style}.backgroundColor, {style}.color]")
        assert (brightness(ground) > brightness(text)) is (scheme == "light")
        seen.page.screenshot(path=tmp_path / f"{width}-{scheme}.png", full_page=True)


def test_hovering_tells_the_numbers_of_every_replica(chromium: Browser, page: Path) -> None:
    """Over a plot the pointer shows what each replica did at that time."""
    with shown(chromium, page) as seen:
        plot = seen.page.locator("#timeline svg")
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        assert box is not None
        seen.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 80)
        seen.page.mouse.move(box["x"] + box["width"] / 2 + 3, box["y"] + 82)
        told = seen.page.locator("#vg-tooltip-element.visible").inner_text()
        assert "seconds" in told
        assert all(f"server-{letter}" in told for letter in "abcde")


def test_page_can_be_used_from_the_keyboard(chromium: Browser, page: Path) -> None:
    """Every plot and every table below one can be reached, and each plot says what it shows."""
    with shown(chromium, page) as seen:
        seen.page.keyboard.press("Tab")
        reached = set()
        for _ in range(30):
            reached.add(
                seen.page.evaluate("document.activeElement.id || document.activeElement.tagName")
            )
            seen.page.keyboard.press("Tab")
        assert {"timeline", "replicas", "ages", "service", "overhead", "SUMMARY"} <= reached
        silent = "all => all.filter(one => !one.getAttribute('aria-label')).length"
        assert seen.page.eval_on_selector_all(".plot", silent) == 0


def test_page_can_be_printed(chromium: Browser, page: Path) -> None:
    """On paper it is dark on light, also for a reader of the night, and nothing is cut off."""
    with shown(chromium, page, 900, "dark") as seen:
        seen.page.emulate_media(media="print", color_scheme="dark")
        ground = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert brightness(ground) == 255
        assert seen.width == 900
        assert seen.page.pdf(print_background=True).startswith(b"%PDF")


def test_markup_in_a_name_does_nothing(chromium: Browser, tmp_path: Path) -> None:
    """A replica whose name would run a script in a page is shown by that name, and runs none."""
    pods = {"server-a": 100, "server-b": 100, HOSTILE: 100}
    folder = kept(tmp_path / "run", plain(pods), list(pods), remarks=[HOSTILE])
    assert call("report", folder).exit_code == 0
    with shown(chromium, folder / "report.html") as seen:
        assert seen.page.title().startswith("even")
        assert seen.page.locator("img").count() == 0
        assert seen.said == []
        assert "<img/src=x" in seen.page.locator(".legend").first.inner_text()


def brightness(colour: str) -> float:
    """Return the mean of red, green and blue of a computed colour."""
    parts = colour.partition("(")[2].rstrip(")").split(",")[:3]
    return sum(float(part) for part in parts) / 3
