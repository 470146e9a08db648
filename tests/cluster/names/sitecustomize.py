"""The cluster's DNS and kube-proxy for pods in Python, which imports it from their path.

Names of Services resolve as in a pod, and the ports of Services and containers become those on
which the local processes really listen. CLUSTER_NAMES is the file that says how; it is read at
every look-up. Below the module `socket`, because gevent's patches go around that.
"""

import _socket
import json
import os
from pathlib import Path
from typing import Any

_resolve = _socket.getaddrinfo


def getaddrinfo(host: Any, port: Any, *rest: Any, **named: Any) -> list[Any]:
    """Resolve like `socket.getaddrinfo` in a pod."""
    known = json.loads(Path(os.environ["CLUSTER_NAMES"]).read_text(encoding="utf-8"))
    host = host.decode() if isinstance(host, bytes) else host
    addresses = known["addresses"].get(host, [host])
    if not addresses:
        raise _socket.gaierror(_socket.EAI_NODATA, "No address associated with hostname")
    return [
        answer
        for address in addresses
        for answer in _resolve(
            address, known["ports"].get(f"{address}:{port}", port), *rest, **named
        )
    ]


_socket.getaddrinfo = getaddrinfo
