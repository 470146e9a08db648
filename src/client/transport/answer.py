"""What an answer says, whoever received it: nothing in it is believed unchecked."""

import json
import re
import sys
from collections.abc import Iterable
from typing import Any

from long_lived.client.ledger import Answer
from long_lived.client.transport.connections import Connection
from long_lived.client.transport.errors import BadAnswer, UnexpectedStatus
from long_lived.record.answer_body import AnswerBody
from long_lived.settings.pod_name import is_pod_name

MOST_BODY_BYTES = 64 * 1024
"""Longest body, after decoding; the server's own answers are some 200 bytes long."""

MOST_WIRE_BYTES = 3 * MOST_BODY_BYTES
"""Longest answer on the wire: header and framing get as much room as the body, and so does the
excess of a body that is too long. http.client would read a header of 100 lines of 64 KiB."""

HTTP_1_0 = 10
"""How http.client writes the version."""

MOST_BRACKETS = 200
"""Most brackets in an answer's JSON, which has two: nesting cannot go deeper than that. The parser
recurses, and CPython 3.12 and 3.13 bound that without regard to the thread's stack: 2,000 levels
need more than resources.threads.STACK_BYTES (measured; 500 need 96 KiB, 100 need 32)."""

CLOCK_RATIO = 1.1
"""The longest delay for a service time of 1: a clock that is being adjusted may run a tenth too
fast or too slow. Source: adjtimex(2), `tick`."""
CLOCK_SECONDS = 0.05
"""Added to that, for timers that fire some milliseconds early and delays that are rounded."""

INSTANCE = re.compile(r"[0-9A-Za-z-]{1,64}")


def announces_close(version: int, connection_lines: Iterable[str]) -> bool:
    """Tell whether an answer says that the connection ends with it.

    Args:
        version: 10 for HTTP/1.0, which closes unless it says `keep-alive`; 11 for later ones.
        connection_lines: the values of the header Connection, each a list of options.

    Source: RFC 9112, 9.3.
    """
    options = {option.strip().lower() for line in connection_lines for option in line.split(",")}
    return "close" in options or (version == HTTP_1_0 and "keep-alive" not in options)


def read_answer(
    status: int,
    body: bytes,
    service_seconds: float,
    close_announced: bool,
    connection: Connection,
) -> Answer:
    """Read the server's answer.

    Raises:
        UnexpectedStatus, BadAnswer: an answer that does not count.
    """
    if status != 200:
        raise UnexpectedStatus(f"status {status}")
    if len(body) > MOST_BODY_BYTES:
        raise BadAnswer(f"a body of more than {MOST_BODY_BYTES} bytes")
    if body.count(b"[") + body.count(b"{") > MOST_BRACKETS:
        raise BadAnswer(f"more than {MOST_BRACKETS} brackets in {body[:80]!r}")
    try:
        answer: AnswerBody = json.loads(body)  # or so it claims
        pod, delay_seconds = answer["pod"], answer["delay_seconds"]
    except (ValueError, KeyError, TypeError):
        raise BadAnswer(f"no pod in {body[:80]!r}") from None
    instance, uptime_seconds = answer.get("instance", ""), answer.get("uptime_seconds")
    longest_seconds = CLOCK_RATIO * service_seconds + CLOCK_SECONDS
    if not isinstance(pod, str) or not is_pod_name(pod):
        raise BadAnswer(f"no usable pod in {body[:80]!r}")
    if not _is_seconds(delay_seconds, longest_seconds):
        raise BadAnswer(
            f"no usable delay_seconds for an answer after {service_seconds:.3f} s in {body[:80]!r}"
        )
    if "instance" in answer and not (isinstance(instance, str) and INSTANCE.fullmatch(instance)):
        raise BadAnswer(f"no usable instance in {body[:80]!r}")
    if "uptime_seconds" in answer and not _is_seconds(uptime_seconds, sys.float_info.max):
        raise BadAnswer(f"no usable uptime_seconds in {body[:80]!r}")
    return Answer(
        pod,
        float(delay_seconds),
        service_seconds,
        close_announced,
        connection,
        instance,
        None if uptime_seconds is None else float(uptime_seconds),
    )


def _is_seconds(value: Any, most: float) -> bool:
    """Tell whether a value is a number from 0 to `most`; NaN, which JSON may hold here, is not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most
