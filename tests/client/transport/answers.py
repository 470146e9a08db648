"""Answers that no client may believe, and some that only look suspicious."""

import gzip
import struct
import zlib

from tests.client.misbehaving import GOOD, OK, drips, repeats, sends, whole

from long_lived.record.error_kind import ErrorKind

BAD, STATUS, UNASKED = ErrorKind.BAD_ANSWER, ErrorKind.HTTP_STATUS, ErrorKind.UNASKED_ANSWER

MEBIBYTE = 2**20
PIECE = b" " * MEBIBYTE
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def bomb(mebibytes: int) -> bytes:
    """Compress blanks; a full flush after each piece makes all pieces compress alike.

    It is never whole in memory, which a client started here would inherit. Source: RFC 1952.
    """
    packed, check = zlib.compressobj(9, wbits=-15), 0
    piece = packed.compress(PIECE) + packed.flush(zlib.Z_FULL_FLUSH)
    for _ in range(mebibytes):
        check = zlib.crc32(PIECE, check)
    end = packed.flush() + struct.pack("<II", check, mebibytes * MEBIBYTE)
    return b"\x1f\x8b\x08" + bytes(7) + piece * mebibytes + end


BOMB = bomb(300)

NESTED = {
    "lists": b"[" * 2_000,
    "many-lists": b"[" * 60_000,
    "objects": b'{"a":' * 2_000,
    "in-an-answer": GOOD[:-1] + b', "more": ' + b"[" * 1_000 + b"]" * 1_000 + b"}",
    "utf-16": ("[" * 2_000).encode("utf-16"),
}

LONG = {
    "a-gigabyte": repeats(OK + b"Content-Length: %d\r\n\r\n" % (1024 * MEBIBYTE), PIECE, 1024),
    "until-the-close": repeats(OK + b"\r\n", PIECE, 1024),
    "one-chunk": repeats(CHUNKED + b"%x\r\n" % (1024 * MEBIBYTE), PIECE, 1024),
    "chunks": repeats(CHUNKED, b"%x\r\n%b\r\n" % (MEBIBYTE, PIECE), 1024),
    "a-chunk-of-unknown-length": repeats(CHUNKED + b"-1\r\n", PIECE, 1024),
    "lines-of-a-header": repeats(OK, b"x: " + b"y" * 65_000 + b"\r\n", 90),
    "trailers": repeats(CHUNKED + b"0\r\n", b"x: " + b"y" * 65_000 + b"\r\n", 1024),
    "gzip": sends(whole(BOMB, b"Content-Encoding: gzip")),
    "gzip-twice": sends(whole(gzip.compress(BOMB), b"Content-Encoding: gzip, gzip")),
}

SLOW = {
    "header": drips(OK, b"x"),
    "headers": drips(OK, b"x: y\r\n"),
    "body": drips(OK + b"Content-Length: 100000\r\n\r\n", b" "),
    "chunks": drips(CHUNKED, b"1\r\n \r\n"),
    "body-until-the-close": drips(OK + b"\r\n", b" "),
    "interim-answers": drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}

NAMES = {
    "empty": '""',
    "100,000-characters": f'"{"a" * 100_000}"',
    "254-characters": f'"{"a" * 254}"',
    "blank": '"a b"',
    "line-break": '"a\\n"',
    "other-letters": '"pod-é"',
    "slash": '"a/b"',
    "escape": '"a\\u001b[31m"',
    "number": "5",
}

DELAYS = {
    "nan": "NaN",
    "infinite": "1e999",
    "negative": "-5",
    "boolean": "true",
    "later-than-the-answer": "1000000",
    "more-than-a-float": "9" * 400,
    "more-than-an-integer": "9" * 5_000,
    "text": '"0"',
    "null": "null",
}

INSTANCES = {"empty": '""', "null": "null", "number": "1", "65": f'"{"a" * 65}"', "blank": '"a b"'}
UPTIMES = {"nan": "NaN", "infinite": "1e999", "negative": "-0.1", "boolean": "true"} | {
    "null": "null",
    "more-than-a-float": "9" * 400,
}


def telling(**values: str) -> bytes:
    """Make an answer's body of valid values and these, as JSON."""
    fields = {"pod": '"a"', "delay_seconds": "0"} | values
    return ("{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}").encode()


UNTRUE = {
    f"{name}-{case}": telling(**{name: value})
    for name, cases in {
        "pod": NAMES,
        "delay_seconds": DELAYS,
        "instance": INSTANCES,
        "uptime_seconds": UPTIMES,
    }.items()
    for case, value in cases.items()
}

GOOD_VALUES = {
    "pod-of-a-host": telling(pod='"Host_1.example"'),
    "pod-of-253-characters": telling(pod=f'"{"a" * 253}"'),
    "delay-of-nothing": telling(delay_seconds="-0.0"),
    "delay-as-rounded": telling(delay_seconds="0.04"),
    "instance": telling(instance='"0123456789abcdef"', uptime_seconds="12.5"),
    "more": telling(more='{"a": [[[[1]]]]}'),
    "padded": telling() + b" " * 65_000,
}
