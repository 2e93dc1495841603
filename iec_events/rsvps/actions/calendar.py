"""The secret address of an attendee's own calendar: made, made anew, taken back."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from ...core.db import atomic, db
from ...core.tokens import new_id, token_hash
from ..models import CONFIRMED, RsvpCalendar
from ..queries import calendar_token, rsvp_by_token
from .lines import StatusChanged, locked_rsvp


@atomic()
def make_calendar(*, token: str, now: dt.datetime) -> str:
    """Give who comes an address for their calendar; one that was made before leads nowhere from now on. The RSVP's id.

    Raises LinkUnknown, and StatusChanged for those who have no place.
    """
    del now
    _event, rsvp = locked_rsvp(rsvp_by_token(token).id)
    if rsvp.status != CONFIRMED:
        raise StatusChanged
    _forget(rsvp.id)
    seed = new_id()
    db.session.add(RsvpCalendar(rsvp_id=rsvp.id, seed=seed, token_hash=token_hash(calendar_token(seed))))
    return rsvp.id


@atomic()
def forget_calendar(*, token: str, now: dt.datetime) -> None:
    """Take the address back, in whatever state the RSVP is; doing it twice does it once. LinkUnknown."""
    del now
    _event, rsvp = locked_rsvp(rsvp_by_token(token).id)
    _forget(rsvp.id)


def _forget(rsvp_id: str) -> None:
    db.session.execute(sa.delete(RsvpCalendar).where(RsvpCalendar.rsvp_id == rsvp_id))
