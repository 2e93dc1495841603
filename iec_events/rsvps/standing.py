"""What an attendee's own page says: how it stands with their RSVP, what happens next, and what they may do now.

Facts in, texts out, in the language being spoken. No page, no database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from ..core.i18n import _, format_number, ngettext
from ..events.times import local_text
from ..events.views import EventView
from .models import (
    CANCELLED,
    CONFIRMED,
    DECLINED,
    LAPSED,
    NOT_COMING,
    OFFERED,
    PENDING,
    UNCONFIRMED,
    WAITLISTED,
)
from .queries import RsvpView
from .seating import PASSES

CONFIRM, RESEND, ACCEPT, CHANGE, LEAVE, COME_BACK, AGAIN = (
    "confirm", "resend", "accept", "change", "leave", "come-back", "again",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One headline, a few sentences below it, the next steps in their order, and what may be done."""

    headline: str
    said: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    may: frozenset[str] = frozenset()
    line_rule: tuple[str, ...] = ()

    @property
    def away(self) -> bool:
        """Whether they are not expected, as far as this RSVP goes."""
        return not self.may & {CHANGE, ACCEPT}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the texts are made of. `proven`: whether the link at hand proves that mails to the address are read."""

    rsvp: RsvpView
    event: EventView
    place: int | None
    proven: bool
    now: dt.datetime

    @property
    def until(self) -> str:
        """When the offer or the hold ends, on the clocks of the place."""
        if self.rsvp.until is None:
            return ""
        zone = self.event.event.time_zone
        moment = local_text(self.rsvp.until, zone, self.event.locale)
        return _("%(moment)s (%(zone)s)", moment=moment, zone=self.event.when.zone_label)

    @property
    def ran_out(self) -> bool:
        """Whether the time is over, though nobody has noted it yet."""
        return self.rsvp.until is not None and self.rsvp.until <= self.now

    @property
    def left(self) -> str:
        """How long there still is."""
        return time_left(self.rsvp.until - self.now) if self.rsvp.until else ""

    @property
    def seats(self) -> dict[str, str]:
        """For sentences that count places."""
        return {"count": format_number(self.rsvp.party_size), "moment": self.until}


def standing_of(facts: Facts) -> Standing:
    """How it stands."""
    event = facts.event
    if event.status == "cancelled":
        return Standing(headline=_("This night is cancelled."), said=(_("You need do nothing more."),))
    if event.is_past:
        over = _("This night is postponed.") if event.status == "postponed" else _("This night is over.")
        return Standing(headline=over, said=_after(facts))
    return SAY.get(facts.rsvp.status, _removed)(facts)


def time_left(left: dt.timedelta) -> str:
    """`5 hours are left.`: never more than there is."""
    minutes = max(1, int(left.total_seconds()) // 60)
    hours, days = minutes // 60, minutes // 60 // 24
    if days > 1:
        return ngettext("One day is left.", "%(count)s days are left.", days, count=format_number(days))
    if hours:
        return ngettext("One hour is left.", "%(count)s hours are left.", hours, count=format_number(hours))
    return ngettext("One minute is left.", "%(count)s minutes are left.", minutes, count=format_number(minutes))


def line_rule() -> tuple[str, ...]:
    """The rule of the waitlist (seating.py), in plain words."""
    return (
        _("Free places go to the first party in line that fits. Somebody new is the last in line."),
        _(
            "A large party may have to let smaller ones go first. After %(passes)s of them, places that come free "
            "are saved up for it, until a day before the night.",
            passes=format_number(PASSES),
        ),
        _("Organizers may seat a party by hand, as long as there is room for it."),
    )


def _after(facts: Facts) -> tuple[str, ...]:
    came = facts.rsvp.status == CONFIRMED and facts.event.status != "postponed"
    thanks = (_("Thank you for coming."),) if came else ()
    return (*thanks, _("What we keep about you is destroyed on %(day)s.", day=facts.event.list_ends_text))


def _unconfirmed(facts: Facts) -> Standing:
    if facts.rsvp.holds_seats:
        held = ngettext(
            "Your place is held until %(moment)s.",
            "Your %(count)s places are held until %(moment)s.",
            facts.rsvp.party_size,
            **facts.seats,
        )
    else:
        held = _("Please do it before %(moment)s.", moment=facts.until)
    return Standing(
        headline=_("Please confirm your address."),
        said=(held, facts.left),
        steps=(*_how_to_confirm(facts), _once_confirmed(facts)),
        may=frozenset({CONFIRM if facts.proven else RESEND, CHANGE, LEAVE}),
    )


def _how_to_confirm(facts: Facts) -> tuple[str, ...]:
    if facts.proven:
        return (_("Press “Confirm my address”. That is all."),)
    if facts.rsvp.email:
        mail = _("Open the mail that we have sent to %(address)s.", address=f"\u2066{facts.rsvp.email}\u2069")
    else:
        mail = _("Open the mail that we have sent to your address.")
    return (mail, _("Follow the link in it, and press the button there."))


def _once_confirmed(facts: Facts) -> str:
    if not facts.rsvp.approved:
        return _("Then a person looks at your RSVP. The answer stands on this page and comes by mail.")
    if facts.rsvp.holds_seats:
        return _("Then your place is kept.")
    if facts.event.rsvp.full:
        return _("Then you are on the waitlist, as all places are taken at the moment.")
    return _("Then your place is kept if one is free, and else you are on the waitlist.")


def _pending(facts: Facts) -> Standing:
    if facts.event.rsvp.screened:
        why = _("For this event a person looks at every RSVP. That is no waitlist: it says nothing about free places.")
    else:
        why = _("A person looks at your RSVP before it counts. That is no waitlist: it says nothing about free places.")
    answer = _("The answer stands on this page, and comes by mail.")
    if not facts.rsvp.has_mail:
        answer = _("The answer stands on this page. Come back with your own link, below.")
    steps = (_("You need do nothing now."), answer, _do_not_travel())
    return Standing(
        headline=_("Your RSVP waits for approval."), said=(why,), steps=steps, may=frozenset({CHANGE, LEAVE})
    )


def _confirmed(facts: Facts) -> Standing:
    size = facts.rsvp.party_size
    here = ngettext("One place. See you there.", "%(count)s places. See you there.", size, count=format_number(size))
    steps = [_("Keep your own link, below. With it you change or cancel.")]
    if facts.event.is_online:
        steps.append(_("On the night, open the address on this page."))
    else:
        steps.append(_("On the night, say your name or alias at the door. You need no ticket and no papers."))
    if facts.event.status == "postponed":
        here, steps = _("It is kept for the new date, too."), steps[:1]
    return Standing(headline=_("Your place is kept."), said=(here,), steps=tuple(steps), may=frozenset({CHANGE, LEAVE}))


def _waitlisted(facts: Facts) -> Standing:
    hours = facts.event.event.offer_hours
    place = [_("You are number %(place)s in line.", place=format_number(facts.place))] if facts.place else []
    if hours is None:
        news = _("As soon as places for your party come free, they are yours. This page will say so.")
    else:
        news = ngettext(
            "When places for your party come free, they are offered to you, and held for %(count)s hour.",
            "When places for your party come free, they are offered to you, and held for %(count)s hours.",
            hours,
            count=format_number(hours),
        )
    if facts.rsvp.has_mail:
        look = _("We write to you when it is so far. This page shows it, too.")
    else:
        look = _("Look at this page again now and then, with your own link, below: we have no address to write to.")
    return Standing(
        headline=_("You are on the waitlist."),
        said=(*place, news),
        steps=(look, _do_not_travel(), _("If you cannot come any more, say so: the next in line will be glad.")),
        may=frozenset({CHANGE, LEAVE}),
        line_rule=line_rule(),
    )


def _offered(facts: Facts) -> Standing:
    if facts.ran_out:
        return Standing(
            headline=_("This offer has run out."),
            said=(
                _("It was open until %(moment)s.", moment=facts.until),
                _("In a minute or two, this page lets you come back as the last in line."),
            ),
        )
    held = ngettext(
        "One place is held for you until %(moment)s.",
        "%(count)s places are held for you until %(moment)s.",
        facts.rsvp.party_size,
        **facts.seats,
    )
    return Standing(
        headline=_("A place came free. Do you take it?"),
        said=(held, facts.left),
        steps=(
            _("Press “I take it”, and your place is kept."),
            _("If you cannot come, say so now: the next in line learns it at once."),
            _("If you do nothing, the offer goes to the next in line when the time is over."),
        ),
        may=frozenset({ACCEPT, CHANGE, LEAVE}),
    )


def _not_coming(facts: Facts) -> Standing:
    thanks = _("Thank you for telling us: somebody else can come instead.")
    return _may_return(facts, _("You are not coming this time."), thanks)


def _lapsed(facts: Facts) -> Standing:
    if facts.rsvp.lapsed_from == UNCONFIRMED:
        why = _("Your address was not confirmed before %(moment)s, so your place went to others.", moment=facts.until)
        return _may_return(facts, _("Your time to confirm is over."), why)
    why = _("Nobody took it before %(moment)s.", moment=facts.until)
    return _may_return(facts, _("The place offered to you went to others."), why)


def _may_return(facts: Facts, headline: str, why: str) -> Standing:
    if not facts.event.rsvp.open:
        return Standing(headline=headline, said=(why, facts.event.rsvp.reason or ""))
    largest = min(facts.event.event.largest_now, facts.event.event.capacity or facts.rsvp.party_size)
    if facts.rsvp.party_size > largest:
        fewer = ngettext(
            "By now, %(count)s person at most can come on one RSVP, and you were more. Sign up again with fewer.",
            "By now, %(count)s people at most can come on one RSVP, and you were more. Sign up again with fewer.",
            largest,
            count=format_number(largest),
        )
        return Standing(headline=headline, said=(why, fewer), may=frozenset({AGAIN}))
    how = _("If you want to come, press “I am coming after all”: you are then the last in line.")
    return Standing(headline=headline, said=(why, how), may=frozenset({COME_BACK}))


def _declined(facts: Facts) -> Standing:
    words = _(
        "Thank you for wanting to come. The people who organize this event could not say yes to your RSVP. "
        "This is no judgement of you."
    )
    return Standing(headline=_("We cannot welcome you this time."), said=(words, _mistake(facts)))


def _cancelled(facts: Facts) -> Standing:
    if not facts.event.rsvp.open:
        return Standing(headline=_("Your RSVP is cancelled."), said=(facts.event.rsvp.reason or "",))
    again = _("You can sign up again while there is room.")
    return Standing(headline=_("Your RSVP is cancelled."), said=(again,), may=frozenset({AGAIN}))


def _removed(facts: Facts) -> Standing:
    words = _("This RSVP was taken off the list by the organizers.")
    return Standing(headline=_("You are not on the list."), said=(words, _mistake(facts)))


def _mistake(facts: Facts) -> str:
    contact = facts.event.contact
    return _("If you think this is a mistake, write to %(contact)s.", contact=contact) if contact else ""


def _do_not_travel() -> str:
    return _("Please do not travel before this page says that your place is kept.")


SAY: dict[str, Callable[[Facts], Standing]] = {
    UNCONFIRMED: _unconfirmed,
    PENDING: _pending,
    CONFIRMED: _confirmed,
    WAITLISTED: _waitlisted,
    OFFERED: _offered,
    NOT_COMING: _not_coming,
    LAPSED: _lapsed,
    DECLINED: _declined,
    CANCELLED: _cancelled,
}
