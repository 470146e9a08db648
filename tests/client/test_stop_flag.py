"""The flag that a signal handler sets."""

import signal
import threading
import time

import pytest

from long_lived.client.stop import Stop


def test_wait_without_stop_is_over_in_time() -> None:
    """Without a stop the wait ends on its own."""
    assert Stop().wait(0.01) is False


def test_wait_ends_at_a_stop_from_another_thread() -> None:
    """A stop ends a long wait."""
    stop = Stop()
    thread = threading.Timer(0.05, stop.set)
    thread.start()
    assert stop.wait(60) is True
    assert stop.is_set()
    thread.join()


def test_wait_is_over_at_once_if_the_flag_is_set() -> None:
    """Once the flag is set, no wait blocks."""
    stop = Stop()
    stop.set()
    assert stop.wait(60) is True


@pytest.mark.timeout(30)
def test_handler_in_the_middle_of_a_wait_does_not_deadlock() -> None:
    """Signals that hit the waiting thread at any point never block it for good."""
    stop, hits = Stop(), []

    def handler(*_: object) -> None:
        hits.append(1)
        stop.set()
        stop._set = False

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline:
            stop.wait(0.0001)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert hits
