"""What every verb on RSVPs shares: the event held first, seats counted, the line served, letters promised.

Each verb locks the event's row before anything else, so that decisions about seats come one by one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa

from ...core.crypto import BoxRefused
from ...core.db import db
from ...core.errors import Refusal
from ...core.i18n import _l
from ...core.limits import todays_name, within
from ...core.tokens import new_token, token_hash
from ...events.models import REMINDERS, Event
from ...events.queries import EventUnknown
from ...events.seats import availability
from ...mail.actions import Facts, post
from ...mail.models import OutboxMail
from ...organizers import audit
from ..boxes import address_of, normal_address, own_key_for, own_key_of
from ..letters import NEWS
from ..models import ABOUT, CONFIRMED, OFFERED, WAITLISTED, Rsvp, RsvpLink, RsvpStep
from ..queries import LinkUnknown, link_by_token, looked_at
from ..seating import Waiting, fits, saving, serve

TAKES_PLACE = ("published", "postponed")
LETTERS_A_DAY = 6
LETTERS_ANYWHERE = ("24/day",)  # about all events together: a series alone can have a hundred
SEATED = ("confirmed", "promoted", "approved")  # letters by which somebody learns that they come
SERVED = ("rsvps.promoted", "rsvps.offered")
UNASKED = tuple(f"rsvps.{kind}" for kind in (*NEWS, "reminder", "thanks"))


class RsvpClosed(Refusal):
    """The event takes no RSVP now; the page says why."""

    message = _l("Signing up is closed now. What you wrote was not sent.")


class StatusChanged(Refusal):
    """What was asked for does not fit what the RSVP is by now: done in another tab, or by somebody else."""

    message = _l("This RSVP has changed in the meantime. Please look at it again; nothing was done.")


def locked(which: sa.ColumnElement[bool]) -> Event:
    """The event, read afresh and held until the end of the verb (SQLite holds the whole database); EventUnknown."""
    query = sa.select(Event).where(which).with_for_update().execution_options(populate_existing=True)
    event = db.session.scalar(query)
    if event is None:
        raise EventUnknown
    return event


def locked_rsvp(rsvp_id: str, *, slug: str | None = None) -> tuple[Event, Rsvp]:
    """The event first, then the RSVP as it is once the event is held; LinkUnknown, also if it is of another event."""
    event_id = db.session.scalar(sa.select(Rsvp.event_id).where(Rsvp.id == rsvp_id))
    if event_id is None:
        raise LinkUnknown
    event = locked(Event.id == event_id)
    rsvp = db.session.get(Rsvp, rsvp_id, populate_existing=True)
    if rsvp is None or slug not in {None, event.slug}:
        raise LinkUnknown
    return event, rsvp


def takes_rsvps(event: Event, now: dt.datetime, *, by_hand: bool = False) -> bool:
    """Whether one can sign up now; `by_hand` is for organizers, who may before it opens and after it closed."""
    return takes_place(event, now) if by_hand else event.takes_rsvps(now)


def takes_place(event: Event, now: dt.datetime) -> bool:
    """Whether the event is still to be, as far as is known."""
    return event.status in TAKES_PLACE and event.ends_at > now


def hold_seats(event: Event, rsvp: Rsvp) -> None:
    """Count the party's seats as taken."""
    if not rsvp.holds_seats:
        rsvp.holds_seats = True
        count_seats(event, rsvp.party_size)


def give_seats_back(event: Event, rsvp: Rsvp) -> None:
    """Count the party's seats as free, if it held any."""
    if rsvp.holds_seats:
        rsvp.holds_seats = False
        count_seats(event, -rsvp.party_size)


def lose_invitation(rsvp: Rsvp) -> None:
    """Before it loses a confirmed place: one SEQUENCE for the CANCEL, one more for the REQUEST if they come back."""
    if rsvp.status == CONFIRMED:
        rsvp.sequence_ahead += 2


def count_seats(event: Event, seats: int) -> None:
    """Count seats taken (or given back, if negative) and what strangers are told of it."""
    event.seats_taken += seats
    told = availability(event.capacity, event.seats_taken)
    if told != event.availability:
        event.availability = told


def room_for(event: Event, rsvp: Rsvp, now: dt.datetime) -> bool:
    """Whether this party would be seated now, at its place in the line."""
    return rsvp.id in _served(event, now, rsvp)


def room_to_grow(event: Event, seats: int, now: dt.datetime) -> bool:
    """Whether a party that holds seats may have so many more: they are free, and not saved up for those who wait."""
    last = Rsvp(id="", line=event.lines_given + 1, party_size=seats, passed_over=0)
    return bool(fits(capacity=event.capacity, taken=event.seats_taken, party_size=seats)) and room_for(event, last, now)


def join(event: Event, rsvp: Rsvp, now: dt.datetime) -> None:
    """Put a party that is accepted into the line, at its place in it, and serve the line."""
    rsvp.status, rsvp.until, rsvp.warned = WAITLISTED, None, False
    serve_line(event, now, newcomer=rsvp)


def serve_line(event: Event, now: dt.datetime, *, newcomer: Rsvp | None = None) -> None:
    """Give free seats to those who wait, unless the event takes place no more. A newcomer needs no offer."""
    if not takes_place(event, now):
        return
    db.session.flush()
    for rsvp_id in _served(event, now, newcomer, count=True):
        rsvp = newcomer if newcomer is not None and newcomer.id == rsvp_id else db.session.get_one(Rsvp, rsvp_id)
        hold_seats(event, rsvp)
        if rsvp is newcomer or event.offer_hours is None:
            rsvp.status = CONFIRMED
        else:
            rsvp.status, rsvp.until, rsvp.warned = OFFERED, offer_ends(event, event.offer_hours, now), False
        if rsvp is not newcomer:
            note_step(rsvp, "seated" if rsvp.status == CONFIRMED else "offered", now, by=audit.WORKER)
            silent = _letters_today(rsvp, now, SERVED) >= LETTERS_A_DAY  # somebody gives a place and takes it back
            write_to(rsvp, "promoted" if rsvp.status == CONFIRMED else "offered", now, others={"silent": silent})


def offer_ends(event: Event, hours: int, now: dt.datetime) -> dt.datetime:
    """Until when an offer or a hold of so many hours lasts: not beyond the start, or the end when it has begun."""
    last = event.starts_at if event.starts_at > now else event.ends_at
    return min(now + dt.timedelta(hours=hours), last)


def note_step(rsvp: Rsvp, what: str, now: dt.datetime, *, by: str) -> None:
    """Add to the history of an RSVP; nothing of what was said."""
    db.session.add(RsvpStep(rsvp_id=rsvp.id, on=now.date(), what=what, by=by))


def write_to(rsvp: Rsvp, kind: str, now: dt.datetime, *, token: str | None = None, others: Facts | None = None) -> None:
    """Promise the attendee a letter, if there is an address. Without a token at hand, it gets a link of its own."""
    address = address_of(rsvp)
    if address is None:
        return
    token = token or link_by_mail(rsvp, None)
    facts: Facts = {"rsvp_id": rsvp.id, "token": token, **(others or {})}
    if rsvp.status == CONFIRMED and kind in {*SEATED, *NEWS} and not facts.get("silent"):
        event = db.session.get_one(Event, rsvp.event_id)
        just_told(event, rsvp, now)
        if kind in SEATED and rsvp.told_sequence < event.sequence:  # the letter says what changed, too
            facts["since"], rsvp.told_sequence = rsvp.told_sequence, event.sequence
    post(kind=f"rsvps.{kind}", about=rsvp.about, to=address["to"], locale=address["locale"], facts=facts, now=now)


def link_by_mail(rsvp: Rsvp, data_key: bytes | None) -> str:
    """A link of its own for a letter, which proves that mails are read; with the key, it opens what the party wrote."""
    token = new_token()
    own_key = own_key_for(rsvp, token, data_key) if data_key else None
    db.session.add(RsvpLink(token_hash=token_hash(token), rsvp_id=rsvp.id, own_key=own_key, proves_address=True))
    return token


def link_for_letter(rsvp: Rsvp, token: str) -> str | None:
    """What a letter may hold of a link at hand: itself if it came by mail, else another that opens as much.

    Links that went by mail end when the address is changed; the one that only the attendee holds goes on.
    """
    link = link_by_token(token)
    if link.proves_address or rsvp.mailable is None:
        return token
    try:
        return link_by_mail(rsvp, own_key_of(rsvp, link, token))
    except BoxRefused:
        return None


def just_told(event: Event, rsvp: Rsvp, now: dt.datetime) -> None:
    """Note that a letter says when the event is: reminders that were due before now are owed no more."""
    reached = [hours for hours in REMINDERS if event.starts_at - dt.timedelta(hours=hours) <= now]
    rsvp.reminded_of, rsvp.reminded_hours = event.starts_at, min(reached, default=None)


def answer(
    rsvp: Rsvp, kind: str, now: dt.datetime, *, by: str = "", token: str | None = None, others: Facts | None = None
) -> None:
    """Promise a letter about what somebody did with a form or a link (`by`), who need not be the one with the address.

    So that nobody is flooded with mails, no more than six a day leave, and 24 about all events; what happened stands on
    the own page all the same. A silent one stands in the outbox like any other: who sees that it is missing learns of
    others' letters.
    """
    silent = _letters_today(rsvp, now) >= LETTERS_A_DAY or not _may_hear_more(rsvp, by)
    write_to(rsvp, kind, now, token=token, others={**(others or {}), "silent": silent})


def _may_hear_more(rsvp: Rsvp, by: str) -> bool:
    """Count a letter to the address, wherever it signed up; who has shown that they read its mails needs no bound.

    It is counted in memory, under a name of the day: no row tells that two events have an address in common.
    """
    address = address_of(rsvp)
    if address is None or rsvp.address_confirmed or (by and link_by_token(by).proves_address):
        return True
    return within("letters to an address", LETTERS_ANYWHERE, todays_name(f"letters {normal_address(address['to'])}"))


def _letters_today(rsvp: Rsvp, now: dt.datetime, kinds: Sequence[str] = ()) -> int:
    """To the address at this event, of `kinds` or all; to the first party with it, which none may cut off, its own.

    What organizers write to many, reminders and news do not count: nobody asks for them with a form.
    """
    same = sa.select(Rsvp).where(Rsvp.event_id == rsvp.event_id, Rsvp.address_index == rsvp.address_index)
    first = rsvp.address_index is None or db.session.scalar(same.where(Rsvp.line < rsvp.line).limit(1)) is None
    mine = sa.select(sa.literal(rsvp.about)) if first else same.with_only_columns(sa.literal(ABOUT) + Rsvp.id)
    lately = sa.and_(OutboxMail.posted_at > now - dt.timedelta(days=1), OutboxMail.part_of.is_(None))
    lately = sa.and_(lately, OutboxMail.kind.in_(kinds) if kinds else OutboxMail.kind.not_in(UNASKED))
    return db.session.scalar(sa.select(sa.func.count()).where(OutboxMail.about.in_(mine), lately)) or 0


def look_under_attack(event: Event, rsvp: Rsvp) -> None:
    """Under attack a person looks at a party that joins the line again, too: the flood knows how to come back."""
    if not rsvp.holds_seats and is_passed_by(event, rsvp):
        rsvp.approved = False


def is_passed_by(event: Event, rsvp: Rsvp) -> bool:
    """Whether no place that comes free may go to a party, as it is under attack and nobody has looked at it."""
    known = sa.select(Rsvp.id).where(Rsvp.id == rsvp.id, looked_at())
    return event.under_attack and db.session.scalar(known) is None


def _served(event: Event, now: dt.datetime, newcomer: Rsvp | None, *, count: bool = False) -> list[str]:
    """The ids of those who are seated now, the newcomer among those who wait already.

    Under attack nobody is seated whom no person has looked at: else each false party that is removed seats the next.
    """
    if event.capacity is not None and event.seats_taken >= event.capacity:
        return []
    waiting = sa.select(Rsvp.line, Rsvp.id, Rsvp.party_size, Rsvp.passed_over)
    waiting = waiting.where(Rsvp.event_id == event.id, Rsvp.status == WAITLISTED)
    if event.under_attack:
        waiting = waiting.where(looked_at())
    with db.session.no_autoflush:
        places = {row.line: Waiting(row.id, row.party_size, row.passed_over) for row in db.session.execute(waiting)}
    if newcomer is not None:
        places[newcomer.line] = Waiting(newcomer.id, newcomer.party_size, newcomer.passed_over)
    line = [places[number] for number in sorted(places)]
    saves = saving(now=now, starts_at=event.starts_at)
    served = serve(capacity=event.capacity, taken=event.seats_taken, line=line, saves=saves)
    if count:
        for rsvp_id, passed in served.passed.items():
            row = newcomer if newcomer is not None and newcomer.id == rsvp_id else db.session.get_one(Rsvp, rsvp_id)
            row.passed_over += passed
    return served.seated
