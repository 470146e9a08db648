"""A real client's log, read back in every form in which people save it."""

import bz2
import gzip
import io
import itertools
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.lab.commands.lab import QUICK, starter
from tests.lab.logs.saved_logs import verify

from long_lived.lab.logs.client_log import ClientLog
from long_lived.lab.logs.forms import UnreadForm, pod_lines
from long_lived.lab.logs.saved import outcome_of, read_logs

POD, OTHER = "long-lived-client-1-abcde", "long-lived-client-1-fghij"
SERVER = "long-lived-server-7b9c-xyz12"
TIME = "2026-11-23T12:00:00.123456789Z"

PART = 200
"""Characters of a line that a container runtime writes at a time; real ones write 16 KiB."""

Lines = list[str]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lines]:
    """Run a client, and return the lines of its log: answers, failures, progress, summary."""
    with starter(tmp_path_factory.mktemp("client")) as begin:
        lab = begin("smoke", *QUICK, "client.requestsPerUser=5", "client.parallelism=2")
        lab.finish()
        yield (lab.folder / "client-1.log").read_text().splitlines()


def lines_of(*texts: str) -> bytes:
    """Write lines."""
    return "".join(f"{text}\n" for text in texts).encode()


def parts(line: str) -> list[str]:
    """Cut a line like a container runtime."""
    return [line[at : at + PART] for at in range(0, len(line), PART)] or [""]


def cri(lines: Lines) -> bytes:
    """Write lines as a node stores them, with standard error's between standard output's parts."""
    written = []
    for line in lines:
        *first, last = parts(line)
        for part in first:
            written += [f"{TIME} stdout P {part}", f"{TIME} stderr F Progress: of another stream"]
        written.append(f"{TIME} stdout F {last}")
    return lines_of(*written)


def docker(lines: Lines) -> bytes:
    """Write lines as docker's json-file has them."""
    return lines_of(
        *(
            json.dumps({"log": part, "stream": "stdout", "time": TIME}, separators=(",", ":"))
            for line in lines
            for part in parts(f"{line}\n")
        )
    )


def stern(lines: Lines, between: str = " ") -> bytes:
    """Write lines as stern does for a terminal: pod and container in colours."""
    return lines_of(
        f"+ {POD} › client",
        *(f"\x1b[92m{POD}\x1b[0m \x1b[38;5;10mclient\x1b[0m{between}{line}" for line in lines),
        f"- {POD} › client",
    )


FORMS: dict[str, Callable[[Lines], bytes]] = {
    "plain": lambda lines: lines_of(*lines),
    "prefix": lambda lines: lines_of(*(f"[pod/{POD}/client] {line}" for line in lines)),
    "timestamps": lambda lines: lines_of(*(f"{TIME} {line}" for line in lines)),
    "prefix-timestamps": lambda lines: lines_of(
        *(f"[pod/{POD}/client] {TIME} {line}" for line in lines)
    ),
    "stern": stern,
    "stern-plain": lambda lines: lines_of(*(f"{POD} client {line}" for line in lines)),
    "stern-namespaces": lambda lines: lines_of(*(f"apps {POD} client {line}" for line in lines)),
    "stern-timestamps": lambda lines: stern(lines, f" {TIME} "),
    "cri": cri,
    "docker": docker,
    "gzip": lambda lines: gzip.compress(lines_of(*lines)),
    "gzip-in-parts": lambda lines: b"".join(gzip.compress(lines_of(line)) for line in lines),
    "gzip-cri": lambda lines: gzip.compress(cri(lines)),
    "crlf": lambda lines: "".join(f"{line}\r\n" for line in lines).encode(),
    "utf-8-bom": lambda lines: b"\xef\xbb\xbf" + lines_of(*lines),
    "utf-16-le": lambda lines: "".join(["\ufeff", *(f"{x}\r\n" for x in lines)]).encode(
        "utf-16-le"
    ),
    "utf-16-be": lambda lines: "".join(["\ufeff", *(f"{x}\n" for x in lines)]).encode("utf-16-be"),
    "powershell-prefix": lambda lines: (
        "\ufeff" + "".join(f"[pod/{POD}/client] {TIME} {line}\r\n" for line in lines)
    ).encode("utf-16-le"),
}
NAMES_THE_POD = ("prefix", "stern")


def counted(lines: Lines) -> ClientLog:
    """Count lines as the lab counts its own clients' lines."""
    log = ClientLog()
    for line in lines:
        log.feed(line)
    return log


@pytest.mark.parametrize("form", FORMS)
def test_log_reads_the_same_in_every_form(form: str, log: Lines, tmp_path: Path) -> None:
    """Answers, progress, clock and summary match the lines as the client wrote them."""
    file = tmp_path / "client.log"
    file.write_bytes(FORMS[form](log))
    expected = counted(log)
    assert expected.summary is not None
    assert expected.answered.total() == 1_200
    named = any(part in form for part in NAMES_THE_POD)
    assert read_logs(file) == {POD if named else str(file): expected}


@pytest.mark.parametrize("form", ["prefix", "stern-plain", "stern"])
def test_logs_of_several_pods_in_one_file_are_kept_apart(
    form: str, log: Lines, tmp_path: Path
) -> None:
    """Two clients' lines are kept apart; servers and sidecars are not clients."""
    server = ["Serving pod=server-a runtime=flask on http://0.0.0.0:8000/", '{"level":"info"}']
    texts = [
        FORMS[form](lines).replace(POD.encode(), pod.encode()).splitlines(keepends=True)
        for pod, lines in ((POD, log), (OTHER, log), (SERVER, server))
    ]
    file = tmp_path / "all.log"
    mixed = itertools.chain.from_iterable(itertools.zip_longest(*texts, fillvalue=b""))
    file.write_bytes(b"".join(mixed))
    assert read_logs(file) == dict.fromkeys((POD, OTHER), counted(log))
    assert outcome_of([file]).problems == []


UNREAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "zstd": (lambda _: b"\x28\xb5\x2f\xfd\x04\x58", "zstd"),
    "xz": (lzma.compress, "xz"),
    "bzip2": (bz2.compress, "bzip2"),
    "zip": (lambda data: archive(data, tar=False), "zip"),
    "tar": (lambda data: archive(data, tar=True), "a tar archive"),
    "tar-gzip": (lambda data: gzip.compress(archive(data, tar=True)), "a tar archive"),
    "cut-gzip": (lambda data: gzip.compress(data)[:-9], "gzip that is cut off or damaged"),
    "damaged-gzip": (lambda data: gzip.compress(data)[:30] + b"\0" * 99, "gzip that is cut off"),
}


def archive(data: bytes, *, tar: bool) -> bytes:
    """Put a file into an archive."""
    whole = io.BytesIO()
    if tar:
        with tarfile.open(fileobj=whole, mode="w") as made:
            made.addfile(tarfile.TarInfo("client.log"))
    else:
        with zipfile.ZipFile(whole, "w") as made:
            made.writestr("client.log", data)
    return whole.getvalue()


@pytest.mark.parametrize("form", UNREAD)
def test_form_that_cannot_be_read_is_named(form: str, log: Lines) -> None:
    """Nothing is guessed, and nothing in the file is counted."""
    wrap, words = UNREAD[form]
    with pytest.raises(UnreadForm, match=f"^{words}"):
        list(pod_lines(wrap(lines_of(*log))))


def test_command_names_the_form_in_one_line(log: Lines, tmp_path: Path) -> None:
    """The user learns which file, what form it has, and which forms are read."""
    file = tmp_path / "client.log.xz"
    file.write_bytes(lzma.compress(lines_of(*log)))
    done = verify(tmp_path / "out", "--from-log", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"long-lived: error: --from-log {file}: xz, but only gzip can be read: "
        "must be a client's log\n"
    )


@pytest.mark.parametrize(
    "line",
    ['{"log":', '{"log":5}', f"{TIME} stdout X line", "[pod/] x", "\x1b[", "", "{", "\udcff"],
)
def test_line_that_nearly_has_a_form_is_passed_over(line: str) -> None:
    """A line that only looks like a record is read as an ordinary line."""
    pairs = list(pod_lines(line.encode(errors="surrogateescape") + b"\n"))
    assert counted([text for _, text in pairs]) == ClientLog()
    assert {pod for pod, _ in pairs} <= {""}


def test_line_whose_end_is_missing_is_no_line() -> None:
    """A partial record at the end of a file was cut off."""
    assert list(pod_lines(f"{TIME} stdout P Started: ".encode())) == []


def test_clients_own_words_are_no_prefix() -> None:
    """A failure may quote anything, so a line is read from its beginning."""
    line = "Request failed: bad_answer at=1.000 Response from Pod server-a after 1 s"
    assert list(pod_lines(line.encode())) == [("", line)]
    answer = "Response from Pod server-a after 0.5 s connection=1 new=yes service=0.5 at=1.0"
    assert list(pod_lines(answer.encode())) == [("", answer)]
