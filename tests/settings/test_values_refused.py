"""Bad values: one line that names the key path, the value, what is allowed and the origin."""

import pytest

from long_lived.settings import load

from .reasons import WHOLE, nested, reason

BAD_VALUES = [
    ("client.concurrency", "0", "0", WHOLE),
    ("client.concurrency", "-5", "-5", WHOLE),
    ("client.concurrency", "100001", "100001", WHOLE),
    ("client.concurrency", "1.5", "1.5", WHOLE),
    ("client.concurrency", "many", "'many'", WHOLE),
    ("client.concurrency", "true", "true", WHOLE),
    ("client.concurrency", "'3'", "'3'", WHOLE),
    ("client.concurrency", "1_000.5", "1000.5", WHOLE),
    ("client.concurrency", "1:30", "'1:30'", WHOLE),
    ("client.enabled", "1", "1", "must be true or false"),
    ("client.enabled", "'true'", "'true'", "must be true or false"),
    ("client.concurrency", "[5]", "[5]", WHOLE),
    ("client.concurrency", "{a: 1}", "{'a': 1}", WHOLE),
    ("client.concurrency", "''", "''", WHOLE),
    ("client.concurrency", "9" * 5000, f"'{'9' * 56}...", WHOLE),
    ("client.concurrency", "9" * 30, "1000000000000000019884624838656", WHOLE),
    ("server.replicas", "0", "0", "must be a whole number from 1 to 1000"),
    ("server.port", "70000", "70000", "must be a whole number from 1 to 65535"),
    ("server.port", "0", "0", "must be a whole number from 1 to 65535"),
    ("client.rampUpSeconds", "abc", "'abc'", "must be a number from 0 to 86400"),
    ("client.rampUpSeconds", "-0.1", "-0.1", "must be a number from 0 to 86400"),
    ("client.rampUpSeconds", "'01'", "'01'", "must be a number from 0 to 86400"),
    ("client.rampUpSeconds", "'1e3'", "'1e3'", "must be a number from 0 to 86400"),
    ("client.rampUpSeconds", "'nan'", "'nan'", "must be a number from 0 to 86400"),
    ("client.rampUpSeconds", "true", "true", "must be a number from 0 to 86400"),
    ("server.delay.maxSeconds", "10s", "'10s'", "must be a number from 0 to 86400"),
    ("server.gracefulTimeoutSeconds", "0.5", "0.5", "must be a whole number from 0 to 86400"),
    ("client.timeouts.connectSeconds", "0", "0", "must be a number above 0 up to 3600"),
    ("client.logResponses", "perhaps", "'perhaps'", "must be true or false"),
    ("server.runtime", "django", "'django'", "must be one of flask, gunicorn, go"),
    ("client.engine", "trio", "'trio'", "must be one of threads, gevent, asyncio"),
    ("client.keepAlive.mode", "on", "true", "must be one of persistent, per-request"),
    ("client.url", "ftp://x/", "'ftp://x/'", "must be an http:// or https:// address"),
    ("client.url", "'http://'", "'http://'", "must be an http:// or https:// address"),
    ("client.url", "'http:x'", "'http:x'", "must be an http:// or https:// address"),
    ("client.url", "'http:///x'", "'http:///x'", "must be an http:// or https:// address"),
    ("client.url", "' http://x'", "' http://x'", "must be an http:// or https:// address"),
    ("client.url", "'http:\\\\x'", "'http:\\\\\\\\x'", "must be an http:// or https:// address"),
    ("client.url", "http://x:0/", "'http://x:0/'", "must be an http:// or https:// address"),
    (
        "client.url",
        "http://x:70000/",
        "'http://x:70000/'",
        "must be an http:// or https:// address",
    ),
    ("client.url", "localhost", "'localhost'", "must be an http:// or https:// address"),
    ("client.url", "8000", "8000", "must be an http:// or https:// address"),
    ("client.thinkTime", "3", "3", "must be a map"),
    ("client", "[1]", "[1]", "must be a map"),
    ("experiment.name", "Big Name", "'Big Name'", "must match ^[a-z0-9]"),
    ("experiment.name", "''", "''", "must match ^[a-z0-9]"),
    ("experiment.maxFailedRatio", "1.1", "1.1", "must be a number from 0 to 1"),
    ("experiment.description", "5", "5", "must be text"),
    ("experiment.event", "5", "5", "must be a map"),
    ("experiment.event.kind", "reboot", "'reboot'", "must be one of none, restart, rollout, "),
    ("experiment.event.afterSeconds", "-1", "-1", "must be a number from 0 to 86400"),
    ("experiment.event.count", "0", "0", "must be a whole number from 1 to 1000"),
    ("experiment.event.count", "0.5", "0.5", "must be a whole number from 1 to 1000"),
    ("experiment.event.surge", "-1", "-1", "must be a whole number from 0 to 1000"),
    ("experiment.event.unavailable", "1001", "1001", "must be a whole number from 0 to 1000"),
    ("experiment.event.replacementSeconds", "3601", "3601", "must be a number from 0 to 3600"),
    ("experiment.event.serviceLagSeconds", "-0.5", "-0.5", "must be a number from 0 to 3600"),
]


@pytest.mark.parametrize(
    ("path", "given", "shown", "allowed"),
    BAD_VALUES,
    ids=[f"{path}={given[:20]}" for path, given, _, _ in BAD_VALUES],
)
def test_bad_value_in_a_file_is_refused(
    path: str, given: str, shown: str, allowed: str, write_values
) -> None:
    """The refusal names path, value, what is allowed, and the file."""
    file = write_values(nested(path, given))
    line = reason([file], [], {})
    assert line.startswith(f"{path} = {shown} is not allowed: {allowed}")
    assert line.endswith(f"(in {file} line 1)")


@pytest.mark.parametrize(
    "content",
    [
        "client:",
        "client: ~\n",
        "client: {concurrency: null}",
        "client: {thinkTime: }",
        "experiment: {event: {count: Null}}",
        "service:",
    ],
)
def test_null_for_what_the_chart_needs_is_refused(content: str, write_values) -> None:
    """The lab refuses a null where Helm does."""
    file = write_values(content)
    line = reason([file], [], {})
    assert " = null is not allowed: leave it out to get its default" in line
    assert line.endswith(f"(in {file} line 1)")


def test_null_for_an_unknown_key_is_refused(write_values) -> None:
    """A null removes a default; a key without one stays unknown."""
    file = write_values("client: {concurrancy: null}")
    assert reason([file], [], {}) == (
        "client.concurrancy = null is not a setting: did you mean client.concurrency? "
        f"(in {file} line 1)"
    )


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("client.concurrancy", "did you mean client.concurrency?"),
        ("client.thinkTime.minSecond", "did you mean client.thinkTime.minSeconds?"),
        ("client.think_time", "did you mean client.thinkTime?"),
        ("zebra", "allowed: client, experiment, metrics, server"),
        ("Server", "did you mean server?"),
        ("client.keepAlive.zebra", "allowed: jitterRatio, maxAgeSeconds, maxRequests, mode"),
    ],
)
def test_unknown_key_is_refused_from_every_source(path: str, hint: str, write_values) -> None:
    """It is an error in a file, a flag and the environment."""
    file = write_values(nested(path, "x"))
    expected = f"{path} = 'x' is not a setting: {hint} "
    assert reason([file], [], {}) == f"{expected}(in {file} line 1)"
    assert reason([], [f"{path}=x"], {}) == f"{expected}(in --set {path}=x)"


def test_refusal_names_the_line_of_the_key(write_values) -> None:
    """In a long file the line is that of the key, even behind an anchor."""
    file = write_values("server:\n  port: 80\n\n  delay: &a\n    minSeconds: x\nclient: {}\n")
    assert reason([file], [], {}).endswith(f"(in {file} line 5)")


def test_origin_is_that_of_the_source_that_won(write_values) -> None:
    """Of two files, the one that gave the value is named."""
    good, bad = write_values("server: {port: 80}"), write_values("server: {port: 0}")
    assert reason([good, bad], [], {}).endswith(f"(in {bad} line 1)")
    assert load([bad, good], [], {}).server.port == 80


def test_several_bad_values_are_refused_in_one_line() -> None:
    """All complaints come at once, in one line."""
    line = reason([], ["server.port=0", "client.concurrency=0"], {})
    assert "server.port = 0" in line
    assert "client.concurrency = 0" in line


@pytest.mark.parametrize(
    "url",
    ["", "http://x", "HTTP://x:80/a?b=c", "http://[::1]:8000/", "http://10.0.0.1/", "http://ä.x/"],
)
def test_http_address_is_allowed(url: str, write_values) -> None:
    """An http address, or an empty one, is accepted as written."""
    assert load([write_values(f"client: {{url: {url!r}}}")], [], {}).client.url == url
