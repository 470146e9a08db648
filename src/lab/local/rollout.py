"""The next step of a rollout, as a Deployment's RollingUpdate takes it. Pure.

Source: kubernetes pkg/controller/deployment/rolling.go.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rollout:
    """How far one is."""

    replicas: int
    """How many there shall be."""
    surge: int
    unavailable: int
    old: int
    """Old ones that have not been stopped."""
    new: int
    """New ones that have been asked for, ready or not."""
    ready: int

    def to_stop(self) -> int:
        """Tell how many old ones may be stopped now."""
        return max(0, min(self.old, self.old + self.ready - self.replicas + self.unavailable))

    def to_start(self) -> int:
        """Tell how many new ones may be asked for, once those of `to_stop` are stopped."""
        there = self.old - self.to_stop() + self.new
        return max(0, min(self.replicas - self.new, self.replicas + self.surge - there))
