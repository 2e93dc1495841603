"""What an attendee's own page says: how it stands with their RSVP, what happens next, and what they may do now.

Facts in, texts out, in the language being spoken. No page, no database.
"""

from __future__ import annotations

from dataclasses import replace

from ...core.i18n import _
from ..models import ACTIVE, CONFIRMED
from ..wording import unless_dated
from . import away, listed
from .away import removed
from .pieces import LEAVE, Facts, Sayings, Standing, time_left

__all__ = ["LEAVE", "SAY", "Facts", "Standing", "standing_of", "time_left"]

SAY: Sayings = {**listed.SAY, **away.SAY}


def standing_of(facts: Facts) -> Standing:
    """How it stands."""
    event = facts.event
    if event.status == "cancelled":
        return Standing(headline=_("This night is cancelled."), said=(_("You need do nothing more."),))
    if event.is_past:
        over = _("This night is postponed.") if event.status == "postponed" else _("This night is over.")
        return Standing(headline=over, said=_after(facts))
    standing = SAY.get(facts.rsvp.status, removed)(facts)
    if event.status == "postponed" and facts.rsvp.status in ACTIVE:
        standing = replace(standing, said=(*standing.said, unless_dated(event)))
    return standing


def _after(facts: Facts) -> tuple[str, ...]:
    came = facts.rsvp.status == CONFIRMED and facts.event.status != "postponed"
    if facts.event.status == "postponed" and facts.rsvp.status in ACTIVE:
        return (unless_dated(facts.event),)
    thanks = (_("Thank you for coming."),) if came else ()
    return (*thanks, _("What we keep about you is destroyed on %(day)s.", day=facts.event.list_ends_text))
