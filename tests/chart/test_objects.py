"""What stands in the objects: security, placement, probes, names and labels."""

import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from long_lived.settings import load

from .conftest import FILL_EVERYTHING, SCENARIOS, Rendered, loaded, render, template

PODS = ("server_pod", "client_pod", "test_pod")


def filled() -> Rendered:
    """Render with a value for everything."""
    return render(values=(FILL_EVERYTHING,))


def pod(rendered: Rendered, name: str) -> dict[str, Any]:
    """Return the spec of one of the three pods."""
    found: dict[str, Any] = getattr(rendered, name)
    return found


@pytest.mark.parametrize("name", PODS)
def test_pod_is_restricted(name: str) -> None:
    """Each pod meets the Pod Security Standard "restricted", and more."""
    spec = pod(render(), name)
    (container,) = spec["containers"]
    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert {volume_type for volume in spec.get("volumes", []) for volume_type in volume} <= {
        "name",
        "configMap",
        "emptyDir",
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)


@pytest.mark.parametrize("name", PODS)
def test_user_of_the_pod_can_be_left_to_the_cluster(name: str) -> None:
    """A null takes the user away, as OpenShift wants it."""
    rendered = render(
        "serverPod.podSecurityContext.runAsUser=null", "clientPod.podSecurityContext.runAsUser=null"
    )
    assert "runAsUser" not in pod(rendered, name)["securityContext"]
    assert pod(rendered, name)["securityContext"]["runAsNonRoot"] is True


@pytest.mark.parametrize("name", PODS)
def test_placement_is_absent_by_default(name: str) -> None:
    """Nothing restricts where the pods run unless it is asked for."""
    keys = {"nodeSelector", "tolerations", "affinity", "priorityClassName", "imagePullSecrets"}
    assert not keys & set(pod(render(), name))
    assert "sysctls" not in pod(render(), name)["securityContext"]


@pytest.mark.parametrize("name", PODS)
def test_placement_is_passed_on(name: str) -> None:
    """Each value of placement reaches the pods."""
    spec = pod(filled(), name)
    assert spec["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert spec["tolerations"][0]["key"] == "dedicated"
    assert set(spec["affinity"]) == {"nodeAffinity"}
    assert spec["priorityClassName"] == ("high" if name == "server_pod" else "low")
    assert spec["imagePullSecrets"] == [{"name": "registry-credentials"}]
    assert spec["securityContext"]["sysctls"] == [
        {"name": "net.ipv4.ip_local_port_range", "value": "1024 65535"}
    ]
    assert spec["securityContext"]["runAsUser"] == 1234
    (container,) = spec["containers"]
    assert container["securityContext"]["procMount"] == "Default"


@pytest.mark.parametrize(
    ("name", "component"), [("server_pod", "server"), ("client_pod", "client")]
)
def test_pods_spread_over_nodes_without_insisting(name: str, component: str) -> None:
    """A cluster of one node can run everything."""
    (spread,) = pod(render(), name)["topologySpreadConstraints"]
    assert spread["topologyKey"] == "kubernetes.io/hostname"
    assert spread["whenUnsatisfiable"] == "ScheduleAnyway"
    assert spread["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == component


def test_spread_keeps_a_selector_of_its_own() -> None:
    """Only a constraint without selector gets one."""
    own, without = filled().server_pod["topologySpreadConstraints"]
    assert own["labelSelector"] == {"matchLabels": {"example/pod": "server"}}
    assert "app.kubernetes.io/name" in without["labelSelector"]["matchLabels"]


def test_spread_can_be_switched_off() -> None:
    """A null, or an empty list, leaves the scheduler's own defaults."""
    for flag, pair in (("--set", "=null"), ("--set-json", "=[]")):
        rendered = render(flags=(flag, f"serverPod.topologySpreadConstraints{pair}"))
        assert "topologySpreadConstraints" not in rendered.server_pod


@pytest.mark.parametrize(
    ("sets", "seconds"),
    [
        ((), 70),
        (("server.delay.maxSeconds=90",), 100),
        (("server.delay.maxSeconds=60.2",), 71),
        (("server.gracefulTimeoutSeconds=15",), 20),
        (("server.gracefulTimeoutSeconds=300",), 305),
    ],
)
def test_grace_period_lets_answers_finish(sets: tuple[str, ...], seconds: int) -> None:
    """It follows from the longest drain, the kubelet never cuts it, and the lab gives the same."""
    assert render(*sets).server_pod["terminationGracePeriodSeconds"] == seconds
    assert load([], sets, {}).server.grace_period_seconds == seconds


def test_probes_are_patient() -> None:
    """A pod with 10,000 requests in flight has time to answer before it counts as failed."""
    (container,) = render().server_pod["containers"]
    for probe, path in (
        ("startupProbe", "/healthz"),
        ("livenessProbe", "/healthz"),
        ("readinessProbe", "/readyz"),
    ):
        assert container[probe]["httpGet"] == {"path": path, "port": "http"}
        patience = container[probe]["timeoutSeconds"] * container[probe]["failureThreshold"]
        assert patience >= 60


def test_server_listens_where_the_services_send() -> None:
    """Port and name agree between settings, container and both Services."""
    rendered = render("server.port=9000", "service.port=8080")
    (container,) = rendered.server_pod["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": 9000, "protocol": "TCP"}]
    service = rendered.services["try-long-lived-server"]["spec"]
    headless = rendered.services["try-long-lived-server-headless"]["spec"]
    assert (service["ports"][0]["port"], service["ports"][0]["targetPort"]) == (8080, "http")
    assert (headless["ports"][0]["port"], headless["ports"][0]["targetPort"]) == (9000, "http")


def test_headless_service_names_only_ready_pods() -> None:
    """The client's wait relies on it."""
    headless = render().services["try-long-lived-server-headless"]["spec"]
    assert headless["clusterIP"] == "None"
    assert not headless.get("publishNotReadyAddresses", False)


def test_services_select_the_server_pods() -> None:
    """Each selector is a part of the pods' labels, with and without labels of the user."""
    for rendered in (render(), filled()):
        labels = rendered.deployment["spec"]["template"]["metadata"]["labels"]
        selectors = [service["spec"]["selector"] for service in rendered.find("Service")]
        selectors.append(rendered.deployment["spec"]["selector"]["matchLabels"])
        selectors += [
            budget["spec"]["selector"]["matchLabels"]
            for budget in rendered.find("PodDisruptionBudget")
        ]
        for selector in selectors:
            assert selector.items() <= labels.items()
            client = rendered.job["spec"]["template"]["metadata"]["labels"]
            assert not selector.items() <= client.items()


def test_session_affinity_is_off_by_default() -> None:
    """Every connection is balanced on its own."""
    service = render().services["try-long-lived-server"]["spec"]
    assert service["sessionAffinity"] == "None"
    assert "sessionAffinityConfig" not in service


def test_session_affinity_is_passed_on() -> None:
    """Type, affinity, its time and the annotations reach the Service."""
    service = filled().services["everything-server"]
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["spec"]["sessionAffinity"] == "ClientIP"
    assert service["spec"]["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 60}}
    assert service["metadata"]["annotations"] == {"example/service": "yes", "example/owner": "load"}


def test_disruption_budget_is_off_by_default() -> None:
    """It is made only where it is asked for."""
    assert render().find("PodDisruptionBudget") == []
    assert filled().one("PodDisruptionBudget")["spec"]["maxUnavailable"] == "50%"


def test_replicas_are_left_to_an_autoscaler_on_demand(tmp_path: Path) -> None:
    """With null, by flag or file, the Deployment names none, and the apps are told so."""
    file = tmp_path / "values.yaml"
    file.write_text("server:\n  replicas: null\n")
    for rendered in (render("server.replicas=null"), render(values=(file,))):
        assert "replicas" not in rendered.deployment["spec"]
        for found in (rendered.server_pod, rendered.client_pod):
            assert loaded(rendered, found, tmp_path).server.replicas is None
    assert render().deployment["spec"]["replicas"] == 3
    template = render().deployment["spec"]["template"]
    assert render("server.replicas=null").deployment["spec"]["template"] == template


def test_disabled_client_has_no_objects() -> None:
    """client.enabled=false installs the server alone, and its test."""
    rendered = render("client.enabled=false")
    assert rendered.find("Job") == []
    assert len(rendered.find("ConfigMap")) == 1
    assert rendered.find("Pod")


def test_job_runs_each_client_once() -> None:
    """Indexed, as many completions as clients, never repeated; a lost client ends no other."""
    spec = render("client.parallelism=4").job["spec"]
    assert spec["completionMode"] == "Indexed"
    assert spec["parallelism"] == spec["completions"] == 4
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert spec["backoffLimitPerIndex"] == 0
    assert "backoffLimit" not in spec


def test_job_is_not_repeated_on_the_oldest_kubernetes() -> None:
    """Before 1.29 a limit per index would be dropped, and the default repeats six times."""
    spec = render(flags=("--kube-version", "1.28.0")).job["spec"]
    assert spec["backoffLimit"] == 0
    assert "backoffLimitPerIndex" not in spec


def test_finished_job_stays_by_default() -> None:
    """The result lives in the log of its pods."""
    assert "ttlSecondsAfterFinished" not in render().job["spec"]
    assert filled().job["spec"]["ttlSecondsAfterFinished"] == 3600
    assert filled().job["metadata"]["annotations"] == {
        "example/job": "yes",
        "example/owner": "load",
    }


def test_no_container_has_a_cpu_limit_by_default() -> None:
    """Throttling would distort the times; memory is limited. `helm test` measures none."""
    for name in PODS:
        (container,) = pod(render(), name)["containers"]
        limited = {"cpu", "memory"} if name == "test_pod" else {"memory"}
        assert set(container["resources"]["limits"]) == limited
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}


@pytest.mark.parametrize("name", PODS)
def test_quota_on_all_resources_lets_every_pod_in(name: str) -> None:
    """Each pod's requests and limits can be given, and reach each of its containers."""
    wanted = {
        kind: {"cpu": "2", "memory": "1Gi", "ephemeral-storage": "1Gi"}
        for kind in ("requests", "limits")
    }
    key = {"server_pod": "serverPod", "client_pod": "clientPod", "test_pod": "testPod"}[name]
    spec = pod(render(flags=("--set-json", f"{key}.resources={json.dumps(wanted)}")), name)
    for container in [*spec["containers"], *spec.get("initContainers", [])]:
        assert container["resources"] == wanted


@pytest.mark.parametrize(
    ("sets", "image"),
    [
        ((), "long-lived-server:0.1.0"),
        (("images.registry=registry.example/a",), "registry.example/a/long-lived-server:0.1.0"),
        (("images.registry=registry.example/a/",), "registry.example/a/long-lived-server:0.1.0"),
        (("images.server.tag=dev",), "long-lived-server:dev"),
        (
            ("images.server.tag=dev", f"images.server.digest=sha256:{'0' * 64}"),
            f"long-lived-server@sha256:{'0' * 64}",
        ),
    ],
)
def test_image_follows_from_its_parts(sets: tuple[str, ...], image: str) -> None:
    """Registry, repository, tag and digest make one reference; never `latest`."""
    (container,) = render(*sets).server_pod["containers"]
    assert container["image"] == image


def test_test_uses_the_image_of_the_client() -> None:
    """`helm test` needs no third image."""
    (client,) = filled().client_pod["containers"]
    (test,) = filled().test_pod["containers"]
    assert test["image"] == client["image"] == "registry.example/team/a-client:2.0"
    assert test["imagePullPolicy"] == "Always"


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
    """The usual rules, so that the objects are where one looks for them."""
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
"""What Helm takes for a release's name, with all that YAML could take for something else."""

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
    """Whatever Helm takes for a name, Kubernetes takes what follows from it, of any version."""
    rendered = render("podDisruptionBudget.enabled=true", *sets, release=release)
    for manifest in rendered.manifests:
        if not sets:
            kubernetes_validate.validate(manifest, "1.28", strict=True)
        name = manifest["metadata"]["name"]
        # Of an Indexed Job the host names of the pods must be labels, too.
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
    """Helm itself says so, before anything is created."""
    done = template(release=release, flags=("--",) if release.startswith("-") else ())
    assert done.returncode != 0
    assert done.stdout == ""


@pytest.mark.parametrize("value", ["123", "true", "1e5"])
def test_name_that_yaml_takes_for_something_else_stays_text(value: str) -> None:
    """An override is quoted as well."""
    rendered = render(flags=("--set-string", f"nameOverride={value}"))
    for manifest in rendered.manifests:
        assert manifest["metadata"]["labels"]["app.kubernetes.io/name"] == value
        assert re.fullmatch(DNS_1123, manifest["metadata"]["name"])


def test_full_name_must_begin_as_a_service_does() -> None:
    """What the user gives is not renamed behind the user's back."""
    done = template("fullnameOverride=1st")
    assert done.returncode != 0
    assert "fullnameOverride" in done.stderr


@pytest.mark.parametrize("release", ["one", "two"])
def test_job_is_named_after_its_settings_on_demand(release: str) -> None:
    """Rendered without a release, other settings are another Job; what it does not read is none."""

    def name(*sets: str, **options: Any) -> str:
        rendered = render("job.nameSuffix=settings", *sets, release=release, **options)
        (volume, _) = rendered.client_pod["volumes"]
        assert volume["configMap"]["name"] == rendered.job["metadata"]["name"]
        assert rendered.find("ConfigMap", rendered.job["metadata"]["name"])
        return str(rendered.job["metadata"]["name"])

    assert re.fullmatch(rf"{release}-long-lived-client-[0-9a-f]{{10}}", name())
    assert name() == name(flags=("--is-upgrade",)) == name("job.ttlSecondsAfterFinished=9")
    assert name() == name("service.annotations.a=b", "testPod.resources.limits.cpu=2")
    changes = [
        *("client.concurrency=5", "client.parallelism=2", "client.timeouts.readSeconds=5"),
        *("server.replicas=4", "server.replicas=null", "server.delay.maxSeconds=50"),
        *("experiment.name=other", "service.port=81"),
        *("images.client.tag=dev", "images.registry=registry.example", "images.pullPolicy=Always"),
        *("clientPod.labels.a=b", "clientPod.annotations.a=b", "clientPod.resources=null"),
        *("clientPod.nodeSelector.a=b", "clientPod.priorityClassName=p", "commonLabels.c=d"),
    ]
    assert len({name(), *(name(change) for change in changes)}) == len(changes) + 1


def test_changed_settings_change_the_job_only_with_its_name() -> None:
    """Whatever is immutable in a Job is the same wherever two have the same name."""
    jobs: dict[str, Any] = {}
    for file in (None, FILL_EVERYTHING, *SCENARIOS):
        for sets in ((), ("client.parallelism=3",), ("clientPod.extraEnv[0].name=A",)):
            values = (file,) if file else ()
            job = render("job.nameSuffix=settings", *sets, values=values).job
            spec = {
                key: job["spec"][key] for key in job["spec"] if key != "ttlSecondsAfterFinished"
            }
            assert jobs.setdefault(job["metadata"]["name"], spec) == spec
    assert len(jobs) > len(SCENARIOS)


def test_job_name_carries_the_revision() -> None:
    """The suffix is what tells the runs apart, so it is never cut (see also the upgrades)."""
    assert render().job["metadata"]["name"] == "try-long-lived-client-1"
    volumes = render().client_pod["volumes"]
    assert volumes[0]["configMap"]["name"] == "try-long-lived-client-1"


def test_every_object_has_the_standard_labels() -> None:
    """Name, instance, component, version, chart and manager; and those of the user."""
    for manifest in filled().manifests:
        labels = manifest["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "renamed"
        assert labels["app.kubernetes.io/instance"] == "try"
        assert labels["app.kubernetes.io/component"] in ("server", "client", "test", "account")
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        assert labels["helm.sh/chart"] == "long-lived-0.1.0"
        assert labels["example/team"] == "load"
        assert manifest["metadata"]["annotations"]["example/owner"] == "load"
    for owner in (filled().deployment, filled().job):
        template = owner["spec"]["template"]["metadata"]
        assert template["labels"]["example/team"] == "load"
        assert template["labels"]["example/pod"] == template["annotations"]["example/pod"]
