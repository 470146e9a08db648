"""The script that draws the plots of a page: Vega, Vega-Lite and vega-embed, from vl-convert.

To bundle it takes some seconds, so it is kept in the cache folder, by its version. Nothing is
fetched.
"""

import os
from importlib.metadata import version
from pathlib import Path

from long_lived.settings.places import cache_folder

PACKAGE = "vl-convert-python"


def library() -> str:
    """Return the script, from the cache where that has it."""
    kept = cache_folder() / f"{PACKAGE}-{version(PACKAGE)}.js"
    try:
        return kept.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        pass
    # 33 MB that only a page needs, and this only once.
    import vl_convert

    script: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    _keep(kept, script)
    return script


def _keep(file: Path, script: str) -> None:
    """Keep it for the next time, whole or not at all; a cache that cannot be written is none."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(script, encoding="utf-8")
        fresh.replace(file)
    except OSError:
        fresh.unlink(missing_ok=True)
