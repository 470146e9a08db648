"""A request's header as the event loop's client writes it."""

import http.client
from urllib.parse import urlsplit

import pytest

from long_lived.client.target.asked import Asked
from long_lived.client.users.request import header_bytes


class Sent(http.client.HTTPConnection):
    """Keeps what it would send, as the other engines do."""

    kept = b""

    def send(self, data: bytes) -> None:
        self.kept += data


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("path", ["/", "", "/a%20b/c", "/?x=1&y=a%2Fb", "/?"])
@pytest.mark.parametrize("host", ["shop.example", "shop.example:80", "10.0.0.1:8000", "[::1]:8000"])
def test_header_is_that_of_the_other_engines(host: str, path: str, method: str) -> None:
    """Byte by byte what http.client sends: a server cannot tell the engines apart."""
    url = f"http://{host}{path}"
    asked = Asked(method, url, {"Accept": "*/*", "User-Agent": "long-lived"}, None, draws=False)
    parts = urlsplit(url)
    sent = Sent(parts.hostname or "", parts.port)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent.request(method, target, headers=dict(asked.headers))
    assert header_bytes(asked) + b"\r\n" == sent.kept
