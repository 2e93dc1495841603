"""The addresses in letters that end reminders, or letters of the organizers: each does that, and opens nothing.

An address is signed for one RSVP and one of the two. It tells nothing of the RSVP, not even whether there still is one.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from ..core.crypto import vault
from ..core.errors import Refusal
from ..core.i18n import _l
from ..core.urls import public_url

What = Literal["reminders", "letters"]
WHATS: tuple[What, ...] = ("reminders", "letters")
PURPOSE = "unsubscribe"


class AddressBroken(Refusal):
    """Nobody signed this address: it was copied in part, or made up."""

    status: ClassVar[int] = 404
    message = _l("This address is not whole. Please use the link in the mail as it stands there.")


def unsubscribe_address(rsvp_id: str, what: What, locale: str) -> str:
    """Where one POST (RFC 8058) ends reminders or letters to an attendee; a page with a button for people."""
    signature = vault().sign(PURPOSE, f"{what} {rsvp_id}")
    return public_url("rsvps.unsubscribe", locale=locale, what=what, signed=f"{rsvp_id}.{signature}")


def signed_rsvp(what: What, signed: str) -> str:
    """The id of the RSVP that this address is for; AddressBroken."""
    rsvp_id, _dot, signature = signed.partition(".")
    if vault().signer(PURPOSE, f"{what} {rsvp_id}", signature) is None:
        raise AddressBroken
    return rsvp_id
