"""The client's Job: how it runs, how long it stays, and its name, which distinguishes runs."""

import re
from pathlib import Path
from typing import Any

from tests.chart.conftest import FILL_EVERYTHING, SCENARIOS, loaded, render

from .filled import filled


def test_disabled_client_has_no_objects() -> None:
    """client.enabled=false installs only the server and its test."""
    rendered = render("client.enabled=false")
    assert rendered.find("Job") == []
    assert len(rendered.find("ConfigMap")) == 1
    assert rendered.find("Pod")


def test_release_without_servers_is_the_client_alone(tmp_path: Path) -> None:
    """server.enabled=false installs no Service, no Deployment and no test, and waits for none."""
    rendered = render("server.enabled=false,client.url=https://shop.example/", values=())
    assert {one["kind"] for one in rendered.manifests} == {"ConfigMap", "Job"}
    client = loaded(rendered, rendered.client_pod, tmp_path).client
    assert (client.url, client.readiness.host) == ("https://shop.example/", "")


def test_job_runs_each_client_once() -> None:
    """Indexed, one completion per client, never repeated; a lost client ends no other."""
    spec = render("client.parallelism=4").job["spec"]
    assert spec["completionMode"] == "Indexed"
    assert spec["parallelism"] == spec["completions"] == 4
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert spec["backoffLimitPerIndex"] == 0
    assert "backoffLimit" not in spec


def test_job_is_not_repeated_on_the_oldest_kubernetes() -> None:
    """Kubernetes before 1.29 would drop a limit per index and repeat a pod six times."""
    spec = render(flags=("--kube-version", "1.28.0")).job["spec"]
    assert spec["backoffLimit"] == 0
    assert "backoffLimitPerIndex" not in spec


def test_finished_job_stays_by_default() -> None:
    """Its pods' logs hold the result."""
    assert "ttlSecondsAfterFinished" not in render().job["spec"]
    assert filled().job["spec"]["ttlSecondsAfterFinished"] == 3600
    assert filled().job["metadata"]["annotations"] == {
        "example/job": "yes",
        "example/owner": "load",
    }


def test_job_is_named_after_its_settings_on_demand() -> None:
    """Without a release, changed settings make another Job, unless the client ignores them."""

    def name(*sets: str, **options: Any) -> str:
        rendered = render("job.nameSuffix=settings", *sets, **options)
        (volume, _) = rendered.client_pod["volumes"]
        assert volume["configMap"]["name"] == rendered.job["metadata"]["name"]
        assert rendered.find("ConfigMap", rendered.job["metadata"]["name"])
        return str(rendered.job["metadata"]["name"])

    for release in ("try", "two"):
        named = name(release=release)
        assert re.fullmatch(rf"{release}-long-lived-client-[0-9a-f]{{10}}", named)
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
    """Two Jobs of the same name agree in everything immutable."""
    jobs: dict[str, Any] = {}
    changes = ((), ("client.parallelism=3",), ("clientPod.extraEnv[0].name=A",))
    for file in (None, FILL_EVERYTHING, *SCENARIOS):
        for sets in changes if file in (None, FILL_EVERYTHING) else changes[:1]:
            values = (file,) if file else ()
            job = render("job.nameSuffix=settings", *sets, values=values).job
            spec = {
                key: job["spec"][key] for key in job["spec"] if key != "ttlSecondsAfterFinished"
            }
            assert jobs.setdefault(job["metadata"]["name"], spec) == spec
    assert len(jobs) > len(SCENARIOS)


def test_job_name_carries_the_revision() -> None:
    """The suffix distinguishes runs, so it is never cut (see also the upgrades)."""
    assert render().job["metadata"]["name"] == "try-long-lived-client-1"
    volumes = render().client_pod["volumes"]
    assert volumes[0]["configMap"]["name"] == "try-long-lived-client-1"
