"""`helm test`: the script that its pod runs, against servers that name themselves."""

import importlib.util
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType

import pytest

from .conftest import CHART, render

SCRIPT = CHART / "files" / "every_pod_answers.py"
PODS = ("pod-a", "pod-b", "pod-c")


@contextmanager
def answering(choose: Callable[[], str]) -> Iterator[int]:
    """Serve on a port of this machine; each connection is answered by the pod chosen for it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pod = choose()
            body = (
                f"ready {pod}" if self.path == "/readyz" else f"Response from Pod {pod} after 0 s"
            )
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"{body}\n".encode())

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.request_queue_size = 128
        server.socket.listen(128)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the script as it stands in the chart."""
    spec = importlib.util.spec_from_file_location("every_pod_answers", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ready_pods", lambda _: set(PODS))
    return module


def run(script: ModuleType, monkeypatch: pytest.MonkeyPatch, port: int, *flags: str) -> int:
    """Run the script as the pod does and return its exit status."""
    url = f"http://127.0.0.1:{port}"
    monkeypatch.setattr("sys.argv", ["-c", f"{url}/", f"{url}/readyz", "--longest-delay=1", *flags])
    return int(script.main())


def test_test_passes_when_every_pod_answers(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Random balancing over all pods is what the Service should do."""
    chance = random.Random(1)
    with answering(lambda: chance.choice(PODS)) as port:
        assert run(script, monkeypatch, port) == 0
    assert "passed: every ready pod answers" in capsys.readouterr().out


def test_test_fails_when_a_pod_never_answers(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The pod that got nothing is named."""
    chance = random.Random(1)
    with answering(lambda: chance.choice(PODS[:2])) as port:
        assert run(script, monkeypatch, port) == 1
    assert "failed: the Service sent nothing to pod-c" in capsys.readouterr().out


def test_test_asks_for_one_pod_only_with_session_affinity(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One client pod is sent to one server pod then, by design."""
    with answering(lambda: "pod-a") as port:
        assert run(script, monkeypatch, port, "--one-pod-is-enough") == 0
        (container,) = render("service.sessionAffinity=ClientIP").test_pod["containers"]
        assert "--one-pod-is-enough" in container["args"]
        (container,) = render().test_pod["containers"]
        assert "--one-pod-is-enough" not in container["args"]


def test_test_fails_when_nothing_listens(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused connections are counted and shown."""
    with answering(lambda: "pod-a") as port:
        pass
    assert run(script, monkeypatch, port) == 1
    output = capsys.readouterr().out
    assert "40 of 40 requests failed" in output
    assert "ConnectionRefusedError" in output


def test_ready_pods_are_asked_for_their_names(script: ModuleType) -> None:
    """The body of /readyz names the pod."""
    fresh = importlib.util.module_from_spec(script.__spec__)  # type: ignore[arg-type]
    script.__spec__.loader.exec_module(fresh)  # type: ignore[union-attr]
    with answering(lambda: "pod-a") as port:
        assert fresh.ready_pods(f"http://127.0.0.1:{port}/readyz") == {"pod-a"}


def test_pod_runs_the_script_that_is_in_the_chart() -> None:
    """Text and arguments arrive in the pod unchanged."""
    (container,) = render("server.delay.maxSeconds=90").test_pod["containers"]
    text, service, readyz, delay = container["args"]
    assert container["command"] == ["python", "-c"]
    assert [line.rstrip() for line in text.strip().splitlines()] == SCRIPT.read_text().splitlines()
    assert service == "http://try-long-lived-server/"
    assert readyz == "http://try-long-lived-server-headless:8000/readyz"
    assert delay == "--longest-delay=90"
