"""What every standing is made of: facts in, what is said and what may be done out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from ...core.i18n import format_number, ngettext
from ...events.times import moment_text
from ...events.views import EventView
from ..queries import RsvpView

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
        return moment_text(self.rsvp.until, self.event.event, self.event.locale)

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


Sayings = dict[str, Callable[[Facts], Standing]]  # status -> how it stands


def time_left(left: dt.timedelta) -> str:
    """`5 hours are left.`: never more than there is."""
    minutes = max(1, int(left.total_seconds()) // 60)
    hours, days = minutes // 60, minutes // 60 // 24
    if days > 1:
        return ngettext("One day is left.", "%(count)s days are left.", days, count=format_number(days))
    if hours:
        return ngettext("One hour is left.", "%(count)s hours are left.", hours, count=format_number(hours))
    return ngettext("One minute is left.", "%(count)s minutes are left.", minutes, count=format_number(minutes))
