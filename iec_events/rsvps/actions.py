"""What is done with RSVPs. Each verb locks the event's row first, so that decisions about seats come one by one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

import sqlalchemy as sa

from ..core.db import atomic, db, leave_no_trace
from ..core.errors import Refusal
from ..core.i18n import _, _l, format_number
from ..core.tokens import new_id, new_token, token_hash
from ..events.models import Event
from ..events.queries import EventUnknown
from ..events.seats import availability
from ..mail.actions import Facts, post
from ..mail.actions import forget as forget_letters
from ..mail.models import OutboxMail
from ..organizers import audit
from .boxes import NOBODY, Words, address_of, change_own, cover_late, keep_address, keep_own, own_words, seal
from .models import ABOUT, CANCELLED, CONFIRMED, WAITLISTED, Rsvp, RsvpLink
from .queries import LinkUnknown, link_by_token, rsvp_by_token
from .seating import fits, promotions

ADDRESS_KEPT = dt.timedelta(days=3)

SEALED_AT_ONCE = 200


class RsvpClosed(Refusal):
    """The event takes no RSVP now; the page says why."""

    message = _l("Signing up is closed now. What you wrote was not sent.")


class PartyTooLarge(Refusal):
    """More people than one RSVP may bring, or than the place holds at all."""

    status: ClassVar[int] = 422

    def __init__(self, largest: int) -> None:
        super().__init__()
        self.largest = largest

    def __str__(self) -> str:
        """The sentence for the person."""
        return _("At most %(largest)s people can come on one RSVP.", largest=format_number(self.largest))


class NotEnoughSeats(Refusal):
    """A confirmed party wants to grow beyond the free seats; it keeps those it has."""

    message = _l("There are not enough free places for that many. You keep the places you have.")


class AlreadyCancelled(Refusal):
    """The RSVP was cancelled before, here or in another tab."""

    message = _l("This RSVP was cancelled. You can sign up again if there is room.")


@dataclass(frozen=True, kw_only=True)
class Party:
    """Who comes, as told by themselves. `email` is None for those who give none."""

    name: str
    email: str | None
    party_size: int
    note: str
    locale: str

    @property
    def words(self) -> Words:
        """What goes into the boxes."""
        return Words(name=self.name, email=self.email, note=self.note, locale=self.locale)


@dataclass(frozen=True, kw_only=True)
class Placed:
    """What became of an RSVP; `new` is false when the same form was sent before."""

    rsvp_id: str
    status: str
    new: bool


@atomic()
def place_rsvp(*, slug: str, party: Party, token: str, now: dt.datetime, by_hand: bool = False) -> Placed:
    """Seat the party, or put it on the waitlist. The same token places the same RSVP only once.

    `by_hand` is for organizers, who may add someone before signing up opens or after it closed, never above capacity.
    Raises EventUnknown, RsvpClosed, PartyTooLarge.
    """
    event = _locked(Event.slug == slug)
    link = db.session.get(RsvpLink, token_hash(token))
    if link is not None:
        before = db.session.get_one(Rsvp, link.rsvp_id)
        return Placed(rsvp_id=before.id, status=before.status, new=False)
    if not _takes_rsvps(event, now, by_hand=by_hand):
        raise RsvpClosed
    _check_size(event, party.party_size, by_hand=by_hand)
    seated = fits(capacity=event.capacity, taken=event.seats_taken, party_size=party.party_size)
    event.lines_given += 1
    rsvp = Rsvp(
        id=new_id(),
        event_id=event.id,
        status=CONFIRMED if seated else WAITLISTED,
        holds_seats=seated,
        line=event.lines_given,
        party_size=party.party_size,
        told_sequence=event.sequence,
        placed_on=now.date(),
    )
    seal(rsvp, party.words, now)
    keep_address(rsvp, party.words)
    own_key = keep_own(rsvp, party.words, token)
    db.session.add(rsvp)
    db.session.flush()
    db.session.add(RsvpLink(token_hash=token_hash(token), rsvp_id=rsvp.id, own_key=own_key))
    if seated:
        _take(event, party.party_size)
    _write_to(rsvp, "confirmed" if seated else "waitlisted", now, token=token)
    if by_hand:
        audit.note("rsvp.added", f"rsvp:{rsvp.id}", now=now)
    return Placed(rsvp_id=rsvp.id, status=rsvp.status, new=True)


@atomic()
def change_rsvp(*, token: str, name: str | None, party_size: int, note: str, now: dt.datetime) -> str:
    """Change name, size or note; a confirmed party never loses the seats it has. The new status.

    With a link that does not open the attendee's own copy, only the size changes.

    Raises LinkUnknown, AlreadyCancelled, PartyTooLarge, NotEnoughSeats, RsvpClosed.
    """
    event, rsvp = _locked_rsvp(rsvp_by_token(token).id)
    if rsvp.status == CANCELLED:
        raise AlreadyCancelled
    if event.ends_at <= now or event.status not in {"published", "postponed"}:
        raise RsvpClosed
    size_before = rsvp.party_size
    if party_size > size_before:
        _check_size(event, party_size, by_hand=False)
    if rsvp.status == CONFIRMED:
        grown = party_size - size_before
        if grown > 0 and not fits(capacity=event.capacity, taken=event.seats_taken, party_size=grown):
            raise NotEnoughSeats
        _take(event, grown)
    rsvp.party_size = party_size
    changed = _change_words(rsvp, token, name, note, now) or party_size != size_before
    waited = rsvp.status == WAITLISTED
    _refill(event, now)
    if changed and not (waited and rsvp.status == CONFIRMED):
        _write_to(rsvp, "changed", now, token=token)
    return rsvp.status


@atomic()
def withdraw_rsvp(*, token: str, now: dt.datetime) -> None:
    """The attendee does not come; the seats go to those who wait. Doing it twice does it once. LinkUnknown."""
    event, rsvp = _locked_rsvp(rsvp_by_token(token).id)
    if rsvp.status != CANCELLED:
        _cancel(event, rsvp, now)
        _write_to(rsvp, "withdrawn", now, token=token)


@atomic()
def cancel_rsvp(*, slug: str, rsvp_id: str, now: dt.datetime) -> None:
    """An organizer takes a party off the list; it is told by mail. Doing it twice does it once. LinkUnknown."""
    event, rsvp = _locked_rsvp(rsvp_id)
    if event.slug != slug:
        raise LinkUnknown
    if rsvp.status != CANCELLED:
        _cancel(event, rsvp, now)
        _write_to(rsvp, "cancelled", now)
        audit.note("rsvp.cancelled", f"rsvp:{rsvp.id}", now=now)


@atomic()
def refill_waitlists(now: dt.datetime) -> None:
    """Seat those who wait wherever seats are free, for example after an organizer added some. Safe to repeat."""
    waiting = sa.select(Rsvp.event_id).where(Rsvp.status == WAITLISTED)
    query = sa.select(Event.id).where(
        Event.id.in_(waiting),
        Event.status == "published",
        Event.ends_at > now,
        sa.or_(Event.capacity.is_(None), Event.seats_taken < Event.capacity),
    )
    for event_id in db.session.scalars(query.order_by(Event.id)).all():
        _refill(_locked(Event.id == event_id), now)


@atomic()
def tell_changes(now: dt.datetime) -> None:
    """Write to everyone who was told an older SEQUENCE of an event that is not over. Safe to repeat."""
    query = (
        sa.select(Rsvp, Event.sequence, Event.status)
        .join(Event, Event.id == Rsvp.event_id)
        .where(
            Rsvp.status != CANCELLED,
            Rsvp.told_sequence < Event.sequence,
            Event.published_at.is_not(None),
            Event.ends_at > now,
        )
        .order_by(Rsvp.id)
        .limit(200)
        .with_for_update(of=Rsvp, skip_locked=True)
    )
    for rsvp, sequence, status in db.session.execute(query).all():
        rsvp.told_sequence = sequence
        called_off = status in {"cancelled", "draft"}
        _write_to(rsvp, "event_cancelled" if called_off else "event_changed", now)


@atomic()
def seal_vault_boxes(now: dt.datetime) -> None:
    """Seal to the event's key what came in while nobody could hold one. Safe to repeat; the worker runs this."""
    unsealed = Rsvp.roster_key_id.is_(None)
    for event_id in db.session.scalars(
        sa.select(Rsvp.event_id).where(unsealed).distinct().order_by(Rsvp.event_id)
    ).all():
        _locked(Event.id == event_id)
        of_event = sa.select(Rsvp).where(unsealed, Rsvp.event_id == event_id).order_by(Rsvp.line).limit(SEALED_AT_ONCE)
        for rsvp in db.session.scalars(of_event).all():
            words = NOBODY.words(rsvp)
            if words is not None:
                seal(rsvp, words, now)
                cover_late(rsvp, db.session.scalars(sa.select(RsvpLink).where(RsvpLink.rsvp_id == rsvp.id)))


@atomic()
def erase_addresses(now: dt.datetime) -> None:
    """Erase mailable addresses when nothing is owed any more: after the end or a cancellation, when no letter waits.

    Three days after the end, nothing is owed in any case. The worker runs this.
    """
    over = sa.select(Event.id).where(Event.ends_at <= now)
    long_over = sa.select(Event.id).where(Event.ends_at <= now - ADDRESS_KEPT)
    about = sa.select(sa.literal(ABOUT) + Rsvp.id).where(Rsvp.event_id.in_(long_over))
    db.session.execute(sa.delete(OutboxMail).where(OutboxMail.about.in_(about), OutboxMail.done_at.is_(None)))
    nothing_owed = ~sa.exists().where(
        OutboxMail.about == sa.literal(ABOUT) + Rsvp.id, OutboxMail.done_at.is_(None), OutboxMail.given_up_at.is_(None)
    )
    done_with = sa.and_(sa.or_(Rsvp.status == CANCELLED, Rsvp.event_id.in_(over)), nothing_owed)
    db.session.execute(sa.update(Rsvp).where(Rsvp.mailable.is_not(None), done_with).values(mailable=None))


@atomic()
def erase_rsvp(*, rsvp_id: str, now: dt.datetime) -> None:
    """Erase one RSVP, its links and its letters, for ever; its seats go to those who wait. LinkUnknown."""
    event, rsvp = _locked_rsvp(rsvp_id)
    if rsvp.status != CANCELLED:
        _cancel(event, rsvp, now)
    forget_letters(about=rsvp.about)
    db.session.delete(rsvp)


def erase_own_rsvp(*, token: str, now: dt.datetime) -> None:
    """The attendee deletes themselves: at once, and as far as it goes from the database's files. LinkUnknown."""
    erase_rsvp(rsvp_id=rsvp_by_token(token).id, now=now)
    leave_no_trace()


def _locked(which: sa.ColumnElement[bool]) -> Event:
    """The event, read afresh and held until the end of the verb (SQLite holds the whole database instead)."""
    query = sa.select(Event).where(which).with_for_update().execution_options(populate_existing=True)
    event = db.session.scalar(query)
    if event is None:
        raise EventUnknown
    return event


def _locked_rsvp(rsvp_id: str) -> tuple[Event, Rsvp]:
    """The event first, then the RSVP as it is once the event is held."""
    event_id = db.session.scalar(sa.select(Rsvp.event_id).where(Rsvp.id == rsvp_id))
    if event_id is None:
        raise LinkUnknown
    event = _locked(Event.id == event_id)
    rsvp = db.session.get(Rsvp, rsvp_id, populate_existing=True)
    if rsvp is None:
        raise LinkUnknown
    return event, rsvp


def _takes_rsvps(event: Event, now: dt.datetime, *, by_hand: bool) -> bool:
    if event.status != "published" or event.ends_at <= now:
        return by_hand and event.status in {"published", "postponed"} and event.ends_at > now
    opened_already = event.rsvp_opens_at is None or event.rsvp_opens_at <= now
    still_open = event.rsvp_closes_at is None or now < event.rsvp_closes_at
    return by_hand or (opened_already and still_open)


def _check_size(event: Event, party_size: int, *, by_hand: bool) -> None:
    room = event.capacity if event.capacity is not None else party_size
    largest = room if by_hand else min(event.largest_party, room)
    if party_size > largest:
        raise PartyTooLarge(largest)


def _take(event: Event, seats: int) -> None:
    """Count seats taken (or given back, if negative) and what strangers are told of it."""
    event.seats_taken += seats
    told = availability(event.capacity, event.seats_taken)
    if told != event.availability:
        event.availability = told


def _cancel(event: Event, rsvp: Rsvp, now: dt.datetime) -> None:
    if rsvp.status == CONFIRMED:
        _take(event, -rsvp.party_size)
    rsvp.status, rsvp.holds_seats = CANCELLED, False
    _refill(event, now)


def _refill(event: Event, now: dt.datetime) -> None:
    """Give free seats to those who wait, unless the event takes place no more."""
    if event.status not in {"published", "postponed"} or event.ends_at <= now:
        return
    db.session.flush()
    query = sa.select(Rsvp).where(Rsvp.event_id == event.id, Rsvp.status == WAITLISTED).order_by(Rsvp.line)
    waiting = {rsvp.id: rsvp for rsvp in db.session.scalars(query)}
    sizes = [(rsvp.id, rsvp.party_size) for rsvp in waiting.values()]
    for rsvp_id in promotions(capacity=event.capacity, taken=event.seats_taken, waiting=sizes):
        rsvp = waiting[rsvp_id]
        rsvp.status, rsvp.holds_seats = CONFIRMED, True
        _take(event, rsvp.party_size)
        _write_to(rsvp, "promoted", now)


def _change_words(rsvp: Rsvp, token: str, name: str | None, note: str, now: dt.datetime) -> bool:
    link = link_by_token(token)
    before = own_words(rsvp, link, token)
    if before is None or name is None or (name, note) == (before.name, before.note):
        return False
    words = Words(name=name, email=before.email, note=note, locale=before.locale)
    change_own(rsvp, link, token, words)
    seal(rsvp, words, now)
    return True


def _write_to(rsvp: Rsvp, kind: str, now: dt.datetime, *, token: str | None = None) -> None:
    """Promise the attendee a letter, if there is an address. Without a token at hand, it gets a link of its own."""
    address = address_of(rsvp)
    if address is None:
        return
    if token is None:
        token = new_token()
        db.session.add(RsvpLink(token_hash=token_hash(token), rsvp_id=rsvp.id))
    facts: Facts = {"rsvp_id": rsvp.id, "token": token}
    post(kind=f"rsvps.{kind}", about=rsvp.about, to=address["to"], locale=address["locale"], facts=facts, now=now)
