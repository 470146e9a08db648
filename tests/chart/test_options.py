"""What platform teams may ask for: absent by default, passed on, and never against the rest."""

from typing import Any

import pytest

from .conftest import FILL_EVERYTHING, Manifest, Rendered, render, template

PODS = ("server_pod", "client_pod", "test_pod")
ON_DEMAND = {"HorizontalPodAutoscaler", "NetworkPolicy", "PodDisruptionBudget", "ServiceAccount"}
OLD, NEW = ("--kube-version", "1.33.0"), ("--kube-version", "1.34.0")


def filled() -> Rendered:
    """Render with a value for everything."""
    return render(values=(FILL_EVERYTHING,))


def pod(rendered: Rendered, name: str) -> Manifest:
    """Return the spec of one of the three pods."""
    found: Manifest = getattr(rendered, name)
    return found


def test_options_are_absent_by_default() -> None:
    """Nothing is rendered of what nobody has asked for."""
    rendered = render()
    assert not ON_DEMAND & {manifest["kind"] for manifest in rendered.manifests}
    assert set(rendered.deployment["spec"]) == {"replicas", "selector", "template"}
    routing = {"trafficDistribution", "internalTrafficPolicy", "ipFamilyPolicy", "ipFamilies"}
    for service in rendered.services.values():
        assert not routing & set(service["spec"])
    for name in PODS:
        spec = pod(rendered, name)
        assert not {"runtimeClassName", "serviceAccountName"} & set(spec)
        assert not {"envFrom", "lifecycle"} & set(spec["containers"][0])
    assert "terminationGracePeriodSeconds" not in rendered.client_pod
    for spec in (rendered.server_pod, rendered.client_pod):
        assert [volume["name"] for volume in spec["volumes"]] == ["settings", "tmp"]
        assert len(spec["containers"][0]["volumeMounts"]) == 2


@pytest.mark.parametrize("name", PODS)
def test_account_and_runtime_class_reach_every_pod(name: str) -> None:
    """A pod has the account that was named, and never its token."""
    spec = pod(filled(), name)
    assert spec["runtimeClassName"] == "gvisor"
    assert spec["serviceAccountName"] == "an-account"
    assert spec["automountServiceAccountToken"] is False


@pytest.mark.parametrize("name", ["server_pod", "client_pod"])
def test_variables_and_volumes_are_added(name: str) -> None:
    """What the chart has itself stays, and comes first."""
    spec = pod(filled(), name)
    (container,) = spec["containers"]
    assert container["envFrom"] == [{"prefix": "TEAM_", "configMapRef": {"name": "team"}}]
    assert [volume["name"] for volume in spec["volumes"]] == ["settings", "tmp", "certificates"]
    assert container["volumeMounts"][-1]["mountPath"] == "/etc/certificates"


@pytest.mark.parametrize(
    ("sets", "strategy"),
    [
        (("updateStrategy.type=Recreate",), {"type": "Recreate"}),
        (
            ("updateStrategy.maxSurge=2", "updateStrategy.maxUnavailable=0"),
            {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2, "maxUnavailable": 0}},
        ),
        (
            ("updateStrategy.maxUnavailable=50%",),
            {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "50%"}},
        ),
    ],
    ids=["recreate", "counts", "percentage"],
)
def test_update_strategy_is_passed_on(sets: tuple[str, ...], strategy: dict[str, Any]) -> None:
    """Only what is given is rendered, a 0 included."""
    assert render(*sets).deployment["spec"]["strategy"] == strategy


@pytest.mark.parametrize(
    ("flags", "action"),
    [
        (OLD, {"exec": {"command": ["sleep", "15"]}}),
        (NEW, {"sleep": {"seconds": 15}}),
    ],
    ids=["1.33", "1.34"],
)
def test_pod_sleeps_before_it_stops(flags: tuple[str, ...], action: dict[str, Any]) -> None:
    """By the action where Kubernetes has it for good, by the command before."""
    (container,) = render("serverPod.preStopSleepSeconds=15", flags=flags).server_pod["containers"]
    assert container["lifecycle"] == {"preStop": action}


def test_grace_period_covers_the_sleep() -> None:
    """The drain has the same time as without it, unless a grace period is given."""
    assert render("serverPod.preStopSleepSeconds=15").server_pod[
        "terminationGracePeriodSeconds"
    ] == (render().server_pod["terminationGracePeriodSeconds"] + 15)
    given = render(
        "serverPod.preStopSleepSeconds=15",
        "serverPod.terminationGracePeriodSeconds=16",
        "clientPod.terminationGracePeriodSeconds=7",
    )
    assert given.server_pod["terminationGracePeriodSeconds"] == 16
    assert given.client_pod["terminationGracePeriodSeconds"] == 7


def test_routing_reaches_the_services() -> None:
    """Address families are of both Services; what picks a pod is of the balanced one alone."""
    services = filled().services
    service, headless = (
        services["everything-server"]["spec"],
        services["everything-server-headless"]["spec"],
    )
    for spec in (service, headless):
        assert spec["ipFamilyPolicy"] == "RequireDualStack"
        assert spec["ipFamilies"] == ["IPv6", "IPv4"]
    assert service["trafficDistribution"] == "PreferClose"
    assert service["internalTrafficPolicy"] == "Local"
    assert not {"trafficDistribution", "internalTrafficPolicy"} & set(headless)


def test_account_is_made_and_named() -> None:
    """Created under the release's name unless another is given; or one that is there is used."""
    made = render("serviceAccount.create=true")
    account = made.one("ServiceAccount")
    assert account["metadata"]["name"] == "try-long-lived"
    assert account["automountServiceAccountToken"] is False
    for name in PODS:
        assert pod(made, name)["serviceAccountName"] == "try-long-lived"
    used = render("serviceAccount.name=there.already")
    assert used.find("ServiceAccount") == []
    assert used.server_pod["serviceAccountName"] == "there.already"
    annotations = filled().one("ServiceAccount")["metadata"]["annotations"]
    assert annotations == {"example/account": "yes", "example/owner": "load"}


def test_autoscaler_owns_the_number_of_replicas() -> None:
    """The Deployment names none, which an upgrade would set; the client waits for the fewest."""
    rendered = render("autoscaling.enabled=true", "server.replicas=4", "autoscaling.maxReplicas=9")
    assert "replicas" not in rendered.deployment["spec"]
    spec = rendered.one("HorizontalPodAutoscaler")["spec"]
    assert spec["scaleTargetRef"]["name"] == rendered.deployment["metadata"]["name"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (4, 9)
    (metric,) = spec["metrics"]
    assert metric["resource"]["target"] == {"type": "Utilization", "averageUtilization": 80}
    assert "replicas: 4\n" in rendered.mounted(rendered.client_pod)


def test_autoscaler_goes_by_other_metrics() -> None:
    """Further metrics are added to the CPU, or stand alone; the behaviour is passed on."""
    spec = filled().one("HorizontalPodAutoscaler")["spec"]
    assert [metric["resource"]["name"] for metric in spec["metrics"]] == ["cpu", "memory"]
    assert spec["behavior"] == {"scaleDown": {"stabilizationWindowSeconds": 600}}
    alone = render("autoscaling.targetCpuPercent=0", values=(FILL_EVERYTHING,))
    (metric,) = alone.one("HorizontalPodAutoscaler")["spec"]["metrics"]
    assert metric["resource"]["name"] == "memory"


def labels_of(rendered: Rendered, component: str) -> dict[str, str]:
    """Return the labels of the pods of a component."""
    if component == "test":
        return dict(rendered.one("Pod")["metadata"]["labels"])
    owner = rendered.deployment if component == "server" else rendered.job
    return dict(owner["spec"]["template"]["metadata"]["labels"])


def test_network_policies_let_client_and_test_call_the_server() -> None:
    """Both ends allow the same, each caller may ask name servers, and nothing else is allowed."""
    rendered = render("networkPolicy.enabled=true", "server.port=9000")
    policies = {one["metadata"]["name"]: one["spec"] for one in rendered.find("NetworkPolicy")}
    server = policies.pop("try-long-lived-server")
    port = [{"port": 9000, "protocol": "TCP"}]
    assert server["policyTypes"] == ["Ingress", "Egress"]
    assert server["egress"] == []
    (rule,) = server["ingress"]
    assert rule["ports"] == port
    assert server["podSelector"]["matchLabels"].items() <= labels_of(rendered, "server").items()
    for component, peer in zip(("client", "test"), rule["from"], strict=True):
        assert peer["podSelector"]["matchLabels"].items() <= labels_of(rendered, component).items()
        policy = policies.pop(f"try-long-lived-{component}")
        assert policy["podSelector"] == peer["podSelector"]
        assert policy["policyTypes"] == ["Ingress", "Egress"]
        assert policy["ingress"] == []
        to_server, names = policy["egress"]
        assert to_server == {"to": [{"podSelector": server["podSelector"]}], "ports": port}
        assert {one["protocol"] for one in names["ports"]} == {"TCP", "UDP"}
        assert {one["port"] for one in names["ports"]} == {53}
    assert not policies


def test_network_policies_take_further_rules() -> None:
    """Ingress controllers and meshes have ways of their own."""
    policies = {one["metadata"]["name"]: one["spec"] for one in filled().find("NetworkPolicy")}
    assert "namespaceSelector" in policies["everything-server"]["ingress"][1]["from"][0]
    for name in ("everything-client", "everything-test"):
        assert policies[name]["egress"][2]["to"] == [{"ipBlock": {"cidr": "192.0.2.0/24"}}]


def test_policy_of_the_client_goes_with_the_client() -> None:
    """With the server alone there is still the test."""
    rendered = render("networkPolicy.enabled=true", "client.enabled=false")
    names = {one["metadata"]["name"] for one in rendered.find("NetworkPolicy")}
    assert names == {"try-long-lived-server", "try-long-lived-test"}


@pytest.mark.parametrize("section", ["serverPod", "clientPod"])
@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("extraEnv[0].name=POD_ID", "extraEnv: POD_ID is not allowed"),
        ("extraEnv[0].name=LONG_LIVED__SERVER__PORT", "LONG_LIVED__SERVER__PORT is not allowed"),
        ("extraEnv[0].name=long_lived__server__port", "long_lived__server__port is not allowed"),
        ("extraEnvFrom[0].prefix=LONG_LIVED__", "extraEnvFrom: prefix LONG_LIVED__ is not"),
        ("extraVolumes[0].name=settings", "extraVolumes: settings is not allowed"),
        ("extraVolumes[0].name=tmp", "extraVolumes: tmp is not allowed"),
        ("extraVolumeMounts[0].mountPath=/tmp/", "extraVolumeMounts: /tmp/ is not allowed"),
        ("extraVolumeMounts[0].mountPath=/etc/long-lived", "/etc/long-lived is not allowed"),
        ("extraVolumeMounts[0].mountPath=/etc//long-lived/x", "/etc//long-lived/x is not allowed"),
    ],
    ids=lambda part: part.partition("=")[2] if "=" in part else "",
)
def test_what_takes_the_place_of_the_charts_own_is_refused(
    section: str, item: str, words: str
) -> None:
    """Variables, volumes and mounts that a pod has already are named."""
    done = template(f"{section}.{item}")
    assert done.returncode != 0
    assert f"{section}.{item.partition('[')[0]}" in done.stderr
    assert words in done.stderr


@pytest.mark.parametrize(
    "item",
    [
        "extraEnv[0].name=POD_IDENTITY",
        "extraEnv[0].name=MY_LONG_LIVED__X",
        "extraEnvFrom[0].prefix=TEAM_",
        "extraVolumes[0].name=settings-of-mine",
        "extraVolumeMounts[0].mountPath=/etc/long-lived-too",
        "extraVolumeMounts[0].mountPath=/tmp/below",
    ],
)
def test_what_only_resembles_the_charts_own_is_accepted(item: str) -> None:
    """The twins of the cases above."""
    assert template(f"serverPod.{item}", f"clientPod.{item}").returncode == 0


@pytest.mark.parametrize(
    ("sets", "flags", "words"),
    [
        (
            "updateStrategy.type=Recreate,updateStrategy.maxSurge=0",
            (),
            "updateStrategy.type = Recreate allows neither maxSurge nor maxUnavailable",
        ),
        (
            "updateStrategy.maxSurge=0%,updateStrategy.maxUnavailable=0",
            (),
            "updateStrategy.maxSurge = 0% and updateStrategy.maxUnavailable = 0",
        ),
        (
            "serverPod.preStopSleepSeconds=20,serverPod.terminationGracePeriodSeconds=20",
            (),
            "serverPod.terminationGracePeriodSeconds = 20 is not above",
        ),
        (
            "autoscaling.enabled=true,autoscaling.maxReplicas=2",
            (),
            "autoscaling.maxReplicas = 2 is below server.replicas = 3",
        ),
        (
            "autoscaling.enabled=true,autoscaling.targetCpuPercent=0",
            (),
            "autoscaling.targetCpuPercent = 0 and no autoscaling.metrics",
        ),
        (
            "autoscaling.enabled=true,serverPod.resources.requests.cpu=null",
            (),
            "autoscaling.targetCpuPercent = 80 is a percentage of serverPod.resources.requests.cpu",
        ),
        (
            "service.ipFamilies={IPv4,IPv6}",
            (),
            "service.ipFamilies = [IPv4 IPv6] are two: set service.ipFamilyPolicy",
        ),
        (
            "service.trafficDistribution=PreferClose",
            ("--kube-version", "1.30.0"),
            "service.trafficDistribution = PreferClose needs Kubernetes 1.31",
        ),
        (
            "service.trafficDistribution=PreferSameNode",
            OLD,
            "service.trafficDistribution = PreferSameNode needs Kubernetes 1.34",
        ),
        (
            "serviceAccount.annotations.a=b",
            (),
            "serviceAccount.annotations are given with serviceAccount.create = false",
        ),
        (
            "networkPolicy.enabled=true,client.url=http://proxy.example/",
            (),
            'blocks the client from client.url = "http://proxy.example/"',
        ),
    ],
    ids=lambda part: part.rpartition(",")[2] if isinstance(part, str) and "=" in part else "",
)
def test_contradiction_is_refused_by_name(sets: str, flags: tuple[str, ...], words: str) -> None:
    """What Kubernetes would refuse, ignore or never finish is said before anything is made."""
    done = template(sets, flags=flags)
    assert done.returncode != 0
    assert words in done.stderr


@pytest.mark.parametrize(
    ("sets", "flags"),
    [
        ("updateStrategy.maxSurge=0,updateStrategy.maxUnavailable=1", ()),
        ("autoscaling.enabled=true,autoscaling.maxReplicas=3", ()),
        ("autoscaling.maxReplicas=2", ()),
        ("service.ipFamilies={IPv6},service.ipFamilyPolicy=SingleStack", ()),
        ("service.ipFamilies={IPv6,IPv4},service.ipFamilyPolicy=PreferDualStack", ()),
        ("service.trafficDistribution=PreferClose", ("--kube-version", "1.31.0")),
        ("service.trafficDistribution=PreferSameNode", NEW),
        ("networkPolicy.enabled=true,client.url=http://a.example/,client.enabled=false", ()),
    ],
)
def test_value_beside_the_contradiction_is_accepted(sets: str, flags: tuple[str, ...]) -> None:
    """The twins of the cases above."""
    done = template(sets, flags=flags)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("pair", "named"),
    [
        ("updateStrategy.maxSurge=half", "maxSurge"),
        ("updateStrategy.maxSurges=1", "maxSurges"),
        ("serverPod.preStopSleepSeconds=-1", "preStopSleepSeconds"),
        ("service.ipFamilies={IPv5}", "ipFamilies"),
        ("service.ipFamilies={IPv4,IPv4}", "ipFamilies"),
        ("service.trafficDistribution=Near", "trafficDistribution"),
        ("serviceAccount.name=A", "name"),
        ("autoscaling.maxReplicas=0", "maxReplicas"),
        ("networkPolicy.ingress=x", "ingress"),
        ("clientPod.preStopSleepSeconds=1", "preStopSleepSeconds"),
    ],
)
def test_value_out_of_bounds_is_refused_by_name(pair: str, named: str) -> None:
    """Unknown keys and values are the schema's to refuse."""
    done = template(pair)
    assert done.returncode != 0
    assert "schema" in done.stderr
    assert named in done.stderr


@pytest.mark.parametrize(
    "key",
    [
        "autoscaling",
        "networkPolicy",
        "serviceAccount",
        "serviceAccount.name",
        "updateStrategy",
        "updateStrategy.type",
        "serverPod.preStopSleepSeconds",
        "service.ipFamilies",
    ],
)
def test_null_is_the_default(key: str) -> None:
    """Taken away, an option is absent, as it is by default."""
    assert render(f"{key}=null").text == render().text
