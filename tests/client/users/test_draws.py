"""What a seed draws: the same for the same request, and otherwise seemingly at random."""

import itertools
import statistics

import pytest

from long_lived.client.users.draws import Draws, client_index


def test_same_request_draws_the_same_in_every_process() -> None:
    """A draw depends only on its name, not on hash randomisation or order."""
    draws = Draws(7, 0)
    assert draws.of("think", 3, 1) == draws.of("think", 3, 1)
    assert [round(draws.of("delay", 0, n), 6) for n in (1, 2)] == [FIRST, SECOND]


FIRST, SECOND = 0.424402, 0.58531


@pytest.mark.parametrize(
    "other",
    [
        Draws(8, 0).of("think", 3, 1),
        Draws(7, 1).of("think", 3, 1),
        Draws(7, 0).of("think", 1, 3),
        Draws(7, 0).of("think", 3, 2),
        Draws(7, 0).of("delay", 3, 1),
        Draws(7, 0).of("think", 31, 1),
    ],
    ids=["seed", "client", "swapped", "request", "purpose", "digits"],
)
def test_another_request_draws_something_else(other: float) -> None:
    """Seeds, clients, users, requests and purposes are independent of one another."""
    assert other != Draws(7, 0).of("think", 3, 1)


def test_draws_are_uniform() -> None:
    """Mean and deviation of 10,000 draws are those of the uniform distribution."""
    draws = Draws(1, 0)
    drawn = [draws.of("delay", u, n) for u, n in itertools.product(range(100), range(100))]
    assert 0 <= min(drawn) < 0.001
    assert 0.999 < max(drawn) < 1
    assert statistics.mean(drawn) == pytest.approx(0.5, abs=0.015)
    assert statistics.stdev(drawn) == pytest.approx(12**-0.5, abs=0.01)


@pytest.mark.parametrize(("given", "index"), [({}, 0), ({"JOB_COMPLETION_INDEX": "17"}, 17)])
def test_client_is_identified_by_its_index(given: dict[str, str], index: int) -> None:
    """An Indexed Job numbers its pods; a single client is the first."""
    assert client_index(given) == index


@pytest.mark.parametrize("given", ["", "-1", "x", "1.0", "100000", "٣"])
def test_index_that_is_not_a_number_is_refused(given: str) -> None:
    """The line names the variable, its value and what is allowed."""
    with pytest.raises(ValueError, match=r"^JOB_COMPLETION_INDEX = ") as refused:
        client_index({"JOB_COMPLETION_INDEX": given})
    assert str(refused.value).endswith(f"{given!r}: must be 0 to 99999")
