"""Reading a container's log as it grows."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path

POLL_SECONDS = 0.05
BLOCK_BYTES = 65_536


def stream(
    file: Path, is_complete: Callable[[], bool], *, follow: bool, tail_lines: int | None
) -> Iterator[bytes]:
    """Give what is in `file`, and with `follow` what is added until it is complete.

    A file that became shorter is read again from its start, as after a rotation.
    """
    with file.open("rb") as log:
        if tail_lines is not None:
            log.seek(_start_of_last(log, tail_lines))
        while True:
            complete = is_complete()
            if os.fstat(log.fileno()).st_size < log.tell():
                log.seek(0)
            if chunk := log.read(BLOCK_BYTES):
                yield chunk
            elif complete or not follow:
                return
            else:
                time.sleep(POLL_SECONDS)


def stamped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Put a timestamp before each line, that of its reading: nobody keeps that of its writing."""
    at_start = True
    for chunk in chunks:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z ").encode()
        body, end = (chunk[:-1], b"\n") if chunk.endswith(b"\n") else (chunk, b"")
        yield (now if at_start else b"") + body.replace(b"\n", b"\n" + now) + end
        at_start = bool(end)


def _start_of_last(log: BufferedReader, lines: int) -> int:
    """Return where the last so many lines begin."""
    ends = [0]
    for line in log:
        ends.append(ends[-1] + len(line))
    return ends[max(0, len(ends) - 1 - lines)]
