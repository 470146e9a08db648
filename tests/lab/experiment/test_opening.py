"""The first line of a run."""

import pytest

from long_lived.lab.experiment.opening import opening
from long_lived.settings import load


@pytest.mark.parametrize(
    ("replicas", "said"),
    [("2", "against 2 replicas"), ("null", "against an autoscaler's replicas")],
)
def test_number_of_replicas_may_be_an_autoscalers(replicas: str, said: str) -> None:
    """Where the values have no number, nobody knows it yet."""
    assert said in opening(load([], [f"server.replicas={replicas}"], {}), [])
