"""What letters say of what was decided: by the organizers, or by those who do not come."""

from __future__ import annotations

from ...core.i18n import _
from .pieces import Facts, Said, Sayings, if_it_is, kept, mistake, number

MOVED = "moved"  # to the address that letters went to until now


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
        words=(kept(facts), yes) if facts.event.event.address_hidden and not off else (kept(facts),),
    )


def _approved_waiting(facts: Facts) -> Said:
    yes = _("A person has looked at your RSVP and said yes, but there is no room for your party now.")
    then = _("We write to you when places come free. Please do not travel before that.")
    return Said(
        subject=_("You are welcome, and on the waitlist: %(title)s", **facts.titled),
        headline=_("You are welcome, and all places are taken."),
        words=tuple(filter(None, (yes, number(facts), then))),
    )


def _declined(facts: Facts) -> Said:
    no = _(
        "Thank you for wanting to come. The people who organize this event could not say yes to your RSVP. "
        "This is no judgement of you."
    )
    return Said(
        subject=_("About your RSVP: %(title)s", **facts.titled),
        headline=_("We cannot welcome you this time."),
        words=tuple(filter(None, (no, mistake(facts)))),
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
        words=tuple(filter(None, (off, mistake(facts)))),
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
        words=if_it_is(facts, back, thanks),
    )


def _withdrawn(facts: Facts) -> Said:
    gone = _(
        "You cancelled your RSVP, and your places went to those who wait. If your plans change, you can sign up again."
    )
    return Said(
        subject=_("Your RSVP is cancelled: %(title)s", **facts.titled),
        headline=_("Your RSVP is cancelled."),
        words=if_it_is(facts, gone),
    )


SAY: Sayings = {
    "approved": _approved,
    "approved_waiting": _approved_waiting,
    "declined": _declined,
    "cancelled": _cancelled,
    MOVED: _moved,
    "not_coming": _not_coming,
    "withdrawn": _withdrawn,
}
