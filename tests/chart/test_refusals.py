"""Values that cannot be meant are refused before anything is installed, by name."""

import pytest

from .conftest import template


@pytest.mark.parametrize(
    ("pair", "named"),
    [
        ("client.concurency=5", "concurency"),
        ("sever.replicas=5", "sever"),
        ("server.keepAlive.idle=5", "idle"),
        ("clientPod.resources.limitz.cpu=1", "limitz"),
        ("images.server.tagg=1", "tagg"),
        ("serverPod.livenessProbe.seconds=1", "seconds"),
        ("experiment.restrat.x=1", "restrat"),
    ],
)
def test_misspelt_key_is_refused_by_name(pair: str, named: str) -> None:
    """The error of `helm install` names the key that does not exist."""
    done = template(pair)
    assert done.returncode != 0
    assert "schema" in done.stderr
    assert named in done.stderr


@pytest.mark.parametrize(
    ("pair", "named"),
    [
        ("client.concurrency=0", "concurrency"),
        ("client.concurrency=many", "concurrency"),
        ("server.port=70000", "port"),
        ("server.replicas=1.5", "replicas"),
        ("server.runtime=apache", "runtime"),
        ("client.keepAlive.mode=sometimes", "mode"),
        ("client.timeouts.connectSeconds=0", "connectSeconds"),
        ("server.delay.minSeconds=soon", "minSeconds"),
        ("experiment.maxFailedRatio=1.5", "maxFailedRatio"),
        ("images.server.digest=abc", "digest"),
        ("service.type=ExternalName", "type"),
        ("serverPod.annotations.number=1", "number"),
        ("clientPod.sysctls[0].name=kernel.msgmax,clientPod.sysctls[0].value=1", "name"),
        ("podDisruptionBudget.maxUnavailable=half", "maxUnavailable"),
    ],
)
def test_value_out_of_bounds_is_refused_by_name(pair: str, named: str) -> None:
    """The error names the key whose value is not allowed."""
    done = template(pair)
    assert done.returncode != 0
    assert named in done.stderr


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
        ("client.url=https://server.example/", 'client.url = "https://server.example/"'),
    ],
)
def test_contradiction_between_values_is_refused_with_the_key_path(pair: str, message: str) -> None:
    """What a JSON schema cannot say, the template says in the apps' own words."""
    done = template(pair)
    assert done.returncode != 0
    assert message in done.stderr


@pytest.mark.parametrize(
    "pair",
    ["server.delay.minSeconds=60", "client.thinkTime.maxSeconds=1", "client.url=http://a.example/"],
)
def test_value_on_the_bound_is_accepted(pair: str) -> None:
    """Equal minimum and maximum are a range."""
    assert template(pair).returncode == 0


@pytest.mark.parametrize("pair", ["server.port=null", "client.parallelism=null", "server=null"])
def test_null_for_a_value_that_templates_need_is_refused_by_name(pair: str) -> None:
    """A removed default is said, not rendered as 0."""
    done = template(pair)
    assert done.returncode != 0
    assert pair.partition("=")[0].rpartition(".")[2] in done.stderr


@pytest.mark.parametrize(
    "pair",
    [
        "clientPod.resources=null",
        "serverPod.podSecurityContext.runAsUser=null",
        "client.timeouts=null",
        "client.readiness=null",
    ],
)
def test_null_for_any_other_value_is_accepted(pair: str) -> None:
    """What only the app or Kubernetes reads falls back to their defaults."""
    assert template(pair).returncode == 0, template(pair).stderr


def test_values_of_a_parent_chart_are_accepted() -> None:
    """Helm passes `global` to every chart."""
    assert template("global.imageRegistry=registry.example").returncode == 0
