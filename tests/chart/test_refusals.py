"""Values that cannot be meant are refused before anything is installed, by name."""

import pytest

from long_lived.settings import SettingsError, load

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
        ("experiment.restart.after=1", "after"),
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
        ("experiment.restart.keep=-1", "keep"),
        ("experiment.restart.mode=some", "mode"),
        ("experiment.restart.signal=term", "signal"),
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
    "pairs",
    [
        "server.delay.minSeconds=70",
        "client.thinkTime.maxSeconds=0.5",
        "experiment.restart.afterSeconds=5,experiment.restart.keep=3",
        "experiment.restart.afterSeconds=5,server.replicas=1",
        "experiment.restart.afterSeconds=60,client.durationSeconds=60",
        "experiment.restart.afterSeconds=0.75,client.durationSeconds=0.5",
        "experiment.restart.afterSeconds=86400,client.durationSeconds=3600,server.replicas=1",
    ],
)
def test_contradiction_is_refused_in_the_words_of_the_apps(pairs: str) -> None:
    """Helm and the apps refuse the same values, and say so in the same words."""
    with pytest.raises(SettingsError) as refused:
        load([], [pairs], {})
    words = str(refused.value).removesuffix(f" (in --set {pairs})")
    done = template(pairs)
    assert done.returncode != 0
    assert f"{words}\n" in done.stderr


@pytest.mark.parametrize(
    "pairs",
    [
        "server.delay.minSeconds=60",
        "client.thinkTime.maxSeconds=1",
        "client.url=http://a.example/",
        "experiment.restart.afterSeconds=5,experiment.restart.keep=2",
        "experiment.restart.afterSeconds=5,experiment.restart.keep=0,server.replicas=1",
        "experiment.restart.afterSeconds=0.5,client.durationSeconds=0.75",
        "experiment.restart.afterSeconds=60",
        "experiment.restart.keep=1000,server.replicas=1",
        "client.durationSeconds=60,experiment.restart.afterSeconds=0",
    ],
)
def test_value_on_the_bound_is_accepted(pairs: str) -> None:
    """Where the apps take the values, Helm does: an equal minimum and maximum are a range."""
    assert load([], [pairs], {})
    done = template(pairs)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "pair",
    [
        "server.port=null",
        "client.parallelism=null",
        "server=null",
        "experiment.restart.afterSeconds=null",
        "experiment.restart.keep=null",
        "experiment.restart=null",
    ],
)
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
        "experiment.restart.mode=null",
    ],
)
def test_null_for_any_other_value_is_accepted(pair: str) -> None:
    """What only the app or Kubernetes reads falls back to their defaults."""
    assert template(pair).returncode == 0, template(pair).stderr
