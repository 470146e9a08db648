"""Scripted replicas and Services: how each answers when asked whether it is ready."""

import socket
import threading

from long_lived.client.transport.resolver import Address
from long_lived.settings import Settings, load

BOUND_SECONDS = 30
NAME = "headless.test"


class Replies:
    """A peer that gives these answers in turn, and repeats the last for ever.

    A number is a status, a text the body of a 200.
    """

    def __init__(self, *answers: int | str) -> None:
        self.answers = list(answers)
        self.requests: list[str] = []

    def __call__(self, peer: socket.socket) -> None:
        """Serve one connection for as long as its client keeps it."""
        while request := peer.recv(4096).decode():
            self.requests.append(request)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            status, body = (answer, "") if isinstance(answer, int) else (200, f"{answer}\n")
            peer.sendall(
                f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
            )


class Replicas:
    """Replicas at addresses of the loopback network that share a port and a name."""

    def __init__(self) -> None:
        self.port = 0
        self.peers: list[Replies] = []
        self.addresses: list[Address] = []
        self._listeners: list[socket.socket] = []

    def start(self, *peers: Replies) -> None:
        """Serve each peer at the next address, and publish that under the name."""
        for peer in peers:
            self.listen(f"127.0.1.{len(self.addresses) + 1}", peer)

    def listen(self, address: str, peer: Replies) -> None:
        """Serve a peer at `address`."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.create_server((address, self.port), family=family)
        self.port = listener.getsockname()[1]
        self.peers.append(peer)
        self.addresses.append((family, (address, self.port)))
        self._listeners.append(listener)
        threading.Thread(target=self._serve, args=(listener, peer), daemon=True).start()

    def lookup(self, host: str, port: int) -> list[Address]:
        """Act as the name server."""
        assert (host, port) == (NAME, self.port)
        return self.addresses

    def stop(self) -> None:
        """Close all listeners."""
        for listener in self._listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    @staticmethod
    def _serve(listener: socket.socket, peer: Replies) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(BOUND_SECONDS)
                try:
                    peer(connection)
                except OSError:
                    pass

    def wanted(self, *settings: str, number: int = 3, seconds: float = 20) -> Settings:
        """Make settings of a client that waits for this name and `number` of replicas."""
        own = f"server.port={self.port},server.replicas={number},client.readiness.host={NAME}"
        return wanted(own, *settings, seconds=seconds)


def wanted(*settings: str, seconds: float = 20) -> Settings:
    """Make settings."""
    return load([], [f"client.readiness.timeoutSeconds={seconds}", *settings], {})


def service(scripted, *answers: int | str) -> tuple[Replies, str]:
    """Start a Service that leads to these pods in turn; return it and its url."""
    script = Replies(*answers)
    return script, f"http://127.0.0.1:{scripted(script)}/"
