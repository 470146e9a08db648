"""Results as the lab keeps them, of runs that the tests describe; commands, called in process."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner, Result
from tests.lab.records import scaled
from tests.lab.runs import SERVERS, plain, restarted

from long_lived.lab.__main__ import cli
from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.live.inspection import inspect
from long_lived.lab.analysis.live.looks import Holder, Seen
from long_lived.lab.analysis.live.looks import compared as looks
from long_lived.lab.analysis.trade import Trade
from long_lived.lab.experiment.course import conclude
from long_lived.lab.experiment.matrix import Matrix, Plan
from long_lived.lab.experiment.outcome import Outcome
from long_lived.lab.experiment.results import keep
from long_lived.lab.report.inspection import as_dict
from long_lived.lab.report.origin import Origin
from long_lived.lab.results.saved_inspection import keep_inspection
from long_lived.record.summary import Summary

ROOT = Path(__file__).parents[3]
ORIGIN = Origin(lab="0.1.0", machine="a machine", where="here", command="long-lived run mine")


def call(*arguments: object) -> Result:
    """Run a command of the lab in this process."""
    return CliRunner().invoke(cli, [str(one) for one in arguments])


def kept(
    folder: Path,
    made: Summary | None,
    replicas: Sequence[str] = SERVERS,
    changes: Sequence[Change] = (),
    remarks: Sequence[str] = (),
) -> Path:
    """Keep a run in a new folder, as `run` does."""
    folder.mkdir(parents=True)
    seen = Outcome(
        summary=made, replicas=list(replicas), changes=list(changes), remarks=list(remarks)
    )
    found = conclude(seen, folder)
    keep(folder, seen, found.verdict, found.report, ORIGIN)
    return folder


def even(folder: Path, *overrides: str, pods: Mapping[str, int] | None = None) -> Path:
    """Keep a run with a connection per request, which was even unless `pods` say otherwise."""
    return kept(folder, plain(pods or dict.fromkeys(SERVERS, 100), *overrides))


def pinned(folder: Path, *overrides: str, factor: int = 5, **given: int) -> Path:
    """Keep a run whose survivor kept everything."""
    run, changes = restarted("experiment.expect=pinned", *overrides, **given)
    return kept(folder, scaled(run.summary(), factor), SERVERS, changes)


def compared(folder: Path, unexpected: str = "flask") -> Path:
    """Keep a comparison; one remedy did not do what was expected, and one was left out."""
    cured = Trade(("even",), True, 0.98, 5.2, True, 47.0, 0.0, 0.0039, 0.027, 0.0014, 0.0019)
    kept_all = replace(cured, findings=("pinned",), share=0.0, seconds_to_even=None)
    rows = {"none": kept_all, "recycle": cured, unexpected: replace(kept_all, passed=False)}
    files = dict.fromkeys((*rows, "mesh"), "x.yaml")
    plan = Plan(base="values/events/restart.yaml", files=files, overrides=[], repeat=1, on="local")
    folder.mkdir()
    matrix = Matrix(folder, plan, {"mesh": "only a cluster has that"})
    for name, row in rows.items():
        matrix.enter(name, row)
    pinned(folder / "none-1")
    return folder


def inspected(folder: Path) -> Path:
    """Keep an inspection: of three pods the oldest holds what there is."""
    held = {"pod-a": (90_000.0, 290), "pod-b": (7_200.0, 8), "pod-c": (7_190.0, 2)}
    seen = [
        Seen(Holder(name, 1_800_000_000.0 - age), [("10.1.0.9", port) for port in range(count)])
        for name, (age, count) in held.items()
    ]
    found = inspect(looks(seen, seen), 10.0, {"10.1.0.9": "deployment/gateway"}, 0.1)
    folder.mkdir()
    keep_inspection(folder, as_dict(found, "service/shop", 1_800_000_000.0), ORIGIN)
    return folder


def valid(folder: Path, *texts: str) -> None:
    """Assert that JSON keeps to the schema in the repository; files go to `folder`."""
    files = [folder / f"result-{number}.json" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    schema = ROOT / "docs" / "result.schema.json"
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", schema, *files]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
