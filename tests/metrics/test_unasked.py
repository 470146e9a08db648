"""Without metrics.enabled, metrics cost nothing: what they need is not even imported."""

import subprocess
import sys

import pytest

IMPORTED = """
import importlib, sys
for module in sys.argv[1:]:
    importlib.import_module(module)
print(sorted(name for name in sys.modules if name.startswith(("prometheus", "long_lived.metrics"))))
"""

SERVER = ("long_lived.server.__main__", "long_lived.server.app")
WORDS = ["long_lived.metrics", "long_lived.metrics.closing"]
RUNTIMES = "long_lived.server.runtimes"


@pytest.mark.parametrize(
    ("modules", "allowed"),
    [
        ((*SERVER, f"{RUNTIMES}.flask.development_server"), []),
        ((*SERVER, f"{RUNTIMES}.gunicorn.application"), []),
        (
            ("long_lived.client.runner", "long_lived.client.engines.executor"),
            WORDS,
        ),
        (("long_lived.lab.commands.inspect",), [*WORDS, "long_lived.metrics.definition"]),
    ],
    ids=["flask", "gunicorn", "client", "lab"],
)
def test_server_and_client_do_without_what_metrics_need(
    modules: tuple[str, ...], allowed: list[str]
) -> None:
    """A client knows the words for why a connection closed, and a server not even these."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *modules],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == f"{allowed}\n"
