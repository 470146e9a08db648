"""What goes wrong on the cluster, for a test to set."""

from dataclasses import dataclass, field

from .kinds import Object

NOBODY = "\0"
"""Part of no name."""


@dataclass
class Mishaps:
    """What goes wrong from now on. A part of a name says where; that of an image or of a pod."""

    unpullable: str = NOBODY
    """Image that cannot be pulled."""
    crashing: str = NOBODY
    """Image whose containers end at once."""
    nodeless: str = NOBODY
    """Pod for which there is no node."""
    refused: tuple[str, str] = (NOBODY, "")
    """New pod that admission refuses, and why."""
    skewed: tuple[str, float] = (NOBODY, 0.0)
    """Pod whose clock is ahead, and by how many seconds."""
    sidecar: Object | None = None
    """Container that admission puts into every new pod, as a mesh does."""
    forbidden: str = ""
    """Part of pods (exec, proxy) to which the user has no right."""
    lost: set[str] = field(default_factory=set)
    """The pods (uid) whose node is gone."""
