"""Reading a container's log as it grows."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

POLL_SECONDS = 0.05
BLOCK_BYTES = 65_536


def stream(file: Path, is_complete: Callable[[], bool], *, follow: bool) -> Iterator[bytes]:
    """Yield the content of `file` and, with `follow`, what is added until it is complete."""
    with file.open("rb") as log:
        while True:
            complete = is_complete()
            if chunk := log.read(BLOCK_BYTES):
                yield chunk
            elif complete or not follow:
                return
            else:
                time.sleep(POLL_SECONDS)
