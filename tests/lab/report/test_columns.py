"""Text in 80 columns: labels, shortened names, durations."""

import hypothesis
import hypothesis.strategies as some
import pytest

from long_lived.lab.report.columns import COLUMNS, LABEL_WIDTH, labelled, seconds, short, table

WORDS = some.lists(some.text("abc ", min_size=1, max_size=12), max_size=60).map(" ".join)


@hypothesis.given(text=WORDS, label=some.sampled_from(["verdict", "requests", ""]))
def test_text_beside_a_label_is_whole_and_fits(text: str, label: str) -> None:
    """No word is lost or cut, no line is too long, and the label appears once, at the start."""
    lines = labelled(label, text)
    assert all(len(line) <= COLUMNS for line in lines)
    assert lines[0][:LABEL_WIDTH] == f"{label:<{LABEL_WIDTH}}"
    assert all(line[:LABEL_WIDTH].strip() == "" for line in lines[1:])
    assert " ".join(line[LABEL_WIDTH:] for line in lines).split() == text.split()


def test_text_that_fits_is_one_line() -> None:
    """Text that fits beside its label is not broken."""
    assert labelled("note", "x" * 67) == [f"note         {'x' * 67}"]
    assert labelled("note", f"{'x' * 60} {'y' * 6}") == [f"note         {'x' * 60} {'y' * 6}"]
    assert labelled("note", f"{'x' * 60} {'y' * 7}") == [
        f"note         {'x' * 60}",
        f"{'':13}{'y' * 7}",
    ]


def test_word_longer_than_a_line_stays_whole() -> None:
    """A path can be copied however long it is; the words around it get their own lines."""
    path = "results/" + "x" * 100
    assert labelled("results", f"in {path} now") == [
        "results      in",
        f"{'':13}{path}",
        f"{'':13}now",
    ]


def test_table_puts_cells_to_the_right_of_names() -> None:
    """Each column is as wide as its widest cell, and no line ends in spaces."""
    assert table([["server", "held", "chance"], ["server-a", "1,000", ""]], 10) == [
        "server       held  chance",
        "server-a    1,000",
    ]


@pytest.mark.parametrize("digits", [1, 5, 10, 20])
def test_table_cuts_names_where_numbers_need_the_room(digits: int) -> None:
    """Names give way to numbers: no line is too long, and no number is cut."""
    rows = [["server", "answered", "held"], ["x" * 63, "9" * digits, "9" * (2 * digits)]]
    heading, line = table(rows, 40)
    assert len(heading) <= COLUMNS
    assert len(line) <= COLUMNS
    name, *cells = line.split()
    assert cells == rows[1][1:]
    assert name.endswith("xx")
    assert len(name) <= 40


@pytest.mark.parametrize(
    ("name", "width", "text"),
    [
        ("server-a", 8, "server-a"),
        ("server-a", 20, "server-a"),
        ("long-lived-server-abc12", 8, "…r-abc12"),
        ("ab", 1, "…"),
        ("", 5, ""),
    ],
    ids=["exact", "shorter", "cut", "one-column", "empty"],
)
def test_name_is_cut_at_its_beginning(name: str, width: int, text: str) -> None:
    """Pod names of one Deployment differ at the end, so the end stays."""
    assert short(name, width) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 ms"),
        (0.0001234, "0.123 ms"),
        (0.0123456, "12.3 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (20.04, "20 s"),
        (59.96, "60 s"),
        (999.4, "999 s"),
    ],
)
def test_duration_has_three_digits_and_its_unit(value: float, text: str) -> None:
    """Short durations are in milliseconds, longer ones in seconds."""
    assert seconds(value) == text


@pytest.mark.parametrize(("value", "text"), [(1234.0, "1234 s"), (86_400.0, "86400 s")])
def test_long_duration_is_written_out(value: float, text: str) -> None:
    """A duration of more than three digits is not printed in exponent notation."""
    assert seconds(value) == text
