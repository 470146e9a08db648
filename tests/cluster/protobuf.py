"""What helm sends as protobuf: its releases, in Secrets."""

from base64 import b64encode

from .kinds import Object


def decoded(body: bytes) -> Object:
    """Decode a Secret.

    Source: kubernetes staging/src/k8s.io/api/core/v1/generated.proto, apimachinery runtime
    (Unknown) and meta/v1 (ObjectMeta); https://protobuf.dev/programming-guides/encoding/.

    Raises:
        ValueError: for anything else.
    """
    envelope = _fields(body.removeprefix(b"k8s\x00"))
    kind = _fields(envelope[1][0])[2][0].decode()
    message = _fields(envelope[2][0])
    metadata = _fields(message[1][0])
    if kind != "Secret":
        raise ValueError(f"a {kind} in protobuf is not understood here")
    data = dict(map(_pair, message[2]))
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": metadata[1][0].decode(), "labels": _texts(metadata[11])},
        "type": message[3][0].decode(),
        "data": {name.decode(): b64encode(value).decode() for name, value in data.items()},
    }


def _texts(entries: list[bytes]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in map(_pair, entries)}


def _pair(entry: bytes) -> tuple[bytes, bytes]:
    fields = _fields(entry)
    return fields[1][0], fields[2][0]


def _fields(message: bytes) -> dict[int, list[bytes]]:
    """Split a message into its length-delimited fields, ignoring numbers."""
    fields: dict[int, list[bytes]] = {}
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        tag = number()
        size = number()
        if tag & 7 == 2:
            fields.setdefault(tag >> 3, []).append(message[at : at + size])
            at += size
    return fields
