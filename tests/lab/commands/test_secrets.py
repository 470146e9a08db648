"""Secrets of a request, against a service that repeats all of it and names itself by controls."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
from tests.lab.commands.lab import Start
from tests.waiting import eventually

SECRETS = ("from-the-environment", "from-a-file-there")
HOSTILE = "[red]x<script>alert(1)</script>"


class Parrot(BaseHTTPRequestHandler):
    """Repeats its request: in the body, in a header, or in place of a status."""

    protocol_version = "HTTP/1.1"
    requests = 0

    def do_GET(self) -> None:
        type(self).requests += 1
        said = " ".join(self.headers.values())
        assert all(secret in said for secret in SECRETS), "otherwise the test shows nothing"
        way = self.requests % 4
        if way == 1:
            self.wfile.write(f"HTTQ/1.1 {said}\x1b[2J\r\n\r\n".encode())
            self.close_connection = True
            return
        body = said.encode()
        self.send_response(200, "OK")
        self.send_header("Content-Length", str(len(body)))
        if way != 2:
            self.send_header("X-Pod", HOSTILE)
        if way == 3:
            self.send_header("Content-Encoding", said)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def parrot() -> Iterator[str]:
    """Serve, and return where."""
    Parrot.requests = 3  # the first answer, which a client tries before its run, is a good one
    with ThreadingHTTPServer(("127.0.0.1", 0), Parrot) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def command_lines(lab: psutil.Process) -> str:
    """Return those of the lab and all that it has started."""
    found = []
    for one in (lab, *lab.children(recursive=True)):
        try:
            found.append(" ".join(one.cmdline()))
        except psutil.Error:
            continue
    return "\n".join(found)


@pytest.mark.parametrize("engine", ["threads", "asyncio"])
def test_secrets_and_controls_are_in_nothing_that_a_run_leaves(
    engine: str, parrot: str, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in results, logs and streams, nor where `ps` shows them."""
    (tmp_path / "key").write_text(SECRETS[1])
    monkeypatch.setenv("TOKEN", f"Bearer {SECRETS[0]}")
    headers = "client.target.headers"
    lab = start(
        f"--url={parrot}",
        *(f"{headers}.Authorization=env:TOKEN", f"{headers}.X-Api-Key=file:{tmp_path}/key"),
        *(f"client.engine={engine}", "client.concurrency=8", "client.durationSeconds=1"),
        *("experiment.expect=any", "client.rampUpSeconds=0", "experiment.maxFailedRatio=1"),
        *("client.thinkTime.minSeconds=0.1", "client.thinkTime.maxSeconds=0.2"),
        command=("run", "--identity", "header:X-Pod"),
    )
    shown = eventually(
        lambda: (
            (lines := command_lines(psutil.Process(lab.process.pid)))
            and "long_lived.client" in lines
            and lines
        )
    )
    lab.finish()
    clients = lab.check_account()
    assert clients["requests"]["failed_by_kind"].keys() >= {"bad_answer"}
    assert clients["pods"].keys() == {"_red_x_script_alert_1___script_"}
    left = {path: path.read_bytes() for path in lab.place.rglob("*") if path.is_file()}
    assert {"client-1.log", "summary.json", "report.html"} <= {path.name for path in left}
    left[Path("ps")] = shown.encode()
    for path, text in left.items():
        for unwanted in (*SECRETS, "\x1b", "\x07", "<script>alert"):
            assert unwanted.encode() not in text, path
