"""The command-line tools that the cluster backend calls: kubectl and helm, the real ones."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from long_lived.lab.experiment.backend import Trouble
from long_lived.settings.chart import takes_text

CALL_SECONDS = 60.0
"""Longest wait for one call of kubectl: an API server that does not answer in that time is gone."""
HELM_SECONDS = 300.0

SCALED = (
    "Somebody else sets the number of servers (kubectl scale, an autoscaler): leave it to them "
    "with server.replicas: null, or take it back once with helm upgrade --force-conflicts (Helm 4)"
)
"""What to do where a server-side apply would take over the number of replicas. The lab never forces
it: an autoscaler would change the number in the middle of the run."""

_SCALED = re.compile(r"Apply failed with \d+ conflict.*\.spec\.replicas\b")
"""Source: kubernetes apimachinery/pkg/util/managedfields/internal/conflict.go."""

_LOG_LINE = re.compile(r"(time=\S+ )?level=|[EWIF]\d{4} ")
"""What Helm 4 (log/slog) and kubectl (klog) log before they say the error."""


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
        return call(self.command(*arguments), CALL_SECONDS)

    def items(self, kinds: str, labels: str) -> list[dict[str, Any]]:
        """Return the objects of `kinds` with `labels`.

        Raises:
            Trouble: kubectl failed.
        """
        listed = json.loads(self.call("get", kinds, "--selector", labels, "--output", "json"))
        return list(listed["items"])

    def _current_context(self) -> str:
        try:
            return call([self._program, "config", "current-context"], CALL_SECONDS).strip()
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
    call(
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


def call(command: Sequence[str], seconds: float) -> str:
    """Run a tool and return what it prints.

    Raises:
        Trouble: it failed, or took longer than `seconds`.
    """
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
        reason = _reason(done.stderr) or f"status {done.returncode}"
        raise Trouble(f"{name}: {reason.removeprefix('Error: ').removeprefix('error: ')}")
    return done.stdout


def _reason(stderr: str) -> str:
    """Find in what a tool has written why it failed: from its first error line on, in one line."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    said = [line for line in lines if not _LOG_LINE.match(line)] or lines
    first = next((at for at, line in enumerate(said) if line.lower().startswith("error")), -3)
    reason = " ".join(said[first:])
    return f"{reason}. {SCALED}" if _SCALED.search(reason) else reason


def _shown(command: Sequence[str]) -> str:
    return " ".join([Path(command[0]).name, *command[1:]])
