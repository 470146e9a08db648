"""A run from the first check to the summary: starts the users, waits, and settles the account.

Every wait is bounded or ends at a signal: a first SIGINT or SIGTERM stops sending and
writes the summary with everything so far, a second ends the process at once.
"""

import gc
import os
import resource
import secrets
import signal
import threading
import time
import traceback
from types import FrameType
from typing import NoReturn

from long_lived.client.arguments import Options
from long_lived.client.clock import Clock
from long_lived.client.engines import ENGINES
from long_lived.client.engines.engine import Run
from long_lived.client.ledger import Ledger
from long_lived.client.output import BatchedOutput, Output
from long_lived.client.preflight import limits
from long_lived.client.preflight.readiness import NotReady, await_servers
from long_lived.client.stalls import Stalls
from long_lived.client.stop import Stop
from long_lived.client.summary import summarize
from long_lived.client.target.asked import asked
from long_lived.client.target.expected import Expected
from long_lived.client.target.tls import context, server_name
from long_lived.client.transport.balancer import Balancer
from long_lived.client.transport.connections import ConnectionBook
from long_lived.client.transport.endpoints import Endpoints, source
from long_lived.client.users import pacing
from long_lived.client.users.draws import Draws
from long_lived.record.error_kind import ErrorKind
from long_lived.record.lines import Started
from long_lived.record.summary import Cost
from long_lived.resources.limits import raise_open_files
from long_lived.resources.memory import peak_memory_bytes
from long_lived.settings import Client, SettingsError
from long_lived.settings.arguments import refuse

GARBAGE_FAILURES = 20_000
"""Failures after which garbage is collected. A request that is answered leaves none (measured: no
unreachable object after 1,000), one that fails leaves 38 objects. Looking for garbage all the time
takes an eighth of the client's CPU (measured with gevent: 15.0 against 13.1 s)."""

TICK_SECONDS = 0.2
FAILED_STATUS = 1


class Runner:
    """One client's run."""

    def __init__(self, options: Options) -> None:
        """Prepare the run that the command line asks for."""
        self._settings = settings = options.settings
        self._url = settings.client.url or f"http://127.0.0.1:{settings.server.port}/"
        self._progress_seconds = options.progress_seconds
        self._metrics_address = options.metrics_address
        self._addresses = max(1, len(options.source_addresses))
        seed = settings.client.seed
        self._clock = Clock()
        one_thread = settings.client.engine == "asyncio"
        self._output, self._errors = BatchedOutput(1) if one_thread else Output(1), Output(2)
        self._client_id = client_id = secrets.token_hex(8)
        try:
            request, tls = asked(settings.client, self._url, client_id), context(settings.client)
        except SettingsError as error:
            refuse("client", str(error))
        self._ledger = Ledger(
            self._clock,
            self._output,
            pacing.planned_requests(settings.client),
            settings.client.log_responses,
            hide=request.hide,
        )
        self._book = ConnectionBook(self._clock, self._ledger.enter_close)
        balancer = _balancer(settings.client)
        self._endpoints = (
            None
            if balancer is None
            else Endpoints(*source(settings, options.addresses), balancer, self._say)
        )
        self._stalls = Stalls()
        self._stopped = Stop()
        self._signal: int | None = None
        self._loaded = False
        self._defects = 0
        self._count_lock = threading.Lock()
        self._run = Run(
            settings=settings,
            asked=request,
            expected=Expected(settings.client.target),
            tls=tls,
            server_name=server_name(settings.client, self._url),
            source_addresses=options.source_addresses,
            clock=self._clock,
            ledger=self._ledger,
            book=self._book,
            stopped=self._stopped,
            draws=None if seed is None else Draws(seed, options.index),
            balancer=balancer,
            on_defect=self._on_defect,
        )
        self._engine = ENGINES[settings.client.engine](self._run)

    def run(self) -> NoReturn:
        """Do the run, write its summary, and end the process with the exit status."""
        self._check_limits()
        if self._settings.metrics.enabled:
            self._export()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        problem = None
        try:
            await_servers(
                *(self._settings, self._url, self._stopped, self._say, self._endpoints),
                tls=self._run.tls,
                fault=self._fault,
            )
        except NotReady as error:
            problem = str(error)
        if problem is None and not self._stopped.is_set():
            problem = self._load()
        self._settle(problem)

    def _check_limits(self) -> None:
        needed = limits.needs(self._settings, self._addresses)
        lines = limits.check(limits.read_limits(), needed)
        if lines:
            refuse("client", "; ".join(lines))
        raise_open_files(needed.open_files)

    def _export(self) -> None:
        # Not earlier: without metrics nobody needs what it imports.
        from long_lived.client.watch import export_account

        try:
            export_account(self._settings, self._metrics_address, self._ledger, self._book)
        except OSError as error:
            refuse("client", f"metrics.port: {error}")

    def _fault(self) -> str | None:
        """Say what makes loading a service that is not ours useless; None where nothing does."""
        if self._settings.server.enabled:
            return None
        # Not earlier: it uses the libraries that the engine asyncio does without.
        from long_lived.client.preflight.trial import fault

        return fault(self._run)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._signal is not None:
            os._exit(128 + number)
        self._signal = number
        self._stopped.set()
        self._output.hurry()
        self._errors.hurry()

    def _load(self) -> str | None:
        """Run all users; return what went wrong in starting them, if anything did."""
        users = self._settings.client.concurrency
        gc.disable()
        began = time.monotonic()
        if (problem := self._engine.get_ready()) or self._stopped.is_set():
            return problem
        self._clock.restart()
        started = Started(
            users=users,
            took_seconds=time.monotonic() - began,
            cpu_seconds=time.process_time(),
            clock_unix_seconds=self._clock.started_unix_seconds,
        )
        self._say(str(started))
        self._loaded = True
        self._engine.begin()
        if self._endpoints is not None:
            self._endpoints.follow(self._settings.client.headless.resolve_seconds)
        try:
            self._await_users()
        except OSError as error:  # the event loop takes two descriptors when it begins
            return f"the run could not go on: {error}"
        return None

    def _on_defect(self, error: BaseException) -> None:
        """Log the first exception that nothing outside explains; there may be thousands like it."""
        with self._count_lock:
            self._defects += 1
            if self._defects == 1:
                self._errors.write(
                    line
                    for text in traceback.format_exception(error)
                    for line in text.rstrip("\n").split("\n")
                )

    def _await_users(self) -> None:
        """Wait until all are done, or a signal, or nobody reads the output any more."""
        began = self._clock.elapsed_seconds()
        report_at = began + self._progress_seconds
        collect_at = GARBAGE_FAILURES

        def tick() -> bool:
            nonlocal began, report_at, collect_at
            now = self._clock.elapsed_seconds()
            self._stalls.note(began, TICK_SECONDS, now - began)
            if self._stopped.is_set() or self._output.broken.is_set():
                return False
            if self._progress_seconds and now >= report_at:
                parts = self._ledger.parts(self._book.open_count)
                self._errors.write([str(parts), str(self._ledger.progress())])
                report_at = max(report_at + self._progress_seconds, now)
            if self._ledger.failed >= collect_at:
                gc.collect()
                collect_at = self._ledger.failed + GARBAGE_FAILURES
            began = self._clock.elapsed_seconds()
            return True

        self._engine.run(TICK_SECONDS, tick)

    def _settle(self, problem: str | None) -> NoReturn:
        """Close the account, write the summary as the last line, and end."""
        load_seconds = self._clock.elapsed_seconds() if self._loaded else 0.0
        self._book.drop_closed_by_peer()
        self._ledger.close(self._book.still_open())
        if not self._ledger.balanced():
            problem = (
                problem or "planned requests are not answered + failed: a defect of the client"
            )
        if defects := self._ledger.failed_by_kind[ErrorKind.CLIENT_ERROR]:
            problem = problem or (
                f"{defects} requests failed by a defect of the client: its log has the traceback"
            )
        problem = problem or self._run.expected.problem
        usage = resource.getrusage(resource.RUSAGE_SELF)
        summary = summarize(
            self._settings,
            self._ledger,
            opened=self._book.opened,
            retired=self._book.retired,
            resumed=self._book.resumed,
            client_id=self._client_id,
            stalls=self._stalls,
            load_seconds=load_seconds,
            stopped_by=signal.Signals(self._signal).name if self._signal else None,
            problem=problem,
            cost=Cost(
                cpu_seconds=round(usage.ru_utime + usage.ru_stime, 3),
                peak_memory_bytes=peak_memory_bytes(),
            ),
        )
        self._say(str(self._ledger.progress()))
        if problem:
            self._say(f"client: error: {problem}")
        self._output.write([str(summary)])
        self._output.flush()
        if self._output.broken.is_set():
            problem = problem or "standard output was closed or not read: the summary is lost"
            self._say(f"client: error: {problem}")
        status = 128 + self._signal if self._signal else FAILED_STATUS if problem else 0
        # Users may still be in the middle of a request or a think time, each in a thread that
        # an orderly exit would join; the account is closed and all that matters is written.
        os._exit(status)

    def _say(self, line: str) -> None:
        self._errors.write([line])


def _balancer(settings: Client) -> Balancer | None:
    """Make what chooses among the replicas; None where the Service does."""
    if settings.balancing == "service":
        return None
    return Balancer(settings.headless.policy, by_request=settings.balances_requests)
