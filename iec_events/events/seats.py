"""What strangers are told of the seats: coarse steps, and nothing while the numbers are small."""

from __future__ import annotations

SMALL = 10
A_FEW = 25


def availability(capacity: int | None, seats_taken: int) -> str:
    """`full`, `few` (a fifth or less is left, 25 at most), `some` (less than half), `plenty`, or nothing.

    Nothing is said of events without a limit, and of small ones until they are full: there a step would tell that
    somebody has just signed up.
    """
    if capacity is None:
        return ""
    left = capacity - seats_taken
    if left <= 0:
        return "full"
    if capacity < SMALL:
        return ""
    if left * 5 <= capacity and left <= A_FEW:
        return "few"
    return "some" if left * 2 < capacity else "plenty"
