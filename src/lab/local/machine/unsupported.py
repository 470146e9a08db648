"""Settings that the lab cannot honour on one machine, though the chart does.

Here the lab starts the servers itself, at addresses of its own choice, and asks each of them
whether it is ready.
"""

from typing import Any

from long_lived.settings import Settings, SettingsError

_OURS = "the lab on this machine starts its own servers"
REFUSED = {
    "server.port": "the lab on this machine takes a free port",
    "metrics.port": "the lab on this machine takes a free port",
    **dict.fromkeys(
        [
            "client.url",
            "client.readiness.path",
            "client.readiness.status",
            "client.target.identity",
            "client.target.method",
            "client.target.headers",
            "client.target.bodyFile",
            "client.target.status",
            "client.target.host",
        ],
        _OURS,
    ),
    "client.readiness.host": "the lab on this machine asks each of its servers itself",
}
"""By key: why only the default can be used."""


def refuse_what_has_no_effect(settings: Settings) -> None:
    """Refuse a setting that would be ignored here; the default counts as not given.

    Where the servers are not ours nothing is: the clients read it all.

    Raises:
        SettingsError: there is one.
    """
    if not settings.server.enabled:
        return
    if settings.server.replicas is None:
        raise SettingsError("server.replicas = null: allowed on this machine is 1 to 1000")
    given, defaults = settings.as_values(), Settings().as_values()
    for key, why in REFUSED.items():
        value, default = _value(given, key), _value(defaults, key)
        if value != default:
            value = ", ".join(value) if isinstance(value, dict) else value
            raise SettingsError(
                f"{key} = {value}: {why}; must be {default!r} (the default; on a cluster, "
                "--on cluster, it is a setting like any other)"
            )


def _value(values: Any, key: str) -> Any:
    for part in key.split("."):
        values = values[part]
    return values
