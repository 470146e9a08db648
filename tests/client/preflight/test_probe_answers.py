"""What a server may not answer to the probes before the start."""

import socket

import pytest
from tests.client.misbehaving import OK, drips, repeats, sends, whole

from long_lived.client.preflight import readiness
from long_lived.client.preflight.readiness import NotReady, await_servers
from long_lived.client.stop import Stop
from long_lived.settings import load


@pytest.mark.parametrize(
    ("reply", "missing"),
    [
        (drips(OK + b"Content-Length: 100\r\n\r\n", b"r"), "does not answer (read_timeout)"),
        (repeats(OK, b"x: " + b"y" * 65_000 + b"\r\n", 90), "does not answer (bad_answer)"),
        (sends(whole(b"", status=b"HTTP/1.1 503 X\r\n")), "answers 503"),
    ],
    ids=["drips", "long", "not-ready"],
)
def test_probe_that_is_answered_badly_is_not_ready(
    reply, missing: str, scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Probes before the start are bounded like requests."""
    monkeypatch.setattr(readiness, "PROBE_TIMEOUT_SECONDS", 0.3)

    def script(peer: socket.socket) -> None:
        peer.recv(4096)
        reply(peer)

    url = f"http://127.0.0.1:{scripted(script)}/"
    with pytest.raises(NotReady) as caught:
        await_servers(
            load([], ["client.readiness.timeoutSeconds=0.1"], {}), url, Stop(), lambda _: None
        )
    assert str(caught.value).endswith(f"{url}readyz {missing}")
