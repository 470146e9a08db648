"""The two readers of a values file: the lab, and the pods of the chart that Helm renders."""

from pathlib import Path
from typing import Any

from tests.chart.conftest import Rendered, loaded, template

from long_lived.settings import SettingsError, load

REFUSED = None


def on_a_cluster(file: Path, folder: Path) -> dict[str, Any] | None:
    """Return what the client's pods load from the chart rendered with `file`."""
    done = template(values=(file,), flags=("--show-only", "templates/client/*.yaml"))
    if done.returncode:
        return REFUSED
    rendered = Rendered(done.stdout)
    return loaded(rendered, rendered.client_pod, folder).as_values()


def here(file: Path) -> dict[str, Any] | None:
    """Return what the lab loads from `file`, plus the names that a release fills in."""
    try:
        values: dict[str, Any] = load([file], environment={}).as_values()
    except SettingsError:
        return REFUSED
    client = values["client"]
    client["url"] = client["url"] or "http://try-long-lived-server/"
    client["readiness"]["host"] = client["readiness"]["host"] or "try-long-lived-server-headless"
    return values
