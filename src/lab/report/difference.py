"""Two runs side by side, in 80 columns. Pure."""

import math
from collections.abc import Sequence

from long_lived.lab.analysis.difference import Compared, Trend
from long_lived.lab.report.columns import COLUMNS, labelled, seconds, short, table
from long_lived.lab.report.differing import Difference

NAME_WIDTH = 34
MOST_VALUE = 20


def lines(
    names: tuple[str, str],
    settings: Sequence[Difference],
    findings: tuple[str, str],
    verdict: Trend,
    rows: Sequence[Compared],
) -> list[str]:
    """Return the report of what differs between two runs."""
    shown = [
        line for label, name in zip("AB", names, strict=True) for line in labelled(label, name)
    ]
    if settings:
        cells = [["setting", "A", "B"]]
        cells += [[one.key, _value(one.ours), _value(one.theirs)] for one in settings]
        shown += ["", *table(cells, NAME_WIDTH)]
    else:
        shown += ["", "no setting differs"]
    told = [["", "A", "B", "from A to B", ""], ["verdict", *findings, "", str(verdict)]]
    told += [_row(one) for one in rows]
    return [*shown, "", *table(told, NAME_WIDTH)]


def _row(one: Compared) -> list[str]:
    return [
        one.name,
        _number(one.first, one.unit),
        _number(one.second, one.unit),
        _difference(one),
        str(one.change),
    ]


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if value == math.inf:
        return "never"
    if unit == "seconds":
        return seconds(value)
    if unit == "ratio":
        return f"{value:.0%}"
    return f"{value:,.0f}" if unit == "requests" else f"{value:,.3g}"


def _difference(one: Compared) -> str:
    first, second = one.first, one.second
    if first is None or second is None or math.inf in (first, second):
        return ""
    if one.unit == "ratio":
        return f"{100 * (second - first):+.0f} points"
    if one.unit == "requests":
        return f"{second - first:+,.0f}"
    return f"{second / first - 1:+.0%}" if first else ""


def _value(value: object) -> str:
    return short(str(value), min(MOST_VALUE, COLUMNS))
