"""All settings that the apps and the lab read, and the rules between them."""

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
    def refuse_a_restart_that_cannot_be(self) -> "Settings":
        """Refuse a restart that stops no replica, or begins after the run has ended."""
        restart = self.experiment.restart
        limits = (
            ("experiment.restart.keep", restart.keep, "server.replicas", self.server.replicas),
            (
                "experiment.restart.afterSeconds",
                restart.after_seconds,
                "client.durationSeconds",
                self.client.duration_seconds,
            ),
        )
        for key, value, high, limit in limits if restart.after_seconds else ():
            if limit and value >= limit:  # null replicas and a duration of 0 set no limit
                raise PydanticCustomError(
                    "limit", "", {"key": key, "value": value, "high": high, "limit": limit}
                )
        return self

    def as_values(self) -> dict[str, object]:
        """Return the settings as a values file would state them (camelCase keys)."""
        return self.model_dump(mode="json", by_alias=True)
