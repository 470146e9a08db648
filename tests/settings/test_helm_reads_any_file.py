"""Any values file means the same to Helm and to the lab, or the lab refuses it."""

import json
import tempfile
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as some
from tests.chart.conftest import helm

from long_lived.settings import SettingsError
from long_lived.settings.values_file import read, written

from .readers import REFUSED, here, on_a_cluster

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
    """Of hundreds of texts, the lab reads each like Helm's own YAML, or refuses it."""
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
    """Return `tree` with whole numbers as floats, the only numbers of Helm's templates."""
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
    """Write a values file almost like people do."""
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
    """Whatever the file holds, the pods load what the lab loads, or the lab refuses it."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "given.yaml"
        file.write_bytes(content.encode())
        by_lab = here(file)
        assert by_lab is REFUSED or by_lab == on_a_cluster(file, Path(name))


@hypothesis.settings(max_examples=12)
@hypothesis.given(some.lists(SCALARS, min_size=1, max_size=100))
def test_any_text_is_written_as_both_read_it(texts: list[str]) -> None:
    """Both read back, as text, what the lab writes for Helm."""
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
