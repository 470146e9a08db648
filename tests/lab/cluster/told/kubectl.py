"""A cluster as kubectl tells of it: objects and logs are data, and every call is kept.

It stands where `long_lived.lab.cluster.tools.kubectl` starts the program. Runs of whole releases
have the real one: `tests/lab/cluster/runs`.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.cluster import selectors
from tests.cluster.kinds import BY_NAME, Object

from long_lived.lab.experiment.backend import Trouble

CONTEXT, NAMESPACE = "told", "default"

FOLLOW = """#!/bin/sh
exec head -n {lines} "$(dirname "$0")/$7.$9"
"""
"""`kubectl --context C --namespace N logs --follow POD --container NAME`, which ends at once, maybe
too early."""


class Told:
    """What a cluster has, for a test to set, and what was asked of it."""

    def __init__(self, folder: Path) -> None:
        """Have nothing; `folder` is for logs."""
        folder.mkdir()
        self.program = folder / "kubectl"
        self.follow()
        self.objects: list[Object] = []
        self.later: list[list[Object]] = []
        """What there is instead from each further look at the pods on."""
        self.at_look: Callable[[], None] = lambda: None
        """What happens at each look at the pods."""
        self.events: list[Object] = []
        self.secrets: list[str] = []
        """Of Helm: creation, revision and status of each."""
        self.values = ""
        """The values file of every run."""
        self.stats: dict[str, str] = {}
        """What is found at a path of the API, such as a server's own counts."""
        self.refused: dict[str, str] = {}
        """What kubectl says of a call that has this word."""
        self.calls: list[tuple[str, ...]] = []

    def follow(self, lines: int = 1_000_000) -> None:
        """Have logs that are followed end after so many lines."""
        self.program.write_text(FOLLOW.format(lines=lines))
        self.program.chmod(0o700)

    def log(self, pod: str, lines: Iterable[str], container: str = "client") -> None:
        """Have a container of a pod write these lines."""
        text = "".join(f"{line}\n" for line in lines)
        self.program.with_name(f"{pod}.{container}").write_text(text)

    def called(self, verb: str) -> list[tuple[str, ...]]:
        """Return what was asked for with this verb."""
        return [call[1:] for call in self.calls if call[0] == verb]

    def call(self, command: Sequence[str], _longest_seconds: float) -> str:
        """Answer like `long_lived.lab.cluster.tools.program.call`."""
        program, *rest = command
        assert program == str(self.program)
        if rest == ["config", "current-context"]:
            return f"{CONTEXT}\n"
        assert rest[:4] == ["--context", CONTEXT, "--namespace", NAMESPACE]
        asked = tuple(rest[4:])
        self.calls.append(asked)
        for word, why in self.refused.items():
            if word in " ".join(asked):
                raise Trouble(f"kubectl: {why}")
        return self._answer(asked)

    def _answer(self, asked: tuple[str, ...]) -> str:
        match asked:
            case ("get", "secrets", "--selector", _, "--output", _):
                return "".join(f"{line}\n" for line in self.secrets)
            case ("get", "events", "--field-selector", fields, "--output", "json"):
                return _listed(self.events, {"fieldSelector": fields})
            case ("get", kinds, "--selector", labels, "--output", "json"):
                wanted = kinds.split(",")
                found = [one for one in self.objects if BY_NAME[one["kind"]].resource in wanted]
                if kinds == "pods,jobs":
                    self.objects = self.later.pop(0) if self.later else self.objects
                    self.at_look()
                return _listed(found, {"labelSelector": labels})
            case ("get", "configmap", _, "--output", r"jsonpath={.data.values\.yaml}"):
                return self.values
            case ("get", "--raw", path, _) if path in self.stats:
                return self.stats[path]
            case ("logs", pod, "--container", container):
                return self.program.with_name(f"{pod}.{container}").read_text()
            case ("version", *_):
                return json.dumps({"serverVersion": {"gitVersion": "v1.33.0"}})
            case ("delete" | "exec" | "scale" | "rollout", *_):
                return ""
        raise Trouble(f"kubectl: {' '.join(asked)} is not found")


def _listed(found: list[Any], query: dict[str, str]) -> str:
    chosen = selectors.chosen(query)
    return json.dumps({"items": [one for one in found if chosen(one)]})
