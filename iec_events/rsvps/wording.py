"""The words for what an RSVP is, and what happened to it, as organizers read them; what letters and own pages share."""

from __future__ import annotations

from ..core.i18n import _, _l
from ..events.views import EventView
from ..organizers import audit
from .models import (
    ATTENDEE,
    CANCELLED,
    CONFIRMED,
    DECLINED,
    LAPSED,
    NOT_COMING,
    OFFERED,
    PENDING,
    REMOVED,
    UNCONFIRMED,
    WAITLISTED,
)

STATUS = {
    CONFIRMED: _l("Coming"),
    OFFERED: _l("Offered a place"),
    UNCONFIRMED: _l("To confirm their address"),
    PENDING: _l("Waiting for approval"),
    WAITLISTED: _l("On the waitlist"),
    NOT_COMING: _l("Not coming"),
    DECLINED: _l("Declined"),
    LAPSED: _l("Ran out of time"),
    CANCELLED: _l("Cancelled"),
    REMOVED: _l("Removed"),
}

STEP = {
    "placed": _l("Signed up"),
    "address confirmed": _l("Address confirmed"),
    "approved": _l("Approved"),
    "declined": _l("Declined"),
    "offered": _l("Offered a place"),
    "offer taken": _l("Offer taken"),
    "seated": _l("Got a place"),
    "ran out": _l("Ran out of time"),
    "changed": _l("Changed"),
    "link sent": _l("Link sent again"),
    "not coming": _l("Said “not coming”"),
    "came back": _l("Came back"),
    "cancelled": _l("Cancelled"),
    "remark": _l("Remark of the organizers changed"),
    "removed": _l("Removed from the list"),
    "put back": _l("Put back on the list"),
    "walked in": _l("Came without an RSVP"),
    "let in": _l("Came after all"),
    "taken back": _l("Taken back at the door"),
}

BY = {ATTENDEE: _l("by themselves"), audit.WORKER: _l("by itself"), audit.OPERATOR: _l("by the operator")}


def unless_dated(event: EventView) -> str:
    """What those on the list of a postponed event are told: until when it waits for a new date."""
    return _(
        "If there is no new date by %(day)s, what we keep about you is destroyed on that day, your RSVP too. After "
        "that, please look at the event’s page and sign up again.",
        day=event.list_ends_text,
    )
