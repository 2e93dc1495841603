"""The rules of seats and of the waitlist: pure, without a database.

A party is seated when all of it fits. Free seats go to the first waiting party that fits, then to the next one that
fits into what is left, in the order of arrival; somebody new is the last in that order. Each party seated past a larger
one that waits before it is counted to that one: a party that three others went past is passed no more, and seats that
come free are saved up for it. Saving ends a day before the start, so that no seat stays empty, and is never done for
a party larger than the place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

PASSES = 3
SAVING_ENDS_BEFORE = dt.timedelta(days=1)


@dataclass(frozen=True)
class Waiting:
    """A party in line."""

    id: str
    party_size: int
    passed_over: int = 0


@dataclass(frozen=True)
class Served:
    """Who is seated now, and how many went past each party that was not."""

    seated: list[str] = field(default_factory=list)
    passed: dict[str, int] = field(default_factory=dict)


def fits(*, capacity: int | None, taken: int, party_size: int) -> bool:
    """Whether a party can be seated besides those who already are."""
    return capacity is None or taken + party_size <= capacity


def saving(*, now: dt.datetime, starts_at: dt.datetime) -> bool:
    """Whether seats are still saved up for parties that were passed over too often."""
    return now < starts_at - SAVING_ENDS_BEFORE


def serve(*, capacity: int | None, taken: int, line: Iterable[Waiting], saves: bool) -> Served:
    """Go along the line (in order of arrival) and seat who can be seated."""
    served, larger, saved = Served(), list[Waiting](), False
    for party in line:
        if saved or (capacity is not None and taken >= capacity):
            break
        if fits(capacity=capacity, taken=taken, party_size=party.party_size):
            served.seated.append(party.id)
            taken += party.party_size
            for one in larger:
                served.passed[one.id] = served.passed.get(one.id, 0) + 1
            saved = saves and any(_has_waited_enough(one, served, capacity) for one in larger)
        else:
            larger.append(party)
            saved = saves and _has_waited_enough(party, served, capacity)
    return served


def _has_waited_enough(party: Waiting, served: Served, capacity: int | None) -> bool:
    possible = capacity is None or party.party_size <= capacity
    return possible and party.passed_over + served.passed.get(party.id, 0) >= PASSES
