"""Every values file lints and renders, and Kubernetes accepts the result."""

from pathlib import Path

import kubernetes_validate
import pytest

from .conftest import CHART, CI_VALUES, FILL_EVERYTHING, FILL_PROXIED, SCENARIOS, helm, render

VERSIONS = sorted(
    version
    for version in set(kubernetes_validate.utils.all_versions())
    if tuple(map(int, version.split(".")[:2])) >= (1, 28)
)
SHAPES = [
    (),
    (FILL_EVERYTHING,),
    (FILL_EVERYTHING, FILL_PROXIED),
    *((file,) for file in CI_VALUES),
]
"""All objects that the chart can render, with all fields: scenarios only choose among them."""
OVERLAYS = [*SHAPES, *((file,) for file in SCENARIOS)]
DIFFERENT = ("1.28.0", "1.29.0", "1.31.0", "1.34.0")
"""Kubernetes versions from which the output changes."""

NOT_OF_KUBERNETES = ("monitoring.coreos.com/v1",)
"""The Prometheus operator's: promtool checks the rules (tests/metrics)."""


def named(overlay: tuple[Path, ...]) -> str:
    """Name a case after its last file."""
    return overlay[-1].stem if overlay else "defaults"


@pytest.mark.parametrize("overlay", OVERLAYS, ids=named)
def test_lint_is_clean(overlay: tuple[Path, ...]) -> None:
    """`helm lint --strict` finds nothing."""
    done = helm("lint", "--strict", str(CHART), *(f"--values={file}" for file in overlay))
    assert done.returncode == 0, done.stdout
    assert "[WARNING]" not in done.stdout
    assert "[INFO]" not in done.stdout


def test_validator_knows_several_versions() -> None:
    """The check below covers Kubernetes 1.28 and later."""
    assert VERSIONS[0].startswith("1.28.")
    assert len(VERSIONS) >= 9


@pytest.mark.parametrize(
    ("overlay", "version"),
    [
        *((overlay, version) for overlay in SHAPES for version in VERSIONS),
        *(((file,), VERSIONS[-1]) for file in SCENARIOS),
    ],
    ids=lambda one: one if isinstance(one, str) else named(one),
)
def test_manifests_are_valid(overlay: tuple[Path, ...], version: str) -> None:
    """Every object fits this Kubernetes version's schema, without unknown fields."""
    kubernetes = max(different for different in DIFFERENT if different <= version)
    # The chart refuses options that the version lacks.
    sets = ("service.trafficDistribution=",) if kubernetes < "1.31.0" else ()
    rendered = render(*sets, values=overlay, flags=("--kube-version", kubernetes))
    assert rendered.find("Deployment")
    for manifest in rendered.manifests:
        if manifest["apiVersion"] in NOT_OF_KUBERNETES:
            continue
        kubernetes_validate.validate(manifest, version, strict=True)


def test_values_of_the_chart_testing_tool_are_there() -> None:
    """`ct` looks for ci/*-values.yaml, which the packaged chart leaves out."""
    assert len(CI_VALUES) >= 4
    assert "ci/" in (CHART / ".helmignore").read_text().splitlines()


def test_validator_refuses_an_unknown_field() -> None:
    """The check above can fail."""
    manifest = {**render().deployment, "spec": {"replica": 3}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)


def test_old_kubernetes_is_refused() -> None:
    """Chart.yaml says which versions are supported, and Helm enforces it."""
    done = helm("template", "try", str(CHART), "--kube-version", "1.27.0")
    assert done.returncode != 0
    assert "incompatible with Kubernetes" in done.stderr


def test_rendering_twice_gives_the_same() -> None:
    """Nothing in it is random."""
    helm.cache_clear()
    first = helm("template", "try", str(CHART)).stdout
    helm.cache_clear()
    assert helm("template", "try", str(CHART)).stdout == first


def test_namespace_is_left_to_the_command() -> None:
    """No manifest has a namespace, so `kubectl apply --namespace` decides."""
    for manifest in render(values=(FILL_EVERYTHING,)).manifests:
        assert "namespace" not in manifest["metadata"]
