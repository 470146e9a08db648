"""What a null means: as in Helm it removes a default, which leaves the app's own, equal one.

The chart needs the values that its templates calculate with, and refuses a null there, as the lab
does. Where null is a value in its own right, the type says so.
"""

from typing import Any

from pydantic import BaseModel

from long_lived.settings.errors import Origins, SettingsError, null_refused
from long_lived.settings.keys import types_at

READ_BY_TEMPLATES = (
    "server.enabled",
    "server.runtime",
    "server.port",
    "server.delay.minSeconds",
    "server.delay.maxSeconds",
    "server.gunicorn.workerClass",
    "server.gracefulTimeoutSeconds",
    "client.enabled",
    "client.concurrency",
    "client.requestsPerUser",
    "client.durationSeconds",
    "client.thinkTime.minSeconds",
    "client.thinkTime.maxSeconds",
    "client.keepAlive.mode",
    "client.connections",
    "client.engine",
    "client.parallelism",
    "client.keepAlive.maxRequests",
    "client.keepAlive.maxAgeSeconds",
    "client.balancing",
    "server.proxy",
    "experiment.event.kind",
    "experiment.event.afterSeconds",
    "experiment.event.count",
    "experiment.event.surge",
    "experiment.event.unavailable",
    "metrics.enabled",
    "metrics.port",
    "images.pullPolicy",
    "images.server.repository",
    "images.client.repository",
    "images.proxy.repository",
    "images.proxy.tag",
    "proxyPod.replicas",
    "proxyPod.clusterDomain",
    "service.type",
    "service.port",
    "service.sessionAffinity",
    "service.sessionAffinityTimeoutSeconds",
    "serverPod.startupProbe",
    "serverPod.livenessProbe",
    "serverPod.readinessProbe",
    "clientPod",
    "testPod",
    "job.nameSuffix",
    "job.ttlSecondsAfterFinished",
    "podDisruptionBudget.enabled",
    "podDisruptionBudget.maxUnavailable",
)
"""Values that a template calculates with: a null there is refused by name, here and in the
templates (templates/_settings.tpl has the same list). Any other null leaves the value to the app
or to Kubernetes."""


def without_nulls(tree: dict[str, Any], model: type[BaseModel], origins: Origins) -> dict[str, Any]:
    """Return `tree` without the nulls that remove a default of `model`.

    Raises:
        SettingsError: a null that the chart refuses.
    """
    defaults = model().model_dump(by_alias=True)

    def kept(tree: dict[str, Any], default: Any, above: tuple[str, ...]) -> dict[str, Any]:
        left: dict[str, Any] = {}
        for key, value in tree.items():
            path = (*above, key)
            known = isinstance(default, dict) and key in default
            if isinstance(value, dict):
                left[key] = kept(value, default[key] if known else None, path)
            elif value is not None or not known or "null" in types_at(model, path):
                left[key] = value
            elif _is_read(".".join(path)):
                raise SettingsError(null_refused(path, origins))
        return left

    return kept(tree, defaults, ())


def _is_read(path: str) -> bool:
    return any(f"{read}.".startswith(f"{path}.") for read in READ_BY_TEMPLATES)
