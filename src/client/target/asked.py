"""The request that every virtual user sends, whatever engine sends it.

Values of headers may be secrets: they are read here, from where the settings say, and neither
errors nor `repr` show them.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from long_lived.settings import Client, SettingsError
from long_lived.settings.sections.target import REFERENCES

CLIENT_HEADER = "Long-Lived-Client"
"""Says which client sends, so that a server counts those of several clients separately."""

DRAW_HEADER = "Long-Lived-Draw"
"""Says how long the server is to wait: from 0, its shortest delay, to 1, its longest."""

HIDDEN = "(not shown)"
SHORTEST_SECRET = 8
"""Characters of what is hidden: a shorter word is no secret, and may be part of any other."""

MOST_SENT_BYTES = 1024 * 1024
MOST_VALUE_BYTES = 16 * 1024
"""Longest value of a header: more than servers take (nginx 8 KiB, Node 16 KiB for all)."""


@dataclass(frozen=True)
class Asked:
    """One request, prepared."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    draws: bool
    """Whether the server waits as a draw says."""
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    def hide(self, text: str) -> str:
        """Take secrets out of a text that may quote an answer, which may repeat the request."""
        for secret in self.secrets:
            quoted = secret.replace("\\", "\\\\")  # in the repr of a text or bytes
            for form in (secret, quoted, quoted.replace("'", "\\'")):
                text = text.replace(form, HIDDEN)
        return text


def asked(settings: Client, url: str, client_id: str) -> Asked:
    """Make the request of the client `client_id`.

    Raises:
        SettingsError: a file or variable that the settings name cannot be used.
    """
    target = settings.target
    ours = target.identity == "pod"
    reads_json = ours or target.identity.startswith("json:")
    headers = {
        "Accept": "application/json" if reads_json else "*/*",
        "Connection": "close" if settings.keep_alive.mode == "per-request" else "keep-alive",
        "User-Agent": "long-lived",
    }
    if ours:
        headers[CLIENT_HEADER] = client_id
    if target.host or settings.secure:
        headers["Host"] = target.host or urlsplit(url).netloc
    replaced = {name.lower() for name in target.headers}
    headers = {name: value for name, value in headers.items() if name.lower() not in replaced}
    given = {name: _value(name, value) for name, value in target.headers.items()}
    secrets = frozenset(
        word
        for name, value in target.headers.items()
        if value.startswith(REFERENCES)
        for word in (given[name], *given[name].split())  # of "Bearer TOKEN" the token alone
        if len(word) >= SHORTEST_SECRET
    )
    body = None
    if target.body_file:
        file = target.body_file
        body = _read(f"client.target.bodyFile = {file}", file, MOST_SENT_BYTES)
    return Asked(target.method, url, headers | given, body, ours, secrets)


def _value(name: str, given: str) -> str:
    """Return the value of a header, from where it is."""
    told = f"client.target.headers.{name} = {given}"
    kind, _, where = given.partition(":")
    if kind == "env":
        found = os.environ.get(where)
        if found is None:
            raise SettingsError(f"{told}: there is no variable {where} in the environment")
    elif kind == "file":
        found = _read(told, where, MOST_VALUE_BYTES).decode("latin-1").strip("\r\n")
    else:
        return given
    if not found or found != found.strip() or not (found.isascii() and found.isprintable()):
        raise SettingsError(
            f"{told}: what is there (not shown) must be one line of printable ASCII"
        )
    return found


def _read(told: str, file: str, most: int) -> bytes:
    try:
        with Path(file).open("rb") as stream:
            found = stream.read(most + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(f"{told}: {reason}; must be a file that can be read") from None
    if len(found) > most:
        raise SettingsError(f"{told}: must be a file of at most {most:,} bytes")
    return found
