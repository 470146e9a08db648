"""Real clients that choose among real replicas: even after a change, and without losses."""

from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from tests.waiting import eventually

from .programs import ENGINES, RunningClient, RunningServer, StartClient, StartServer
from .test_run_account import LINE

KEEPS = ("server.runtime=gunicorn", "server.delay.minSeconds=0.05", "server.delay.maxSeconds=0.1")
USERS = 30


@pytest.fixture(scope="session")
def replicas(_session_servers: StartServer) -> Callable[..., list[RunningServer]]:
    """Share replicas that keep connections; each is started once."""
    start = cache(lambda name: _session_servers(*KEEPS, pod=name))
    return lambda *names: [start(name) for name in names]


def publish(file: Path, servers: list[RunningServer]) -> None:
    """Write the replicas' addresses to a file, like the lab."""
    draft = file.with_suffix(".new")
    addresses = [server.url.removeprefix("http://").strip("/") for server in servers]
    draft.write_text("".join(f"{one.replace(':', ' ')}\n" for one in addresses))
    draft.replace(file)


@pytest.fixture
def begin(start_client: StartClient, tmp_path: Path) -> Callable[..., tuple[RunningClient, Path]]:
    """Start a client that reads its addresses from a file, and runs until it is ended."""

    def start(servers: list[RunningServer], *settings: str) -> tuple[RunningClient, Path]:
        file = tmp_path / "addresses"
        publish(file, servers)
        client = start_client(
            "http://service.invalid/",
            *(f"client.concurrency={USERS}", "client.durationSeconds=600"),
            *("client.balancing=headless", "client.headless.resolveSeconds=0.1"),
            *(f"server.replicas={len(servers)}", *settings),
            flags=("--addresses", str(file)),
        )
        return client, file

    return start


def latest(client: RunningClient, count: int) -> Counter[str]:
    """Count the latest answers by replica."""
    found = LINE.findall(client.output)
    return Counter(pod for pod, *_ in found[-count:])


def holds(client: RunningClient) -> Counter[str]:
    """Count, by replica, the connections that carried the users' last answers."""
    last = LINE.findall(client.output)[-4 * USERS :]
    return Counter({connection: pod for pod, connection, _ in last}.values())


def ended(client: RunningClient):
    """End a client, and check its account."""
    run = client.stop()
    kinds = run.summary["requests"]["failed_by_kind"]
    assert set(kinds) <= {"interrupted"}, kinds  # what was in flight when it ended
    return run.summary


@ENGINES
def test_users_move_to_new_replicas_and_leave_stopped_ones(engine: str, replicas, begin) -> None:
    """With a connection per user each replica has its share after a change, without losses."""
    servers = replicas("a", "b", "c")
    client, file = begin(servers, f"client.engine={engine}")
    eventually(lambda: holds(client) == {"a": 10, "b": 10, "c": 10})
    servers += replicas("d", "e")
    publish(file, servers)
    eventually(lambda: holds(client) == dict.fromkeys("abcde", 6))
    publish(file, servers[2:])
    eventually(lambda: holds(client) == dict.fromkeys("cde", 10))
    assert [server.stats()["in_flight"] for server in servers[:2]] == [0, 0]
    connections = ended(client)["connections"]
    assert connections["retired"] >= 12 + 12
    assert connections["opened"] == USERS + connections["retired"]
    assert connections["open"] == USERS


@pytest.mark.parametrize(
    ("engine", "policy"),
    [("threads", "round-robin"), ("gevent", "two-choices"), ("asyncio", "least-in-flight")],
)
def test_each_request_of_a_shared_pool_is_balanced(
    engine: str, policy: str, replicas, begin
) -> None:
    """A new replica gets requests at once, and one that is gone gets none.

    No engine knows the policy: each of both is here once.
    """
    servers = replicas("a", "b")
    settings = ("client.connections=shared", f"client.headless.policy={policy}")
    client, file = begin(servers, f"client.engine={engine}", *settings)
    eventually(lambda: len(latest(client, 100)) == 2)
    servers += replicas("c")
    publish(file, servers)
    eventually(lambda: latest(client, 300)["c"] > 60)
    publish(file, servers[1:])
    eventually(lambda: set(latest(client, 300)) == {"b", "c"})
    assert ended(client)["requests"]["answered"] >= 400


def test_client_goes_on_where_the_addresses_are_gone(replicas, begin) -> None:
    """It keeps the addresses it knew, and says so once."""
    client, file = begin(replicas("a", "b"))
    eventually(lambda: len(latest(client, 50)) == 2)
    file.unlink()
    eventually(lambda: "Warning: " in client.errors)
    seen = len(client.output)
    eventually(lambda: len(client.output) > 2 * seen)
    ended(client)
    warnings = [line for line in client.errors.splitlines() if line.startswith("Warning: ")]
    assert warnings == [
        f"Warning: {file}: No such file or directory: the addresses known so far stay (said once)"
    ]
