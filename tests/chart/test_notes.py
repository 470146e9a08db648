"""What Helm prints after an installation: the next commands, and what makes the run meaningless."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cluster.api import running
from tests.server.variants import ALL, Variant

from .conftest import CHART, FILL_EVERYTHING, ROOT, SCENARIOS, helm_on

Notes = Callable[..., str]


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notes]:
    """Return a function that returns the notes of an installation with these flags."""
    with running(tmp_path_factory.mktemp("notes")) as (_, kubeconfig):

        def installed(*flags: str) -> str:
            done = helm_on(
                kubeconfig,
                *("install", "demo", str(CHART), "--namespace", "lab", "--dry-run=client"),
                *("--disable-openapi-validation", *flags),
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


@pytest.mark.parametrize("variant", ALL, ids=lambda variant: variant.name)
def test_notes_know_which_runtimes_keep_connections(notes: Notes, variant: Variant) -> None:
    """A user's three requests share a connection, unless every answer closes its own."""
    sets = ",".join(variant.settings)
    text = notes("--set", f"client.concurrency=1,client.requestsPerUser=3,{sets}")
    assert ("the run opens 1 connection(s) for 3 replicas" in text) == variant.keeps


def test_notes_follow_all_clients_where_there_are_several(notes: Notes) -> None:
    """`job/…` would show only one pod."""
    text = notes("--set", "client.parallelism=3")
    assert "--max-log-requests=3" in text
    assert "job-name=demo-long-lived-client-1" in text


def test_notes_without_client_show_the_test(notes: Notes) -> None:
    """Without a client the next step is `helm test`, which gets the time it needs."""
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
        (
            "client.concurrency=30000,clientPod.resources=null,serverPod.resources=null",
            "about 28,000 ports",
        ),
        (
            "client.concurrency=3000",
            "clientPod.resources.requests.memory is 128Mi: 3000 virtual users take about 207 MB",
        ),
        (
            "client.concurrency=3000,client.engine=gevent,clientPod.resources.requests.memory=130M",
            "clientPod.resources.requests.memory is 130M: 3000 virtual users take about 138 MB",
        ),
        (
            "client.concurrency=1500,clientPod.resources.limits.memory=100Mi",
            "clientPod.resources.limits.memory is 100Mi: 1500 virtual users take about 119 MB",
        ),
        (
            "client.parallelism=7",
            "serverPod.resources.requests.memory is 128Mi: 2334 requests in flight on each replica",
        ),
        (
            "server.runtime=gunicorn,client.parallelism=5",
            "take about 147 MB",
        ),
        ("job.ttlSecondsAfterFinished=60", "deleted with them"),
        ("server.port=80", "below 1024"),
    ],
)
def test_notes_warn(notes: Notes, sets: str, warning: str) -> None:
    """A value that spoils the result gives a warning."""
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
        "client.concurrency=1,client.requestsPerUser=3,server.runtime=gunicorn,"
        "server.gunicorn.workerClass=sync-repaired",
        "client.concurrency=28000,clientPod.resources=null,serverPod.resources=null",
        "client.parallelism=6",
        "client.parallelism=50,server.replicas=null",
        "client.parallelism=50,server.runtime=go",
        "client.parallelism=50,server.runtime=gunicorn,server.gunicorn.workerClass=gevent",
        "client.concurrency=1800,clientPod.resources.requests.memory=0.2G",
        "client.concurrency=1800,clientPod.resources.requests.memory=200000000",
        "server.replicas=null",
        "server.port=1024",
        "service.internalTrafficPolicy=Cluster",
        "global.imageRegistry=registry.example,images.registry=",
    ],
)
def test_notes_do_not_warn_without_reason(notes: Notes, sets: str) -> None:
    """The twins of the cases above give none."""
    assert "WARNING" not in notes("--set", "images.registry=registry.example", "--set", sets)


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_scenario_asks_for_the_memory_that_it_takes(notes: Notes, file: Path) -> None:
    """Scenarios that ship with the project need no warning."""
    assert "memory" not in notes("--values", str(file))


MEASURED = re.compile(r"^\| (server|client) `(\w+)`[^|]*\| ([\d,]+) \| (\d+) MB \|$", re.MULTILINE)


def test_memory_of_the_notes_is_that_of_the_table(notes: Notes) -> None:
    """The notes agree with each row of the table in docs/cost.md, within a tenth."""
    rows = MEASURED.findall((ROOT / "docs" / "cost.md").read_text())
    assert len(rows) == 9
    for part, app, load, megabytes in rows:
        sets = f"client.concurrency={load.replace(',', '')},server.replicas=1"
        key, flag = {
            "server": ("serverPod", "server.runtime"),
            "client": ("clientPod", "client.engine"),
        }[part]
        tight = f"{key}.resources.limits.memory=1M"
        text = notes("--set", sets, "--set", f"{flag}={app}", "--set", tight)
        (found,) = re.findall(rf"{key}.*take about (\d+) MB", text)
        assert int(found) == pytest.approx(int(megabytes), rel=0.1)


@pytest.mark.parametrize(
    "sets", ["server.replicas=null", "client.enabled=false,server.replicas=null"]
)
def test_notes_without_a_number_of_replicas_name_none(notes: Notes, sets: str) -> None:
    """An autoscaler decides the number."""
    text = notes("--set", sets)
    assert "nil" not in text
    assert re.search(r"soon as all server pod|^The server pod", text, re.MULTILINE)


def test_notes_print_the_upgrade_that_keeps_what_was_set(notes: Notes) -> None:
    """`--set` alone would start again from the chart's defaults."""
    keeps = "helm --namespace lab upgrade demo charts/long-lived --reset-then-reuse-values"
    assert f"{keeps} --set client.concurrency=10000" in notes()
    assert f"{keeps} --set client.enabled=true" in notes("--set", "client.enabled=false")


def test_notes_render_with_every_value_given(notes: Notes) -> None:
    """No branch of the notes fails."""
    assert "WARNING" in notes("--values", str(FILL_EVERYTHING))
