"""The settings when nobody sets anything."""

import os

import pytest
from pydantic import ValidationError

from long_lived.settings import Settings, load

DEFAULTS = {
    "server": {
        "enabled": True,
        "replicas": 3,
        "runtime": "flask",
        "port": 8000,
        "delay": {"minSeconds": 20, "maxSeconds": 60},
        "keepAlive": {
            "maxRequests": 0,
            "maxAgeSeconds": 0,
            "jitterRatio": 0.2,
            "idleTimeoutSeconds": 0,
        },
        "gunicorn": {"workerClass": "gthread-repaired", "threads": 0},
        "backlog": 16384,
        "gracefulTimeoutSeconds": 0,
        "headerTimeoutSeconds": 30,
        "proxy": "none",
    },
    "client": {
        "enabled": True,
        "url": "",
        "target": {
            "identity": "pod",
            "method": "GET",
            "headers": {},
            "bodyFile": "",
            "status": "200",
            "host": "",
            "tls": {"caFile": "", "certFile": "", "keyFile": "", "insecure": False},
        },
        "concurrency": 1000,
        "requestsPerUser": 1,
        "durationSeconds": 0,
        "thinkTime": {"minSeconds": 1, "maxSeconds": 3},
        "rampUpSeconds": 2,
        "keepAlive": {
            "maxRequests": 0,
            "maxAgeSeconds": 0,
            "jitterRatio": 0.2,
            "mode": "persistent",
        },
        "connections": "per-user",
        "balancing": "service",
        "headless": {"policy": "round-robin", "resolveSeconds": 5},
        "timeouts": {"connectSeconds": 30, "readSeconds": 0},
        "readiness": {"timeoutSeconds": 120, "path": "/readyz", "status": "200", "host": ""},
        "engine": "threads",
        "logResponses": True,
        "parallelism": 1,
        "seed": None,
    },
    "experiment": {
        "name": "default",
        "description": "",
        "expect": "even",
        "maxFailedRatio": 0.01,
        "evenWithin": 0.1,
        "event": {
            "kind": "none",
            "afterSeconds": 15,
            "count": 2,
            "surge": 1,
            "unavailable": 0,
            "replacementSeconds": 2,
            "serviceLagSeconds": 1,
        },
    },
    "metrics": {
        "enabled": False,
        "port": 9464,
        "namespace": "",
        "labels": {},
        "podMonitor": {"enabled": False, "intervalSeconds": 15},
        "rules": {"enabled": False},
        "dashboard": {"enabled": False},
    },
}


def test_defaults_are_these_and_no_others() -> None:
    """Every default is listed here, so that a change of one is visible."""
    assert load([], [], {}).as_values() == DEFAULTS


def test_settings_without_sources_are_the_defaults() -> None:
    """Loading gives the models' own defaults."""
    assert Settings().as_values() == DEFAULTS


def test_settings_read_no_variable_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only loading reads the environment, and only names with the prefix."""
    monkeypatch.setenv("SERVER", '{"port": 1}')
    assert Settings().server.port == DEFAULTS["server"]["port"]
    assert load().server.port == DEFAULTS["server"]["port"]


def test_settings_from_equal_sources_are_equal() -> None:
    """Settings are values: equal if their fields are, and of one class."""
    assert load([], ["server.port=1"], {}) == load([], ["server.port=1"], {})
    assert load([], ["server.port=1"], {}) != load([], ["server.port=2"], {})
    assert load([], [], {}) == Settings()


def test_load_without_environment_reads_that_of_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By default the variables of the process count."""
    monkeypatch.setenv("LONG_LIVED__CLIENT__CONCURRENCY", "7")
    assert load().client.concurrency == 7
    assert load([], [], {}).client.concurrency == DEFAULTS["client"]["concurrency"]
    assert "LONG_LIVED__CLIENT__CONCURRENCY" in os.environ


@pytest.mark.parametrize(
    ("section", "field"),
    [
        ("", "client"),
        ("client", "concurrency"),
        ("client.think_time", "min_seconds"),
        ("experiment", "name"),
    ],
)
def test_settings_are_frozen(section: str, field: str) -> None:
    """Loaded settings cannot change."""
    owner: object = load([], [], {})
    for part in filter(None, section.split(".")):
        owner = getattr(owner, part)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(owner, field, getattr(owner, field))
