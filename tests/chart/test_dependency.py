"""The chart as a dependency: twice in a release, switched on and off, with `global`."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.api import running

from .conftest import Manifest, Rendered, helm, helm_on, template
from .umbrella import ALIASES, umbrella

RELEASES = ("try", "load-test-two", "long-lived", "r" * 53)
POD_KINDS = ("Deployment", "Job", "Pod")


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a parent chart."""
    return umbrella(tmp_path_factory.mktemp("parent") / "umbrella")


def rendered(parent: Path, *flags: str, release: str = "try") -> Rendered:
    """Render the parent chart."""
    done = helm("template", release, str(parent), *flags)
    assert done.returncode == 0, done.stderr
    return Rendered(done.stdout)


def everything(parent: Path, release: str = "try") -> dict[str, Rendered]:
    """Render the parent with everything that selects; return each dependency's part by name."""
    switches = ("podDisruptionBudget.enabled", "networkPolicy.enabled", "serviceAccount.create")
    on = [f"{alias}.{switch}=true" for alias in ALIASES for switch in switches]
    flags = [part for pair in on for part in ("--set", pair)]
    whole = rendered(parent, *flags, release=release)
    parts: dict[str, Rendered] = {}
    for manifest in whole.manifests:
        name = manifest["metadata"]["labels"]["app.kubernetes.io/name"]
        parts.setdefault(name, Rendered("")).manifests.append(manifest)
    return parts


def pods(part: Rendered) -> list[dict[str, str]]:
    """Return the labels of each kind of pod."""
    found = [manifest for manifest in part.manifests if manifest["kind"] in POD_KINDS]
    pods = [manifest.get("spec", {}).get("template", manifest) for manifest in found]
    return [pod["metadata"]["labels"] for pod in pods]


def selectors(node: Any) -> list[dict[str, str]]:
    """Return every selector of a manifest."""
    if isinstance(node, list):
        return [found for child in node for found in selectors(child)]
    if not isinstance(node, dict):
        return []
    own = [node["matchLabels"]] if "matchLabels" in node else []
    if node.get("kind") == "Service":
        own.append(node["spec"]["selector"])
    return own + [found for child in node.values() for found in selectors(child)]


@pytest.mark.parametrize("release", RELEASES)
def test_each_selector_matches_exactly_its_own_pods(parent: Path, release: str) -> None:
    """No Service, Deployment or budget of one dependency selects another's pods."""
    parts = everything(parent, release)
    assert len(parts) == len(ALIASES)
    for part in parts.values():
        others = [labels for other in parts.values() if other is not part for labels in pods(other)]
        found = selectors(part.manifests)
        assert len(found) == 13
        for selector in found:
            own = [labels for labels in pods(part) if selector.items() <= labels.items()]
            assert len(own) == 1
            assert not [labels for labels in others if selector.items() <= labels.items()]


@pytest.mark.parametrize("release", RELEASES)
def test_names_of_all_objects_differ_and_are_valid(parent: Path, release: str) -> None:
    """A camelCase alias becomes a Kubernetes name, and no two are cut to the same."""
    manifests = [one for part in everything(parent, release).values() for one in part.manifests]
    keys = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests]
    assert len(set(keys)) == len(keys)
    for kind, name in keys:
        assert len(name) <= (59 if kind == "Job" else 63)
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)
    for manifest in manifests:
        for value in manifest["metadata"]["labels"].values():
            assert re.fullmatch(r"[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?", value)
            assert len(value) <= 63


def test_alias_names_the_application_in_kebab_case(parent: Path) -> None:
    """Labels and names show what a reader of the parent chart recognises."""
    assert set(everything(parent)) == {"load-test", "load-test-two", "long-lived"}
    assert "try-load-test-two-server" in {
        one["metadata"]["name"] for one in rendered(parent).find("Deployment")
    }


def test_condition_leaves_a_dependency_out(parent: Path) -> None:
    """Every parent chart uses the key `enabled` for it."""
    off = rendered(parent, "--set", "loadTest.enabled=false,loadTestTwo.enabled=true")
    names = [one["metadata"]["name"] for one in off.find("Deployment")]
    assert names == ["try-load-test-two-server", "try-long-lived-server"]


def test_tags_leave_a_dependency_out(parent: Path) -> None:
    """The chart has no `enabled` of its own, which would override the parent's tags."""
    off = rendered(parent, "--set", "tags.load=false,loadTest.enabled=true")
    assert [one["metadata"]["name"] for one in off.find("Deployment")] == ["try-load-test-server"]


@pytest.mark.parametrize("value", ["false", "maybe"])
def test_enabled_without_effect_is_refused(value: str) -> None:
    """Without a parent's condition, false would be ignored."""
    done = template(f"enabled={value}")
    assert done.returncode != 0
    assert "enabled" in done.stderr
    assert template("enabled=true").returncode == 0


def containers(whole: Rendered) -> list[tuple[Manifest, str]]:
    """Return the spec of each pod, with its container's image."""
    specs = [
        manifest["spec"].get("template", manifest)["spec"]
        for manifest in whole.manifests
        if manifest["kind"] in POD_KINDS
    ]
    return [(spec, container["image"]) for spec in specs for container in spec["containers"]]


def test_global_registry_and_secrets_reach_every_pod(parent: Path) -> None:
    """What a parent sets once holds for all its charts; a Secret may be a bare name."""
    flags = (
        "--set",
        "global.imageRegistry=mirror.example/,global.imagePullSecrets={first},"
        "loadTest.images.registry=own.example,loadTest.images.pullSecrets[0].name=own",
    )
    found = containers(rendered(parent, *flags))
    assert len(found) == 3 * len(ALIASES)
    own = [pair for pair in found if pair[1].startswith("own.example/")]
    assert len(own) == 3
    for spec, image in found:
        if (spec, image) in own:
            assert spec["imagePullSecrets"] == [{"name": "own"}, {"name": "first"}]
        else:
            assert image.startswith("mirror.example/long-lived-")
            assert spec["imagePullSecrets"] == [{"name": "first"}]


def test_global_secrets_may_be_maps_and_repeat(parent: Path) -> None:
    """Both common spellings are read, and a Secret is listed once."""
    secrets = "global.imagePullSecrets[0].name=a,loadTest.images.pullSecrets[0].name=a"
    for spec, _ in containers(rendered(parent, "--set", secrets)):
        assert spec["imagePullSecrets"] == [{"name": "a"}]


@pytest.mark.parametrize(
    ("pair", "named"),
    [
        ("global.imageRegistry=5", "global.imageRegistry = 5"),
        ("global.imagePullSecrets=a", "global.imagePullSecrets = a"),
        ("global.imagePullSecrets[0].secret=a", "global.imagePullSecrets = "),
    ],
    ids=["registry", "no-list", "no-name"],
)
def test_global_of_another_kind_is_refused_by_name(pair: str, named: str) -> None:
    """A value of the wrong type gives a message, not a Go trace."""
    done = template(pair)
    assert done.returncode != 0
    assert named in done.stderr


def test_global_of_other_charts_is_left_alone() -> None:
    """Whatever else a parent passes, even null, does not concern this chart."""
    done = template("global.storageClass=fast,global.a.b=1,global.imageRegistry=null")
    assert done.returncode == 0, done.stderr


def test_notes_of_a_dependency_name_its_pods_alone(parent: Path, tmp_path: Path) -> None:
    """`xargs` deletes pods of one alias, and `make` is told which one."""
    with running(tmp_path) as (_, kubeconfig):
        done = helm_on(
            kubeconfig,
            *("install", "demo", str(parent), "--dry-run=client"),
            *("--disable-openapi-validation", "--render-subchart-notes"),
        )
    assert done.returncode == 0, done.stderr
    notes = " ".join(done.stdout.partition("NOTES:\n")[2].split())
    for app in ("load-test", "load-test-two", "long-lived"):
        labels = f"app.kubernetes.io/name={app},app.kubernetes.io/instance=demo,"
        assert f"get pods --selector {labels}app.kubernetes.io/component=server" in notes
        assert f"make restart RELEASE=demo NAMESPACE=default APP={app} " in notes
    assert "--reset-then-reuse-values --set loadTestTwo.client.concurrency=10000" in notes
    assert "make upgrade" not in notes


@pytest.mark.parametrize("alias", ["Load_Test", "_x", "2nd"])
def test_any_alias_that_helm_accepts_gives_valid_names(tmp_path: Path, alias: str) -> None:
    """Helm allows upper case, underscores and a leading digit."""
    whole = rendered(umbrella(tmp_path / "umbrella", [alias]))
    for manifest in whole.manifests:
        assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", manifest["metadata"]["name"])
        for value in manifest["metadata"]["labels"].values():
            assert re.fullmatch(r"[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?", value)
