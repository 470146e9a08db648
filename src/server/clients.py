"""Whose requests a replica answered: a count for each client that identifies itself.

It lets a client notice that others use the same server. The Go server (clients.go) counts alike.
"""

import re
from collections import OrderedDict

HEADER = "Long-Lived-Client"
"""Request header with a client's id."""

ENVIRON = "HTTP_" + HEADER.upper().replace("-", "_")
"""Where WSGI has that header. Source: PEP 3333, "environ Variables"."""

UNKNOWN = ""
"""Stands for every client without an id."""

MOST = 1_000
"""Most ids kept: it bounds the memory, and is far above the clients of any run."""

_ID = re.compile(r"[0-9a-f]{16}")


class AnsweredTo:
    """Answers by client id. Not thread-safe: its owner has a lock."""

    def __init__(self) -> None:
        """Start empty."""
        self._unknown = 0
        self._by_id: OrderedDict[str, int] = OrderedDict()  # least recently used first

    def count(self, client: str) -> None:
        """Count one answer to `client`; anything but an id counts as UNKNOWN."""
        if not _ID.fullmatch(client):
            self._unknown += 1
            return
        self._by_id[client] = self._by_id.get(client, 0) + 1
        self._by_id.move_to_end(client)
        if len(self._by_id) > MOST:
            self._by_id.popitem(last=False)

    def as_dict(self) -> dict[str, int]:
        """Return the counts, with UNKNOWN only if it has any."""
        unknown = {UNKNOWN: self._unknown} if self._unknown else {}
        return {**unknown, **self._by_id}
