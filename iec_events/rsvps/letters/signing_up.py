"""What letters say to those who sign up, and to those who wait in line."""

from __future__ import annotations

from ...core.i18n import _, format_number, ngettext
from ..models import CONFIRMED
from .pieces import Facts, Said, Sayings, held, if_it_is, kept, number, size


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
        words=(kept(facts),) if facts.event.is_online else (kept(facts), door),
    )


def _changed(facts: Facts) -> Said:
    waits = ngettext("You wait for one place.", "You wait for %(count)s places.", facts.rsvp.party_size, **size(facts))
    stands = kept(facts) if facts.rsvp.status == CONFIRMED else held(facts) if facts.rsvp.holds_seats else waits
    return Said(
        subject=_("Your RSVP is changed: %(title)s", **facts.titled),
        headline=_("Your RSVP is changed."),
        words=(stands,),
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
    if facts.event.event.under_attack and not facts.place:
        only = _("At the moment, places that come free go only to parties that an organizer has approved.")
        travel = _("Please do not travel before we write to you that your place is kept.")
        then = f"{only} {travel}"
    elif hours:
        offered = ngettext(
            "When places for your party come free, they are offered to you, and held for %(count)s hour.",
            "When places for your party come free, they are offered to you, and held for %(count)s hours.",
            hours,
            count=format_number(hours),
        )
        travel = _("We write to you when places come free. Please do not travel before that.")
        then = f"{offered} {travel}"
    else:
        then = _(
            "As soon as places for your party come free they are yours, and we write to you. "
            "Please do not travel before that."
        )
    return Said(
        subject=_("You are on the waitlist: %(title)s", **facts.titled),
        headline=_("You are on the waitlist."),
        words=(" ".join(filter(None, (line, number(facts)))), then),
    )


def _promoted(facts: Facts) -> Said:
    off = _(
        "You are off the waitlist and on the list. If you cannot come, please cancel with your link, so that somebody "
        "else can."
    )
    return Said(
        subject=_("A place came free, and it is yours: %(title)s", **facts.titled),
        headline=_("A place came free, and it is yours."),
        words=(kept(facts), off),
    )


def _offered(facts: Facts) -> Said:
    how = _("Open your link below and press the button to take it. If you do not, it goes to the next in line.")
    return Said(
        subject=_("A place came free, and it is offered to you: %(title)s", **facts.titled),
        headline=_("A place came free. Do you take it?"),
        words=(held(facts), how),
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
        words=if_it_is(facts, how),
    )


SAY: Sayings = {
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
}
