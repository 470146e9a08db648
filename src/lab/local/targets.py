"""Where the metrics of a run's processes are: each at its own address, all at one port."""

import json
import socket
from pathlib import Path

from long_lived.metrics.definition import Side

METRICS = "metrics.json"
"""In the results folder: what `file_sd_configs` of Prometheus reads, again when it changes."""


class Targets:
    """What Prometheus is to scrape; the port is reserved until `close`."""

    def __init__(self, file: Path) -> None:
        """Reserve a free port."""
        self.file = file
        self._listed: dict[tuple[Side, str], str] = {}
        # At an address that no replica and no client has.
        self._reservation = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._reservation.bind(("127.0.0.1", 0))
        self.port: int = self._reservation.getsockname()[1]

    def flags(self, side: Side, name: str, address: str) -> list[str]:
        """List a process that is about to start; return the flags for it."""
        self._listed[side, name] = f"{address}:{self.port}"
        found = [
            {"targets": [target], "labels": {"component": side, "pod": name}}
            for (side, name), target in self._listed.items()
        ]
        draft = self.file.with_suffix(".new")
        draft.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        draft.replace(self.file)  # so that nobody reads half of it
        return ["--metrics-address", address, "--set", f"metrics.port={self.port}"]

    def close(self) -> None:
        """Give the port back."""
        self._reservation.close()
