"""What a replica may be called: one rule for servers, which say it, and clients, which read it."""

import re

MOST_CHARACTERS = 253
"""Longest name of a pod. Source: Kubernetes, "Object Names and IDs", DNS subdomain names."""

_ALPHABET = re.compile(r"[A-Za-z0-9._-]+")
"""Wider than a DNS subdomain's: on one machine a replica may go by its host name, which may have
capitals and underscores. No spaces or control characters, because log lines contain names."""

ALLOWED = f"1 to {MOST_CHARACTERS} letters, digits, dots, hyphens and underscores (ASCII)"

_OTHERS = re.compile(r"[^A-Za-z0-9._-]")


def is_pod_name(name: str) -> bool:
    """Tell whether a replica may be called `name`."""
    return len(name) <= MOST_CHARACTERS and _ALPHABET.fullmatch(name) is not None


def as_pod_name(name: str) -> str:
    """Return `name` with an underscore for each character that no name of a replica may have."""
    return _OTHERS.sub("_", name)
