"""Standard output and error, whatever is at their other ends.

They may be a pipe or a terminal that goes away in the middle of a run, a full disk, or something
that takes no UTF-8. The results depend on none of that: what cannot be written is dropped, and a
character that does not exist there is replaced by others.
"""

import codecs
import errno
import os
import sys
import unicodedata
from collections.abc import Callable
from typing import Any, TextIO

DEGRADE = "long-lived"
"""Name of the error handler that replaces characters, for codecs."""

PLAIN = {
    "±": "+-",
    "×": "x",
    "–": "-",
    "…": "...",
    "→": "->",
    "↓": "v",
    "↑": "^",
    **dict(zip("▁▂▃▄▅▆▇█", "12345678", strict=True)),
}
"""What replaces a character of the reports where it does not exist."""


def set_up() -> None:
    """Replace standard output and error by streams to which no write ever fails."""
    codecs.register_error(DEGRADE, degraded)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by our parent
            stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open to the end
        stream.reconfigure(errors=DEGRADE)
        setattr(sys, name, _SurvivingStream(stream))


def degraded(error: UnicodeError) -> tuple[str | bytes, int]:
    """Replace one character that cannot be written; a handler for codecs."""
    assert isinstance(error, UnicodeEncodeError)
    char = error.object[error.start]
    if "\udc80" <= char <= "\udcff":  # a byte of a file's name, as Python keeps it
        return bytes([ord(char) - 0xDC00]), error.start + 1
    bare = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
    return PLAIN.get(char, bare or "?"), error.start + 1


class _SurvivingStream:
    """A stream that survives its reader: once that is gone, what is written goes nowhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, whether or not anybody reads."""
        self._survive(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        self._survive(self._stream.flush)

    def _survive(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError as error:
            nobody = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nobody, self._stream.fileno())
            os.close(nobody)
            if error.errno != errno.EPIPE:
                name = self._stream.name.strip("<>")
                print(f"long-lived: {name}: {error.strerror}: output ends here", file=sys.stderr)

    def __getattr__(self, name: str) -> Any:
        """Be the stream in all other respects."""
        return getattr(self._stream, name)
