"""How virtual users run. An engine is a module or package here, and a line in `ENGINES`.

Each is imported only when it is used: an engine does without the packages of the others.
"""

from collections.abc import Callable

from long_lived.client.engines.engine import Engine, Run


def _executor(run: Run) -> Engine:
    from long_lived.client.engines.executor import Executor

    return Executor(run)


def _loop(run: Run) -> Engine:
    from long_lived.client.engines.loop.engine import Loop

    return Loop(run)


ENGINES: dict[str, Callable[[Run], Engine]] = {
    "threads": _executor,
    "gevent": _executor,  # by then `engines.patched` has made greenlets of the executor's threads
    "asyncio": _loop,
}
"""What makes an engine, by its name in the setting client.engine."""
