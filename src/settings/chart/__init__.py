"""The chart's own values, which only Helm and Kubernetes read: images, placement, resources.

They live beside the maps `server`, `client` and `experiment`, never in them, so that each of those
goes whole into the apps' values file. The rules for docstrings are those of `settings.sections`.
"""

from long_lived.settings.chart.values import ChartValues, takes_text

__all__ = ["ChartValues", "takes_text"]
