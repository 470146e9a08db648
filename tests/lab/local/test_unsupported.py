"""Every setting is honoured by the lab on one machine or refused by it; none is ignored."""

from collections.abc import Iterator
from typing import Any

import pytest

from long_lived.lab.local.machine.unsupported import REFUSED, refuse_what_has_no_effect
from long_lived.settings import Settings, SettingsError, load

USED = {
    *("server.replicas", "server.runtime", "server.backlog", "server.gracefulTimeoutSeconds"),
    *("server.delay.minSeconds", "server.delay.maxSeconds"),
    *("server.keepAlive.idleTimeoutSeconds", "server.keepAlive.maxRequests"),
    *("server.keepAlive.maxAgeSeconds", "server.keepAlive.jitterRatio", "server.proxy"),
    *("server.gunicorn.workerClass", "server.gunicorn.threads"),
    *("client.target.tls.caFile", "client.target.tls.certFile", "client.target.tls.keyFile"),
    "client.target.tls.insecure",  # as the three above refused by the settings without a url
    *("server.enabled", "server.headerTimeoutSeconds"),
    "client.enabled",  # every run needs its client, here or on a cluster: `false` is refused
    *("client.concurrency", "client.requestsPerUser", "client.durationSeconds"),
    *("client.thinkTime.minSeconds", "client.thinkTime.maxSeconds", "client.rampUpSeconds"),
    *("client.keepAlive.mode", "client.connections", "client.engine", "client.parallelism"),
    *("server.keepAlive.maxRequests", "server.keepAlive.maxAgeSeconds"),
    *("server.keepAlive.jitterRatio", "server.proxy"),
    *("client.keepAlive.maxRequests", "client.keepAlive.maxAgeSeconds"),
    *("client.keepAlive.jitterRatio", "client.balancing", "client.seed"),
    *("client.headless.policy", "client.headless.resolveSeconds"),
    *("client.timeouts.connectSeconds", "client.timeouts.readSeconds"),
    *("client.readiness.timeoutSeconds", "client.logResponses"),
    *("experiment.name", "experiment.description", "experiment.expect"),
    "experiment.maxFailedRatio",
    *("experiment.event.kind", "experiment.event.afterSeconds", "experiment.event.count"),
    *("experiment.event.surge", "experiment.event.unavailable"),
    *("experiment.event.replacementSeconds", "experiment.event.serviceLagSeconds"),
    *("experiment.evenWithin", "metrics.enabled"),
}
"""The keys that replicas, clients or the lab itself read in a run on one machine."""

OF_THE_CHART = {
    *("metrics.namespace", "metrics.rules.enabled", "metrics.dashboard.enabled"),
    *("metrics.podMonitor.enabled", "metrics.podMonitor.intervalSeconds"),
}
"""The keys of objects that only a cluster has."""

GIVEN = {
    "server.port": ("9000", "must be 8000"),
    "metrics.port": ("9000", "must be 9464"),
    "client.url": ("http://127.0.0.1:1/", "must be ''"),
    "client.readiness.path": ("/healthz", "must be '/readyz'"),
    "client.readiness.status": ("2xx", "must be '200'"),
    "client.target.identity": ("header:X-Pod", "must be 'pod'"),
    "client.target.method": ("POST", "must be 'GET'"),
    "client.target.headers": ("X-Name", "must be {}"),
    "client.target.bodyFile": ("body.json", "must be ''"),
    "client.target.status": ("2xx", "must be '200'"),
    "client.target.host": ("shop.example", "must be ''"),
    "client.readiness.host": ("headless.example", "must be ''"),
}


def leaves(values: Any, above: str = "") -> Iterator[str]:
    """List the keys that hold a value rather than a map."""
    for key, value in values.items():
        path = f"{above}{key}"
        if isinstance(value, dict):
            yield from leaves(value, f"{path}.")
        else:
            yield path


def test_every_setting_is_used_or_refused() -> None:
    """A new setting has to be listed here as one or the other."""
    refused = set(REFUSED) - {"client.target.headers"}  # a map without any key
    assert set(leaves(Settings().as_values())) == USED | OF_THE_CHART | refused
    assert not USED & set(REFUSED)
    assert set(GIVEN) == set(REFUSED)


@pytest.mark.parametrize("key", GIVEN)
def test_setting_that_does_not_apply_is_refused(key: str) -> None:
    """The line names key, value, reason, and what is allowed."""
    value, allowed = GIVEN[key]
    with pytest.raises(SettingsError) as refused:
        given = f"{key}.{value}=secret" if key.endswith("headers") else f"{key}={value}"
        refuse_what_has_no_effect(load([], [given], {}))
    assert str(refused.value).startswith(f"{key} = {value}: the lab on this machine ")
    assert allowed in str(refused.value)
    assert "secret" not in str(refused.value)


def test_defaults_are_not_refused() -> None:
    """A default value was not asked for, even if it is written out."""
    refuse_what_has_no_effect(load([], ["server.port=8000", "client.url="], {}))
