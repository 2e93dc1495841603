"""An attendee's own calendar: the event with what only those who come may know, for as long as they come.

It names nobody. Whoever lost their place finds the entry struck through, without the place; so do all when an event was
taken down, for as long as in public calendars. An address that was taken back, or whose RSVP was erased, leads nowhere.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from ..calendars.entry import CalendarEvent
from ..calendars.feeds import REFRESH
from ..calendars.ical import calendar_bytes, invitation_bytes, vevent_bytes, zones_of
from ..calendars.queries import TOMBSTONE
from ..core.i18n import LocaleCode, _
from ..core.urls import public_url
from ..events.models import Event
from ..events.queries import EventGone, any_event, public_event
from ..events.views import EventView
from .entries import own_entry
from .models import ACTIVE, CONFIRMED, RsvpStep
from .queries import RsvpView, calendar_token_of, rsvp_by_calendar, slug_by_id, steps_of
from .quiet import FILE_NAME, quiet_title


def own_address(rsvp_id: str) -> str | None:
    """Where an attendee's own calendar is, in the language being spoken, if they have asked for an address.

    To copy only: some programs take `webcal:` for plain http, which would tell it to the network they are in.
    """
    token = calendar_token_of(rsvp_id)
    return public_url("rsvps.own_calendar", token=token) if token else None


def own_calendar(token: str, locale: LocaleCode, now: dt.datetime) -> bytes:
    """The calendar behind this address, as octets; CalendarUnknown, EventGone."""
    rsvp = rsvp_by_calendar(token)
    event = _event(slug_by_id(rsvp.event_id), now)
    view = EventView(event, locale, now, entitled=rsvp.status == CONFIRMED and event.status != "draft")
    told = _as_it_stands(own_entry(view, rsvp), rsvp.status)
    if event.status == "draft":
        told = _taken_down(told)
    told = replace(told, stamp=_stamp(told.stamp, steps_of(rsvp.id)), private=True)
    return calendar_bytes(
        name=quiet_title() if rsvp.quiet else view.title,
        refresh=REFRESH,
        zones=zones_of(told.spans),
        vevents=[vevent_bytes(told)],
        locale=locale,
        prodid=told.prodid,
    )


def own_download(rsvp: RsvpView, event: EventView) -> tuple[bytes, str]:
    """The event as a file for the attendee's own calendar, and the file's name; both quiet for those who asked."""
    entry = own_entry(event, rsvp)
    name = FILE_NAME if rsvp.quiet else f"{event.slug}.ics"
    return invitation_bytes(entry, attendee_email="", method="PUBLISH"), name


def _event(slug: str, now: dt.datetime) -> Event:
    """The event, also when it was taken down not long ago; EventUnknown, EventGone."""
    try:
        return public_event(slug)
    except EventGone:
        event = any_event(slug)
        if max(event.ends_at, event.revised_at) <= now - TOMBSTONE:
            raise
        return event


def _taken_down(event: CalendarEvent) -> CalendarEvent:
    """That it does not take place, and nothing of what may be written into the draft by now; its title stays."""
    return replace(
        event,
        description=_("This event is cancelled."),
        location="",
        venue_title="",
        geo=None,
        image_url=None,
        conference_url=None,
    )


def _as_it_stands(event: CalendarEvent, status: str) -> CalendarEvent:
    """What the attendee's state makes of the entry."""
    if status == CONFIRMED or event.status == "cancelled":
        return event
    if status in ACTIVE:
        said = _("You have no confirmed place at the moment.")
        return replace(
            event,
            status="postponed" if event.status == "postponed" else "tentative",
            description=f"{said}\n\n{event.description}",
        )
    said = _("You are not coming. If that is a mistake, open your own link.")
    return replace(
        event,
        status="cancelled",
        title=_("Not coming: %(title)s", title=event.title),
        description=f"{said}\n\n{event.description}",
    )


def _stamp(changed_at: dt.datetime, steps: Sequence[RsvpStep]) -> dt.datetime:
    """A moment that rises with every change of the event and every step of the RSVP, of which only the day is kept."""
    if not steps:
        return changed_at
    day = dt.datetime.combine(max(step.on for step in steps), dt.time(), dt.UTC)
    return max(changed_at, day) + dt.timedelta(seconds=len(steps))
