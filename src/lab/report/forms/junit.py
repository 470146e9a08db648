"""A verdict as JUnit's XML, which CI systems show as a test. Pure."""

from xml.etree import ElementTree

from long_lived.lab.analysis.verdict import Finding
from long_lived.lab.report.comparison import COLUMNS, row_of
from long_lived.lab.report.facts import ComparisonFacts, Facts
from long_lived.lab.report.page.text import clean

MOST_WORDS = 4000


def as_junit(facts: Facts) -> str:
    """Return one test case: a failure where the finding is not the expected one.

    An incomplete run is an error: it says nothing of what was tested.
    """
    verdict, summary = facts.verdict, facts.summary
    incomplete = verdict.finding is Finding.INCOMPLETE
    took = 0.0 if summary is None else summary.load_seconds
    name = facts.name if summary is None else summary.settings.experiment.name
    counts = {
        "tests": "1",
        "failures": str(int(not verdict.passed and not incomplete)),
        "errors": str(int(incomplete)),
        "time": f"{took:.3f}",
    }
    suites = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "long-lived", **counts})
    if summary is not None:
        suite.set("timestamp", summary.started[:19])
    case = ElementTree.SubElement(
        suite, "testcase", {"classname": "long-lived", "name": clean(name), "time": counts["time"]}
    )
    words = clean(verdict.words, MOST_WORDS)
    if not verdict.passed:
        kind = "error" if incomplete else "failure"
        said = {"message": words, "type": str(verdict.finding)}
        ElementTree.SubElement(case, kind, said).text = clean(verdict.evidence, MOST_WORDS)
    else:
        ElementTree.SubElement(case, "system-out").text = f"{words}\n{verdict.evidence}"
    return _written(suites)


def comparison_as_junit(facts: ComparisonFacts) -> str:
    """Return a test case for each remedy: a failure where a finding was not the expected one.

    One of which a run was incomplete is an error, and one that was left out is skipped.
    """
    errors = [name for name, row in facts.rows.items() if Finding.INCOMPLETE in row.findings]
    failures = [name for name, row in facts.rows.items() if not row.passed and name not in errors]
    counts = {
        "tests": str(len(facts.rows) + len(facts.skipped)),
        "failures": str(len(failures)),
        "errors": str(len(errors)),
        "skipped": str(len(facts.skipped)),
    }
    suites = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "long-lived compare", **counts})
    for name, row in facts.rows.items():
        case = _case(suite, facts, name)
        told = zip(COLUMNS[1:], row_of(name, row)[1:], strict=True)
        words = clean(", ".join(f"{column} {cell}" for column, cell in told), MOST_WORDS)
        if row.passed:
            ElementTree.SubElement(case, "system-out").text = words
            continue
        kind = "error" if name in errors else "failure"
        said = {"message": f"{row.finding} was not expected", "type": row.finding}
        ElementTree.SubElement(case, kind, said).text = words
    for name, why in facts.skipped.items():
        ElementTree.SubElement(_case(suite, facts, name), "skipped", {"message": clean(why, 200)})
    return _written(suites)


def _case(suite: ElementTree.Element, facts: ComparisonFacts, name: str) -> ElementTree.Element:
    named = {"classname": f"long-lived.{clean(facts.event)}", "name": clean(name)}
    return ElementTree.SubElement(suite, "testcase", named)


def _written(suites: ElementTree.Element) -> str:
    ElementTree.indent(suites)
    xml = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}\n'
