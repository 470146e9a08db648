"""Standard output that may end in the middle of a run: a pipe's reader, or the terminal.

The results do not depend on who reads along. From then on nobody does.
"""

import os
from collections.abc import Callable
from typing import Any, TextIO, cast


def lasting(stream: TextIO) -> TextIO:
    """Return a stream that goes nowhere, instead of failing, once nobody reads `stream`."""
    return cast(TextIO, _Lasting(stream))


class _Lasting:
    """A stream whose writes never fail."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write; to nobody, where nobody is left."""
        self._last(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Hand on what is written."""
        self._last(self._stream.flush)

    def _last(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError:
            nobody = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nobody, self._stream.fileno())
            os.close(nobody)

    def __getattr__(self, name: str) -> Any:
        """Be a stream in all other respects."""
        return getattr(self._stream, name)
