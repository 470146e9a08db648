"""How a patch changes an object."""

from typing import Any


def merged(before: Any, patch: Any) -> Any:
    """Apply a merge patch that takes nothing away; lists are replaced as a whole."""
    if not isinstance(before, dict) or not isinstance(patch, dict):
        return patch
    return before | {key: merged(before.get(key), value) for key, value in patch.items()}


def applied(before: Any, last: Any, wanted: Any) -> Any:
    """Apply server-side: `wanted` wins, what only `last` had goes, what others wrote stays.

    `last` was applied before. Lists are replaced as a whole.
    """
    if not isinstance(before, dict) or not isinstance(wanted, dict):
        return wanted
    last = last if isinstance(last, dict) else {}
    result = {key: value for key, value in before.items() if key in wanted or key not in last}
    for key, value in wanted.items():
        result[key] = applied(before.get(key), last.get(key), value)
    return result
