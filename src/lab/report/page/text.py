"""Names and numbers as a page writes them: what came from a server is cut, without controls."""

from long_lived.lab.report.columns import seconds
from long_lived.record.lines import printable

MOST_NAME = 48


def clean(name: str, most: int = MOST_NAME) -> str:
    """Cut a name that somebody else chose, in the middle; its end tells pods apart."""
    printed = printable(name)
    if len(printed) <= most:
        return printed
    half = (most - 1) // 2
    return f"{printed[:half]}…{printed[len(printed) - (most - 1 - half) :]}"


def duration(value: float | None) -> str:
    """Write a duration with its unit; a dash where there is none."""
    return "–" if value is None else seconds(value)


def number(value: float | None, digits: int = 0) -> str:
    """Write a number with thousands apart; a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}"
