"""Runs with a seed: the same request draws the same delay, in all engines."""

import re

from long_lived.client.users.draws import Draws

from .misbehaving import misbehaving, sends, whole
from .programs import ENGINES

DRAW = re.compile(r"^Long-Lived-Draw: (\S+)\r$", re.MULTILINE)
FEW = ("client.concurrency=4", "client.requestsPerUser=3")


def draws_of(run_client, *settings: str, **given) -> list[str]:
    """Run a client, and return what its requests drew, sorted."""
    with misbehaving(sends(whole())) as server:
        run = run_client(server.url, *FEW, *settings, **given)
        run.check_account()
        assert run.summary["requests"]["answered"] == 12
        assert len(server.heads) == 12
        return sorted(found[1] for head in server.heads if (found := DRAW.search(head)))


EXPECTED = sorted(
    f"{Draws(7, 0).of('delay', user, request):.9f}" for user in range(4) for request in (1, 2, 3)
)


@ENGINES
def test_seed_draws_the_same_in_every_run(engine: str, run_client) -> None:
    """A draw depends only on the seed, the client, the user and the request's number."""
    drawn = draws_of(run_client, "client.seed=7", f"client.engine={engine}")
    assert len(set(drawn)) == 12
    assert all(0 <= float(one) <= 1 for one in drawn)
    assert drawn == EXPECTED


def test_clients_of_one_run_draw_differently(run_client) -> None:
    """The index of the Job distinguishes them."""
    second = draws_of(run_client, "client.seed=7", prefix=("env", "JOB_COMPLETION_INDEX=1"))
    assert len(set(second)) == 12
    assert not set(second) & set(EXPECTED)


def test_without_a_seed_the_server_draws(run_client) -> None:
    """Without a seed nothing changes on the wire."""
    assert draws_of(run_client) == []
