"""How settings are found: command line > environment > values files > defaults.

The same YAML files go to Helm, so the rules are Helm's: later files win map by
map, a null takes a default away (what the chart calculates with must stay) or is
the value, where the type says so, and `--set a.b=1,c.d=2` overrides.
A values file may also hold the chart's own keys (images, placement): they are
checked against the same models as in the chart's schema, and then left to Helm.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource

from long_lived.settings.chart import ChartValues
from long_lived.settings.errors import (
    ENVIRONMENT_PREFIX,
    Origin,
    Origins,
    SettingsError,
    explain,
    lookup,
    schema_of,
    variable,
)
from long_lived.settings.model import Settings
from long_lived.settings.nulls import without_nulls
from long_lived.settings.values_file import Tree, read


def load(
    files: Iterable[Path] = (),
    overrides: Iterable[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Read the settings of one run.

    Args:
        files: values files; later ones win.
        overrides: `key.path=value` as after Helm's `--set`; later ones win.
        environment: variables to read; None means those of this process.

    Raises:
        SettingsError: a file that cannot be read, an unknown key, a value out of bounds.
    """
    origins: dict[str, Origin] = {}
    from_files: Tree = {}
    for file in files:
        tree, lines = read(file)
        origins |= {path: Origin(f"in {file} line {line}") for path, line in lines.items()}
        from_files = _overlaid(from_files, tree)
    from_environment = _read_environment(
        os.environ if environment is None else environment, origins
    )
    from_flags: Tree = {}
    for override in overrides:
        for path, text in _read_override(override):
            origin = Origin(f"in --set {override}")
            _put(from_flags, path, _typed(text, path, Settings), origin)
            origins[".".join(path)] = origin

    chart = _of_the_chart(from_files)
    _check_chart_keys(chart, origins)
    own = {key: value for key, value in from_files.items() if key not in chart}
    return _validated(_overlaid(_overlaid(own, from_environment), from_flags), origins)


def chart_values(files: Iterable[Path]) -> Tree:
    """Return the chart's own keys of values files, of which `load` only checks that they are right.

    Raises:
        SettingsError: a file that cannot be read.
    """
    merged: Tree = {}
    for file in files:
        merged = _overlaid(merged, read(file)[0])
    return _of_the_chart(merged)


def divided(overrides: Iterable[str]) -> tuple[list[str], list[str]]:
    """Divide overrides into those of the settings and those of the chart's own keys.

    Raises:
        SettingsError: no setting, or a chart key that does not exist or is out of bounds.
    """
    own: list[str] = []
    chart: list[str] = []
    for override in overrides:
        for path, value in _read_override(override):
            text = "null" if value is None else value.replace(",", "\\,")
            pair = f"{'.'.join(path)}={text}"
            is_chart = path[0].partition("[")[0] in _CHART_KEYS
            (chart if is_chart else own).append(pair)
            if is_chart and "[" not in ".".join(path):
                tree: Tree = {}
                origin = Origin(f"in --set {override}")
                _put(tree, path, _typed(value, path, ChartValues), origin)
                _check_chart_keys(tree, {".".join(path): origin})
    return own, chart


_CHART_KEYS = {field.alias for field in ChartValues.model_fields.values()}


def _of_the_chart(tree: Tree) -> Tree:
    return {key: value for key, value in tree.items() if key in _CHART_KEYS}


def _overlaid(below: Tree, above: Tree) -> Tree:
    """Lay one tree over another, map by map; a null is a value as any other."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        if isinstance(value, dict):
            value = _overlaid(under if isinstance(under, dict) else {}, value)
        merged[key] = value
    return merged


def _read_environment(environment: Mapping[str, str], origins: dict[str, Origin]) -> Tree:
    tree: Tree = {}
    for name in sorted(environment):
        if name.upper().startswith(ENVIRONMENT_PREFIX):
            words = name[len(ENVIRONMENT_PREFIX) :].lower().split("__")
            if not all(words):
                raise SettingsError(
                    f"variable {name} names no setting: allowed is {ENVIRONMENT_PREFIX}SECTION__KEY"
                )
            path = [to_camel(word) for word in words]
            origin = Origin("in the environment", name)
            _put(tree, path, _typed(environment[name], path, Settings), origin)
            origins[".".join(path)] = origin
    return tree


def _typed(text: str | None, path: Sequence[str], model: type[BaseModel]) -> Any:
    """Return what Helm's --set makes of `text`, where the value at `path` is no text."""
    node = lookup(schema_of(model), path)
    types = {choice.get("type") for choice in (node, *node.get("anyOf", ()))}
    if text == "null" and "null" in types:
        return None
    if text in ("true", "false") and "boolean" in types:
        return text == "true"
    if text and "integer" in types and re.fullmatch(r"0|-?[1-9][0-9]{0,18}", text):
        return int(text)
    return text


def _read_override(override: str) -> list[tuple[list[str], str | None]]:
    r"""Split `a.b=1,c.d=x` as Helm does; `\,` is a comma inside a value."""
    pairs = []
    for part in override.replace("\\,", "\0").split(","):
        key, equals, text = part.replace("\0", ",").partition("=")
        if not equals or not all(key.strip().split(".")):
            raise SettingsError(
                f"--set {override}: {part!r} is no setting: allowed is key.path=value"
            )
        value = None if text.strip() == "null" else text
        pairs.append((key.strip().split("."), value))
    return pairs


def _put(tree: Tree, path: Sequence[str], value: Any, origin: Origin) -> None:
    name = origin.variable or f"{'.'.join(path)} = {value!r} ({origin.words})"
    for depth, part in enumerate(path[:-1], start=1):
        tree = tree.setdefault(part, {})
        if not isinstance(tree, dict):
            above = variable(path[:depth]) if origin.variable else part
            raise SettingsError(f"{name}: {above} is given as a value too")
    if isinstance(tree.get(path[-1]), dict):
        raise SettingsError(f"{name}: {path[-1]} is a map: allowed is a key in it")
    tree[path[-1]] = value


def _check_chart_keys(tree: Tree, origins: Origins) -> None:
    try:
        ChartValues.model_validate(without_nulls(tree, ChartValues, origins))
    except ValidationError as error:
        raise SettingsError(explain(error, ChartValues, origins)) from None


def _validated(tree: Tree, origins: Origins) -> Settings:
    effective = without_nulls(tree, Settings, origins)

    class Sourced(Settings):
        """`Settings` with exactly these sources: nothing is read behind our back."""

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: Any, **__: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (InitSettingsSource(settings_cls, init_kwargs=effective),)

    try:
        loaded = Sourced()
    except ValidationError as error:
        raise SettingsError(explain(error, Settings, origins)) from None
    # As plain settings: those of two loads could not be equal otherwise.
    return Settings(**{name: getattr(loaded, name) for name in Settings.model_fields})
