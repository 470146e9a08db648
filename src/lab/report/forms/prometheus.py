"""A result in the text format of Prometheus, for the node exporter's collector. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from long_lived.lab.analysis.verdict import Finding
from long_lived.lab.report.facts import ComparisonFacts, Facts
from long_lived.lab.report.forms.comparison import comparison
from long_lived.lab.report.forms.result import result
from long_lived.lab.report.page.text import clean

Sample = tuple[Mapping[str, str], float]


OF_A_REMEDY: Sequence[tuple[str, str, str, Mapping[str, str]]] = (
    ("passed", "1 if it did what was expected.", "", {"": "passed"}),
    ("share_ratio", "Least part of a fair share of the answers.", "", {"": "share_ratio"}),
    ("even_again_seconds", "From the event until even.", "", {"": "seconds_to_even"}),
    ("opened_per_second", "New connections at the end.", "", {"": "opened_per_second"}),
    ("lost", "Requests lost with a stopped replica.", "", {"": "lost"}),
    (
        "added_seconds",
        "Quantiles of the time beyond the server's delay.",
        "quantile",
        {"0.5": "added_p50_seconds", "0.99": "added_p99_seconds"},
    ),
    (
        "cpu_seconds",
        "CPU per answered request.",
        "side",
        {"client": "client_cpu_seconds", "server": "server_cpu_seconds"},
    ),
)
"""Of each gauge its name, its words, its label, and the fields by the label's value."""


def as_prometheus(facts: Facts) -> str:
    """Return gauges, each with the scenario's name: another run of it replaces them."""
    told = result(facts)
    own = {"scenario": told.scenario or told.name}
    lines = _gauge(
        "finding",
        "1 for what the run showed.",
        [({**own, "finding": str(one)}, float(one == told.finding)) for one in Finding],
    )
    lines += _gauge("passed", "1 if that was expected.", [(own, float(told.passed))])
    if told.started is not None:
        at = datetime.fromisoformat(told.started).timestamp()
        lines += _gauge("started_timestamp_seconds", "When the load began.", [(own, at)])
    if told.requests is not None and told.connections is not None:
        lines += _gauge("answered", "Requests answered.", [(own, told.requests.answered)])
        kinds = told.requests.failed_by_kind.items()
        failed: list[Sample] = [({**own, "kind": kind}, count) for kind, count in kinds]
        lines += _gauge("failed", "Requests failed.", failed or [({**own, "kind": ""}, 0)])
        opened = [(own, float(told.connections.opened))]
        lines += _gauge("connections_opened", "Connections opened.", opened)
    for name, part in told.seconds.items():
        quantiles = (("0.5", part.p50), ("0.9", part.p90), ("0.99", part.p99))
        samples: list[Sample] = [
            ({**own, "quantile": which}, value) for which, value in quantiles if value is not None
        ]
        lines += _gauge(f"{name}_seconds", f"Quantiles of the {name.replace('_', ' ')}.", samples)
    judged: list[Sample] = [
        ({**own, "replica": row.name}, row.judged)
        for row in told.replicas
        if row.judged is not None
    ]
    unit = "" if told.judged is None else told.judged.unit
    lines += _gauge("judged", f"What is judged of each replica: {unit}.", judged)
    if told.event is not None:
        lines += _gauge("lost", "Requests lost with a stopped replica.", [(own, told.event.lost)])
        if (even := told.event.seconds_to_even) is not None:
            lines += _gauge("even_again_seconds", "From the event until even.", [(own, even)])
    return "".join(f"{line}\n" for line in lines)


def comparison_as_prometheus(facts: ComparisonFacts) -> str:
    """Return gauges, each with the event's name and the remedy's."""
    told = comparison(facts)
    lines: list[str] = []
    for name, words, label, fields in OF_A_REMEDY:
        samples: list[Sample] = []
        for one in told.remedies:
            own = {"event": told.event, "remedy": one.name}
            for which, field in fields.items():
                value = getattr(one, field)
                if value is not None:
                    samples.append(({**own, label: which} if label else own, float(value)))
        lines += _gauge(f"remedy_{name}", words, samples)
    return "".join(f"{line}\n" for line in lines)


def _gauge(name: str, words: str, samples: Iterable[Sample]) -> list[str]:
    full = f"long_lived_{name}"
    lines = [f"{full}{_labels(labels)} {value:.17g}" for labels, value in samples]
    return [f"# HELP {full} {words}", f"# TYPE {full} gauge", *lines] if lines else []


def _labels(labels: Mapping[str, str]) -> str:
    """Write labels. Source: Prometheus, exposition formats, text-based format."""
    escaped = {
        key: clean(value).replace("\\", "\\\\").replace('"', '\\"') for key, value in labels.items()
    }
    told = ",".join(f'{key}="{value}"' for key, value in escaped.items())
    return f"{{{told}}}"
