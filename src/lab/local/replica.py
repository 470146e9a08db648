"""One replica on one machine: a server process, and what it can be asked.

A replica that hangs answers late or never, and the lab must not wait for it: threads ask.
"""

import string
from concurrent.futures import Executor, Future

import requests

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


class Replica:
    """One server process."""

    def __init__(self, name: str, address: str, port: int, child: Child, asking: Executor) -> None:
        """Wrap a process that listens at the Service's address and at its own."""
        self.name = name
        self.child = child
        self.stopped = False
        self._asking = asking
        self._probe: Future[requests.Response | None] | None = None
        self.endpoint = (address, port)
        self._url = f"http://{address}:{port}"

    def ready(self) -> bool:
        """Tell whether it has answered /readyz; ask again where it has not. Never blocks."""
        if self._probe is not None and self._probe.done():
            if self._probe.result() is not None:
                return True
            self._probe = None
        if self._probe is None:
            self._probe = self._asking.submit(self._get, "/readyz")
        return False

    def counts(self) -> ReplicaCounts | None:
        """Ask it what it counted, and wait; None where it gives no answer."""
        answer = self._get("/stats")
        return None if answer is None else ReplicaCounts.model_validate_json(answer.content)

    def _get(self, path: str) -> requests.Response | None:
        with requests.Session() as session:
            session.trust_env = False
            try:
                answer = session.get(
                    self._url + path,
                    headers={"Connection": "close"},
                    timeout=PROBE_TIMEOUT_SECONDS,
                )
            except requests.RequestException:
                return None
        return answer if answer.status_code == 200 else None
