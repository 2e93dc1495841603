"""The end of an event's list: everything on it, and the keys to it, so that no backup opens it again.

First the rows go, and a receipt is written that names the key files to destroy; when that is committed, the files are.
A crash in between leaves a receipt whose files the worker destroys. (The other way round, a crash would leave a list
that stands there and opens for nobody.)
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from ..core.db import atomic, db, leave_no_trace
from ..core.shreds import destroy_shreds
from ..events.keys import hold_copies
from ..events.models import Event, EventKey
from ..events.queries import EventUnknown
from ..events.seats import availability
from ..mail.models import OutboxMail
from ..organizers.audit import note
from ..rsvps.answers import shreds_of_terms
from ..rsvps.models import ABOUT, CONFIRMED, Receipt, Rsvp

FEWEST_TOLD, STEP = 10, 5
LATE = dt.timedelta(hours=1)
CLASSES = ("rsvps", "links", "letters", "keys")


def destroy_list(*, slug: str, now: dt.datetime) -> None:
    """Destroy an event's list now, whatever its term: for organizers who must. EventUnknown."""
    event_id = db.session.scalar(sa.select(Event.id).where(Event.slug == slug))
    if event_id is None:
        raise EventUnknown
    _erase_list(event_id, early=True, now=now)
    try:
        _destroy_keys(now)
    finally:
        leave_no_trace()


def destroy_due(now: dt.datetime) -> None:
    """Destroy every list whose term is over, and what an interrupted destruction left. Safe to repeat."""
    for event_id in _over(now):
        _erase_list(event_id, early=False, now=now)
    try:
        _destroy_keys(now)
    finally:  # a key folder that can't be written keeps no rows in the database's files
        leave_no_trace()


def overdue(now: dt.datetime) -> int:
    """How many lists, or keys of lists that are gone, stand there an hour beyond their term: nobody destroys them."""
    late = now - LATE
    keys = sa.select(sa.func.count()).where(Receipt.keys_gone_at.is_(None), Receipt.at <= late)
    return len(_over(late)) + (db.session.scalar(keys) or 0)


def rounded(number: int) -> int | None:
    """What is kept of a number: nothing below ten, else steps of five."""
    return number - number % STEP if number >= FEWEST_TOLD else None


@atomic()
def _erase_list(event_id: int, *, early: bool, now: dt.datetime) -> None:
    query = sa.select(Event).where(Event.id == event_id).with_for_update().execution_options(populate_existing=True)
    event = db.session.scalars(query).one()
    if not early and now < event.list_ends_at:  # the event was moved meanwhile
        return
    hold_copies()  # else who gives access meanwhile seals copies of keys that are gone
    if not _has_list(event_id):  # another copy of the worker was faster
        return
    parties, seats = _totals(event_id)
    about = sa.select(sa.literal(ABOUT) + Rsvp.id).where(Rsvp.event_id == event_id)
    db.session.execute(sa.delete(OutboxMail).where(OutboxMail.about.in_(about)))
    db.session.execute(sa.delete(Rsvp).where(Rsvp.event_id == event_id))  # their links go along
    keys = sa.delete(EventKey).where(EventKey.event_id == event_id).returning(EventKey.shred_id)
    shreds = set(db.session.scalars(keys))  # the holders' copies go along
    shreds |= shreds_of_terms(shreds)
    event.seats_taken = event.lines_given = 0
    event.availability = availability(event.capacity, 0)
    receipt = Receipt(event_id=event_id, at=now.replace(microsecond=0), early=early, classes=list(CLASSES))
    receipt.parties, receipt.seats, receipt.shred_ids = rounded(parties), rounded(seats), sorted(shreds)
    db.session.add(receipt)
    note("list.destroyed", f"event:{event.slug}", now=now)


def _over(now: dt.datetime) -> list[int]:
    """Events whose list stands there beyond its term."""
    with_list = sa.or_(sa.exists().where(Rsvp.event_id == Event.id), sa.exists().where(EventKey.event_id == Event.id))
    past = db.session.scalars(sa.select(Event).where(Event.ends_at <= now, with_list).order_by(Event.id))
    return [event.id for event in past if event.list_ends_at <= now]


def _has_list(event_id: int) -> bool:
    of_event = (sa.exists().where(table.event_id == event_id) for table in (Rsvp, EventKey))
    return bool(db.session.scalar(sa.select(sa.or_(*of_event))))


def _totals(event_id: int) -> tuple[int, int]:
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Rsvp.party_size), 0))
    parties, seats = db.session.execute(query.where(Rsvp.event_id == event_id, Rsvp.status == CONFIRMED)).one()
    return parties, int(seats)


def _destroy_keys(now: dt.datetime) -> None:
    """Destroy the key files that receipts name, then note it; outside the transaction that erased the rows."""
    for receipt_id, shred_ids in _open_receipts():
        destroy_shreds(shred_ids)
        _note_keys_gone(receipt_id, now)


def _open_receipts() -> list[tuple[int, list[str]]]:
    query = sa.select(Receipt.id, Receipt.shred_ids).where(Receipt.keys_gone_at.is_(None))
    return [(row.id, row.shred_ids) for row in db.session.execute(query)]


@atomic()
def _note_keys_gone(receipt_id: int, now: dt.datetime) -> None:
    mine = sa.and_(Receipt.id == receipt_id, Receipt.keys_gone_at.is_(None))
    db.session.execute(sa.update(Receipt).where(mine).values(keys_gone_at=now.replace(microsecond=0)))
