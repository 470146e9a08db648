"""One values file means the same to the real Helm and to the lab, or the lab refuses it."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as some
import pytest
from tests.chart.conftest import Rendered, helm, loaded, template

from long_lived.lab.experiment.results import VALUES, write_values
from long_lived.settings import Settings, SettingsError, load
from long_lived.settings.load import chart_values
from long_lived.settings.values_file import read, written

REFUSED = None


def on_a_cluster(file: Path, folder: Path) -> dict[str, Any] | None:
    """Return what the client's pods load from the chart that Helm renders with `file`."""
    done = template(values=(file,), flags=("--show-only", "templates/client/*.yaml"))
    if done.returncode:
        return REFUSED
    rendered = Rendered(done.stdout)
    return loaded(rendered, rendered.client_pod, folder).as_values()


def here(file: Path) -> dict[str, Any] | None:
    """Return what the lab loads from `file`, with the names that a release fills in."""
    try:
        values: dict[str, Any] = load([file], environment={}).as_values()
    except SettingsError:
        return REFUSED
    client = values["client"]
    client["url"] = client["url"] or "http://try-long-lived-server/"
    client["readiness"]["host"] = client["readiness"]["host"] or "try-long-lived-server-headless"
    return values


def settings(content: str) -> dict[str, Any]:
    """Return the values of a file in which nothing is left to the reader."""
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
    """What people write into values files is read in one way."""
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
    """What Helm refuses is no values file for the lab either."""
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
    """What Helm reads, but not as it is written, the lab refuses."""
    file = tmp_path / "given.yaml"
    file.write_bytes(content.encode())
    assert on_a_cluster(file, tmp_path) is not REFUSED
    assert here(file) is REFUSED


LIKE_NUMBERS = some.text("-+.0123456789eExobB_:", min_size=1, max_size=6)
WORDS = some.sampled_from(
    ["y", "N", "yes", "No", "on", "OFF", "true", "False", "~", "null", "NULL", "nULL", "=", "<<"]
    + [".inf", ".NaN", "0o17", "1e400", "1e-400", "08_1", "0b-1", "2026-11-25", "!!int", "!!str"]
    + ["[]", "{}", "18446744073709551615", "9223372036854775807", "-0"]
)
TEXTS = some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
SCALARS = LIKE_NUMBERS | WORDS | TEXTS | some.floats(0, 1e9).map(str) | some.integers().map(str)
FLOW = some.lists(
    some.sampled_from(["a", "b", "'a'", '"b"', ": ", ":", ",", "{", "}", "[", "]", "?", "-", " "]),
    max_size=8,
).map("".join)
SOUP = some.text("ab:{}[]&*x,'\"|>#?!<-%.~@ \t\n\r\u0085\u2028\ufeff1", max_size=12)
DOCUMENTS = (
    SCALARS.map("k: {}\n".format)
    | SCALARS.map("{}: 1\n".format)
    | SCALARS.map("k: '{}'\n".format)
    | SOUP
    | SOUP.map("a: {}".format)
    | FLOW.map("{{{}}}".format)
)


@hypothesis.settings(max_examples=12)
@hypothesis.given(some.lists(DOCUMENTS, min_size=100, max_size=200))
def test_any_yaml_that_the_lab_reads_means_the_same_to_helm(documents: list[str]) -> None:
    """Hundreds of texts at a time, through Helm's own YAML: the lab reads the same, or refuses."""
    with tempfile.TemporaryDirectory() as name:
        chart = Path(name)
        (chart / "files").mkdir()
        (chart / "templates").mkdir()
        (chart / "Chart.yaml").write_text("{apiVersion: v2, name: reader, version: 0.1.0}")
        (chart / "templates" / "read.yaml").write_text(
            'read:{{ range $path, $bytes := .Files.Glob "files/*" }}\n'
            "  {{ base $path }}: {{ fromYaml (toString $bytes) | toJson | quote }}{{ end }}"
        )
        for number, text in enumerate(documents):
            (chart / "files" / f"n{number}").write_bytes(text.encode())
        done = helm("template", "try", str(chart))
        assert done.returncode == 0, done.stderr
        _, _, answer = done.stdout.partition("read.yaml\n")
        (chart / "answer.yaml").write_text(answer)
        by_helm = read(chart / "answer.yaml")[0]["read"]
        for number, text in enumerate(documents):
            try:
                tree, _ = read(chart / "files" / f"n{number}")
            except SettingsError:
                continue
            assert floats(tree) == floats(json.loads(by_helm[f"n{number}"])), repr(text)


def floats(tree: Any) -> Any:
    """Return `tree` with whole numbers as floats: Helm's templates know no others."""
    if isinstance(tree, dict):
        return {key: floats(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [floats(value) for value in tree]
    return float(tree) if isinstance(tree, int) and not isinstance(tree, bool) else tree


LEAVES = {
    "client": ["concurrency", "logResponses", "rampUpSeconds", "engine", "enabled", "zebra", "y"],
    "experiment": ["description", "maxFailedRatio", "expect", "name"],
    "server": ["port", "backlog", "gracefulTimeoutSeconds", "replicas"],
}


@some.composite
def files(draw: some.DrawFn) -> str:
    """Write a values file as people do, and not quite."""
    lines = []
    for section in draw(some.lists(some.sampled_from(sorted(LEAVES)), min_size=1, max_size=2)):
        lines.append(f"{section}:")
        for key in draw(some.lists(some.sampled_from(LEAVES[section]), min_size=1, max_size=2)):
            quote = draw(some.sampled_from(["", "", "", '"', "'"]))
            lines.append(f"  {key}: {quote}{draw(SCALARS)}{quote}")
    start = draw(some.sampled_from(["", "", "", "\ufeff", "---\n", "# a\n"]))
    return start + draw(some.sampled_from(["\n", "\n", "\r\n"])).join([*lines, ""])


@hypothesis.settings(max_examples=60)
@hypothesis.given(files())
def test_any_values_file_means_the_same_to_both(content: str) -> None:
    """Whatever stands in a values file: the pods load what the lab loads, or the lab refuses it."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "given.yaml"
        file.write_bytes(content.encode())
        by_lab = here(file)
        assert by_lab is REFUSED or by_lab == on_a_cluster(file, Path(name))


@hypothesis.settings(max_examples=12)
@hypothesis.given(some.lists(SCALARS, min_size=1, max_size=100))
def test_any_text_is_written_as_both_read_it(texts: list[str]) -> None:
    """What the lab writes for Helm is read back, as text, by both."""
    with tempfile.TemporaryDirectory() as name:
        chart = Path(name)
        (chart / "templates").mkdir()
        (chart / "Chart.yaml").write_text("{apiVersion: v2, name: reader, version: 0.1.0}")
        (chart / "templates" / "read.yaml").write_text("read: {{ .Values.texts | toJson | quote }}")
        file = chart / "given.yaml"
        file.write_text(written({"texts": texts}), encoding="utf-8")
        assert read(file)[0] == {"texts": texts}
        done = helm("template", "try", str(chart), "--values", str(file))
        assert done.returncode == 0, done.stderr
        (chart / "answer.yaml").write_text(done.stdout.partition("read.yaml\n")[2])
        assert json.loads(read(chart / "answer.yaml")[0]["read"]) == texts


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
def test_chart_values_reach_helm_through_the_lab_as_they_do_alone(
    content: str, user: int | None, image: str, tmp_path: Path
) -> None:
    """`run --on cluster` hands helm a file of its own, which means what the user's file means."""
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


@pytest.mark.parametrize("path", [*paths(Settings().as_values()), *OF_THE_CHART])
def test_null_is_taken_by_both_or_by_none(path: str, tmp_path: Path) -> None:
    """Whatever the key: a null in a values file is refused by both, or gives both the same."""
    file = tmp_path / "given.yaml"
    tree: Any = None
    for part in reversed(path.split(".")):
        tree = {part: tree}
    file.write_text(json.dumps(tree))
    assert here(file) == on_a_cluster(file, tmp_path)
