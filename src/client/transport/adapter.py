"""requests' adapter over one pool of connections. No request is ever sent twice."""

import threading
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, Retry
from urllib3.util import Timeout

from long_lived.client.transport.connections import Connection
from long_lived.client.transport.counted import Latest

_NO_RETRY = Retry(0, read=False)
"""What requests passes by default; here all transports share it."""


class Transport(HTTPAdapter):
    """requests' adapter over a pool of connections that are entered in a book.

    It is called directly, not mounted on a Session (`Exchange` says why): it returns urllib3's
    response, which a Session could not use.

    A transport for each virtual user gives each one connection; one for all of them is a shared
    pool, LIFO as in urllib3 or FIFO. There is only one server, or the connections themselves choose
    among replicas: the manager of pools that requests puts in between would cost each user memory
    and time, and decide nothing.
    """

    def __init__(self, url: str, pool_class: type[HTTPConnectionPool], size: int) -> None:
        """Keep up to `size` connections to the server of `url`; 0 closes each after its answer.

        A client that sends `Connection: close` must not send again on that connection
        (RFC 9112, 9.6), whatever the server answers; urllib3 leaves that to its caller.
        """
        parts = urlsplit(url)
        if parts.hostname is None:
            raise ValueError(f"no host in {url!r}")
        port = parts.port or (443 if parts.scheme.lower() == "https" else 80)
        self._pool = pool_class(parts.hostname, port, maxsize=size)
        super().__init__(max_retries=_NO_RETRY)

    def latest(self) -> Connection | None:
        """Return the connection of the calling user's latest request; None where there was none.

        A user is a thread or greenlet.
        """
        latest: Latest = self._pool.latest  # type: ignore[attr-defined]
        return latest.get(threading.get_ident())

    def ask(self, request: PreparedRequest, timeout: Timeout) -> HTTPResponse:
        """Send a request; return its answer, whose body is still to be read."""
        response: HTTPResponse = self.send(  # type: ignore[assignment] # see build_response
            request,
            timeout=timeout,  # type: ignore[arg-type] # typeshed's requests knows floats only
            proxies={},
        )
        return response

    def init_poolmanager(self, *_: Any, **__: Any) -> None:
        """Make no manager: there is one pool."""

    def cert_verify(self, *_: Any) -> None:
        """Leave TLS to the connections."""

    def build_response(self, _: Any, resp: Any) -> Any:
        """Return urllib3's response as it is.

        requests would wrap it in one of its own, with a cookie jar, a copy of the header and a
        generator for the body, none of them used here: a twelfth of the client's CPU (measured
        with gevent, six runs each, in turns: 15.2 against 14.1 s).
        """
        return resp

    def request_url(self, request: Any, _: Any) -> Any:
        """Return the path and query without looking for proxies: there are none."""
        return request.path_url

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> HTTPConnectionPool:
        """Return the pool. Source: requests 2.34 adapters.py, which calls this for each request."""
        return self._pool
