"""One request and its answer, over requests' transport adapter."""

import json
import re
import sys
import time
from typing import Any, cast

import requests
from urllib3.util import Timeout

from long_lived.client.ledger import Answer
from long_lived.client.transport.adapter import Transport
from long_lived.client.transport.connections import Connection
from long_lived.client.transport.counted import CountedConnection
from long_lived.client.transport.errors import BadAnswer, UnexpectedStatus
from long_lived.client.transport.incoming import MOST_BODY_BYTES, announces_close, read_body
from long_lived.record.answer_body import AnswerBody
from long_lived.settings import Settings
from long_lived.settings.pod_name import is_pod_name

READ_MARGIN_SECONDS = 30.0
"""What readSeconds = 0 adds to server.delay.maxSeconds: room for a burst to be accepted."""

CLIENT_HEADER = "Long-Lived-Client"
"""Says which client sends, so that a server counts those of several clients separately."""

DRAW_HEADER = "Long-Lived-Draw"
"""Says how long the server is to wait: from 0, its shortest delay, to 1, its longest."""

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


def read_timeout_seconds(settings: Settings) -> float:
    """Return the longest wait for a whole answer."""
    asked = settings.client.timeouts.read_seconds
    return asked or settings.server.delay.max_seconds + READ_MARGIN_SECONDS


class Exchange:
    """Sends one kind of request, prepared once. Thread-safe.

    The adapter is called without the Session around it: Session.send looks up proxies,
    cookies and redirects each time, which costs twice the CPU (0.36 against 0.72 ms a
    request) and changes nothing on the wire.
    """

    def __init__(self, settings: Settings, url: str, client_id: str) -> None:
        """Prepare the request of every virtual user of the client `client_id`."""
        client = settings.client
        per_request = client.keep_alive.mode == "per-request"
        headers = {
            "Accept": "application/json",
            "Connection": "close" if per_request else "keep-alive",
            "User-Agent": "long-lived",
            CLIENT_HEADER: client_id,
        }
        self._request = requests.Request("GET", url, headers=headers).prepare()
        self._timeout = Timeout(
            connect=client.timeouts.connect_seconds, read=read_timeout_seconds(settings)
        )

    def perform(self, transport: Transport, draw: float | None = None) -> Answer:
        """Send the request and wait for the whole answer.

        A `draw` from 0 to 1 goes with it, by which the server waits; None leaves that to it.

        Raises:
            requests.RequestException, urllib3.exceptions.HTTPError: no complete answer;
                `errors.classify` tells why.
            UnaskedAnswer: nothing was sent, because the connection held unread bytes.
            UnexpectedStatus, BadAnswer: an answer that does not count.
        """
        sent = time.monotonic()
        response = transport.ask(self._request_with(draw), self._timeout)
        tcp = cast(CountedConnection, response.connection).tcp
        if tcp is None:
            raise AssertionError("unreachable: an answer came over a connection")
        body = read_body(response)
        service_seconds = time.monotonic() - sent
        if response.status != 200:
            raise UnexpectedStatus(f"status {response.status}")
        if len(body) > MOST_BODY_BYTES:
            raise BadAnswer(f"a body of more than {MOST_BODY_BYTES} bytes")
        close_announced = announces_close(response.version, response.headers.getlist("connection"))
        return _read(body, service_seconds, close_announced, tcp)

    def _request_with(self, draw: float | None) -> requests.PreparedRequest:
        """Return the prepared request: without a draw the same one for all."""
        if draw is None:
            return self._request
        request = self._request.copy()
        request.headers[DRAW_HEADER] = f"{draw:.9f}"
        return request


def _read(
    body: bytes, service_seconds: float, close_announced: bool, connection: Connection
) -> Answer:
    """Read the server's answer; believe nothing in it unchecked."""
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
