"""helm, which makes a release of the chart."""

import re
from collections.abc import Sequence
from pathlib import Path

from long_lived.lab.cluster.tools.kubectl import Place
from long_lived.lab.cluster.tools.program import call, program
from long_lived.lab.experiment.backend import Trouble

CALL_SECONDS = 300.0

SCALED = (
    "Somebody else sets the number of servers (kubectl scale, an autoscaler): leave it to them "
    "with server.replicas: null, or take it back once with helm upgrade --force-conflicts (Helm 4)"
)
"""What to do where a server-side apply would take over the number of replicas. The lab never forces
it: an autoscaler would change the number in the middle of the run."""

_SCALED = re.compile(r"Apply failed with \d+ conflict.*\.spec\.replicas\b")
"""Source: kubernetes apimachinery/pkg/util/managedfields/internal/conflict.go."""


def helm_install(
    release: str, chart: Path, place: Place, values: Path, overrides: Sequence[str]
) -> None:
    """Install or upgrade a release with these values and no others.

    Raises:
        Trouble: helm is missing, or failed.
    """
    context = ["--kube-context", place.context] if place.context else []
    sets = [part for pair in overrides for part in (_set_flag(pair), pair)]
    command = [
        *(program("helm"), "upgrade", "--install", release, str(chart), "--reset-values"),
        *("--namespace", place.namespace, "--create-namespace", *context),
        *("--values", str(values), *sets),
    ]
    try:
        call(command, CALL_SECONDS)
    except Trouble as trouble:
        if _SCALED.search(str(trouble)):
            raise Trouble(f"{trouble}. {SCALED}") from None
        raise


def _set_flag(pair: str) -> str:
    key, _, value = pair.partition("=")
    # Building the chart's models takes 0.05 s of each start, and few runs set a key of the chart.
    from long_lived.settings.chart import takes_text

    return "--set-string" if takes_text(key) and value != "null" else "--set"
