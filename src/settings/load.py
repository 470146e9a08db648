"""How settings are found: command line > environment > values files > defaults.

The same YAML files go to Helm, so the rules are Helm's: later files win map by
map, a null gives a key its default back (or is its value: NULL_IS_A_VALUE),
and `--set a.b=1,c.d=2` overrides.
A values file may also hold the chart's own keys (images, placement): they are
checked against the same models as in the chart's schema, and then left to Helm.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic.alias_generators import to_camel
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource

from long_lived.settings.chart import ChartValues
from long_lived.settings.errors import SettingsError, explain
from long_lived.settings.model import NULL_IS_A_VALUE, Settings

ENVIRONMENT_PREFIX = "LONG_LIVED__"
"""Prefix of every variable: LONG_LIVED__CLIENT__THINK_TIME__MIN_SECONDS=1. The two underscores
keep it apart from the variables that Kubernetes makes for a Service named long-lived-…"""

Tree = dict[str, Any]


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
    origins: dict[str, str] = {}
    from_files: Tree = {}
    for file in files:
        tree = read_values_file(file)
        origins.update(dict.fromkeys(_paths(tree), f"in {file}"))
        from_files = _overlaid(from_files, tree)
    from_environment = _read_environment(
        os.environ if environment is None else environment, origins
    )
    from_flags: Tree = {}
    for override in overrides:
        for path, value in _read_override(override):
            _put(from_flags, path, value, f"--set {override}")
            origins[".".join(path)] = f"in --set {override}"

    chart = _of_the_chart(from_files)
    _check_chart_keys(chart, origins)
    own = {key: value for key, value in from_files.items() if key not in chart}
    return _validated([from_flags, from_environment, own], origins)


def chart_values(files: Iterable[Path]) -> Tree:
    """Return the chart's own keys of values files, of which `load` only checks that they are right.

    Raises:
        SettingsError: a file that cannot be read.
    """
    merged: Tree = {}
    for file in files:
        merged = _overlaid(merged, read_values_file(file))
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
            if is_chart and value is not None and "[" not in ".".join(path):
                tree: Tree = {}
                _put(tree, path, value, f"--set {override}")
                _check_chart_keys(tree, {".".join(path): f"in --set {override}"})
    return own, chart


_CHART_KEYS = {field.alias for field in ChartValues.model_fields.values()}


def _of_the_chart(tree: Tree) -> Tree:
    return {key: value for key, value in tree.items() if key in _CHART_KEYS}


def read_values_file(file: Path) -> Tree:
    """Read one YAML file.

    Raises:
        SettingsError: no such file, no YAML, a key that stands twice, or no map at the top.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SettingsError(
            f"values file {file}: {reason}: allowed is a readable YAML file"
        ) from None
    try:
        tree = yaml.load(text, Loader=_StrictLoader)
        _paths(tree if isinstance(tree, dict) else {})  # does not end where a map holds itself
    except (yaml.YAMLError, ValueError, KeyError, AttributeError) as error:
        # PyYAML lets through what Python says to `2020-13-45`, to `!!int x` and to `!!bool x`.
        mark = getattr(error, "problem_mark", None)
        place = f" line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "unreadable"
        raise SettingsError(
            f"values file {file}{place}: no valid YAML ({problem}): allowed is a YAML map"
        ) from None
    except RecursionError:
        raise SettingsError(
            f"values file {file}: nested too deeply: allowed is a YAML map"
        ) from None
    if tree is None:
        return {}
    if not isinstance(tree, dict) or not all(isinstance(key, str) for key in tree):
        raise SettingsError(
            f"values file {file}: {type(tree).__name__} at the top: allowed is a YAML map"
        )
    return tree


class _StrictLoader(yaml.SafeLoader):
    """A YAML reader that refuses a key that stands twice, of which one would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                continue  # refused below: a list or a map is no key
            if (key_node.tag, key_node.value) in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key_node.value!r} stands twice", key_node.start_mark
                )
            seen.add((key_node.tag, key_node.value))
        return super().construct_mapping(node, deep)


def _overlaid(below: Tree, above: Tree, path: str = "") -> Tree:
    """Lay one tree over another, map by map; a null above removes the key it is no value of."""
    merged = dict(below)
    for key, value in above.items():
        at = f"{path}{key}"
        if value is None and at not in NULL_IS_A_VALUE:
            merged.pop(key, None)
        elif isinstance(value, dict):
            under = merged.get(key)
            merged[key] = _overlaid(under if isinstance(under, dict) else {}, value, f"{at}.")
        else:
            merged[key] = value
    return merged


def _paths(tree: Tree, above: str = "") -> list[str]:
    paths = []
    for key, value in tree.items():
        path = f"{above}.{key}" if above else str(key)
        paths += [path, *(_paths(value, path) if isinstance(value, dict) else [])]
    return paths


def _read_environment(environment: Mapping[str, str], origins: dict[str, str]) -> Tree:
    tree: Tree = {}
    for name in sorted(environment):
        if name.upper().startswith(ENVIRONMENT_PREFIX):
            words = name[len(ENVIRONMENT_PREFIX) :].lower().split("__")
            if not all(words):
                raise SettingsError(
                    f"variable {name} names no setting: allowed is {ENVIRONMENT_PREFIX}SECTION__KEY"
                )
            path = [to_camel(word) for word in words]
            value = None if environment[name] == "null" else environment[name]
            _put(tree, path, value, f"variable {name}")
            origins[".".join(path)] = f"in variable {name}"
    return tree


def _read_override(override: str) -> list[tuple[list[str], Any]]:
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


def _put(tree: Tree, path: Sequence[str], value: Any, origin: str) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
        if not isinstance(tree, dict):
            raise SettingsError(
                f"{'.'.join(path)} = {value!r} ({origin}): {part} is given as a value too"
            )
    if isinstance(tree.get(path[-1]), dict):
        raise SettingsError(
            f"{'.'.join(path)} = {value!r} ({origin}): {path[-1]} is a map: allowed is a key in it"
        )
    tree[path[-1]] = value


def _check_chart_keys(tree: Tree, origins: Mapping[str, str]) -> None:
    try:
        ChartValues.model_validate(tree)
    except ValidationError as error:
        raise SettingsError(explain(error, ChartValues, origins)) from None


def _validated(trees: Sequence[Tree], origins: Mapping[str, str]) -> Settings:
    """Validate once; of `trees` the first has the last word."""
    merged: Tree = {}
    for tree in reversed(trees):
        merged = _overlaid(merged, tree)

    class Sourced(Settings):
        """`Settings` with exactly these sources: nothing is read behind our back."""

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: Any, **__: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (InitSettingsSource(settings_cls, init_kwargs=merged),)

    try:
        loaded = Sourced()
    except ValidationError as error:
        raise SettingsError(explain(error, Settings, origins)) from None
    # As plain settings: those of two loads could not be equal otherwise.
    return Settings(**{name: getattr(loaded, name) for name in Settings.model_fields})
