"""One replica on one machine: a server process, and what it can be asked.

A replica that hangs answers late or never, and the lab must not wait for it: threads ask.
"""

import string
from concurrent.futures import Executor, Future
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

from long_lived.lab.processes.child import Child
from long_lived.record.replica_counts import ReplicaCounts

PROBE_TIMEOUT_SECONDS = 5.0


def replica_name(index: int) -> str:
    """Name replica `index` (from 0): server-a, server-b, … server-z, server-aa."""
    letters = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        letters = string.ascii_lowercase[digit] + letters
    return f"server-{letters}"


def replica_address(index: int) -> str:
    """Return the address of replica `index` (from 0), which no other has."""
    return f"127.0.{1 + index // 250}.{1 + index % 250}"


class Probe:
    """A question that is asked until it is answered with 200."""

    def __init__(self, address: tuple[str, int], path: str, asking: Executor) -> None:
        """Prepare to ask an address (host and port) for a path, in a thread of `asking`."""
        self._asked = address, path
        self._asking = asking
        self._question: Future[bytes | None] | None = None

    def answered(self) -> bool:
        """Tell whether it has been answered; ask again where it has not. Never blocks."""
        if self._question is not None and self._question.done():
            if self._question.result() is not None:
                return True
            self._question = None
        if self._question is None:
            self._question = self._asking.submit(_get, *self._asked)
        return False


class Replica:
    """One server process."""

    def __init__(self, name: str, address: str, port: int, child: Child, asking: Executor) -> None:
        """Wrap a process that listens at the Service's address and at its own."""
        self.name = name
        self.address = address, port
        """Its own, at which nobody else listens."""
        self.child = child
        self.stopped = False
        self._probe = Probe(self.address, "/readyz", asking)

    def ready(self) -> bool:
        """Tell whether it has answered /readyz; ask again where it has not. Never blocks."""
        return self._probe.answered()

    def counts(self) -> ReplicaCounts | None:
        """Ask it what it counted, and wait; None where it gives no answer."""
        body = _get(self.address, "/stats")
        return None if body is None else ReplicaCounts.model_validate_json(body)


def _get(address: tuple[str, int], path: str) -> bytes | None:
    """Return the body of an answer 200; None where there is none."""
    asked = HTTPConnection(*address, timeout=PROBE_TIMEOUT_SECONDS)
    try:
        asked.request("GET", path, headers={"Connection": "close"})
        answer = asked.getresponse()
        body = answer.read()
    except (OSError, HTTPException):
        return None
    finally:
        asked.close()
    return body if answer.status == HTTPStatus.OK else None
