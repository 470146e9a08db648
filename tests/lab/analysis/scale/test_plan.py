"""What a load would take, by arithmetic."""

import math

import pytest

from long_lived.lab.analysis.scale.plan import Nodes, Plan, plan
from long_lived.settings import load

NODES = Nodes(count=20, cores=16)


def planned(*overrides: str, nodes: Nodes = NODES) -> Plan:
    """Plan for settings."""
    return plan(load((), overrides, {}), nodes)


def test_million_connections_over_three_hundred_replicas() -> None:
    """Counts, chance and what the cluster's own parts hold follow from the two numbers."""
    found = planned(
        *("client.concurrency=50000", "client.parallelism=20", "server.replicas=300"),
        *("client.engine=gevent", "server.runtime=go"),
    )
    assert (found.users, found.clients.count, found.servers.count) == (1_000_000, 20, 300)
    assert (found.clients.connections, found.servers.connections) == (50_000, 3_334)
    # 40 s of delay and 2 s of thinking.
    assert found.requests_per_second == pytest.approx(1_000_000 / 42)
    assert (found.slices, found.rules) == (3, 900)
    assert found.log_megabytes == pytest.approx(100)  # a line of 100 bytes for each answer
    assert found.fair == pytest.approx(3333.3, abs=0.1)
    assert found.standard_deviation == pytest.approx(math.sqrt(3333.3), rel=0.01)
    assert found.limits[0].what == "source ports of a client pod to one destination"
    assert found.limits[0].load == pytest.approx(50_000 / 28_232)
    assert "client.parallelism=72" in found.limits[0].remedy


def test_survivors_are_measured_by_what_the_event_leaves_them() -> None:
    """Where two of three restart, the third may hold everything."""
    found = planned("client.concurrency=9000", "experiment.event.kind=restart")
    assert (found.servers.connections, found.servers.most) == (3_000, 9_000)
    calm = planned("client.concurrency=9000")
    assert found.servers.megabytes > 2 * calm.servers.megabytes


def test_connection_is_tracked_on_both_nodes() -> None:
    """Each node holds its part of twice the connections, against the least that kube-proxy sets."""
    found = planned("client.concurrency=90000", nodes=Nodes(count=1, cores=2))
    tracked = next(one for one in found.limits if "conntrack" in one.what)
    assert (tracked.needed, tracked.allowed) == (180_000, 131_072)
    assert tracked.remedy.startswith("2 nodes")


def test_headless_client_has_ports_for_each_replica() -> None:
    """Towards an address of its own each replica has the whole range."""
    many = ("client.concurrency=60000", "server.replicas=6", "client.engine=gevent")
    by_service, by_address = (
        next(one for one in planned(*many, *more).limits if "ports" in one.what)
        for more in ((), ("client.balancing=headless", "client.readiness.host=servers"))
    )
    assert (by_service.needed, by_address.needed) == (60_000, 10_000)


def test_open_number_of_replicas_is_refused() -> None:
    """Nothing can be divided by it."""
    with pytest.raises(ValueError, match=r"server\.replicas: null: must be a number here"):
        planned("server.replicas=null")
