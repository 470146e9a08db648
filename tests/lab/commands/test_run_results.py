"""What `long-lived run` keeps and counts of an undisturbed run.

Each test that expects `even` fails by chance once in a thousand runs, as `LEVEL` promises.
"""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lab.commands.lab import FEW, LASTING, SMOKE, Lab, Start, processes_of, starter
from tests.refusal_of_filters import refuse_filters

from long_lived.settings import load

SEED_PIPELINE = (
    """grep "Response from Pod" client.log | awk -F"Pod " '{print $2}' """
    """| cut -d' ' -f1 | sort | uniq -c"""
)
"""The seed's pipeline that counts a log, word for word."""


def count_as_the_seed(folder: Path, logs: list[Path]) -> dict[str, int]:
    """Count the answers in logs with the seed's pipeline."""
    (folder / "client.log").write_text("".join(log.read_text() for log in logs))
    done = subprocess.run(
        SEED_PIPELINE, shell=True, cwd=folder, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return {name: int(count) for count, name in map(str.split, done.stdout.splitlines())}


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Run the smallest scenario once, for every test that inspects it."""
    with starter(tmp_path_factory.mktemp("smoke")) as begin:
        lab = begin("smoke", *SMOKE)
        lab.finish()
        yield lab


def test_smoke_is_counted_alike_by_all(smoke: Lab, tmp_path: Path) -> None:
    """The seed's pipeline, the clients' summary and the servers agree to the request."""
    lab = smoke
    assert lab.finish() == 0, lab.printed
    assert lab.errors == ""
    clients, record = lab.check_account(), lab.record
    assert clients["requests"]["answered"] == clients["requests"]["planned"] == 200
    counted = count_as_the_seed(tmp_path, [lab.folder / "client-1.log"])
    assert counted == {name: pod["requests"] for name, pod in clients["pods"].items()}
    assert counted == {name: own["answered"] for name, own in record["server_counts"].items()}
    assert sum(counted.values()) == 200
    opened = {name: pod["connections_opened"] for name, pod in clients["pods"].items()}
    assert opened == {name: own["connections"] for name, own in record["server_counts"].items()}
    assert record["verdict"]["finding"] == "even"
    assert record["verdict"]["passed"] is True
    assert record["verdict"]["judged"]["spread"]["counts"] == opened
    assert (record["problems"], record["remarks"], record["effect"]) == ([], [], None)
    assert record["proxy_cpu_seconds"] is None


def test_smoke_keeps_its_results(smoke: Lab) -> None:
    """The folder holds values, logs, summary, and the report as printed."""
    lab = smoke
    assert {file.name for file in lab.folder.iterdir()} == {
        "values.yaml",
        "summary.json",
        "report.txt",
        "report.html",
        "client-1.log",
        *(f"server-{letter}.log" for letter in "abc"),
    }
    kept = load([lab.folder / "values.yaml"], [], {})
    assert kept == load([Path("values/smoke.yaml")], [*SMOKE], {})
    report = (lab.folder / "report.txt").read_text(encoding="utf-8")
    assert lab.printed.endswith(report)
    assert report.startswith("\ncounts server-name\n")
    assert all(len(line) <= 80 for line in report.splitlines() if line[:8] not in PATHS)
    assert sorted(entry.name for entry in lab.out.iterdir()) == [lab.folder.name, "latest"]
    assert lab.folder.name.endswith("-smoke")
    assert processes_of(lab.place) == {}


PATHS = ("results ", "page    ")
"""Beginnings of the lines that may be longer than others."""


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Lab]]:
    """Run two clients of each of these engines, side by side, until the tests end them."""
    with starter(tmp_path_factory.mktemp("pairs")) as begin:
        yield {
            engine: begin("smoke", *FEW, LASTING, "client.parallelism=2", f"client.engine={engine}")
            for engine in ("threads", "gevent")
        }


@pytest.mark.parametrize("engine", ["threads", "gevent"])
def test_clients_of_one_run_do_not_share_a_processor(engine: str, pairs: dict[str, Lab]) -> None:
    """Clients whose threads run one at a time get a processor each; others run anywhere."""
    lab = pairs[engine]
    lab.await_answers(client="client-2")
    lab.await_answers(client="client-1")
    pids = [lab.pid(f"--source-address 127.0.0.{number}") for number in (2, 3)]
    places = [os.sched_getaffinity(pid) for pid in pids if pid is not None]
    allowed = os.sched_getaffinity(0)
    if engine == "gevent":
        assert places == [allowed, allowed]
    else:
        assert [len(place) for place in places] == [1, 1]
        assert len(set.union(*places)) == min(2, len(allowed))


def test_two_clients_are_one_run(pairs: dict[str, Lab], tmp_path: Path) -> None:
    """Each of two clients has its own log, and the summary is their sum."""
    lab = pairs["threads"]
    for name in ("client-1", "client-2"):
        lab.await_answers(client=name)
    lab.stop(signal.SIGTERM)
    clients = lab.check_account()
    assert clients["clients"] == 2
    logs = [lab.folder / f"client-{number}.log" for number in (1, 2)]
    parts = [json.loads(log.read_text().splitlines()[-1]) for log in logs]
    answered = [part["requests"]["answered"] for part in parts]
    assert min(answered) >= 20
    assert sum(answered) == clients["requests"]["answered"]
    assert count_as_the_seed(tmp_path, logs) == {
        name: pod["requests"] for name, pod in clients["pods"].items()
    }
    (counted,) = lab.record["server_counts"].values()
    assert set(counted["answered_to"]) - {""} == set(clients["client_ids"])


def test_kernel_that_chooses_by_its_hash_is_remarked_on(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replicas say that the kernel refused their filter, and the report repeats it."""
    monkeypatch.setenv("PYTHONPATH", refuse_filters(tmp_path))
    lab = start("smoke", *FEW, "server.replicas=2")
    assert lab.finish() == 0, lab.printed
    (remark,) = lab.record["remarks"]
    assert remark.startswith("the kernel did not choose at random among the replicas")
    assert "(server-a, server-b)" in remark
    assert "note         the kernel did not choose at random" in lab.printed
