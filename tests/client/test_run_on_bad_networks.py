"""Networks that run out of ports or drop what is one too many, and names that come and go."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.namespaces import NetworkNamespace, network_namespace, with_files_in_place
from tests.waiting import eventually

from .misbehaving import misbehaving, sends, whole
from .programs import BOTH, FinishedRun, RunningServer, StartServer

PORTS = 64
HOLDER = """
import socket, time
held = []
while len(held) < 40:
    try:
        held.append(socket.create_connection(("127.0.0.1", 8000)))
    except OSError:  # the connections of another test are not over yet
        time.sleep(0.1)
print("holding", flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def narrow() -> Iterator[NetworkNamespace]:
    """Yield a network with few ports, none of which a connection that is over still holds."""
    ports = f"echo {40_000} {40_000 + PORTS - 1} > /proc/sys/net/ipv4/ip_local_port_range"
    with network_namespace(f"{ports} && echo 0 > /proc/sys/net/ipv4/tcp_max_tw_buckets") as one:
        yield one


@pytest.fixture(scope="module")
def server(narrow: NetworkNamespace, _session_servers: StartServer) -> RunningServer:
    """Share a server in that network."""
    return _session_servers(
        "server.runtime=gunicorn",
        *("server.delay.minSeconds=0", "server.delay.maxSeconds=0.02"),
        bind="127.0.0.1:8000",
        prefix=narrow.enter,
    )


def check(run: FinishedRun, kind: str, detail: str) -> None:
    """Check that some requests were answered, and all others failed in one way."""
    assert run.status == 0
    run.check_account()
    assert run.summary["requests"]["answered"] > 0
    assert set(run.summary["requests"]["failed_by_kind"]) == {kind}
    assert detail in "\n".join(run.failures)


@BOTH
def test_users_without_a_port_fail(engine: str, narrow, server, run_client) -> None:
    """The range would do, but somebody else has most of it: some users find a port."""
    command = [*narrow.enter, sys.executable, "-c", HOLDER]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"holding\n"
            settings = ("client.concurrency=60", f"client.engine={engine}")
            run = run_client(server.url, *settings, prefix=narrow.enter)
        finally:
            holder.kill()
    check(run, "connect_failed", "Cannot assign requested address")


def connections_of(server: RunningServer) -> int:
    """Count the sockets in the network of a server, except those that listen."""
    _, *rows = Path(f"/proc/{server.process.pid}/net/tcp").read_text().splitlines()
    return sum(row.split()[3] != LISTENS for row in rows)


LISTENS = "0A"
"""TCP_LISTEN. Source: proc_pid_net(5)."""
MOST = 20
FIREWALL = f"""
add table ip test
add chain ip test input {{ type filter hook input priority 0; }}
add rule ip test input tcp dport 8000 ct state new ct count over {MOST} drop
"""


@BOTH
def test_connections_that_a_full_table_drops_are_too_late(
    engine: str, narrow, server, run_client
) -> None:
    """Without an entry in conntrack a SYN vanishes: nothing is refused, and connects time out."""
    # The firewall would count those of an earlier test that are not over yet.
    eventually(lambda: connections_of(server) == 0)
    narrow.run("nft", FIREWALL)
    try:
        settings = ("client.concurrency=30", f"client.engine={engine}")
        timeout = "client.timeouts.connectSeconds=2"
        run = run_client(server.url, *settings, timeout, prefix=narrow.enter)
    finally:
        narrow.run("nft", "delete table ip test")
    check(run, "connect_timeout", "")


@BOTH
def test_name_that_cannot_be_resolved_and_then_can(
    engine: str, start_client, tmp_path: Path
) -> None:
    """Until then its requests fail, each as such; from then on they are answered."""
    hosts, servers = tmp_path / "hosts", tmp_path / "resolv.conf"
    hosts.write_text("127.0.0.1 localhost\n")
    servers.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    prefix = with_files_in_place({"/etc/hosts": hosts, "/etc/resolv.conf": servers})
    with misbehaving(sends(whole())) as server:
        port = server.url.rpartition(":")[2]
        client = start_client(
            f"http://replicas.test:{port}",
            *("client.readiness.path=", "client.concurrency=5", "client.durationSeconds=600"),
            f"client.engine={engine}",
            prefix=prefix,
        )
        eventually(lambda: "name_unresolved" in client.output)
        with hosts.open("a") as file:
            file.write("127.0.0.1 replicas.test\n")
        eventually(lambda: client.output.count("Response from Pod") >= 10)
        run = client.stop()
    assert set(run.summary["requests"]["failed_by_kind"]) <= {"name_unresolved", "interrupted"}
