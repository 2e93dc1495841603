import datetime as dt
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from iec_events.rsvps.seating import PASSES, Waiting, fits, saving, serve

START = dt.datetime(2027, 2, 20, 18, tzinfo=dt.UTC)


def seated(
    capacity: int | None, taken: int, *line: tuple[str, int] | tuple[str, int, int], saves: bool = True
) -> list[str]:
    return serve(capacity=capacity, taken=taken, line=[Waiting(*one) for one in line], saves=saves).seated


def test_a_party_fits_only_whole() -> None:
    assert fits(capacity=10, taken=8, party_size=2)
    assert not fits(capacity=10, taken=8, party_size=3)


def test_without_a_limit_everyone_fits() -> None:
    assert fits(capacity=None, taken=10_000, party_size=50)


def test_the_first_that_fits_is_seated_and_the_rest_keep_their_places() -> None:
    assert seated(10, 7, ("large", 4), ("pair", 2), ("single", 1), ("other pair", 2)) == ["pair", "single"]


def test_a_large_party_comes_first_again_when_enough_seats_are_free() -> None:
    assert seated(10, 5, ("large", 4), ("pair", 2)) == ["large"]


def test_nobody_is_seated_above_capacity() -> None:
    assert seated(10, 10, ("single", 1)) == []


def test_each_party_that_goes_past_a_larger_one_is_counted_to_it() -> None:
    served = serve(capacity=10, taken=7, line=[Waiting("large", 4), Waiting("a", 1), Waiting("b", 2)], saves=True)
    assert served.passed == {"large": 2}


def test_a_party_passed_three_times_is_passed_no_more_and_seats_are_saved_for_it() -> None:
    line = [Waiting("large", 4, 2), Waiting("a", 1), Waiting("b", 1), Waiting("c", 1)]
    served = serve(capacity=10, taken=7, line=line, saves=True)
    assert (served.seated, served.passed) == (["a"], {"large": 1})
    assert seated(10, 7, ("large", 4, PASSES), ("a", 1)) == []
    assert seated(10, 6, ("large", 4, PASSES), ("a", 1)) == ["large"]


def test_near_the_start_no_seat_is_saved_any_more() -> None:
    assert saving(now=START - dt.timedelta(days=1, seconds=1), starts_at=START)
    assert not saving(now=START - dt.timedelta(days=1), starts_at=START)
    assert seated(10, 7, ("large", 4, PASSES), ("a", 1), saves=False) == ["a"]


def test_no_seat_is_saved_for_a_party_larger_than_the_place() -> None:
    assert seated(3, 2, ("larger than the place", 4, PASSES), ("a", 1)) == ["a"]


def test_a_long_line_is_gone_along_once() -> None:
    """It is gone along with the event held, for everyone who signs up: looking back at each step took minutes."""
    looked: list[int] = []

    class Party:
        party_size = 2

        def __init__(self, number: int) -> None:
            self.id = str(number)

        @property
        def passed_over(self) -> int:
            looked.append(1)
            return 0

    for taken in (9, 10):
        looked.clear()
        line: list[Any] = [Party(number) for number in range(500)]
        assert serve(capacity=10, taken=taken, line=line, saves=True).seated == []
        assert len(looked) <= len(line)


@given(
    capacity=st.integers(1, 12),
    taken=st.integers(0, 12),
    parties=st.lists(st.tuples(st.integers(1, 8), st.integers(0, 5)), max_size=8),
    saves=st.booleans(),
)
def test_whatever_the_line_seats_fit_and_nobody_is_passed_too_often(
    capacity: int, taken: int, parties: list[tuple[int, int]], *, saves: bool
) -> None:
    line = [Waiting(str(number), size, passed) for number, (size, passed) in enumerate(parties)]
    served = serve(capacity=capacity, taken=min(taken, capacity), line=line, saves=saves)
    sizes = {party.id: party.party_size for party in line}
    assert min(taken, capacity) + sum(sizes[one] for one in served.seated) <= capacity
    assert served.seated == sorted(served.seated, key=int)
    for party in line:
        behind = [one for one in served.seated if int(one) > int(party.id)]
        assert served.passed.get(party.id, 0) == (0 if party.id in served.seated else len(behind))
        if saves and party.party_size <= capacity and party.id not in served.seated:
            assert len(behind) <= max(0, PASSES - party.passed_over)
