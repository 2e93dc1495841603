"""What happens to RSVPs by themselves: the worker runs these, and each is safe to repeat."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from ...core.db import atomic, db
from ...events.keys import ROSTER, sealing_key
from ...events.models import Event
from ...events.queries import waits_for_date
from ...events.versions import CALLED_OFF
from ...mail.actions import forget as forget_letters
from ...mail.models import OutboxMail
from ...organizers import audit
from ..answers import seal_anew
from ..boxes import NOBODY, cover_late, seal
from ..models import (
    ABOUT,
    ACTIVE,
    CANCELLED,
    DECLINED,
    LAPSED,
    NOT_COMING,
    OFFERED,
    REMOVED,
    UNCONFIRMED,
    WAITLISTED,
    Rsvp,
    RsvpLink,
    RsvpRemoval,
    RsvpStep,
)
from .lines import TAKES_PLACE, UNASKED, give_seats_back, locked, note_step, serve_line, write_to
from .telling import owes_thanks

ADDRESS_KEPT = dt.timedelta(days=3)
DECLINED_KEPT = dt.timedelta(days=7)
UNCONFIRMED_KEPT = dt.timedelta(hours=48)
REMOVED_KEPT = dt.timedelta(days=7)
SEALED_AT_ONCE = 200
AT_ONCE = 200
DEADLINES = (UNCONFIRMED, OFFERED)


@atomic()
def run_deadlines(now: dt.datetime) -> None:
    """End holds that were not confirmed and offers that were not taken; their seats go to the next in line.

    Nobody can take an offer of what is called off: they wait on at their place in line, should it take place after all.
    """
    over = sa.and_(Rsvp.status.in_(DEADLINES), Rsvp.until <= now)
    event_ids = db.session.scalars(sa.select(Rsvp.event_id).where(over).distinct().order_by(Rsvp.event_id)).all()
    for event_id in event_ids:
        event = locked(Event.id == event_id)
        # Held, as the door counts people in without holding the event.
        query = sa.select(Rsvp).where(Rsvp.event_id == event_id, over).order_by(Rsvp.line).with_for_update()
        for rsvp in db.session.scalars(query.execution_options(populate_existing=True)).all():
            give_seats_back(event, rsvp)
            if rsvp.status == OFFERED and event.status in CALLED_OFF:
                rsvp.status, rsvp.until = WAITLISTED, None
                continue
            rsvp.status_before, rsvp.status = rsvp.status, LAPSED
            note_step(rsvp, "ran out", now, by=audit.WORKER)
            if rsvp.status_before == OFFERED:
                write_to(rsvp, LAPSED, now)
        serve_line(event, now)


@atomic()
def warn_holds(now: dt.datetime) -> None:
    """Write once to those whose hold or offer ends soon: when a quarter of the time is left, six hours at most.

    Before the start of the event they were given less than it usually gives: what counts is when they were written to,
    by another letter than those that come to everybody.
    """
    soon = now + dt.timedelta(hours=6)
    mine = sa.and_(OutboxMail.about == sa.literal(ABOUT) + Rsvp.id, OutboxMail.part_of.is_(None))
    mine = sa.and_(mine, OutboxMail.kind.not_in(UNASKED))
    since = sa.select(sa.func.max(OutboxMail.posted_at)).where(mine).scalar_subquery()
    query = (
        sa.select(Rsvp.id, Rsvp.until, Rsvp.status, since)
        .join(Event, Event.id == Rsvp.event_id)
        .where(Rsvp.status.in_(DEADLINES), ~Rsvp.warned, Rsvp.until > now, Rsvp.until <= soon)
        .where(Event.status.in_(TAKES_PLACE), Event.ends_at > now, since.is_not(None))
        .order_by(Rsvp.id)
    )
    for rsvp_id, until, status, written_at in db.session.execute(query).all():
        if until is not None and until - now <= (until - written_at) / 4:
            rsvp = db.session.get(Rsvp, rsvp_id, with_for_update=True, populate_existing=True)
            if rsvp is not None and rsvp.status == status and not rsvp.warned:
                rsvp.warned = True
                write_to(rsvp, "hold_ending" if status == UNCONFIRMED else "offer_ending", now)


@atomic()
def refill_waitlists(now: dt.datetime) -> None:
    """Seat those who wait wherever seats are free, for example after an organizer added some."""
    waiting = sa.select(Rsvp.event_id).where(Rsvp.status == WAITLISTED)
    query = sa.select(Event.id).where(
        Event.id.in_(waiting),
        Event.status == "published",
        Event.ends_at > now,
        sa.or_(Event.capacity.is_(None), Event.seats_taken < Event.capacity),
    )
    for event_id in db.session.scalars(query.order_by(Event.id)).all():
        serve_line(locked(Event.id == event_id), now)


def seal_vault_boxes(now: dt.datetime) -> None:
    """Seal to the event's key what came in while nobody could hold one; each event by itself."""
    unsealed = sa.select(Rsvp.event_id).where(Rsvp.roster_key_id.is_(None)).distinct().order_by(Rsvp.event_id)
    for event_id in db.session.scalars(unsealed).all():
        _seal_vault_boxes_of(event_id, now)


@atomic()
def _seal_vault_boxes_of(event_id: int, now: dt.datetime) -> None:
    locked(Event.id == event_id)
    if sealing_key(event_id, ROSTER, now) is None:  # still nobody: a box that is only made anew leaves its old octets
        return
    mine = (Rsvp.roster_key_id.is_(None), Rsvp.event_id == event_id)
    parties = db.session.scalars(sa.select(Rsvp).where(*mine).order_by(Rsvp.line).limit(SEALED_AT_ONCE)).all()
    for rsvp in parties:
        words = NOBODY.words(rsvp)
        if words is not None:
            seal(rsvp, words, now)
            cover_late(rsvp, db.session.scalars(sa.select(RsvpLink).where(RsvpLink.rsvp_id == rsvp.id)))
    seal_anew(event_id, [rsvp.id for rsvp in parties], NOBODY, now)


@atomic()
def erase_addresses(now: dt.datetime) -> None:
    """Erase mailable addresses when nothing is owed any more: after the end or a cancellation, when no letter waits.

    A no can be taken back with a letter for seven days. Those removed together go whole, with `erase_removed`.
    Where an event thanks those who came, theirs wait for that letter and no longer. Three days after the end, nothing
    is owed in any case, except where it is postponed: there they wait for news of a date until their list is destroyed,
    or to be told that it is cancelled.
    """
    over = sa.select(Event.id).where(Event.ends_at <= now)
    waits = waits_for_date(now)
    long_over = sa.select(Event.id).where(Event.ends_at <= now - ADDRESS_KEPT, ~waits)
    about = sa.select(sa.literal(ABOUT) + Rsvp.id).where(Rsvp.event_id.in_(long_over))
    db.session.execute(sa.delete(OutboxMail).where(OutboxMail.about.in_(about), OutboxMail.done_at.is_(None)))
    nothing_owed = ~sa.exists().where(OutboxMail.about == sa.literal(ABOUT) + Rsvp.id, OutboxMail.waiting())
    thanks = sa.select(Event.id).where(Event.thanks, Event.status == "published", Event.ends_at > now - ADDRESS_KEPT)
    untold = sa.or_(Event.status == "postponed", Rsvp.told_sequence < Event.sequence)
    waiting = sa.exists().where(Event.id == Rsvp.event_id, waits, untold)
    news = sa.and_(Rsvp.status.in_(ACTIVE), waiting)
    nothing_owed = sa.and_(nothing_owed, ~sa.and_(owes_thanks(), Rsvp.event_id.in_(thanks)), ~news)
    done_with = sa.and_(
        sa.or_(Rsvp.status == CANCELLED, _declined_for_good(now), Rsvp.event_id.in_(over)), nothing_owed
    )
    known = sa.or_(Rsvp.mailable.is_not(None), Rsvp.address_index.is_not(None))
    db.session.execute(sa.update(Rsvp).where(known, done_with).values(mailable=None, address_index=None))


def _declined_for_good(now: dt.datetime) -> sa.ColumnElement[bool]:
    lately = sa.and_(
        RsvpStep.rsvp_id == Rsvp.id, RsvpStep.what == "declined", RsvpStep.on > (now - DECLINED_KEPT).date()
    )
    return sa.and_(Rsvp.status == DECLINED, ~sa.exists().where(lately))


@atomic()
def erase_unconfirmed(now: dt.datetime) -> None:
    """Erase RSVPs whose address nobody confirmed, two days after their time ran out; also of who is not coming."""
    query = sa.select(Rsvp).where(
        Rsvp.status.in_((LAPSED, NOT_COMING)),
        Rsvp.status_before == UNCONFIRMED,
        ~Rsvp.address_confirmed,
        Rsvp.until <= now - UNCONFIRMED_KEPT,
    )
    _erase(query)


@atomic()
def erase_removed(now: dt.datetime) -> None:
    """Erase those who were removed together, seven days after; from then on it cannot be undone."""
    old = sa.select(RsvpRemoval.id).where(RsvpRemoval.at <= now - REMOVED_KEPT)
    _erase(sa.select(Rsvp).where(Rsvp.status == REMOVED, Rsvp.removal_id.in_(old)))
    emptied = ~sa.exists().where(Rsvp.removal_id == RsvpRemoval.id)
    db.session.execute(sa.delete(RsvpRemoval).where(RsvpRemoval.at <= now - REMOVED_KEPT, emptied))


def _erase(query: sa.Select[Rsvp]) -> None:
    """Erase these parties, which hold no seats, and their letters."""
    for rsvp in db.session.scalars(query.order_by(Rsvp.id).limit(AT_ONCE)).all():
        forget_letters(about=rsvp.about)
        db.session.delete(rsvp)
