"""The forms by name, as after --format."""

from collections.abc import Callable

from long_lived.lab.report.facts import Facts
from long_lived.lab.report.forms.junit import as_junit
from long_lived.lab.report.forms.markdown import as_markdown
from long_lived.lab.report.forms.prometheus import as_prometheus
from long_lived.lab.report.forms.result import as_json
from long_lived.lab.report.forms.timeline_csv import as_csv

FORMS: dict[str, Callable[[Facts], str]] = {
    "json": as_json,
    "csv": as_csv,
    "markdown": as_markdown,
    "junit": as_junit,
    "prometheus": as_prometheus,
}
