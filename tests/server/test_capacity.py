"""How much a replica can hold, computed from limits."""

import pytest

from long_lived.resources.limits import ThreadLimit
from long_lived.server.capacity import HELD, MOST, RESERVED_FILES, RESERVED_THREADS, Capacity
from long_lived.server.listener import backlog_warning
from long_lived.server.runtimes import RUNTIMES
from long_lived.settings import Server, load


def server(*overrides: str) -> Server:
    """Make the settings of a server."""
    return load(overrides=[f"server.{override}" for override in overrides], environment={}).server


def gunicorn(worker_class: str, threads: int = 0) -> Server:
    """Make the settings of one worker class."""
    return server(
        "runtime=gunicorn", f"gunicorn.workerClass={worker_class}", f"gunicorn.threads={threads}"
    )


def plan(server: Server, files: int, limit: ThreadLimit | None) -> Capacity:
    """Let the runtime in the settings plan what it can hold."""
    return RUNTIMES[server.runtime].capacity(server, files, limit)


FLASK = server("runtime=flask")
GTHREAD = gunicorn("gthread-repaired")
GEVENT = gunicorn("gevent-repaired")
SYNC = gunicorn("sync-repaired")
GO = server("runtime=go")


def test_ample_limits_carry_the_load_without_a_word() -> None:
    """Sufficient limits give no warning."""
    for one in (
        FLASK,
        GO,
        GTHREAD,
        GEVENT,
        SYNC,
    ):
        capacity = plan(one, 1_048_576, ThreadLimit(192_686, "threads-max"))
        assert capacity == Capacity(MOST, MOST)
    assert plan(gunicorn("gthread"), 1_048_576, None) == Capacity(MOST, MOST // 2)


def test_file_limit_bounds_connections_and_threads() -> None:
    """Each connection takes a file, and each of gthread's requests at least a connection."""
    capacity = plan(GTHREAD, 20_000, None)
    assert capacity.connections == capacity.threads == 20_000 - RESERVED_FILES


@pytest.mark.parametrize(
    ("threads", "given"), [(0, 9_872), (50, 50), (9_872, 9_872), (9_873, 9_872), (100_000, 9_872)]
)
def test_stock_gthread_keeps_half_of_its_connections_idle(threads: int, given: int) -> None:
    """It keeps connections - threads, so threads never take more than half of them."""
    capacity = plan(gunicorn("gthread", threads=threads), 20_000, None)
    assert (capacity.connections, capacity.threads) == (19_744, given)
    if threads in (50, 9_872):
        assert capacity.warnings == ()
    else:
        (warning,) = capacity.warnings
        assert f"gets 9872 threads instead of {threads or HELD} " in warning


def test_threads_setting_bounds_threads_alone() -> None:
    """server.gunicorn.threads limits requests in flight, not connections."""
    capacity = plan(gunicorn("gthread-repaired", threads=50), 20_000, None)
    assert (capacity.connections, capacity.threads) == (20_000 - RESERVED_FILES, 50)
    assert capacity.warnings == ()


@pytest.mark.parametrize("files", [HELD + RESERVED_FILES, HELD + RESERVED_FILES - 1])
def test_file_limit_below_the_load_is_warned_of_with_both_numbers(files: int) -> None:
    """The warning begins exactly where one replica cannot hold the load."""
    for one in (FLASK, GO, GTHREAD, GEVENT):
        warnings = plan(one, files, None).warnings
        if files - RESERVED_FILES >= HELD:
            assert warnings == ()
        else:
            (warning,) = warnings
            assert str(files) in warning
            assert str(HELD) in warning


@pytest.mark.parametrize("one", [FLASK, GTHREAD], ids=["flask", "gthread"])
@pytest.mark.parametrize("room", [HELD, HELD - 1])
def test_thread_limit_below_the_load_is_warned_of(one: Server, room: int) -> None:
    """The warning names the limit and the file that sets it."""
    capacity = plan(one, MOST, ThreadLimit(room + RESERVED_THREADS, "/pids.max"))
    assert capacity.threads == room
    if room >= HELD:
        assert capacity.warnings == ()
    else:
        (warning,) = capacity.warnings
        assert "/pids.max" in warning
        assert str(room) in warning


@pytest.mark.parametrize("one", [GO, GEVENT], ids=["go", "gevent"])
def test_thread_limit_does_not_concern_runtimes_without_a_thread_per_request(
    one: Server,
) -> None:
    """Greenlets and goroutines need no threads."""
    assert plan(one, MOST, ThreadLimit(100, "/pids.max")).warnings == ()


def test_sync_warns_of_nothing() -> None:
    """One request at a time fits any limit."""
    assert plan(SYNC, 64, ThreadLimit(10, "/pids.max")).warnings == ()


def test_backlog_above_the_kernels_cap_is_warned_of() -> None:
    """The warning has both numbers; a cap that is high enough, or unknown, gives none."""
    warning = backlog_warning(16_384, 4096)
    assert warning
    assert "16384" in warning
    assert "4096" in warning
    assert backlog_warning(4096, 4096) is None
    assert backlog_warning(4096, None) is None
