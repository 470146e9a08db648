"""One request and its answer, over requests' transport adapter."""

import time
from typing import cast

import requests
from urllib3.util import Timeout

from long_lived.client.ledger import Answer
from long_lived.client.target.asked import DRAW_HEADER, Asked
from long_lived.client.target.expected import Expected
from long_lived.client.transport.adapter import Transport
from long_lived.client.transport.answer import announces_close, read_answer
from long_lived.client.transport.counted import CountedConnection
from long_lived.client.transport.incoming import read_body
from long_lived.client.users.request import draw_text, read_timeout_seconds
from long_lived.settings import Settings


class Exchange:
    """Sends one kind of request, prepared once. Thread-safe.

    The adapter is called without the Session around it: Session.send looks up proxies,
    cookies and redirects each time, which costs twice the CPU (0.36 against 0.72 ms a
    request) and changes nothing on the wire.
    """

    def __init__(self, settings: Settings, asked: Asked, expected: Expected) -> None:
        """Prepare the request of every virtual user of a client."""
        self._expected, self._draws = expected, asked.draws
        self._request = requests.Request(
            asked.method, asked.url, headers=dict(asked.headers), data=asked.body
        ).prepare()
        self._timeout = Timeout(
            connect=settings.client.timeouts.connect_seconds, read=read_timeout_seconds(settings)
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
        body = read_body(response, self._expected.most_body_bytes)
        service_seconds = time.monotonic() - sent
        close_announced = announces_close(response.version, response.headers.getlist("connection"))
        return read_answer(
            response.status,
            body,
            service_seconds,
            close_announced,
            tcp,
            response.headers,
            self._expected,
        )

    def _request_with(self, draw: float | None) -> requests.PreparedRequest:
        """Return the prepared request: without a draw the same one for all."""
        if draw is None or not self._draws:
            return self._request
        request = self._request.copy()
        request.headers[DRAW_HEADER] = draw_text(draw)
        return request
