"""All settings that the apps and the lab read, and the rules between them."""

from typing import Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from long_lived.settings.sections.client import Client
from long_lived.settings.sections.experiment import Experiment
from long_lived.settings.sections.section import Section
from long_lived.settings.sections.server import Server


class Settings(Section):
    """All settings of one experiment."""

    server: Server = Server()
    client: Client = Client()
    experiment: Experiment = Experiment()

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

    def as_values(self) -> dict[str, object]:
        """Return the settings as a values file would state them (camelCase keys)."""
        return self.model_dump(mode="json", by_alias=True)


def _limit(
    key: str, value: float, high: str, limit: float, kind: Literal["limit", "range"] = "limit"
) -> PydanticCustomError:
    """Make the error of a value that must be below another, or at most that (`range`)."""
    return PydanticCustomError(kind, "", {"key": key, "value": value, "high": high, "limit": limit})


def _conflict(key: str, value: object, reason: str) -> PydanticCustomError:
    """Make the error of a value that does not go with another; `reason` says what must be."""
    return PydanticCustomError("conflict", "", {"key": key, "value": value, "reason": reason})
