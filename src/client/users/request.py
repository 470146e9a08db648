"""What a virtual user sends, and how long it waits: from the settings alone, for every engine."""

from urllib.parse import quote, urlsplit

from long_lived.client.target.asked import Asked
from long_lived.settings import Settings

READ_MARGIN_SECONDS = 30.0
"""What readSeconds = 0 adds to server.delay.maxSeconds: room for a burst to be accepted."""


def read_timeout_seconds(settings: Settings) -> float:
    """Return the longest wait for a whole answer."""
    asked = settings.client.timeouts.read_seconds
    return asked or settings.server.delay.max_seconds + READ_MARGIN_SECONDS


def draw_text(draw: float) -> str:
    """Return what the header says of a `draw` from 0 to 1."""
    return f"{draw:.9f}"


def header_bytes(asked: Asked) -> bytes:
    """Return a request's header as it is sent, without the empty line at its end.

    As http.client writes it, which `threads` and `gevent` use.
    """
    parts = urlsplit(asked.url)
    target = quote(parts.path or "/", safe="!#$%&'()*+,/:;=?@[]~")
    if parts.query:
        target += "?" + quote(parts.query, safe="!#$%&'()*+,/:;=?@[]~")
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host.encode("idna").decode()
    host += "" if parts.port in (None, 80) else f":{parts.port}"
    own = {"Host": host, "Accept-Encoding": "identity"}
    if asked.body is not None or asked.method not in ("GET", "HEAD"):
        own["Content-Length"] = str(len(asked.body or b""))
    given = {name.lower() for name in asked.headers}
    headers = {name: value for name, value in own.items() if name.lower() not in given}
    lines = [
        f"{asked.method} {target} HTTP/1.1",
        *(f"{name}: {value}" for name, value in [*headers.items(), *asked.headers.items()]),
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()
