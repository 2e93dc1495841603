"""An event's list as a table, in the language being spoken: every party in a row, with all that the reader can open."""

from __future__ import annotations

import sqlalchemy as sa

from ..core.db import db
from ..core.i18n import _, current_locale, direction
from ..rsvps.boxes import Reader
from ..rsvps.models import ACTIVE, CONFIRMED, REMOVED, Rsvp
from .sheets import Cell, Sheet

ALL, ONLY_CONFIRMED, WAITING = "all", "confirmed", "waiting"
PARTS = (ALL, ONLY_CONFIRMED, WAITING)


def list_sheet(event_id: int, reader: Reader, part: str = ALL) -> Sheet:
    """The table of everybody but those removed together, of the confirmed, or of all who wait for something."""
    query = sa.select(Rsvp).where(Rsvp.event_id == event_id, Rsvp.status != REMOVED).order_by(Rsvp.line)
    if part == ONLY_CONFIRMED:
        query = query.where(Rsvp.status == CONFIRMED)
    elif part == WAITING:
        query = query.where(Rsvp.status.in_([status for status in ACTIVE if status != CONFIRMED]))
    parties = db.session.scalars(query).all()
    words, yes, no, sealed = _status_words(), _("yes"), _("no"), _("sealed")
    rows = [_row(one, reader, words[one.status], yes, no, sealed) for one in parties]
    return Sheet(_("RSVPs"), _header(), rows, right_to_left=direction(current_locale()) == "rtl")


def _header() -> list[str]:
    return [
        _("Status"),
        _("Line"),
        _("Name or alias"),
        _("Companions"),
        _("Children"),
        _("How many"),
        _("E-mail"),
        _("Note"),
        _("Remark"),
        _("Address confirmed"),
        _("Placed on"),
    ]


def _row(rsvp: Rsvp, reader: Reader, status: str, yes: str, no: str, sealed: str) -> list[Cell]:
    said = reader.words(rsvp)
    confirmed = yes if rsvp.address_confirmed else no
    return [
        status,
        rsvp.line,
        said.name if said else sealed,
        "\n".join(name for name in said.companions if name) if said else "",
        said.children if said else "",
        rsvp.party_size,
        said.email or "" if said else "",
        said.note if said else "",
        reader.remark(rsvp),
        confirmed if said and said.email else "",
        rsvp.placed_on.isoformat(),
    ]


def _status_words() -> dict[str, str]:
    return {
        "unconfirmed": _("Address not confirmed"),
        "pending": _("Waiting for approval"),
        "confirmed": _("Confirmed"),
        "waitlisted": _("Waitlist"),
        "offered": _("Offered a place"),
        "not_coming": _("Not coming"),
        "declined": _("Declined"),
        "lapsed": _("Lapsed"),
        "cancelled": _("Cancelled"),
    }
