"""The name by which a replica's answers are counted."""

import socket
from collections.abc import Mapping

VARIABLE = "POD_ID"
"""Environment variable that names the replica; the chart sets it to the pod's name."""


def pod_id(environment: Mapping[str, str]) -> str:
    """Return the replica's name: POD_ID, or the host name where it is unset.

    Raises:
        ValueError: a name that would tear the lines it stands in, which are split at blanks
            (`Response from Pod <id> after …`).
    """
    name = environment.get(VARIABLE)
    if name is None:
        return socket.gethostname()
    if not name.isprintable() or len(name.split()) != 1 or name != name.strip():
        raise ValueError(
            f"{VARIABLE} = {name!r} is not allowed: allowed is a name without white space "
            "and control characters, or no such variable (then the host name is taken)"
        )
    return name
