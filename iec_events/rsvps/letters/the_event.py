"""What letters say of the event itself: that it is near, that it was, and what is other than was told."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from ...core.i18n import _, format_number, ngettext
from ...events.versions import CALLED_OFF, Change
from ..wording import unless_dated
from .pieces import Facts, Said, Sayings, kept

SOON = dt.timedelta(hours=3)
NEWS = ("event_changed", "event_postponed", "event_reinstated", "event_cancelled")


def news_kind(before: str, now: str) -> str:
    """Which letter tells that an event's status was `before` and is `now`."""
    if now in CALLED_OFF:
        return "event_cancelled"
    if now == "postponed":
        return "event_postponed"
    return "event_reinstated" if before == "postponed" or before in CALLED_OFF else "event_changed"


def nothing_new(before: str, now: str, changes: tuple[Change, ...]) -> bool:
    """Whether there is nothing to write: changed and changed back, or called off for this reader before already."""
    kind = news_kind(before, now)
    if kind == "event_changed":
        return not changes
    return kind != "event_reinstated" and kind == news_kind("published", before)


# --- Before and after


def _reminder(facts: Facts) -> Said:
    subject, headline = _how_soon(facts)
    how = _(
        "If you cannot come, please say so with your link, so that somebody else can. There you can also say that you "
        "want no more reminders."
    )
    return Said(subject=subject, headline=headline, words=(kept(facts), how))


def _how_soon(facts: Facts) -> tuple[str, str]:
    """By the days at the place, as they are when the letter is written."""
    event = facts.event.event
    zone = ZoneInfo(event.time_zone)
    days = (event.starts_at.astimezone(zone).date() - facts.now.astimezone(zone).date()).days
    if not event.all_day and event.starts_at - facts.now <= SOON:
        return _("Soon: %(title)s", **facts.titled), _("It is soon, and we look forward to you.")
    if days < 1:
        return _("Today: %(title)s", **facts.titled), _("It is today, and we look forward to you.")
    if days == 1:
        return _("Tomorrow: %(title)s", **facts.titled), _("It is tomorrow, and we look forward to you.")
    count = format_number(days)
    return (
        ngettext("In %(count)s day: %(title)s", "In %(count)s days: %(title)s", days, count=count, **facts.titled),
        ngettext(
            "It is in %(count)s day, and we look forward to you.",
            "It is in %(count)s days, and we look forward to you.",
            days,
            count=count,
        ),
    )


def _thanks(facts: Facts) -> Said:
    glad = _("We are glad that you were with us. If you could not be there after all: we hope to see you another time.")
    erased = _("What we keep about you is destroyed on %(day)s.", day=facts.event.list_ends_text)
    return Said(
        subject=_("Thank you: %(title)s", **facts.titled),
        headline=_("Thank you for coming."),
        words=(glad, erased),
        facts=False,
        last=True,
    )


# --- News of the event


def _event_changed(facts: Facts) -> Said:
    if facts.changes:
        told = _("Something is different from what we told you. Below you see what it was, and what it is now.")
    else:
        told = _("Time or place are different from what we told you. This is how it is now:")
    return Said(
        subject=_new_what(facts),
        headline=_("This event has changed."),
        words=tuple(filter(None, (told, _can_you_still_come(facts)))),
    )


def _event_postponed(facts: Facts) -> Said:
    stays = _("There is no new date yet. Your RSVP stays, and we write to you when there is one.")
    return Said(
        subject=_("Postponed: %(title)s", **facts.titled),
        headline=_("This event is postponed."),
        words=(
            _("It does not take place on the day we told you. Please do not travel."),
            stays,
            unless_dated(facts.event),
        ),
        facts=False,
    )


def _event_reinstated(facts: Facts) -> Said:
    moved = any(change.what == "time" for change in facts.changes)
    if facts.before == "postponed":
        headline = _("There is a new date.") if moved else _("It takes place after all.")
        was = _("This event was postponed. Now it takes place.")
    else:
        headline = _("It takes place after all.")
        was = _("We wrote to you that this event is cancelled. Now it takes place.")
    stands = _("Your place is still kept.") if facts.comes else _("Your RSVP stands as it did before.")
    differs = _("Some of it is different from what we told you before: see below.") if facts.changes else ""
    return Said(
        subject=_("It takes place after all: %(title)s", **facts.titled)
        if not moved
        else _("New time: %(title)s", **facts.titled),
        headline=headline,
        words=tuple(filter(None, (f"{was} {stands}", differs, _can_you_still_come(facts)))),
    )


def _event_cancelled(facts: Facts) -> Said:
    off = _("It does not take place. Please do not travel.")
    contact = facts.event.contact
    ask = _("For questions, write to %(contact)s.", contact=contact) if contact else ""
    return Said(
        subject=_("Cancelled: %(title)s", **facts.titled),
        headline=_("This event is cancelled."),
        words=tuple(filter(None, (off, ask))),
        key=facts.event.status != "draft",
    )


def _new_what(facts: Facts) -> str:
    changed = {change.what for change in facts.changes}
    if changed == {"time"}:
        return _("New time: %(title)s", **facts.titled)
    if changed == {"place"}:
        return _("New place: %(title)s", **facts.titled)
    return _("Changed: %(title)s", **facts.titled)


def _can_you_still_come(facts: Facts) -> str:
    if not facts.comes:
        return ""
    return _("If you can’t come any more, please say so with your link, so that somebody else can.")


SAY: Sayings = {
    "reminder": _reminder,
    "thanks": _thanks,
    "event_changed": _event_changed,
    "event_postponed": _event_postponed,
    "event_reinstated": _event_reinstated,
    "event_cancelled": _event_cancelled,
}
