"""Where the client learns the replicas' addresses, and what it does when it cannot."""

import socket
import threading
from pathlib import Path

import pytest
from tests.waiting import eventually

from long_lived.client.transport import endpoints
from long_lived.client.transport.balancer import Balancer
from long_lived.client.transport.endpoints import Endpoints, listed, named, source
from long_lived.settings import load

A = (socket.AF_INET, ("127.0.1.1", 8000))
B = (socket.AF_INET, ("127.0.1.2", 8001))
SIX = (socket.AF_INET6, ("::1", 8000))


def addresses(balancer: Balancer) -> list:
    """Return what a balancer knows."""
    return list(balancer.loads())


def following(find) -> tuple[Endpoints, Balancer, list[str]]:
    """Make the endpoints that look addresses up by `find`."""
    balancer, reports = Balancer("round-robin", by_request=False), []
    return Endpoints("headless.test", find, balancer, reports.append), balancer, reports


def test_addresses_stand_in_a_file(tmp_path: Path) -> None:
    """One per line, with its port, also for IPv6."""
    file = tmp_path / "addresses"
    file.write_text("127.0.1.1 8000\n127.0.1.2 8001\n::1 8000\n")
    assert listed(file)() == [A, B, SIX]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it holds no address"),
        ("127.0.1.1 8000\nlocalhost 80\n", "'localhost 80' is not `ADDRESS PORT`"),
        ("127.0.1.1\n", "'127.0.1.1' is not `ADDRESS PORT`"),
        ("127.0.1.1 x\n", "'127.0.1.1 x' is not `ADDRESS PORT`"),
        ("127.0.1.1 0\n", "'127.0.1.1 0' is not `ADDRESS PORT`"),
        ("127.0.1.1 65536\n", "'127.0.1.1 65536' is not `ADDRESS PORT`"),
    ],
    ids=["empty", "name", "no-port", "word", "zero", "too-high"],
)
def test_file_that_cannot_be_used_is_refused(text: str, words: str, tmp_path: Path) -> None:
    """The reason names the line."""
    file = tmp_path / "addresses"
    file.write_text(text)
    with pytest.raises(OSError, match=r".") as refused:
        listed(file)()
    assert str(refused.value) == words


def test_name_with_two_families_has_each_replica_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The family that the system prefers counts: each replica has an address of both."""
    monkeypatch.setattr(endpoints, "lookup", lambda *_: [SIX, A, B])
    assert named("headless.test", 8000)() == [SIX]


def test_source_is_the_file_or_else_the_headless_service(tmp_path: Path) -> None:
    """A file on one machine, readiness.host on a cluster."""
    settings = load([], ["client.readiness.host=headless.test"], {})
    assert source(settings, None)[0] == "headless.test"
    assert source(settings, tmp_path)[0] == str(tmp_path)


def test_addresses_are_looked_up_again_and_again() -> None:
    """New ones appear, and those that are gone disappear."""
    known = [A]
    followed, balancer, _ = following(lambda: list(known))
    assert followed.look() == [A]
    followed.follow(0.01)
    assert addresses(balancer) == [A]
    known[:] = [B]
    eventually(lambda: addresses(balancer) == [B])


def test_last_addresses_stay_where_the_look_up_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The failure is reported once, and the next answer counts again."""
    asked = threading.Semaphore(0)
    answers: list[list] = [[A]]

    def find() -> list:
        asked.release()
        if not answers:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return answers[-1]

    followed, balancer, reports = following(find)
    followed.look()
    answers.clear()
    followed.follow(0.01)
    for _ in range(4):
        assert asked.acquire(timeout=30)
    assert addresses(balancer) == [A]
    assert reports == [
        "Warning: headless.test: Temporary failure in name resolution: the addresses known so far "
        "stay (said once)"
    ]
    answers.append([B])
    eventually(lambda: addresses(balancer) == [B])


def test_slow_name_server_holds_up_nobody() -> None:
    """While it is silent, users choose among the known addresses."""
    silent, asked = threading.Event(), threading.Event()

    def find() -> list:
        if asked.is_set():
            return [B]
        asked.set()
        silent.wait(30)
        return [A]

    followed, balancer, _ = following(find)
    balancer.update([A])
    followed.follow(0.01)
    assert asked.wait(30)
    assert balancer.choose() == A
    silent.set()
    eventually(lambda: addresses(balancer) == [B])
