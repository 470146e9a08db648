"""How tests ask why settings are refused."""

import pytest

from long_lived.settings import SettingsError, load


def reason(*sources: object, **given: object) -> str:
    """Return why the settings are refused, in one line."""
    with pytest.raises(SettingsError) as caught:
        load(*sources, **given)
    (line,) = str(caught.value).splitlines()
    return line


WHOLE = "must be a whole number from 1 to 100000"


def nested(path: str, yaml_value: str) -> str:
    """Write a values file with one key, in YAML's flow style."""
    parts = path.split(".")
    return "".join(f"{{{part}: " for part in parts) + yaml_value + "}" * len(parts)
