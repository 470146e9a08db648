"""The command-line tools that the cluster backend calls: kubectl and helm, the real ones."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from long_lived.lab.backend import Trouble
from long_lived.settings.chart import takes_text

CALL_SECONDS = 60.0
"""Longest wait for one call of kubectl: an API server that does not answer in that time is gone."""
HELM_SECONDS = 300.0


def program(name: str) -> str:
    """Find a tool on PATH, or beside this Python, where `make helm` puts it.

    Raises:
        Trouble: it is not there.
    """
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        raise Trouble(f"{name} is missing: it is not on PATH (`make helm` fetches it)")
    return found


@dataclass(frozen=True)
class Place:
    """Where on which cluster: nothing outside of it is touched."""

    namespace: str
    context: str = ""
    """Empty means kubectl's current context, which is never changed."""


class Kubectl:
    """kubectl in one place."""

    def __init__(self, place: Place) -> None:
        """Find kubectl and the context.

        Raises:
            Trouble: one of them is missing.
        """
        self._program = program("kubectl")
        self.context = place.context or self._current_context()
        self._where = ["--context", self.context, "--namespace", place.namespace]

    def command(self, *arguments: str) -> list[str]:
        """Return a command line."""
        return [self._program, *self._where, *arguments]

    def call(self, *arguments: str) -> str:
        """Run kubectl and return what it prints.

        Raises:
            Trouble: it failed, or took too long.
        """
        return _call(self.command(*arguments), CALL_SECONDS)

    def items(self, kinds: str, labels: str) -> list[dict[str, Any]]:
        """Return the objects of `kinds` with `labels`.

        Raises:
            Trouble: kubectl failed.
        """
        listed = json.loads(self.call("get", kinds, "--selector", labels, "--output", "json"))
        return list(listed["items"])

    def _current_context(self) -> str:
        try:
            return _call([self._program, "config", "current-context"], CALL_SECONDS).strip()
        except Trouble:
            raise Trouble(
                "no Kubernetes context is set: choose one with --context (CONTEXT=), or with "
                "kubectl config use-context"
            ) from None


def helm_install(
    release: str, chart: Path, place: Place, values: Path, overrides: Sequence[str]
) -> None:
    """Install or upgrade a release with these values and no others.

    Raises:
        Trouble: helm is missing, or failed.
    """
    context = ["--kube-context", place.context] if place.context else []
    sets = [part for pair in overrides for part in (_set_flag(pair), pair)]
    _call(
        [
            *(program("helm"), "upgrade", "--install", release, str(chart), "--reset-values"),
            *("--namespace", place.namespace, "--create-namespace", *context),
            *("--values", str(values), *sets),
        ],
        HELM_SECONDS,
    )


def _set_flag(pair: str) -> str:
    key, _, value = pair.partition("=")
    return "--set-string" if takes_text(key) and value != "null" else "--set"


def _call(command: Sequence[str], seconds: float) -> str:
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            # Ctrl-C is for the lab to handle, which lets the call end.
            process_group=0,
        )
    except subprocess.TimeoutExpired:
        raise Trouble(f"{name} did not end within {seconds:g} s: {_shown(command)}") from None
    except OSError as error:
        raise Trouble(f"{name} cannot be run: {error.strerror}") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        reason = " ".join(lines[-3:]).strip() or f"status {done.returncode}"
        raise Trouble(f"{name}: {reason.removeprefix('Error: ').removeprefix('error: ')}")
    return done.stdout


def _shown(command: Sequence[str]) -> str:
    return " ".join([Path(command[0]).name, *command[1:]])
