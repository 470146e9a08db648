"""Shared by the tests of the objects: the pods, Kubernetes versions, a value for everything."""

from tests.chart.conftest import FILL_EVERYTHING, Manifest, Rendered, render

PODS = ("server_pod", "client_pod", "test_pod")

OLD, NEW = ("--kube-version", "1.33.0"), ("--kube-version", "1.34.0")


def filled() -> Rendered:
    """Render with a value for every key."""
    return render(values=(FILL_EVERYTHING,))


def pod(rendered: Rendered, name: str) -> Manifest:
    """Return the spec of one of the three pods."""
    found: Manifest = getattr(rendered, name)
    return found
