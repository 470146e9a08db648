"""What an answer says, whoever received it: nothing in it is believed unchecked."""

import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import from_json

from long_lived.client.ledger import Answer
from long_lived.client.target.expected import Expected
from long_lived.client.transport.connections import Connection
from long_lived.client.transport.errors import BadAnswer, UnexpectedStatus
from long_lived.record.answer_body import AnswerBody
from long_lived.settings.pod_name import is_pod_name

HTTP_1_0 = 10
"""How http.client writes the version."""

CLOCK_RATIO = 1.1
"""The longest delay for a service time of 1: a clock that is being adjusted may run a tenth too
fast or too slow. Source: adjtimex(2), `tick`."""
CLOCK_SECONDS = 0.05
"""Added to that, for timers that fire some milliseconds early and delays that are rounded."""

INSTANCE = re.compile(r"[0-9A-Za-z-]{1,64}")

NUMBERS = frozenset({int, float})
"""What a JSON number is read as; `isinstance` would take true for one, and four times as long."""


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
    headers: Mapping[str, str],
    expected: Expected,
) -> Answer:
    """Read an answer: of a server of ours, or of another one in which `expected` finds the name.

    Only for the latter `headers` are looked at.

    Raises:
        UnexpectedStatus, BadAnswer: an answer that does not count.
    """
    if not expected.counts(status):
        raise UnexpectedStatus(f"status {status}")
    if len(body) > expected.most_body_bytes:
        raise BadAnswer(f"a body of more than {expected.most_body_bytes} bytes")
    if not expected.ours:
        name = expected.name(headers, body)
        return Answer(name, None, service_seconds, close_announced, connection)
    try:
        answer: AnswerBody = from_json(body)  # or so it claims
        pod, delay_seconds = answer["pod"], answer["delay_seconds"]
    except (ValueError, KeyError, TypeError):
        raise BadAnswer(f"no pod in {expected.start(body)}") from None
    instance, uptime_seconds = answer.get("instance", ""), answer.get("uptime_seconds")
    longest_seconds = CLOCK_RATIO * service_seconds + CLOCK_SECONDS
    if not isinstance(pod, str) or not is_pod_name(pod):
        raise BadAnswer(f"no usable pod in {expected.start(body)}")
    if not _is_seconds(delay_seconds, longest_seconds):
        raise BadAnswer(
            f"no usable delay_seconds for an answer after {service_seconds:.3f} s in "
            f"{expected.start(body)}"
        )
    if "instance" in answer and not (isinstance(instance, str) and INSTANCE.fullmatch(instance)):
        raise BadAnswer(f"no usable instance in {expected.start(body)}")
    if "uptime_seconds" in answer and not _is_seconds(uptime_seconds, sys.float_info.max):
        raise BadAnswer(f"no usable uptime_seconds in {expected.start(body)}")
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
    return type(value) in NUMBERS and 0 <= value <= most
