"""An upgrade is a new run, and restarts the servers only if it concerns them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cluster.api import Cluster, running

from long_lived.lab.cluster.tools.helm import helm_install
from long_lived.lab.cluster.tools.kubectl import Place

from .conftest import CHART, FILL_EVERYTHING, SCENARIOS, helm_on, render

Helm = Callable[..., str]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[Cluster, Helm]]:
    """Yield an empty cluster, and a helm that talks to it."""
    with running(tmp_path) as (found, kubeconfig):

        def helm(action: str, *arguments: str) -> str:
            chart = [str(CHART)] if action in ("install", "upgrade") else []
            done = helm_on(kubeconfig, action, "demo", *chart, *arguments)
            assert done.returncode == 0, done.stderr
            return done.stdout

        yield found, helm


SERVER = {"demo-long-lived-server", "demo-long-lived-server-headless"}


def test_upgrade_makes_a_new_job_and_prunes_the_old_one(cluster: tuple[Cluster, Helm]) -> None:
    """The command in docs/cluster.md works although a Job's pod template is immutable."""
    found, helm = cluster
    helm("install", "--set", "client.concurrency=50")
    servers = found.get("Deployment", "demo-long-lived-server")["spec"]
    assert found.names() == {*SERVER, "demo-long-lived-client-1"}
    assert "concurrency: 50\n" in str(
        found.get("ConfigMap", "demo-long-lived-client-1")["data"]["values.yaml"]
    )

    helm("upgrade", "--reuse-values", "--set", "client.concurrency=10000")
    assert found.names() == {*SERVER, "demo-long-lived-client-2"}
    assert found.names("Job", "ConfigMap") == {"demo-long-lived-client-2", "demo-long-lived-server"}
    assert "concurrency: 10000\n" in str(
        found.get("ConfigMap", "demo-long-lived-client-2")["data"]["values.yaml"]
    )
    assert found.get("Deployment", "demo-long-lived-server")["spec"] == servers


REGISTRY = ("--set", "images.registry=registry.example")
LOAD = ("--set", "client.concurrency=500")


def test_upgrade_that_forgets_the_registry_is_warned_of(cluster: tuple[Cluster, Helm]) -> None:
    """`--set` alone starts from the defaults: Helm does not say so, but the notes do."""
    _, helm = cluster
    assert "WARNING" not in helm("install", *REGISTRY)
    warned = helm("upgrade", *LOAD)
    assert (
        "changes the server's image, too, from registry.example/long-lived-server:0.1.0 to "
        "long-lived-server:0.1.0" in warned
    )


def test_upgrade_that_the_notes_print_keeps_the_registry(cluster: tuple[Cluster, Helm]) -> None:
    """Only what is set changes, the server pods stay, and nothing is warned of."""
    found, helm = cluster
    notes = helm("install", *REGISTRY)
    servers = found.get("Deployment", "demo-long-lived-server")["spec"]
    assert "upgrade demo charts/long-lived --reset-then-reuse-values --set" in notes
    assert "WARNING" not in helm("upgrade", "--reset-then-reuse-values", *LOAD)
    assert found.get("Deployment", "demo-long-lived-server")["spec"] == servers
    assert "WARNING" not in helm("upgrade", *REGISTRY, *LOAD)
    assert "WARNING" not in helm("upgrade"), "with no value given at all Helm keeps all"


def test_digits_stay_text_on_their_way_through_the_lab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lab passes a tag like 20261123 as text, like --set-string, and numbers as numbers."""
    values = tmp_path / "values.yaml"
    values.write_text("client: {enabled: false}\n")
    overrides = [
        *("images.server.tag=20261123", "images.registry=5000", "commonLabels.team=007"),
        *("serverPod.resources.limits.cpu=2", "serverPod.podSecurityContext.runAsUser=1234"),
        *("service.port=8080", "images.client.tag=null"),
    ]
    with running(tmp_path) as (found, kubeconfig):
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        helm_install("demo", CHART, Place("default"), values, overrides)
        deployment = found.get("Deployment", "demo-long-lived-server")
        (port,) = found.get("Service", "demo-long-lived-server")["spec"]["ports"]
    pod = deployment["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "5000/long-lived-server:20261123"
    assert pod["containers"][0]["resources"]["limits"]["cpu"] == "2"
    assert pod["securityContext"]["runAsUser"] == 1234
    assert deployment["metadata"]["labels"]["team"] == "007"
    assert port["port"] == 8080


def test_upgrade_without_changes_is_a_new_run(cluster: tuple[Cluster, Helm]) -> None:
    """Running the same again takes no changed value."""
    found, helm = cluster
    helm("install")
    helm("upgrade", "--reuse-values")
    assert found.names("Job") == {"demo-long-lived-client-2"}


def test_rollback_runs_the_old_settings_again(cluster: tuple[Cluster, Helm]) -> None:
    """Helm restores the old manifests, with the Job's old name, which is free again."""
    found, helm = cluster
    helm("install")
    before = found.get("Deployment", "demo-long-lived-server")["spec"]["template"]
    helm("upgrade", "--set", "server.delay.maxSeconds=30")
    assert found.get("Deployment", "demo-long-lived-server")["spec"]["template"] != before
    helm("rollback", "1")
    assert found.names("Job") == {"demo-long-lived-client-1"}
    assert found.get("Deployment", "demo-long-lived-server")["spec"]["template"] == before


def test_uninstall_leaves_nothing(cluster: tuple[Cluster, Helm]) -> None:
    """Not even after an upgrade, and with every option switched on."""
    found, helm = cluster
    helm("install", "--values", str(FILL_EVERYTHING))
    for kind in ("HorizontalPodAutoscaler", "PodDisruptionBudget"):
        assert found.names(kind) == {"everything-server"}
    assert found.names("ServiceAccount") == {"an-account"}
    assert len(found.names("NetworkPolicy")) == 3
    helm("upgrade", "--reuse-values")
    helm("uninstall")
    assert found.names() | found.names("Secret") == set()


def test_disabled_client_leaves_the_server_alone(cluster: tuple[Cluster, Helm]) -> None:
    """client.enabled=false ends the run, and true starts one."""
    found, helm = cluster
    helm("install", "--set", "client.enabled=false")
    assert found.names() == SERVER
    helm("upgrade", "--reuse-values", "--set", "client.enabled=true")
    assert found.names() == {*SERVER, "demo-long-lived-client-2"}


@pytest.mark.parametrize(
    "pair",
    [
        "client.concurrency=5",
        "client.keepAlive.mode=per-request",
        "client.parallelism=3",
        "client.enabled=false",
        "clientPod.priorityClassName=low",
        "experiment.expect=any",
        "experiment.event.kind=scale-up",
        "images.client.tag=dev",
        "job.ttlSecondsAfterFinished=60",
        "server.replicas=5",
        "podDisruptionBudget.enabled=true",
        "service.port=8080",
        "service.ipFamilyPolicy=PreferDualStack",
        "updateStrategy.type=Recreate",
        "autoscaling.enabled=true",
        "networkPolicy.enabled=true",
        "clientPod.terminationGracePeriodSeconds=60",
    ],
)
def test_server_pods_stay(pair: str) -> None:
    """What does not concern a server pod leaves its template and both selectors unchanged."""
    before, after = render(), render(pair)
    assert before.text != after.text
    assert after.deployment["spec"]["template"] == before.deployment["spec"]["template"]
    for name, service in before.services.items():
        assert after.services[name]["spec"]["selector"] == service["spec"]["selector"]


@pytest.mark.parametrize(
    "pair",
    [
        "server.delay.maxSeconds=50",
        "server.delay.minSeconds=0.5",
        "server.runtime=gunicorn",
        "server.backlog=128",
        "server.gunicorn.threads=8",
        "server.keepAlive.idleTimeoutSeconds=5",
        "images.server.tag=dev",
        "serverPod.resources.limits.memory=2Gi",
        "serverPod.extraEnv[0].name=A",
        "serverPod.preStopSleepSeconds=5",
        "serviceAccount.create=true",
    ],
)
def test_server_pods_are_replaced(pair: str) -> None:
    """What a server pod reads or consists of changes its template, and both Services follow."""
    before, after = render(), render(pair)
    label = "long-lived/generation"
    generations = {
        release.deployment["spec"]["template"]["metadata"]["labels"][label]
        for release in (before, after)
    }
    assert len(generations) == 2
    for release in (before, after):
        (generation,) = {
            service["spec"]["selector"].get(label) for service in release.find("Service")
        }
        labels = release.deployment["spec"]["template"]["metadata"]["labels"]
        assert labels[label] == generation
    assert after.deployment["spec"]["selector"] == before.deployment["spec"]["selector"], (
        "immutable, so it must not carry the generation"
    )


def test_changed_server_settings_change_the_checksum() -> None:
    """The annotation covers the settings that a server reads, not the replica count."""

    def checksum(*sets: str) -> str:
        template = render(*sets).deployment["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/settings"])

    assert checksum("server.port=9000") != checksum()
    assert checksum("server.replicas=9") == checksum()
    assert checksum("images.server.tag=dev") == checksum()


def test_text_and_number_are_one_fraction() -> None:
    """`--set` gives 0.5 as text, a file as a number; that does not restart the servers."""
    from_text = render("server.delay.minSeconds=0.5")
    from_number = render(flags=("--set-json", "server.delay.minSeconds=0.5"))
    assert from_text.deployment == from_number.deployment
    assert "minSeconds: 0.5\n" in from_text.mounted(from_text.server_pod)


def test_only_the_test_is_a_hook() -> None:
    """Nothing blocks an installation or an upgrade."""
    for overlay in ((), (FILL_EVERYTHING,), *((file,) for file in SCENARIOS)):
        hooks = {
            manifest["kind"]: manifest["metadata"]["annotations"]["helm.sh/hook"]
            for manifest in render(values=overlay).manifests
            if "helm.sh/hook" in manifest["metadata"].get("annotations", {})
        }
        assert hooks == {"Pod": "test"}
