"""What a server may do to a client of many users without ending or fooling it."""

import itertools
import re
import socket
import threading
from collections import Counter

from tests.client.misbehaving import in_turn, misbehaving, sends, whole
from tests.client.programs import BOTH, ENGINES

from long_lived.record.error_kind import ErrorKind

from .answers import BAD, LONG, MEBIBYTE, NESTED, SLOW, UNASKED, UNTRUE, telling


def all_fail(run_client, engine: str, behaviours, kind: ErrorKind, *settings: str) -> dict:
    """Expose 20 users to these behaviours in turn; return the summary of their failures."""
    with misbehaving(in_turn(*behaviours)) as server:
        settings = (f"client.engine={engine}", "client.concurrency=20", *settings)
        run = run_client(server.url, *settings)
    assert run.status == 0, run.errors
    run.check_account()
    assert run.summary["requests"]["failed_by_kind"] == {kind: 20}
    assert all(len(line) < 1_000 for line in run.lines[:-1])
    return run.summary


@BOTH
def test_nested_answers_do_not_end_the_client(engine: str, run_client) -> None:
    """A body nested to any depth is counted, and the run goes on."""
    all_fail(run_client, engine, map(sends, map(whole, NESTED.values())), BAD)


@BOTH
def test_long_answers_do_not_fill_the_memory(engine: str, run_client) -> None:
    """A gigabyte is not read, nor what decompresses to one."""
    summary = all_fail(run_client, engine, LONG.values(), BAD)
    assert summary["cost"]["peak_memory_bytes"] < 200 * MEBIBYTE


@ENGINES
def test_answers_that_drip_are_too_late(engine: str, run_client) -> None:
    """Each request has one deadline, however often a piece arrives before it."""
    slow = SLOW.values()
    all_fail(run_client, engine, slow, ErrorKind.READ_TIMEOUT, "client.timeouts.readSeconds=1")


@BOTH
def test_untrue_answers_are_not_believed(engine: str, run_client) -> None:
    """Impossible values and names count as bad answers, and are not repeated at length."""
    all_fail(run_client, engine, map(sends, map(whole, UNTRUE.values())), BAD)


@BOTH
def test_unasked_answer_is_not_taken_for_the_next(engine: str, run_client) -> None:
    """Of two answers to each request one counts; the request that follows fails unsent."""
    with misbehaving(sends(whole(), whole())) as server:
        settings = (f"client.engine={engine}", "client.concurrency=20", "client.requestsPerUser=2")
        run = run_client(server.url, *settings)
    run.check_account()
    assert run.summary["requests"]["answered"] == 20 == len(server.heads)
    assert run.summary["requests"]["failed_by_kind"] == {UNASKED: 20}
    assert run.summary["connections"]["opened"] == 20
    assert run.summary["connections"]["open"] == 0
    assert run.summary["timeline"]["failed"].keys() == {f"{UNASKED} a"}


@ENGINES
def test_failure_in_a_shared_pool_has_the_pod_of_its_own_connection(
    engine: str, run_client
) -> None:
    """Each connection is answered once, by its own pod, and cut at its second request."""
    pods: dict[socket.socket, str] = {}
    numbers, cut = itertools.count(), []
    full = threading.Barrier(8)

    def answer(peer: socket.socket) -> None:
        if peer in pods:
            cut.append(pods[peer])
            peer.shutdown(socket.SHUT_RDWR)
        else:
            number = next(numbers)
            pods[peer] = f"pod-{number}"
            if number < 8:
                full.wait(60)
            peer.sendall(whole(telling(pod=f'"{pods[peer]}"')))

    with misbehaving(answer) as server:
        settings = (f"client.engine={engine}", "client.concurrency=8", "client.requestsPerUser=2")
        # Users think, so that every first answer is entered before its connection is cut.
        think = ("client.thinkTime.minSeconds=1", "client.thinkTime.maxSeconds=1")
        run = run_client(server.url, *settings, *think, "client.connections=shared")
    run.check_account()
    named = re.findall(r"connection_lost .* pod=(\S+)", "\n".join(run.failures))
    assert set(named) <= set(cut)
    # A connection opened in the second round may be cut before its first answer is entered.
    assert {pod for pod in cut if int(pod.removeprefix("pod-")) < 8} <= set(named)
    assert len(named) == len(set(named))
    assert len(cut) > 1


@BOTH
def test_every_request_says_which_client_sends_it(engine: str, run_client) -> None:
    """A server that several clients share can distinguish them."""
    with misbehaving(sends(whole())) as server:
        for _ in range(2):
            run_client(server.url, f"client.engine={engine}", "client.concurrency=5")
    ids = Counter(re.findall(r"\r\nLong-Lived-Client: ([0-9a-f]{16})\r\n", "".join(server.heads)))
    assert list(ids.values()) == [5, 5]
