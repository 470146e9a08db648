"""The peak memory of this process."""

import re
import resource
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_memory_bytes() -> int:
    """Return the peak resident memory of this program, in bytes.

    getrusage() includes the peak of the process that forked this one, because ru_maxrss outlives
    exec; the kernel's high-water mark starts afresh. Source: proc_pid_status(5), VmHWM;
    getrusage(2).
    """
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB$", STATUS.read_text(), re.MULTILINE)
    except OSError:
        found = None
    kilobytes = int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes * 1024
