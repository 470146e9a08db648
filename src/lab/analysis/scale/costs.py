"""What a connection costs: measured, as docs/scale.md says, and the limits that it meets."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """What a process takes; every connection has one request at a time."""

    megabytes: float
    """Of the process itself, with the kernel's share."""
    kilobytes_each: float
    """Of each connection with a request in flight."""
    seconds: float
    """CPU until it is ready."""
    milliseconds_each: float
    """CPU to open a connection: that of a user's thread or object included."""
    milliseconds_per_request: float


CLIENTS = {
    "threads": Cost(30, 58.8, 1.0, 0.35, 0.95),
    "gevent": Cost(30, 35.9, 1.0, 0.35, 1.1),
    "asyncio": Cost(26, 5.9, 0.6, 0.15, 0.25),
}
"""By client.engine."""

SERVERS = {
    "flask": Cost(46, 43.9, 0.7, 0.2, 0.9),
    "gunicorn": Cost(53, 56.1, 0.9, 0.1, 0.9),
    "go": Cost(10, 27.0, 0.1, 0.15, 0.25),
}
"""By server.runtime."""

RESPONSE_LINE_BYTES = 100
"""A line of the client's log for each answer, with the kubelet's prefix."""

SUMMARY_MILLISECONDS = 0.02
"""To read and merge one client's summary, for each replica in it."""

PORTS = 28_232
"""Source ports of an address. Source: net.ipv4.ip_local_port_range, 32768 to 60999."""

QUICK_PORTS = 14_000
"""Up to half of them towards one destination, connect() finds a free one at once (measured)."""

OPEN_FILES = 524_288
"""Hard limit of a container. Source: systemd's DefaultLimitNOFILE, which containerd inherits."""

CONNTRACK_PER_CORE, CONNTRACK_LEAST = 32_768, 131_072
"""Connections that a node can track. Source: kube-proxy's --conntrack-max-per-core and -min."""

ENDPOINTS_PER_SLICE = 100
"""Source: kube-controller-manager's --max-endpoints-per-slice."""

RULES_PER_ENDPOINT = 3
"""One to choose it, one to mark, one to translate. Source: kube-proxy, iptables/proxier.go."""

LOG_BYTES = 10 * 1024**2
"""What `kubectl logs` can show: the newest file. Source: the kubelet's containerLogMaxSize."""

LISTEN_QUEUE = 4096
"""Source: net.core.somaxconn since Linux 5.4; a pod has its own."""

PIDS = 4096
"""Threads of a pod where the kubelet limits them (podPidsLimit): by default it does not, some
distributions do."""
