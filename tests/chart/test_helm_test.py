"""`helm test`: the script in its pod, against servers that name themselves."""

import importlib.util
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest
from tests.cluster.miniature import running
from tests.cluster.place import Place
from tests.in_thread import served_in_thread
from tests.waiting import eventually

from .conftest import CHART, render

SCRIPT = CHART / "files" / "every_pod_answers.py"
PODS = ("pod-a", "pod-b", "pod-c")


@contextmanager
def answering(choose: Callable[[], str]) -> Iterator[int]:
    """Serve on a local port; each connection is answered by the pod chosen for it."""

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
        with served_in_thread(server):
            yield server.server_port


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the script from the chart."""
    spec = importlib.util.spec_from_file_location("every_pod_answers", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ready_pods", lambda _: set(PODS))
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.05)
    return module


def run(script: ModuleType, monkeypatch: pytest.MonkeyPatch, port: int, *flags: str) -> int:
    """Run the script like the pod, and return its exit status."""
    url = f"http://127.0.0.1:{port}"
    own = ["--replicas=3", "--wait=0.1", "--longest-delay=1"]
    monkeypatch.setattr("sys.argv", ["-c", f"{url}/", f"{url}/readyz", *own, *flags])
    return int(script.main())


def test_test_passes_when_every_pod_answers(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The Service should balance over all pods at random."""
    chance = random.Random(1)
    with answering(lambda: chance.choice(PODS)) as port:
        assert run(script, monkeypatch, port) == 0
    assert "passed: every ready pod answers" in capsys.readouterr().out


def test_test_fails_when_a_pod_never_answers(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the pod that got nothing."""
    chance = random.Random(1)
    with answering(lambda: chance.choice(PODS[:2])) as port:
        assert run(script, monkeypatch, port) == 1
    expected = "failed: not ready within 0.1 s: the Service leads to none of pod-c"
    assert expected in capsys.readouterr().out


def test_test_fails_when_a_pod_is_ready_but_answers_no_request(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Readiness is not enough: each pod must answer a user's request."""
    chance = random.Random(1)
    monkeypatch.setattr(script, "missing", lambda *_: (set(PODS), ""))
    with answering(lambda: chance.choice(PODS[:2])) as port:
        assert run(script, monkeypatch, port) == 1
    assert "failed: the Service sent nothing to pod-c" in capsys.readouterr().out


def test_test_waits_for_pods_that_are_not_ready(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """First one of three, then all: the test passes, and says what it waited for."""
    seen = iter([set(PODS[:1]), set(PODS[:2])])
    monkeypatch.setattr(script, "ready_pods", lambda _: next(seen, set(PODS)))
    chance = random.Random(1)
    with answering(lambda: chance.choice(PODS)) as port:
        assert run(script, monkeypatch, port, "--wait=30") == 0
    output = capsys.readouterr().out
    assert "waiting: 1 of 3 pods are ready" in output
    assert output.count(": answered") == 3


def test_test_fails_when_one_of_three_pods_is_ready(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some pods do not prove the others."""
    monkeypatch.setattr(script, "ready_pods", lambda _: set(PODS[:1]))
    with answering(lambda: "pod-a") as port:
        assert run(script, monkeypatch, port) == 1
    assert "failed: not ready within 0.1 s: 1 of 3 pods are ready" in capsys.readouterr().out


def test_test_waits_for_a_service_that_lags_behind(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pod is ready before its node's rules lead to it."""
    chance, asked = random.Random(1), iter(range(150))
    with answering(lambda: "pod-a" if next(asked, None) else chance.choice(PODS)) as port:
        assert run(script, monkeypatch, port, "--wait=30") == 0


def test_test_asks_for_one_pod_only_with_session_affinity(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By design one client pod then reaches one server pod."""
    with answering(lambda: "pod-a") as port:
        assert run(script, monkeypatch, port, "--one-pod-is-enough") == 0
        (container,) = render("service.sessionAffinity=ClientIP").test_pod["containers"]
        assert "--one-pod-is-enough" in container["args"]
        (container,) = render().test_pod["containers"]
        assert "--one-pod-is-enough" not in container["args"]


def test_test_fails_when_nothing_listens(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused connections, on /readyz or on a request, name no pod and are shown."""
    with answering(lambda: "pod-a") as port:
        pass
    assert run(script, monkeypatch, port) == 1
    assert "the Service leads to none of pod-a, pod-b, pod-c" in capsys.readouterr().out
    monkeypatch.setattr(script, "missing", lambda *_: (set(PODS), ""))
    assert run(script, monkeypatch, port) == 1
    output = capsys.readouterr().out
    assert "40 requests failed" in output
    assert "ConnectionRefusedError" in output


def test_ready_pods_are_asked_for_their_names(script: ModuleType) -> None:
    """The body of /readyz names the pod."""
    fresh = importlib.util.module_from_spec(script.__spec__)  # type: ignore[arg-type]
    script.__spec__.loader.exec_module(fresh)  # type: ignore[union-attr]
    with answering(lambda: "pod-a") as port:
        assert fresh.ready_pods(f"http://127.0.0.1:{port}/readyz") == {"pod-a"}


def test_pod_runs_the_script_that_is_in_the_chart() -> None:
    """Text and arguments reach the pod unchanged."""
    (container,) = render("server.delay.maxSeconds=90").test_pod["containers"]
    text, service, readyz, *flags = container["args"]
    assert container["command"] == ["python", "-c"]
    assert [line.rstrip() for line in text.strip().splitlines()] == SCRIPT.read_text().splitlines()
    assert service == "http://try-long-lived-server/"
    assert readyz == "http://try-long-lived-server-headless:8000/readyz"
    assert flags == ["--replicas=3", "--wait=120", "--longest-delay=90"]


@pytest.mark.parametrize(
    ("sets", "flags"),
    [
        ("server.replicas=7", ["--replicas=7", "--wait=120"]),
        ("server.replicas=null", ["--replicas=1", "--wait=120"]),
        ("client.readiness.timeoutSeconds=7.5", ["--replicas=3", "--wait=7.5"]),
        ("client.readiness=null", ["--replicas=3", "--wait=120"]),
    ],
)
def test_pod_waits_for_every_replica_of_the_values(sets: str, flags: list[str]) -> None:
    """It waits for them as long as the client would."""
    (container,) = render(sets).test_pod["containers"]
    assert container["args"][3:5] == flags


SMALL = (
    *("server.delay.minSeconds=0", "server.delay.maxSeconds=0.1"),
    *("client.enabled=false", "client.readiness.timeoutSeconds=20"),
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Yield a cluster whose pods run."""
    with running(tmp_path, start_delay_seconds=0.5) as (cluster, kubeconfig):
        yield Place(cluster, kubeconfig)


def test_test_straight_after_the_installation_passes(place: Place) -> None:
    """It waits for the pods, reaches all of them, and leaves no pod."""
    place.helm("install", sets=SMALL)
    output = place.helm("test", "--logs")
    assert output.count(": answered") == 3
    assert "passed: every ready pod answers" in output
    assert not place.pods("test")


def test_failed_test_prints_why_and_leaves_no_pod(place: Place) -> None:
    """Helm prints the log on failure; the pod is removed either way."""
    never = ("client.readiness.timeoutSeconds=1", "images.server.tag=nowhere")
    place.helm("install", sets=(*SMALL, *never))
    status, output = place.run("helm", "test", "demo")
    assert status != 0
    assert "failed: not ready within 1 s" in output
    assert not place.pods("test")
    place.helm("uninstall")
    eventually(lambda: not place.cluster.names())
