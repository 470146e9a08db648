"""What Helm says after an installation: the next commands, and what makes the run meaningless."""

import os
import subprocess
from collections.abc import Callable, Iterator

import pytest
from tests.cluster.api import running

from .conftest import CHART, FILL_EVERYTHING, ROOT, command

Notes = Callable[..., str]


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notes]:
    """Give a function that returns the notes of an installation with these flags."""
    with running(tmp_path_factory.mktemp("notes")) as (_, kubeconfig):

        def installed(*flags: str) -> str:
            done = subprocess.run(
                [
                    command("helm"),
                    *("install", "demo", str(CHART), "--namespace", "lab", "--dry-run=client"),
                    *("--disable-openapi-validation", *flags),
                ],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=60,
                env={**os.environ, "KUBECONFIG": str(kubeconfig)},
                check=False,
            )
            assert done.returncode == 0, done.stderr
            return done.stdout.partition("NOTES:\n")[2]

        yield installed


def test_notes_name_the_next_commands(notes: Notes) -> None:
    """Follow, verify and restart, each with the real names."""
    text = notes()
    assert "kubectl --namespace lab logs --follow" in text
    assert "job/demo-long-lived-client-1" in text
    assert "make verify RELEASE=demo NAMESPACE=lab" in text
    assert "make restart RELEASE=demo NAMESPACE=lab\n" in text
    assert "app.kubernetes.io/instance=demo,app.kubernetes.io/component=server" in text
    assert "kubectl --namespace lab delete" in text


def test_notes_follow_all_clients_where_there_are_several(notes: Notes) -> None:
    """`job/…` would show one pod alone."""
    text = notes("--set", "client.parallelism=3")
    assert "--max-log-requests=3" in text
    assert "job-name=demo-long-lived-client-1" in text


def test_notes_without_client_show_the_test(notes: Notes) -> None:
    """With the server alone the next step is `helm test`, which gets the time it needs."""
    text = notes("--set", "client.enabled=false,server.delay.maxSeconds=600")
    assert "helm --namespace lab test demo --timeout 720s" in text
    assert "make verify" not in text


@pytest.mark.parametrize(
    ("sets", "warning"),
    [
        ("images.registry=", "images.registry is empty"),
        ("server.replicas=1", "server.replicas is 1"),
        ("service.sessionAffinity=ClientIP", "at most 1 of 3 get anything"),
        ("service.trafficDistribution=PreferClose", "uneven by design"),
        ("service.internalTrafficPolicy=Local", "uneven by design"),
        ("client.concurrency=2", "the run opens 2 connection(s) for 3 replicas"),
        ("client.concurrency=30000", "about 28,000 ports"),
        ("job.ttlSecondsAfterFinished=60", "deleted with them"),
        ("server.port=80", "below 1024"),
    ],
)
def test_notes_warn(notes: Notes, sets: str, warning: str) -> None:
    """A value that spoils the result is said at once."""
    text = notes("--set", "images.registry=registry.example", "--set", sets)
    assert text.count("WARNING") == 1
    assert warning in text


@pytest.mark.parametrize(
    "sets",
    [
        "server.replicas=2",
        "service.sessionAffinity=ClientIP,client.parallelism=3",
        "client.concurrency=1,client.requestsPerUser=3",
        "client.concurrency=1,client.durationSeconds=60",
        "client.concurrency=28000",
        "server.port=1024",
        "service.internalTrafficPolicy=Cluster",
        "global.imageRegistry=registry.example,images.registry=",
    ],
)
def test_notes_do_not_warn_without_reason(notes: Notes, sets: str) -> None:
    """The twins of the cases above stay silent."""
    assert "WARNING" not in notes("--set", "images.registry=registry.example", "--set", sets)


def test_notes_render_with_every_value_given(notes: Notes) -> None:
    """No branch of the notes fails."""
    assert "WARNING" in notes("--values", str(FILL_EVERYTHING))
