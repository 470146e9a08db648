"""Waiting for the server at the url until it is ready, a signal comes, or time is up."""

import socket
import threading

import pytest

from long_lived.client.preflight import readiness
from long_lived.client.preflight.readiness import NotReady, await_servers
from long_lived.client.stop import Stop

from .replicas import BOUND_SECONDS, Replies, wanted


def test_server_that_becomes_ready_is_awaited(scripted) -> None:
    """503 is not ready, 200 is; the same reason to wait is reported once."""
    script = Replies(503, 503, 200)
    reports: list[str] = []
    url = f"http://127.0.0.1:{scripted(script)}/some/path?x=y"
    await_servers(wanted(), url, Stop(), reports.append)
    assert [request.split()[1] for request in script.requests] == ["/readyz"] * 3
    assert reports == [f"Waiting: {url.replace('some/path?x=y', 'readyz')} answers 503"]


def test_server_that_is_ready_is_not_reported(scripted) -> None:
    """Without a wait nothing is reported."""
    reports: list[str] = []
    url = f"http://127.0.0.1:{scripted(Replies(200))}/"
    await_servers(wanted(), url, Stop(), reports.append)
    assert reports == []


def test_server_that_is_never_ready_is_an_error(scripted) -> None:
    """When time is up the error names the setting, its value and what is missing."""
    url = f"http://127.0.0.1:{scripted(Replies(503))}/"
    with pytest.raises(NotReady) as caught:
        await_servers(wanted(seconds=0.3), url, Stop(), lambda _: None)
    assert str(caught.value) == (
        f"not ready within client.readiness.timeoutSeconds = 0.3: {url}readyz answers 503"
    )


def test_server_that_does_not_answer_is_named() -> None:
    """A refused connection is reported in words."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/"
        with pytest.raises(NotReady, match=r"/readyz does not answer \(connect_refused\)"):
            await_servers(wanted(seconds=0.1), url, Stop(), lambda _: None)


def test_stop_ends_the_wait(scripted) -> None:
    """A signal during the wait returns at once, without an error."""
    stop = Stop()
    await_servers(
        wanted(), f"http://127.0.0.1:{scripted(Replies(503))}/", stop, lambda _: stop.set()
    )
    assert stop.is_set()


def test_stop_ends_a_wait_for_an_answer_at_once(scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """A silent peer does not delay a signal."""
    monkeypatch.setattr(readiness, "PROBE_TIMEOUT_SECONDS", 10 * BOUND_SECONDS)
    stop, released = Stop(), threading.Event()

    def silent(peer: socket.socket) -> None:
        peer.recv(4096)
        stop.set()
        released.wait(BOUND_SECONDS)

    await_servers(wanted(), f"http://127.0.0.1:{scripted(silent)}/", stop, lambda _: None)
    assert not released.is_set()
    released.set()
