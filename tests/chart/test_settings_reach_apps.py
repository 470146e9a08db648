"""The apps read what Helm renders: the mounted files, loaded by the apps' own code."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from long_lived.settings import load

from .conftest import FILL_EVERYTHING, SCENARIOS, loaded, render

CHANGES = [
    ("server.replicas=7", 7),
    ("server.delay.minSeconds=1.5", 1.5),
    ("server.delay.maxSeconds=90", 90),
    ("server.runtime=gunicorn", "gunicorn"),
    ("server.runtime=go", "go"),
    ("server.keepAlive.maxRequests=100", 100),
    ("server.keepAlive.maxAgeSeconds=4.5", 4.5),
    ("server.keepAlive.jitterRatio=0.5", 0.5),
    ("server.proxy=haproxy", "haproxy"),
    ("client.concurrency=10000", 10_000),
    ("client.requestsPerUser=1000000", 1_000_000),
    ("client.keepAlive.mode=per-request", "per-request"),
    ("client.parallelism=4", 4),
    ("experiment.expect=pinned", "pinned"),
    ("experiment.event.afterSeconds=7.5", 7.5),
]


def at(tree: Any, path: str) -> Any:
    """Return the value at a key path."""
    for part in path.split("."):
        tree = tree[part]
    return tree


@pytest.mark.parametrize(("pair", "expected"), CHANGES, ids=[pair for pair, _ in CHANGES])
def test_client_loads_a_changed_value(pair: str, expected: Any, tmp_path: Path) -> None:
    """A `--set` reaches what the client's pods load, which differed before."""
    path = pair.partition("=")[0]
    before, after = render(), render(pair)
    assert at(loaded(before, before.client_pod, tmp_path).as_values(), path) != expected
    assert at(loaded(after, after.client_pod, tmp_path).as_values(), path) == expected


@pytest.mark.parametrize(
    ("pair", "expected"),
    [(pair, expected) for pair, expected in CHANGES if pair.startswith("server.")],
    ids=[pair for pair, _ in CHANGES if pair.startswith("server.")],
)
def test_server_loads_a_changed_value(pair: str, expected: Any, tmp_path: Path) -> None:
    """A `--set` below `server` reaches what the server's pods load."""
    rendered = render(pair)
    values = loaded(rendered, rendered.server_pod, tmp_path).as_values()
    assert at(values, pair.partition("=")[0]) == expected


@pytest.mark.parametrize("overlay", [FILL_EVERYTHING, *SCENARIOS], ids=lambda file: file.stem)
def test_client_loads_what_the_same_file_gives_without_a_cluster(
    overlay: Path, tmp_path: Path
) -> None:
    """Except for the release's names, one values file means the same to Helm and to the apps."""
    rendered = render(values=(overlay,))
    on_cluster = loaded(rendered, rendered.client_pod, tmp_path).as_values()
    here = load([overlay], environment={}).as_values()
    # Of these the templates read the rest.
    shared, given = on_cluster.pop("metrics"), here.pop("metrics")
    assert all(shared[key] == given[key] for key in ("enabled", "port"))
    for path, name in (("client.url", "url"), ("client.readiness.host", "host")):
        if not at(here, path):
            at(here, path.rpartition(".")[0])[name] = at(on_cluster, path)
    assert on_cluster == here


def test_server_reads_nothing_of_client_and_experiment() -> None:
    """The server's file holds the map `server`, and whether and where there are metrics."""
    rendered = render()
    told = yaml.safe_load(rendered.mounted(rendered.server_pod))
    assert set(told) == {"server", "metrics"}
    assert set(told["metrics"]) == {"enabled", "port"}


def test_client_calls_the_service_and_counts_the_headless_one(tmp_path: Path) -> None:
    """Without a url the client gets the release's own names, which its namespace resolves."""
    rendered = render()
    client = loaded(rendered, rendered.client_pod, tmp_path).client
    assert client.url == "http://try-long-lived-server/"
    assert client.readiness.host == "try-long-lived-server-headless"
    assert set(rendered.services) == {"try-long-lived-server", "try-long-lived-server-headless"}


def test_client_calls_the_port_of_the_service(tmp_path: Path) -> None:
    """A port other than 80 is in the url."""
    rendered = render("service.port=8080")
    client = loaded(rendered, rendered.client_pod, tmp_path).client
    assert client.url == "http://try-long-lived-server:8080/"


def test_given_url_and_host_are_kept(tmp_path: Path) -> None:
    """Names that the user gives are not replaced."""
    rendered = render("client.url=http://proxy.example/", "client.readiness.host=pods.example")
    client = loaded(rendered, rendered.client_pod, tmp_path).client
    assert (client.url, client.readiness.host) == ("http://proxy.example/", "pods.example")


def test_settings_travel_in_files_alone() -> None:
    """The only variable is POD_ID, which a file cannot know."""
    rendered = render()
    (server,) = rendered.server_pod["containers"]
    (client,) = rendered.client_pod["containers"]
    assert server["env"] == [
        {"name": "POD_ID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    ]
    assert "env" not in client


def test_extra_variables_are_added() -> None:
    """extraEnv reaches the containers, after POD_ID."""
    rendered = render(
        "serverPod.extraEnv[0].name=A,serverPod.extraEnv[0].value=b",
        "clientPod.extraEnv[0].name=C,clientPod.extraEnv[0].value=d",
    )
    (server,) = rendered.server_pod["containers"]
    (client,) = rendered.client_pod["containers"]
    assert [variable["name"] for variable in server["env"]] == ["POD_ID", "A"]
    assert client["env"] == [{"name": "C", "value": "d"}]
