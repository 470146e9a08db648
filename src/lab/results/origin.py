"""Where a result comes from, as this process sees it."""

import os
import platform
import shlex
import sys
from importlib.metadata import version

import psutil

from long_lived.lab.report.origin import Origin


def origin_here(where: str = "", kubernetes: str = "") -> Origin:
    """Tell what this lab is, on which machine, and how it was called."""
    return Origin(
        lab=version("long-lived"),
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.release()} on {platform.machine()}, "
        f"{os.cpu_count()} processors, {psutil.virtual_memory().total / 1e9:.0f} GB of memory",
        where=as_text(where),
        kubernetes=kubernetes,
        command=as_text(shlex.join(["long-lived", *sys.argv[1:]])),
    )


def as_text(text: str) -> str:
    """Replace what is no text: bytes of a file's name, as Python keeps them."""
    return text.encode("utf-8", "replace").decode()
