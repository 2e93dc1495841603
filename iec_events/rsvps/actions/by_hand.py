"""What organizers write for a party themselves, and what they do to many at once with letters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _l
from ...events.models import Event
from ...mail.actions import forget as forget_letters
from ...mail.actions import post
from ...mail.models import OutboxMail
from ...organizers import audit
from ...questions.models import Answers
from ...questions.queries import questions_of
from ..answers import keep_answers, read_answers, with_earlier
from ..boxes import Reader, Words, address_of, keep_address, normal_address, seal
from ..letters import MOVED
from ..models import ACTIVE, CONFIRMED, OFFERED, PENDING, UNCONFIRMED, WAITLISTED, Rsvp, RsvpLink
from ..seating import fits
from .lines import (
    SEATED,
    StatusChanged,
    count_seats,
    locked,
    locked_rsvp,
    note_step,
    serve_line,
    takes_place,
    write_to,
)
from .placing import admit, check_size
from .reviews import NoSeatsLeft, approve_rsvp, cancel_rsvp


class WordsSealed(Refusal):
    """Who cannot read what a party said cannot change it: the rest would be lost."""

    message = _l("You hold no key to what this party wrote, so you cannot change it. Ask a colleague for access.")


@dataclass(frozen=True, kw_only=True)
class ByHand:
    """What an organizer writes for a party. Without `answers`, those given before stay."""

    name: str
    email: str | None
    party_size: int
    note: str
    companions: tuple[str, ...] = ()
    children: int = 0
    answers: Answers | None = None


@dataclass(frozen=True, kw_only=True)
class Approved:
    """How many parties come now, wait in line or for their address, or had been decided on in the meantime."""

    coming: int
    waiting: int
    passed: int


@atomic()
def change_by_hand(*, slug: str, rsvp_id: str, said: ByHand, reader: Reader, now: dt.datetime) -> str:
    """Change what a party said, sealed anew; never above capacity. The new status.

    The attendee's own copy cannot be opened here: their page shows what they wrote themselves, and when they change
    it, theirs stands. A new address gets a link, and links sent to the old one open nothing any more; an invitation
    there is taken back.
    Raises LinkUnknown, StatusChanged, WordsSealed, PartyTooLarge, NoSeatsLeft.
    """
    event, rsvp = locked_rsvp(rsvp_id, slug=slug)
    before = reader.words(rsvp)
    if rsvp.status not in ACTIVE:
        raise StatusChanged
    if before is None:
        raise WordsSealed
    size_before, status_before = rsvp.party_size, rsvp.status
    _resize(event, rsvp, said.party_size)
    words = replace(
        before, name=said.name, email=said.email, note=said.note, companions=said.companions, children=said.children
    )
    moved = _move_address(rsvp, before, words, now)
    changed = _change_words(rsvp, before, words, now) + _change_answers(rsvp, said.answers, reader, now)
    if not changed and rsvp.party_size == size_before:
        return rsvp.status
    note_step(rsvp, "changed", now, by=audit.actor())
    audit.note("rsvp.changed", f"rsvp:{rsvp.id}", now=now)
    if rsvp.status == UNCONFIRMED and not words.email:
        admit(event, rsvp, now)
    serve_line(event, now)
    if rsvp.status == status_before and (moved or rsvp.party_size != size_before):
        write_to(rsvp, rsvp.status if moved else "changed", now)  # to a new address, how it stands
    return rsvp.status


@atomic()
def approve_rsvps(*, slug: str, rsvp_ids: Sequence[str], now: dt.datetime) -> Approved:
    """Let those of these parties come that wait for approval, in the order of arrival; others are passed over.

    Under attack, those in line wait for it, too.
    Raises EventUnknown, StatusChanged when the event takes place no more.
    """
    event = locked(Event.slug == slug)
    if not takes_place(event, now):
        raise StatusChanged
    which = (PENDING, WAITLISTED) if event.under_attack else (PENDING,)
    became = [approve_rsvp(slug=slug, rsvp_id=rsvp_id, now=now) for rsvp_id in _chosen(event, rsvp_ids, which)]
    coming = became.count(CONFIRMED) + became.count(OFFERED)
    return Approved(coming=coming, waiting=became.count(WAITLISTED), passed=len({*rsvp_ids}) - len(became))


@atomic()
def cancel_rsvps(*, slug: str, rsvp_ids: Sequence[str], now: dt.datetime) -> int:
    """Take those of these parties off the list that still mean to come, with a letter; how many. EventUnknown."""
    chosen = _chosen(locked(Event.slug == slug), rsvp_ids, ACTIVE)
    for rsvp_id in chosen:
        cancel_rsvp(slug=slug, rsvp_id=rsvp_id, now=now)
    return len(chosen)


def _chosen(event: Event, rsvp_ids: Sequence[str], statuses: Sequence[str]) -> Sequence[str]:
    """By arrival, but those who hold seats last: none of those who wait here gets a place that another leaves."""
    mine = sa.select(Rsvp.id).where(Rsvp.event_id == event.id, Rsvp.id.in_(list(rsvp_ids)), Rsvp.status.in_(statuses))
    return db.session.scalars(mine.order_by(Rsvp.holds_seats, Rsvp.line)).all()


def _resize(event: Event, rsvp: Rsvp, party_size: int) -> None:
    grown = party_size - rsvp.party_size
    if grown > 0:
        check_size(event, party_size, by_hand=True)
    if rsvp.holds_seats:
        if grown > 0 and not fits(capacity=event.capacity, taken=event.seats_taken, party_size=grown):
            raise NoSeatsLeft
        count_seats(event, grown)
    rsvp.party_size = party_size


def _move_address(rsvp: Rsvp, before: Words, words: Words, now: dt.datetime) -> bool:
    """Whether letters go to another address from now on."""
    if normal_address(before.email or "") == normal_address(words.email or ""):
        return False
    invited = _invited(rsvp) if words.email else None
    rsvp.mailable, rsvp.address_index, rsvp.mail_refused_on = None, None, None
    keep_address(rsvp, words)
    sent = sa.delete(RsvpLink).where(RsvpLink.rsvp_id == rsvp.id, RsvpLink.proves_address)
    db.session.execute(sent)
    forget_letters(about=rsvp.about, but=f"rsvps.{MOVED}")
    if invited:
        rsvp.sequence_ahead += 2  # one for the CANCEL there, one more for the REQUEST to the new address
        facts = {"rsvp_id": rsvp.id, "token": "", "ahead": rsvp.sequence_ahead - 1}
        post(kind=f"rsvps.{MOVED}", about=rsvp.about, to=invited["to"], locale=invited["locale"], facts=facts, now=now)
    return words.email is not None


def _invited(rsvp: Rsvp) -> dict[str, str] | None:
    """The address where an invitation is, with the language; None when none has left, or it was refused there."""
    unsent = sa.select(OutboxMail.id).where(
        OutboxMail.about == rsvp.about,
        OutboxMail.kind.in_([f"rsvps.{kind}" for kind in SEATED]),
        OutboxMail.waiting(),
        OutboxMail.handed_at.is_(None),
    )
    comes = rsvp.status == CONFIRMED and rsvp.mail_refused_on is None
    return address_of(rsvp) if comes and db.session.scalar(unsent.limit(1)) is None else None


def _change_words(rsvp: Rsvp, before: Words, words: Words, now: dt.datetime) -> bool:
    if words != before:
        seal(rsvp, words, now)
    return words != before


def _change_answers(rsvp: Rsvp, answers: Answers | None, reader: Reader, now: dt.datetime) -> bool:
    """Answers to questions that are asked no more stay."""
    if answers is None:
        return False
    questions, before = questions_of(rsvp.event_id, retired=True), read_answers([rsvp.id], reader)[rsvp.id]
    kept = with_earlier(answers, before, questions)
    if kept == before:
        return False
    keep_answers(rsvp, kept, questions, None, now, reader)
    return True
