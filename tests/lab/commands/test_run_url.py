"""`long-lived run --url`: a service that is not ours, told by its answers or by its sockets."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import trustme
from tests.groups import end_group
from tests.lab.commands.lab import Start
from tests.sockets import free_port
from tests.waiting import eventually

from long_lived.lab.commands.running.foreign import intent, is_near, loaded, of_url
from long_lived.lab.results.saved_run import saved_run

APP = """
import os
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "3"), ("X-Pod", os.environ["NAME"])])
    return [b"ok\\n"]
"""


@dataclass
class Shop:
    """Two gunicorns with an app of somebody else's, which share a port with TLS."""

    port: int
    replicas: list[subprocess.Popen[bytes]]
    ca: Path

    @property
    def url(self) -> str:
        """What stands in the place of a scenario."""
        return f"--url=https://127.0.0.1:{self.port}/"

    @property
    def settings(self) -> tuple[str, ...]:
        """Enough users to tell, and the authority to trust."""
        return (
            *(f"client.target.tls.caFile={self.ca}", "client.concurrency=100"),
            *("server.replicas=2", "client.rampUpSeconds=0", "experiment.expect=any"),
            *("client.thinkTime.minSeconds=0.2", "client.thinkTime.maxSeconds=0.4"),
        )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Run both replicas for all tests here."""
    folder, port = tmp_path_factory.mktemp("shop"), free_port()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    pem = authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem
    pem.write_to_path(folder / "tls.pem")
    (folder / "shop.py").write_text(APP)
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--reuse-port"]
    command += ["--certfile", "tls.pem", "--keyfile", "tls.pem", "--worker-class", "gthread"]
    command += ["--threads", "150", "--keep-alive", "600", "shop:app"]
    replicas = []
    for name in ("shop-a", "shop-b"):
        with (folder / f"{name}.log").open("wb") as log:
            environment = {**os.environ, "NAME": name}
            replicas.append(
                subprocess.Popen(
                    *(command,),
                    cwd=folder,
                    env=environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )
    for one in replicas:
        eventually(lambda one=one: psutil.Process(one.pid).children())
    for name in ("shop-a", "shop-b"):
        eventually(lambda name=name: "Booting worker" in (folder / f"{name}.log").read_text())
    yield Shop(port, replicas, folder / "ca.pem")
    for one in replicas:
        end_group(one)


def test_sockets_supply_the_verdict_where_answers_name_nobody(shop: Shop, start: Start) -> None:
    """The report says by the service's sockets who holds the connections while the run goes on."""
    command = ("run", "--inspect", f"local:{shop.port}")
    lab = start(shop.url, *shop.settings, "client.durationSeconds=12", command=command)
    assert lab.finish() == 0, lab.errors
    record = lab.record
    assert record["clients"]["pods"].keys() == {"unnamed"}
    assert record["verdict"]["finding"] == record["inspection"]["finding"] != "incomplete"
    assert sum(one["connections"] for one in record["inspection"]["holders"]) == 100
    assert len(record["inspection"]["holders"]) == 2
    assert "of fair" in lab.printed
    again = saved_run(lab.folder)
    assert (again.verdict.finding, again.verdict.words) == (
        record["verdict"]["finding"],
        record["verdict"]["words"],
    )
    assert again.seen.remarks == record["remarks"]


def test_run_whose_answers_name_nobody_is_not_judged(shop: Shop, start: Start) -> None:
    """Without looks there is no spread to judge, and the page says so."""
    command = ("run", "--identity", "none")
    lab = start(shop.url, *shop.settings, "client.durationSeconds=2", command=command)
    assert lab.finish() == 0, lab.errors
    assert lab.record["verdict"]["finding"] == "not judged"
    assert "Answers do not say who gave them" in (lab.folder / "report.html").read_text()


def test_replica_that_comes_back_is_missed_by_its_name(shop: Shop, start: Start) -> None:
    """One of two replicas ends, and nobody is seen in its place: the other one has everything."""
    command = ("run", "--identity", "header:X-Pod")
    lab = start(shop.url, *shop.settings, "client.durationSeconds=8", command=command)
    lab.await_answers(100)
    os.killpg(shop.replicas[1].pid, signal.SIGKILL)
    assert lab.finish() == 0, lab.errors
    record = lab.record
    assert record["verdict"]["finding"] == "pinned"
    assert record["clients"]["pods"].keys() == {"shop-a", "shop-b"}
    assert record["clients"]["overhead_seconds"]["count"] == 0
    assert record["clients"]["connections"]["resumed"] is not None
    assert "full handshakes" in lab.printed
    assert "overhead     –" in lab.printed


def test_service_that_cannot_be_loaded_is_said_before_any_load(start: Start) -> None:
    """Nothing is sent where the first request fails, and the report is the reason alone."""
    lab = start(f"--url=http://127.0.0.1:{free_port()}/", command=("run", "--identity", "none"))
    assert lab.finish() == 1
    assert lab.record["clients"]["requests"]["sent"] == 0
    verdict = lab.record["verdict"]["words"]
    assert verdict.startswith("incomplete: http://127.0.0.1:")
    assert "nothing listens there" in verdict
    assert "counts server-name" not in lab.printed


@pytest.mark.parametrize(
    ("host", "here", "there"),
    [
        *(("127.0.0.2", True, True), ("::1", True, True), ("10.0.0.1", False, False)),
        *(("localhost", True, False), ("shop", False, True), ("shop.example", False, False)),
        *(("shop.ns.svc", False, True), ("shop.ns.svc.cluster.local.", False, True)),
        ("svc", False, True),
    ],
)
def test_only_hosts_nearby_are_loaded_unasked(host: str, here: bool, there: bool) -> None:
    """Nearby is this machine, and from a cluster what is in it."""
    assert is_near(host, on_cluster=False) is here
    assert is_near(host, on_cluster=True) is there


def test_load_of_a_foreign_service_is_small_and_said() -> None:
    """What nobody asked for is small; what is about to happen names users, time, rate and url."""
    url = "https://shop.example/a,b"
    settings = loaded([], of_url(url, "header:X-Pod"))
    assert settings.client.url == url
    assert intent(settings) == (
        f"about to load {url} with 10 users for 30 s, at most 10.0 requests per second (GET)"
    )
    more = loaded([], [*of_url(url, "none"), "client.concurrency=20", "client.parallelism=2"])
    assert "40 users" in intent(more)
    assert more.experiment.expect == "any"
