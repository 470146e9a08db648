"""How long an answer may be: a server must not hold memory for as much as it likes to send."""

from long_lived.settings.sections.target import Target

MOST_BODY_BYTES = 64 * 1024
"""Longest body, after decoding; the server's own answers are some 200 bytes long."""

MOST_FOREIGN_BODY_BYTES = 1024 * 1024
"""The same of a server that is not ours: what a program answers to another, and most pages."""

WIRE_BYTES = 2 * MOST_BODY_BYTES
"""What an answer on the wire may have beyond its body: header and framing get as much room as the
server's own longest body, and so does the excess of a body that is too long. http.client would read
a header of 100 lines of 64 KiB."""


def most_body_bytes(target: Target) -> int:
    """Tell how long a body of an answer may be."""
    return MOST_BODY_BYTES if target.identity == "pod" else MOST_FOREIGN_BODY_BYTES
