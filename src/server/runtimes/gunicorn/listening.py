"""Whether a worker is the last that has its listening socket open."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any


def master_listens(listener: Any) -> bool:
    """Tell whether the master, and so a worker that follows, goes on with this very socket.

    It does where only this worker is to end, or after SIGHUP. Where nobody may look, it may.
    """
    own = f"socket:[{os.fstat(listener.fileno()).st_ino}]"
    try:
        files = list(Path(f"/proc/{os.getppid()}/fd").iterdir())
    except OSError:
        return True
    for file in files:
        with suppress(OSError):  # closed meanwhile
            if os.readlink(file) == own:
                return True
    return False
