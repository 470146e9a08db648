"""Bad flags: one line with the flag as given."""

import pytest

from .reasons import WHOLE, reason


@pytest.mark.parametrize(
    ("sources", "origin"),
    [
        (([], ["client.concurrency=0"], {}), "in --set client.concurrency=0"),
        (
            ([], ["server.port=1,client.concurrency=0"], {}),
            "in --set server.port=1,client.concurrency=0",
        ),
    ],
    ids=["flag", "one-of-two-in-a-flag"],
)
def test_bad_value_in_a_flag_is_refused_with_its_origin(sources, origin: str) -> None:
    """Flags are refused in the same words as files."""
    assert reason(*sources) == f"client.concurrency = 0 is not allowed: {WHOLE} ({origin})"


@pytest.mark.parametrize(
    ("override", "part"),
    [
        ("client", "'client'"),
        ("", "''"),
        ("=5", "'=5'"),
        ("client..x=5", "'client..x=5'"),
        (".client=5", "'.client=5'"),
        ("client.concurrency=1,", "''"),
    ],
)
def test_malformed_override_is_refused(override: str, part: str) -> None:
    """--set takes key.path=value."""
    assert reason([], [override], {}) == (
        f"--set {override}: {part} is not a setting: must be key.path=value"
    )


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["client=5"], "client = '5' is not allowed: must be a map"),
        (["client.concurrency.x=5"], f"client.concurrency = {{'x': '5'}} is not allowed: {WHOLE}"),
        (["client.concurrency=1", "client.concurrency.x=5"], "concurrency is also given as"),
        (["client.concurrency=1", "client=5"], "client is a map: set a key in it"),
    ],
    ids=["map", "below-a-value", "both-value-first", "both-map-first"],
)
def test_override_at_the_wrong_depth_is_refused(overrides: list[str], words: str) -> None:
    """A value in place of a map, or a key below a value, is refused."""
    assert words in reason([], overrides, {})


@pytest.mark.parametrize("char", ["\n", "\r", "\x1b", "\x85", "\u2028", "\u202e"], ids=ascii)
def test_line_breaks_of_the_user_are_escaped(char: str) -> None:
    """A line break or control character in a key or value does not break the line."""
    for override in (f"client.a{char}b=1", f"client.engine=a{char}b", f"client{char}"):
        line = reason([], [override], {})
        assert line.isprintable()
        assert ascii(char)[1:-1] in line
