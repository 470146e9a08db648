"""Which clients a replica answered, by the ids in their requests."""

import pytest

from long_lived.server.clients import HEADER, MOST, AnsweredTo

from .replicas import Replica, Start
from .variants import ALL, FLASK, GO, Shared, Variant, each, side_by_side

OURS = "0123456789abcdef"


def answered_to(replica: Replica) -> dict[str, int]:
    """Return a replica's answers by client."""
    counts = replica.stats()["answered_to"]
    assert isinstance(counts, dict)
    return counts


@each(ALL)
def test_answers_are_counted_by_the_id_of_the_client(variant: Variant, quick: Shared) -> None:
    """Each `GET /` counts for the client it names, and probes for none."""
    replica = quick(variant)
    before = answered_to(replica).get(OURS, 0)
    for path in ("/", "/readyz", "/", "/stats", "/"):
        assert replica.get(path, **{HEADER: OURS}).status == 200
    assert answered_to(replica)[OURS] == before + 3


@each(ALL)
@pytest.mark.parametrize(
    "given",
    [
        *([], [""], ["0123456789ABCDEF"], ["0123456789abcde"], ["0123456789abcdef0"]),
        *(["0123456789abcdeg"], ["0123456789abcde\u0660".encode()], ["fedcba9876543210"] * 2),
    ],
    ids=["none", "empty", "upper", "15", "17", "no-hex", "digit", "two"],
)
def test_request_without_an_id_counts_for_nobody(
    given: list[str | bytes], variant: Variant, quick: Shared
) -> None:
    """Anything but exactly 16 lowercase hex digits, once, is not an id."""
    replica = quick(variant)
    before = answered_to(replica)
    connection = replica.connect()
    connection.putrequest("GET", "/")
    for value in given:
        connection.putheader(HEADER, value)
    connection.endheaders()
    assert connection.getresponse().read()
    after = answered_to(replica)
    assert after.pop("") == before.pop("", 0) + 1
    assert after == before


@each(ALL)
def test_counts_by_client_add_up_to_the_answers(variant: Variant, quick: Shared) -> None:
    """Every answer counts for some client, or for the empty id."""
    replica = quick(variant)
    replica.get("/")
    replica.get("/", **{HEADER: OURS})
    stats = replica.stats()
    assert sum(stats["answered_to"].values()) == stats["answered"]


@side_by_side([FLASK, GO])
def test_id_that_was_used_longest_ago_makes_room(variant: Variant, start: Start) -> None:
    """The 1,000 ids used last are kept, and answers without an id stay."""
    replica = start(*variant.settings, "server.delay.minSeconds=0", "server.delay.maxSeconds=0")
    ids = [f"{number:016x}" for number in range(MOST + 2)]
    replica.get("/")
    for one in [*ids[:MOST], ids[0], *ids[MOST:]]:
        replica.get("/", **{HEADER: one})
    counts = answered_to(replica)
    assert set(counts) == {"", *ids} - {ids[1], ids[2]}
    assert counts[ids[0]] == 2


def test_id_that_comes_back_starts_at_zero() -> None:
    """A dropped count is forgotten."""
    counts = AnsweredTo()
    ids = [f"{number:016x}" for number in range(MOST + 1)]
    for one in [*ids, ids[0]]:
        counts.count(one)
    assert len(counts.as_dict()) == MOST
    assert counts.as_dict()[ids[0]] == 1
    assert ids[1] not in counts.as_dict()
