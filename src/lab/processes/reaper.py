"""Kills what the lab leaves behind when the lab itself is killed.

It is started first, in a session of its own, with a pipe from the lab as standard input. The lab
writes "+PGID" for each process group that it starts, and "-PGID" for each that it has killed,
before it gives the number back. When the lab ends, however it ends, the kernel closes the pipe:
what is still on the list then is killed.
"""

import os
import signal
import sys

READY = b"ready\n"
"""The only line on standard output: now the lab may start processes."""


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
