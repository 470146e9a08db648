"""Which settings of a run differ from the defaults, or two runs' from each other. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from long_lived.settings import Settings


class Difference(NamedTuple):
    """One setting that two sides have in common, and not its value."""

    key: str
    ours: object
    theirs: object


NAMES = ("experiment.name", "experiment.description")
"""Settings that say what a run is called, and change nothing in it."""


LOCAL = "http://127."


def differing(ours: Settings, theirs: Settings | None = None) -> list[Difference]:
    """List the settings that differ, in the order of the values; from the defaults by default."""
    mine = flat(ours.as_values())
    other = flat((theirs or Settings()).as_values())
    keys = [key for key in dict.fromkeys([*mine, *other]) if key not in NAMES]
    found = [Difference(key, mine.get(key), other.get(key)) for key in keys]
    return [one for one in found if one.ours != one.theirs and not _chosen_by_the_lab(one)]


def _chosen_by_the_lab(one: Difference) -> bool:
    """Whether it is the address of servers on this machine, which each run takes anew."""
    return one.key == "client.url" and str(one.ours).startswith(LOCAL)


def flat(values: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Write nested values with their keys as after --set."""
    found: dict[str, object] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            found.update(flat(value, f"{name}."))
        else:
            found[name] = value
    return found
