"""Two labs in one release: `verify` and `restart` work on the one that is named."""

import json
from pathlib import Path

from tests.chart.umbrella import umbrella
from tests.cluster.place import Place
from tests.lab.cluster.runs.lab import Lab

QUICK = {
    "server.replicas": "2",
    "server.delay.minSeconds": "0.1",
    "server.delay.maxSeconds": "0.3",
    "client.concurrency": "40",
    "client.rampUpSeconds": "0",
    "experiment.expect": "any",  # one spread in a thousand is uneven by chance
}
OTHERS_DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "other",
        "labels": {
            "app.kubernetes.io/name": "other",
            "app.kubernetes.io/instance": "demo",
            "app.kubernetes.io/component": "server",
        },
    },
    "spec": {
        "replicas": 0,
        "selector": {"matchLabels": {"app": "other"}},
        "template": {"metadata": {"labels": {"app": "other"}}, "spec": {"containers": []}},
    },
}


def install(place: Place, chart: Path, *aliases: str) -> None:
    """Install a parent chart with quick settings for each alias, beside an unrelated server."""
    pairs = [f"{alias}.{key}={value}" for alias in aliases for key, value in QUICK.items()]
    flags = [part for pair in pairs for part in ("--set", pair)]
    status, output = place.run("helm", "install", "demo", str(chart), *flags)
    assert status == 0, output
    place.kubectl("create", "--filename", "-", given=json.dumps(OTHERS_DEPLOYMENT))


def servers(place: Place, app: str) -> set[str]:
    """Return the names of an application's server pods that are not being deleted."""
    return {
        name
        for name, pod in place.pods("server").items()
        if pod["metadata"]["labels"]["app.kubernetes.io/name"] == app
    }


def test_each_of_two_labs_is_verified_and_restarted_alone(
    place: Place, lab: Lab, tmp_path: Path
) -> None:
    """Without --app the user has to choose; with it neither pods nor runs are mixed up."""
    install(place, umbrella(tmp_path / "umbrella", ["loadTest", "second"]), "loadTest", "second")
    out = tmp_path / "results"
    for command in (["verify", "--out", str(out)], ["restart"]):
        status, output = lab.do(*command)
        assert status == 2
        assert "holds load-test, second: choose one with --app" in output
    for app in ("load-test", "second"):
        status, output = lab.do("verify", "--app", app, "--out", str(out))
        assert status == 0, output
        assert "40 of 40" in output
        record = json.loads((out / "latest" / "summary.json").read_text())
        assert set(record["replicas"]) == servers(place, app)

    before = {app: servers(place, app) for app in ("load-test", "second")}
    status, output = lab.do("restart", "--app", "second", "--keep", "0")
    assert status == 0, output
    assert servers(place, "load-test") == before["load-test"]
    assert not servers(place, "second") & before["second"]


def test_only_lab_of_a_release_needs_no_name(place: Place, lab: Lab, tmp_path: Path) -> None:
    """Another chart's server in the release is not taken for the lab's; a wrong name is refused."""
    install(place, umbrella(tmp_path / "umbrella", ["loadTest"]), "loadTest")
    status, output = lab.do("verify", "--out", str(tmp_path / "results"))
    assert status == 0, output
    status, output = lab.do("verify", "--app", "other-name")
    assert status == 2
    assert "release demo with other-name is not in namespace default" in output
