"""Choosing among addresses: what each policy does, and when a user moves."""

import random
import socket
from collections import Counter

import pytest

from long_lived.client.transport.balancer import Balancer
from long_lived.client.transport.resolver import Address

A, B, C, D, E = ((socket.AF_INET, (f"10.0.0.{n}", 80)) for n in range(1, 6))
POLICIES = pytest.mark.parametrize("policy", ["round-robin", "least-in-flight", "two-choices"])


def balancer(policy: str = "round-robin", *addresses: Address, by_request: bool = False):
    """Make a balancer that knows these addresses."""
    made = Balancer(policy, by_request=by_request, draw=random.Random(1))
    made.update(addresses)
    return made


def settle(chooses: Balancer, users: list[Address]) -> tuple[list[Address], int]:
    """Let each user send in turn until nobody moves; return who is where."""
    moves = 0
    while True:
        moved = 0
        for number, place in enumerate(users):
            if (better := chooses.move(place)) is not None:
                users[number], moved = better, moved + 1
                chooses.trust(better)
        if not moved:
            return users, moves
        moves += moved


@POLICIES
def test_connections_of_users_are_even_from_the_start(policy: str) -> None:
    """With any policy no address gets more than its share of the users."""
    chooses = balancer(policy, A, B, C)
    assert Counter(chooses.choose() for _ in range(300)) == {A: 100, B: 100, C: 100}
    assert chooses.loads() == {A: 100, B: 100, C: 100}


@POLICIES
def test_users_move_to_new_addresses_and_no_more_than_needed(policy: str) -> None:
    """After a scale-up from 3 to 5 the users above the share leave, each once."""
    chooses = balancer(policy, A, B, C)
    users = [chooses.choose() for _ in range(300)]
    chooses.update([A, B, C, D, E])
    users, moves = settle(chooses, users)
    assert Counter(users) == dict.fromkeys((A, B, C, D, E), 60)
    assert moves == 120


@POLICIES
def test_users_leave_addresses_that_are_gone(policy: str) -> None:
    """After a restart of two of three the survivor's users stay, and the others move once."""
    chooses = balancer(policy, A, B, C)
    users = [chooses.choose() for _ in range(300)]
    stay = [number for number, place in enumerate(users) if place == A]
    chooses.update([A, D, E])
    assert not chooses.lists(B)
    users, moves = settle(chooses, users)
    assert Counter(users) == {A: 100, D: 100, E: 100}
    assert moves == 200
    assert all(users[number] == A for number in stay)


def test_nobody_moves_where_the_load_is_even() -> None:
    """One user more or less than a whole share is no reason to move."""
    chooses = balancer("round-robin", A, B, C)
    users = [chooses.choose() for _ in range(100)]
    assert settle(chooses, users)[1] == 0


def test_round_robin_takes_requests_in_turn() -> None:
    """Addresses take turns, however many requests are in flight."""
    chooses = balancer("round-robin", A, B, C, by_request=True)
    first = [chooses.choose() for _ in range(3)]
    assert set(first) == {A, B, C}
    assert [chooses.choose() for _ in range(6)] == first * 2


def test_least_in_flight_takes_the_address_with_fewest_requests() -> None:
    """A slow replica, whose requests do not end, gets no more than the others."""
    chooses = balancer("least-in-flight", A, B, C, by_request=True)
    got: Counter[Address] = Counter()
    for _ in range(99):
        place = chooses.choose()
        got[place] += 1
        if place != A:
            chooses.leave(place)
    assert got[A] == 1
    assert got[B] == got[C]


def test_two_choices_takes_the_better_of_two() -> None:
    """Requests that do not end are spread far more evenly than by chance."""
    chooses = balancer("two-choices", A, B, C, D, E, by_request=True)
    for _ in range(1000):
        chooses.choose()
    assert all(abs(load - 200) <= 5 for load in chooses.loads().values())
    assert len(set(chooses.loads().values())) > 1, "it does not look at all of them"


def test_requests_do_not_move() -> None:
    """A request stays where it is until it ends."""
    chooses = balancer("round-robin", A, by_request=True)
    for _ in range(9):
        chooses.choose()
    chooses.update([A, B])
    assert chooses.move(A) is None


def test_clients_do_not_all_begin_at_the_same_address() -> None:
    """Otherwise a hundred clients with one user each would all go to one replica."""
    first = {Balancer("round-robin", by_request=False, draw=random.Random(n)) for n in range(50)}
    for one in first:
        one.update([A, B, C])
    assert {one.choose() for one in first} == {A, B, C}


def test_address_that_refuses_is_passed_over_until_the_next_look_up() -> None:
    """Nobody tries it any more, not even users who would have to move there."""
    chooses = balancer("round-robin", A, B)
    users = [chooses.choose() for _ in range(10)]
    for place in users:
        if place == B:
            chooses.refuse(B)
    assert [chooses.choose() for _ in range(5)] == [A] * 5
    assert chooses.move(A) is None
    chooses.update([A, B])
    assert chooses.move(A) == B


def test_every_address_is_tried_before_giving_up() -> None:
    """Each of the others is tried once; then there is none left."""
    chooses = balancer("round-robin", A, B, C)
    tried: list[Address] = []
    while (place := chooses.choose(tried)) is not None:
        tried.append(place)
        chooses.refuse(place)
    assert sorted(tried) == [A, B, C]
    assert chooses.loads() == {A: 0, B: 0, C: 0}
    assert chooses.choose() is not None, "where all have refused, all are tried again"


def test_address_that_hung_up_is_tried_by_one_at_a_time() -> None:
    """It may be a black hole: one user finds out, the others stay where it is safe."""
    chooses = balancer("least-in-flight", A, B)
    users = [chooses.choose() for _ in range(10)]
    for place in users:
        if place == B:
            chooses.doubt(B)
            chooses.leave(B)
    assert [chooses.choose() for _ in range(4)] == [B, A, A, A]
    assert chooses.move(A) is None
    chooses.trust(B)
    assert chooses.move(A) == B


def test_without_an_address_there_is_no_choice() -> None:
    """Then nothing is counted."""
    assert balancer().choose() is None
    assert balancer().loads() == {}
