"""Where a result comes from: what it was made with, and by which command."""

from long_lived.record.base import Record


class Origin(Record):
    """What is kept of it; what nobody knows is empty."""

    lab: str = ""
    """Version of the lab."""
    python: str = ""
    machine: str = ""
    """Of the lab: kernel, processors, memory."""
    where: str = ""
    """Where servers and clients ran."""
    kubernetes: str = ""
    """Versions and proxy mode of the cluster."""
    command: str = ""
    """As it was typed."""
