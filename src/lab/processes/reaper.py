"""Kills what the lab leaves behind when the lab itself is killed.

Started first, in a session of its own, with a pipe from the lab as standard input. The
lab writes "+PGID" for every process group that it starts and "-PGID" for every one that
it has killed, before it gives the number back. The kernel closes the pipe when the lab ends,
however it ends: what is still on the list then is killed.
"""

import os
import signal
import sys

READY = b"ready\n"
"""The one line on standard output: from now on the lab may start processes."""


def main() -> None:
    """Read standard input to its end, then kill what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line[0] == "+":
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            pass


if __name__ == "__main__":
    main()
