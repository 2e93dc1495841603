"""Letters to attendees, written at delivery from what is true then. None: there is nothing to say any more.

They call nobody by name: the worker cannot read names, and mail providers need not know them.
"""

from __future__ import annotations

from typing import Any

from ..calendars.ical import Method, invitation_bytes
from ..calendars.views import calendar_event
from ..core import clock
from ..core.db import db
from ..core.i18n import current_locale, speaking
from ..core.urls import public_url
from ..events.models import Event
from ..events.times import local_text
from ..events.views import EventView
from ..mail.letters import Letter, Writers, write_letter
from .boxes import address_of
from .models import (
    ACTIVE,
    CANCELLED,
    CONFIRMED,
    DECLINED,
    LAPSED,
    NOT_COMING,
    OFFERED,
    PENDING,
    UNCONFIRMED,
    WAITLISTED,
    Rsvp,
)
from .queries import RsvpView, place_in_line, view_of

LEFT = (NOT_COMING, DECLINED, LAPSED, CANCELLED)

# Kind of letter -> the statuses in which it is still true, and the calendar method that goes along.
TRUE_WHILE: dict[str, tuple[tuple[str, ...], Method | None]] = {
    "unconfirmed": ((UNCONFIRMED,), None),
    "hold_ending": ((UNCONFIRMED,), None),
    "pending": ((PENDING,), None),
    "confirmed": ((CONFIRMED,), "REQUEST"),
    "reminder": ((CONFIRMED,), "REQUEST"),
    "waitlisted": ((WAITLISTED,), None),
    "offered": ((OFFERED,), None),
    "offer_ending": ((OFFERED,), None),
    "lapsed": ((LAPSED,), None),
    "promoted": ((CONFIRMED,), "REQUEST"),
    "approved": ((CONFIRMED,), "REQUEST"),
    "approved_waiting": ((WAITLISTED,), None),
    "declined": ((DECLINED,), None),
    "changed": (ACTIVE, None),
    "not_coming": ((NOT_COMING,), "CANCEL"),
    "withdrawn": ((CANCELLED,), "CANCEL"),
    "cancelled": ((CANCELLED,), "CANCEL"),
    "link": ((*ACTIVE, *LEFT), None),
    "event_changed": (ACTIVE, "REQUEST"),
    "event_cancelled": (ACTIVE, "CANCEL"),
}


def _letter(kind: str, facts: dict[str, Any]) -> Letter | None:
    rsvp = db.session.get(Rsvp, facts["rsvp_id"], populate_existing=True)
    statuses, method = TRUE_WHILE[kind]
    if rsvp is None or rsvp.status not in statuses or facts.get("silent"):
        return None
    return _written(kind, rsvp, method, facts)


def decline_letter(rsvp_id: str, words: str) -> str | None:
    """What a party would be told if it were declined with these words, in its language; None without an address."""
    rsvp = db.session.get_one(Rsvp, rsvp_id)
    address = address_of(rsvp)
    if address is None:
        return None
    with speaking(address["locale"]):
        facts = {"to": address["to"], "token": "", "words": words}
        return _written("declined", rsvp, None, facts).text


def _written(kind: str, rsvp: Rsvp, method: Method | None, facts: dict[str, Any]) -> Letter:
    row = db.session.get_one(Event, rsvp.event_id, populate_existing=True)
    locale = current_locale()
    comes = rsvp.status == CONFIRMED
    event, view = EventView(row, locale, clock.now(), entitled=comes), view_of(rsvp, None)
    return write_letter(
        f"rsvps/emails/{kind}",
        calendar=_calendar(event, view, method, facts["to"]),
        method=method or "PUBLISH",
        event=event,
        rsvp=view,
        place=place_in_line(view, row.slug),
        deadline=_deadline(rsvp, event, locale),
        words=facts.get("words", ""),
        twice=facts.get("twice", False),
        link=public_url("rsvps.open_link", locale=locale, token=facts["token"]) if facts["token"] else "",
    )


def _deadline(rsvp: Rsvp, event: EventView, locale: str) -> str | None:
    """Until when a hold or an offer lasts, by the clocks of the place, which are named."""
    if rsvp.until is None:
        return None
    return f"{local_text(rsvp.until, event.event.time_zone, locale)} ({event.when.zone_label})"


def _calendar(event: EventView, rsvp: RsvpView, method: Method | None, to: str) -> bytes | None:
    """The invitation for those who come; a CANCEL is one SEQUENCE above what they were told."""
    if method is None or (method == "REQUEST" and rsvp.status != CONFIRMED):
        return None
    told = calendar_event(event)
    if method == "REQUEST" and told.status == "cancelled":
        return None
    sequence = told.sequence + 1 if method == "CANCEL" and told.status != "cancelled" else None
    return invitation_bytes(told, attendee_email=to, method=method, sequence=sequence)


def _writer(kind: str) -> Any:
    return lambda facts: _letter(kind, facts)


LETTERS: Writers = {f"rsvps.{kind}": _writer(kind) for kind in TRUE_WHILE}
