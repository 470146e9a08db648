"""The name of a replica in an answer that is not ours: found where settings say, not believed."""

import json

import pytest

from long_lived.client.target import expected as reading
from long_lived.client.target.expected import MOST_NAMES, MOST_OVERLONG, Expected
from long_lived.client.transport.errors import BadAnswer
from long_lived.record.lines import UNNAMED
from long_lived.settings.sections.target import Target

SECRET = "hunter2"


def expected(identity: str, **more: str) -> Expected:
    """Make what reads answers with this identity."""
    return Expected(Target(identity=identity, **more))


@pytest.mark.parametrize(
    ("identity", "headers", "body", "name"),
    [
        ("header:X-Pod", {"X-Pod": " web-1 "}, b"", "web-1"),
        ("header:X-Addr", {"X-Addr": "10.0.0.1:80, é"}, b"", "10.0.0.1_80___"),
        ("json:meta.pod", {}, b'{"meta": {"pod": "web-2"}}', "web-2"),
        ("json:number", {}, b'{"number": 7}', "7"),
        ("regex:<b>([^<]+)</b>", {}, b"<i>\xff</i> <b>web-3</b>", "web-3"),
        ("none", {}, b"\xff", UNNAMED),
    ],
)
def test_name_is_found_where_the_settings_say(
    identity: str, headers: dict[str, str], body: bytes, name: str
) -> None:
    """Characters that no name may have become underscores."""
    assert expected(identity).name(headers, body) == name


@pytest.mark.parametrize(
    ("identity", "headers", "body", "why"),
    [
        ("header:X-Pod", {"X-Other": SECRET}, b"", "no header X-Pod"),
        ("header:X-Pod", {"X-Pod": " "}, b"", "has 0 characters"),
        ("header:X-Pod", {"X-Pod": SECRET * 50}, b"", "has 350 characters"),
        ("json:pod", {}, SECRET.encode(), "body of 7 bytes is not JSON"),
        ("json:pod", {}, b"\xff", "is not JSON"),
        ("json:pod", {}, b'{"pod": true}', "no text at pod"),
        ("json:pod.name", {}, b'{"pod": "hunter2"}', "no text at pod.name"),
        ("json:pod", {}, b"[" * 3000 + b"]" * 3000, "is not JSON"),
        ("json:pod", {}, b'[["]",' * 200 + b"1" + b"]" * 400, "is not JSON"),
        ("regex:pod=(.+)", {}, SECRET.encode(), "body of 7 bytes does not match"),
    ],
)
def test_answer_without_a_name_is_refused_and_not_quoted(
    identity: str, headers: dict[str, str], body: bytes, why: str
) -> None:
    """An answer may repeat the secrets of its request, so the log does not repeat the answer."""
    with pytest.raises(BadAnswer, match=why) as refused:
        expected(identity).name(headers, body)
    assert SECRET not in str(refused.value)


def test_wide_json_is_no_deep_json() -> None:
    """Brackets side by side, or in text, are not nested."""
    body = json.dumps({"pod": "web-1", "items": [["[{" * 100]] * 1000}).encode()
    assert expected("json:pod").name({}, body) == "web-1"


def test_names_are_bounded() -> None:
    """A header that is new in each answer, as a request's id, fills neither memory nor tables."""
    names = expected("header:X-Request-Id")
    for number in range(MOST_NAMES):
        names.name({"X-Request-Id": f"{number}"}, b"")
    with pytest.raises(BadAnswer, match="one more replica than 1,000"):
        names.name({"X-Request-Id": "new"}, b"")
    assert names.name({"X-Request-Id": "0"}, b"") == "0"
    assert names.problem is not None
    assert "client.target.identity = header:X-Request-Id" in names.problem


def test_search_that_takes_for_ever_is_given_up(monkeypatch) -> None:
    """And after some of those none is tried, because a client stands still in each."""
    monkeypatch.setattr(reading, "SEARCH_SECONDS", 0.01)
    names, body = expected("regex:(a+)+$"), b"a" * 1000 + b"!"
    for _ in range(MOST_OVERLONG):
        with pytest.raises(BadAnswer, match=r"of 1,001 bytes took more than 0\.01 s"):
            names.name({}, body)
    with pytest.raises(BadAnswer, match="any more"):
        names.name({}, b"aaa")
    assert names.problem is not None
    assert names.problem.startswith("client.target.identity = regex:(a+)+$: 20 searches took")


@pytest.mark.parametrize(
    ("status", "counted", "others"),
    [("200", [200], [201, 404]), ("2xx,404", [200, 299, 404], [199, 300, 400, 40])],
)
def test_statuses_that_count(status: str, counted: list[int], others: list[int]) -> None:
    """A status is given as a number, or as a class of them."""
    read = expected("none", status=status)
    assert all(map(read.counts, counted))
    assert not any(map(read.counts, others))
