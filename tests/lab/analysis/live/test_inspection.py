"""Two looks at a live service: the finding, its words, and what does not count."""

import itertools
from collections.abc import Sequence

import pytest

from long_lived.lab.analysis.live.inspection import Inspection, inspect
from long_lived.lab.analysis.live.looks import Holder, Seen, compared
from long_lived.lab.analysis.live.words import ago, cause, remedy, sentence
from long_lived.lab.analysis.verdict import Finding
from long_lived.lab.report.inspection import as_dict, lines

NOW = 1_800_000_000.0
NODE = "10.0.0.7"
OWNERS = {"10.1.0.9": "deployment/gateway in edge", "10.1.0.8": "job/batch in shop"}

Pods = Sequence[tuple[str, float, int]]
"""Name, age in seconds and connections."""


def seen(pods: Pods, ports: int = 1, address: str = "10.1.0.9") -> list[Seen]:
    """Make one look; connections are numbered from `ports` on."""
    port = itertools.count(ports)
    return [
        Seen(
            Holder(name, NOW - age, node_addresses=frozenset({NODE})),
            [(address, next(port)) for _ in range(count)],
        )
        for name, age, count in pods
    ]


def looked_at(pods: Pods, *, kept: bool = True) -> Inspection:
    """Take two looks at the same pods."""
    after = seen(pods, ports=1 if kept else 20_000)
    return inspect(compared(seen(pods), after), 10.0, OWNERS, even_within=0.1)


PINNED = (("a", 90_000.0, 290), ("b", 7_200.0, 8), ("c", 7_190.0, 2))


def test_later_pods_that_hold_less_are_pinned() -> None:
    """The sentence says which pods, since when, by how much, and to whom."""
    found = looked_at(PINNED)
    assert found.finding is Finding.PINNED
    words = sentence(found, NOW)
    assert words == (
        "pinned: b and c started later, 2027-01-15 06:00:00Z (2 h ago), and hold 10 of 300 "
        "connections, 200 would be fair. a holds 290, 100 ± 8 would be chance. All are "
        "deployment/gateway in edge's"
    )
    assert "100% of them lasted 10 s" in cause(found)
    assert "at deployment/gateway in edge or at the server" in remedy(found)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((151, 149), ". Most are deployment/gateway in edge's: 151"),
        ((100, 90, 90), ". The largest client is deployment/gateway in edge: 100"),
        ((30, *[27] * 10), ". The largest client is deployment/gateway in edge: 30"),
        ((29, *[27] * 10), ""),
    ],
    ids=["most", "third", "tenth", "less"],
)
def test_client_is_named_by_the_part_that_it_has(counts: Sequence[int], words: str) -> None:
    """Most is more than half; a client with less than a tenth is not the one to change."""
    addresses = ["10.1.0.9", *(f"10.2.0.{number}" for number in range(len(counts) - 1))]
    remotes = [
        (address, port)
        for address, count in zip(addresses, counts, strict=True)
        for port in range(1, 1 + count)
    ]
    first, *others = seen(PINNED)
    look = [Seen(first.holder, remotes), *(Seen(one.holder, []) for one in others)]
    found = inspect(compared(look, look), 10.0, OWNERS, even_within=0.1)
    assert sentence(found, NOW).partition("would be chance")[2] == words
    who = "deployment/gateway in edge" if words else "its clients"
    assert f"at {who} or at the server" in remedy(found)


def test_rolled_out_pods_are_pinned_from_the_first_on() -> None:
    """A new pod gets only what is reopened after it came, so the last ones hold least."""
    found = looked_at((("a", 90.0, 137), ("b", 60.0, 103), ("c", 30.0, 60)))
    assert found.finding is Finding.PINNED
    assert found.late is not None
    assert found.late.names[-1] == "c"


@pytest.mark.parametrize(
    ("pods", "finding"),
    [
        ((("a", 90.0, 101), ("b", 60.0, 98), ("c", 30.0, 101)), Finding.EVEN),
        ((("a", 90.0, 101_000), ("b", 60.0, 98_000)), Finding.EVEN),
        ((("a", 30.0, 290), ("b", 90.0, 8), ("c", 90.0, 2)), Finding.UNEVEN),
        ((("a", 90.0, 290), ("b", 89.0, 8), ("c", 88.0, 2)), Finding.UNEVEN),
        ((("a", 90.0, 10), ("b", 30.0, 9)), Finding.TOO_FEW),
        ((("a", 90.0, 40), ("b", 30.0, 0)), Finding.PINNED),
        ((("a", 90.0, 1000),), Finding.TOO_FEW),
        ((("a", 90.0, 0), ("b", 30.0, 0)), Finding.TOO_FEW),
    ],
    ids=[
        *("even", "too-little-to-matter", "the-newest-holds-most", "all-started-together"),
        *("too-few", "few-and-clear", "one-pod", "no-connection"),
    ],
)
def test_finding(pods: Pods, finding: Finding) -> None:
    """The rule is that of a run: chance, power, effect, and who came later."""
    found = looked_at(pods)
    assert found.finding is finding
    assert sentence(found, NOW).startswith(f"{finding}: ")
    assert all(len(line) <= 80 for line in lines(found, "service/checkout", NOW))
    assert as_dict(found, "service/checkout", NOW)["finding"] == str(finding)


def test_connections_that_do_not_last_are_not_pinned() -> None:
    """If none lasts from one look to the next, keep-alive is not the cause."""
    found = looked_at(PINNED, kept=False)
    assert found.finding is Finding.UNEVEN
    assert "keep-alive is not the cause" in cause(found)
    assert remedy(found) == ""


def test_probes_of_the_kubelet_do_not_count() -> None:
    """A short connection from the pod's own node is a probe, a lasting one a client."""
    pods: Pods = (("a", 90.0, 5),)
    lasting = compared(seen(pods, address=NODE), seen(pods, address=NODE))
    assert (len(lasting[0].peers), lasting[0].kept) == (5, 5)
    probes = compared(seen(pods, address=NODE), seen(pods, ports=100, address=NODE))
    assert (len(probes[0].peers), probes[0].kept, probes[0].closed) == (0, 0, 0)


def test_what_was_kept_opened_and_closed_adds_up() -> None:
    """Of five connections two go on, and four are new."""
    before, after = seen([("a", 9.0, 5)]), seen([("a", 9.0, 6)], ports=4)
    (held,) = compared(before, after)
    assert (held.kept, held.opened, held.closed) == (2, 4, 3)


def test_pod_that_started_again_kept_nothing() -> None:
    """A restart in place loses all connections, even if the same ports appear again."""
    (held,) = compared(seen([("a", 90.0, 5)]), seen([("a", 1.0, 5)]))
    assert (held.kept, held.opened) == (0, 5)


def test_pod_that_cannot_be_asked_is_only_a_row() -> None:
    """The verdict covers the others, and the reason stands beside its name."""
    silent = Seen(Holder("d", NOW - 5), obstacle="its image has no cat")
    found = inspect(
        compared([*seen(PINNED), silent], [*seen(PINNED), silent]), 10.0, OWNERS, even_within=0.1
    )
    assert found.finding is Finding.PINNED
    assert "d: its image has no cat" in "\n".join(lines(found, "service/checkout", NOW))
    alone = inspect(compared([silent], [silent]), 10.0, {}, even_within=0.1)
    assert sentence(alone, NOW) == "incomplete: none of them could be asked"


def test_report_of_two_hundred_pods_stays_readable() -> None:
    """The oldest and the newest are listed, in 80 columns."""
    pods = [(f"checkout-7d9f8b6c5d-{n:05d}", 1000.0 - n, 100) for n in range(200)]
    shown = lines(looked_at(pods), "service/checkout in namespace shop", NOW)
    assert len(shown) < 60
    assert "… 160 more …" in "\n".join(shown)
    assert max(map(len, shown)) <= 80


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0 s"), (45, "45 s"), (119, "119 s"), (180, "3 min"), (7200, "2 h"), (259_200, "3 d")],
)
def test_span_is_written_in_its_largest_unit(seconds: float, words: str) -> None:
    """It stays short enough for a column."""
    assert ago(seconds) == words
