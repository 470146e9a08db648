"""An HTTPS service of three replicas, two of which restart under load: what `run --url` says.

    .venv/bin/python bench/https_demo.py
    .venv/bin/python bench/https_demo.py sockets

gunicorn is its own, with an app of nobody's, on a port that the three share; the app names its
replica in the header X-Pod. With `sockets` the answers are taken to name nobody, and looks at the
sockets say who holds the connections. The certificate is made on the spot (trustme, of the
development group).
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import trustme

USERS, SECONDS = 200, 40
WAIT_SECONDS = 0.3

APP = f"""
import os, time
def app(environ, start_response):
    time.sleep({WAIT_SECONDS})
    start_response("200 OK", [("Content-Length", "3"), ("X-Pod", os.environ["NAME"])])
    return [b"ok\\n"]
"""


def free_port() -> int:
    """Find a port."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def main() -> None:
    """Set up, load, and restart two in the middle."""
    port = free_port()
    sockets = sys.argv[1:] == ["sockets"]
    started: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "shop.py").write_text(APP)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "ca.pem")
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
            folder / "tls.pem"
        )
        known = ["--inspect", f"local:{port}"] if sockets else ["--identity", "header:X-Pod"]
        settings = [
            f"client.target.tls.caFile={folder / 'ca.pem'}",
            f"client.concurrency={USERS},client.durationSeconds={SECONDS}",
            "client.thinkTime.minSeconds=0.1,client.thinkTime.maxSeconds=0.3",
            "server.replicas=3,experiment.expect=pinned",
        ]
        command = [sys.executable, "-m", "long_lived.lab", "run", "--out", str(folder)]
        command += ["--url", f"https://127.0.0.1:{port}/", *known]
        try:
            started += [replica(folder, port, f"checkout-{number}") for number in (1, 2, 3)]
            time.sleep(3)
            run = subprocess.Popen([*command, *(f"--set={one}" for one in settings)])
            log = folder / "latest" / "client-1.log"
            while run.poll() is None and not (log.exists() and "Response" in log.read_text()):
                time.sleep(0.5)
            time.sleep(10)
            for old in started[1:3]:
                old.send_signal(signal.SIGTERM)
            time.sleep(3)
            started += [replica(folder, port, f"checkout-{number}") for number in (4, 5)]
            run.wait(300)
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(10)


def replica(folder: Path, port: int, name: str) -> subprocess.Popen[bytes]:
    """Start one gunicorn on the shared port."""
    options = ["--worker-class", "gthread", "--threads", "300", "--keep-alive", "600"]
    where = ["--bind", f"127.0.0.1:{port}", "--reuse-port"]
    secure = ["--certfile", "tls.pem", "--keyfile", "tls.pem"]
    command = [sys.executable, "-m", "gunicorn", *where, *secure, *options, "shop:app"]
    quiet, named = subprocess.DEVNULL, {**os.environ, "NAME": name}
    return subprocess.Popen(command, cwd=folder, env=named, stdout=quiet, stderr=quiet)


if __name__ == "__main__":
    main()
