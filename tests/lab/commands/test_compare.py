"""`long-lived compare`: remedies side by side, with real replicas and clients."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.lab.commands.lab import (
    AFTER_SECONDS,
    Lab,
    clean_environment,
    finished,
    settled_seconds,
    starter,
)
from tests.waiting import eventually

from long_lived.lab.__main__ import cli
from long_lived.lab.commands.running import preparation

pytestmark = pytest.mark.timeout(900)
"""On a slow machine a run is repeated with a longer load."""

SMALL = (
    "server.delay.minSeconds=0.2",
    "server.delay.maxSeconds=0.6",
    "client.thinkTime.minSeconds=0.8",
    "client.thinkTime.maxSeconds=1.4",
    "client.rampUpSeconds=0.5",
    "client.concurrency=160",
    "experiment.event.afterSeconds=2",
    "experiment.event.replacementSeconds=0.5",
    "experiment.event.serviceLagSeconds=0",
    "experiment.expect=any",
)

ANSWER = re.compile(r"Response from Pod (\S+) after \S+ s connection=(\d+) .* at=([\d.]+)")


def compared(folder: Path) -> dict[str, dict[str, float]]:
    """Return the numbers of a comparison's first repeat, by remedy."""
    kept = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    return {name: trades[0] for name, trades in kept["done"].items()}


@dataclass(frozen=True)
class Comparison:
    """One that was interrupted in its second run, and then resumed."""

    interrupted: Lab
    first: dict[str, dict[str, float]]
    """What it had measured until then."""
    resumed: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Comparison]:
    """Compare two remedies, once, for every test that looks at the result."""
    with starter(tmp_path_factory.mktemp("comparison")) as begin:
        for seconds in (20, 60, 120):  # longer where the machine was too slow for the restart
            settings = (*SMALL, f"client.durationSeconds={seconds}")
            lab = begin("none", *settings, command=("compare", "flask"))
            eventually(lambda lab=lab: lab.log("none-1/client-1"))
            lab.await_answers(client="none-1/client-1")
            lab.stop()
            first = compared(lab.folder)
            (lab.folder / "none-1" / "of-the-cut-run").touch()
            resume = ["compare", "--resume", lab.folder, "--format", "json"]
            done = finished([sys.executable, "-m", "long_lived.lab", *resume])
            runs = [lab.folder / f"{name}-1" / "summary.json" for name in ("flask", "none")]
            if all(settled_seconds(json.loads(run.read_text())) >= AFTER_SECONDS for run in runs):
                break
        yield Comparison(lab, first, done)


def test_interrupted_comparison_can_be_resumed(comparison: Comparison) -> None:
    """Ctrl-C keeps what is done and says how to go on; --resume runs only what is left."""
    lab, done = comparison.interrupted, comparison.resumed
    assert f"long-lived compare --resume {lab.out}" in lab.printed
    assert "flask" in lab.printed.partition("remedy ")[2]
    assert comparison.first.keys() == {"flask"}
    assert done.returncode == 0, done.stdout + done.stderr
    both = compared(lab.folder)
    assert both.keys() == {"flask", "none"}
    assert both["flask"] == comparison.first["flask"]
    assert "2 of 2: none" in done.stderr
    assert not (lab.folder / "none-1" / "of-the-cut-run").exists()


def test_numbers_are_those_of_the_clients_log(comparison: Comparison) -> None:
    """The table's shares, new connections and losses match a recount of the raw log lines."""
    remedies = {one["name"]: one for one in json.loads(comparison.resumed.stdout)["remedies"]}
    shown = comparison.first["flask"]
    assert remedies["flask"]["lost"] == shown["lost"]
    run = comparison.interrupted.folder / "flask-1"
    effect = json.loads((run / "summary.json").read_text(encoding="utf-8"))["effect"]
    log = (run / "client-1.log").read_text(encoding="utf-8")
    answers = [(pod, number, float(at)) for pod, number, at in ANSWER.findall(log)]

    end = max(at for *_, at in answers)
    middle = (effect["phases"][-1]["start_seconds"] + end) / 2
    late = [(pod, number) for pod, number, at in answers if at >= middle]
    served = Counter(pod for pod, _ in late)
    crew = [*effect["survivors"], *effect["came"]]
    fresh = {number for _, number in late} - {number for _, number, at in answers if at < middle}

    assert shown["share"] == pytest.approx(len(crew) * min(served.values()) / len(late), abs=0.1)
    assert shown["opened_per_second"] == pytest.approx(len(fresh) / (end - middle), rel=0.15)
    assert shown["lost"] == log.count("Request failed: connection_lost") > 0


REFUSED = {
    "unknown-remedy": (["nothing"], "scenario 'nothing' does not exist"),
    "unknown-event": (["none", "--event", "flood"], "--event flood: must be one of crash, "),
    "bad-setting": (["none", "--set", "client.users=5"], "client.users"),
    "place": (["none", "--release", "mine"], "--release mine: has no effect in a comparison"),
    "same-name": (["none", "shared", "--set", "experiment.name=x"], "both have experiment.name"),
    "no-comparison": (["--resume", "/nowhere"], "--resume /nowhere holds no comparison"),
    "resume-and-more": (["none", "--resume", "/nowhere"], "--resume /nowhere: goes on as it was"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_impossible_comparison_is_refused(name: str, tmp_path: Path) -> None:
    """One line on standard error and status 2, before anything runs."""
    arguments, words = REFUSED[name]
    hidden = dict.fromkeys(os.environ.keys() - clean_environment().keys())
    out = tmp_path / "results"
    done = CliRunner(env=hidden).invoke(cli, ["compare", "--out", str(out), *arguments])
    assert done.exit_code == 2, done.output
    (line,) = done.stderr.splitlines()
    assert words in line
    assert not out.exists()


def test_proxy_that_is_not_to_be_had_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other remedies are compared all the same; here there is none."""
    monkeypatch.setattr(preparation, "missing", lambda: "no HAProxy, and no way to fetch it")
    hidden = dict.fromkeys(os.environ.keys() - clean_environment().keys())
    done = CliRunner(env=hidden).invoke(cli, ["compare", "haproxy", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "haproxy: no HAProxy, and no way to fetch it" in done.output


def test_remedy_that_needs_a_cluster_is_skipped_here(tmp_path: Path) -> None:
    """A remedy that only a cluster offers is not run, but the table still lists it."""
    out = tmp_path / "results"
    hidden = dict.fromkeys(os.environ.keys() - clean_environment().keys())
    arguments = ["compare", "session-affinity", "prestop-sleep", "--out", str(out)]
    done = CliRunner(env=hidden).invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    assert "session-affinity: service: only a cluster has that (--on cluster)" in done.output
    assert compared(out / "latest") == {}
