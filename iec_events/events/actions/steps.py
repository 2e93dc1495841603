"""Steps of an event that people notice: published and called off, closed and opened, defended."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from ...core.db import atomic
from ...core.errors import Refusal
from ...core.i18n import _l
from ...organizers.audit import note
from ..models import Event, EventSeries
from ..versions import CALLED_OFF, raise_sequence, said_by, versions_since
from .rows import after, all_stamped, leave_out, locked, stamped, take_from_left_out

# What a change of status is called in the audit trail where it is not the new status itself.
STEPS_NOTED = {
    ("published", "draft"): "event.withdrawn",
    ("postponed", "draft"): "event.withdrawn",
    ("cancelled", "draft"): "event.withdrawn",
    ("postponed", "published"): "event.reinstated",
    ("cancelled", "published"): "event.reinstated",
}


class TitleMissing(Refusal):
    """An event without a title in any language cannot be published."""

    status: ClassVar[int] = 422
    message = _l("To be published, the event needs a title in at least one language.")


class PlaceMissing(Refusal):
    """An event that is nowhere cannot be published, nor become so afterwards."""

    status: ClassVar[int] = 422
    message = _l("To be published, the event needs a city, or an online address.")


class NotFromHere(Refusal):
    """The event's status does not allow this step."""

    message = _l("The event’s status has changed meanwhile, so this can’t be done now.")


class DayOver(NotFromHere):
    """Before it takes place after all, what was postponed needs a day on which it can."""

    message = _l("The old day is over. Save the new date first, and then say that it takes place after all.")


@atomic()
def publish_event(*, slug: str, now: dt.datetime) -> None:
    """Show a draft to everyone, a night that was, too. TitleMissing, PlaceMissing.

    The first time nobody has an older version to replace.
    """
    event = locked(slug)
    if not any(said.get("title") for said in event.texts.values()):
        raise TitleMissing
    if not (event.city or event.online_url):
        raise PlaceMissing
    first = event.published_at is None
    _turn(event, {"draft"}, _shown_again(event, now), now, told=not first)
    if first:
        event.published_at = after(None, now)


@atomic()
def withdraw_event(*, slug: str, now: dt.datetime) -> None:
    """Make it a draft again. `published_at` stays, by which its address knows to answer that it is gone."""
    _turn(locked(slug), {"published", "postponed", "cancelled"}, "draft", now)


@atomic()
def cancel_event(*, slug: str, now: dt.datetime) -> None:
    """Call it off; it stays visible as cancelled, in pages and calendars."""
    _turn(locked(slug), {"published", "postponed"}, "cancelled", now)


@atomic()
def postpone_event(*, slug: str, now: dt.datetime) -> None:
    """Put it off to a date not known yet; RSVPs stay."""
    _turn(locked(slug), {"published"}, "postponed", now)


@atomic()
def reinstate(*, slug: str, now: dt.datetime) -> None:
    """It takes place after all, or its date is open again. DayOver.

    On a day that is over it would be thanked for, and addresses of who waits erased.
    """
    event = locked(slug)
    if event.status == "postponed" and _never_was(event, now):
        raise DayOver
    _turn(event, {"postponed", "cancelled"}, _shown_again(event, now), now)


@atomic()
def close_list(*, slug: str, now: dt.datetime) -> None:
    """Nobody can sign up from now on; the planned times stay, and opening again brings them back."""
    event = locked(slug)
    if event.status != "published":
        raise NotFromHere
    if event.closed_early:
        return
    event.closed_early = True
    note("event.closed", f"event:{slug}", now=now)


@atomic()
def open_list(*, slug: str, now: dt.datetime) -> None:
    """One can sign up again, or already; a time in the plan that stands against it is taken out."""
    event = locked(slug)
    if event.status != "published" or event.ends_at <= now:
        raise NotFromHere
    if event.takes_rsvps(now):
        return
    event.closed_early = False
    if not event.takes_rsvps(now):
        if event.rsvp_opens_at is not None and event.rsvp_opens_at > now:
            event.rsvp_opens_at = None
        if event.rsvp_closes_at is not None and event.rsvp_closes_at <= now:
            event.rsvp_closes_at = None
        event.revised_at = stamped(event, now)
    note("event.opened", f"event:{slug}", now=now)


@atomic()
def defend_event(*, slug: str, now: dt.datetime) -> None:
    """Under attack: addresses are confirmed, a person looks at every RSVP, parties are small."""
    _set_attack(slug, now, on=True)


@atomic()
def end_defence(*, slug: str, now: dt.datetime) -> None:
    """The attack is over; everything is again as the event says."""
    _set_attack(slug, now, on=False)


def _shown_again(event: Event, now: dt.datetime) -> str:
    """What an event is once it is withdrawn or cancelled no more: what waited for a date does so beyond its old day."""
    before = (version.said["status"] for version in reversed(versions_since(event.id, 0)))
    shown = next((status for status in before if status not in CALLED_OFF), "published")
    return "postponed" if shown == "postponed" and _never_was(event, now) else "published"


def _never_was(event: Event, now: dt.datetime) -> bool:
    """Whether its day is over, and it had been put off before; once nobody is told of changes any more, nobody knows.

    A step that is taken only afterwards may be a slip, or undone: the night was what it was.
    """
    before = reversed(versions_since(event.id, 0))
    off_since = next((version.until for version in before if version.said["status"] == "published"), now)
    return off_since < event.ends_at <= now


def _set_attack(slug: str, now: dt.datetime, *, on: bool) -> None:
    event = locked(slug)
    if event.under_attack == on:
        return
    event.under_attack = on
    if event.address_hidden:  # calendars say who is told the place
        event.revised_at = stamped(event, now)
    note("event.defended" if on else "event.undefended", f"event:{slug}", now=now)


def _turn(event: Event, sources: set[str], target: str, now: dt.datetime, *, told: bool = True) -> None:
    if event.status == target:
        return
    if event.status not in sources:
        raise NotFromHere
    note(STEPS_NOTED.get((event.status, target), f"event.{target}"), f"event:{event.slug}", now=now)
    if event.series is not None and "draft" in {event.status, target}:
        _tell_series(event, event.series, target, now, told=told)
    before, event.status = said_by(event), target
    event.revised_at = stamped(event, now)
    if told:
        raise_sequence(event, before, now)


def _tell_series(event: Event, series: EventSeries, target: str, now: dt.datetime, *, told: bool) -> None:
    """A date is gone, or there again: calendars know it from its series (EXDATE)."""
    if target == "draft":
        leave_out(event)
    else:
        take_from_left_out(event)
    if told:
        series.sequence += 1
        series.revised_at = all_stamped(series, now)
