"""A service that is not ours, in the place of one that the lab starts: it only has an address."""

from long_lived.lab.processes.child import Child
from long_lived.record.replica_counts import ReplicaCounts


class ForeignService:
    """What the clients' url names; nothing of it is started, asked or stopped."""

    def __init__(self, url: str) -> None:
        """Load `url`."""
        self.url = url

    def ready(self) -> bool:
        """Return True: the clients wait for it themselves."""
        return True

    def look(self) -> list[str]:
        """Return that nothing went wrong."""
        return []

    def names(self) -> list[str]:
        """Return no replicas: the answers name them."""
        return []

    def serving(self) -> list[str]:
        """Return no replicas."""
        return []

    def children(self) -> list[Child]:
        """Return no processes."""
        return []

    def counts(self) -> dict[str, ReplicaCounts]:
        """Return no counts: nobody is asked."""
        return {}

    def close(self) -> None:
        """Do nothing."""
