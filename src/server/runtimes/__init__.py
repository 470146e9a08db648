"""How a replica serves. A runtime is a module or package here, and a line in `RUNTIMES`."""

from collections.abc import Callable

from long_lived.server.runtimes.flask import Flask
from long_lived.server.runtimes.go import Go
from long_lived.server.runtimes.gunicorn import Gunicorn
from long_lived.server.runtimes.runtime import Assignment, Runtime, Unavailable
from long_lived.settings import Settings

RUNTIMES: dict[str, Runtime] = {
    runtime.name: runtime
    for runtime in (
        Flask(),
        Gunicorn(),
        Go(),
    )
}
"""Every runtime by its name, as in the setting server.runtime."""


def prepare(settings: Settings) -> Callable[[Assignment], None]:
    """Load the runtime that the settings name; return what serves.

    Raises:
        Unavailable: it cannot be used here.
    """
    name = settings.server.runtime
    try:
        return RUNTIMES[name].prepare(settings)
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        raise Unavailable(
            f"server.runtime = {name!r} needs the package {package}: "
            "install long-lived with its dependencies"
        ) from None
