"""What goes wrong on the cluster, for a test to set."""

from dataclasses import dataclass, field

from .kinds import Object

NOBODY = "\0"
"""Part of no name at all."""


@dataclass
class Mishaps:
    """What goes wrong from now on; part of an image's or a pod's name says where."""

    unpullable: str = NOBODY
    """Image that cannot be pulled."""
    crashing: str = NOBODY
    """Image whose containers end at once."""
    nodeless: str = NOBODY
    """Pod that fits no node."""
    refused: tuple[str, str] = (NOBODY, "")
    """New pod that admission refuses, and why."""
    skewed: tuple[str, float] = (NOBODY, 0.0)
    """Pod whose clock is ahead, and by how many seconds."""
    sidecar: Object | None = None
    """Container that admission adds to every new pod, like a mesh."""
    forbidden: str = ""
    """Subresource of pods (exec, proxy) that the user may not use."""
    lost: set[str] = field(default_factory=set)
    """The pods (uid) whose node is gone."""
