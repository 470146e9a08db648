"""The Kubernetes API of a cluster on a local port, over plain HTTP."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.in_thread import served_in_thread

from . import executing, kinds, openapi, watch
from .kinds import Object
from .store import Cluster, Refused

CONTEXT = "miniature"
"""Name of the kubeconfig's only context."""


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def handle_any(self) -> None:
        """Answer one request, which may be a stream."""
        cluster = self.server.cluster
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        where = kinds.place(url.path)
        get = self.command == "GET"
        try:
            if get and query.get("watch", "false") not in ("false", "0") and where:
                self._stream("application/json", watch.lines(cluster, where, query))
                return
            if get and where and where.part == "log" and where.kind.name == "Pod":
                self._stream("text/plain", cluster.log(where, query))
                return
            if where and where.part == "exec":
                self._execute(cluster.execute(where, parse_qs(url.query)))
                return
            if get and where and where.part.startswith("proxy/"):
                self._send_bytes(200, cluster.proxy(where))
                return
            media = self.headers.get("Content-Type", "")
            answer = openapi.document(url.path) if get else None
            answer = answer or cluster.answer(self.command, url.path, query, body, media)
            self._send(201 if self.command == "POST" else 200, answer)
        except Refused as refused:
            why = {"code": refused.status, "reason": refused.reason, "message": str(refused)}
            told = {"kind": "Status", "apiVersion": "v1", "status": "Failure", **why}
            self._send(refused.status, told)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def _execute(self, exit_status: int) -> None:
        self.close_connection = True
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        key = executing.accepted(self.headers["Sec-WebSocket-Key"])
        self.send_header("Sec-WebSocket-Accept", key)
        self.send_header("Sec-WebSocket-Protocol", executing.PROTOCOL)
        self.end_headers()
        self.wfile.write(executing.ended(exit_status))
        self.rfile.read()  # until the client has read the end

    def _send(self, status: int, answer: Object) -> None:
        self._send_bytes(status, json.dumps(answer).encode())

    def _send_bytes(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, media: str, chunks: Iterable[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in chunks:
            if chunk:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


class Server(ThreadingHTTPServer):
    """Serves a cluster; `server_close` leaves no thread and no connection."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, cluster: Cluster) -> None:
        """Take a free port."""
        self.cluster = cluster
        super().__init__(("127.0.0.1", 0), Handler)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Keep track of the connection while it is open."""
        self.cluster.connections.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.cluster.connections.discard(request)

    def handle_error(self, *_: Any) -> None:
        """Raise any error but that of a client that went away."""
        try:
            raise
        except ConnectionError:
            pass

    def server_close(self) -> None:
        """Cut all open connections, so that the threads that read from them end."""
        self.cluster.stop()
        self.cluster.cut_connections()
        super().server_close()


@contextmanager
def serving(cluster: Cluster, folder: Path) -> Iterator[Path]:
    """Serve `cluster`; yield a kubeconfig for it, in `folder`, with one context."""
    with Server(cluster) as server:
        kubeconfig, named = folder / "kubeconfig", {"name": CONTEXT}
        kubeconfig.touch(mode=0o600)
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": CONTEXT,
            "clusters": [
                {**named, "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}
            ],
            "users": [{**named, "user": {}}],
            "contexts": [{**named, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
        }
        kubeconfig.write_text(json.dumps(content), encoding="utf-8")
        with served_in_thread(server):
            yield kubeconfig


@contextmanager
def running(folder: Path) -> Iterator[tuple[Cluster, Path]]:
    """Serve a cluster in which nothing runs; yield it and its kubeconfig."""
    cluster = Cluster()
    with serving(cluster, folder) as kubeconfig:
        yield cluster, kubeconfig
