"""A page as HTML: one file that loads nothing, and lets nothing run but its own script.

Its policy names the script by its hash, so that not even markup that slipped through could run.
"""

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from long_lived.lab.report.page.page import Page
from long_lived.lab.report.page.sure import MEANS
from long_lived.lab.report.page.text import clean, duration, number

if TYPE_CHECKING:
    from jinja2 import Environment


def render(page: Page, library: str) -> str:
    """Return the HTML of a page.

    Args:
        page: what it shows.
        library: the script that draws plots: it defines `vegaEmbed`.
    """
    from markupsafe import Markup  # as jinja2 below

    made = _templates()
    own = made.get_template("page.js").render()
    script = _inline(f"{library}\n{own}") if page.plots else ""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return made.get_template(page.template).render(
        **page.shown,
        title=page.title,
        plots=page.plots,
        script=Markup(script),
        digest=digest,
    )


def style(name: str) -> str:
    """Return one of the style sheets."""
    return _templates().get_template(name).render()


def _inline(script: str) -> str:
    """Keep a script from ending its element; only its texts can hold that."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # only commands with a page

    made = Environment(
        loader=PackageLoader("long_lived.lab.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(number=number, seconds=duration, clean=clean, share=_share)
    made.globals.update(means=MEANS)
    return made


def _share(value: Any) -> str:
    return "–" if value is None else f"{value:.1%}"
