"""An event as it stands in one attendee's own calendar: in invitations, in their download, in the feed of their own."""

from __future__ import annotations

from dataclasses import replace

from ..calendars.entry import CalendarEvent
from ..calendars.views import calendar_event
from ..events.views import EventView
from .models import ACTIVE, Rsvp
from .queries import RsvpView
from .quiet import quiet_event


def own_entry(event: EventView, rsvp: Rsvp | RsvpView, ahead: int | None = None) -> CalendarEvent:
    """The entry, quiet for those who asked for that.

    UID and SEQUENCE are the event's. Who came, left and came back is ahead of it: a program that was told to take the
    entry out ignores whatever has no higher SEQUENCE (RFC 5546 2.1.5). After leaving it is that of the CANCEL; `ahead`
    says by how much it is ahead where that was settled when a letter was promised.
    """
    told = calendar_event(event)
    if ahead is None:
        ahead = rsvp.sequence_ahead - (bool(rsvp.sequence_ahead) and rsvp.status not in ACTIVE)
    told = replace(told, sequence=told.sequence + ahead)
    return quiet_event(told) if rsvp.quiet else told
