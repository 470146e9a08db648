"""One scrape: metrics with their values, as prometheus-client writes them."""

from collections.abc import Iterable
from itertools import accumulate

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from long_lived.metrics.definition import AGE, CLOSED, METRICS, REQUESTS, SIDE, VALUES, Side
from long_lived.metrics.definition import Metric as Definition
from long_lived.metrics.ends import Distribution, Ended

_FAMILIES = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily}


class Families:
    """The metrics of one side."""

    def __init__(self, side: Side) -> None:
        """Start with all metrics that this side has, and no values."""
        self._side = side
        self._families: dict[str, Metric] = {}
        for one in METRICS:
            if side in one.sides:
                labels = (SIDE, *one.labels)
                make = _FAMILIES.get(one.kind, HistogramMetricFamily)
                self._families[one.name] = make(one.name, one.text, labels=labels)

    def add(self, metric: Definition, value: float, *labels: str) -> None:
        """Add a value; an empty label is as good as none."""
        self._families[metric.name].add_metric((self._side, *labels), value)  # type: ignore[attr-defined]

    def add_distribution(self, metric: Definition, values: Distribution, *labels: str) -> None:
        """Add a histogram."""
        bounds = (*(f"{bound:g}" for bound in values.bounds), "+Inf")
        buckets = list(zip(bounds, accumulate(values.counts), strict=True))
        self._families[metric.name].add_metric((self._side, *labels), buckets, values.sum)  # type: ignore[attr-defined]

    def add_ended(self, ended: Ended, replica: str) -> None:
        """Add how the connections to a replica ended, with every reason."""
        for reason in VALUES["reason"]:
            self.add(CLOSED, ended.reasons[reason], replica, reason)  # type: ignore[index]
        self.add_distribution(AGE, ended.ages, replica)
        self.add_distribution(REQUESTS, ended.requests, replica)

    def all(self) -> Iterable[Metric]:
        """Return them in the order of the definition."""
        return self._families.values()
