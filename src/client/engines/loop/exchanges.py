"""Requests and their answers on non-blocking sockets: what `transport` does with urllib3.

The loop only watches sockets, which are used directly: a transport and a protocol of asyncio for
each connection would take a task to connect, and twice the memory.

Rules, as in `transport.pool`: no request is ever sent twice; the client closes a kept connection
only between two requests; bytes that nobody asked for fail the next request on their connection.
"""

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass

from long_lived.client.engines.engine import Run
from long_lived.client.engines.loop.idle import Idle, PerUser, Shared
from long_lived.client.engines.loop.incoming import Incoming
from long_lived.client.engines.loop.link import Link
from long_lived.client.engines.loop.opening import Opening, over
from long_lived.client.engines.loop.user import User
from long_lived.client.ledger import Answer
from long_lived.client.preflight.limits import most_idle
from long_lived.client.target.asked import DRAW_HEADER
from long_lived.client.transport.answer import read_answer
from long_lived.client.transport.connections import Connection
from long_lived.client.transport.errors import BadAnswer, UnexpectedStatus, classify
from long_lived.client.users.request import draw_text, header_bytes, read_timeout_seconds
from long_lived.metrics.closing import Closing
from long_lived.record.error_kind import ErrorKind

READ_BYTES = 16 * 1024
"""Most that is read at once: the servers' own answers are some 400 bytes long."""

SWEEP_SECONDS = 1.0
"""How often a shared pool is searched for idle connections that are to be retired."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a request was not answered."""

    kind: ErrorKind
    detail: str
    connection: Connection | None = None
    """On which it was sent, or was to be."""


Landed = Callable[[User, Answer | Failed], None]


class Exchanges:
    """All requests of one client."""

    def __init__(self, loop: asyncio.AbstractEventLoop, run: Run, landed: Landed) -> None:
        """Prepare the requests; `landed` is called at the end of each, and never raises."""
        self._loop, self._landed = loop, landed
        self._book, self._balancer = run.book, run.balancer
        self._opening = Opening(loop, run, self._opened, self._fail, self._break)
        self._on_defect = run.on_defect
        self._asked, self._expected = run.asked, run.expected
        self._header = header_bytes(run.asked)
        self._whole_request = self._header + b"\r\n" + (run.asked.body or b"")
        self._seconds = read_timeout_seconds(run.settings)
        client = run.settings.client
        self._keeps = client.keep_alive.mode != "per-request"
        self._by_request = client.balances_requests
        self._idle: Idle = PerUser()
        if client.shares_connections:
            self._idle = Shared(most_idle(client), newest_first=client.connections == "shared")
        # In the order of their deadlines: all wait equally long.
        self._deadlines: dict[Link, float] = {}
        self._swept_at = 0.0

    def begin(self, user: User, draw: float | None) -> None:
        """Send a request of `user` with the `draw` of its delay; it may land before this ends."""
        user.sent_at = time.monotonic()
        balancer, place = self._balancer, None
        if balancer is not None and self._by_request:
            place = balancer.choose()
        link = self._idle.take(user, place)
        if link is not None and not self._ready(link):
            if link.unasked:
                if balancer is not None and place is not None:
                    balancer.leave(place)
                detail = "the connection held bytes that no request had asked for"
                self._landed(user, Failed(ErrorKind.UNASKED_ANSWER, detail, link.tcp))
                return
            link = None
        if link is not None and balancer is not None and link.place is not None:
            place = balancer.move(link.place)
            if place is not None:
                link.place = None  # counted there no more
                self._retire(link)
                link = None
        if link is None:
            link = Link(user, place)
            link.unsent = self._bytes(draw)
            self._opening.open(link)
        else:
            link.user, link.place = user, link.place or place
            link.unsent = self._bytes(draw)
            self._send(link)

    def expire(self) -> None:
        """Give up what has taken too long, and now and then retire what is idle and due."""
        self._opening.expire()
        now = time.monotonic()
        for link in [one for one, _ in itertools.takewhile(over(now), self._deadlines.items())]:
            # What has already arrived counts: a client that stood still must not call it late.
            while link in self._deadlines and self._on_readable(link):
                pass
            if link in self._deadlines:
                self._end(link, ErrorKind.READ_TIMEOUT, "no whole answer in time")
        if now - self._swept_at >= SWEEP_SECONDS:
            self._swept_at = now
            for link in self._idle.remove(self._due):
                self._retire(link) if link.silent() else self._close(link, Closing.PEER)

    def _bytes(self, draw: float | None) -> bytes:
        if draw is None or not self._asked.draws:
            return self._whole_request
        return self._header + f"{DRAW_HEADER}: {draw_text(draw)}\r\n\r\n".encode()

    def _ready(self, link: Link) -> bool:
        """Tell whether a kept connection can carry another request; close it if not."""
        if not link.silent():
            if self._balancer is not None and link.address is not None:
                self._balancer.doubt(link.address)
            self._close(link, Closing.FAILED if link.unasked else Closing.PEER)
            return False
        if self._due(link):
            self._retire(link)
            return False
        return True

    def _due(self, link: Link) -> bool:
        """Tell whether it is at its end: of its own limits, or because its address is gone."""
        if link.aged():
            return True
        balancer, address = self._balancer, link.address
        return balancer is not None and address is not None and not balancer.lists(address)

    def _opened(self, link: Link) -> None:
        self._loop.add_reader(link.descriptor, self._on_readable, link)
        self._send(link)

    def _send(self, link: Link) -> None:
        """Send what is left of the request; its answer is awaited from now on."""
        try:
            sent = link.socket.send(link.unsent)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._end(link, ErrorKind.CONNECTION_LOST, str(error))
            return
        link.unsent = link.unsent[sent:]
        if link.unsent:
            self._loop.add_writer(link.descriptor, self._on_writable, link)
        self._deadlines.pop(link, None)
        self._deadlines[link] = time.monotonic() + self._seconds

    def _on_writable(self, link: Link) -> None:
        try:
            self._loop.remove_writer(link.descriptor)
            self._send(link)
        except BaseException as error:
            self._break(link, error)

    def _on_readable(self, link: Link) -> bool:
        """Read what is there; tell whether it may be worth to try again."""
        try:
            if link.user is None:
                self._look_at_idle(link)
                return False
            try:
                data = link.socket.recv(READ_BYTES)
            except BlockingIOError:
                return False
            except OSError as error:
                late = isinstance(error, TimeoutError)  # the kernel's, as for a lost route
                kind = ErrorKind.READ_TIMEOUT if late else ErrorKind.CONNECTION_LOST
                self._end(link, kind, str(error))
                return False
            if link.incoming is None:
                if not data:
                    self._end(link, ErrorKind.CONNECTION_LOST, "closed without an answer")
                    return False
                bodiless = self._asked.method == "HEAD"
                link.incoming = Incoming(self._expected.most_body_bytes, bodiless=bodiless)
            try:
                whole = link.incoming.feed(data) if data else link.incoming.end()
            except BadAnswer as error:
                self._end(link, ErrorKind.BAD_ANSWER, str(error))
                return False
            if whole:
                self._land(link, link.incoming)
            elif not data:
                self._end(link, ErrorKind.CONNECTION_LOST, "closed in the middle of an answer")
            return True
        except BaseException as error:
            self._break(link, error)
            return False

    def _look_at_idle(self, link: Link) -> None:
        """Close an idle connection that its peer has closed; what it sent waits for a request."""
        if link.silent():
            return
        if link.unasked:
            self._loop.remove_reader(link.descriptor)
            return
        if self._balancer is not None and link.address is not None:
            self._balancer.doubt(link.address)
        self._close(link, Closing.PEER)

    def _land(self, link: Link, incoming: Incoming) -> None:
        """End a request whose answer is whole; keep the connection, or close it."""
        user, tcp = link.user, link.tcp
        if user is None or tcp is None:
            raise AssertionError("unreachable: an answer came over a connection, to a user")
        seconds = time.monotonic() - user.sent_at
        del self._deadlines[link]
        link.user = link.incoming = None
        link.answers += 1
        incoming.release()
        announced = incoming.announces_close()
        if self._balancer is not None and link.address is not None:
            self._balancer.trust(link.address)
            if self._by_request:
                self._leave(link)
        if not self._keeps or announced or incoming.ends_connection():
            self._close(link, Closing.ANSWERED)
        else:
            if incoming.left_over:
                link.unasked = True
                self._loop.remove_reader(link.descriptor)
            if self._due(link) and link.silent():
                self._retire(link)
            elif not self._idle.put(user, link):
                self._close(link, Closing.ANSWERED)
        try:
            outcome: Answer | Failed = read_answer(
                *(incoming.status, incoming.body(), seconds, announced, tcp),
                headers={} if self._expected.ours else incoming.fields(),
                expected=self._expected,
            )
        except (UnexpectedStatus, BadAnswer) as error:
            outcome = Failed(classify(error), str(error), tcp)
        self._landed(user, outcome)

    def _end(self, link: Link, kind: ErrorKind, detail: str) -> None:
        """End a request that failed on its connection, which is closed."""
        self._deadlines.pop(link, None)
        if link.incoming is not None:
            link.incoming.release()
            link.incoming = None
        self._close(link)
        self._fail(link, kind, detail)

    def _fail(self, link: Link, kind: ErrorKind, detail: str) -> None:
        user, link.user = link.user, None
        if user is not None:
            self._landed(user, Failed(kind, detail, link.tcp))

    def _break(self, link: Link, error: BaseException) -> None:
        """End what a defect of the client has broken."""
        self._on_defect(error)
        if link.tcp is not None:
            self._end(link, ErrorKind.CLIENT_ERROR, repr(error))
        else:
            self._fail(link, ErrorKind.CLIENT_ERROR, repr(error))

    def _retire(self, link: Link) -> None:
        """Close a connection by the client's own choice; it must be between two requests."""
        if link.tcp is not None:
            self._book.retire(link.tcp)
        self._close(link, Closing.RETIRED)

    def _close(self, link: Link, why: Closing = Closing.FAILED) -> None:
        if link.sock is None:
            return
        self._loop.remove_reader(link.descriptor)
        if link.unsent:
            self._loop.remove_writer(link.descriptor)
        if link.tcp is not None:
            self._book.close(link.tcp, why)
        self._leave(link)
        link.sock.close()
        link.sock = None

    def _leave(self, link: Link) -> None:
        """Let the balancer count one less where it counts this."""
        if self._balancer is not None and link.place is not None:
            place, link.place = link.place, None
            self._balancer.leave(place)
