"""A values file means the same to the real Helm and to the lab, or the lab refuses it."""

import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.chart.conftest import Rendered, template
from tests.chart.test_refusals import NEEDED

from long_lived.lab.experiment.results import VALUES, write_values
from long_lived.settings import Settings, load
from long_lived.settings.load import chart_values

from .readers import REFUSED, here, on_a_cluster


def settings(content: str) -> dict[str, Any]:
    """Return the values of an unambiguous file."""
    given = json.loads(content)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "values.yaml"
        file.write_text(json.dumps(given))
        values = here(file)
    assert values is not None
    return values


ALIKE = [
    ("", "{}"),
    ("# nothing\n", "{}"),
    ("client: {timeouts: ~}", "{}"),
    ("client: {readiness: }", "{}"),
    ("client: {timeouts: {readSeconds: null}}", "{}"),
    ("client: {concurrency: 1e3}", '{"client": {"concurrency": 1000}}'),
    ("client: {concurrency: 7.0}", '{"client": {"concurrency": 7}}'),
    ("client: {concurrency: 010}", '{"client": {"concurrency": 8}}'),
    ("client: {concurrency: 0o10}", '{"client": {"concurrency": 8}}'),
    ("client: {concurrency: 0x10}", '{"client": {"concurrency": 16}}'),
    ("client: {concurrency: 0b11}", '{"client": {"concurrency": 3}}'),
    ("client: {concurrency: 089}", '{"client": {"concurrency": 89}}'),
    ("client: {concurrency: 1_000}", '{"client": {"concurrency": 1000}}'),
    ("client: {concurrency: +5}", '{"client": {"concurrency": 5}}'),
    ('client: {concurrency: !!int "5"}', '{"client": {"concurrency": 5}}'),
    ("client: {logResponses: off}", '{"client": {"logResponses": false}}'),
    ("client: {logResponses: N}", '{"client": {"logResponses": false}}'),
    ("client: {logResponses: yes}", '{"client": {"logResponses": true}}'),
    ("client: {rampUpSeconds: .5}", '{"client": {"rampUpSeconds": 0.5}}'),
    ("client: {rampUpSeconds: 5.}", '{"client": {"rampUpSeconds": 5}}'),
    ('client: {rampUpSeconds: "0.5"}', '{"client": {"rampUpSeconds": 0.5}}'),
    ("experiment: {description: 1:30}", '{"experiment": {"description": "1:30"}}'),
    ("experiment: {description: 1e400}", '{"experiment": {"description": "1e400"}}'),
    ("experiment: {description: 2026-11-25}", '{"experiment": {"description": "2026-11-25"}}'),
    ("experiment: {description: =}", '{"experiment": {"description": "="}}'),
    ("experiment: {description: <<}", '{"experiment": {"description": "<<"}}'),
    ("experiment: {description: tRUE}", '{"experiment": {"description": "tRUE"}}'),
    ("experiment: {description: !!str 1e3}", '{"experiment": {"description": "1e3"}}'),
    ('experiment: {description: "y"}', '{"experiment": {"description": "y"}}'),
    (
        'experiment: {description: "a\\u2028b"}',
        '{"experiment": {"description": "a\\u2028b"}}',
    ),
    ("\ufeffclient: {concurrency: 5}", '{"client": {"concurrency": 5}}'),
    ("client:\r\n  concurrency: 5\r\n", '{"client": {"concurrency": 5}}'),
    ("---\nclient: {concurrency: 5}\n...\n", '{"client": {"concurrency": 5}}'),
    ("? client\n: {concurrency: 5}", '{"client": {"concurrency": 5}}'),
    (
        "server: {delay: &range {minSeconds: 1, maxSeconds: 2}}\nclient: {thinkTime: *range}",
        '{"server": {"delay": {"minSeconds": 1, "maxSeconds": 2}},'
        ' "client": {"thinkTime": {"minSeconds": 1, "maxSeconds": 2}}}',
    ),
    (
        "server: {delay: &range {minSeconds: 1, maxSeconds: 2}}\n"
        "client: {thinkTime: {<<: *range, minSeconds: 0}}",
        '{"server": {"delay": {"minSeconds": 1, "maxSeconds": 2}},'
        ' "client": {"thinkTime": {"minSeconds": 0, "maxSeconds": 2}}}',
    ),
]


@pytest.mark.parametrize(("content", "meant"), ALIKE, ids=[ascii(text) for text, _ in ALIKE])
def test_file_means_the_same_to_both(content: str, meant: str, tmp_path: Path) -> None:
    """There is one way to read what people write into values files."""
    file = tmp_path / "given.yaml"
    file.write_bytes(content.encode())
    assert here(file) == settings(meant)
    assert on_a_cluster(file, tmp_path) == settings(meant)


REFUSED_BY_BOTH = [
    "client:",
    "client: {concurrency: ~}",
    "client: {thinkTime: {minSeconds: null}}",
    "client: {zebra: null}",
    'client: {concurrency: "3"}',
    "client: {concurrency: 1:30}",
    "client: {concurrency: 1.5}",
    "client: {concurrency: true}",
    "client: {logResponses: 1}",
    'client: {logResponses: "true"}',
    'client: {rampUpSeconds: "1e3"}',
    'client: {rampUpSeconds: "-1"}',
    "client: {rampUpSeconds: .inf}",
    "client: {rampUpSeconds: .nan}",
    "client: {engine: on}",
    "experiment: {description: 5}",
    "experiment: {description: yes}",
    "y: {concurrency: 5}",
    "client: {1: 2}",
    "client:\n\tconcurrency: 5",
    "client: {concurrency:}",
    "client: {thinkTime:{minSeconds: 1}}",
    "client: {~: 5}",
    "client: !!int x",
    "%YAML 1.1\n---\nclient: {concurrency: 5}",
    "- client",
    "podDisruptionBudget: {maxUnavailable: '3'}",
    "serverPod: {resources: {requests: {cpu: true}}}",
    "serverPod: {labels: {a: null}}",
]


@pytest.mark.parametrize("content", REFUSED_BY_BOTH, ids=ascii)
def test_file_is_refused_by_both(content: str, tmp_path: Path) -> None:
    """The lab refuses what Helm refuses."""
    file = tmp_path / "given.yaml"
    file.write_bytes(content.encode())
    assert on_a_cluster(file, tmp_path) is REFUSED
    assert here(file) is REFUSED


TRAPS = [
    "client: {concurrency: 5, concurrency: 6}",
    "client: {concurrency: 5}\nclient: {engine: gevent}",
    "client: {concurrency: 5}\n---\nclient: {concurrency: 6}",
    "server: {delay: &a {minSeconds: 1}}\nclient: {thinkTime: {minSeconds: 2, <<: *a}}",
    "serverPod: {labels: {y: a}}",
    "serverPod: {nodeSelector: {010: a}}",
]


@pytest.mark.parametrize("content", TRAPS, ids=ascii)
def test_file_of_which_helm_loses_something_is_refused(content: str, tmp_path: Path) -> None:
    """The lab refuses what Helm reads in part only."""
    file = tmp_path / "given.yaml"
    file.write_bytes(content.encode())
    assert on_a_cluster(file, tmp_path) is not REFUSED
    assert here(file) is REFUSED


@pytest.mark.parametrize(
    ("content", "user", "image"),
    [
        ("{}", 65532, "long-lived-server:0.1.0"),
        (
            "serverPod: {podSecurityContext: {runAsUser: null}}",
            None,
            "long-lived-server:0.1.0",
        ),
        ('images: {server: {tag: "12e45"}}', 65532, "long-lived-server:12e45"),
    ],
    ids=["defaults", "null", "text-like-a-number"],
)
def test_chart_values_reach_helm_unchanged_through_the_lab(
    content: str, user: int | None, image: str, tmp_path: Path
) -> None:
    """The file that `run --on cluster` hands to helm means what the user's file means."""
    given = tmp_path / "given.yaml"
    given.write_text(content)
    write_values(tmp_path, load([given], environment={}), chart_values([given]))
    handed_on = tmp_path / VALUES
    for file in (given, handed_on):
        done = template(values=(file,))
        assert done.returncode == 0, done.stderr
        pod = Rendered(done.stdout).server_pod
        assert pod["securityContext"].get("runAsUser") == user
        assert pod["containers"][0]["image"].endswith(image)


def paths(tree: dict[str, Any], above: str = "") -> Iterator[str]:
    """List the key paths of a values tree, maps and leaves."""
    for key, value in tree.items():
        yield f"{above}{key}"
        if isinstance(value, dict):
            yield from paths(value, f"{above}{key}.")


OF_THE_CHART = ["images.pullPolicy", "service", "service.type", "serverPod", "clientPod.labels"]


def null_at(paths: Iterable[str], file: Path) -> Path:
    """Write a file that has null at each of `paths`."""
    tree: dict[str, Any] = {}
    for path in paths:
        *above, last = path.split(".")
        node = tree
        for part in above:
            node = node.setdefault(part, {})
        node[last] = None
    file.write_text(json.dumps(tree))
    return file


def test_null_is_accepted_by_both_or_by_neither(tmp_path: Path) -> None:
    """Whatever its key, a null is refused by both, or gives both the same.

    That Helm refuses each of NEEDED is a test of the chart.
    """
    every = {*paths(Settings().as_values()), *OF_THE_CHART}
    file = tmp_path / "given.yaml"
    accepted = {path for path in every if here(null_at([path], file)) is not REFUSED}
    for path in every - accepted - {*NEEDED}:
        file = null_at([path], tmp_path / f"{path}.yaml")
        assert on_a_cluster(file, tmp_path) is REFUSED, path
    maps = {path for path in accepted if any(one.startswith(f"{path}.") for one in accepted)}
    inner = {path for path in maps if any(path.startswith(f"{other}.") for other in maps)}
    for number, together in enumerate((accepted - maps, maps - inner, inner)):
        file = null_at(together, tmp_path / f"{number}.yaml")
        assert here(file) == on_a_cluster(file, tmp_path)
        assert here(file) is not REFUSED
