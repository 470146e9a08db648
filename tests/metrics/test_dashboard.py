"""The Grafana dashboard, by the types that Grafana's makers generate from its schema."""

import copy
import json
import types
import typing
from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from tests.chart.conftest import CHART

DASHBOARD = json.loads((CHART / "files" / "metrics-dashboard.json").read_text())

OF_PROMETHEUS = {"step", "titleFormat", "useValueForTime"}
"""What the data source's plugin reads of an annotation; the schema leaves that to it."""


def unknown(told: Any, kept: Any, path: str) -> list[str]:
    """List the keys that are not kept by who reads what is known, and writes it again."""
    if isinstance(told, dict):
        missing = [f"{path}.{key}" for key in told.keys() - kept.keys() - OF_PROMETHEUS]
        pairs = ((f"{path}.{key}", told[key], kept[key]) for key in told.keys() & kept.keys())
        return missing + [one for at, own, other in pairs for one in unknown(own, other, at)]
    if isinstance(told, list):
        both = enumerate(zip(told, kept, strict=True))
        return [one for at, (own, other) in both for one in unknown(own, other, f"{path}[{at}]")]
    return []


def deepest(told: list[str]) -> int:
    """Say how far it is to a fault: the farthest is that of the type which was meant."""
    return len(told[0].partition(" = ")[0])


def unfit(value: Any, hint: Any, path: str) -> list[str]:
    """List the values that are not of their types."""
    if hint in (Any, object):
        hint = type(value)
    inner = typing.get_args(hint)
    match typing.get_origin(hint):
        case typing.Union | types.UnionType:
            found = [unfit(value, one, path) for one in inner]
            return [] if [] in found else max(found, key=deepest)
        case typing.Literal:
            fits = value in inner
        case kind if kind is list and isinstance(value, list):
            items = enumerate(value)
            return [one for at, each in items for one in unfit(each, *inner, f"{path}[{at}]")]
        case kind if kind is dict and isinstance(value, dict):
            pairs = value.items()
            return [one for key, each in pairs for one in unfit(each, inner[1], f"{path}.{key}")]
        case None if issubclass(hint, Enum):
            fits = value in [one.value for one in hint]
        case None if isinstance(value, hint) and hint.__module__.startswith("grafana_"):
            return [
                one
                for name, each in typing.get_type_hints(hint).items()
                for one in unfit(getattr(value, name), each, f"{path}.{name}")
            ]
        case kind:
            fits = isinstance(value, kind or ((int, float) if hint is float else hint))
    return [] if fits else [f"{path} = {value!r}"]


def faults(dashboard: dict[str, Any]) -> list[str]:
    """List what Grafana does not know of a dashboard."""
    register_default_plugins()
    read = Dashboard.from_json(dashboard)
    kept = json.loads(JSONEncoder().encode(read))
    return unknown(dashboard, kept, "") + unfit(read, Dashboard, "")


def test_dashboard_fits_the_schema_of_grafana() -> None:
    """Each key is known, and each value of its type."""
    assert faults(DASHBOARD) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda whole: whole.update(refrsh="10s"), ".refrsh"),
        (lambda whole: whole["panels"][0].update(titel=""), ".panels[0].titel"),
        (lambda whole: whole["panels"][0]["targets"][0].update(exp=0), ".panels[0].targets[0].exp"),
        (lambda whole: whole["panels"][0]["gridPos"].update(w="1"), ".panels[0].grid_pos.w = '1'"),
        (
            lambda whole: whole["panels"][0]["options"]["legend"].update(placement="below"),
            ".panels[0].options.legend.placement = 'below'",
        ),
    ],
    ids=["key", "panel", "target", "type", "choice"],
)
def test_mistake_in_a_dashboard_is_found(change: Callable[[Any], None], fault: str) -> None:
    """Grafana itself would pass over it, and show something else."""
    changed = copy.deepcopy(DASHBOARD)
    change(changed)
    assert faults(changed) == [fault]
