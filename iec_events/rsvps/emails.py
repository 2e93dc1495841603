"""Letters to attendees, written at delivery from what is true then. None: there is nothing to say any more.

They call nobody by name: the worker cannot read names, and mail providers need not know them. What they say stands in
`letters`, and for those who asked for quiet mails in `quiet.py`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from ..calendars.ical import Method, invitation_bytes
from ..core import clock
from ..core.db import db
from ..core.i18n import current_locale, speaking
from ..core.urls import public_url
from ..events.models import Event
from ..events.times import local_text
from ..events.versions import CALLED_OFF, as_said, differences, versions_since
from ..events.views import EventView
from ..mail.letters import Letter, NotYet, Writers, write_letter
from .boxes import address_of
from .entries import own_entry
from .letters import MOVED, NEWS, Facts, news_kind, nothing_new, said_of
from .models import (
    ACTIVE,
    CANCELLED,
    CONFIRMED,
    DECLINED,
    LAPSED,
    NOT_COMING,
    OFFERED,
    PENDING,
    STATUSES,
    UNCONFIRMED,
    WAITLISTED,
    Rsvp,
)
from .queries import place_in_line, view_of
from .quiet import FILE_NAME, quiet_said, quiet_sender
from .unsubscribing import What, unsubscribe_address

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
    MOVED: (STATUSES, "CANCEL"),
    "link": ((*ACTIVE, *LEFT), None),
    "thanks": ((CONFIRMED,), None),
    "event_changed": (ACTIVE, "REQUEST"),
    "event_postponed": (ACTIVE, "REQUEST"),
    "event_reinstated": (ACTIVE, "REQUEST"),
    "event_cancelled": (ACTIVE, "CANCEL"),
}
AFTERWARDS = {"not_coming", "withdrawn", "cancelled", "declined", MOVED, "link", "thanks"}  # true when it is over, too
STOPS: dict[str, What] = {"reminder": "reminders", "thanks": "letters"}


def _letter(kind: str, facts: dict[str, Any]) -> Letter | None:
    rsvp = db.session.get(Rsvp, facts["rsvp_id"], populate_existing=True)
    if rsvp is None or rsvp.status not in TRUE_WHILE[kind][0] or facts.get("silent"):
        return None
    row = db.session.get_one(Event, rsvp.event_id, populate_existing=True)
    if kind not in AFTERWARDS and row.status == "published" and row.ends_at <= clock.now():
        return None
    if kind == "reminder" and not _still_to_remind(row, rsvp, facts):
        return None
    if kind == "thanks" and not (rsvp.wants_letters and row.status == "published"):
        return None
    if kind != MOVED and _news_are_due(kind, row, rsvp):
        raise NotYet
    return _written(kind, rsvp, row, facts)


def _news_are_due(kind: str, event: Event, rsvp: Rsvp) -> bool:
    """Whether they are not told yet that the event is off, or on again, which a slip of the hand may have been.

    Those who read it in another letter would hear nothing when it is mended before news of it went out.
    """
    if event.ends_at <= clock.now() or rsvp.status not in ACTIVE:
        return False
    versions = versions_since(event.id, rsvp.told_sequence)
    if not versions or versions[0].sequence != rsvp.told_sequence:
        return False
    told, now = (None if status in CALLED_OFF else status for status in (versions[0].said["status"], event.status))
    return told != now and (kind not in NEWS or told == "published")


def decline_letter(rsvp_id: str, words: str) -> str | None:
    """What a party would be told if it were declined with these words, in its language; None without an address."""
    rsvp = db.session.get_one(Rsvp, rsvp_id)
    address = address_of(rsvp)
    if address is None:
        return None
    row = db.session.get_one(Event, rsvp.event_id)
    with speaking(address["locale"]):
        letter = _written("declined", rsvp, row, {"to": address["to"], "token": "", "words": words})
    return letter.text if letter else None


def _still_to_remind(event: Event, rsvp: Rsvp, facts: dict[str, Any]) -> bool:
    """Not after they said no to reminders, nor once it has begun or moved, nor just before or after the next one."""
    now = clock.now()
    if not rsvp.wants_reminders or event.status != "published" or event.starts_at <= now:
        return False
    if "starts_at" not in facts:  # promised by an earlier version
        return True
    due = [hours for hours in event.reminders if event.starts_at - dt.timedelta(hours=hours) <= now]
    return facts["starts_at"] == event.starts_at.isoformat() and not any(hours < facts["hours"] for hours in due)


def _written(kind: str, rsvp: Rsvp, row: Event, given: dict[str, Any]) -> Letter | None:
    locale, view, now = current_locale(), view_of(rsvp, None), clock.now()
    event = EventView(row, locale, now, entitled=rsvp.status == CONFIRMED and kind != MOVED)
    facts = Facts(
        rsvp=view,
        event=event,
        now=now,
        place=place_in_line(view, row.slug),
        deadline=_deadline(rsvp, event, locale),
        words=given.get("words", ""),
        twice=given.get("twice", False),
    )
    if "since" in given:
        facts = _with_changes(facts, given, quiet=rsvp.quiet)
    if kind in NEWS:
        kind = news_kind(facts.before or "published", row.status)
        if facts.before and nothing_new(facts.before, row.status, facts.changes):
            return None
    ahead = given.get("ahead")
    method = TRUE_WHILE[kind][1] if ahead is None else "CANCEL"
    calendar = _calendar(event, rsvp, method, given["to"], ahead)
    stop = unsubscribe_address(rsvp.id, STOPS[kind], locale) if kind in STOPS else None
    letter = write_letter(
        f"rsvps/emails/{'quiet' if rsvp.quiet else 'letter'}",
        calendar=calendar,
        method=method or "PUBLISH",
        said=quiet_said(kind, facts) if rsvp.quiet else said_of(kind, facts),
        facts=facts,
        event=event,
        link=public_url("rsvps.open_link", locale=locale, token=given["token"]) if given["token"] else "",
        stop=stop,
        stops=STOPS.get(kind),
    )
    letter = replace(letter, unsubscribe=stop)
    return replace(letter, sender_name=quiet_sender(), file_name=FILE_NAME) if rsvp.quiet else letter


def _with_changes(facts: Facts, given: dict[str, Any], *, quiet: bool) -> Facts:
    """With what is other than under the SEQUENCE they knew; unknown where nobody kept what was said then.

    In a quiet calendar entry hours are in UTC, and so not what they were where a state changed its clocks.
    """
    event = facts.event.event
    versions = versions_since(event.id, given["since"])
    if event.sequence == given["since"]:
        return replace(facts, before=event.status)
    if not versions or versions[0].sequence != given["since"]:
        return facts
    entitled = facts.comes and given.get("entitled", False)
    old = EventView(
        as_said(event, versions[0].said, in_utc=quiet and facts.comes), facts.event.locale, facts.now, entitled=entitled
    )
    return replace(facts, changes=differences(old, facts.event), before=old.status)


def _deadline(rsvp: Rsvp, event: EventView, locale: str) -> str:
    """Until when a hold or an offer lasts, by the clocks of the place; these are named, but not in quiet mails."""
    if rsvp.until is None:
        return ""
    moment = local_text(rsvp.until, event.event.time_zone, locale)
    return moment if rsvp.quiet else f"{moment} ({event.when.zone_label})"


def _calendar(event: EventView, rsvp: Rsvp, method: Method | None, to: str, ahead: int | None) -> bytes | None:
    """The invitation for those who come; a CANCEL for those who had one, always of a higher SEQUENCE.

    With `ahead`, whoever promised the letter knew that there was an invitation; its CANCEL is so far ahead.
    """
    entry = own_entry(event, rsvp, ahead)
    if ahead is not None:
        return invitation_bytes(entry, attendee_email=to, method="CANCEL")
    if method == "REQUEST" and (rsvp.status != CONFIRMED or entry.status == "cancelled"):
        return None
    if method == "CANCEL" and not rsvp.sequence_ahead and rsvp.status != CONFIRMED:
        return None
    return invitation_bytes(entry, attendee_email=to, method=method) if method else None


def _writer(kind: str) -> Any:
    return lambda facts: _letter(kind, facts)


LETTERS: Writers = {f"rsvps.{kind}": _writer(kind) for kind in TRUE_WHILE}
