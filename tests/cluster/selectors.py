"""Which objects a selector means: by labels, in a request or an object, and by fields."""

import re
from collections.abc import Callable, Mapping

from .kinds import Object

Test = Callable[[Object], bool]

_SET = re.compile(r"(?P<key>\S+)\s+in\s+\((?P<values>[^)]*)\)")
_EQUALITY = re.compile(r"(?P<key>[^=!\s]+)==?(?P<values>[^=\s]*)")


def matches(selector: Mapping[str, str] | None, found: Object) -> bool:
    """Tell whether an object has all labels in a map; an empty map selects nothing."""
    labels = found["metadata"].get("labels") or {}
    return bool(selector) and selector.items() <= labels.items()


def chosen(query: Mapping[str, str]) -> Test:
    """Return the predicate that a request's labelSelector and fieldSelector ask for.

    Raises:
        ValueError: for a selector of an unknown form.
    """
    labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
    tests = [_test(part, _label) for part in re.split(r",(?![^(]*\))", labels) if part]
    tests += [_test(part, _field) for part in fields.split(",") if part]
    return lambda found: all(test(found) for test in tests)


def _test(text: str, value: Callable[[Object, str], str | None]) -> Test:
    match = _SET.fullmatch(text) or _EQUALITY.fullmatch(text)
    if not match:
        raise ValueError(f"unable to parse requirement: {text!r}")
    key, values = match["key"], {one.strip() for one in match["values"].split(",")}
    return lambda found: value(found, key) in values


def _label(found: Object, key: str) -> str | None:
    return (found["metadata"].get("labels") or {}).get(key)


def _field(found: Object, key: str) -> str:
    value: object = found
    for part in key.split("."):
        value = value.get(part, "") if isinstance(value, dict) else ""
    return str(value)
