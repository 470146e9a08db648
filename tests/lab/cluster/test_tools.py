"""What helm and kubectl say when they fail, as the lab passes it on."""

import sys
from pathlib import Path

import pytest

from long_lived.lab.cluster.tools.helm import SCALED, helm_install
from long_lived.lab.cluster.tools.kubectl import Kubectl, Place
from long_lived.lab.experiment.backend import Trouble

CONFLICT = (
    "UPGRADE FAILED: conflict occurred while applying object default/demo-server apps/v1, "
    'Kind=Deployment: Apply failed with 1 conflict: conflict with "kubectl" with subresource '
    '"scale" using apps/v1: .spec.replicas'
)
SEVERAL = (
    "UPGRADE FAILED: conflict occurred while applying object default/demo-server apps/v1, "
    'Kind=Deployment: Apply failed with 2 conflicts: conflicts with "hpa" using apps/v1:\n'
    "- .spec.replicas\n- .spec.paused"
)
LOGGED = 'level=WARN msg="upgrade failed" name=demo error="Apply failed"\n'


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Put a helm on PATH that fails with a text on stderr."""

    def fail(stderr: str) -> str:
        helm = tmp_path / "helm"
        helm.write_text(f"#!{sys.executable}\nraise SystemExit({stderr!r})\n")
        helm.chmod(0o700)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(Trouble) as caught:
            helm_install("demo", tmp_path, Place("default"), tmp_path / "values.yaml", ())
        return str(caught.value)

    return fail


@pytest.mark.parametrize(
    ("stderr", "told"),
    [
        (f"{LOGGED}Error: no\n", "no"),
        (f"{LOGGED}Error: first\nError: second\n", "first Error: second"),
        ("Error: a\nb\nc\nd\n", "a b c d"),
        ("E1125 18:00:00.1 7 memcache.go:265] x\nThe connection was refused", "The connection was"),
        ("Error from server (Forbidden): pods is forbidden", "Error from server (Forbidden): pods"),
        ("one\ntwo\nthree\nfour\n", "two three four"),
        (LOGGED, "level=WARN"),
    ],
    ids=["log-line", "two-errors", "long", "klog", "kubectl", "no-error", "log-line-alone"],
)
def test_failed_tool_reports_its_error_lines(failing, stderr: str, told: str) -> None:
    """Everything from the tool's first error line on is passed on, and none of its log."""
    assert failing(stderr).startswith(f"helm: {told}")


@pytest.mark.parametrize("text", [CONFLICT, SEVERAL], ids=["one", "several"])
def test_conflict_over_replicas_says_what_to_do(failing, text: str) -> None:
    """Whoever scaled the servers finds both ways out, in one line."""
    told = failing(f"{LOGGED}Error: {text}\n")
    assert told == f"helm: {' '.join(text.split())}. {SCALED}"


def test_conflict_over_another_field_is_passed_on_unchanged(failing) -> None:
    """Advice on replicas appears only where replicas are the conflict."""
    text = CONFLICT.replace(".spec.replicas", ".spec.paused")
    assert failing(f"Error: {text}") == f"helm: {text}"


@pytest.fixture
def without_contexts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a kubectl on PATH that knows no context, and otherwise says what it is asked."""
    kubectl = tmp_path / "kubectl"
    kubectl.write_text('#!/bin/sh\n[ "$1" != config ] && echo "$@"\n')
    kubectl.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


@pytest.mark.usefixtures("without_contexts")
def test_pod_without_a_context_is_on_its_own_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given no context, kubectl takes the service account of its pod."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    inside = Kubectl(Place("shop"))
    assert inside.call("get", "pods") == "--namespace shop get pods\n"
    assert inside.cluster == "the cluster of this pod"


@pytest.mark.usefixtures("without_contexts")
def test_no_context_outside_a_pod_is_trouble() -> None:
    """The lab does not let kubectl try localhost."""
    with pytest.raises(Trouble, match="no Kubernetes context"):
        Kubectl(Place("shop"))
