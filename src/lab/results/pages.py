"""The page of a result, written into its folder, and its other forms."""

from pathlib import Path

from long_lived.lab.experiment import matrix
from long_lived.lab.experiment.matrix import Matrix
from long_lived.lab.report.forms.registry import COMPARISON_FORMS, FORMS
from long_lived.lab.report.page.inspection import inspection_page
from long_lived.lab.report.page.page import PAGE, Page
from long_lived.lab.report.page.render import render
from long_lived.lab.report.page.run import run_page
from long_lived.lab.results.library import library
from long_lived.lab.results.saved_comparison import comparison_facts, page_of_comparison
from long_lived.lab.results.saved_inspection import INSPECTION, saved_inspection
from long_lived.lab.results.saved_run import saved_run


def write_page(folder: Path, page: Page) -> Path:
    """Write a page into `folder`, and return where it is.

    Raises:
        OSError: it cannot be written.
    """
    file = folder / PAGE
    text = render(page, library() if page.plots else "")
    file.write_text(text, encoding="utf-8", errors="replace")
    return file


def page_of(folder: Path) -> Page:
    """Return the page of what is kept in `folder`.

    Raises:
        Unreadable: there is nothing in it, or not what this version reads.
    """
    if (folder / matrix.FILE).exists():
        return page_of_comparison(Matrix.resumed(folder))
    if (folder / INSPECTION).exists():
        return inspection_page(*saved_inspection(folder))
    return run_page(saved_run(folder).facts)


def form_of(folder: Path, form: str) -> str:
    """Return what is kept in `folder`, a run or a comparison, in a form for programs.

    Raises:
        Unreadable: it is neither, or not what this version reads.
    """
    if (folder / matrix.FILE).exists():
        return COMPARISON_FORMS[form](comparison_facts(Matrix.resumed(folder)))
    return FORMS[form](saved_run(folder).facts)
