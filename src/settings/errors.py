"""Bad settings in words: one line with the key path, the value and what is allowed."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

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


class SettingsError(ValueError):
    """Settings that cannot be used; its text is one line for the user."""

    def __init__(self, text: str) -> None:
        """Keep `text` in one line, whatever the user's keys and values hold."""
        super().__init__(one_line(text))


def one_line(text: str) -> str:
    """Escape what would break the line, or the terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def explain(error: ValidationError, model: type[BaseModel], origins: Mapping[str, str]) -> str:
    """Put every complaint of `error` into one line.

    `origins` maps a key path to where its value came from (a file, a flag, a variable).
    """
    schema = _schema(model)
    return "; ".join(_complaint(item, schema, origins) for item in error.errors())


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True)


def _complaint(item: Any, schema: dict[str, Any], origins: Mapping[str, str]) -> str:
    path = [str(part) for part in item["loc"]]
    value, context = item["input"], item.get("ctx", {})
    if item["type"] == "range":
        low = ".".join([*path, context["key"]])
        high = ".".join([*path, context["high"]])
        return (
            f"{low} = {context['value']:.15g} is above {high} = {context['limit']:.15g}: "
            f"allowed is at most {context['limit']:.15g}{_origin(low, origins)}"
        )
    if item["type"] == "limit":
        key, high = context["key"], context["high"]
        return (
            f"{key} = {context['value']:.15g} is not below {high} = {context['limit']:.15g}: "
            f"allowed is less than {context['limit']:.15g}{_origin(key, origins)}"
        )
    if item["type"] == "number_expected":
        path.append(context["key"])
        value = value[context["key"]]
    name = ".".join(path)
    where = _origin(name, origins)
    if item["type"] == "reserved":
        key = f"{name}.{context['key']}"
        return f"{key} is not allowed: the chart, Helm or Kubernetes sets it{where}"
    if item["type"] == "invalid_key":
        return f"{name} is no setting: a key is text, not {type(value).__name__}{where}"
    if item["type"] == "extra_forbidden":
        known = sorted(_lookup(schema, path[:-1]).get("properties", {}))
        close = get_close_matches(path[-1], known, n=1)
        hint = (
            f"did you mean {'.'.join([*path[:-1], close[0]])}?"
            if close
            else f"allowed: {', '.join(known)}"
        )
        return f"{name} = {_shown(value)} is no setting: {hint}{where}"
    return f"{name} = {_shown(value)} is not allowed: {_allowed(schema, path)}{where}"


def _origin(name: str, origins: Mapping[str, str]) -> str:
    """Name the source of `name`, or of the nearest map above or key below it."""
    at = name
    while at:
        if at in origins:
            return f" ({origins[at]})"
        at = at.rpartition(".")[0]
    below = [origin for key, origin in origins.items() if key.startswith(f"{name}.")]
    return f" ({below[0]})" if below else ""


def _shown(value: Any) -> str:
    try:
        if isinstance(value, bool):
            return str(value).lower()
        text = repr(value) if isinstance(value, str) else str(value)
    except ValueError:  # more digits than CPython writes (4300)
        return "a very large number"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _lookup(schema: dict[str, Any], path: Iterable[str]) -> dict[str, Any]:
    """Follow `path` through `schema`; an empty result where it leads nowhere."""
    node = schema
    for part in path:
        node = _resolve(schema, node.get("properties", {}).get(part, {}))
    return node


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    reference = node.get("$ref")
    return schema["$defs"][reference.rpartition("/")[2]] if reference else node


def _allowed(schema: dict[str, Any], path: list[str]) -> str:
    node = _lookup(schema, path)
    if "enum" in node:
        return f"allowed is one of {', '.join(word or 'empty' for word in node['enum'])}"
    if node.get("type") == "object":
        return "allowed is a map"
    if path[-1] == "url":
        return "allowed is an http:// address"
    if "pattern" in node:
        return f"allowed is what matches {node['pattern']}"
    bounds = " ".join(
        words.format(f"{node[key]:g}" if node[key] < 1e5 else f"{node[key]:.0f}")
        for key, words in _BOUNDS
        if key in node
    )
    return f"allowed is {_ANY.get(node.get('type', ''), 'another value')} {bounds}".rstrip()
