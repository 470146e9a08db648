"""The verdict of a run as JUnit's XML, which CI systems show as a test. Pure."""

from xml.etree import ElementTree

from long_lived.lab.analysis.verdict import Finding
from long_lived.lab.report.facts import Facts
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
    ElementTree.indent(suites)
    xml = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}\n'
