"""A real Prometheus and its promtool, where they are installed."""

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.sockets import free_port
from tests.waiting import LONGEST_SECONDS, eventually

PROGRAMS = ("prometheus", "promtool")
MISSING = "no Prometheus: apt-get install prometheus"

CONFIGURATION = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: lab
    file_sd_configs: [{{files: [{targets}], refresh_interval: 1s}}]
"""


def installed() -> bool:
    """Tell whether both programs are there."""
    return all(shutil.which(program) for program in PROGRAMS)


def promtool(*arguments: str | Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run promtool; fail if it finds anything."""
    done = subprocess.run(
        ["promtool", *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done


class Prometheus:
    """A running server."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"

    def ready(self) -> bool:
        """Tell whether it answers."""
        try:
            with urllib.request.urlopen(f"{self._url}/-/ready", timeout=5):
                return True
        except OSError:
            return False

    def query(self, expression: str) -> list[Any]:
        """Return what a query gives now, without what is not a number."""
        query = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"{self._url}/api/v1/query?{query}", timeout=30) as answer:
            told = json.load(answer)
        assert told["status"] == "success", told
        return [one for one in told["data"]["result"] if one["value"][1] != "NaN"]


@contextmanager
def scraping(folder: Path, rules: Path, targets: Path) -> Iterator[Prometheus]:
    """Scrape what `targets` lists every second, by these rules, until the block ends."""
    configuration = folder / "prometheus.yaml"
    configuration.write_text(CONFIGURATION.format(rules=rules, targets=targets))
    promtool("check", "config", configuration)
    port = free_port()
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={configuration}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        running = Prometheus(port)
        eventually(running.ready)
        yield running
    finally:
        process.kill()
        process.wait(LONGEST_SECONDS)
