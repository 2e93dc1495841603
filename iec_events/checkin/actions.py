"""What is done at the door: counting a party in, on the list or not, and taking that back."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ..core.db import atomic, db
from ..core.errors import Refusal
from ..core.i18n import _, _l, format_number
from ..events.models import Event
from ..rsvps.actions import Party, Placed, let_in, place_at_door, take_back_at_door
from ..rsvps.models import ACTIVE, Rsvp
from ..rsvps.queries import LinkUnknown
from .models import Arrival
from .queries import unseated


class PartyUnknown(Refusal):
    """No such party at this event; it may have deleted itself a moment ago."""

    status: ClassVar[int] = 404
    message = _l("This RSVP is not on the list of this event. It may be for another night, or was deleted.")


class NotExpected(Refusal):
    """The party said that it does not come, or was taken off the list."""

    message = _l("This party is not coming by the list: it was cancelled, or was told that there is no place.")


class TooMany(Refusal):
    """Nobody, or more people than the party has."""

    status: ClassVar[int] = 422

    def __init__(self, party_size: int) -> None:
        super().__init__()
        self.message = _("Please give a number from 1 to %(largest)s.", largest=format_number(party_size))


class CountedAnew(Refusal):
    """What should be taken back was taken back already, and then they were counted in once more."""

    message = _l("They were counted in again in the meantime, maybe at another door. That still stands.")


@atomic()
def count_in(*, slug: str, rsvp_id: str, people: int | None, by: str, now: dt.datetime) -> bool:
    """So many of a party are here, all if nothing is said; False when they were counted before, and that stays.

    PartyUnknown, NotExpected, TooMany.
    """
    rsvp = db.session.scalar(_party(slug, rsvp_id).with_for_update().execution_options(populate_existing=True))
    if rsvp is None:
        raise PartyUnknown
    if db.session.get(Arrival, rsvp_id) is not None:
        return False
    if rsvp.status not in ACTIVE:
        raise NotExpected
    if people is not None and not 1 <= people <= rsvp.party_size:
        raise TooMany(rsvp.party_size)
    _keep_place(rsvp)
    dialect: Any = {"sqlite": sqlite}.get(db.engine.dialect.name, postgresql)
    minute = now.replace(second=0, microsecond=0)
    arrival = {"rsvp_id": rsvp_id, "at": minute, "by": by, "people": people or rsvp.party_size}
    counted = dialect.insert(Arrival).values(arrival).on_conflict_do_nothing().returning(Arrival.rsvp_id)
    return db.session.scalar(counted) is not None


@atomic()
def keep_places(now: dt.datetime) -> None:
    """What came free for a party that was here already runs out for it as little. For the worker, before deadlines."""
    here = sa.select(Rsvp.id).join(Arrival, Arrival.rsvp_id == Rsvp.id).join(Event, Event.id == Rsvp.event_id)
    ends = here.where(Rsvp.status.in_(ACTIVE), Rsvp.until < Event.ends_at, Event.ends_at > now)
    for rsvp_id in db.session.scalars(ends.order_by(Rsvp.id)).all():
        rsvp = db.session.get(Rsvp, rsvp_id, with_for_update=True, populate_existing=True)
        if rsvp is not None:
            _keep_place(rsvp)


@atomic()
def count_in_after_all(*, slug: str, rsvp_id: str, people: int | None, by: str, now: dt.datetime) -> bool:
    """The same for who had said that they don't come, if a place is free for them.

    PartyUnknown, TooMany, and what `let_in` refuses.
    """
    try:
        let_in(slug=slug, rsvp_id=rsvp_id, now=now, unseated=unseated(slug))
    except LinkUnknown:
        raise PartyUnknown from None
    return count_in(slug=slug, rsvp_id=rsvp_id, people=people, by=by, now=now)


@atomic()
def count_walk_in(*, slug: str, party: Party, token: str, by: str, now: dt.datetime) -> Placed:
    """A party without an RSVP is here, all of it. Sent twice, it is the same one. What `place_at_door` refuses."""
    placed = place_at_door(slug=slug, party=party, token=token, now=now, unseated=unseated(slug))
    if placed.new:
        count_in(slug=slug, rsvp_id=placed.rsvp_id, people=None, by=by, now=now)
    return placed


@atomic()
def count_out(*, slug: str, rsvp_id: str, now: dt.datetime, since: dt.datetime | None = None) -> None:
    """The button was pressed by mistake: they are not here, nor on the list if it put them there.

    Nothing happens when they were not here. `since` is the arrival that is meant: a press that is sent late, or twice,
    leaves another alone. PartyUnknown, CountedAnew.
    """
    if db.session.scalar(_party(slug, rsvp_id)) is None:
        raise PartyUnknown
    arrival = db.session.get(Arrival, rsvp_id)
    if arrival is None:
        return
    if since is not None and arrival.at != since:
        raise CountedAnew
    try:
        take_back_at_door(slug=slug, rsvp_id=rsvp_id, now=now)
    except LinkUnknown:  # pressed twice at once: the other press erased them
        raise PartyUnknown from None
    db.session.execute(sa.delete(Arrival).where(Arrival.rsvp_id == rsvp_id))


def _keep_place(rsvp: Rsvp) -> None:
    """An offer, or an address to confirm: nobody who is here loses their places at an hour."""
    if rsvp.until is not None:
        rsvp.until, rsvp.warned = max(rsvp.until, db.session.get_one(Event, rsvp.event_id).ends_at), True


def _party(slug: str, rsvp_id: str) -> sa.Select[Rsvp]:
    return sa.select(Rsvp).where(Rsvp.id == rsvp_id, Rsvp.event_id.in_(sa.select(Event.id).where(Event.slug == slug)))
