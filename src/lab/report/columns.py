"""Text in 80 columns: what the parts of a report share. Pure."""

from collections.abc import Sequence

from long_lived.record.lines import printable

COLUMNS = 80
LABEL_WIDTH = 13


def labelled(label: str, text: str) -> list[str]:
    """Put `text` beside `label`, in as many lines of at most 80 columns as it takes."""
    lines: list[str] = []
    room = COLUMNS - LABEL_WIDTH
    for word in printable(text).split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    labels: Sequence[str] = [label, *[""] * len(lines)]
    return [f"{name:<{LABEL_WIDTH}}{line}" for name, line in zip(labels, lines, strict=False)]


def table(rows: Sequence[Sequence[str]], name_width: int) -> list[str]:
    """Put a name and its cells side by side, the heading first; cells stand to the right.

    A name has `name_width` columns, and fewer where the cells need the room.
    """
    widths = [max(map(len, column)) for column in zip(*(row[1:] for row in rows), strict=True)]
    room = min(name_width, COLUMNS - sum(2 + width for width in widths))
    return [
        "  ".join(
            [
                f"{short(name, room):<{room}}",
                *(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)),
            ]
        ).rstrip()
        for name, *cells in rows
    ]


def short(name: str, width: int) -> str:
    """Cut somebody's name to `width` columns; its end, which tells pods apart, stays."""
    shown = printable(name)
    return shown if len(shown) <= width else f"…{shown[len(shown) - width + 1 :]}"


def seconds(value: float) -> str:
    """Write a duration with three digits, or all before the point, and its unit."""
    if value >= 999.5:
        return f"{value:.0f} s"
    return f"{value * 1000:.3g} ms" if value < 0.9995 else f"{value:.3g} s"
