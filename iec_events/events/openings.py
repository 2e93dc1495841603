"""Whether one can sign up for an event now, how, and if not: why, and what to do instead."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from ..core.i18n import _, format_number, ngettext
from .models import Event
from .times import moment_text


@dataclass(frozen=True, kw_only=True)
class RsvpState:
    """Whether one can RSVP now; if not, why, and what to do instead. `terms` are told before one signs up."""

    open: bool
    reason: str | None
    full: bool
    availability: str | None
    availability_text: str
    screened: bool
    asks_for_proof: bool
    puzzle: bool
    largest_party: int
    terms: tuple[str, ...]


def opening(event: Event, locale: str, now: dt.datetime) -> RsvpState:
    """How it stands with signing up, in the language being spoken."""
    reason = _closed_because(event, locale, now)
    availability = event.availability or None
    return RsvpState(
        open=reason is None,
        reason=reason,
        full=availability == "full",
        availability=availability,
        availability_text=_availability_text(event),
        screened=event.screened,
        asks_for_proof=event.asks_for_proof,
        puzzle=event.puzzle,
        largest_party=event.largest_now,
        terms=tuple(filter(None, (_of_screening(event), _of_proof(event), _of_closing(event, locale, now)))),
    )


def _closed_because(event: Event, locale: str, now: dt.datetime) -> str | None:
    """Every sentence ends in what one can do instead."""
    if event.status != "published":
        return _called_off(event)
    if event.ends_at <= now:
        return _("This event is over. You can still read the messages.")
    if event.closed_early:
        return _("The organizers have closed the list early. %(instead)s", instead=_instead(event))
    if event.rsvp_closes_at is not None and now >= event.rsvp_closes_at:
        closed_at = moment_text(event.rsvp_closes_at, event, locale)
        return _("Signing up closed on %(moment)s. %(instead)s", moment=closed_at, instead=_instead(event))
    if event.rsvp_opens_at is not None and now < event.rsvp_opens_at:
        opens_at = moment_text(event.rsvp_opens_at, event, locale)
        return _("Signing up opens on %(moment)s. Put the night in your calendar until then.", moment=opens_at)
    return None


def _called_off(event: Event) -> str:
    if event.status == "cancelled":
        return _("This event is cancelled, so there is nothing to sign up for. If you signed up, you need do nothing.")
    if event.status == "postponed":
        return _("This event is postponed. Signing up opens again when there is a new date. RSVPs stay as they are.")
    return _("This event is not published, so nobody can sign up yet.")


def _instead(event: Event) -> str:
    if event.contact:
        return _("Write to %(contact)s if you still want to come.", contact=event.contact)
    if event.screened or event.address_hidden or not event.city:
        return _("You can still leave a message of solidarity, or come to another night.")
    return _("Ask at the door: there may be room.")


def _availability_text(event: Event) -> str:
    if event.availability == "full" and event.screened:
        return _("Every place is taken at the moment. You can still ask: places come free.")
    return {
        "plenty": _("There is plenty of room."),
        "some": _("More than half of the places are taken."),
        "few": _("Only a few places are left."),
        "full": _("Every place is taken. You can join the waitlist."),
    }.get(event.availability, "")


def _of_closing(event: Event, locale: str, now: dt.datetime) -> str:
    """Until when, where organizers said so: whoever thinks it over would find the door shut."""
    if event.rsvp_closes_at is None or now >= event.rsvp_closes_at:
        return ""
    return _("Signing up closes on %(moment)s.", moment=moment_text(event.rsvp_closes_at, event, locale))


def _of_screening(event: Event) -> str:
    if not event.screened:
        return ""
    return _(
        "A person looks at every RSVP. The answer stands on your own page, and comes by mail if you give an address."
    )


def _of_proof(event: Event) -> str:
    if not event.asks_for_proof:
        return ""
    if event.screened:
        return _("If you give an e-mail address, you confirm it by a link that we send there.")
    return ngettext(
        "If you give an e-mail address, you confirm it by a link within %(hours)s hour; your places are held so long. "
        "Without one, a person looks at your RSVP.",
        "If you give an e-mail address, you confirm it by a link within %(hours)s hours; your places are held so long. "
        "Without one, a person looks at your RSVP.",
        event.hold_hours,
        hours=format_number(event.hold_hours),
    )
