"""How it stands with those who may still come: on the list, in line, or waiting for an answer."""

from __future__ import annotations

from ...core.i18n import _, format_number, ngettext
from ..models import CONFIRMED, OFFERED, PENDING, UNCONFIRMED, WAITLISTED
from ..seating import PASSES
from .pieces import ACCEPT, CHANGE, CONFIRM, LEAVE, RESEND, Facts, Sayings, Standing


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
    skipped = facts.event.event.under_attack and not facts.place
    if skipped:
        news = _("At the moment, places that come free go only to parties that an organizer has approved.")
    elif hours is None:
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
        line_rule=() if skipped else line_rule(),
    )


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


def _do_not_travel() -> str:
    return _("Please do not travel before this page says that your place is kept.")


SAY: Sayings = {
    UNCONFIRMED: _unconfirmed,
    PENDING: _pending,
    CONFIRMED: _confirmed,
    WAITLISTED: _waitlisted,
    OFFERED: _offered,
}
