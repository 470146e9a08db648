"""The lines of a client's log: how each is written, and how it is read.

The client writes `str(line)`, and `read` gives the line back, to the millisecond. Nobody else knows
how a line looks. The last line is the summary, which knows its own.
"""

import re
from typing import NamedTuple, Self

from long_lived.record.error_kind import ErrorKind
from long_lived.record.summary import BEGINNING as SUMMARY

MOST_DETAIL = 200
"""Characters of an error's text that its line keeps."""

UNNAMED = "unnamed"
"""Stands for the pod of every answer where none names one (client.target.identity `none`)."""

_COUNT = r"(\d{1,15})"
_SECONDS = r"(\d{1,15}\.\d+)"
"""Python reads no number of thousands of digits, and a float of hundreds is infinite."""


def printable(text: str) -> str:
    """Replace what a terminal would obey instead of showing it: escapes, line ends, direction.

    Bytes of a file's name that are no text stay, unless they are controls in eight bits.
    """
    return "".join(
        char if char.isprintable() or "\udca0" <= char <= "\udcff" else "�" for char in text
    )


class Started(NamedTuple):
    """The clock has started: all virtual users are ready."""

    users: int
    took_seconds: float
    """How long their start took."""
    cpu_seconds: float
    """What the process has used since it began."""
    clock_unix_seconds: float
    """When the clock started."""

    @classmethod
    def parse(cls, line: str) -> Self | None:
        """Read the line; None for any other."""
        found = _STARTED.fullmatch(line)
        if not found:
            return None
        return cls(int(found[1]), float(found[2]), float(found[3]), float(found[4]))

    def __str__(self) -> str:
        return (
            f"Started: {self.users} virtual users in {self.took_seconds:.1f} s, "
            f"{self.cpu_seconds:.1f} s of CPU since the process began, "
            f"clock={self.clock_unix_seconds:.3f}"
        )


_STARTED = re.compile(
    rf"Started: {_COUNT} virtual users in {_SECONDS} s, {_SECONDS} s of CPU since the process "
    rf"began, clock={_SECONDS}"
)


class Response(NamedTuple):
    """A request was answered."""

    pod: str
    delay_seconds: float | None
    """How long the server says that it waited; None where it does not say."""
    connection: int
    """Number of the connection, from 1."""
    new: bool
    """Whether it is the connection's first answer."""
    service_seconds: float
    at_seconds: float
    """When it came, by the client's clock."""

    @classmethod
    def parse(cls, line: str) -> Self | None:
        """Read the line; None for any other."""
        found = _RESPONSE.fullmatch(line)
        if not found:
            return None
        pod, delay, connection, new, service, at = found.groups()
        waited = None if delay is None else float(delay)
        return cls(pod, waited, int(connection), new == "yes", float(service), float(at))

    @staticmethod
    def line(
        pod: str,
        delay_seconds: float | None,
        connection: int,
        new: bool,
        service_seconds: float,
        at_seconds: float,
    ) -> str:
        """Write the line of these values.

        A client does so for each answer while it holds the lock on its counts: to make a `Response`
        first would take half as long again.
        """
        return "Response from Pod %s%s connection=%d new=%s service=%.3f at=%.3f" % (  # noqa: UP031 - faster than an f-string
            pod,
            "" if delay_seconds is None else " after %.3f s" % delay_seconds,  # noqa: UP031
            connection,
            "yes" if new else "no",
            service_seconds,
            at_seconds,
        )

    def __str__(self) -> str:
        return self.line(*self)


_RESPONSE = re.compile(
    rf"Response from Pod (\S+)(?: after {_SECONDS} s)? connection={_COUNT} new=(yes|no) "
    rf"service={_SECONDS} at={_SECONDS}"
)


class Failure(NamedTuple):
    """A request failed."""

    kind: ErrorKind
    at_seconds: float
    """When it failed, by the client's clock."""
    sent_seconds: float
    """When it was sent; the same where it was not."""
    pod: str | None = None
    """Whose connection it was on, where that is known."""
    detail: str = ""
    """What the error says; the line has the first `MOST_DETAIL` characters of it."""

    @classmethod
    def parse(cls, line: str) -> Self | None:
        """Read the line; None for any other, and for one of an unknown kind."""
        found = _FAILURE.fullmatch(line)
        if not found:
            return None
        kind, at, sent, pod, detail = found.groups()
        return cls(ErrorKind(kind), float(at), float(sent), pod, detail or "")

    def __str__(self) -> str:
        where = "" if self.pod is None else f" pod={self.pod}"
        detail = printable(" ".join(self.detail.split()))[:MOST_DETAIL].rstrip()
        return (
            f"Request failed: {self.kind} at={self.at_seconds:.3f} sent={self.sent_seconds:.3f}"
            f"{where}{detail and ' '}{detail}"
        )


_FAILURE = re.compile(
    rf"Request failed: ({'|'.join(ErrorKind)}) at={_SECONDS} sent={_SECONDS}"
    r"(?: pod=(\S+))?(?: (.*))?"
)


class Progress(NamedTuple):
    """The account at one moment."""

    planned: int
    in_flight: int
    answered: int
    failed: int

    @classmethod
    def parse(cls, line: str) -> Self | None:
        """Read the line; None for any other."""
        found = _PROGRESS.fullmatch(line)
        return cls(*map(int, found.groups())) if found else None

    def __str__(self) -> str:
        return (
            f"Progress: {self.planned} planned, {self.in_flight} in flight, "
            f"{self.answered} answered, {self.failed} failed"
        )


_PROGRESS = re.compile(
    rf"Progress: {_COUNT} planned, {_COUNT} in flight, {_COUNT} answered, {_COUNT} failed"
)


class Part(NamedTuple):
    """What one pod has had so far."""

    pod: str
    answered: int
    failed: int
    """On connections that are known to be its."""
    held: int
    """Its connections that are open."""


class Parts(NamedTuple):
    """The same moment by pod."""

    nameless: int
    """Open connections on which no answer has come yet."""
    pods: tuple[Part, ...]

    @classmethod
    def parse(cls, line: str) -> Self | None:
        """Read the line; None for any other."""
        first, *others = line.split(", ")
        nameless, parts = _NAMELESS.fullmatch(first), [_PART.fullmatch(one) for one in others]
        if not nameless:
            return None
        pods = [Part(one[1], int(one[2]), int(one[3]), int(one[4])) for one in parts if one]
        return cls(int(nameless[1]), tuple(pods)) if len(pods) == len(parts) else None

    def __str__(self) -> str:
        told = [f"{one.pod} {one.answered}/{one.failed}/{one.held}" for one in self.pods]
        return ", ".join([f"Answered/failed/held: unknown 0/0/{self.nameless}", *told])


_NAMELESS = re.compile(rf"Answered/failed/held: unknown 0/0/{_COUNT}")
_PART = re.compile(rf"(\S+) {_COUNT}/{_COUNT}/{_COUNT}")

Line = Started | Response | Failure | Progress | Parts

_READERS = {
    "Response from Pod ": Response.parse,
    "Request failed: ": Failure.parse,
    "Progress: ": Progress.parse,
    "Answered/failed/held: ": Parts.parse,
    "Started: ": Started.parse,
}

BEGINNINGS = (*_READERS, SUMMARY)
"""What a line of a client's log begins with: everything that is worth reading in one."""


def read(line: str) -> Line | None:
    """Read a line; None for one of another form, the summary among them."""
    for beginning, parse in _READERS.items():
        if line.startswith(beginning):
            return parse(line)
    return None
