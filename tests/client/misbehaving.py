"""A server that is ready, but misbehaves on every other path; each connection has a thread."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

BOUND_SECONDS = 60
READY = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nready a\n"
OK = b"HTTP/1.1 200 OK\r\n"
GOOD = b'{"pod": "a", "delay_seconds": 0}'

Behaviour = Callable[[socket.socket], None]


def whole(body: bytes = GOOD, *fields: bytes, status: bytes = OK) -> bytes:
    """Make a complete answer."""
    lines = [*fields, b"Content-Length: %d" % len(body)]
    return status + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def sends(*answers: bytes) -> Behaviour:
    """Answer each request with all of these."""
    return lambda peer: peer.sendall(b"".join(answers))


def repeats(head: bytes, piece: bytes, times: int) -> Behaviour:
    """Send `head`, then `piece` over and over."""

    def answer(peer: socket.socket) -> None:
        peer.sendall(head)
        for _ in range(times):
            peer.sendall(piece)

    return answer


def drips(head: bytes, piece: bytes) -> Behaviour:
    """Send `head`, then `piece` ten times a second for longer than a test lasts."""

    def answer(peer: socket.socket) -> None:
        peer.sendall(head)
        until = time.monotonic() + BOUND_SECONDS
        while time.monotonic() < until:
            peer.sendall(piece)
            time.sleep(0.1)

    return answer


class Misbehaving:
    """A server that answers each request by `behaviour`, until the client is gone."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.heads: list[str] = []
        """The headers of all requests but probes."""
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        peer.settimeout(BOUND_SECONDS)
        with peer:
            try:
                while head := self._head(peer):
                    if head.startswith("GET /readyz "):
                        peer.sendall(READY)
                    else:
                        self.heads.append(head)
                        self._behaviour(peer)
            except OSError:
                pass

    @staticmethod
    def _head(peer: socket.socket) -> str:
        seen = b""
        while b"\r\n\r\n" not in seen and (piece := peer.recv(4096)):
            seen += piece
        return seen.decode("latin-1")

    def stop(self) -> None:
        """Stop listening."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def misbehaving(behaviour: Behaviour) -> Iterator[Misbehaving]:
    """Serve until the block ends."""
    server = Misbehaving(behaviour)
    try:
        yield server
    finally:
        server.stop()


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Answer each request with the next of these."""
    lock, asked = threading.Lock(), Counter[str]()

    def answer(peer: socket.socket) -> None:
        with lock:
            number = asked["requests"]
            asked["requests"] += 1
        behaviours[number % len(behaviours)](peer)

    return answer
