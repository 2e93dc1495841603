"""The rules of seats and of the waitlist: pure, without a database.

A party is confirmed when all of it fits. Freed seats go to the first waiting party that fits, then to the next one
that fits into what is left, in the order of arrival; a party that is too large keeps its place and is asked again
each time seats free up.
"""

from __future__ import annotations

from collections.abc import Iterable


def fits(*, capacity: int | None, taken: int, party_size: int) -> bool:
    """Whether a party can be seated besides those who already are."""
    return capacity is None or taken + party_size <= capacity


def promotions(*, capacity: int | None, taken: int, waiting: Iterable[tuple[str, int]]) -> list[str]:
    """Which waiting parties (id, size; in order of arrival) are seated now."""
    seated = []
    for rsvp_id, party_size in waiting:
        if fits(capacity=capacity, taken=taken, party_size=party_size):
            seated.append(rsvp_id)
            taken += party_size
    return seated
