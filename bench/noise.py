"""How far runs of the same differ in the numbers that `long-lived diff` compares.

    python bench/noise.py RESULTS...

Of each number: median, least and most, by how much two of the runs differ (median and most, as a
part of the larger), and how many of the pairs `diff` takes for more than noise at some tolerances.
"""

import itertools
import math
import sys
from pathlib import Path
from statistics import median

from long_lived.lab.analysis.difference import Side, Trend, compared
from long_lived.lab.analysis.trade import trade
from long_lived.lab.results.saved_run import saved_run

TOLERANCES = (0.1, 0.25, 0.5)
NOISE = (Trend.SAME, Trend.NOISE, Trend.UNKNOWN)


def side(folder: Path) -> Side:
    """Read a run that was kept."""
    run = saved_run(folder)
    assert run.seen.summary is not None
    counts = run.seen.server_counts.values()
    numbers = trade(run.seen.summary, run.verdict, counts, run.seen.proxy_cpu_seconds)
    return Side(run.seen.summary, run.verdict, numbers)


def main() -> None:
    """Print a row for each number."""
    sides = [side(Path(one)) for one in sys.argv[1:]]
    if len(sides) < 2:
        sys.exit("noise: needs the results of two runs of the same, or more")
    pairs = list(itertools.combinations(sides, 2))
    more = "  ".join(f"> {tolerance:.0%}" for tolerance in TOLERANCES)
    print(f"{'':16}    median     least      most  of two: median  most   {more}")
    for index, row in enumerate(compared(sides[0], sides[0])):
        rows = [[compared(*pair, tolerance)[index] for pair in pairs] for tolerance in TOLERANCES]
        told = [compared(one, one)[index].first for one in sides]
        values = [value for value in told if value is not None and math.isfinite(value)]
        if not values:
            continue
        apart = [abs(a - b) / (max(a, b) or 1) for a, b in itertools.combinations(values, 2)]
        found = "  ".join(
            f"{sum(one.change not in NOISE for one in many) / len(pairs):>5.0%}" for many in rows
        )
        print(
            f"{row.name:<16}{median(values):>10.4g}{min(values):>10.4g}{max(values):>10.4g}"
            f"{median(apart):>16.0%}{max(apart):>6.0%}   {found}"
        )


if __name__ == "__main__":
    main()
