"""Service lag: how long a new replica was sent nothing, judged by what clients opened."""

import pytest
from tests.lab.analysis.events.story import SERVERS, START, Story
from tests.lab.records import history

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.events.service_lag import service_lags

READY = 12.4
CAME = [Change(START + 10, None, None, "server-d", START + READY)]


def lagging(per_second: int, first: float) -> Story:
    """Write connections to three replicas each second, and to a fourth from `first` on."""
    story = Story()
    for second in range(30):
        for pod in SERVERS:
            story.open(pod, second, per_second)
        if second >= first:
            story.open("server-d", second, per_second)
    return story


@pytest.mark.parametrize(
    ("per_second", "enough"), [(10, True), (1, False)], ids=["many", "too-few"]
)
def test_lag_is_from_ready_to_the_first_connection(per_second: int, enough: bool) -> None:
    """It is reported if the replica's share makes that silence unlikely by chance."""
    (found,) = service_lags(history(lagging(per_second, 14).timeline), CAME, 4)
    assert (found.replica, found.told) == ("server-d", enough)
    assert found.seconds == pytest.approx(14.5 - READY, abs=0.01)  # the middle of the bucket


def test_connection_at_once_is_no_lag() -> None:
    """If nobody had to wait, only the bound is reported."""
    (found,) = service_lags(history(lagging(10, 12).timeline), CAME, 4)
    assert (found.seconds < 1, found.told) == (True, False)


def test_replica_that_got_nothing_has_no_lag() -> None:
    """A first connection that never came has no time, and an inferred stop no exact one."""
    assert service_lags(history(lagging(10, 99).timeline), CAME, 4) == ()
    inferred = [Change(START + 10, None, None, "server-d", START + READY, inferred=True)]
    assert service_lags(history(lagging(10, 14).timeline), inferred, 4) == ()
