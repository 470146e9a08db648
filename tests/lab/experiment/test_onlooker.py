"""Looks at a service during a run: the last two that ended while its clients ran are judged."""

import threading
from collections.abc import Collection, Mapping

import pytest
from tests.waiting import eventually

from long_lived.lab.analysis.live.looks import Holder, Seen
from long_lived.lab.analysis.live.sockets import Peer
from long_lived.lab.analysis.live.supplied import supplied
from long_lived.lab.analysis.verdict import Finding, Verdict
from long_lived.lab.experiment.backend import Trouble
from long_lived.lab.experiment.onlooker import Onlooker, seconds_between
from long_lived.settings import load

OLD, NEW = Holder("old", 1000.0), Holder("new", 2000.0)
NOT_JUDGED = Verdict(Finding.NOT_JUDGED, True, "not judged: …")


class Service:
    """A service whose first holder has everything; each look waits for the test."""

    def __init__(self) -> None:
        self.looked = threading.Semaphore(0)
        self.allowed = threading.Semaphore(0)
        self.trouble = ""
        self.notes: list[str] = []

    def look(self) -> list[Seen]:
        """Look, once that is allowed."""
        self.allowed.acquire(timeout=30)
        self.looked.release()
        if self.trouble:
            raise Trouble(self.trouble)
        return [Seen(OLD, [("10.0.0.1", port) for port in range(1, 201)]), Seen(NEW)]

    def owners(self, addresses: Collection[Peer]) -> Mapping[str, str]:  # noqa: ARG002
        """Name nobody."""
        return {}

    def let(self, looks: int) -> None:
        """Allow so many looks, and wait for the last of them to begin."""
        for _ in range(looks):
            self.allowed.release()
            assert self.looked.acquire(timeout=30)


def begun(service: Service) -> Onlooker:
    """Begin to look at a service."""
    onlooker = Onlooker(service, "it", 0.01)
    onlooker.begin()
    return onlooker


def test_two_looks_within_the_run_give_its_verdict() -> None:
    """What was kept from one to the next, and who came later, is known as from `inspect`."""
    service = Service()
    onlooker = begun(service)
    service.let(2)
    eventually(lambda: onlooker.confirm() or onlooker.found)
    service.allowed.release(100)
    assert onlooker.end() is None
    assert onlooker.found is not None
    told = supplied(NOT_JUDGED, onlooker.found, "pinned", 2010.0)
    assert (told.finding, told.passed) == (Finding.PINNED, True)
    assert told.words.startswith("pinned, as expected: new started later")
    other = supplied(NOT_JUDGED, onlooker.found, "even", 2010.0)
    assert not other.passed
    assert other.words.startswith("pinned, but even was expected: ")


def test_verdict_by_the_answers_stays() -> None:
    """Sockets supply a verdict only where answers name nobody."""
    service = Service()
    onlooker = begun(service)
    service.let(2)
    found = eventually(lambda: onlooker.confirm() or onlooker.found)
    service.allowed.release(100)
    onlooker.end()
    even = Verdict(Finding.EVEN, True, "even: …")
    assert supplied(even, found, "even", 2010.0) is even


@pytest.mark.parametrize(
    ("trouble", "words"), [("", "the run was too short"), ("forbidden", "forbidden")]
)
def test_run_that_nobody_saw_is_said(trouble: str, words: str) -> None:
    """Without two looks while the clients ran there is no verdict, and a reason."""
    service = Service()
    service.trouble = trouble
    onlooker = begun(service)
    service.let(1)
    onlooker.confirm()
    service.allowed.release(100)
    assert str(onlooker.end()).endswith(words)


@pytest.mark.parametrize(
    ("duration", "seconds"), [("0", 4.0), ("2", 1.0), ("30", 6.0), ("600", 10.0)]
)
def test_looks_are_several_in_a_run(duration: str, seconds: float) -> None:
    """They are a second apart at least, and ten at most."""
    assert seconds_between(load([], [f"client.durationSeconds={duration}"], {})) == seconds
