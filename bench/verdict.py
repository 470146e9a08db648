"""How often the verdict is wrong: simulated runs, each judged as a real one is.

A case is a kind of run whose truth is known: what its balancing and its events must lead to.
Each is simulated many times, and the lab's own `judge` says what it is. Prints a table in Markdown:
docs/verdict.md shows one, and says how to read it.

    python -m bench.verdict [--runs 2000] [--seed 1] [--processes 2] [--only TEXT]
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from bench.cases import Case, cases
from bench.simulation import simulate
from bench.summary import summary
from scipy.special import bdtrc, chdtri, chndtr

from long_lived.lab.analysis.power import LEVEL, needed
from long_lived.lab.analysis.verdict import Finding, Verdict, judge
from long_lived.record.merge import merge

CLOCK = 0.1
"""How uncertain the lab is about the clients' clocks, in seconds."""

ALLOWED_RATIO = 0.002
"""Of wrong verdicts, where there is power."""

SURE = 0.998
"""Power from which "even" in spite of a defect is called wrong."""

USERS_AT_ONCE = 20_000
"""Of all runs that are simulated together."""


@dataclass(frozen=True)
class Outcome:
    """What was judged in one run."""

    finding: Finding
    total: int
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Rates:
    """How the runs of one case were judged."""

    case: Case
    findings: Counter[Finding]
    serving: int
    """Replicas at the end, over which they are spread."""
    judged: int
    """Connections or requests that were judged, in the middle one of the runs."""
    power: float
    """How likely the defect, if there is one, is noticed at that number; 0 where there is none."""
    wrong_even: int
    wrong_not_even: int
    wrong_word: int
    """Neither of them, and the other one of "uneven" and "pinned"."""
    runs: int

    @property
    def powerful(self) -> bool:
        """Whether a wrong "even" counts."""
        return self.power >= SURE


def verdicts(case: Case, runs: int, seed: Sequence[int]) -> list[Verdict]:
    """Simulate runs and judge each."""
    rng, plan = np.random.default_rng(seed), case.plan
    known = list(dict.fromkeys(one.name for one in plan.starts if one.up < 0))
    one_client = replace(plan, users=plan.users // case.clients)
    courses = simulate(one_client, rng, runs * case.clients)
    found = []
    for run in range(runs):
        parts = courses[run * case.clients : (run + 1) * case.clients]
        ahead = rng.uniform(-2.0, 2.0, len(parts)) if case.clients > 1 else [0.0]
        told = [
            summary(plan, part.later(seconds), *case.settings)
            for part, seconds in zip(parts, ahead, strict=True)
        ]
        lags = [-seconds + rng.uniform(-CLOCK, CLOCK) for seconds in ahead]
        made = merge(told, lags) if case.clients > 1 else told[0]
        found.append(judge(made, known, [], plan.changes, uncertainty_seconds=CLOCK))
    return found


def outcomes(case: Case, runs: int, seed: Sequence[int]) -> list[Outcome]:
    """Say what was judged in each of that many runs."""
    found = []
    for verdict in verdicts(case, runs, seed):
        counts = verdict.judged.spread.counts if verdict.judged else {}
        in_order = tuple(counts[name] for name in sorted(counts))
        found.append(Outcome(verdict.finding, sum(in_order), in_order))
    return found


def rates(case: Case, found: Sequence[Outcome]) -> Rates:
    """Count how often each verdict was reached, and how often it is wrong."""
    findings = Counter(one.finding for one in found)
    counted = [one for one in found if one.counts]
    judged = int(np.median([one.total for one in counted])) if counted else 0
    wide = Counter(len(one.counts) for one in counted).most_common(1)
    replicas = wide[0][0] if wide else 0
    strength = 0.0
    if case.truth is not Finding.EVEN and replicas > 1:
        same = np.array([one.counts for one in counted if len(one.counts) == replicas], dtype=float)
        shares = same.sum(axis=0) / same.sum()
        strength = _power(judged, shares)
    enough = [one for one in counted if one.total >= needed(len(one.counts))]
    even = sum(one.finding is Finding.EVEN for one in enough)
    others = (Finding.UNEVEN, Finding.PINNED)
    return Rates(
        case,
        findings,
        replicas,
        judged,
        strength,
        even if case.truth is not Finding.EVEN and strength >= SURE else 0,
        sum(findings[one] for one in others) if case.truth is Finding.EVEN else 0,
        sum(findings[one] for one in others if one is not case.truth)
        if case.truth in others
        else 0,
        len(found),
    )


def _power(connections: int, shares: np.ndarray) -> float:
    """Tell how likely replicas with such shares are noticed."""
    freedom = len(shares) - 1
    uneven = connections * float(((shares * len(shares) - 1) ** 2).sum()) / len(shares)
    return float(1 - chndtr(chdtri(freedom, LEVEL), freedom, uneven)) if uneven < 1e4 else 1.0


def surely_above(count: int, runs: int) -> bool:
    """Tell whether `count` wrong verdicts are more than chance gives at the allowed rate."""
    return count > 0 and float(bdtrc(count - 1, runs, ALLOWED_RATIO)) < LEVEL


def header() -> str:
    """Return the head of the table."""
    columns = ["run", "replicas", "connections", "lag", "judged", "truth", *Finding, "wrong"]
    rule = ["---"] + ["---:"] * 4 + ["---"] + ["---:"] * (len(Finding) + 1)
    return f"| {' | '.join(columns)} |\n|{'|'.join(rule)}|"


def row(one: Rates) -> str:
    """Return a line of the table."""
    case = one.case
    given = [_percent(one.findings[finding], one.runs) for finding in Finding]
    wrong = one.wrong_even + one.wrong_not_even
    cells = [
        case.name, f"{case.replicas}", f"{case.connections:,}", f"{case.lag:g} s",
        f"{one.judged:,}", str(case.truth), *given, f"{wrong}" if wrong else "",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _percent(count: int, runs: int) -> str:
    return "" if not count else "all" if count == runs else f"{100 * count / runs:.4g} %"


def totals(every: Sequence[Rates]) -> str:
    """Say how often the verdict is wrong on the whole."""
    defects = [one for one in every if one.powerful]
    fine = [one for one in every if one.case.truth is Finding.EVEN]
    words = [one for one in every if one.case.truth in (Finding.UNEVEN, Finding.PINNED)]
    lines = []
    for name, some, counts in (
        ('wrong "even"', defects, [one.wrong_even for one in defects]),
        ('wrong "uneven" or "pinned"', fine, [one.wrong_not_even for one in fine]),
        ('"uneven" for "pinned" or the reverse', words, [one.wrong_word for one in words]),
    ):
        wrong, runs = sum(counts), sum(one.runs for one in some)
        lines.append(
            f"- {name}: {wrong:,} of {runs:,} runs ({wrong / max(1, runs):.3%}) of {len(some)} "
            f"cases; most in one case: {max(counts, default=0):,}"
        )
    return "\n".join(lines)


def run(
    some: Sequence[Case], runs: int, seed: int, show: Callable[[Rates], None], processes: int = 1
) -> list[Rates]:
    """Simulate all cases, and show each when it is done."""
    every = []
    with ProcessPoolExecutor(processes) as pool:
        work = []
        for case in some:
            key = [seed, *case.name.encode(), case.replicas, case.connections, int(case.lag)]
            size = max(1, min(100, USERS_AT_ONCE // case.plan.users))
            sizes = [min(size, runs - at) for at in range(0, runs, size)]
            parts = [pool.submit(outcomes, case, n, [*key, i]) for i, n in enumerate(sizes)]
            work.append((case, parts))
        for case, parts in work:
            every.append(rates(case, [one for part in parts for one in part.result()]))
            show(every[-1])
    return every


def main() -> int:
    """Run what the command line asks for; return 1 where verdicts are wrong too often."""
    parser = argparse.ArgumentParser(description="Simulate runs and judge them.")
    parser.add_argument("--runs", type=int, default=2000, help="of each case")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    given = parser.parse_args()
    some = [case for case in cases() if given.only in case.name]
    began = time.monotonic()
    print(header(), flush=True)

    def show(one: Rates) -> None:
        print(row(one), flush=True)

    every = run(some, given.runs, given.seed, show, given.processes)
    print(f"\n{totals(every)}")
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    bad = [
        one.case
        for one in every
        if surely_above(one.wrong_even, one.runs) or surely_above(one.wrong_not_even, one.runs)
    ]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
