"""Scenarios: values files by name."""

from pathlib import Path

from long_lived.settings import SettingsError
from long_lived.settings.places import SCENARIOS as FOLDER


def values_files(names: tuple[str, ...]) -> list[Path]:
    """Turn each of `names` into a file: a path as it is, or the scenario of that name.

    Raises:
        SettingsError: neither a file nor a scenario.
    """
    return [_values_file(name) for name in names]


def known() -> list[str]:
    """List the scenarios by name."""
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


def _values_file(name: str) -> Path:
    if Path(name).suffix in (".yaml", ".yml") or "/" in name:
        return Path(name)
    if name in known():
        return FOLDER / f"{name}.yaml"
    raise SettingsError(
        f"scenario {name!r} does not exist: allowed is a YAML file or one of {', '.join(known())}"
    )
