"""A result as Markdown, for a pull request or an issue. Pure."""

import re

from long_lived.lab.analysis.events.change import happened
from long_lived.lab.analysis.verdict import history_of
from long_lived.lab.report.comparison import COLUMNS, advised, ranked, row_of
from long_lived.lab.report.facts import ComparisonFacts, Facts
from long_lived.lab.report.forms.result import result
from long_lived.lab.report.page.text import clean, duration

MOST_ROWS = 30
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#!|~&@$])")
"""Without what is markup only where a line begins, which no name of others does."""


def as_markdown(facts: Facts) -> str:
    """Return verdict, evidence, a table of the replicas, what happened, and how it was made."""
    told = result(facts)
    mark = "✅" if told.passed else "❌"
    lines = [f"### {mark} {told.finding}: {plain(told.scenario or told.name)}", ""]
    lines += [plain(told.verdict, 2000), ""]
    if told.evidence:
        lines += [plain(told.evidence, 2000), ""]
    if told.requests is not None and told.connections is not None:
        over = told.seconds["overhead"]
        lines += [
            f"{told.requests.answered:,} of {told.requests.planned:,} requests answered, "
            f"{told.requests.failed:,} failed; {told.connections.opened:,} connections opened; "
            f"overhead p50 {duration(over.p50)}, p99 {duration(over.p99)}",
            "",
        ]
    if told.judged is not None:
        by_chance = f"{told.judged.chance_low:,} to {told.judged.chance_high:,}"
        lines += [
            f"| replica | | {told.judged.unit} | by chance | answered |",
            "|---|---|--:|--:|--:|",
        ]
        for row in told.replicas[:MOST_ROWS]:
            judged = "–" if row.judged is None else f"{row.judged:,}"
            chance = "" if row.judged is None else by_chance
            lines.append(
                f"| {plain(row.name)} | {row.role} | {judged} | {chance} | {row.answered:,} |"
            )
        if (more := len(told.replicas) - MOST_ROWS) > 0:
            lines.append(f"| … {more:,} more | | | | |")
        lines.append("")
    if facts.summary is not None and facts.verdict.events:
        history = history_of(facts.summary)
        lines += ["What happened, and when:", ""]
        lines += [
            f"- {history.elapsed_seconds(at):.1f} s: {plain(what, 400)}"
            for at, what in happened(facts.verdict.events)[:MOST_ROWS]
        ]
        lines.append("")
    if facts.origin.command:
        made = (facts.origin.where, facts.origin.kubernetes, facts.origin.machine)
        where = "; ".join(one for one in made if one)
        lines += [f"Made by {plain(facts.origin.command, 400)} ({plain(where, 400)}).", ""]
    return "\n".join(lines)


def comparison_as_markdown(facts: ComparisonFacts) -> str:
    """Return the table of a comparison, and what follows from it."""
    mark = "✅" if facts.passed else "❌"
    lines = [f"### {mark} {len(facts.rows)} remedies against: {plain(facts.event)}", ""]
    if not facts.complete:
        lines += ["Not complete: some runs are still to be done.", ""]
    lines += [f"| {' | '.join(COLUMNS)} |", f"|---|---{'|--:' * (len(COLUMNS) - 2)}|"]
    for name in ranked(facts.rows):
        cells = [plain(cell) for cell in row_of(name, facts.rows[name])]
        lines.append(f"| {' | '.join(cells)} |")
    lines.append("")
    lines += [f"- {plain(text, 2000)}" for text in advised(facts.rows)]
    lines += [f"- skipped: {plain(name)}: {plain(why, 200)}" for name, why in facts.skipped.items()]
    return "\n".join([*lines, ""])


def plain(words: str, most: int = 48) -> str:
    """Keep words that somebody else chose from being markup, a mention or a link."""
    return SPECIAL.sub(r"\\\1", clean(words, most))
