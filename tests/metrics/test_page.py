"""What is said of metrics in docs/metrics.md, in rules and in the dashboard, is so."""

import re
from pathlib import Path

import pytest

from long_lived.metrics.closing import Closing
from long_lived.metrics.definition import METRICS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "metrics.md"
FILES = ROOT / "charts" / "long-lived" / "files"


def test_page_lists_every_metric() -> None:
    """Its table is the definition, in the same order."""
    rows = [
        f"| `{one.name}` | {one.kind} | {', '.join(one.labels)} | {', '.join(one.sides)} "
        f"| {one.text} |"
        for one in METRICS
    ]
    table = PAGE.read_text().partition("|---|\n")[2].partition("\n<!-- end")[0]
    assert table.splitlines() == rows


def test_page_explains_every_reason() -> None:
    """A connection closes for no other."""
    (told,) = re.findall(r"\*\*reason\*\* is (.*?)\n- ", PAGE.read_text(), re.DOTALL)
    assert re.findall(r"`(\w+)` \(", told) == list(Closing)


@pytest.mark.parametrize(
    "file", [PAGE, *sorted(FILES.glob("metrics-*"))], ids=lambda file: file.name
)
def test_queries_name_metrics_that_exist(file: Path) -> None:
    """A name that is misspelt gives no data, and no error either."""
    known = {one.name for one in METRICS}
    named = set(re.findall(r"\blong_lived_\w+", file.read_text()))
    assert len(named) > 2
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in named} <= known
