"""How a repaired worker quits: at once, whatever it is doing."""

import os
import signal
import time
from types import FrameType
from typing import Any, NoReturn

TURN_SECONDS = 0.5


def quit_at_once(worker: Any, sig: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - gunicorn's
    """End inside the handler; ignore whatever signal comes next.

    Upstream raises SystemExit in the midst of whatever runs, which may hold a lock, or take it for
    an error of its own and go on. And at Ctrl-C a worker gets SIGINT and then the master's SIGQUIT.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    worker.alive = False
    worker.cfg.worker_exit(None, worker)
    os._exit(0)


def sleep_in_turns(seconds: float) -> None:
    """Sleep, and notice a signal that came in the moment before: it does not interrupt a sleep."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, TURN_SECONDS))
