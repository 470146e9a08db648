"""What a virtual user sends, and how long it waits: from the settings alone, for every engine."""

from urllib.parse import quote, urlsplit

from long_lived.settings import Settings

READ_MARGIN_SECONDS = 30.0
"""What readSeconds = 0 adds to server.delay.maxSeconds: room for a burst to be accepted."""

CLIENT_HEADER = "Long-Lived-Client"
"""Says which client sends, so that a server counts those of several clients separately."""

DRAW_HEADER = "Long-Lived-Draw"
"""Says how long the server is to wait: from 0, its shortest delay, to 1, its longest."""


def read_timeout_seconds(settings: Settings) -> float:
    """Return the longest wait for a whole answer."""
    asked = settings.client.timeouts.read_seconds
    return asked or settings.server.delay.max_seconds + READ_MARGIN_SECONDS


def request_headers(settings: Settings, client_id: str) -> dict[str, str]:
    """Return the header of every request of the client `client_id`."""
    per_request = settings.client.keep_alive.mode == "per-request"
    return {
        "Accept": "application/json",
        "Connection": "close" if per_request else "keep-alive",
        "User-Agent": "long-lived",
        CLIENT_HEADER: client_id,
    }


def draw_text(draw: float) -> str:
    """Return what the header says of a `draw` from 0 to 1."""
    return f"{draw:.9f}"


def request_bytes(url: str, headers: dict[str, str]) -> bytes:
    """Return a request as it is sent, without the empty line at its end: a draw may follow.

    As http.client writes it, which `threads` and `gevent` use.
    """
    parts = urlsplit(url)
    target = quote(parts.path or "/", safe="!#$%&'()*+,/:;=?@[]~")
    if parts.query:
        target += "?" + quote(parts.query, safe="!#$%&'()*+,/:;=?@[]~")
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host.encode("idna").decode()
    host += "" if parts.port in (None, 80) else f":{parts.port}"
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {host}",
        "Accept-Encoding: identity",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()
