"""The engine `asyncio`: when each user sends, and how a request of theirs ends.

The users are in one heap, by when they send next; the loop has one timer, for the first of them.
"""

import heapq
import math
import random
from collections.abc import Callable

import uvloop

from long_lived.client.engines.engine import Engine, Run
from long_lived.client.engines.loop.exchanges import Exchanges, Failed
from long_lived.client.engines.loop.user import User
from long_lived.client.ledger import Answer
from long_lived.client.users import pacing

BATCH = 50
"""Requests that are sent before the loop sees to answers again: some 5 ms."""

FINEST_SECONDS = 0.001
"""The loop's timers count whole milliseconds: it would ask again and again for less than one."""

EXPIRY_SECONDS = 0.05
"""How often deadlines are looked at."""


class Loop(Engine):
    """All users of one client, on one event loop."""

    def __init__(self, run: Run) -> None:
        """Make the loop."""
        self._run, self._client = run, run.settings.client
        self._loop = uvloop.new_event_loop()
        self._exchanges = Exchanges(self._loop, run, self._landed)
        self._users: list[User] = []
        self._due: list[tuple[float, int]] = []
        """When each user who is not busy sends next, and who that is: a heap."""
        self._timer_at = math.inf
        """When the loop's timer is set to."""
        self._finished = 0

    def get_ready(self) -> str | None:
        """Make all users, and plan their first requests."""
        users = self._client.concurrency
        self._users = [User(number) for number in range(users)]
        for user in self._users:
            first = pacing.first_send_seconds(user.number, users, self._client.ramp_up_seconds)
            self._plan(user, first)
        return None

    def begin(self) -> None:
        """Set the timer for the first request."""
        self._set_timer()
        self._expire()

    def done(self) -> bool:
        """Tell whether every user has made its requests."""
        return self._finished >= self._client.concurrency

    def run(self, tick_seconds: float, tick: Callable[[], bool]) -> None:
        """Run the loop, once: each start of it takes two descriptors, and there may be none."""
        broken: list[BaseException] = []

        def on_tick() -> None:
            # The loop would only log what is raised here, and go on without another tick.
            try:
                self._run.ledger.output.flush()
                if tick():
                    self._loop.call_later(tick_seconds, on_tick)
                    return
            except BaseException as error:
                broken.append(error)
            self._loop.stop()

        if not self.done():
            self._loop.call_later(tick_seconds, on_tick)
            self._loop.run_forever()
        if broken:
            raise broken[0]

    def _plan(self, user: User, at_seconds: float) -> None:
        """Plan the next request of a user, if there is to be one."""
        if pacing.sends_again(self._client, user.sent, at_seconds):
            heapq.heappush(self._due, (at_seconds, user.number))
            return
        self._finished += 1
        if self.done():
            self._loop.stop()

    def _set_timer(self) -> None:
        """Set the timer for the next request, unless it is set for that or an earlier time."""
        if self._due and self._due[0][0] < self._timer_at:
            self._timer_at = self._due[0][0]
            wait = self._timer_at - self._run.clock.elapsed_seconds()
            if wait <= 0:
                self._loop.call_soon(self._send_due, self._timer_at)
            else:
                self._loop.call_later(max(FINEST_SECONDS, wait), self._send_due, self._timer_at)

    def _send_due(self, timer_at: float) -> None:
        """Send the requests that are due, a batch of them at most."""
        if timer_at != self._timer_at:
            return  # another timer was set for an earlier time
        self._timer_at = math.inf
        now = self._run.clock.elapsed_seconds()
        for _ in range(BATCH):
            if not self._due or self._due[0][0] > now or self._run.stopped.is_set():
                break
            planned_at, number = heapq.heappop(self._due)
            self._send(self._users[number], planned_at)
        if not self._run.stopped.is_set():
            self._set_timer()

    def _send(self, user: User, planned_at: float) -> None:
        ledger, clock, draws = self._run.ledger, self._run.clock, self._run.draws
        try:
            user.send = ledger.enter_send(max(0.0, clock.elapsed_seconds() - planned_at))
            if user.send is None:
                return
            user.sent += 1
            draw = None if draws is None else draws.of("delay", user.number, user.sent)
            self._exchanges.begin(user, draw)
        except BaseException as error:
            self._break(user, error)

    def _landed(self, user: User, outcome: Answer | Failed) -> None:
        """Enter how a request ended, and plan the user's next."""
        ledger, draws = self._run.ledger, self._run.draws
        try:
            if user.send is None:
                raise AssertionError("unreachable: what lands was sent")
            if isinstance(outcome, Failed):
                ledger.enter_failure(user.send, outcome.kind, outcome.detail, outcome.connection)
            else:
                ledger.enter_answer(user.send, outcome)
            user.send = None
            draw = random.random() if draws is None else draws.of("think", user.number, user.sent)
            thinks = pacing.think_seconds(self._client, draw)
            self._plan(user, self._run.clock.elapsed_seconds() + thinks)
            self._set_timer()
        except BaseException as error:
            self._break(user, error)

    def _break(self, user: User, error: BaseException) -> None:
        """End a user because of a defect of the client; all that it had yet to send has failed."""
        self._run.on_defect(error)
        left = pacing.left_to_send(self._client, user.sent)
        self._run.ledger.enter_breakdown(user.send, left, repr(error))
        user.send = None
        self._finished += 1
        if self.done():
            self._loop.stop()

    def _expire(self) -> None:
        try:
            self._exchanges.expire()
        except BaseException as error:
            self._run.on_defect(error)
        self._loop.call_later(EXPIRY_SECONDS, self._expire)
