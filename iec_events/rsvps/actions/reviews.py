"""What organizers do with RSVPs: approve, decline, seat by hand, cancel, remark, remove many and undo it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _l
from ...core.tokens import new_id
from ...events.models import Event
from ...mail.models import OutboxMail
from ...organizers import audit
from ..boxes import seal_remark
from ..models import (
    ABOUT,
    ACTIVE,
    CANCELLED,
    CONFIRMED,
    DECLINED,
    LAPSED,
    NOT_COMING,
    OFFERED,
    PENDING,
    REMOVED,
    UNCONFIRMED,
    WAITLISTED,
    Rsvp,
    RsvpRemoval,
    RsvpStep,
)
from ..seating import fits
from .lines import (
    StatusChanged,
    answer,
    give_seats_back,
    hold_seats,
    is_passed_by,
    join,
    locked,
    locked_rsvp,
    lose_invitation,
    note_step,
    serve_line,
    takes_place,
    write_to,
)
from .own import leave
from .placing import admit

AT_ONCE = 5000
APPROVED_BY = {CONFIRMED: "approved", WAITLISTED: "approved_waiting"}  # letters


class NoSeatsLeft(Refusal):
    """An organizer wants to seat a party above capacity."""

    message = _l("There are not enough free places for this party. Nothing was changed.")


class RemovalUnknown(Refusal):
    """There is nothing to undo any more: it was undone, or what was removed has been erased."""

    message = _l("This removal cannot be undone any more.")


class NoKeyYet(Refusal):
    """Nobody can hold the key of this list, so that no remark can be sealed."""

    message = _l("Nobody holds the key of this list yet, so that no remark can be kept.")


@dataclass(frozen=True, kw_only=True)
class Undone:
    """How many parties are back where they were, and how many wait because their places were taken."""

    back: int
    waiting: int


@atomic()
def approve_rsvp(*, slug: str, rsvp_id: str, now: dt.datetime) -> str:
    """Let a party come; without room for it, it waits in line. The new status; twice does it once.

    Who was declined before the address was confirmed is asked to confirm it first. Under attack, one that waits in line
    already gets places that come free from now on.

    Raises LinkUnknown, StatusChanged when the party was cancelled or the event takes place no more.
    """
    event, rsvp = locked_rsvp(rsvp_id, slug=slug)
    if rsvp.approved and rsvp.status in ACTIVE:
        if rsvp.status == WAITLISTED and is_passed_by(event, rsvp):
            _note(rsvp, "approved", now)
            serve_line(event, now)
        return rsvp.status
    if rsvp.status not in {PENDING, DECLINED, UNCONFIRMED} or not takes_place(event, now):
        raise StatusChanged
    rsvp.approved = True
    if rsvp.status != UNCONFIRMED:
        (admit if rsvp.status == DECLINED else join)(event, rsvp, now)
        write_to(rsvp, APPROVED_BY.get(rsvp.status, rsvp.status), now)
    _note(rsvp, "approved", now)
    return rsvp.status


@atomic()
def decline_rsvp(*, slug: str, rsvp_id: str, words: str, now: dt.datetime) -> None:
    """Say no to a party that waits for approval, with a letter; `words` are added to it. Twice does it once.

    Raises LinkUnknown, StatusChanged.
    """
    event, rsvp = locked_rsvp(rsvp_id, slug=slug)
    if rsvp.status == DECLINED:
        return
    if rsvp.status not in {PENDING, UNCONFIRMED}:
        raise StatusChanged
    was_sure = rsvp.status == PENDING
    leave(event, rsvp, DECLINED, now)
    rsvp.approved = False
    _note(rsvp, "declined", now)
    if was_sure:
        write_to(rsvp, "declined", now, others={"words": words})


@atomic()
def promote_rsvp(*, slug: str, rsvp_id: str, now: dt.datetime) -> None:
    """Seat a party from the waitlist, before others, never above capacity. Twice does it once.

    Raises LinkUnknown, NoSeatsLeft, StatusChanged.
    """
    event, rsvp = locked_rsvp(rsvp_id, slug=slug)
    if rsvp.status == CONFIRMED:
        return
    if rsvp.status not in {WAITLISTED, OFFERED} or not takes_place(event, now):
        raise StatusChanged
    room = fits(capacity=event.capacity, taken=event.seats_taken, party_size=rsvp.party_size)
    if not rsvp.holds_seats and not room:
        raise NoSeatsLeft
    hold_seats(event, rsvp)
    rsvp.status, rsvp.until = CONFIRMED, None
    _note(rsvp, "seated", now)
    write_to(rsvp, "promoted", now)


@atomic()
def cancel_rsvp(*, slug: str, rsvp_id: str, now: dt.datetime) -> None:
    """An organizer takes a party off the list; it is told by mail. Doing it twice does it once. LinkUnknown."""
    event, rsvp = locked_rsvp(rsvp_id, slug=slug)
    if rsvp.status not in {CANCELLED, REMOVED}:
        leave(event, rsvp, CANCELLED, now)
        _note(rsvp, "cancelled", now)
        write_to(rsvp, "cancelled", now)


@atomic()
def remark_on(*, slug: str, rsvp_id: str, text: str, now: dt.datetime) -> None:
    """Keep a remark of the organizers about a party, sealed like the list; an empty one erases it.

    Raises LinkUnknown, NoKeyYet.
    """
    _event, rsvp = locked_rsvp(rsvp_id, slug=slug)
    if not seal_remark(rsvp, text, now):
        raise NoKeyYet
    _note(rsvp, "remark", now)


@atomic()
def remove_rsvps(*, slug: str, rsvp_ids: Sequence[str], now: dt.datetime) -> str | None:
    """Take many off a list without a letter, such as those that a flood left. What undoes it; None if none was left.

    Those of another event, unknown or already removed are passed over. EventUnknown.
    """
    event = locked(Event.slug == slug)
    rsvps = _on_the_list(event, rsvp_ids)
    if not rsvps:
        return None
    removal = RsvpRemoval(id=new_id(), event_id=event.id, at=now, by=audit.actor(), parties=len(rsvps))
    db.session.add(removal)
    db.session.flush()
    for rsvp in rsvps:
        lose_invitation(rsvp)
        give_seats_back(event, rsvp)
        rsvp.status_before, rsvp.status, rsvp.removal_id = rsvp.status, REMOVED, removal.id
        note_step(rsvp, "removed", now, by=audit.actor())
    serve_line(event, now)
    audit.note("rsvps.removed", f"event:{event.slug}", now=now)
    return removal.id


@atomic()
def undo_removal(*, slug: str, removal_id: str, now: dt.datetime) -> Undone:
    """Put back who was removed together; where their seats are taken by now, they wait at their old place in line.

    Who had been invited and waits now gets a letter that takes the invitation back. Whose letters were dropped
    meanwhile gets one that says how it stands.

    Raises EventUnknown, RemovalUnknown.
    """
    event = locked(Event.slug == slug)
    removal = db.session.get(RsvpRemoval, removal_id)
    if removal is None or removal.event_id != event.id:
        raise RemovalUnknown
    gone = sa.select(Rsvp).where(Rsvp.removal_id == removal_id, Rsvp.status == REMOVED).order_by(Rsvp.line)
    waiting, dropped = 0, _dropped(removal)
    rsvps = db.session.scalars(gone.execution_options(populate_existing=True)).all()
    for rsvp in rsvps:
        waiting += not _return(event, rsvp, dropped, now)
    db.session.delete(removal)
    serve_line(event, now)
    audit.note("rsvps.put-back", f"event:{event.slug}", now=now)
    return Undone(back=len(rsvps) - waiting, waiting=waiting)


@atomic()
def put_back(*, slug: str, rsvp_id: str, now: dt.datetime) -> Undone:
    """Put back one of those who were removed together, as with `undo_removal`. LinkUnknown, RemovalUnknown."""
    event, rsvp = locked_rsvp(rsvp_id, slug=slug)
    removal = db.session.get(RsvpRemoval, rsvp.removal_id) if rsvp.status == REMOVED else None
    if removal is None:
        raise RemovalUnknown
    back = _return(event, rsvp, _dropped(removal), now)
    serve_line(event, now)
    audit.note("rsvps.put-back", f"event:{event.slug}", now=now)
    return Undone(back=int(back), waiting=int(not back))


def _return(event: Event, rsvp: Rsvp, dropped: set[str], now: dt.datetime) -> bool:
    """Put a party back, with a letter if one was dropped meanwhile; whether it is what it was."""
    back = _put_back(event, rsvp, now)
    if back and rsvp.active and rsvp.about in dropped:
        answer(rsvp, rsvp.status, now)
    note_step(rsvp, "put back", now, by=audit.actor())
    return back


def _dropped(removal: RsvpRemoval) -> set[str]:
    """What letters are about that were due while these parties were removed, and so were not written."""
    mine = sa.select(sa.literal(ABOUT) + Rsvp.id).where(Rsvp.removal_id == removal.id)
    ended = sa.and_(OutboxMail.done_at >= removal.at, OutboxMail.handed_at.is_(None), OutboxMail.part_of.is_(None))
    return set(db.session.scalars(sa.select(OutboxMail.about).where(OutboxMail.about.in_(mine), ended)))


def _on_the_list(event: Event, rsvp_ids: Sequence[str]) -> list[Rsvp]:
    """Asked for in parts: a flood may have left more than a database takes in one question."""
    ids, found = list(dict.fromkeys(rsvp_ids)), list[Rsvp]()
    for first in range(0, len(ids), AT_ONCE):
        some = Rsvp.id.in_(ids[first : first + AT_ONCE])
        query = sa.select(Rsvp).where(Rsvp.event_id == event.id, some, Rsvp.status != REMOVED)
        found += db.session.scalars(query.execution_options(populate_existing=True))
    return sorted(found, key=lambda rsvp: rsvp.line)


def _put_back(event: Event, rsvp: Rsvp, now: dt.datetime) -> bool:
    """Whether the party is what it was; otherwise it waits."""
    before, rsvp.status_before, rsvp.removal_id = rsvp.status_before or CANCELLED, None, None
    ran_out = rsvp.until is not None and rsvp.until <= now
    if before == CONFIRMED or (before == OFFERED and not ran_out):
        if fits(capacity=event.capacity, taken=event.seats_taken, party_size=rsvp.party_size):
            hold_seats(event, rsvp)
            rsvp.status = before
            return True
        rsvp.status, rsvp.until = WAITLISTED, None
        if before == CONFIRMED:
            write_to(rsvp, WAITLISTED, now, others={"ahead": rsvp.sequence_ahead - 1})
        return False
    if before == OFFERED:
        rsvp.status, rsvp.until = WAITLISTED, None
        return False
    rsvp.status = before
    if before in {LAPSED, NOT_COMING}:
        rsvp.status_before = _lapsed_from(rsvp)
    return True


def _lapsed_from(rsvp: Rsvp) -> str:
    """What it was before: offered a place, or still to confirm its address, which goes after two days."""
    known = sa.select(RsvpStep.what).where(
        RsvpStep.rsvp_id == rsvp.id, RsvpStep.what.in_(("placed", "came back", "offered"))
    )
    latest = db.session.scalar(known.order_by(RsvpStep.id.desc()).limit(1))
    return OFFERED if latest == "offered" else UNCONFIRMED


def _note(rsvp: Rsvp, what: str, now: dt.datetime) -> None:
    note_step(rsvp, what, now, by=audit.actor())
    audit.note(f"rsvp.{what}", f"rsvp:{rsvp.id}", now=now)
