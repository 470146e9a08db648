"""The command `long-lived run` with real replicas and clients: results, signals, losses.

Each test that says `even` is refuted by chance once in a thousand runs, as `LEVEL` promises.
"""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.refusal_of_filters import refuse_filters
from tests.waiting import eventually

from long_lived.lab.__main__ import cli
from long_lived.settings import load

BOUND_SECONDS = 120
"""Longest wait for anything; reached only where something is broken."""

QUICK = (
    "server.delay.minSeconds=0.1",
    "server.delay.maxSeconds=0.3",
    "client.thinkTime.minSeconds=0.1",
    "client.thinkTime.maxSeconds=0.3",
    "client.rampUpSeconds=0.5",
    "client.concurrency=240",
)
LASTING = "client.durationSeconds=100"
"""Longer than any test: the run is ended by what the test does."""

RESTART = ("experiment.restart.afterSeconds=2", "experiment.restart.replacementSeconds=2")

SEED_PIPELINE = (
    """grep "Response from Pod" client.log | awk -F"Pod " '{print $2}' """
    """| cut -d' ' -f1 | sort | uniq -c"""
)
"""The seed's way to count a log, word for word."""


def processes_of(folder: Path) -> dict[int, str]:
    """Find all processes whose command line or standard output lies in `folder`."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            output = os.readlink(entry / "fd" / "1")
            zombie = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            continue
        if (str(folder) in command or output.startswith(str(folder))) and not zombie:
            found[int(entry.name)] = command
    return found


def listeners(port: int) -> set[str]:
    """Return the sockets (inodes) that listen on a port, at whatever address."""
    lines = map(str.split, Path("/proc/net/tcp").read_text().splitlines()[1:])
    return {line[9] for line in lines if line[1].endswith(f":{port:04X}") and line[3] == "0A"}


@dataclass
class Lab:
    """A lab in a process of its own, which leaves everything below one folder."""

    process: subprocess.Popen[bytes]
    place: Path

    @property
    def out(self) -> Path:
        """Return the folder of the results folders."""
        return self.place / "results"

    @property
    def folder(self) -> Path:
        """Return the results folder of the run."""
        return (self.out / "latest").resolve()

    @property
    def printed(self) -> str:
        """Return its standard output so far."""
        return (self.place / "stdout").read_text(encoding="utf-8")

    @property
    def errors(self) -> str:
        """Return its standard error so far."""
        return (self.place / "stderr").read_text(encoding="utf-8")

    @property
    def record(self) -> dict[str, Any]:
        """Return summary.json."""
        return json.loads((self.folder / "summary.json").read_text(encoding="utf-8"))

    def finish(self) -> int:
        """Block until it has ended; return its exit status."""
        status = self.process.wait(BOUND_SECONDS)
        assert "Traceback" not in self.errors + self.printed, self.errors
        return status

    def pid(self, part: str) -> int | None:
        """Find the process whose command line holds `part`."""
        return next((pid for pid, line in processes_of(self.place).items() if part in line), None)

    def await_answers(self, count: int = 20, client: str = "client-1") -> None:
        """Wait until a client has logged so many more answers than now."""
        log = self.folder / f"{client}.log"

        def answers() -> int:
            return log.read_text().count("Response from Pod ") if log.exists() else 0

        wanted = answers() + count

        def there() -> bool:
            assert self.process.poll() is None, self.errors
            return answers() >= wanted

        eventually(there)

    def port(self) -> int:
        """Return the port that the replicas share, while a client runs."""
        return int(eventually(lambda: self._port()))

    def _port(self) -> str | None:
        lines = "\n".join(processes_of(self.place).values())
        found = re.search(r"client\.url=http://127\.0\.0\.1:(\d+)/", lines)
        return found[1] if found else None

    def check_account(self) -> dict[str, Any]:
        """Hold the clients' summary to what must be true of every run, and return it."""
        clients = self.record["clients"]
        requests, pods = clients["requests"], clients["pods"]
        assert requests["planned"] == requests["answered"] + requests["failed"]
        assert requests["failed"] == sum(requests["failed_by_kind"].values())
        assert requests["answered"] == sum(pod["requests"] for pod in pods.values())
        return clients


def clean_environment() -> dict[str, str]:
    """Return this process's environment without settings."""
    return {name: value for name, value in os.environ.items() if "LONG_LIVED__" not in name}


def finished(command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, without settings in its environment; `options` as for Popen."""
    return subprocess.run(
        command,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
        **options,
    )


def arguments_of(settings: tuple[str, ...]) -> list[str]:
    """Make the flags for settings."""
    return [argument for setting in settings for argument in ("--set", setting)]


Start = Callable[..., Lab]


def starter(parent: Path) -> Iterator[Start]:
    """Start labs, and end whatever they leave."""
    started: list[Lab] = []

    def start(scenario: str, *settings: str, stdout: int | None = None) -> Lab:
        place = parent / f"lab-{len(started)}"
        place.mkdir()
        command = ["run", scenario, "--out", str(place / "results"), *arguments_of(settings)]
        with (place / "stdout").open("wb") as out, (place / "stderr").open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "long_lived.lab", *command],
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=stdout or out,
                stderr=errors,
                start_new_session=True,
            )
        started.append(Lab(process, place))
        return started[-1]

    yield start
    for lab in started:
        for pid in processes_of(lab.place):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        lab.process.wait(BOUND_SECONDS)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start labs that end with the test."""
    yield from starter(tmp_path)


def count_as_the_seed(folder: Path, logs: list[Path]) -> dict[str, int]:
    """Count the answers in logs with the seed's pipeline."""
    (folder / "client.log").write_text("".join(log.read_text() for log in logs))
    done = subprocess.run(
        SEED_PIPELINE, shell=True, cwd=folder, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return {name: int(count) for count, name in map(str.split, done.stdout.splitlines())}


SMOKE = ("server.delay.minSeconds=0.2", "server.delay.maxSeconds=0.6")


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Run the smallest scenario to its end, once for all that look at it."""
    starters = starter(tmp_path_factory.mktemp("smoke"))
    lab = next(starters)("smoke", *SMOKE)
    lab.finish()
    yield lab
    next(starters, None)


@pytest.mark.xdist_group("smoke")
def test_smoke_is_counted_alike_by_everybody(smoke: Lab, tmp_path: Path) -> None:
    """The log by the seed's pipeline, the clients' summary and the servers agree to the request."""
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


@pytest.mark.xdist_group("smoke")
def test_smoke_keeps_its_results(smoke: Lab) -> None:
    """The folder holds the values, the logs, the summary, and the report as it was printed."""
    lab = smoke
    assert {file.name for file in lab.folder.iterdir()} == {
        "values.yaml",
        "summary.json",
        "report.txt",
        "client-1.log",
        *(f"server-{letter}.log" for letter in "abc"),
    }
    kept = load([lab.folder / "values.yaml"], [], {})
    assert kept == load([Path("values/smoke.yaml")], [*SMOKE], {})
    report = (lab.folder / "report.txt").read_text(encoding="utf-8")
    assert lab.printed.endswith(report)
    assert report.startswith("\ncounts server-name\n")
    assert all(len(line) <= 80 for line in report.splitlines() if not line.startswith("results "))
    assert sorted(entry.name for entry in lab.out.iterdir()) == [lab.folder.name, "latest"]
    assert lab.folder.name.endswith("-smoke")
    assert processes_of(lab.place) == {}


def test_two_clients_are_one_run(start: Start, tmp_path: Path) -> None:
    """With two clients each has a log of its own, and the summary is their sum."""
    lab = start("smoke", *SMOKE, "client.concurrency=100", "client.parallelism=2")
    assert lab.finish() == 0, lab.printed
    clients = lab.check_account()
    assert clients["clients"] == 2
    assert clients["requests"]["answered"] == 200
    logs = [lab.folder / f"client-{number}.log" for number in (1, 2)]
    parts = [json.loads(log.read_text().splitlines()[-1]) for log in logs]
    assert [part["requests"]["answered"] for part in parts] == [100, 100]
    assert count_as_the_seed(tmp_path, logs) == {
        name: pod["requests"] for name, pod in clients["pods"].items()
    }
    assert {name: own["answered"] for name, own in lab.record["server_counts"].items()} == {
        name: pod["requests"] for name, pod in clients["pods"].items()
    }


@pytest.mark.parametrize("engine", ["threads", "gevent"])
def test_clients_of_one_run_do_not_share_a_processor(engine: str, start: Start) -> None:
    """Clients whose threads run one at a time get one each; others run where they like."""
    lab = start("smoke", *QUICK, LASTING, "client.parallelism=2", f"client.engine={engine}")
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
    lab.process.send_signal(signal.SIGTERM)
    assert lab.finish() == 143


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
def test_signal_in_mid_run_ends_it_with_its_results(
    number: signal.Signals, status: int, start: Start
) -> None:
    """The first signal stops the clients: every request is accounted for, and nothing is left."""
    lab = start("smoke", *QUICK, LASTING)
    port = lab.port()
    lab.await_answers()
    listening = listeners(port)
    assert listening
    lab.process.send_signal(number)
    assert lab.finish() == status, lab.printed
    clients, record = lab.check_account(), lab.record
    assert clients["stopped_by"] == number.name
    assert clients["requests"]["answered"] >= 20
    assert record["verdict"]["finding"] == "incomplete"
    assert f"a client was stopped by {number.name}" in record["verdict"]["words"]
    assert lab.printed.endswith((lab.folder / "report.txt").read_text(encoding="utf-8"))
    assert processes_of(lab.place) == {}
    assert not listening & listeners(port)


def test_reader_that_goes_away_loses_no_results(start: Start) -> None:
    """Ctrl-C in `long-lived run | tee log` ends tee, too: the results are kept all the same."""
    lab = start("smoke", *QUICK, LASTING, stdout=subprocess.PIPE)
    assert lab.process.stdout is not None
    lab.await_answers()
    lab.process.stdout.close()
    lab.await_answers(1000)  # the next line of progress finds no reader
    lab.process.send_signal(signal.SIGINT)
    assert lab.finish() == 130
    assert lab.errors == ""
    assert lab.check_account()["stopped_by"] == "SIGINT"
    assert (lab.folder / "report.txt").exists()


def test_signal_before_the_clients_start_is_told(start: Start) -> None:
    """A run that is stopped while replicas start has no summary, says so, and leaves nothing."""
    lab = start("smoke", *QUICK, LASTING)
    eventually(lambda: lab.pid("-m long_lived.server"))
    lab.process.send_signal(signal.SIGINT)
    assert lab.finish() == 130, lab.printed
    assert lab.record["verdict"]["finding"] == "incomplete"
    assert processes_of(lab.place) == {}


def test_killed_lab_leaves_no_process(start: Start) -> None:
    """SIGKILL leaves the lab no time for anything: its reaper ends replicas and clients."""
    lab = start("smoke", *QUICK, LASTING, "server.runtime=gunicorn")
    port = lab.port()
    lab.await_answers()
    listening = listeners(port)
    assert len(processes_of(lab.place)) >= 6
    lab.process.kill()
    assert lab.finish() == -signal.SIGKILL
    # A process that is just ending still has its sockets, and shows no files any more.
    eventually(lambda: not processes_of(lab.place) and not listening & listeners(port))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["sigterm", "sigkill"])
def test_client_that_is_killed_in_the_restart_leaves_what_it_saw(
    number: signal.Signals, start: Start
) -> None:
    """Its requests are accounted for until its end, the phases are told, and it is incomplete."""
    lab = start("smoke", *QUICK, LASTING, *RESTART, "experiment.expect=any")
    lab.await_answers()
    eventually(lambda: (lab.folder / "server-d.log").exists())
    lab.await_answers()
    client = lab.pid("-m long_lived.client")
    assert client is not None
    os.kill(client, number)
    assert lab.finish() == 1, lab.printed
    assert processes_of(lab.place) == {}
    record = lab.record
    assert record["verdict"]["finding"] == "incomplete"
    clients = lab.check_account()
    assert clients["requests"]["answered"] >= 40
    phases = record["effect"]["phases"]
    assert [phase["name"] for phase in phases][:2] == ["before", "during"]
    check_phases(record)


def test_replica_that_is_killed_from_outside_is_named(start: Start) -> None:
    """A replica that ends unasked is said plainly, and nothing is concluded from the run."""
    lab = start("smoke", *QUICK, "client.durationSeconds=4", "experiment.expect=any")
    lab.await_answers()
    replica = lab.pid("127.0.1.2:")
    assert replica is not None
    os.kill(replica, signal.SIGKILL)
    assert lab.finish() == 1, lab.printed
    record = lab.record
    lab.check_account()
    (problem,) = record["problems"]
    assert problem.startswith("server-b ended in the middle of the run with status -9")
    assert record["verdict"]["finding"] == "incomplete"
    assert problem.split(":")[0] in " ".join(lab.printed.split())
    assert set(record["server_counts"]) == {"server-a", "server-c"}


def check_phases(record: dict[str, Any]) -> None:
    """Hold the phases to the summary: every answer, failure and connection is in one of them."""
    clients, phases = record["clients"], record["effect"]["phases"]
    rows = [row for phase in phases for row in phase["rows"]]
    assert sum(row["answered"] for row in rows) == clients["requests"]["answered"]
    failed = sum(sum(on.values()) for phase in phases for on in phase["failures"].values())
    assert failed == clients["requests"]["failed"]
    for name, pod in clients["pods"].items():
        own = [row for row in rows if row["replica"] == name]
        assert sum(row["answered"] for row in own) == pod["requests"]
        assert sum(row["opened"] for row in own) == pod["connections_opened"]
    for phase, following in itertools.pairwise(phases):
        assert phase["end_seconds"] == following["start_seconds"]
    assert {row["replica"] for row in rows} - {""} == {
        *record["replicas"],
        *record["effect"]["replacements"],
    }


RUNTIMES = {"flask": "even", "gunicorn": "pinned", "go": "pinned"}


@pytest.fixture(scope="module")
def restart_runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Lab]]:
    """Restart replicas of each runtime, beside one another, since that mostly waits."""
    starters = starter(tmp_path_factory.mktemp("restarts"))
    begin = next(starters)
    labs = {
        runtime: begin(
            f"restart-{runtime}",
            *QUICK,
            *("client.thinkTime.minSeconds=0.3", "client.thinkTime.maxSeconds=0.7"),
            # A replacement that is not ready in time makes a run incomplete: time enough for a
            # machine that is busy.
            *("client.durationSeconds=24", "experiment.restart.afterSeconds=3"),
        )
        for runtime in RUNTIMES
    }
    yield labs
    next(starters, None)


@pytest.mark.xdist_group("restarts")
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_restart_shows_what_keep_alive_does(runtime: str, restart_runs: dict[str, Lab]) -> None:
    """Where connections are closed the load is even again, where they are kept it is pinned."""
    lab = restart_runs[runtime]
    assert lab.finish() == 0, lab.printed
    record = lab.record
    assert record["verdict"]["finding"] == RUNTIMES[runtime]
    clients, restart = lab.check_account(), record["effect"]
    check_phases(record)
    assert [phase["name"] for phase in restart["phases"]] == ["before", "during", "after"]
    assert restart["survivors"] == ["server-a"]
    assert restart["replaced"] == ["server-b", "server-c"]
    assert restart["replacements"] == ["server-d", "server-e"]
    held = record["verdict"]["judged"]["unit"] == "connections held"
    assert held is (runtime != "flask")
    assert (restart["seconds_to_even"] is None) is (runtime != "flask")
    for one in record["events"]:
        assert one["stopped_unix_seconds"] <= one["ended_unix_seconds"]
        assert one["stopped_unix_seconds"] < one["ready_unix_seconds"]
    for name in ("server-a", "server-d", "server-e"):
        seen = clients["pods"].get(name, {"requests": 0})["requests"]
        # The lost answers of a run's end, if any, are those that the server alone has counted.
        assert record["server_counts"][name]["answered"] >= seen
    lost = clients["requests"]["failed_by_kind"].get("connection_lost", 0)
    if runtime == "gunicorn":
        assert (restart["lost_by_replica"], restart["lost_unattributed"], lost) == ({}, 0, 0)
    if runtime == "go":
        # Kept connections had answered before, so the client knows on whom it lost them; on a
        # busy machine a few are new, and lost in the listen queue of one that is stopping.
        assert set(restart["lost_by_replica"]) == {"server-b", "server-c"}
        attributed = sum(restart["lost_by_replica"].values())
        assert attributed + restart["lost_unattributed"] == lost
        assert attributed > restart["lost_unattributed"]
    if runtime == "flask":
        # Nobody had answered on a connection that is closed after its first answer.
        assert (restart["lost_by_replica"], restart["lost_unattributed"]) == ({}, lost)
    assert processes_of(lab.place) == {}


BAD = {
    "unknown-scenario": (["smok"], [], "scenario 'smok' does not exist"),
    "unknown-key": (["smoke"], ["client.users=5"], "client.users"),
    "bad-value": (["smoke"], ["client.concurrency=many"], "client.concurrency"),
    "bad-restart": (
        ["smoke"],
        ["experiment.restart.afterSeconds=5", "experiment.restart.keep=3"],
        "experiment.restart.keep",
    ),
    "autoscaler": (
        ["smoke"],
        ["server.replicas=null"],
        "server.replicas = null: allowed on this machine is 1 to 1000",
    ),
    "no-client": (["smoke"], ["client.enabled=false"], "client.enabled"),
    "missing-file": (["absent.yaml"], [], "absent.yaml"),
    "no-effect": (
        ["smoke"],
        ["client.url=http://127.0.0.1:1/"],
        "client.url = http://127.0.0.1:1/: the lab on this machine starts its own servers",
    ),
    "no-release": (["smoke", "--release", "mine"], [], "--release mine: without effect"),
    "unknown-flag": (["smoke", "--fast"], [], "--fast"),
}


def refused(*arguments: str) -> str:
    """Run the command, which must not start; return the one line with which it refuses."""
    hidden = dict.fromkeys(os.environ.keys() - clean_environment().keys())
    done = CliRunner(env=hidden).invoke(cli, ["run", *arguments])
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("long-lived: error: ")
    return line


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    """What cannot be run is one line on standard error, status 2, and leaves nothing behind."""
    arguments, settings, words = BAD[name]
    out = tmp_path / "results"
    assert words in refused(*arguments, "--out", str(out), *arguments_of(tuple(settings)))
    assert not out.exists()


@pytest.mark.parametrize("below", ["", "/results"], ids=["file", "below-a-file"])
def test_results_that_cannot_be_kept_are_refused(below: str, tmp_path: Path) -> None:
    """A place for results that is a file is refused before anything starts."""
    file = tmp_path / "file"
    file.write_text("mine")
    assert str(file) in refused("smoke", "--out", f"{file}{below}")
    assert file.read_text() == "mine"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_kernel_that_chooses_by_its_hash_is_remarked_on(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The replicas say that their filter was refused, and the report repeats it."""
    monkeypatch.setenv("PYTHONPATH", refuse_filters(tmp_path))
    lab = start("smoke", *SMOKE, "experiment.expect=any")
    assert lab.finish() == 0, lab.printed
    (remark,) = lab.record["remarks"]
    assert remark.startswith("the kernel did not choose at random among the replicas")
    assert "(server-a, server-b, server-c)" in remark
    assert "note         the kernel did not choose at random" in lab.printed
