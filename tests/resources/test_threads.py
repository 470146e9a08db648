"""What a thread can bear in a process of many threads."""

import subprocess
import sys

import pytest

BOUND_SECONDS = 120

RECURSIONS = {
    "attribute": "class Deep:\n    def __getattr__(self, name): return getattr(self, name + 'x')\n"
    "start = lambda: Deep().x",
    "text": "class Deep:\n    def __str__(self): return str(self)\nstart = lambda: str(Deep())",
    "format": "class Deep:\n    def __format__(self, form): return f'{self}'\n"
    "start = lambda: f'{Deep()}'",
    "call": "class Deep:\n    def __call__(self): return self()\nstart = Deep()",
    "context": "from contextlib import contextmanager\n@contextmanager\ndef deep():\n"
    "    with deep(): yield\nstart = lambda: deep().__enter__()",
    "map": "start = lambda *_: list(map(start, [0]))",
    "partial": "from functools import partial\nstart = lambda: partial(start)()",
    "cache": "from functools import lru_cache\nstart = lru_cache(lambda n=0: start(n + 1))",
    "plain": "start = lambda: start()",
}
"""Each sets `start` to something that never ends on its own."""

ORDINARY = {
    "name": "import socket\nsocket.getaddrinfo('localhost', 80)\n"
    "try: socket.getaddrinfo('a' * 63 + '.invalid', 80)\nexcept OSError: pass",
    "tls": "import socket, ssl\nours, theirs = socket.socketpair()\n"
    "theirs.sendall(b'no TLS at all')\n"
    "try: ssl.create_default_context().wrap_socket(ours, server_hostname='x')\n"
    "except ssl.SSLError: ours.close(); theirs.close()",
    "traceback": "import traceback\nerror = None\nfor number in range(900):\n"
    "    try: raise ValueError(number) from error\n"
    "    except ValueError as raised: error = raised\n"
    "traceback.format_exception(error)",
    "nested-json": "from pydantic_core import from_json\n"
    "from_json(b'[' * 201 + b']' * 201)\n"
    "try: from_json(b'[' * 2_000)\nexcept ValueError: pass\n"
    "else: raise AssertionError('it recurses without a bound')",
    "wrapped-errors": "from long_lived.client.transport.errors import classify\nerror = None\n"
    "for number in range(500):\n    outer = ValueError(number)\n"
    "    outer.__cause__, error = error, outer\nclassify(error)",
    "signal": "import signal, threading\n"
    "signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)",
}


def status_of_a_thread(code: str) -> int:
    """Run `code` in a thread of a process set up for many; return the exit status."""
    program = (
        "import signal, threading\n"
        "from long_lived.resources.threads import ease_many_threads\n"
        "signal.signal(signal.SIGUSR1, lambda *_: None)\n"
        "ease_many_threads(10)\n"
        f"thread = threading.Thread(target=exec, args=({code!r}, {{}}))\n"
        "thread.start()\n"
        "thread.join()"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
    )
    assert (run.stdout, run.stderr) == ("", "")
    return run.returncode


@pytest.mark.parametrize("code", RECURSIONS.values(), ids=RECURSIONS)
def test_endless_recursion_in_a_thread_is_an_exception(code: str) -> None:
    """A thread reaches Python's recursion limit before the end of its stack."""
    caught = f"{code}\ntry: start()\nexcept RecursionError: pass\nelse: raise AssertionError"
    assert status_of_a_thread(caught) == 0


@pytest.mark.parametrize("code", ORDINARY.values(), ids=ORDINARY)
def test_ordinary_work_finds_room_on_a_threads_stack(code: str) -> None:
    """Name resolution, TLS handshakes, long tracebacks and signals fit on a small stack."""
    assert status_of_a_thread(code) == 0
