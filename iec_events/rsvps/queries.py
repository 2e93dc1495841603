"""What is asked of RSVPs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import sqlalchemy as sa

from ..core.config import settings
from ..core.crypto import BoxRefused
from ..core.db import db
from ..core.errors import Refusal
from ..core.i18n import _l
from ..core.tokens import derived_token, token_hash
from ..events.models import Event
from ..questions.models import Answers
from .answers import own_answers
from .boxes import Words, own_key_of, own_words
from .models import (
    ACTIVE,
    ATTENDEE,
    CONFIRMED,
    LAPSED,
    MAY_RETURN,
    PENDING,
    UNCONFIRMED,
    WAITLISTED,
    Receipt,
    Rsvp,
    RsvpCalendar,
    RsvpLink,
    RsvpStep,
)

GROUPS = {
    CONFIRMED: "confirmed",
    PENDING: "pending",
    WAITLISTED: "waiting",
}
SHORTEST_TOKEN, LONGEST_TOKEN = 40, 60


class LinkUnknown(Refusal):
    """No RSVP opens with this link: blank, mistyped, erased or of another event; the answer is one and the same."""

    status: ClassVar[int] = 404
    message = _l("No RSVP opens with this link. Use your own link: it is in your mail, or where you kept it.")


class CalendarUnknown(Refusal):
    """No calendar is behind this secret address, or none any more; the answer is one and the same."""

    status: ClassVar[int] = 404
    message = _l("There is no calendar at this address any more. You can make a new address on your own page.")


@dataclass(frozen=True, kw_only=True)
class RsvpView:
    """One party. `name` is None where the reader has no key to what it said."""

    id: str
    status: str
    line: int
    party_size: int
    name: str | None
    email: str | None
    note: str
    placed_on: dt.date
    has_mail: bool
    companions: tuple[str, ...] = ()
    children: int = 0
    locale: str = ""
    holds_seats: bool = False
    until: dt.datetime | None = None
    address_confirmed: bool = False
    approved: bool = False
    wants_reminders: bool = True
    wants_letters: bool = True
    quiet: bool = False
    sequence_ahead: int = 0
    mail_refused_on: dt.date | None = None
    remark: str = ""
    twice: bool = False
    lapsed_from: str = ""

    @property
    def active(self) -> bool:
        """Whether they still mean to come."""
        return self.status in ACTIVE

    @property
    def may_return(self) -> bool:
        """Whether they may say that they come after all."""
        return self.status in MAY_RETURN


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Parties and seats of an event: those who come, who wait for approval, who stand on the waitlist."""

    confirmed_parties: int = 0
    confirmed_seats: int = 0
    pending_parties: int = 0
    pending_seats: int = 0
    waiting_parties: int = 0
    waiting_seats: int = 0


def link_by_token(token: str) -> RsvpLink:
    """The link with this token; LinkUnknown."""
    if not SHORTEST_TOKEN <= len(token) <= LONGEST_TOKEN:
        raise LinkUnknown
    link = db.session.get(RsvpLink, token_hash(token))
    if link is None:
        raise LinkUnknown
    db.session().info[RsvpLink] = link  # a page asks for it several times: held, it is read once
    return link


def rsvp_by_token(token: str) -> Rsvp:
    """The RSVP that this link opens; LinkUnknown."""
    return db.session.get_one(Rsvp, link_by_token(token).rsvp_id)


def reached_by_mail(token: str) -> bool:
    """Whether a lost link could be sent to who holds this one; so, too, where this one opens nothing any more.

    An address that refused a letter for good is none.
    """
    if not opens(token):
        return True
    rsvp = rsvp_by_token(token)
    return rsvp.mailable is not None and rsvp.mail_refused_on is None


def slug_of(token: str) -> str:
    """The slug of the event whose RSVP this link opens; LinkUnknown."""
    rsvp = rsvp_by_token(token)
    return db.session.scalars(sa.select(Event.slug).where(Event.id == rsvp.event_id)).one()


def slug_by_id(event_id: int) -> str:
    """The slug of the event with this number."""
    return db.session.scalars(sa.select(Event.slug).where(Event.id == event_id)).one()


def rsvp_by_calendar(token: str) -> Rsvp:
    """The RSVP whose own calendar has this secret address; CalendarUnknown."""
    found = sa.select(Rsvp).join(RsvpCalendar).where(RsvpCalendar.token_hash == token_hash(token))
    rsvp = db.session.scalar(found)
    if rsvp is None:
        raise CalendarUnknown
    return rsvp


def calendar_token_of(rsvp_id: str) -> str | None:
    """The secret in the address of an RSVP's own calendar, if it has one that still opens."""
    row = db.session.get(RsvpCalendar, rsvp_id)
    token = calendar_token(row.seed) if row else ""
    return token if row is not None and token_hash(token) == row.token_hash else None


def calendar_token(seed: str) -> str:
    """The secret that this seed makes; another one once the server has another key."""
    return derived_token(settings().secret_key, "own calendar", seed)


def own_rsvp(*, token: str, slug: str) -> RsvpView:
    """The attendee's own RSVP, if the link is of this event; LinkUnknown."""
    rsvp = rsvp_by_token(token)
    if db.session.scalar(sa.select(Event.slug).where(Event.id == rsvp.event_id)) != slug:
        raise LinkUnknown
    return view_of(rsvp, own_words(rsvp, link_by_token(token), token))


def view_of(rsvp: Rsvp, words: Words | None, *, remark: str = "", twice: bool = False) -> RsvpView:
    """A party with what it said of itself, as far as it could be read."""
    return RsvpView(
        id=rsvp.id,
        status=rsvp.status,
        line=rsvp.line,
        party_size=rsvp.party_size,
        name=words.name if words else None,
        email=words.email if words else None,
        note=words.note if words else "",
        placed_on=rsvp.placed_on,
        has_mail=rsvp.mailable is not None,
        companions=words.companions if words else (),
        children=words.children if words else 0,
        locale=words.locale if words else "",
        holds_seats=rsvp.holds_seats,
        until=rsvp.until,
        address_confirmed=rsvp.address_confirmed,
        approved=rsvp.approved,
        wants_reminders=rsvp.wants_reminders,
        wants_letters=rsvp.wants_letters,
        quiet=rsvp.quiet,
        sequence_ahead=rsvp.sequence_ahead,
        mail_refused_on=rsvp.mail_refused_on,
        remark=remark,
        twice=twice,
        lapsed_from=(rsvp.status_before or "") if rsvp.status == LAPSED else "",
    )


def proves_address(token: str) -> bool:
    """Whether who holds this link reads the mails to the address; LinkUnknown."""
    return link_by_token(token).proves_address


def opens(token: str) -> bool:
    """Whether there is a link with this token."""
    return db.session.get(RsvpLink, token_hash(token)) is not None


def opens_more(held: str, token: str) -> bool:
    """Whether a link that a browser holds opens what this party wrote, and this one does not, nor must prove anything.

    LinkUnknown where this one opens nothing.
    """
    link, other = link_by_token(token), db.session.get(RsvpLink, token_hash(held))
    if other is None or other.rsvp_id != link.rsvp_id or link.own_key or not other.own_key:
        return False
    rsvp = db.session.get_one(Rsvp, link.rsvp_id)
    return rsvp.address_confirmed or rsvp.status not in {UNCONFIRMED, *MAY_RETURN}


def opens_active(token: str) -> bool:
    """Whether there is a link with this token, to somebody who still means to come."""
    return opens(token) and rsvp_by_token(token).status in ACTIVE


def own_answers_by(token: str) -> Answers:
    """What the attendee answered, as far as this link opens it; LinkUnknown."""
    rsvp = rsvp_by_token(token)
    try:
        return own_answers(rsvp, own_key_of(rsvp, link_by_token(token), token))
    except BoxRefused:
        return {}


def looked_at() -> sa.ColumnElement[bool]:
    """Whether an organizer has approved or added a party, whatever the event asked for when it signed up."""
    by_hand = sa.and_(RsvpStep.what == "placed", RsvpStep.by != ATTENDEE)
    return sa.exists().where(RsvpStep.rsvp_id == Rsvp.id, sa.or_(by_hand, RsvpStep.what == "approved"))


def place_in_line(rsvp: RsvpView, slug: str) -> int | None:
    """1 for the first who gets places that come free; None for those who get none: under attack, whom nobody approved.

    The waitlist is served so by `actions.lines`.
    """
    if rsvp.status != WAITLISTED:
        return None
    line = sa.select(sa.func.count(), sa.func.max(Rsvp.line)).join(Event, Event.id == Rsvp.event_id)
    line = line.where(Event.slug == slug, Rsvp.status == WAITLISTED, Rsvp.line <= rsvp.line)
    place, last = db.session.execute(line.where(sa.or_(sa.not_(Event.under_attack), looked_at()))).one()
    return place if last == rsvp.line else None


def steps_of(rsvp_id: str) -> Sequence[RsvpStep]:
    """The history of one RSVP, oldest first."""
    return db.session.scalars(sa.select(RsvpStep).where(RsvpStep.rsvp_id == rsvp_id).order_by(RsvpStep.id)).all()


def receipts_of(event_id: int) -> Sequence[Receipt]:
    """What is known of lists of this event that were destroyed, latest first."""
    query = sa.select(Receipt).where(Receipt.event_id == event_id).order_by(Receipt.at.desc(), Receipt.id.desc())
    return db.session.scalars(query).all()


def counts(event_ids: Sequence[int]) -> dict[int, Counts]:
    """Event id -> its numbers."""
    query = (
        sa.select(Rsvp.event_id, Rsvp.status, sa.func.count(), sa.func.sum(Rsvp.party_size))
        .where(Rsvp.event_id.in_(event_ids), Rsvp.status.in_(GROUPS))
        .group_by(Rsvp.event_id, Rsvp.status)
    )
    found: dict[int, dict[str, int]] = {event_id: {} for event_id in event_ids}
    for event_id, status, parties, seats in db.session.execute(query):
        group = GROUPS[status]
        found[event_id] |= {f"{group}_parties": parties, f"{group}_seats": int(seats)}
    return {event_id: Counts(**numbers) for event_id, numbers in found.items()}
