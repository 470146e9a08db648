"""All settings that the apps and the lab read, and the rules between them."""

import json
from typing import Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from long_lived.settings.sections.client import Client
from long_lived.settings.sections.experiment import Experiment
from long_lived.settings.sections.metrics import Metrics
from long_lived.settings.sections.section import Section
from long_lived.settings.sections.server import Server

ENGINES_WITHOUT_TLS = frozenset({"asyncio"})
"""Engines that cannot reach an https:// url."""


class Settings(Section):
    """All settings of one experiment."""

    server: Server = Server()
    client: Client = Client()
    experiment: Experiment = Experiment()
    metrics: Metrics = Metrics()

    @model_validator(mode="after")
    def refuse_an_event_that_cannot_be(self) -> "Settings":
        """Refuse an event for which there are too few replicas, or that begins after the end."""
        event, replicas = self.experiment.event, self.server.replicas
        if event.kind == "none":
            return self
        duration = self.client.duration_seconds
        if duration and event.after_seconds >= duration:  # a duration of 0 sets no limit
            raise _limit(
                *("experiment.event.afterSeconds", event.after_seconds),
                *("client.durationSeconds", duration),
            )
        stops = event.kind in ("restart", "crash", "kill", "drain")
        if event.kind == "scale-down" and replicas and event.count >= replicas:
            raise _limit("experiment.event.count", event.count, "server.replicas", replicas)
        if stops and replicas and event.count > replicas:
            raise _limit(
                *("experiment.event.count", event.count, "server.replicas", replicas), kind="range"
            )
        if event.kind.startswith("scale-") and replicas is None:
            raise _conflict(
                *("experiment.event.kind", event.kind),
                "server.replicas = null leaves their number to an autoscaler; it must be a number",
            )
        if event.kind == "rollout" and event.surge == event.unavailable == 0:
            raise _conflict(
                *("experiment.event.surge", 0),
                "must be above 0 where experiment.event.unavailable = 0",
            )
        drains = self.server.runtime == "gunicorn" or self.server.graceful_timeout_seconds
        if event.kind == "drain" and not drains:
            raise _conflict(
                *("experiment.event.kind", "drain"),
                f"server.runtime = {self.server.runtime} ends at once; "
                "server.gracefulTimeoutSeconds must be above 0",
            )
        return self

    @model_validator(mode="after")
    def refuse_limits_that_do_not_fit_the_mode(self) -> "Settings":
        """Refuse to recycle without a limit, and a limit where nothing is recycled."""
        own = self.client.keep_alive
        if own.mode == "recycle" and not own.limited:
            raise _conflict(
                *("client.keepAlive.mode", "recycle"),
                "client.keepAlive.maxRequests or client.keepAlive.maxAgeSeconds must be above 0",
            )
        limits = (("maxRequests", own.max_requests), ("maxAgeSeconds", own.max_age_seconds))
        for key, value in limits:
            if value and own.mode != "recycle":
                raise _conflict(
                    *(f"client.keepAlive.{key}", value),
                    f"has no effect with client.keepAlive.mode = {own.mode}; must be 0, or the "
                    "mode recycle",
                )
        return self

    @model_validator(mode="after")
    def refuse_to_choose_behind_a_proxy(self) -> "Settings":
        """Refuse a client that goes past the proxy that balances its requests."""
        if self.client.balancing == "headless" and self.server.proxy != "none":
            raise _conflict(
                *("client.balancing", "headless"),
                f"goes past server.proxy = {self.server.proxy}; must be service",
            )
        return self

    @model_validator(mode="after")
    def refuse_what_needs_servers_of_ours(self) -> "Settings":
        """Refuse what a service that is not ours cannot do, and to load nothing."""
        if self.server.enabled:
            return self
        client = self.client
        for key, value, only in (
            ("client.enabled", client.enabled, True),
            ("client.balancing", client.balancing, "service"),
            ("client.readiness.host", client.readiness.host, ""),
            ("server.proxy", self.server.proxy, "none"),
            ("experiment.event.kind", self.experiment.event.kind, "none"),
        ):
            if value != only:
                raise _conflict(
                    *(key, _shown(value)),
                    f"needs servers of ours (server.enabled = false); must be {_shown(only)}",
                )
        if not client.url:
            raise _conflict(
                *("server.enabled", "false"),
                "there is nothing to load; client.url must name a service that is there already",
            )
        return self

    @model_validator(mode="after")
    def refuse_tls_where_there_is_none(self) -> "Settings":
        """Refuse settings of TLS without it, and an engine that has none."""
        client = self.client
        if not client.secure:
            for key, value in client.target.tls.model_dump(by_alias=True).items():
                if value:
                    raise _conflict(
                        *(f"client.target.tls.{key}", _shown(value)),
                        "has no effect without TLS; must be left out, or client.url be https://",
                    )
        elif client.engine in ENGINES_WITHOUT_TLS:
            raise _conflict(
                *("client.engine", client.engine),
                "speaks no TLS; must be threads or gevent where client.url is https://",
            )
        return self

    @model_validator(mode="after")
    def refuse_metrics_that_cannot_be(self) -> "Settings":
        """Refuse what reads metrics without any, and metrics at the port of the answers."""
        metrics, port = self.metrics, self.server.port
        for key, enabled in (
            ("podMonitor", metrics.pod_monitor.enabled),
            ("rules", metrics.rules.enabled),
            ("dashboard", metrics.dashboard.enabled),
        ):
            if enabled and not metrics.enabled:
                raise _conflict(f"metrics.{key}.enabled", "true", "needs metrics.enabled = true")
        if metrics.enabled and metrics.port == port:
            raise _conflict(
                *("metrics.port", metrics.port), f"server.port = {port} is taken; must be another"
            )
        return self

    def as_values(self) -> dict[str, object]:
        """Return the settings as a values file would state them (camelCase keys)."""
        return self.model_dump(mode="json", by_alias=True)


def _shown(value: object) -> str:
    """Write a value as a values file does."""
    return json.dumps(value) if isinstance(value, bool) else str(value) or "empty"


def _limit(
    key: str, value: float, high: str, limit: float, kind: Literal["limit", "range"] = "limit"
) -> PydanticCustomError:
    """Make the error of a value that must be below another, or at most that (`range`)."""
    return PydanticCustomError(kind, "", {"key": key, "value": value, "high": high, "limit": limit})


def _conflict(key: str, value: object, reason: str) -> PydanticCustomError:
    """Make the error of a value that does not go with another; `reason` says what must be."""
    return PydanticCustomError("conflict", "", {"key": key, "value": value, "reason": reason})
