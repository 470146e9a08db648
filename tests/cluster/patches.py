"""How a patch changes an object."""

from typing import Any


def merged(before: Any, patch: Any) -> Any:
    """Apply a strategic merge patch, which matches list items by name."""
    if isinstance(before, dict) and isinstance(patch, dict):
        result = dict(before)
        for key, value in patch.items():
            if key.startswith("$"):
                continue
            if value is None:
                result.pop(key, None)
            else:
                result[key] = merged(result.get(key), value)
        return result
    if (
        isinstance(before, list)
        and isinstance(patch, list)
        and all(_named(x) for x in before + patch)
    ):
        kept = {item["name"]: item for item in before}
        for item in patch:
            if item.get("$patch") == "delete":
                kept.pop(item["name"], None)
            else:
                kept[item["name"]] = merged(kept.get(item["name"]), item)
        return list(kept.values())
    return merged({}, patch) if isinstance(patch, dict) and before is None else patch


def _named(item: Any) -> bool:
    return isinstance(item, dict) and "name" in item


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
