"""What is asked of single pods."""

import pytest
from tests.lab.cluster.fake_kubectl import FakeKubectl

from long_lived.lab.cluster.pod_access import PodAccess
from long_lived.lab.experiment.backend import Trouble


def access(answer: str) -> PodAccess:
    """Reach pods through a kubectl that says this."""
    return PodAccess(FakeKubectl(answer), "default")  # type: ignore[arg-type]


def test_counts_that_are_not_json_are_trouble() -> None:
    """Whatever answers on that port is not the server."""
    with pytest.raises(Trouble, match="not JSON"):
        access("<html>").counts(["one"], 8000)
    assert access('{"answered": 3}').counts(["one", "two"], 8000) == {
        "one": {"answered": 3},
        "two": {"answered": 3},
    }
