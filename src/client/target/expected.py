"""Which answers count, and the name of the replica in one that is not ours: nobody is believed.

The name goes into logs, tables and memory. So its characters are those of a replica's name, and
there are only so many of them.
"""

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from long_lived.client.target.bounds import most_body_bytes
from long_lived.client.transport.errors import BadAnswer
from long_lived.record.lines import UNNAMED
from long_lived.settings.pod_name import MOST_CHARACTERS, as_pod_name
from long_lived.settings.sections.target import Target, counts

MOST_NAMES = 1000
"""Names that are told apart, as many as there can be replicas."""

SEARCH_SECONDS = 0.2
"""Longest search for a name in a body, in processor time of the client: a megabyte takes 1 ms."""

MOST_OVERLONG = 20
"""Searches that are given up before none is tried any more: an event loop stands still in each."""


class Expected:
    """What an answer of a target must be."""

    def __init__(self, target: Target) -> None:
        """Prepare to read answers."""
        self.problem: str | None = None
        """What is wrong with the names as a whole."""
        self._identity = target.identity
        kind, _, self._what = target.identity.partition(":")
        self.ours = kind == "pod"
        """Whether answers are those of this project's servers."""
        self._quotes = not target.headers
        self.most_body_bytes = most_body_bytes(target)
        self._name = {"header": self._in_header, "json": self._in_json, "regex": self._in_text}.get(
            kind, self._nowhere
        )
        self._pattern = _compiled(self._what) if kind == "regex" else None
        self._overlong = 0
        self._keys = self._what.split(".")
        self._known: set[str] = set()
        self._status = target.status

    def counts(self, status: int) -> bool:
        """Tell whether an answer with this status counts."""
        return counts(status, self._status)

    def start(self, body: bytes) -> str:
        """Return what may be shown of a body: nothing where it may repeat secrets."""
        return repr(body[:80]) if self._quotes else f"{len(body):,} bytes"

    def name(self, headers: Mapping[str, str], body: bytes) -> str:
        """Return the name of the replica that gave an answer.

        Raises:
            BadAnswer: it does not say. The text quotes nothing of the answer, which may hold
                secrets of the request.
        """
        found = self._name(headers, body).strip()
        if not found or len(found) > MOST_CHARACTERS:
            raise BadAnswer(
                f"what {self._identity} finds has {len(found):,} characters: must be 1 to "
                f"{MOST_CHARACTERS}"
            )
        name = as_pod_name(found)
        if name not in self._known:
            if len(self._known) >= MOST_NAMES:
                self.problem = (
                    f"the answers name more than {MOST_NAMES:,} replicas: what "
                    f"client.target.identity = {self._identity} finds is no name of a replica"
                )
                raise BadAnswer(f"the name of one more replica than {MOST_NAMES:,}")
            self._known.add(name)
        return name

    def _nowhere(self, _headers: Mapping[str, str], _body: bytes) -> str:
        return UNNAMED

    def _in_header(self, headers: Mapping[str, str], _body: bytes) -> str:
        wanted = self._what.lower()
        found = next((value for name, value in headers.items() if name.lower() == wanted), None)
        if found is None:
            raise BadAnswer(f"the answer has no header {self._what}")
        return found

    def _in_json(self, _headers: Mapping[str, str], body: bytes) -> str:
        try:
            found: Any = from_json(body)
        except ValueError:  # also where it is nested deeper than 201
            raise BadAnswer(f"the body of {len(body):,} bytes is not JSON") from None
        for key in self._keys:
            found = found.get(key) if isinstance(found, dict) else None
        if not isinstance(found, str | int) or isinstance(found, bool):
            raise BadAnswer(f"the answer's JSON has no text at {self._what}")
        return str(found)

    def _in_text(self, _headers: Mapping[str, str], body: bytes) -> str:
        if self._overlong >= MOST_OVERLONG:
            raise BadAnswer(f"nothing is searched for {self._what!r} any more: it takes too long")
        try:
            found = self._pattern and self._pattern.search(body, timeout=SEARCH_SECONDS)
        except TimeoutError:
            self._overlong += 1
            if self._overlong >= MOST_OVERLONG:
                self.problem = (
                    f"client.target.identity = {self._identity}: {MOST_OVERLONG} searches took "
                    f"more than {SEARCH_SECONDS:g} s each; must be an expression without repeats "
                    "of what repeats"
                )
            raise BadAnswer(
                f"the search for {self._what!r} in a body of {len(body):,} bytes took more than "
                f"{SEARCH_SECONDS:g} s"
            ) from None
        if found is None or found[1] is None:
            raise BadAnswer(f"the body of {len(body):,} bytes does not match {self._what!r}")
        name: bytes = found[1]
        return name.decode(errors="replace")


def _compiled(pattern: str) -> Any:
    """Compile a regular expression whose searches can be given up: those of `re` cannot.

    Whatever `re` takes, by which the settings were checked, `regex` takes as well.
    """
    # Not earlier: it takes 75 ms, and few runs have a regular expression.
    import regex

    return regex.compile(pattern.encode())
