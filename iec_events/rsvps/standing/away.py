"""How it stands with those who are not expected, and whether they can come back."""

from __future__ import annotations

from ...core.i18n import _, format_number, ngettext
from ..models import CANCELLED, DECLINED, LAPSED, NOT_COMING, UNCONFIRMED
from .pieces import AGAIN, COME_BACK, Facts, Sayings, Standing


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
    largest = facts.event.event.largest_now
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


def removed(facts: Facts) -> Standing:
    """What is said of every other status: an organizer took them off the list."""
    words = _("This RSVP was taken off the list by the organizers.")
    return Standing(headline=_("You are not on the list."), said=(words, _mistake(facts)))


def _mistake(facts: Facts) -> str:
    contact = facts.event.contact
    return _("If you think this is a mistake, write to %(contact)s.", contact=contact) if contact else ""


SAY: Sayings = {
    NOT_COMING: _not_coming,
    LAPSED: _lapsed,
    DECLINED: _declined,
    CANCELLED: _cancelled,
}
