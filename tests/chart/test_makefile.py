"""The Makefile: what can be checked of its targets without a cluster or images."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import CI_VALUES, ROOT, Rendered, command


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make without the environment's variables about releases."""
    hidden = {"RELEASE", "NAMESPACE", "CONTEXT", "VALUES", "SET", "REGISTRY", "TAG"}
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    return subprocess.run(
        ["make", "--no-print-directory", f"VENV={Path(sys.executable).parents[1]}", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )


def printed(*arguments: str) -> str:
    """Return the last command that make would run, with single spaces and without folders."""
    done = make("--dry-run", *arguments)
    assert done.returncode == 0, done.stderr
    line = done.stdout.replace("\\\n", " ").strip().splitlines()[-1]
    return re.sub(r"^\S*/", "", " ".join(line.split()))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["install"],
            "helm install long-lived charts/long-lived --namespace long-lived --create-namespace",
        ),
        (
            ["install", "RELEASE=r", "NAMESPACE=n", "CONTEXT=c", "VALUES=a.yaml b.yaml"],
            "helm install r charts/long-lived --namespace n --kube-context c --create-namespace"
            " --values a.yaml --values b.yaml",
        ),
        (
            ["install", "REGISTRY=registry.example/team", "TAG=dev"],
            "helm install long-lived charts/long-lived --namespace long-lived --create-namespace"
            " --set-string images.registry=registry.example/team"
            " --set-string images.server.tag=dev,images.client.tag=dev",
        ),
        (
            ["upgrade", "SET=client.concurrency=10000 server.replicas=5"],
            "helm upgrade long-lived charts/long-lived --namespace long-lived"
            " --reset-then-reuse-values --set 'client.concurrency=10000' --set 'server.replicas=5'",
        ),
        (
            ["upgrade", "VALUES=values/smoke.yaml"],
            "helm upgrade long-lived charts/long-lived --namespace long-lived"
            " --reset-values --values values/smoke.yaml",
        ),
        (
            ["uninstall", "CONTEXT=c"],
            "kubectl --namespace long-lived --context c wait --for=delete pods"
            " --selector='app.kubernetes.io/instance=long-lived,app.kubernetes.io/component in"
            " (server,proxy,client,test)' --timeout=5m",
        ),
        (
            ["logs", "RELEASE=r", "NAMESPACE=n", "CONTEXT=c"],
            "kubectl --namespace n --context c logs --follow --prefix --tail=-1"
            " --max-log-requests=200 --pod-running-timeout=5m"
            " --container=client"
            " --selector=app.kubernetes.io/instance=r,app.kubernetes.io/component=client",
        ),
        (
            ["verify", "RELEASE=r", "NAMESPACE=n", "CONTEXT=c"],
            "long-lived verify --release r --namespace n --context c",
        ),
        (
            ["verify", "RELEASE=r", "NAMESPACE=n", "APP=a"],
            "long-lived verify --release r --namespace n --app a",
        ),
        (
            ["restart", "RELEASE=r", "NAMESPACE=n", "APP=a", "KEEP=0"],
            "long-lived restart --release r --namespace n --app a --keep 0",
        ),
    ],
    ids=lambda case: " ".join(case) if isinstance(case, list) else "",
)
def test_make_wraps_a_command_one_to_one(arguments: list[str], expected: str) -> None:
    """A target runs what it prints; context and namespace are given, never changed."""
    assert printed(*arguments) == expected


def test_make_never_switches_the_context() -> None:
    """No target of the Makefile calls `config use-context` or `set-context`."""
    assert not re.search(r"use-context|set-context", (ROOT / "Makefile").read_text())


def test_make_images_keeps_its_arguments_beside_the_users() -> None:
    """BUILD_FLAGS are added to the flags that label the image."""
    build = make("--dry-run", "images", "ENGINE=podman", "TAG=x", "BUILD_FLAGS=--layers=false")
    lines = [line for line in build.stdout.splitlines() if line.startswith("podman build ")]
    assert len(lines) == 2
    for line in lines:
        assert " --build-arg VERSION=x --build-arg REVISION=" in line
        assert " --layers=false --tag " in line


def test_make_images_uses_one_name_for_build_and_push() -> None:
    """Registry and tag have one source; the tag is by default the chart's."""
    build = make("--dry-run", "images", "ENGINE=podman", "REGISTRY=registry.example/team").stdout
    assert "--tag registry.example/team/long-lived-server:0.1.0 --file Dockerfile ." in build
    assert "--tag registry.example/team/long-lived-client:0.1.0 --file Dockerfile_client ." in build
    push = make(
        "--dry-run", "push", "ENGINE=podman", "REGISTRY=registry.example/team", "TAG=x"
    ).stdout
    assert "podman push registry.example/team/long-lived-server:x" in push


def test_make_push_without_registry_is_refused() -> None:
    """Nothing is pushed to an unnamed place."""
    done = make("push", "ENGINE=true")
    assert done.returncode != 0
    assert "push needs REGISTRY=" in done.stderr


def test_make_images_without_engine_says_so() -> None:
    """One line names the engines it looked for."""
    done = make("images", "ENGINE=")
    assert done.returncode != 0
    assert "none of docker, podman and buildah" in done.stderr


def test_make_manifests_writes_what_kubectl_can_apply(tmp_path: Path) -> None:
    """server.yaml and client.yaml are the seed's two steps, without test pods."""
    done = make(
        "manifests", f"MANIFESTS={tmp_path}", "SET=client.concurrency=7", "VALUES=values/smoke.yaml"
    )
    assert done.returncode == 0, done.stderr
    server = Rendered((tmp_path / "server.yaml").read_text())
    client = Rendered((tmp_path / "client.yaml").read_text())
    assert {manifest["kind"] for manifest in server.manifests} == {
        "ConfigMap",
        "Deployment",
        "Service",
    }
    assert {manifest["kind"] for manifest in client.manifests} == {"ConfigMap", "Job"}
    assert "concurrency: 7\n" in client.mounted(client.client_pod)


def test_make_manifests_without_client_writes_the_server_alone(tmp_path: Path) -> None:
    """That is no failure, and an old client.yaml is not left behind to be applied."""
    (tmp_path / "client.yaml").write_text("old")
    done = make("manifests", f"MANIFESTS={tmp_path}", "SET=client.enabled=false")
    assert done.returncode == 0, done.stderr
    assert f"client.enabled is false: there is no {tmp_path}/client.yaml" in done.stdout
    assert "A Job runs once" not in done.stdout
    assert [file.name for file in tmp_path.iterdir()] == ["server.yaml"]
    assert Rendered((tmp_path / "server.yaml").read_text()).deployment


def test_make_manifests_of_bad_values_fails_and_writes_nothing(tmp_path: Path) -> None:
    """Helm's reason is shown."""
    done = make("manifests", f"MANIFESTS={tmp_path}", "SET=client.concurency=1")
    assert done.returncode != 0
    assert "concurency" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_make_lint_chart_covers_every_values_file_of_the_chart() -> None:
    """What the chart-testing tool would install is linted and rendered, without a cluster."""
    done = make("lint-chart")
    assert done.returncode == 0, done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == [
        str(file.relative_to(ROOT)) for file in CI_VALUES
    ]


def test_helm_of_the_makefile_is_pinned_with_its_hash() -> None:
    """One package, one version, one hash."""
    lock = (ROOT / "locks" / "helm.txt").read_text()
    assert len(re.findall(r"^[\w-]+==[\d.]+ \\$", lock, re.MULTILINE)) == 1
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}$", lock, re.MULTILINE)) == 1


def test_helm_is_one_that_the_makefile_can_use() -> None:
    """`--reset-then-reuse-values` needs Helm 3.14."""
    done = subprocess.run(
        [command("helm"), "version", "--template", '{"version": "{{.Version}}"}'],
        capture_output=True,
        text=True,
        check=True,
    )
    major, minor, _ = json.loads(done.stdout)["version"].lstrip("v").split(".")
    assert (int(major), int(minor)) >= (3, 14)
