"""Names and labels: valid for every release name that Helm accepts, and where users expect them."""

import re
from typing import Any

import kubernetes_validate
import pytest
from tests.chart.conftest import render, template

from .filled import filled


@pytest.mark.parametrize(
    ("release", "sets", "start"),
    [
        ("try", (), "try-long-lived"),
        ("long-lived", (), "long-lived"),
        ("my-long-lived-lab", (), "my-long-lived-lab"),
        ("try", ("nameOverride=lab",), "try-lab"),
        ("try", ("fullnameOverride=lab",), "lab"),
    ],
)
def test_names_start_with_the_release(release: str, sets: tuple[str, ...], start: str) -> None:
    """The usual rules, so that users find the objects."""
    rendered = render(*sets, release=release)
    names = {manifest["metadata"]["name"] for manifest in rendered.manifests}
    assert names == {
        f"{start}-server",
        f"{start}-server-headless",
        f"{start}-client-1",
        f"{start}-test",
    }


RELEASES = (
    *("a", "r" * 53, f"{'r' * 46}-long-x", "long-lived", "no", "null", "true"),
    *(
        "123",
        "1e5",
        "0x1f",
        "0123",
        "12-30",
        "1.5",
        "a.b",
        "1.a",
        f"{'1' * 40}.{'x' * 12}",
        "1" * 53,
    ),
)
"""Release names that Helm accepts, including all that YAML could misread."""

DNS_1035 = r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"
DNS_1123 = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
LABEL_VALUE = r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?"
LABEL_KEY = r"([a-z0-9][-a-z0-9.]{0,252}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
"""Source: kubernetes staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go."""


def labels_in(node: Any) -> list[dict[str, Any]]:
    """Return all labels and selectors of a manifest, at any depth."""
    if isinstance(node, list):
        return [found for child in node for found in labels_in(child)]
    if not isinstance(node, dict):
        return []
    found = [node[key] for key in ("labels", "matchLabels") if key in node]
    if node.get("kind") == "Service":
        found.append(node["spec"]["selector"])
    return found + [below for child in node.values() for below in labels_in(child)]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    "sets",
    [
        (),
        (f"fullnameOverride={'f' * 63}",),
        (f"nameOverride={'n' * 63}",),
        ("job.nameSuffix=settings",),
    ],
    ids=["plain", "fullname", "name", "suffix"],
)
def test_names_and_labels_are_valid_with_any_release_name(
    release: str, sets: tuple[str, ...]
) -> None:
    """Kubernetes accepts whatever follows from a release name that Helm accepts."""
    rendered = render("podDisruptionBudget.enabled=true", *sets, release=release)
    for manifest in rendered.manifests:
        if not sets:
            kubernetes_validate.validate(manifest, "1.28", strict=True)
        name = manifest["metadata"]["name"]
        # The host names of an Indexed Job's pods must be labels, too.
        longest = f"{name}-199" if manifest["kind"] == "Job" else name
        assert re.fullmatch(DNS_1123, longest)
        assert manifest["kind"] != "Service" or re.fullmatch(DNS_1035, name)
        for labels in labels_in(manifest):
            for key, value in labels.items():
                assert re.fullmatch(LABEL_KEY, key)
                assert isinstance(value, str)
                assert re.fullmatch(LABEL_VALUE, value)
        assert manifest["metadata"]["labels"]["app.kubernetes.io/instance"] == release
    assert len(rendered.services) == 2
    assert len({manifest["metadata"]["name"] for manifest in rendered.manifests}) == 4


@pytest.mark.parametrize("release", ["r" * 54, "A", "a_b", "-a", "a-", "a..b", ".a", "ä"])
def test_release_name_that_no_label_can_hold_is_refused(release: str) -> None:
    """Helm itself refuses it before anything is created."""
    done = template(release=release, flags=("--",) if release.startswith("-") else ())
    assert done.returncode != 0
    assert done.stdout == ""


@pytest.mark.parametrize("value", ["123", "true", "1e5"])
def test_name_that_yaml_could_misread_stays_text(value: str) -> None:
    """An override is quoted as well."""
    rendered = render(flags=("--set-string", f"nameOverride={value}"))
    for manifest in rendered.manifests:
        assert manifest["metadata"]["labels"]["app.kubernetes.io/name"] == value
        assert re.fullmatch(DNS_1123, manifest["metadata"]["name"])


def test_full_name_must_begin_like_a_service() -> None:
    """A name that the user gives is not silently altered."""
    done = template("fullnameOverride=1st")
    assert done.returncode != 0
    assert "fullnameOverride" in done.stderr


def test_every_object_has_the_standard_labels() -> None:
    """Name, instance, component, version, chart and manager, plus the user's labels."""
    for manifest in filled().manifests:
        labels = manifest["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "renamed"
        assert labels["app.kubernetes.io/instance"] == "try"
        components = ("server", "client", "test", "account", "metrics")
        assert labels["app.kubernetes.io/component"] in components
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        assert labels["helm.sh/chart"] == "long-lived-0.1.0"
        assert labels["example/team"] == "load"
        assert manifest["metadata"]["annotations"]["example/owner"] == "load"
    for owner in (filled().deployment, filled().job):
        template = owner["spec"]["template"]["metadata"]
        assert template["labels"]["example/team"] == "load"
        assert template["labels"]["example/pod"] == template["annotations"]["example/pod"]
