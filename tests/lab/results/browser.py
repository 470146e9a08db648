"""A page in a browser that has no network, and what the browser says of it."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
DRAWN = "html[data-drawn=yes]"
BOUND_SECONDS = 60

Scheme = Literal["light", "dark"]


def program() -> str | None:
    """Return the browser of this machine; None where there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


@contextmanager
def started() -> Generator[Browser]:
    """Start the browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Shown:
    """A page that is open, once its plots are drawn."""

    def __init__(self, page: Page, file: Path) -> None:
        """Open a file."""
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.set_default_timeout(1000 * BOUND_SECONDS)
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(file.as_uri())
        page.wait_for_selector(DRAWN)

    @property
    def width(self) -> int:
        """What the page needs."""
        return int(self.page.evaluate("document.documentElement.scrollWidth"))


@contextmanager
def shown(
    browser: Browser, file: Path, width: int = 1200, scheme: Scheme = "light"
) -> Generator[Shown]:
    """Show a file in a window of that width."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    try:
        yield Shown(context.new_page(), file)
    finally:
        context.close()
