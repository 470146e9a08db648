"""Real replicas for the tests: processes on free ports; each ends with its test."""

import itertools
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.groups import end_group

from long_lived.server.runtimes.go import build

from .replicas import QUICK, Replica, Start, command, environment
from .variants import Shared, Variant


def _starter(folder: Path) -> Iterator[Start]:
    started: list[Replica] = []
    numbers = itertools.count()

    def start(
        *settings: str,
        binds: tuple[str, ...] = ("127.0.0.1:0",),
        flags: tuple[str, ...] = (),
        prefix: tuple[str, ...] = (),
        **variables: str,
    ) -> Replica:
        if "server.runtime=go" in settings:
            build.binary(install=True)  # takes a minute, once
        log_file = folder / f"server-{next(numbers)}.log"
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                [*prefix, *command(*settings, binds=binds, flags=flags)],
                env=environment(**variables),
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        replica = Replica(process, log_file)
        started.append(replica)
        replica.wait_until_serving()
        return replica

    yield start
    for replica in started:
        end_group(replica.process)
        replica.close_connections()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start replicas; each ends with the test."""
    yield from _starter(tmp_path)


@pytest.fixture(scope="session")
def start_for_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start replicas that serve several tests."""
    yield from _starter(tmp_path_factory.mktemp("servers"))


@pytest.fixture(scope="session")
def quick(start_for_session: Start) -> Shared:
    """Return a replica that answers at once, shared by all tests of a variant."""

    @cache
    def of(variant: Variant) -> Replica:
        addresses = ("127.0.0.1:0", "127.0.1.7:0")
        return start_for_session(*variant.settings, *QUICK, binds=addresses, POD_ID="Pod_1")

    return of


@pytest.fixture(scope="session")
def slow(start_for_session: Start) -> Shared:
    """Return a replica that answers after 0.4 s, or as long after as the draw says.

    It is shared by all tests of a variant.
    """

    @cache
    def of(variant: Variant) -> Replica:
        delay = ("server.delay.minSeconds=0.4", "server.delay.maxSeconds=3600.4")
        return start_for_session(*variant.settings, *delay)

    return of
