"""What the worker does with letters: it writes to everybody in a group, party by party, and notes what became of it.

A batch is one transaction: the mails, that these parties were written to, and how far it is. Whatever kills the worker,
a batch is there as a whole or not at all, and the next one begins behind it; so nobody is written to twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from ...core.db import atomic, db
from ...core.tokens import new_token, token_hash
from ...events.models import Campaign, Event
from ...mail.actions import post
from ...mail.models import OutboxMail
from ...organizers.audit import note
from ...rsvps.actions.telling import is_settled
from ...rsvps.boxes import address_of, index_of
from ...rsvps.models import UNCONFIRMED, Receipt, Rsvp, RsvpLink
from ..emails import LETTER
from ..models import DRAFT, MAIL, PAGE, SCHEDULED, SENDING, SENT, STOPPED, UNWANTED, Broadcast, BroadcastCopy
from ..queries import became_of, in_audience, off_since, said_since, same_letters, way_to, written_until
from ..wording import texts_of
from .writing import back_to_draft

AT_ONCE = 200
MOMENT = dt.timedelta(seconds=30)
BATCHES = 5  # then other jobs of the worker have their turn


def post_letters(now: dt.datetime) -> None:
    """Write to the next parties of letters that are due, some batches of them. Safe to repeat and in several copies."""
    for _ in range(BATCHES):
        if not _post_batch(now):
            break
    end_letters(now)


@atomic()
def _post_batch(now: dt.datetime) -> bool:
    """Write to the next parties of one letter; False when there was none to work on."""
    due = sa.or_(
        sa.and_(Broadcast.state == SCHEDULED, Broadcast.due_at <= now),
        sa.and_(Broadcast.state == SENDING, ~Broadcast.all_written),
    )
    query = sa.select(Broadcast).where(due).order_by(Broadcast.due_at, Broadcast.id).limit(1)
    query = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    broadcast = db.session.scalar(query)
    if broadcast is None:
        return False
    if broadcast.state == SCHEDULED and not _begin(broadcast, now):
        return True
    parties = _next_parties(broadcast)
    if len(parties) < AT_ONCE:
        broadcast.all_written = True
    if parties:
        broadcast.cursor = parties[-1].id
        _write_to(parties, broadcast, now)
    return True


def _begin(broadcast: Broadcast, now: dt.datetime) -> bool:
    """Send it on its way; False when the event is over, or off since it was given its time: it is a draft again.

    While that may be a slip, which is mended within minutes, it waits.
    """
    event = db.session.get_one(Event, broadcast.event_id, populate_existing=True)
    off = off_since(event, broadcast.revised_at)
    if off and written_until(event) > now and not is_settled(event, said_since(event, broadcast.revised_at), now):
        broadcast.due_at = now + MOMENT
        return False
    if off or written_until(event) <= now:
        back_to_draft(broadcast, now)
        note("letter.stopped", f"event:{event.slug}", now=now)
        return False
    broadcast.state, broadcast.begun_at = SENDING, now
    return True


def _next_parties(broadcast: Broadcast) -> Sequence[Rsvp]:
    """Those behind the cursor; nobody erases them meanwhile."""
    query = in_audience(broadcast.event_id, broadcast.audience).where(Rsvp.id > broadcast.cursor).limit(AT_ONCE)
    query = query.with_for_update(read=True, key_share=True).execution_options(populate_existing=True)
    return db.session.scalars(query).all()


def _write_to(parties: Sequence[Rsvp], broadcast: Broadcast, now: dt.datetime) -> None:
    copies, links, seen = [], [], _written_before(parties, broadcast)
    addresses = {rsvp.id: address_of(rsvp) for rsvp in parties if way_to(rsvp, set(seen)) == MAIL}
    written, unwanted = _elsewhere(parties, addresses, broadcast)
    seen |= written
    for rsvp in parties:
        way = way_to(rsvp, seen)
        way = UNWANTED if way == MAIL and rsvp.address_index in unwanted else way
        address = addresses[rsvp.id] if way == MAIL else None
        if address is not None:
            token = new_token()
            links.append({"token_hash": token_hash(token), "rsvp_id": rsvp.id, "own_key": None, "proves_address": True})
            facts = {"broadcast_id": broadcast.id, "rsvp_id": rsvp.id, "token": token}
            to, locale = address["to"], address["locale"]
            post(kind=LETTER, about=rsvp.about, to=to, locale=locale, facts=facts, now=now, part_of=broadcast.id)
        elif way == MAIL:
            way = PAGE
        copies.append({"broadcast_id": broadcast.id, "rsvp_id": rsvp.id, "way": way})
    if links:
        db.session.execute(sa.insert(RsvpLink), links)
    db.session.execute(sa.insert(BroadcastCopy), copies)


def _written_before(parties: Sequence[Rsvp], broadcast: Broadcast) -> set[str]:
    """Addresses (as they are looked up) of these parties that have this letter already, by way of another RSVP."""
    wanted = {rsvp.address_index for rsvp in parties if rsvp.address_index}
    query = (
        sa.select(Rsvp.address_index)
        .join(BroadcastCopy, BroadcastCopy.rsvp_id == Rsvp.id)
        .where(BroadcastCopy.broadcast_id == broadcast.id, BroadcastCopy.way == MAIL)
        .where(Rsvp.event_id == broadcast.event_id, Rsvp.address_index.in_(wanted))
    )
    return {index for index in db.session.scalars(query) if index}


def _elsewhere(
    parties: Sequence[Rsvp], addresses: Mapping[str, dict[str, str] | None], broadcast: Broadcast
) -> tuple[set[str], set[str]]:
    """Addresses of these parties that have the same letter by way of another event's list, and that want none there.

    Who typed an address and is still to confirm it ends nobody's letters. Copies of a letter wait for each other
    at their campaign's row: at once, they would not see what the other did. One that stays there, or was sent before
    this one got other words, is not the same letter.
    """
    written, unwanted, texts = set[str](), set[str](), texts_of(broadcast)
    beside = [one for one in same_letters(broadcast) if one.state != DRAFT and texts_of(one) == texts]
    if not beside:
        return written, unwanted
    campaign = sa.select(Campaign.id).join(Event).where(Event.id == broadcast.event_id)
    db.session.execute(campaign.with_for_update(of=Campaign))
    for other in beside:
        there = {
            index_of(other.event_id, to["to"]): rsvp.address_index or ""
            for rsvp in parties
            if (to := addresses.get(rsvp.id))
        }
        query = sa.select(Rsvp.address_index).join(BroadcastCopy, BroadcastCopy.rsvp_id == Rsvp.id)
        query = query.where(BroadcastCopy.broadcast_id == other.id, BroadcastCopy.way == MAIL)
        query = query.where(Rsvp.event_id == other.event_id, Rsvp.address_index.in_(there))
        written |= {there[index or ""] for index in db.session.scalars(query)}
        query = in_audience(other.event_id, other.audience).with_only_columns(Rsvp.address_index)
        query = query.where(~Rsvp.wants_letters, Rsvp.status != UNCONFIRMED, Rsvp.address_index.in_(there))
        unwanted |= {there[index or ""] for index in db.session.scalars(query)}
    return written, unwanted


@atomic()
def end_letters(now: dt.datetime) -> None:
    """Note of letters of which nothing waits any more what became of them; the rows of their mails go a week later.

    While a mail is uncertain, somebody may still send it again: it is counted once that is over.
    """
    open_still = sa.exists().where(OutboxMail.part_of == Broadcast.id, OutboxMail.waiting())
    query = sa.select(Broadcast).where(
        Broadcast.state.in_((SENDING, SENT, STOPPED)), Broadcast.all_written, Broadcast.ended_at.is_(None), ~open_still
    )
    for row in db.session.scalars(query.with_for_update(skip_locked=True).execution_options(populate_existing=True)):
        if row.state == SENDING:
            row.state = SENT
        became = became_of(row.id)
        row.handed_over, row.failed, row.uncertain = (became[name] for name in ("handed_over", "failed", "uncertain"))
        if not row.uncertain:
            row.ended_at = now


@atomic()
def erase_letters(now: dt.datetime) -> None:
    """Erase letters with their event's list: when its term is over, or when it was destroyed before."""
    destroyed = sa.exists().where(Receipt.event_id == Broadcast.event_id, Receipt.at >= Broadcast.revised_at)
    past = db.session.scalars(sa.select(Event).where(Event.ends_at <= now, _has_letters())).all()
    over = [event.id for event in past if event.list_ends_at <= now]
    db.session.execute(sa.delete(Broadcast).where(sa.or_(destroyed, Broadcast.event_id.in_(over))))


def _has_letters() -> sa.ColumnElement[bool]:
    return sa.exists().where(Broadcast.event_id == Event.id)
