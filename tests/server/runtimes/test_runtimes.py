"""What each runtime declares, checked against the settings and against what it needs."""

import subprocess
import sys
from typing import get_args

import pytest
from tests.server.replicas import environment
from tests.server.variants import ALL, Variant

from long_lived.server.runtimes import RUNTIMES, prepare
from long_lived.settings import Server, load

WORKER_CLASSES = get_args(type(Server().gunicorn).model_fields["worker_class"].annotation)


def test_settings_name_exactly_the_registered_runtimes() -> None:
    """The settings cannot import the server, so their names are compared with its registry here."""
    assert get_args(Server.model_fields["runtime"].annotation) == tuple(RUNTIMES)


def test_every_worker_class_of_the_settings_is_tested() -> None:
    """The tests' variants cover each worker class and each runtime."""
    servers = [load(overrides=variant.settings, environment={}).server for variant in ALL]
    assert {server.runtime for server in servers} == set(RUNTIMES)
    tested = {RUNTIMES[server.runtime].worker_class(server) for server in servers}
    assert tested == {"", *WORKER_CLASSES}


@pytest.mark.parametrize("worker_class", WORKER_CLASSES)
def test_worker_class_of_the_settings_can_be_loaded(worker_class: str) -> None:
    """gunicorn's own load by its names, the repaired ones by their modules."""
    given = ["server.runtime=gunicorn", f"server.gunicorn.workerClass={worker_class}"]
    assert callable(prepare(load(overrides=given, environment={})))


@pytest.mark.parametrize("variant", ALL, ids=lambda variant: variant.name)
def test_limits_of_a_kept_connection_are_settings(variant: Variant) -> None:
    """A runtime obeys only limits that the settings have, and none if it keeps no connection."""
    limits = variant.keep_alive.limits
    assert limits <= set(type(Server().keep_alive).model_fields)
    assert variant.keeps == bool(limits)


def test_listing_runtimes_imports_nothing_that_they_need() -> None:
    """An image may lack the packages of runtimes that it does not use."""
    code = (
        "import sys; from long_lived.server.runtimes import RUNTIMES\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & "
        "{'flask', 'werkzeug', 'gunicorn', 'gevent'}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "[]\n"
