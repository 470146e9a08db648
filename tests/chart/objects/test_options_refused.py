"""What platform teams may not ask for: options that contradict the chart, or one another."""

import pytest
from tests.chart.conftest import template

from .filled import NEW, OLD


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
def test_what_replaces_the_charts_own_is_refused(section: str, item: str, words: str) -> None:
    """Variables, volumes and mounts that a pod already has are named."""
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
    """What Kubernetes would refuse, ignore or never finish is refused before anything is made."""
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
    """The schema refuses unknown keys and values."""
    done = template(pair)
    assert done.returncode != 0
    assert "schema" in done.stderr
    assert named in done.stderr
