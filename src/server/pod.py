"""The name by which a replica's answers are counted."""

import socket
from collections.abc import Mapping

from long_lived.settings.pod_name import ALLOWED, is_pod_name

VARIABLE = "POD_ID"
"""Environment variable that names the replica; the chart sets it to the pod's name."""


def pod_id(environment: Mapping[str, str]) -> str:
    """Return the replica's name: POD_ID, or the host name where it is unset.

    Raises:
        ValueError: a name that clients refuse (`settings.pod_name`).
    """
    given = environment.get(VARIABLE)
    name = socket.gethostname() if given is None else given
    if not is_pod_name(name):
        source, advice = ("host name", f"; set {VARIABLE}") if given is None else (VARIABLE, "")
        raise ValueError(f"{source} = {name!r} is not allowed: must be {ALLOWED}{advice}")
    return name
