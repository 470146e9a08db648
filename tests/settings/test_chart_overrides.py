"""What --set may say about the chart's own keys."""

import pytest

from long_lived.settings import SettingsError
from long_lived.settings.chart import takes_text
from long_lived.settings.load import divided


def test_overrides_are_divided_by_their_first_key() -> None:
    """Settings go to the apps, the chart's own keys to Helm, each in order."""
    own, chart = divided(["client.concurrency=5,images.registry=r", "job.annotations.a=b"])
    assert own == ["client.concurrency=5"]
    assert chart == ["images.registry=r", "job.annotations.a=b"]


@pytest.mark.parametrize(
    "pair",
    [
        "serverPod.nodeSelector.kubernetes\\.io/hostname=a",
        "clientPod.annotations.text=a\\,b",
        "clientPod.sysctls[0].name=anything",
        "serverPod.podSecurityContext.runAsUser=null",
        "podDisruptionBudget.maxUnavailable=2",
        "podDisruptionBudget.maxUnavailable=50%",
        "autoscaling.enabled=true",
    ],
)
def test_override_reaches_helm_as_it_was_given(pair: str) -> None:
    """Helm reads what the user wrote: a dot in a key, a comma in a value, a null."""
    assert divided([pair]) == ([], [pair])


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("images.tagg=1", "images.tagg = '1' is not a setting: allowed: client, "),
        ("service.port=0", "service.port = 0 is not allowed: must be a whole number from 1"),
        ("serverPod.labels.a.b=1", "serverPod.labels.a = {'b': '1'} is not allowed: "),
        ("service.type=null", "service.type = null is not allowed: leave it out"),
    ],
)
def test_bad_override_of_the_chart_is_refused(pair: str, words: str) -> None:
    """The lab refuses what the chart's schema would, before it calls Helm."""
    with pytest.raises(SettingsError) as refused:
        divided([pair])
    assert str(refused.value).startswith(words)
    assert str(refused.value).endswith(f"(in --set {pair})")


@pytest.mark.parametrize(
    ("path", "is_text"),
    [
        ("images.server.tag", True),
        ("images.pullSecrets[0].name", True),
        ("serverPod.labels.kubernetes\\.io/part-of", True),
        ("serverPod.resources.limits.cpu", True),
        ("nameOverride", True),
        ("service.port", False),
        ("autoscaling.enabled", False),
        ("podDisruptionBudget.maxUnavailable", False),
        ("updateStrategy.maxSurge", False),
        ("serverPod.podSecurityContext.runAsUser", False),
        ("autoscaling.metrics[0].resource.target.averageUtilization", False),
        ("global.imageRegistry", False),
    ],
)
def test_digits_are_text_only_where_text_is_wanted(path: str, is_text: bool) -> None:
    """A tag of digits stays text; a count, or a value for Kubernetes alone, does not."""
    assert takes_text(path) is is_text
