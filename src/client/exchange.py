"""One request and its answer, over requests' transport adapter."""

import json
import time
from typing import cast

import requests
from urllib3 import HTTPResponse
from urllib3.util import Timeout

from long_lived.client.connections import CountedConnection, Transport
from long_lived.client.errors import BadAnswer, UnexpectedStatus
from long_lived.client.ledger import Answer
from long_lived.settings import Settings

READ_MARGIN_SECONDS = 30.0
"""What readSeconds = 0 adds to server.delay.maxSeconds: room for a burst to be accepted."""


def read_timeout_seconds(settings: Settings) -> float:
    """Tell the longest wait for an answer."""
    asked = settings.client.timeouts.read_seconds
    return asked or settings.server.delay.max_seconds + READ_MARGIN_SECONDS


class Exchange:
    """Sends one kind of request, prepared once. Thread-safe.

    The adapter is called without the Session around it: Session.send looks up proxies,
    cookies and redirects each time, which costs twice the CPU (0.36 against 0.72 ms a
    request) and changes nothing on the wire.
    """

    def __init__(self, settings: Settings, url: str, client_id: str) -> None:
        """Prepare the request of every virtual user."""
        client = settings.client
        per_request = client.keep_alive.mode == "per-request"
        headers = {
            "Accept": "application/json",
            "Connection": "close" if per_request else "keep-alive",
            "Long-Lived-Client": client_id,
            "User-Agent": "long-lived",
        }
        self._request = requests.Request("GET", url, headers=headers).prepare()
        self._timeout = Timeout(
            connect=client.timeouts.connect_seconds, read=read_timeout_seconds(settings)
        )

    def perform(self, transport: Transport) -> Answer:
        """Send the request and wait for the whole answer.

        Raises:
            requests.RequestException, urllib3.exceptions.HTTPError: no complete answer;
                `errors.classify` tells why.
            UnexpectedStatus, BadAnswer: an answer that does not count.
        """
        sent = time.monotonic()
        response: HTTPResponse = transport.send(  # type: ignore[assignment]
            self._request,
            timeout=self._timeout,  # type: ignore[arg-type]
            proxies={},
        )
        tcp = cast(CountedConnection, response.connection).tcp
        if tcp is None:
            raise AssertionError("unreachable: an answer came over a connection")
        # read() alone would take a broken chunk for a lost connection.
        body = b"".join(response.stream(None, decode_content=True))
        service_seconds = time.monotonic() - sent
        if response.status != 200:
            raise UnexpectedStatus(f"status {response.status}")
        pod, delay_seconds = _read(body)
        close_announced = response.headers.get("Connection", "").lower() == "close"
        return Answer(pod, delay_seconds, service_seconds, close_announced, tcp)


def _read(body: bytes) -> tuple[str, float]:
    try:
        answer = json.loads(body)
        pod, delay_seconds = answer["pod"], answer["delay_seconds"]
    except (ValueError, KeyError, TypeError):
        raise BadAnswer(f"no pod in {body[:80]!r}") from None
    if (
        not isinstance(pod, str)
        or not pod
        or pod.split() != [pod]
        or not pod.isprintable()
        or not isinstance(delay_seconds, int | float)
    ):
        raise BadAnswer(f"no usable pod or delay_seconds in {body[:80]!r}")
    return pod, float(delay_seconds)
