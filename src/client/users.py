"""A virtual user: connect, request, wait for the answer, think, and again."""

import time
import traceback

from long_lived.client import pacing
from long_lived.client.clock import Clock
from long_lived.client.connections import Transport
from long_lived.client.errors import ErrorKind, classify
from long_lived.client.exchange import Exchange
from long_lived.client.ledger import Ledger
from long_lived.client.stop import Stop
from long_lived.settings import Client


class VirtualUser:
    """One closed loop: at most one request in flight."""

    __slots__ = ("_exchange", "_ledger", "_number", "_settings", "_transport")

    def __init__(
        self,
        number: int,
        settings: Client,
        exchange: Exchange,
        transport: Transport,
        ledger: Ledger,
    ) -> None:
        """Make user `number` (from 0), who sends over `transport`."""
        self._number = number
        self._settings = settings
        self._exchange = exchange
        self._transport = transport
        self._ledger = ledger

    def run(self, clock: Clock, stopped: Stop) -> None:
        """Make the user's requests from the start of `clock` on; return early when `stopped`."""
        settings = self._settings
        planned_at = pacing.first_send_seconds(
            self._number, settings.concurrency, settings.ramp_up_seconds
        )
        sent = 0
        while pacing.sends_again(settings, sent, planned_at) and not stopped.is_set():
            _sleep_until(clock, planned_at)
            if not self._ledger.enter_send(max(0.0, clock.elapsed_seconds() - planned_at)):
                return
            self._request()
            sent += 1
            planned_at = clock.elapsed_seconds() + pacing.think_seconds(settings)

    def _request(self) -> None:
        try:
            answer = self._exchange.perform(self._transport)
        except Exception as error:
            kind = classify(error)
            if kind is ErrorKind.CLIENT_ERROR:
                traceback.print_exc()
            self._ledger.enter_failure(kind, str(error), self._transport.latest_pod())
        else:
            self._ledger.enter_answer(answer)


def _sleep_until(clock: Clock, at_seconds: float) -> None:
    wait = at_seconds - clock.elapsed_seconds()
    if wait > 0:
        time.sleep(wait)
