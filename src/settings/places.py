"""Where to find the files that are not Python modules, in a checkout or an installed package.

They are in `long_lived/data`: in a checkout links to the scenarios, the chart, the Go server's
sources and the locks of its toolchain and of HAProxy, in a wheel the files themselves. The images
have none.
"""

import os
from pathlib import Path

import long_lived

_DATA = Path(long_lived.__file__).parent / "data"

SCENARIOS = (_DATA / "values").resolve()
CHART = (_DATA / "chart").resolve()
GO_SOURCES = (_DATA / "server_go").resolve()
GO_LOCK = (_DATA / "go.txt").resolve()
HAPROXY_SETTINGS = CHART / "files" / "haproxy.cfg"
HAPROXY_LOCK = (_DATA / "haproxy.txt").resolve()


def cache_folder() -> Path:
    """Return the folder for what is fetched or built once: `.cache` in a checkout, or the user's.

    Source: XDG Base Directory Specification 0.8: a relative XDG_CACHE_HOME is ignored.
    """
    if (_DATA / "values").is_symlink():
        return SCENARIOS.parent / ".cache"
    named = os.environ.get("XDG_CACHE_HOME", "")
    base = named if os.path.isabs(named) else os.path.expanduser("~/.cache")
    return Path(base) / "long-lived"
