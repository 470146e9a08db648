"""Which objects a selector means: of labels, as in a request or an object, and of fields."""

import re
from collections.abc import Callable, Mapping

from .kinds import Object

Test = Callable[[Object], bool]

_SET = re.compile(r"(?P<key>\S+)\s+(?P<verb>in|notin)\s+\((?P<values>[^)]*)\)")


def matches(selector: Mapping[str, str] | None, found: Object) -> bool:
    """Tell whether an object has all labels of a map; an empty map selects nothing."""
    labels = found["metadata"].get("labels") or {}
    return bool(selector) and selector.items() <= labels.items()


def chosen(query: Mapping[str, str]) -> Test:
    """Return the test that a request's labelSelector and fieldSelector ask for.

    Raises:
        ValueError: a selector of a form that is not known.
    """
    tests = [
        _label_test(part.strip())
        for part in re.split(r",(?![^(]*\))", query.get("labelSelector", ""))
        if part.strip()
    ]
    tests += [_field_test(part) for part in query.get("fieldSelector", "").split(",") if part]
    return lambda found: all(test(found) for test in tests)


def _label_test(text: str) -> Test:
    if match := _SET.fullmatch(text):
        values = {value.strip() for value in match["values"].split(",")}
        inside = match["verb"] == "in"
        return lambda found: (_labels(found).get(match["key"]) in values) == inside
    if re.fullmatch(r"!?[\w./-]+", text):
        key = text.removeprefix("!")
        return lambda found: (key in _labels(found)) != text.startswith("!")
    return _equality(text, lambda found, key: _labels(found).get(key))


def _field_test(text: str) -> Test:
    def field(found: Object, key: str) -> str:
        value: object = found
        for part in key.split("."):
            value = value.get(part, "") if isinstance(value, dict) else ""
        return str(value)

    return _equality(text, field)


def _equality(text: str, value: Callable[[Object, str], str | None]) -> Test:
    match = re.fullmatch(r"([^=!\s]+)\s*(==?|!=)\s*(\S*)", text)
    if not match:
        raise ValueError(f"unable to parse requirement: {text!r}")
    key, sign, wanted = match.groups()
    return lambda found: (value(found, key) == wanted) == (sign != "!=")


def _labels(found: Object) -> dict[str, str]:
    return found["metadata"].get("labels") or {}
