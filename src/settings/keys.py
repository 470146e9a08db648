"""Key paths, and what the models' JSON schema says about the value at one."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]


def parts(path: str) -> list[str]:
    r"""Split a key path at its dots, as Helm does; `\.` is a dot inside a key."""
    return [part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", path)]


def joined(path: Iterable[str]) -> str:
    """Return the key path that `parts` splits into `path`."""
    return ".".join(part.replace(".", "\\.") for part in path)


@cache
def schema_of(model: type[BaseModel]) -> Schema:
    """Return the JSON schema of `model`, with keys as in values files."""
    return model.model_json_schema(by_alias=True)


def schema_at(model: type[BaseModel], path: Iterable[str]) -> Schema:
    """Follow `path` through the schema of `model`; empty where it leads nowhere."""
    top = schema_of(model)
    found = top
    for part in path:
        key, is_item, _ = part.partition("[")
        found = _resolved(top, found.get("properties", {}).get(key) or _any_value(found))
        if is_item:
            found = _resolved(top, found.get("items", {}))
    return found


def types_at(model: type[BaseModel], path: Iterable[str]) -> set[str]:
    """Return the JSON types of the value at `path`; empty where it is free or unknown."""
    found = schema_at(model, path)
    return {choice["type"] for choice in (found, *found.get("anyOf", ())) if "type" in choice}


def _any_value(found: Schema) -> Schema:
    """Return the schema of each value of a map whose keys are free."""
    values = found.get("additionalProperties")
    return values if isinstance(values, dict) else {}


def _resolved(top: Schema, found: Schema) -> Schema:
    reference = found.get("$ref")
    return top["$defs"][reference.rpartition("/")[2]] if reference else found
