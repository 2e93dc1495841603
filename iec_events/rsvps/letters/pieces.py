"""What every letter is made of: facts in, pieces out; and sentences that several letters share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from ...core.i18n import _, format_number, ngettext
from ...events.versions import Change
from ...events.views import EventView
from ..models import CONFIRMED
from ..queries import RsvpView


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
    """A letter in its pieces. Without `facts`, it does not say when and where, but which date of a series.

    `last`: nothing more will come.
    """

    subject: str
    headline: str
    words: tuple[str, ...] = ()
    quote: str = ""
    facts: bool = True
    key: bool = True
    last: bool = False


Sayings = dict[str, Callable[[Facts], Said]]  # kind of letter -> what it says


# --- Sentences that several letters share


def kept(facts: Facts) -> str:
    """How many places they have."""
    return ngettext(
        "One place is kept for you.", "%(count)s places are kept for you.", facts.rsvp.party_size, **size(facts)
    )


def held(facts: Facts) -> str:
    """How many places are held for them, and until when."""
    return ngettext(
        "One place is held for you until %(moment)s.",
        "%(count)s places are held for you until %(moment)s.",
        facts.rsvp.party_size,
        moment=facts.deadline,
        **size(facts),
    )


def size(facts: Facts) -> dict[str, str]:
    """For sentences that count places."""
    return {"count": format_number(facts.rsvp.party_size)}


def if_it_is(facts: Facts, way_back: str, *first: str) -> tuple[str, ...]:
    """How to come after all; where signing up is closed by now, why, and what to do instead."""
    if facts.event.status != "published":
        return ()  # every letter says so
    reason = facts.event.rsvp.reason
    return (way_back,) if reason is None else (*first, reason)


def number(facts: Facts) -> str:
    """Their place in line, where they wait."""
    return _("You are number %(place)s in line.", place=format_number(facts.place)) if facts.place else ""


def mistake(facts: Facts) -> str:
    """Whom to write to; empty where nobody is named."""
    contact = facts.event.contact
    return _("If you think this is a mistake, write to %(contact)s.", contact=contact) if contact else ""
