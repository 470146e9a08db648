"""What the chart publishes of the settings: schema, values.yaml and the README's tables.

The models are the only source: `python -m long_lived.settings.schema` writes all three from them,
and a test fails while one is stale. No app reads anything here.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any

import yaml

from long_lived.settings.chart import ChartValues
from long_lived.settings.keys import Schema, schema_of
from long_lived.settings.model import Settings
from long_lived.settings.places import CHART

DIALECT = "http://json-schema.org/draft-07/schema#"
"""The newest dialect that both Helm 3 and Helm 4 can validate."""

README_MARKS = (
    "<!-- values: written by `make generate` -->",
    "<!-- end of the values -->",
)

LONGEST_PATTERN = 80
"""Longest pattern that the README's tables print."""

HEADER = """\
# The default values of the chart, written by `make generate` from src/settings.
# To change one, use --set or a file of your own like those in values/, never this file.
#
# The apps read server, client and experiment: each goes whole into their values file. Of metrics
# they read whether and where; Helm alone reads the rest of it and all other keys.
"""


def chart_schema() -> Schema:
    """Return the schema of all values, references resolved, in the dialect of DIALECT."""
    properties: Schema = {}
    for model in (Settings, ChartValues):
        schema = schema_of(model)
        properties |= _plain(schema, schema["$defs"])["properties"]
    return {
        "$schema": DIALECT,
        "title": "Values of the chart long-lived",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def defaults() -> Schema:
    """Return the default of every value that has one, as values.yaml states it."""
    settings, chart = Settings(), ChartValues()
    own = chart.model_dump(mode="json", by_alias=True, exclude_none=True)
    tree = {**settings.as_values(), **own}
    return {key: _whole_numbers(value) for key, value in tree.items()}


def values_yaml() -> str:
    """Return the chart's values.yaml, each value below its description."""
    lines = [HEADER.rstrip()]
    schema = chart_schema()["properties"]
    for key, default in defaults().items():
        lines += ["", *_yaml_lines(key, schema[key], default, indent=0)]
    return "\n".join(lines) + "\n"


def values_table() -> str:
    """Return the tables of the chart's README, one for each top-level key that is a map."""
    parts: list[str] = []
    loose: list[str] = []
    for key, node in chart_schema()["properties"].items():
        rows = [_row(*leaf) for leaf in _leaves(key, node, defaults().get(key))]
        if "properties" in node:
            parts.append("\n".join([f"### {key}", "", _text(node), "", *_HEAD, *rows]))
        else:
            loose += rows
    parts.append("\n".join(["### Names and labels", "", *_HEAD, *loose]))
    return "\n\n".join(parts)


def published() -> dict[Path, str]:
    """Return each file that the models are published in, with the content it should have."""
    readme = CHART / "README.md"
    begin, end = README_MARKS
    before, _, rest = readme.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    return {
        CHART / "values.schema.json": json.dumps(chart_schema(), indent=2, ensure_ascii=False)
        + "\n",
        CHART / "values.yaml": values_yaml(),
        readme: f"{before}{begin}\n\n{values_table()}\n\n{end}{after}",
    }


def main() -> None:
    """Write the files that are stale."""
    for file, text in published().items():
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            print(f"{file.relative_to(CHART.parents[1])}: written")


def _plain(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """Resolve references; drop what pydantic invents: titles, and defaults of whole maps."""
    if "$ref" in node:
        target = definitions[node["$ref"].rpartition("/")[2]]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    plain: Schema = {}
    for key, value in node.items():
        if key == "title" or (key == "default" and "properties" in node):
            continue
        if key == "description":
            plain[key] = " ".join(value.split())
        elif key == "properties":
            plain[key] = {name: _plain(child, definitions) for name, child in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            plain[key] = _plain(value, definitions)
        elif key in ("anyOf", "allOf", "oneOf"):
            plain[key] = [_plain(child, definitions) for child in value]
        else:
            plain[key] = _whole_numbers(value)
    return _number_or_text(plain) if plain.get("type") == "number" and "maximum" in plain else plain


def _number_or_text(node: Schema) -> Schema:
    """Also allow a fraction as text: Helm's --set reads only whole numbers as numbers."""
    bounds = {key: node.pop(key) for key in list(node) if key in (*_BOUNDS, "type")}
    whole = f"[0-9]{{1,{len(str(int(bounds['maximum'])))}}}"
    fraction = r"(\.[0-9]+)?"
    pattern = rf"{whole}{fraction}" if bounds["maximum"] > 1 else rf"(0{fraction}|1(\.0+)?)"
    text = {"type": "string", "pattern": f"^{pattern}$"}
    return {**node, "anyOf": [bounds, text]}


def _whole_numbers(value: Any) -> Any:
    """Write 20.0 as 20, at any depth."""
    if isinstance(value, dict):
        return {key: _whole_numbers(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(child) for child in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text(node: Schema) -> str:
    return str(node.get("description", ""))


def _yaml_lines(key: str, node: Schema, default: Any, indent: int) -> list[str]:
    margin = " " * indent
    lines = [f"{margin}# {line}" for line in wrap(_text(node), width=96 - indent)]
    if "properties" in node:
        lines.append(f"{margin}{key}:")
        for name, child in node["properties"].items():
            lines += _yaml_lines(name, child, default[name], indent + 2)
    else:
        dumped = yaml.dump({key: default}, Dumper=_Dumper, sort_keys=False, width=1000)
        lines += [f"{margin}{line}" for line in dumped.splitlines()]
    return lines


class _Dumper(yaml.SafeDumper):
    """Writes YAML as charts do: lists indented, double quotes where text needs any."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)

    def represent_text(self, text: str) -> yaml.ScalarNode:
        plain = yaml.safe_dump(text).startswith(text or " ")
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _Dumper.represent_text)


def _leaves(path: str, node: Schema, default: Any) -> Iterator[tuple[str, Schema, Any]]:
    if "properties" in node:
        for name, child in node["properties"].items():
            yield from _leaves(f"{path}.{name}", child, default[name])
    else:
        yield path, node, default


_BOUNDS = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to"}
_HEAD = ("| Key | Default | Allowed | Description |", "|---|---|---|---|")


def _row(path: str, node: Schema, default: Any) -> str:
    shown = "none" if default is None else f"`{json.dumps(default, ensure_ascii=False)}`"
    cells = (f"`{path}`", shown, _allowed(node), _text(node).replace("<", r"\<"))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _allowed(node: Schema) -> str:
    if "anyOf" in node:
        number, text = node["anyOf"]
        return (
            _allowed(number)
            if number["type"] == "number"
            else f"{_allowed(number)}, {_allowed(text)}"
        )
    if "enum" in node:
        return ", ".join(f"`{word}`" if word else '`""`' for word in node["enum"])
    words = [str(node.get("type", "any"))]
    words += [f"{word} {node[bound]}" for bound, word in _BOUNDS.items() if bound in node]
    if len(node.get("pattern", "")) > LONGEST_PATTERN:
        words.append("matching the schema's pattern")
    elif "pattern" in node:
        words.append(f"matching `{node['pattern']}`")
    if "items" in node:
        items = node["items"]
        words.append(f"of {_allowed(items)}" if "enum" in items else "of maps")
    return " ".join(words)


if __name__ == "__main__":
    main()
