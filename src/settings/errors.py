"""What is said of bad settings: one line with the key path, the value and what is allowed.

A setting is named as its source names it: by key path in files and flags, by variable in the
environment.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from long_lived.settings.keys import schema_at

_BOUNDS = (
    ("minimum", "from {}"),
    ("exclusiveMinimum", "above {} up"),
    ("maximum", "to {}"),
)
_ANY = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
}


ENVIRONMENT_PREFIX = "LONG_LIVED__"
"""Prefix of every variable: LONG_LIVED__CLIENT__THINK_TIME__MIN_SECONDS=1. The two underscores
keep it apart from the variables that Kubernetes makes for a Service named long-lived-…"""

SECRETS = ("client", "target", "headers")
"""Below this key path no value is ever shown."""


@dataclass(frozen=True)
class Origin:
    """Where a value came from."""

    words: str
    """The place in words: "in values.yaml line 3", "in --set server.port=0"."""

    variable: str = ""
    """Name of the variable, as the user wrote it; empty for files and flags."""


Origins = Mapping[str, Origin]
"""The origin of each key path."""


class SettingsError(ValueError):
    """The settings cannot be used; the text is one line for the user."""

    def __init__(self, text: str) -> None:
        """Keep `text` on one line, whatever the user's keys and values contain."""
        super().__init__(one_line(text))


def one_line(text: str) -> str:
    """Escape what would break the line, or the terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def explain(error: ValidationError, model: type[BaseModel], origins: Origins) -> str:
    """Put all complaints of `error` on one line."""
    return "; ".join(_complaint(item, model, origins) for item in error.errors())


def variable(path: Sequence[str]) -> str:
    """Return the name of the variable for the setting at `path`."""
    words = [re.sub("([A-Z])", r"_\1", part).upper() for part in path]
    return ENVIRONMENT_PREFIX + "__".join(words)


def null_refused(path: Sequence[str], origins: Origins) -> str:
    """Say that the setting at `path` cannot be null."""
    name, where = _name(path, origins), _where(path, origins)
    return f"{name} = null is not allowed: leave it out to get its default{where}"


def _complaint(item: Any, model: type[BaseModel], origins: Origins) -> str:
    path = [str(part) for part in item["loc"]]
    value, context = item["input"], item.get("ctx", {})
    if item["type"] in ("range", "limit"):
        key = [*path, *context["key"].split(".")]
        high, limit = [*path, *context["high"].split(".")], f"{context['limit']:.15g}"
        relation, bound = (
            ("above", f"at most {limit}")
            if item["type"] == "range"
            else ("not below", f"less than {limit}")
        )
        return (
            f"{_name(key, origins)} = {context['value']:.15g} is {relation} "
            f"{_name(high, origins)} = {limit}: must be {bound}{_where(key, origins)}"
        )
    if item["type"] == "conflict":
        key = [*path, *context["key"].split(".")]
        value = context["value"]
        value = value if isinstance(value, str) else f"{value:.15g}"
        return f"{_name(key, origins)} = {value}: {context['reason']}{_where(key, origins)}"
    name, where = _name(path, origins), _where(path, origins)
    if item["type"] == "header":
        return f"{name}.{context['key']} is not allowed: {context['reason']}{where}"
    if item["type"] == "reserved":
        return (
            f"{name}.{context['key']} is not allowed: the chart, Helm or Kubernetes sets it{where}"
        )
    if item["type"] == "extra_forbidden":
        known = sorted(schema_at(model, path[:-1]).get("properties", {}))
        close = get_close_matches(path[-1], known, n=1)
        names = [_like(path, origins, [*path[:-1], key]) for key in close] or [
            _like(path, origins, [*path[:-1], key], [key]) for key in known
        ]
        hint = f"did you mean {names[0]}?" if close else f"allowed: {', '.join(names)}"
        return f"{name} = {_shown(value)} is not a setting: {hint}{where}"
    node = schema_at(model, path)
    if node.get("type") == "object" and _of(path, origins).variable:
        keys = ", ".join(variable([*path, key]) for key in sorted(node.get("properties", {})))
        return f"{name} = {_shown(value)} is not allowed: use {keys}{where}"
    shown = "(not shown)" if path[:3] == list(SECRETS) else _shown(value)
    allowed = (
        f"must be at most {context['max_length']:,} characters"
        if item["type"] == "string_too_long"
        else _allowed(node, path)
    )
    return f"{name} = {shown} is not allowed: {allowed}{where}"


def _of(path: Sequence[str], origins: Origins) -> Origin:
    """Find the source of the value at `path`, or of the nearest map above or key below it."""
    for length in range(len(path), 0, -1):
        if found := origins.get(".".join(path[:length])):
            return found
    start = ".".join(path) + "."
    return next((origin for key, origin in origins.items() if key.startswith(start)), Origin(""))


def _name(path: Sequence[str], origins: Origins) -> str:
    given = origins.get(".".join(path))
    return (given.variable if given else "") or _like(path, origins, path)


def _like(
    path: Sequence[str], origins: Origins, other: Sequence[str], short: Sequence[str] = ()
) -> str:
    """Name the setting `other` as the source of `path` would; in a file, by `short`."""
    return variable(other) if _of(path, origins).variable else ".".join(short or other)


def _where(path: Sequence[str], origins: Origins) -> str:
    words = _of(path, origins).words
    return f" ({words})" if words else ""


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _allowed(node: dict[str, Any], path: list[str]) -> str:
    if "enum" in node:
        return f"must be one of {', '.join(word or 'empty' for word in node['enum'])}"
    if node.get("type") == "object":
        return "must be a map"
    if path[-1] == "url":
        return "must be an http:// or https:// address"
    if path[-1] == "identity":
        return "must be pod, none, header:NAME, json:KEY or regex:PATTERN"
    if "pattern" in node:
        return f"must match {node['pattern']}"
    also = ""
    if "anyOf" in node:  # a number or null
        node, also = node["anyOf"][0], " or null"
    bounds = " ".join(
        words.format(f"{node[key]:g}" if node[key] < 1e5 else f"{node[key]:.0f}")
        for key, words in _BOUNDS
        if key in node
    )
    return f"must be {_ANY.get(node.get('type', ''), 'another value')} {bounds}".rstrip() + also
