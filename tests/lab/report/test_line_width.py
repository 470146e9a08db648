"""Lines that fit a terminal, whatever the numbers and the names."""

import pytest
from tests.lab.records import scaled
from tests.lab.report.reports import lines_of, restart_lines, troubled
from tests.lab.runs import SERVERS, plain

from long_lived.record.error_kind import ErrorKind

HUGE = 100_000

LONG = [f"{'long-lived-server-' * 3}{letter}{'9' * 8}"[:63] for letter in "abcde"]
"""Pod names of the greatest length on a cluster: 63 characters."""

MANY_KINDS = dict.fromkeys(list(ErrorKind)[:7], 9)

REPORTS = {
    "even": lambda: lines_of(plain(dict.fromkeys(SERVERS, 30)), [*SERVERS]),
    "huge": lambda: lines_of(scaled(plain(dict.fromkeys(LONG, 200)), HUGE), LONG),
    "uneven": lambda: lines_of(
        scaled(plain({"server-a": 200, "server-b": 1}), HUGE), ["server-a", "server-b", "server-c"]
    ),
    "one-replica": lambda: lines_of(scaled(plain({"server-a": 200}), HUGE), ["server-a"]),
    "nothing": lambda: lines_of(plain({}), []),
    "nothing-of-three": lambda: lines_of(plain({}), [*SERVERS]),
    "many-kinds": lambda: lines_of(
        scaled(plain({"server-a": 200}, failed=MANY_KINDS), HUGE), ["server-a"]
    ),
    "remark": lambda: lines_of(
        plain({"server-a": 20}), ["server-a"], remarks=("known " * 50 + "now",)
    ),
    "pinned": lambda: restart_lines(),
    "healed": lambda: restart_lines(heals=True),
    "per-request": lambda: restart_lines(keeps=False),
    "cut-short": lambda: restart_lines(end=11.0),
    "short-run": lambda: restart_lines(end=13.0),
    "losses": lambda: restart_lines(lost=7, factor=HUGE),
    "standstill": lambda: lines_of(troubled(), [*SERVERS]),
    "pinned-long-names": lambda: restart_lines(servers=LONG[:3], new=LONG[3:], factor=HUGE),
    "healed-long-names": lambda: restart_lines(servers=LONG[:3], new=LONG[3:], heals=True),
}


@pytest.mark.parametrize("name", REPORTS)
def test_every_line_fits_80_columns(name: str) -> None:
    """No numbers or names make a line wrap: it has at most 80 columns."""
    for line in REPORTS[name]():
        assert len(line) <= 80, line
        assert "\n" not in line
        assert line == line.rstrip()
