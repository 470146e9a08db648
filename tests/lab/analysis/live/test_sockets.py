"""The kernel's list of sockets: as it is on a machine, and as it might be."""

import socket
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from long_lived.lab.analysis.live.sockets import NotSockets, listening, peers, sockets

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid"
REST = "00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0"


def line(local: str, remote: str, state: str = "01") -> str:
    """Write one socket as the kernel does."""
    return f"   0: {local} {remote} {state} {REST}"


def listed(*lines: str) -> str:
    """Write the list."""
    return "\n".join([HEAD, *lines, ""])


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("0500F40A:D431", "10.244.0.5"),
        ("0000000000000000FFFF00000500F40A:D431", "10.244.0.5"),
        ("B80D0120000000000000000001000000:D431", "2001:db8::1"),
        ("00000000000000000000000001000000:D431", "::1"),
    ],
    ids=["ipv4", "mapped", "ipv6", "loopback"],
)
def test_address_is_read_as_the_kernel_writes_it(remote: str, address: str) -> None:
    """Words of 32 bits in the machine's byte order; IPv4 in IPv6 is IPv4."""
    local = "00000000:1F90" if len(remote) < 20 else f"{'0' * 32}:1F90"
    assert peers(listed(line(local, remote)), 8080) == [(address, 54321)]


def test_only_established_connections_to_the_port_count() -> None:
    """Listening, half-open, ending, outgoing and other ports' sockets do not count."""
    others = [line("0100007F:1F90", "0100007F:0001", f"{state:02X}") for state in range(2, 13)]
    others += [line("0100007F:1F91", "0100007F:0001"), line("0100007F:0001", "0100007F:1F90")]
    assert peers(listed(*others), 8080) == []


def test_both_lists_may_stand_in_one_text() -> None:
    """`cat tcp tcp6` prints each list with its heading."""
    text = listed(line("0100007F:1F90", "0100007F:0001")) + listed(
        line(f"{'0' * 32}:1F90", f"{'0' * 24}01000000:0002")
    )
    assert peers(text, 8080) == [("127.0.0.1", 1), ("::1", 2)]


@pytest.mark.parametrize("text", ["", "\n", "cat: /proc/net/tcp: Permission denied", "{}"])
def test_other_text_is_refused(text: str) -> None:
    """Other text is not taken for an empty list."""
    with pytest.raises(NotSockets, match="not the kernel's list of sockets"):
        peers(text, 8080)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever a container prints is parsed, or refused in one line."""
    for whole in (text, listed(text)):
        with suppress(NotSockets):
            assert isinstance(peers(whole, 80), list)
        assert isinstance(sockets(whole, 80), list)
        with suppress(NotSockets):
            assert isinstance(listening(whole.splitlines()), list)


def test_port_is_found_at_either_end() -> None:
    """On one machine both ends of a connection are listed, and who listens; nothing else is."""
    text = listed(
        line("0100007F:1F9A", "00000000:0000", "0A"),
        line("0100007F:1F9A", "0100007F:D431"),
        line("0100007F:D431", "0100007F:1F9A"),
        line("0100007F:D431", "0100007F:1F9B"),
        line("0100007F:1F9A", "0100007F:D432", "06"),
    )
    ours, theirs = ("127.0.0.1", 0x1F9A), ("127.0.0.1", 0xD431)
    assert [one[1:] for one in sockets(text, 0x1F9A)] == [
        (True, True, ours, ("0.0.0.0", 0)),
        (False, True, ours, theirs),
        (False, False, theirs, ours),
    ]


def test_the_machines_own_list_has_its_own_connections() -> None:
    """Three real connections are three peers, by their own ports."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        clients = [socket.create_connection(address) for _ in range(3)]
        accepted = [listener.accept()[0] for _ in clients]
        found = peers(Path("/proc/net/tcp").read_text(), address[1])
        assert sorted(found) == sorted(client.getsockname() for client in clients)
        for one in (*clients, *accepted):
            one.close()
