"""Values that contradict each other are refused in one line with both."""

import pytest

from long_lived.settings import load

from .reasons import nested, reason


@pytest.mark.parametrize("section", ["server.delay", "client.thinkTime"])
def test_minimum_above_maximum_is_refused(section: str, write_values) -> None:
    """A range without values is refused with both of its bounds."""
    file = write_values(nested(section, "{minSeconds: 5.25, maxSeconds: 5.125}"))
    assert reason([file], [], {}) == (
        f"{section}.minSeconds = 5.25 is above {section}.maxSeconds = 5.125: "
        f"must be at most 5.125 (in {file} line 1)"
    )


def test_minimum_equal_to_maximum_is_allowed() -> None:
    """A range may hold a single value."""
    loaded = load([], ["server.delay.minSeconds=5,server.delay.maxSeconds=5"], {})
    assert loaded.server.delay.min_seconds == loaded.server.delay.max_seconds == 5


def test_minimum_above_the_default_maximum_is_refused() -> None:
    """A range is checked as a whole, including defaults."""
    assert reason([], ["client.thinkTime.minSeconds=4"], {}) == (
        "client.thinkTime.minSeconds = 4 is above client.thinkTime.maxSeconds = 3: "
        "must be at most 3 (in --set client.thinkTime.minSeconds=4)"
    )


def test_bounds_that_differ_little_are_shown_apart() -> None:
    """The two bounds of a refused range never look equal."""
    ends = "server.delay.minSeconds=1234.5679,server.delay.maxSeconds=1234.5678"
    assert "1234.5679 is above server.delay.maxSeconds = 1234.5678" in reason([], [ends], {})


EVENT = "experiment.event."
IMPOSSIBLE_EVENTS = [
    (
        f"{EVENT}kind=scale-down,{EVENT}count=3",
        f"{EVENT}count = 3 is not below server.replicas = 3: must be less than 3",
    ),
    *(
        (
            f"{EVENT}kind={kind},server.replicas=1",
            f"{EVENT}count = 2 is above server.replicas = 1: must be at most 1",
        )
        for kind in ("restart", "crash", "kill")
    ),
    (
        f"{EVENT}kind=drain,server.runtime=gunicorn,{EVENT}count=4",
        f"{EVENT}count = 4 is above server.replicas = 3: must be at most 3",
    ),
    (
        f"client.durationSeconds=10,{EVENT}kind=crash,{EVENT}afterSeconds=10",
        f"{EVENT}afterSeconds = 10 is not below client.durationSeconds = 10: must be less than 10",
    ),
    (
        f"client.durationSeconds=1.5,{EVENT}kind=rollout,{EVENT}afterSeconds=1.625",
        f"{EVENT}afterSeconds = 1.625 is not below client.durationSeconds = 1.5: "
        "must be less than 1.5",
    ),
    *(
        (
            f"{EVENT}kind={kind},server.replicas=null",
            f"{EVENT}kind = {kind}: server.replicas = null leaves their number to an autoscaler; "
            "it must be a number",
        )
        for kind in ("scale-up", "scale-down")
    ),
    (
        f"{EVENT}kind=rollout,{EVENT}surge=0",
        f"{EVENT}surge = 0: must be above 0 where {EVENT}unavailable = 0",
    ),
    *(
        (
            f"{EVENT}kind=drain,server.runtime={runtime}",
            f"{EVENT}kind = drain: server.runtime = {runtime} ends at once; "
            "server.gracefulTimeoutSeconds must be above 0",
        )
        for runtime in ("flask", "go")
    ),
]
IMPOSSIBLE_CONNECTIONS = [
    (
        "client.keepAlive.mode=recycle",
        "client.keepAlive.mode = recycle: client.keepAlive.maxRequests or "
        "client.keepAlive.maxAgeSeconds must be above 0",
    ),
    (
        "client.keepAlive.maxRequests=5",
        "client.keepAlive.maxRequests = 5: has no effect with client.keepAlive.mode = persistent; "
        "must be 0, or the mode recycle",
    ),
    (
        "client.keepAlive.maxAgeSeconds=0.5,client.keepAlive.mode=per-request",
        "client.keepAlive.maxAgeSeconds = 0.5: has no effect with client.keepAlive.mode = "
        "per-request; must be 0, or the mode recycle",
    ),
    (
        "client.balancing=headless,server.proxy=haproxy",
        "client.balancing = headless: goes past server.proxy = haproxy; must be service",
    ),
]

ELSEWHERE = "server.enabled=false,client.url=http://a.example/"
OURS = "needs servers of ours (server.enabled = false); must be"
IMPOSSIBLE_TARGETS = [
    (
        "server.enabled=false",
        "server.enabled = false: there is nothing to load; client.url must name a service that is "
        "there already",
    ),
    (f"{ELSEWHERE},client.enabled=false", f"client.enabled = false: {OURS} true"),
    (f"{ELSEWHERE},client.balancing=headless", f"client.balancing = headless: {OURS} service"),
    (f"{ELSEWHERE},client.readiness.host=a.b", f"client.readiness.host = a.b: {OURS} empty"),
    (f"{ELSEWHERE},server.proxy=haproxy", f"server.proxy = haproxy: {OURS} none"),
    (f"{ELSEWHERE},{EVENT}kind=rollout", f"{EVENT}kind = rollout: {OURS} none"),
    (
        "client.target.tls.keyFile=a",
        "client.target.tls.keyFile = a: belongs to a certificate; certFile must name it",
    ),
    (
        "client.url=https://a.example/,client.engine=asyncio",
        "client.engine = asyncio: speaks no TLS; must be threads or gevent where client.url is "
        "https://",
    ),
    *(
        (
            f"client.url=http://a.example/,client.target.tls.{key}={value}",
            f"client.target.tls.{key} = {value}: has no effect without TLS; must be left out, or "
            "client.url be https://",
        )
        for key, value in (("caFile", "a"), ("certFile", "b"), ("insecure", "true"))
    ),
]
HEADER = "client.target.headers"
IMPOSSIBLE_HEADERS = [
    (
        f"{HEADER}.authorization=Bearer hunter2",
        f"{HEADER}.authorization = (not shown): a secret is not kept in values; must be env:NAME "
        "or file:PATH",
    ),
    (f"{HEADER}.HOST=a", f"{HEADER}.HOST is not allowed: the client writes that header itself"),
    (f"{HEADER}.X Y=a", f"{HEADER}.X Y is not allowed: must be the name of a header"),
]


@pytest.mark.parametrize(("override", "words"), IMPOSSIBLE_HEADERS)
def test_header_that_cannot_be_is_refused_and_not_shown(override: str, words: str) -> None:
    """No value of a header is ever repeated, because it may be a secret."""
    assert reason([], [override], {}) == f"{words} (in --set {override.partition('=')[0]})"


def test_header_of_no_printable_text_is_refused_and_not_shown() -> None:
    """Nor is one whose value cannot be sent."""
    told = reason([], [f"{HEADER}.X-Key=hunter2 "], {})
    assert told.startswith(f"{HEADER}.X-Key = (not shown) is not allowed: must match ")
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("pod=.*", "has 0 groups; must have one, around the name"),
        ("(a)(b)", "has 2 groups; must have one, around the name"),
        ("pod=(", "no regular expression (missing ), unterminated subpattern at position 4); "),
        (r"(\u0041)", r"no regular expression (bad escape \u at position 1); "),
        ("(?u)(a)", "no regular expression (bad inline flags: cannot use 'u' flag with a bytes "),
    ],
)
def test_pattern_without_one_group_is_refused(pattern: str, why: str) -> None:
    """Which part of a match is the name must be clear."""
    told = reason([], [f"client.target.identity=regex:{pattern}"], {})
    assert told.startswith(f"client.target.identity = regex:{pattern}: {why}")


@pytest.mark.parametrize(
    ("key", "start", "most"),
    [
        ("client.target.identity", "json:", 500),
        ("client.readiness.path", "/", 2000),
        ("client.target.bodyFile", "", 4096),
    ],
)
def test_text_that_is_too_long_is_refused_with_its_limit(key: str, start: str, most: int) -> None:
    """What it must look like would explain nothing: it looks like that."""
    longest = start.ljust(most, "a")
    assert load([], [f"{key}={longest}"], {})
    told = reason([], [f"{key}={longest}a"], {})
    assert f"is not allowed: must be at most {most:,} characters (in --set" in told


@pytest.mark.parametrize(
    ("override", "words"), [*IMPOSSIBLE_EVENTS, *IMPOSSIBLE_CONNECTIONS, *IMPOSSIBLE_TARGETS]
)
def test_values_that_cannot_be_together_are_refused(override: str, words: str) -> None:
    """An impossible value, or one without effect, is refused with the one it conflicts with."""
    assert reason([], [override], {}).removesuffix(f" (in --set {override})") == words


def test_impossible_event_is_refused_with_its_origin(write_values) -> None:
    """The refusal names the source of the value, not that of its limit."""
    file = write_values("experiment: {event: {kind: restart, count: 3}}")
    assert reason([file], ["server.replicas=2"], {}).endswith(f"at most 2 (in {file} line 1)")


POSSIBLE = {
    "all-restarted": f"{EVENT}kind=restart,{EVENT}count=3",
    "all-of-one": f"server.replicas=1,{EVENT}kind=kill,{EVENT}count=1",
    "one-is-left": f"{EVENT}kind=scale-down,{EVENT}count=2",
    "many-more": f"{EVENT}kind=scale-up,{EVENT}count=900",
    "before-the-end": f"client.durationSeconds=10,{EVENT}kind=restart,{EVENT}afterSeconds=9.5",
    "no-end": f"client.durationSeconds=0,{EVENT}kind=restart,{EVENT}afterSeconds=100",
    "none": f"server.replicas=1,{EVENT}count=1000,client.durationSeconds=10",
    "autoscaled": f"server.replicas=null,{EVENT}kind=restart,{EVENT}count=900",
    "surge-alone": f"{EVENT}kind=rollout",
    "unavailable-alone": f"{EVENT}kind=rollout,{EVENT}surge=0,{EVENT}unavailable=1",
    "gunicorn-drains": f"{EVENT}kind=drain,server.runtime=gunicorn,server.gracefulTimeoutSeconds=0",
    "go-drains": f"{EVENT}kind=drain,server.runtime=go,server.gracefulTimeoutSeconds=5",
    "recycled": "client.keepAlive.mode=recycle,client.keepAlive.maxRequests=5",
    "headless": "client.balancing=headless",
    "proxied": "server.proxy=haproxy",
    "elsewhere": f"{ELSEWHERE},client.target.identity=header:X-Pod,server.replicas=null",
    "secure": "client.url=https://a.example/,client.target.tls.certFile=a,"
    f"client.target.tls.insecure=true,{HEADER}.Authorization=env:TOKEN",
}


@pytest.mark.parametrize("override", POSSIBLE.values(), ids=POSSIBLE)
def test_values_that_can_be_together_are_allowed(override: str) -> None:
    """The twins: each is the last possible value, or contradicts nothing."""
    assert load([], [override], {})
