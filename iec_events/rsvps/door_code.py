"""The code that an attendee shows at the door, as a QR or read out: `IEC1.`, the id of the RSVP, a dot, a check sign.

The code names an RSVP and opens nothing. The check sign shows a slip of the fingers: every single wrong sign, and every
two that changed places. It is the remainder of the id, read as a polynomial over the field of 64 elements.
"""

from __future__ import annotations

import re

MARK = "IEC1."
SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
CODE = re.compile(r"([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-])")
REDUCED_BY = 0b1000011  # x^6 + x + 1


class CodeMistyped(ValueError):
    """It begins like a code and is none: a sign is missing, too many, or wrong."""


def door_code(rsvp_id: str) -> str:
    """The code of an RSVP."""
    return f"{MARK}{rsvp_id}.{_check_sign(rsvp_id)}"


def is_door_code(text: str) -> bool:
    """Whether somebody means this as a code."""
    return text.strip().upper().startswith(MARK)


def rsvp_of_code(text: str) -> str:
    """The id of the RSVP; CodeMistyped."""
    found = CODE.fullmatch("".join(text.split())[len(MARK) :])
    if not is_door_code(text) or found is None or _check_sign(found[1]) != found[2]:
        raise CodeMistyped
    return found[1]


def _check_sign(rsvp_id: str) -> str:
    value = 0
    for sign in rsvp_id:
        value <<= 1
        if value & 64:
            value ^= REDUCED_BY
        value ^= SIGNS.index(sign)
    value <<= 1
    return SIGNS[value ^ REDUCED_BY if value & 64 else value]
