"""Quiet letters and calendars, for phones and mailboxes that others look into: they name no event and no place.

What they cannot hide: the service's own domain (in the sender's address, in links and in identifiers), the day and hour
of a calendar entry, and that somebody who knows the service may guess. docs/attendees.md says so.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

from ..calendars.entry import CalendarEvent
from ..core.i18n import _, _l
from ..core.urls import public_url
from ..events.versions import CALLED_OFF
from .letters import MOVED, Facts, Said

PRODID = "-//Calendar//Calendar//EN"
FILE_NAME = "appointment.ics"
DEADLINES = {"unconfirmed", "hold_ending", "offered", "offer_ending"}
NO_TIME = {"declined", "thanks", "link", "lapsed", "event_postponed"}  # letters that say no day
CONFIRM, ANSWER, SET = _l("Please confirm your appointment"), _l("Your answer is needed"), _l("Your appointment is set")
PROMISES = {*DEADLINES, "confirmed", "promoted", "approved"}  # letters that say so while it takes place
CHANGED, OFF = _l("Your appointment has changed"), _l("Your appointment is cancelled")
HEADLINES = {
    "unconfirmed": CONFIRM,
    "hold_ending": CONFIRM,
    "offered": ANSWER,
    "offer_ending": ANSWER,
    "confirmed": SET,
    "promoted": SET,
    "approved": SET,
    "reminder": _l("A reminder of your appointment"),
    "thanks": _l("Thank you"),
    "event_changed": CHANGED,
    "event_postponed": CHANGED,
    "event_reinstated": CHANGED,
    "event_cancelled": OFF,
    "cancelled": OFF,
    "withdrawn": OFF,
    "not_coming": OFF,
}


def quiet_sender() -> str:
    """Who writes; the address behind it is the service's all the same."""
    return _("Appointments")


def quiet_title() -> str:
    """What a calendar shows in place of the event's title, and its own name."""
    return _("Appointment")


def quiet_said(kind: str, facts: Facts) -> Said:
    """A letter that tells what to do, and nothing else."""
    if kind == MOVED:
        said = _("No more mails come to this address.")
        gone = _("The attached calendar file takes the appointment out of the calendar here.")
        return Said(subject=said, headline=said, words=(gone,), facts=False)
    headline = str(HEADLINES.get(kind) or _("About your appointment"))
    off = facts.event.status in CALLED_OFF
    if kind in PROMISES and facts.event.status != "published":
        headline = str(OFF if off else CHANGED)
    where = _("What it is about, and all that you can do, stands behind your own link.")
    until = ""
    if facts.deadline and kind in DEADLINES and not off:
        until = _("Please answer before %(moment)s (the local time there).", moment=facts.deadline)
    return Said(
        subject=headline,
        headline=headline,
        words=tuple(filter(None, (where, until))),
        facts=kind not in NO_TIME and facts.event.status != "postponed",
    )


def quiet_event(event: CalendarEvent) -> CalendarEvent:
    """The same entry, by its UID and times, that tells nothing else. Hours are in UTC: a zone's name is a place's."""
    if event.recurrence_id is not None and not event.series_days:
        wall = event.recurrence_id.replace(tzinfo=ZoneInfo(event.series_zone))
        event = replace(event, recurrence_id=wall.astimezone(dt.UTC).replace(tzinfo=None), series_zone="UTC")
    return replace(
        event,
        title=_title(event.status),
        description=_("What it is about stands behind your own link, which is in our mail."),
        url=public_url("rsvps.lost", locale=event.locale),  # a calendar is no place for the key itself
        time_zone=event.time_zone if event.all_day else "UTC",
        location="",
        venue_title="",
        geo=None,
        image_url=None,
        conference_url=None,
        categories=(),
        organizer_name=quiet_sender(),
        private=True,
        prodid=PRODID,
    )


def _title(status: str) -> str:
    if status == "cancelled":
        return _("Cancelled: %(title)s", title=quiet_title())
    return _("Postponed: %(title)s", title=quiet_title()) if status == "postponed" else quiet_title()
