"""The forms that a client's log may have: who wrote which line. Pure.

Whatever stands around a line is taken off, outermost first: compression, encoding, the record
of a container runtime, colours, the prefixes of kubectl and stern.
"""

import codecs
import gzip
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator

from long_lived.record.lines import BEGINNINGS

_OTHER_ARCHIVES = {
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\0": "xz",
    b"BZh": "bzip2",
    b"PK\x03\x04": "zip",
}
"""Source: the formats' own magic numbers, as file(1) knows them."""

_GZIP = b"\x1f\x8b"
_TAR, _TAR_AT = b"ustar", 257

_ENCODINGS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""By what a text begins with; PowerShell's `>` writes UTF-16."""

_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"

_NAME = r"[a-z0-9.-]+"
"""Of a namespace, a pod, a container."""

_COLOUR = re.compile(r"\x1b\[[\d;]*m")

_CRI = re.compile(rf"^{_TIME} (stdout|stderr) ([FP])(?::\S*)? (.*)$", re.DOTALL)
"""A line in a container's log file on a node; P is a part, and the last part is F.
Source: Kubernetes, pkg/kubelet/kuberuntime/logs/logs.go."""

_DOCKER = '{"log":'
"""How a line in a container's log file begins with docker's driver json-file. Source: moby,
daemon/logger/jsonfilelog/jsonlog/jsonlog.go."""

_PREFIX = re.compile(r"^\[pod/([^/\]]+)/[^\]]*\] ")
"""What `kubectl logs --prefix` (`make logs`) puts before each line."""

_TIMESTAMP = re.compile(rf"^{_TIME} ")
"""What `kubectl logs --timestamps` puts before each line; the offset is the node's."""

_LINE = "|".join(map(re.escape, BEGINNINGS))

_STERN = re.compile(rf"^(?:{_NAME} )?({_NAME}) {_NAME} (?={_TIME} |{_LINE})")
"""stern's pod and container, and the namespace where there are several, before a client's line."""


class UnreadForm(ValueError):
    """A form that cannot be read; the text names it."""


def pod_lines(data: bytes) -> Iterator[tuple[str, str]]:
    """Return the lines of a log, each with the pod that its form names, or with "".

    Raises:
        UnreadForm: the whole is in a form that is not read.
    """
    parts: defaultdict[str, str] = defaultdict(str)
    for raw in _decoded(_unpacked(data)).split("\n"):
        line = _COLOUR.sub("", raw.removesuffix("\r"))
        record = _record(line)
        if record is None:
            yield _without_prefix(line)
            continue
        stream, text, whole = record
        parts[stream] += text
        if whole:
            yield "", parts.pop(stream)


def _unpacked(data: bytes) -> bytes:
    if data.startswith(_GZIP):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            raise UnreadForm("gzip that is cut off or damaged") from None
    for magic, name in _OTHER_ARCHIVES.items():
        if data.startswith(magic):
            raise UnreadForm(f"{name}, but only gzip can be read")
    if data.startswith(_TAR, _TAR_AT):
        raise UnreadForm("a tar archive, but only the files in it can be read")
    return data


def _decoded(data: bytes) -> str:
    encoding = next((name for bom, name in _ENCODINGS.items() if data.startswith(bom)), "utf-8")
    return data.decode(encoding, errors="replace")


def _record(line: str) -> tuple[str, str, bool] | None:
    """Return a container runtime's record: the stream, the text, and whether its line ends there.

    A long line is several records.
    """
    if cri := _CRI.match(line):
        return cri[1], cri[3], cri[2] == "F"
    if not line.startswith(_DOCKER):
        return None
    try:
        docker = json.loads(line)
        text, stream = str(docker["log"]), str(docker.get("stream"))
    except ValueError:
        return None
    return stream, text.rstrip("\r\n"), text.endswith("\n")


def _without_prefix(line: str) -> tuple[str, str]:
    """Take off what kubectl or stern puts before a line; return the pod named there, and it."""
    prefix = _PREFIX.match(line) or _STERN.match(line)
    rest = line[prefix.end() :] if prefix else line
    return prefix[1] if prefix else "", _TIMESTAMP.sub("", rest)
