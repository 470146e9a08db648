"""The small stack of many threads holds what clients and servers do on it."""

import subprocess
import sys
import textwrap

import pytest

WORK = {
    "name-resolution": """
        import socket
        for name in ("localhost", "nonexistent.invalid", "é" * 60):
            try:
                socket.getaddrinfo(name, 80)
            except (OSError, UnicodeError):
                pass
    """,
    "nested-json-as-deep-as-is-parsed": """
        import json
        from long_lived.client.exchange import MOST_BRACKETS
        json.loads("[" * MOST_BRACKETS + "]" * MOST_BRACKETS)
    """,
    "deepest-recursion-and-its-traceback": """
        import io, traceback
        def deeper():
            deeper()
        try:
            deeper()
        except RecursionError:
            traceback.print_exc(file=io.StringIO())
    """,
    "exceptions-that-wrap-each-other": """
        import io, traceback
        from long_lived.client.errors import classify
        error = None
        for number in range(500):
            outer = ValueError(number)
            outer.__cause__, error = error, outer
        classify(error)
        traceback.print_exception(error, file=io.StringIO())
    """,
    "signals": """
        import signal
        for _ in range(100):
            signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
    """,
    "tls": """
        import socket, ssl
        near, far = socket.socketpair()
        with near, far:
            context = ssl.create_default_context()
            client = context.wrap_socket(
                near, server_hostname="a.test", do_handshake_on_connect=False
            )
            server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server = server.wrap_socket(far, server_side=True, do_handshake_on_connect=False)
            client.settimeout(0)
            for side in (client, server):
                try:
                    side.do_handshake()
                except (ssl.SSLError, BlockingIOError):
                    pass
            client.close(), server.close()
    """,
}

PROGRAM = """
import signal, threading
from long_lived.process.threads import ease_many_threads
signal.signal(signal.SIGUSR1, lambda *_: None)
def work():
{work}
    print("done")
ease_many_threads(1)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


@pytest.mark.parametrize("name", WORK)
def test_small_stack_is_large_enough(name: str) -> None:
    """A stack that overflows would end the process, whatever else it has to do."""
    work = textwrap.indent(textwrap.dedent(WORK[name]), "    ")
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(work=work)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, "done\n"), run.stderr
