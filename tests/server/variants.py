"""Every way to run the server, and decorators that run a test for each."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import pytest

from long_lived.server.runtimes import RUNTIMES
from long_lived.server.runtimes.runtime import KeepAlive
from long_lived.settings import load

from .replicas import Replica


@dataclass(frozen=True)
class Difference:
    """A test that gunicorn's own worker fails."""

    why: str
    always: bool = True
    """Whether it always fails; otherwise that depends on a race."""


@dataclass(frozen=True)
class Variant:
    """One way to run the server, and what its connections do."""

    name: str
    settings: tuple[str, ...]
    concurrent: bool = True
    """Whether requests are served concurrently."""
    differs: Mapping[str, Difference] = field(default_factory=dict, hash=False)
    """By the test it fails; every other must pass."""

    @property
    def runtime(self) -> str:
        """Return what the server calls itself."""
        return self.settings[0].partition("=")[2]

    @property
    def keep_alive(self) -> KeepAlive:
        """Return what its runtime says it does with connections; the tests check that."""
        server = load(overrides=self.settings, environment={}).server
        return RUNTIMES[self.runtime].keep_alive(server)

    @property
    def keeps(self) -> bool:
        """Return whether a connection carries more than one request."""
        return self.keep_alive.kept

    @property
    def serving(self) -> str:
        """Return what it prints in the line that says it serves."""
        worker = "".join(f" worker={one.partition('=')[2]}" for one in self.settings[1:2])
        return self.runtime + (worker if self.runtime == "gunicorn" else "")


def gunicorn(
    worker_class: str,
    differs: Mapping[str, Difference] | None = None,
    *,
    concurrent: bool = True,
) -> Variant:
    """Make the variant for one worker class."""
    settings = ("server.runtime=gunicorn", f"server.gunicorn.workerClass={worker_class}")
    return Variant(f"gunicorn-{worker_class}", settings, concurrent, differs or {})


FLASK = Variant("flask", ("server.runtime=flask",))
GTHREAD = gunicorn("gthread-repaired")
GEVENT = gunicorn("gevent-repaired")
SYNC = gunicorn("sync-repaired", concurrent=False)

AGE = {
    "test_age_counts_from_the_opening_of_the_connection": Difference(
        "nothing tells when it accepts a connection: the age counts from the first request"
    )
}

LATE = {
    "test_sigterm_lets_the_answer_in_flight_finish_and_refuses_new_connections": Difference(
        "an answer that was begun before the stop says keep-alive"
    ),
    "test_drain_ends_at_the_graceful_timeout": Difference(
        "master and worker give up at the same time: mostly the worker is killed before it has "
        "said what is lost",
        always=False,
    ),
}

PORT = {
    "test_draining_replica_refuses_connections_before_its_answer_is_out": Difference(
        "it keeps its port until the last answer is out"
    ),
}

LINGER = {
    "test_client_that_does_not_close_holds_up_nobody": Difference(
        "its only event loop waits up to 2 s for each client that it closes",
        always=False,  # the probe may come before the first of them is closed
    ),
}

IDLE = {
    "test_idle_connections_do_not_hold_up_the_stop": Difference(
        "it waits for them until the graceful timeout"
    ),
}

STOCK_GTHREAD = gunicorn("gthread", {**AGE, **LATE, **PORT, **LINGER})
STOCK_GEVENT = gunicorn("gevent", {**AGE, **LATE, **IDLE})
STOCK_SYNC = gunicorn("sync", {**AGE, **PORT}, concurrent=False)
GO = Variant("go", ("server.runtime=go",))
GO_DRAINING = Variant("go-draining", ("server.runtime=go", "server.gracefulTimeoutSeconds=20"))

ALL = [FLASK, GTHREAD, GEVENT, SYNC, STOCK_GTHREAD, STOCK_GEVENT, STOCK_SYNC, GO]
"""Every way to run it, except those that differ only in a setting."""

Shared = Callable[[Variant], Replica]


def each(variants: Sequence[Variant]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test once for each variant; those that differ must fail it.

    The tests of a file run in one worker of xdist, where they share each variant's replicas.
    """

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        cases = []
        for variant in variants:
            differs = variant.differs.get(test.__name__)
            fails = pytest.mark.xfail(
                differs is not None,
                reason=differs.why if differs else "",
                raises=AssertionError,
                strict=bool(differs and differs.always),
            )
            cases.append(pytest.param(variant, id=variant.name, marks=fails))
        return pytest.mark.parametrize("variant", cases)(test)

    return decorate


def side_by_side(
    variants: Sequence[Variant],
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run one test for all `variants` in parallel, since it mostly waits; failures name theirs.

    Those that differ must fail it.
    """

    def decorate(check: Callable[..., None]) -> Callable[..., None]:
        def test(**fixtures: Any) -> None:
            with ThreadPoolExecutor(len(variants)) as pool:
                runs = [(one, pool.submit(check, variant=one, **fixtures)) for one in variants]
            failures = []
            for variant, run in runs:
                error, differs = run.exception(), variant.differs.get(check.__name__)
                if differs and isinstance(error, AssertionError):
                    continue
                if differs and differs.always and error is None:
                    error = AssertionError(f"it does not differ any more: {differs.why}")
                if error:
                    error.add_note(f"with {variant.name}")
                    failures.append(error)
            if failures:
                raise BaseExceptionGroup(check.__name__, failures)

        asked = signature(check)
        own = [one for name, one in asked.parameters.items() if name != "variant"]
        test.__signature__ = asked.replace(parameters=own)  # type: ignore[attr-defined]
        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return decorate
