"""Impossible values are refused by name before anything is installed."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.settings.test_contradictions_refused import (
    EVENT,
    IMPOSSIBLE_CONNECTIONS,
    IMPOSSIBLE_EVENTS,
    IMPOSSIBLE_TARGETS,
    POSSIBLE,
)

from long_lived.settings import SettingsError, load
from long_lived.settings.chart.maps import (
    CONTROLLER_LABELS,
    HELM_ANNOTATIONS,
    OBJECT_LABELS,
    SELECTOR_LABELS,
)
from long_lived.settings.schema import chart_schema
from long_lived.settings.values_file import read

from .conftest import CHART, FILL_EVERYTHING, render, template

MISSPELT = {
    "client.concurency=5": "concurency",
    "sever.replicas=5": "sever",
    "server.keepAlive.idle=5": "idle",
    "clientPod.resources.limitz.cpu=1": "limitz",
    "images.server.tagg=1": "tagg",
    "serverPod.livenessProbe.seconds=1": "seconds",
    "experiment.restrat.x=1": "restrat",
    "experiment.event.after=1": "after",
}
OUT_OF_BOUNDS = (
    *("client.concurrency=0", "server.port=70000", "server.replicas=1.5", "server.runtime=apache"),
    *("client.keepAlive.mode=sometimes", "client.timeouts.connectSeconds=0"),
    *("server.delay.minSeconds=soon", "experiment.maxFailedRatio=1.5", "experiment.event.count=0"),
    *("experiment.event.kind=reboot", "images.server.digest=abc", "service.type=ExternalName"),
    *("serverPod.annotations.number=1", "podDisruptionBudget.maxUnavailable=half"),
    *("clientPod.sysctls[0].name=kernel.msgmax", "clientPod.sysctls[0].value=1"),
)


def test_misspelt_key_is_refused_by_name() -> None:
    """`helm install` names each unknown key."""
    done = template(*MISSPELT)
    assert done.returncode != 0
    assert "schema" in done.stderr
    for named in MISSPELT.values():
        assert re.search(rf"dditional propert\w+ '?{named}'? (is )?not allowed", done.stderr), named


@pytest.mark.parametrize(
    "pairs", [OUT_OF_BOUNDS, ("client.concurrency=many",)], ids=["bounds", "type"]
)
def test_value_out_of_bounds_is_refused_by_name(pairs: tuple[str, ...]) -> None:
    """The error names the key of each value."""
    done = template(*pairs)
    assert done.returncode != 0
    for pair in pairs:
        keys = re.findall(r"\w+", pair.partition("=")[0])
        assert re.search(rf"{'[./]'.join(keys)}'?: ", done.stderr), pair


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (
            "server.delay.minSeconds=70",
            "server.delay.minSeconds = 70 is above server.delay.maxSeconds = 60",
        ),
        (
            "client.thinkTime.maxSeconds=0.5",
            "client.thinkTime.minSeconds = 1 is above client.thinkTime.maxSeconds = 0.5",
        ),
    ],
)
def test_contradiction_between_values_is_refused_with_the_key_path(pair: str, message: str) -> None:
    """What a JSON schema cannot express, the template refuses in the apps' own words."""
    done = template(pair)
    assert done.returncode != 0
    assert message in done.stderr


@pytest.mark.parametrize(
    "pairs",
    [
        "server.delay.minSeconds=70",
        "client.thinkTime.maxSeconds=0.5",
        *(
            override
            for override, _ in (*IMPOSSIBLE_EVENTS, *IMPOSSIBLE_CONNECTIONS, *IMPOSSIBLE_TARGETS)
        ),
        f"{EVENT}kind=restart,{EVENT}afterSeconds=86400,client.durationSeconds=3600,"
        "server.replicas=1",
    ],
)
def test_contradiction_is_refused_in_the_words_of_the_apps(pairs: str) -> None:
    """Helm and the apps refuse the same values in the same words."""
    with pytest.raises(SettingsError) as refused:
        load([], [pairs], {})
    words = str(refused.value).removesuffix(f" (in --set {pairs})")
    done = template(pairs)
    assert done.returncode != 0
    assert f"{words}\n" in done.stderr


@pytest.mark.parametrize(
    "pairs",
    [
        "server.delay.minSeconds=60",
        "client.thinkTime.maxSeconds=1",
        "client.url=http://a.example/",
        *POSSIBLE.values(),
    ],
)
def test_value_on_the_bound_is_accepted(pairs: str) -> None:
    """Helm agrees with the apps: an equal minimum and maximum are a range."""
    assert load([], [pairs], {})
    done = template(pairs)
    assert done.returncode == 0, done.stderr


def nodes(node: dict[str, Any], path: str = "") -> Iterator[str]:
    """List the key paths of every value and map."""
    for key, child in node.get("properties", {}).items():
        yield f"{path}{key}"
        yield from nodes(child, f"{path}{key}.")


CHECK = (CHART / "templates" / "_settings.tpl").read_text().partition("range $path := list")[2]
NEEDED = re.findall(r'"([\w.]+)"', CHECK.partition("-}}")[0])
PATHS = list(nodes(chart_schema()))


@pytest.mark.parametrize("path", [*NEEDED, "server", "client.thinkTime", "experiment.event"])
def test_null_for_a_value_that_templates_need_is_refused_by_name(path: str) -> None:
    """A removed default is refused, not rendered as 0."""
    assert path in PATHS
    done = template(f"{path}=null")
    assert done.returncode != 0
    assert re.search(rf"{re.escape(path)}\S* = null is not allowed: ", done.stderr)


def test_null_for_every_other_value_is_accepted() -> None:
    """What only an app or Kubernetes reads falls back to its default, one by one or all at once."""
    free = {
        path
        for path in PATHS
        if path not in NEEDED and not any(need.startswith(f"{path}.") for need in NEEDED)
    }
    free.remove("enabled")  # it has no default that a null could remove
    parents = {path for path in free if any(other.startswith(f"{path}.") for other in free)}
    assert len(free) > 60
    inner = {path for path in parents if any(path.startswith(f"{other}.") for other in parents)}
    for paths in (free - parents, parents - inner, inner):
        sets = [f"{path}=null" for path in sorted(paths)]
        done = template(*sets)
        assert done.returncode == 0, done.stderr
        assert "<nil>" not in done.stdout
        assert "<no value>" not in done.stdout


@pytest.mark.parametrize(
    "pair",
    [
        "clientPod.resources=null",
        "serverPod.podSecurityContext.runAsUser=null",
        "client.timeouts=null",
        "client.readiness=null",
        "experiment.event.serviceLagSeconds=null",
        "images.registry=null",
        "server.replicas=null",
    ],
)
def test_null_for_any_other_value_is_accepted(pair: str) -> None:
    """What only the app or Kubernetes reads falls back to its default."""
    assert template(pair).returncode == 0, template(pair).stderr


RESERVED = [
    *(("commonLabels", key) for key in (*SELECTOR_LABELS, *CONTROLLER_LABELS, *OBJECT_LABELS)),
    *(("serverPod.labels", key) for key in (*SELECTOR_LABELS, *CONTROLLER_LABELS)),
    *(("clientPod.labels", key) for key in (*SELECTOR_LABELS, *CONTROLLER_LABELS)),
    *(("commonAnnotations", key) for key in HELM_ANNOTATIONS),
    ("serverPod.annotations", "checksum/settings"),
]


@pytest.mark.parametrize(("path", "key"), RESERVED, ids=lambda part: part)
def test_key_that_is_set_already_is_refused_by_name(path: str, key: str, tmp_path: Path) -> None:
    """No user value takes a pod from its selector, even by repeating a label."""
    tree: Any = {key: "x"}
    for part in reversed(path.split(".")):
        tree = {part: tree}
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(tree))
    done = template(values=(file,))
    words = f"{path}.{key} is not allowed: the chart, Helm or Kubernetes sets it"
    assert done.returncode != 0
    assert words in done.stderr
    with pytest.raises(SettingsError) as refused:
        load([file], environment={})
    assert str(refused.value).startswith(words)


def test_keys_of_the_user_alone_are_free() -> None:
    """What the chart does not set is passed on: a pod may have another object's label."""
    rendered = render(
        "commonLabels.app\\.kubernetes\\.io/part-of=suite",
        "serverPod.labels.app\\.kubernetes\\.io/version=canary",
        "commonAnnotations.helm\\.sh/resource-policy=keep",
    )
    labels = rendered.deployment["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/part-of"] == "suite"
    assert labels["app.kubernetes.io/version"] == "canary"
    assert rendered.deployment["metadata"]["labels"]["app.kubernetes.io/version"] == "0.1.0"


@pytest.mark.parametrize("overlay", [(), (FILL_EVERYTHING,)], ids=["defaults", "everything"])
def test_no_key_appears_twice(overlay: tuple[Path, ...], tmp_path: Path) -> None:
    """YAML readers keep one of two equal keys, but not all the same one."""
    for number, text in enumerate(render(values=overlay).text.split("\n---\n")):
        file = tmp_path / f"{number}.yaml"
        file.write_text(text)
        assert read(file)
