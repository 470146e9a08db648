"""The values that only Helm and Kubernetes read: images, placement, resources.

They live beside the maps `server`, `client` and `experiment`, never in them, so
that each of those goes whole into the apps' values file.
"""

from settings.section import Section


class ChartValues(Section):
    """The chart's own keys."""
