"""Results as the lab keeps them, of runs that the tests describe; commands, called in process."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from click.testing import CliRunner, Result
from tests.lab.records import scaled
from tests.lab.runs import SERVERS, plain, restarted

from long_lived.lab.__main__ import cli
from long_lived.lab.analysis.events.change import Change
from long_lived.lab.experiment.course import conclude
from long_lived.lab.experiment.outcome import Outcome
from long_lived.lab.experiment.results import keep
from long_lived.lab.report.origin import Origin
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


def valid(folder: Path, *texts: str) -> None:
    """Assert that JSON keeps to the schema in the repository; files go to `folder`."""
    files = [folder / f"result-{number}.json" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    schema = ROOT / "docs" / "result.schema.json"
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", schema, *files]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
