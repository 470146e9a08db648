"""Where settings come from: values files, variables and --set, merged map by map as Helm does.

pydantic-settings is not used: importing it takes 0.1 s of CPU in every process, a seventh of what
`--help` takes, and only its merge would do. `YamlConfigSettingsSource` reads YAML 1.1 and skips
a file that is missing, `EnvSettingsSource` skips a variable that names no setting, and
`CliSettingsSource` has a flag for each setting where Helm has --set.
"""

import re
from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from long_lived.settings.errors import ENVIRONMENT_PREFIX, Origin, Origins, SettingsError, variable
from long_lived.settings.keys import parts, types_at
from long_lived.settings.values_file import Tree, read


@dataclass(frozen=True)
class Source:
    """What one place gives, unchecked: a tree of values, and the origin of each key path."""

    values: Tree
    origins: Origins


def layered(ranked: Sequence[Source]) -> Source:
    """Merge sources; the first one wins."""
    values: Tree = {}
    for source in reversed(ranked):
        values = _merged(values, source.values)
    return Source(values, ChainMap(*(dict(source.origins) for source in ranked)))


def _merged(below: Tree, above: Tree) -> Tree:
    """Put `above` on top of `below`, map by map; a null is a value like any other."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        if isinstance(value, dict) and isinstance(under, dict):
            value = _merged(under, value)
        merged[key] = value
    return merged


def values_file(file: Path) -> Source:
    """Read a values file as Helm does.

    Raises:
        SettingsError: it cannot be read.
    """
    values, lines = read(file)
    return Source(values, {path: Origin(f"in {file} line {line}") for path, line in lines.items()})


def variables(environment: Mapping[str, str], model: type[BaseModel]) -> Source:
    """Read the variables with the prefix.

    Raises:
        SettingsError: part of a name is empty, or two variables contradict each other.
    """
    given: list[_Given] = []
    for name in sorted(environment):
        if name.upper().startswith(ENVIRONMENT_PREFIX):
            words = name[len(ENVIRONMENT_PREFIX) :].lower().split("__")
            if not all(words):
                raise SettingsError(
                    f"variable {name} does not name a setting: "
                    f"must be {ENVIRONMENT_PREFIX}SECTION__KEY"
                )
            path = [to_camel(word) for word in words]
            given.append((path, environment[name], Origin("in the environment", name)))
    return _source(given, model)


def flags(overrides: Iterable[str], model: type[BaseModel]) -> Source:
    """Read the argument of each --set; later ones win.

    Raises:
        SettingsError: one is malformed, or two contradict each other.
    """
    given = [
        (path, text, Origin(f"in --set {override}"))
        for override in overrides
        for path, text in pairs(override)
    ]
    return _source(given, model)


def pairs(override: str) -> list[tuple[list[str], str | None]]:
    r"""Split `a.b=1,c.d=x` into key paths and texts as Helm does; `\,` is a comma inside a value.

    The text of a null is None.

    Raises:
        SettingsError: part of it is not `key.path=value`.
    """
    found = []
    for pair in override.replace("\\,", "\0").split(","):
        key, equals, text = pair.replace("\0", ",").partition("=")
        path = parts(key.strip())
        if not equals or not all(path):
            raise SettingsError(
                f"--set {override}: {pair!r} is not a setting: must be key.path=value"
            )
        found.append((path, None if text.strip() == "null" else text))
    return found


_Given = tuple[list[str], str | None, Origin]
"""A key path, the text given for it, and where it was given; the text of a null is None."""


def _source(given: Sequence[_Given], model: type[BaseModel]) -> Source:
    values: Tree = {}
    for path, text, origin in given:
        _put(values, path, _typed(text, path, model), origin)
    return Source(values, {".".join(path): origin for path, _, origin in given})


def _typed(text: str | None, path: Sequence[str], model: type[BaseModel]) -> Any:
    """Return what Helm's --set makes of `text`, unless the value at `path` is text."""
    types = types_at(model, path)
    if text == "null" and "null" in types:
        return None
    if text in ("true", "false") and "boolean" in types:
        return text == "true"
    if text and "integer" in types and re.fullmatch(r"0|-?[1-9][0-9]{0,18}", text):
        return int(text)
    return text


def _put(tree: Tree, path: Sequence[str], value: Any, origin: Origin) -> None:
    name = origin.variable or f"{'.'.join(path)} = {value!r} ({origin.words})"
    for depth, part in enumerate(path[:-1], start=1):
        tree = tree.setdefault(part, {})
        if not isinstance(tree, dict):
            above = variable(path[:depth]) if origin.variable else part
            raise SettingsError(f"{name}: {above} is also given as a value")
    if isinstance(tree.get(path[-1]), dict):
        raise SettingsError(f"{name}: {path[-1]} is a map: set a key in it")
    tree[path[-1]] = value
