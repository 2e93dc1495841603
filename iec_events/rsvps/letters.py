"""What letters to attendees say: facts in, texts out, in the language being spoken. No page, no database.

A letter is one headline, a few sentences, what changed, when and where it is, and the own link. Its HTML and its plain
text are made of the same pieces. It calls nobody by name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from ..core.i18n import _, format_number, ngettext
from ..events.versions import CALLED_OFF, Change
from ..events.views import EventView
from .models import ACTIVE, CONFIRMED, OFFERED
from .queries import RsvpView

SOON = dt.timedelta(hours=3)
MOVED = "moved"  # to the address that letters went to until now
NEWS = ("event_changed", "event_postponed", "event_reinstated", "event_cancelled")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a letter is made of. `changes` and `before` (the event's status then) tell what is other than was told."""

    rsvp: RsvpView
    event: EventView
    now: dt.datetime
    place: int | None = None
    deadline: str = ""
    words: str = ""
    twice: bool = False
    changes: tuple[Change, ...] = ()
    before: str = ""

    @property
    def titled(self) -> dict[str, str]:
        """For subjects."""
        return {"title": self.event.title}

    @property
    def comes(self) -> bool:
        """Whether they have a place."""
        return self.rsvp.status == CONFIRMED


@dataclass(frozen=True, kw_only=True)
class Said:
    """A letter in its pieces. Without `facts`, it does not say when and where; `last`: nothing more will come."""

    subject: str
    headline: str
    words: tuple[str, ...] = ()
    quote: str = ""
    facts: bool = True
    key: bool = True
    last: bool = False


def said_of(kind: str, facts: Facts) -> Said:
    """What the letter of this kind says; of a day on which the event is not, it says no more than that."""
    said = SAY[kind](facts)
    if kind in {*NEWS, MOVED} or facts.event.status == "published":
        return said
    if facts.event.status in CALLED_OFF:
        return replace(said, words=(*said.words, _("This event is cancelled.")))
    stays = _("There is no new date yet. Your RSVP stays, and we write to you when there is one.")
    off = " ".join(filter(None, (_("This event is postponed."), stays if facts.rsvp.status in ACTIVE else "")))
    return replace(said, words=(*said.words, off), facts=False)


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


# --- Signing up


def _unconfirmed(facts: Facts) -> Said:
    why = _(
        "Somebody, we hope you, wants to come and gave this address. Open your link below and press the button there. "
        "Opening the link alone does nothing."
    )
    if facts.rsvp.holds_seats:
        until = _("Your places are held until %(moment)s. After that they go to others.", moment=facts.deadline)
    else:
        until = _("Please do it before %(moment)s.", moment=facts.deadline)
    return Said(
        subject=_("Please confirm your address: %(title)s", **facts.titled),
        headline=_("Please confirm your address."),
        words=(why, until),
    )


def _hold_ending(facts: Facts) -> Said:
    how = _(
        "Open your link below and press the button there, before %(moment)s. After that your RSVP ends, and places "
        "held for you go to others.",
        moment=facts.deadline,
    )
    return Said(
        subject=_("Your address is still to be confirmed: %(title)s", **facts.titled),
        headline=_("Your address is still to be confirmed."),
        words=(how, _("If you did not sign up, ignore this: no more mails come.")),
    )


def _pending(facts: Facts) -> Said:
    if facts.event.rsvp.screened:
        looks = _(
            "For this event a person looks at every RSVP. That is no waitlist: it says nothing about free places."
        )
    else:
        looks = _(
            "A person looks at your RSVP before it counts. That is no waitlist: it says nothing about free places."
        )
    return Said(
        subject=_("Your RSVP waits for approval: %(title)s", **facts.titled),
        headline=_("Your RSVP waits for approval."),
        words=(looks, _("We write to you as soon as somebody has looked. Please do not travel before that.")),
    )


def _confirmed(facts: Facts) -> Said:
    door = _("At the door, say your name or alias. You need no ticket and no papers. The calendar file is attached.")
    return Said(
        subject=_("Your place is kept: %(title)s", **facts.titled),
        headline=_("Your place is kept."),
        words=(_kept(facts),) if facts.event.is_online else (_kept(facts), door),
    )


def _changed(facts: Facts) -> Said:
    waits = ngettext("You wait for one place.", "You wait for %(count)s places.", facts.rsvp.party_size, **_size(facts))
    held = {CONFIRMED: _kept, OFFERED: _held}.get(facts.rsvp.status)
    return Said(
        subject=_("Your RSVP is changed: %(title)s", **facts.titled),
        headline=_("Your RSVP is changed."),
        words=(held(facts) if held else waits,),
    )


def _link(facts: Facts) -> Said:
    which = _(
        "Somebody asked for it with this address. This new link shows and changes your RSVP; your first link, from "
        "when you signed up, still works and is the only one that also opens your name and note."
    )
    return Said(
        subject=_("Your own link: %(title)s", **facts.titled),
        headline=_("Here is your own link again."),
        words=(which,),
    )


# --- The line


def _waitlisted(facts: Facts) -> Said:
    line = _("All places are taken, or too few are left for your party. You are in line now.")
    hours = facts.event.event.offer_hours
    if hours:
        offered = ngettext(
            "When places for your party come free, they are offered to you, and held for %(count)s hour.",
            "When places for your party come free, they are offered to you, and held for %(count)s hours.",
            hours,
            count=format_number(hours),
        )
        then = f"{offered} {_('We write to you when places come free. Please do not travel before that.')}"
    else:
        then = _(
            "As soon as places for your party come free they are yours, and we write to you. "
            "Please do not travel before that."
        )
    return Said(
        subject=_("You are on the waitlist: %(title)s", **facts.titled),
        headline=_("You are on the waitlist."),
        words=(" ".join(filter(None, (line, _number(facts)))), then),
    )


def _promoted(facts: Facts) -> Said:
    off = _(
        "You are off the waitlist and on the list. If you cannot come, please cancel with your link, so that somebody "
        "else can."
    )
    return Said(
        subject=_("A place came free, and it is yours: %(title)s", **facts.titled),
        headline=_("A place came free, and it is yours."),
        words=(_kept(facts), off),
    )


def _offered(facts: Facts) -> Said:
    how = _("Open your link below and press the button to take it. If you do not, it goes to the next in line.")
    return Said(
        subject=_("A place came free, and it is offered to you: %(title)s", **facts.titled),
        headline=_("A place came free. Do you take it?"),
        words=(_held(facts), how),
    )


def _offer_ending(facts: Facts) -> Said:
    how = _(
        "It is yours until %(moment)s. Open your link below and press the button to take it, or say that you are not "
        "coming.",
        moment=facts.deadline,
    )
    return Said(
        subject=_("The place that is held for you goes soon: %(title)s", **facts.titled),
        headline=_("The place that is held for you goes soon."),
        words=(how,),
    )


def _lapsed(facts: Facts) -> Said:
    how = _(
        "Nobody took it in time. If you still want to come, open your link below and press “I am coming after all”: "
        "you are then the last in line."
    )
    return Said(
        subject=_("The place offered to you went to others: %(title)s", **facts.titled),
        headline=_("The place offered to you went to others."),
        words=_if_it_is(facts, how),
    )


# --- What organizers decided


def _approved(facts: Facts) -> Said:
    yes = _(
        "A person has looked at your RSVP and said yes. The place and the calendar file are in this mail. Please tell "
        "nobody where it is who was not told by us."
    )
    off = facts.event.status != "published"  # then the place is not in it
    return Said(
        subject=_("You are welcome, your place is kept: %(title)s", **facts.titled),
        headline=_("You are welcome: your place is kept."),
        words=(_kept(facts), yes) if facts.event.event.address_hidden and not off else (_kept(facts),),
    )


def _approved_waiting(facts: Facts) -> Said:
    yes = _("A person has looked at your RSVP and said yes, but there is no room for your party now.")
    then = _("We write to you when places come free. Please do not travel before that.")
    return Said(
        subject=_("You are welcome, and on the waitlist: %(title)s", **facts.titled),
        headline=_("You are welcome, and all places are taken."),
        words=tuple(filter(None, (yes, _number(facts), then))),
    )


def _declined(facts: Facts) -> Said:
    no = _(
        "Thank you for wanting to come. The people who organize this event could not say yes to your RSVP. "
        "This is no judgement of you."
    )
    return Said(
        subject=_("About your RSVP: %(title)s", **facts.titled),
        headline=_("We cannot welcome you this time."),
        words=tuple(filter(None, (no, _mistake(facts)))),
        quote=facts.words,
        facts=False,
        key=False,
        last=True,
    )


def _cancelled(facts: Facts) -> Said:
    off = _("You are no longer on the list for this event.")
    return Said(
        subject=_("The organizers cancelled your RSVP: %(title)s", **facts.titled),
        headline=_("The organizers cancelled your RSVP."),
        words=tuple(filter(None, (off, _mistake(facts)))),
        key=False,
        last=True,
    )


def _moved(facts: Facts) -> Said:
    gone = _("Nothing more comes to this one. The attached calendar file takes the event out of the calendar here.")
    return Said(
        subject=_("No more mails to this address: %(title)s", **facts.titled),
        headline=_("Mails about this RSVP go to another address now."),
        words=(gone,),
        facts=False,
        key=False,
        last=True,
    )


# --- What they decided themselves


def _not_coming(facts: Facts) -> Said:
    thanks = _("Thank you for telling us: somebody else can come instead.")
    back = _(
        "Thank you for telling us: somebody else can come instead. If your plans change, open your link below and "
        "press “I am coming after all”."
    )
    return Said(
        subject=_("You are not coming: %(title)s", **facts.titled),
        headline=_("You are not coming this time."),
        words=_if_it_is(facts, back, thanks),
    )


def _withdrawn(facts: Facts) -> Said:
    gone = _(
        "You cancelled your RSVP, and your places went to those who wait. If your plans change, you can sign up again."
    )
    return Said(
        subject=_("Your RSVP is cancelled: %(title)s", **facts.titled),
        headline=_("Your RSVP is cancelled."),
        words=_if_it_is(facts, gone),
    )


# --- Before and after


def _reminder(facts: Facts) -> Said:
    subject, headline = _how_soon(facts)
    how = _(
        "If you cannot come, please say so with your link, so that somebody else can. There you can also say that you "
        "want no more reminders."
    )
    return Said(subject=subject, headline=headline, words=(_kept(facts), how))


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
        words=(_("It does not take place on the day we told you. Please do not travel."), stays),
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


# --- Sentences that several letters share


def _kept(facts: Facts) -> str:
    return ngettext(
        "One place is kept for you.", "%(count)s places are kept for you.", facts.rsvp.party_size, **_size(facts)
    )


def _held(facts: Facts) -> str:
    return ngettext(
        "One place is held for you until %(moment)s.",
        "%(count)s places are held for you until %(moment)s.",
        facts.rsvp.party_size,
        moment=facts.deadline,
        **_size(facts),
    )


def _size(facts: Facts) -> dict[str, str]:
    return {"count": format_number(facts.rsvp.party_size)}


def _if_it_is(facts: Facts, way_back: str, *first: str) -> tuple[str, ...]:
    """How to come after all; where signing up is closed by now, why, and what to do instead."""
    if facts.event.status != "published":
        return ()  # every letter says so
    reason = facts.event.rsvp.reason
    return (way_back,) if reason is None else (*first, reason)


def _number(facts: Facts) -> str:
    return _("You are number %(place)s in line.", place=format_number(facts.place)) if facts.place else ""


def _mistake(facts: Facts) -> str:
    contact = facts.event.contact
    return _("If you think this is a mistake, write to %(contact)s.", contact=contact) if contact else ""


SAY: dict[str, Callable[[Facts], Said]] = {
    "unconfirmed": _unconfirmed,
    "hold_ending": _hold_ending,
    "pending": _pending,
    "confirmed": _confirmed,
    "changed": _changed,
    "link": _link,
    "waitlisted": _waitlisted,
    "promoted": _promoted,
    "offered": _offered,
    "offer_ending": _offer_ending,
    "lapsed": _lapsed,
    "approved": _approved,
    "approved_waiting": _approved_waiting,
    "declined": _declined,
    "cancelled": _cancelled,
    MOVED: _moved,
    "not_coming": _not_coming,
    "withdrawn": _withdrawn,
    "reminder": _reminder,
    "thanks": _thanks,
    "event_changed": _event_changed,
    "event_postponed": _event_postponed,
    "event_reinstated": _event_reinstated,
    "event_cancelled": _event_cancelled,
}
