"""What a port of metrics says, read as Prometheus reads it."""

import urllib.request
from collections import Counter
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families
from tests.waiting import LONGEST_SECONDS

from long_lived.metrics.definition import METRICS, SIDE, Side

Labels = dict[str, str]


@dataclass
class Scrape:
    """One answer."""

    text: str

    def __post_init__(self) -> None:
        self.families = list(text_string_to_metric_families(self.text))

    def values(self, name: str, label: str = "", **wanted: str) -> Counter[str]:
        """Sum the samples of a name, by one of their labels."""
        found: Counter[str] = Counter()
        for family in self.families:
            for sample in family.samples:
                if sample.name == name and wanted.items() <= sample.labels.items():
                    found[sample.labels.get(label, "")] += sample.value
        return found

    def value(self, name: str, **wanted: str) -> float:
        """Sum the samples of a name."""
        return self.values(name, **wanted).total()

    def check_definition(self, side: Side) -> None:
        """Check that it has exactly the metrics of a side, with their texts, types and labels."""
        told = {one.name: (one.type, one.documentation) for one in self.families}
        assert told == {
            one.name.removesuffix("_total"): (one.kind, one.text)
            for one in METRICS
            if side in one.sides
        }
        labels = {one.name.removesuffix("_total"): {SIDE, *one.labels} for one in METRICS}
        for family in self.families:
            for sample in family.samples:
                assert set(sample.labels) - {"le"} == labels[family.name], sample
                assert sample.labels[SIDE] == side


def scrape(port: int, address: str = "127.0.0.1") -> Scrape:
    """Ask for metrics."""
    url = f"http://{address}:{port}/metrics"
    with urllib.request.urlopen(url, timeout=LONGEST_SECONDS) as answer:
        return Scrape(answer.read().decode())


def serving(port: int, address: str = "127.0.0.1") -> bool:
    """Tell whether metrics are there yet."""
    try:
        scrape(port, address)
    except OSError:
        return False
    return True
