"""A virtual user: connect, request, wait for the answer, think, and again."""

import random
import time
from collections.abc import Callable
from typing import Literal

from long_lived.client.clock import Clock
from long_lived.client.ledger import Ledger, Send
from long_lived.client.stop import Stop
from long_lived.client.transport.adapter import Transport
from long_lived.client.transport.errors import classify
from long_lived.client.transport.exchange import Exchange
from long_lived.client.users import pacing
from long_lived.client.users.draws import Draws
from long_lived.record.error_kind import ErrorKind
from long_lived.settings import Client


class VirtualUser:
    """One closed loop: at most one request in flight."""

    __slots__ = (
        *("_draws", "_exchange", "_ledger", "_number", "_on_defect", "_settings", "_transport"),
    )

    def __init__(
        self,
        number: int,
        settings: Client,
        exchange: Exchange,
        transport: Transport,
        ledger: Ledger,
        on_defect: Callable[[BaseException], None],
        draws: Draws | None = None,
    ) -> None:
        """Make user `number` (from 0), who sends over `transport`.

        `draws` are those of the client's seed; None draws anew in each run.
        `on_defect` gets each exception that neither a server nor the network explains.
        """
        self._number = number
        self._settings = settings
        self._exchange = exchange
        self._transport = transport
        self._ledger = ledger
        self._on_defect = on_defect
        self._draws = draws

    def run(self, clock: Clock, stopped: Stop) -> None:
        """Make the user's requests, from the start of `clock`; return early when `stopped`.

        Whatever goes wrong, every request that the user had to send ends up in the ledger.
        """
        settings = self._settings
        sent, send = 0, None
        try:
            planned_at = pacing.first_send_seconds(
                self._number, settings.concurrency, settings.ramp_up_seconds
            )
            while pacing.sends_again(settings, sent, planned_at) and not stopped.is_set():
                _sleep_until(clock, planned_at)
                send = self._ledger.enter_send(max(0.0, clock.elapsed_seconds() - planned_at))
                if send is None:
                    return
                sent += 1
                self._request(send, sent)
                send = None
                think = self._draw("think", sent)
                thinks = pacing.think_seconds(settings, random.random() if think is None else think)
                planned_at = clock.elapsed_seconds() + thinks
        except BaseException as error:  # the Future of a pool's thread would swallow it
            self._on_defect(error)
            left = pacing.left_to_send(settings, sent)
            self._ledger.enter_breakdown(send, left, repr(error))

    def _draw(self, what: Literal["think", "delay"], request: int) -> float | None:
        """Return what the seed draws; None without one."""
        return None if self._draws is None else self._draws.of(what, self._number, request)

    def _request(self, send: Send, number: int) -> None:
        try:
            answer = self._exchange.perform(self._transport, self._draw("delay", number))
        except Exception as error:
            kind = classify(error)
            if kind is ErrorKind.CLIENT_ERROR:
                self._on_defect(error)
            self._ledger.enter_failure(send, kind, str(error), self._transport.latest())
        else:
            self._ledger.enter_answer(send, answer)


def _sleep_until(clock: Clock, at_seconds: float) -> None:
    wait = at_seconds - clock.elapsed_seconds()
    if wait > 0:
        time.sleep(wait)
