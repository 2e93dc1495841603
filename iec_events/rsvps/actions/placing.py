"""Signing up: placing an RSVP, confirming its address, taking an offer, coming back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import ClassVar

import sqlalchemy as sa

from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _, _l, format_number
from ...core.phrases import secret_from, token_of
from ...core.tokens import new_id, token_hash
from ...events.models import Event
from ...organizers import audit
from ...questions.models import Answers
from ...questions.queries import questions_of
from ..answers import keep_answers
from ..boxes import Words, keep_address, keep_own, own_key_for, seal
from ..models import (
    ACTIVE,
    ATTENDEE,
    CONFIRMED,
    LAPSED,
    MAY_RETURN,
    OFFERED,
    PENDING,
    UNCONFIRMED,
    Rsvp,
    RsvpLink,
)
from ..queries import link_by_token, rsvp_by_token
from .lines import (
    RsvpClosed,
    StatusChanged,
    answer,
    hold_seats,
    join,
    link_by_mail,
    link_for_letter,
    locked,
    locked_rsvp,
    look_under_attack,
    note_step,
    offer_ends,
    room_for,
    takes_place,
    takes_rsvps,
    write_to,
)


class PartyTooLarge(Refusal):
    """More people than one RSVP may bring, or than the place holds at all."""

    status: ClassVar[int] = 422

    def __init__(self, largest: int) -> None:
        super().__init__()
        self.largest = largest

    def __str__(self) -> str:
        """The sentence for the person."""
        return _("At most %(largest)s people can come on one RSVP.", largest=format_number(self.largest))


class NotByMail(Refusal):
    """This link was not the one in the mail, so that it says nothing of the address."""

    message = _l("To confirm your address, please open the link in the mail that we sent to it.")


@dataclass(frozen=True, kw_only=True)
class Party:
    """Who comes, as told by themselves. `email` is None for those who give none; children are counted in the size."""

    name: str
    email: str | None
    party_size: int
    note: str
    locale: str
    companions: tuple[str, ...] = ()
    children: int = 0
    answers: Answers = field(default_factory=dict)
    wants_reminders: bool = True
    quiet: bool = False

    @property
    def words(self) -> Words:
        """What goes into the boxes."""
        return Words(
            name=self.name,
            email=self.email,
            note=self.note,
            locale=self.locale,
            companions=self.companions,
            children=self.children,
        )


@dataclass(frozen=True, kw_only=True)
class Placed:
    """What became of an RSVP; `new` is false when the same form was sent before."""

    rsvp_id: str
    status: str
    new: bool


@atomic()
def place_rsvp(
    *, slug: str, party: Party, token: str, now: dt.datetime, by_hand: bool = False, trusted: bool = True
) -> Placed:
    """Seat the party, hold seats until its address is confirmed, ask a person to look, or put it on the waitlist.

    The same token places the same RSVP only once. `by_hand` is for organizers, who may add someone before signing up
    opens or after it closed, never above capacity. Somebody not `trusted` waits until a person has looked.
    Raises EventUnknown, RsvpClosed, PartyTooLarge.
    """
    event = locked(Event.slug == slug)
    link = db.session.get(RsvpLink, token_hash(token))
    if link is not None:
        before = db.session.get_one(Rsvp, link.rsvp_id)
        return Placed(rsvp_id=before.id, status=before.status, new=False)
    if not takes_rsvps(event, now, by_hand=by_hand):
        raise RsvpClosed
    check_size(event, party.party_size, by_hand=by_hand)
    rsvp = _new(event, party, now)
    rsvp.approved = by_hand or (trusted and not event.screened and bool(party.email or not event.asks_for_proof))
    rsvp.address_confirmed = by_hand
    twice = bool(rsvp.address_index) and _is_known(rsvp)
    data_key = keep_own(rsvp, party.words)
    admit(event, rsvp, now)
    db.session.add(rsvp)
    db.session.flush()
    for own in (token, token_of(secret_from(token))):  # the link, and the words that stand for it
        own_key = own_key_for(rsvp, own, data_key)
        db.session.add(RsvpLink(token_hash=token_hash(own), rsvp_id=rsvp.id, own_key=own_key))
    questions = questions_of(event.id, retired=True)
    if questions:
        keep_answers(rsvp, party.answers, questions, data_key, now)
    note_step(rsvp, "placed", now, by=audit.actor() if by_hand else ATTENDEE)
    if rsvp.mailable:
        tell = write_to if by_hand else answer
        tell(rsvp, rsvp.status, now, token=link_by_mail(rsvp, data_key), others={"twice": twice})
    if by_hand:
        audit.note("rsvp.added", f"rsvp:{rsvp.id}", now=now)
    return Placed(rsvp_id=rsvp.id, status=rsvp.status, new=True)


@atomic()
def confirm_address(*, token: str, now: dt.datetime) -> str:
    """Note that the address is right; a held seat is the party's now. The new status; doing it twice does it once.

    Raises LinkUnknown, NotByMail, RsvpClosed.
    """
    link = link_by_token(token)
    event, rsvp = locked_rsvp(link.rsvp_id)
    if rsvp.status not in {UNCONFIRMED, LAPSED} and rsvp.address_confirmed:
        return rsvp.status
    if not link.proves_address:
        raise NotByMail
    if not takes_place(event, now):
        raise RsvpClosed
    rsvp.address_confirmed = True
    if rsvp.status == UNCONFIRMED:
        note_step(rsvp, "address confirmed", now, by=ATTENDEE)
        look_under_attack(event, rsvp)
        admit(event, rsvp, now)
        write_to(rsvp, rsvp.status, now, token=token)
    return rsvp.status


@atomic()
def accept_offer(*, token: str, now: dt.datetime) -> str:
    """Take the seats that are offered. The new status; twice does it once. LinkUnknown, StatusChanged."""
    event, rsvp = locked_rsvp(rsvp_by_token(token).id)
    if rsvp.status == CONFIRMED:
        return rsvp.status
    if rsvp.status != OFFERED or (rsvp.until is not None and rsvp.until <= now) or not takes_place(event, now):
        raise StatusChanged
    rsvp.status, rsvp.until = CONFIRMED, None
    note_step(rsvp, "offer taken", now, by=ATTENDEE)
    write_to(rsvp, CONFIRMED, now, token=link_for_letter(rsvp, token))
    return rsvp.status


@atomic()
def come_back(*, token: str, now: dt.datetime) -> str:
    """Somebody who was not coming, or whose offer or hold ran out, comes after all, as the last in line.

    The new status; doing it twice does it once. Raises LinkUnknown, StatusChanged, RsvpClosed, PartyTooLarge.
    """
    event, rsvp = locked_rsvp(rsvp_by_token(token).id)
    if rsvp.status in ACTIVE:
        return rsvp.status
    if rsvp.status not in MAY_RETURN:
        raise StatusChanged
    if not takes_rsvps(event, now):
        raise RsvpClosed
    check_size(event, rsvp.party_size, by_hand=False)
    event.lines_given += 1
    rsvp.line, rsvp.passed_over, rsvp.status_before = event.lines_given, 0, None
    rsvp.told_sequence = event.sequence
    note_step(rsvp, "came back", now, by=ATTENDEE)
    look_under_attack(event, rsvp)
    admit(event, rsvp, now, holds=False)  # who never confirmed an address kept seats from others once already
    link = link_for_letter(rsvp, token) if rsvp.status != UNCONFIRMED else None
    answer(rsvp, rsvp.status, now, by=token, token=link)
    return rsvp.status


def check_size(event: Event, party_size: int, *, by_hand: bool) -> None:
    """PartyTooLarge when one RSVP may not bring so many, or the place does not hold them."""
    room = event.capacity if event.capacity is not None else party_size
    largest = room if by_hand else event.largest_now
    if party_size > largest:
        raise PartyTooLarge(largest)


def _new(event: Event, party: Party, now: dt.datetime) -> Rsvp:
    event.lines_given += 1
    rsvp = Rsvp(
        id=new_id(),
        event_id=event.id,
        holds_seats=False,
        line=event.lines_given,
        party_size=party.party_size,
        passed_over=0,
        told_sequence=event.sequence,
        wants_reminders=party.wants_reminders,
        quiet=party.quiet,
        placed_on=now.date(),
    )
    seal(rsvp, party.words, now)
    keep_address(rsvp, party.words)
    return rsvp


def admit(event: Event, rsvp: Rsvp, now: dt.datetime, *, holds: bool = True) -> None:
    """What somebody who wants to come is next: still to confirm, still to be looked at, or in the line and served.

    `holds`: whether free seats are kept while the address is still to be confirmed.
    """
    if event.asks_for_proof and rsvp.mailable and not rsvp.address_confirmed:
        if holds and rsvp.approved and room_for(event, rsvp, now):
            hold_seats(event, rsvp)
        rsvp.status, rsvp.until, rsvp.warned = UNCONFIRMED, offer_ends(event, event.hold_hours, now), False
    elif not rsvp.approved:
        rsvp.status, rsvp.until = PENDING, None
    elif rsvp.holds_seats:
        rsvp.status, rsvp.until = CONFIRMED, None
    else:
        join(event, rsvp, now)


def _is_known(rsvp: Rsvp) -> bool:
    """Whether another party at this event gave the same address."""
    same = sa.select(Rsvp.id).where(
        Rsvp.event_id == rsvp.event_id, Rsvp.address_index == rsvp.address_index, Rsvp.status.in_(ACTIVE)
    )
    return db.session.scalar(same.limit(1)) is not None
