"""What the clients and servers of some settings take on a cluster, and which limit bites first.

Pure arithmetic on measured costs: nothing is started or asked.
"""

import math
from dataclasses import dataclass

from long_lived.lab.analysis.power import noticeable
from long_lived.lab.analysis.scale import costs
from long_lived.settings import Settings


@dataclass(frozen=True)
class Nodes:
    """The nodes that all pods are spread over."""

    count: int
    cores: int


@dataclass(frozen=True)
class Pods:
    """Client or server pods, all alike."""

    count: int
    connections: int
    """Of each, spread evenly."""
    most: int
    """Of each, where those that an event takes away leave theirs to the others."""
    megabytes: int
    """Of each with `most`."""
    cores: float
    """Of each, at the rate of requests."""
    ramp_seconds: float
    """CPU of each until all connections are open."""


@dataclass(frozen=True)
class Limit:
    """Something that there is only so much of."""

    what: str
    needed: float
    allowed: float
    remedy: str
    assumed: bool = False
    """Whether some clusters have no such limit."""

    @property
    def load(self) -> float:
        """How much of it is used: above 1 it does not suffice."""
        return self.needed / self.allowed


@dataclass(frozen=True)
class Plan:
    """What it takes."""

    users: int
    replicas: int
    clients: Pods
    servers: Pods
    requests_per_second: float
    answers: float
    slices: int
    rules: int
    log_megabytes: float
    merge_seconds: float
    fair: float
    standard_deviation: float
    noticeable: float | None
    limits: list[Limit]
    """That which bites first comes first."""


def plan(settings: Settings, nodes: Nodes) -> Plan:
    """Say what `settings` take on `nodes`.

    Raises:
        ValueError: the number of replicas is left open.
    """
    client, server = settings.client, settings.server
    if server.replicas is None:
        raise ValueError("server.replicas: null: must be a number here")
    users, replicas = client.concurrency * client.parallelism, server.replicas
    delay, think = server.delay, client.think_time
    cycle = (delay.min_seconds + delay.max_seconds + think.min_seconds + think.max_seconds) / 2
    rate = users / max(cycle, 1e-3)
    answers = rate * client.duration_seconds or float(users * client.requests_per_user)
    event = settings.experiment.event
    taken = event.count if event.kind in ("restart", "kill", "crash", "drain", "scale-down") else 0
    left = max(1, replicas - taken)
    client_cost, server_cost = costs.CLIENTS[client.engine], costs.SERVERS[server.runtime]
    clients = _pods(client_cost, client.parallelism, users, users / client.parallelism, rate)
    servers = _pods(server_cost, replicas, users, users / left, rate)
    share = 1 / replicas
    log_bytes = answers / client.parallelism * costs.RESPONSE_LINE_BYTES * client.log_responses
    return Plan(
        users=users,
        replicas=replicas,
        clients=clients,
        servers=servers,
        requests_per_second=rate,
        answers=answers,
        slices=math.ceil(replicas / costs.ENDPOINTS_PER_SLICE),
        rules=replicas * costs.RULES_PER_ENDPOINT,
        log_megabytes=log_bytes * client.parallelism / 1e6,
        merge_seconds=client.parallelism * replicas * costs.SUMMARY_MILLISECONDS / 1000,
        fair=users * share,
        standard_deviation=math.sqrt(users * share * (1 - share)),
        noticeable=noticeable(users, replicas),
        limits=sorted(
            _limits(settings, nodes, clients, servers, log_bytes), key=lambda one: -one.load
        ),
    )


def _pods(cost: costs.Cost, count: int, users: int, most: float, rate: float) -> Pods:
    each = users / count
    return Pods(
        count=count,
        connections=math.ceil(each),
        most=math.ceil(most),
        megabytes=math.ceil(cost.megabytes + most * cost.kilobytes_each / 1000),
        cores=rate / count * cost.milliseconds_per_request / 1000,
        ramp_seconds=cost.seconds + each * cost.milliseconds_each / 1000,
    )


def _limits(
    settings: Settings, nodes: Nodes, clients: Pods, servers: Pods, log_bytes: float
) -> list[Limit]:
    client, server = settings.client, settings.server
    by_address = client.balancing == "headless"
    to_one = clients.connections / servers.count if by_address else clients.connections
    # A connection is tracked on its client's node and, unless that is the same, on its server's.
    tracked = 2 * clients.count * clients.connections / nodes.count
    trackable = max(costs.CONNTRACK_LEAST, costs.CONNTRACK_PER_CORE * nodes.cores)
    ramp = max(client.ramp_up_seconds, 1.0)
    parallelism = math.ceil(clients.count * to_one / costs.QUICK_PORTS)
    cores = clients.count * clients.cores + servers.count * servers.cores
    found = [
        Limit(
            "source ports of a client pod to one destination",
            *(to_one, costs.PORTS),
            f"client.parallelism={parallelism} with as many fewer users each",
        ),
        Limit("open files of a client pod", clients.most, costs.OPEN_FILES, "more client pods"),
        Limit("open files of a server pod", servers.most, costs.OPEN_FILES, "more replicas"),
        Limit(
            "connections that a node tracks (nf_conntrack_max)",
            *(tracked, trackable),
            f"{math.ceil(tracked * nodes.count / trackable)} nodes, or kube-proxy's "
            f"conntrack.maxPerCore={math.ceil(tracked / nodes.cores)}",
        ),
        Limit(
            "listen queue of a server pod, if a second of the ramp waits",
            *(servers.connections / ramp, costs.LISTEN_QUEUE),
            f"client.rampUpSeconds={math.ceil(servers.connections / costs.LISTEN_QUEUE)}",
        ),
        Limit("processors of all nodes", cores, nodes.count * nodes.cores, "more nodes"),
    ]
    if client.engine == "threads":
        found.append(
            Limit(
                *("threads of a client pod (podPidsLimit)", clients.connections, costs.PIDS),
                *("client.engine=asyncio, or the kubelet's podPidsLimit", True),
            )
        )
    if server.runtime in ("flask", "gunicorn"):
        found.append(
            Limit(
                *("threads of a server pod (podPidsLimit)", servers.most, costs.PIDS),
                *("server.runtime=go, more replicas, or the kubelet's podPidsLimit", True),
            )
        )
    if log_bytes:
        found.append(
            Limit(
                *("log of a client pod that kubectl still shows", log_bytes, costs.LOG_BYTES),
                "client.logResponses=false: the summary has all counts",
            )
        )
    return found
