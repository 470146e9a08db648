"""The forms by name, as after --format, and the schema of the JSON."""

import json
from collections.abc import Callable

from pydantic import TypeAdapter

from long_lived.lab.report.facts import ComparisonFacts, Facts
from long_lived.lab.report.forms.comparison import (
    Comparison,
    comparison_as_csv,
    comparison_as_json,
)
from long_lived.lab.report.forms.junit import as_junit, comparison_as_junit
from long_lived.lab.report.forms.markdown import as_markdown, comparison_as_markdown
from long_lived.lab.report.forms.prometheus import as_prometheus, comparison_as_prometheus
from long_lived.lab.report.forms.result import Result, as_json
from long_lived.lab.report.forms.timeline_csv import as_csv

FORMS: dict[str, Callable[[Facts], str]] = {
    "json": as_json,
    "csv": as_csv,
    "markdown": as_markdown,
    "junit": as_junit,
    "prometheus": as_prometheus,
}

COMPARISON_FORMS: dict[str, Callable[[ComparisonFacts], str]] = {
    "json": comparison_as_json,
    "csv": comparison_as_csv,
    "markdown": comparison_as_markdown,
    "junit": comparison_as_junit,
    "prometheus": comparison_as_prometheus,
}


def schema() -> str:
    """Return the schema of the JSON, of a run or of a comparison."""
    either: TypeAdapter[Result | Comparison] = TypeAdapter(Result | Comparison)
    told = either.json_schema(mode="serialization")
    told["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return f"{json.dumps(told, indent=1)}\n"
