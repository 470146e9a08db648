"""The engines `threads` and `gevent`: each user is a thread of an executor, or a greenlet.

Users send with requests and urllib3, as an application would.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from long_lived.client.engines.engine import Engine, Run
from long_lived.client.preflight import limits
from long_lived.client.transport.adapter import Transport
from long_lived.client.transport.exchange import Exchange
from long_lived.client.transport.pool import counted_pool
from long_lived.client.transport.resolver import Resolver
from long_lived.client.users.virtual_user import VirtualUser
from long_lived.resources.processor import stay_on_one_processor
from long_lived.resources.threads import ease_many_threads


class Executor(Engine):
    """All users of one client, in an executor."""

    def __init__(self, run: Run) -> None:
        """Make the transports of all users."""
        self._run = run
        self._client = run.settings.client
        # Kept for the whole run: a transport that nobody holds closes its connections.
        self._transports = self._make_transports()
        self._gate = threading.Event()
        self._at_gate = 0
        self._finished = 0
        self._count_lock = threading.Lock()

    def get_ready(self) -> str | None:
        """Start a thread or greenlet for each user, and wait until all are at the gate."""
        run, users = self._run, self._client.concurrency
        exchange = Exchange(run.settings, run.asked, run.expected)
        if self._client.engine == "threads":
            ease_many_threads(users)
            stay_on_one_processor()
        self._executor = ThreadPoolExecutor(users, thread_name_prefix="user")
        try:
            for number in range(users):
                transport = self._transports[number % len(self._transports)]
                user = VirtualUser(
                    *(number, self._client, exchange, transport, run.ledger, run.on_defect),
                    draws=run.draws,
                )
                self._executor.submit(self._live, user)
                if run.stopped.is_set():
                    return None
        except RuntimeError as error:
            return f"only {number} of {users} virtual users started: {error}"
        while self._at_gate < users and not run.stopped.is_set():
            run.stopped.wait(0.01)
        return None

    def begin(self) -> None:
        """Open the gate."""
        self._gate.set()

    def done(self) -> bool:
        """Tell whether every user has made its requests."""
        return self._finished >= self._client.concurrency

    def run(self, tick_seconds: float, tick: Callable[[], bool]) -> None:
        """Wait, and no more: the users need no help."""
        while not self.done():
            self._run.stopped.wait(tick_seconds)
            if not tick():
                return

    def _live(self, user: VirtualUser) -> None:
        """Be one user, in a thread or greenlet of the executor."""
        with self._count_lock:
            self._at_gate += 1
        self._gate.wait()
        try:
            user.run(self._run.clock, self._run.stopped)
        finally:
            with self._count_lock:
                self._finished += 1

    def _make_transports(self) -> list[Transport]:
        """Make one transport for each user, or one for all."""
        run, client = self._run, self._client
        pool_class = counted_pool(
            *(run.book, Resolver(), client, run.source_addresses, run.balancer),
            tls=run.tls,
            server_name=run.server_name,
        )
        shared = client.shares_connections
        keeps = client.keep_alive.mode != "per-request"
        size = limits.most_idle(client) if shared else 1
        return [
            Transport(run.asked.url, pool_class, size if keeps else 0)
            for _ in range(1 if shared else client.concurrency)
        ]
