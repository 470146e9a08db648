"""A comparison that was kept in its folder, as a page and for other forms."""

from pathlib import Path

from long_lived.lab.analysis.verdict import Verdict
from long_lived.lab.experiment.matrix import Matrix, Unreadable
from long_lived.lab.report.facts import ComparisonFacts
from long_lived.lab.report.origin import Origin
from long_lived.lab.report.page.comparison import comparison_page
from long_lived.lab.report.page.page import Page
from long_lived.lab.results.origin import as_text
from long_lived.lab.results.saved_run import SavedRun, saved_run
from long_lived.record.summary import Summary


def page_of_comparison(matrix: Matrix) -> Page:
    """Return the page of a comparison, with a run of each remedy as far as it can be read."""
    runs: dict[str, tuple[Summary, Verdict]] = {}
    origin = Origin()
    for name in matrix.rows():
        run = _first(matrix.folder, name)
        if run is not None and run.seen.summary is not None:
            runs[name] = run.seen.summary, run.verdict
            origin = run.origin
    return comparison_page(
        matrix.rows(), matrix.skipped, runs, origin=origin, name=matrix.folder.resolve().name
    )


def comparison_facts(matrix: Matrix) -> ComparisonFacts:
    """Return what is shown of a comparison; it comes from where a run of it does."""
    runs = (_first(matrix.folder, name) for name in matrix.rows())
    return ComparisonFacts(
        rows=matrix.rows(),
        skipped=matrix.skipped,
        event=Path(matrix.plan.base).stem,
        complete=not any(matrix.left()),
        origin=next((run.origin for run in runs if run is not None), Origin()),
        name=as_text(matrix.folder.resolve().name),
    )


def _first(folder: Path, name: str) -> SavedRun | None:
    try:
        return saved_run(folder / f"{name}-1")
    except Unreadable:
        return None
