"""The settings of one run: command line > environment > values files > defaults.

The same YAML files go to Helm, so the rules are Helm's: later files win map by map, and a null
removes a default (unless the chart calculates with it) or is the value, where the type says so.
A values file may also contain the chart's own keys (images, placement): they are checked against
the models behind the chart's schema, and then left to Helm.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from long_lived.settings.errors import SettingsError, explain
from long_lived.settings.keys import joined
from long_lived.settings.model import Settings
from long_lived.settings.nulls import without_nulls
from long_lived.settings.sources import Source, flags, layered, pairs, values_file, variables
from long_lived.settings.values_file import Tree

Model = TypeVar("Model", bound=BaseModel)

_OWN_KEYS = {field.alias for field in Settings.model_fields.values()}


def load(
    files: Iterable[Path] = (),
    overrides: Iterable[str] = (),
    environment: Mapping[str, str] | None = None,
    base: Iterable[str] = (),
) -> Settings:
    """Read the settings of one run.

    Args:
        files: values files; later ones win.
        overrides: `key.path=value` as after Helm's `--set`; later ones win.
        environment: variables to read; None means those of this process.
        base: overrides of the defaults, over which everything else wins.

    Raises:
        SettingsError: a file that cannot be read, an unknown key, a value out of bounds.
    """
    own, chart = _divided(files)
    from_variables = variables(os.environ if environment is None else environment, Settings)
    from_flags = flags(overrides, Settings)
    if chart.values:
        _checked(_chart_model(), chart)
    ranked = [from_flags, from_variables, own, flags(base, Settings)]
    return _checked(Settings, layered(ranked))


def chart_values(files: Iterable[Path]) -> Tree:
    """Return the chart's own keys of values files, which `load` only checks.

    Raises:
        SettingsError: a file that cannot be read.
    """
    return _divided(files)[1].values


def divided(overrides: Iterable[str]) -> tuple[list[str], list[str]]:
    """Split overrides into those for the settings and those for the chart's own keys.

    Raises:
        SettingsError: one names no setting, or a chart key that does not exist or is out of bounds.
    """
    own: list[str] = []
    chart: list[str] = []
    for path, text in [pair for override in overrides for pair in pairs(override)]:
        value = "null" if text is None else text.replace(",", "\\,")
        pair = f"{joined(path)}={value}"
        if not _is_of_the_chart(path[0].partition("[")[0]):
            own.append(pair)
            continue
        chart.append(pair)
        if not any("[" in part for part in path):
            _checked(_chart_model(), flags([pair], _chart_model()))
    return own, chart


def _divided(files: Iterable[Path]) -> tuple[Source, Source]:
    """Split what the values files together give into settings and the chart's own keys."""
    ranked = [values_file(file) for file in files][::-1]
    given = layered(ranked)
    own = {key: value for key, value in given.values.items() if not _is_of_the_chart(key)}
    chart = {key: value for key, value in given.values.items() if _is_of_the_chart(key)}
    return Source(own, given.origins), Source(chart, given.origins)


def _is_of_the_chart(key: str) -> bool:
    return key not in _OWN_KEYS and key in {
        field.alias for field in _chart_model().model_fields.values()
    }


def _chart_model() -> type[BaseModel]:
    """Return the model of the chart's own keys.

    Building it takes 0.05 s of each start, and few runs have such a key: it is imported for those.
    """
    from long_lived.settings.chart import ChartValues

    return ChartValues


def _checked(model: type[Model], source: Source) -> Model:
    try:
        return model.model_validate(without_nulls(source.values, model, source.origins))
    except ValidationError as error:
        raise SettingsError(explain(error, model, source.origins)) from None
