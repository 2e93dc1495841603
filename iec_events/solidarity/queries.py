"""What is asked of messages: the wall for everyone, the pile that organizers review."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ..core.crypto import BoxRefused, vault
from ..core.db import db
from ..core.text import direction_of
from ..core.tokens import token_hash
from ..events.models import Event
from ..events.queries import reached
from ..organizers.roles import ALL, Reach
from .models import APPROVED, PENDING, Message

PURPOSE = "messages"
WALL_PAGE = 60
REVIEW_PAGE = 40
WALL_OPEN_FOR = dt.timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class MessageView:
    """One message as strangers see it, in its own language and direction."""

    text: str
    dir: str
    lang: str
    signature: str | None
    is_sample: bool


@dataclass(frozen=True, kw_only=True)
class ReviewItem:
    """One message as organizers see it; `text` is None when its box can no longer be opened."""

    id: str
    status: str
    text: str | None
    dir: str
    lang: str
    signature: str | None
    read_aloud: bool
    is_sample: bool
    placed_on: dt.date
    event: Event


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a long list."""

    items: Sequence[Any]
    number: int
    of: int


def takes_messages(event: Event, now: dt.datetime) -> bool:
    """Whether messages can be left: for what is not cancelled, until 30 days after it ended."""
    return event.status in {"published", "postponed"} and now < event.ends_at + WALL_OPEN_FOR


def approved_messages(event_id: int, limit: int | None = None) -> list[MessageView]:
    """What stands on the wall of an event, newest first."""
    return [_shown(row) for row in db.session.scalars(_wall(event_id).limit(limit))]


def approved_count(event_id: int) -> int:
    """How many messages stand on the wall of an event."""
    return db.session.scalar(_count().where(Message.event_id == event_id, Message.status == APPROVED)) or 0


def wall_page(event_id: int, number: int) -> Page:
    """A page of the wall; it is empty when there is no such page."""
    pages = _pages(approved_count(event_id), WALL_PAGE)
    if not 1 <= number <= pages:
        return Page(items=[], number=number, of=pages)
    rows = db.session.scalars(_wall(event_id).limit(WALL_PAGE).offset((number - 1) * WALL_PAGE))
    return Page(items=[_shown(row) for row in rows], number=number, of=pages)


def review_page(*, status: str, event_slug: str | None = None, number: int = 1, reach: Reach = ALL) -> Page:
    """Messages of one status: those that wait longest first, decided ones by the latest decision."""
    chosen = [Message.status == status, reached(reach)]
    if event_slug:
        chosen.append(Event.slug == event_slug)
    order = (Message.placed_on,) if status == PENDING else (Message.decided_at.desc(),)
    query = sa.select(Message, Event).join(Event, Event.id == Message.event_id).where(*chosen)
    total = db.session.scalar(_count().join(Event, Event.id == Message.event_id).where(*chosen)) or 0
    pages = _pages(total, REVIEW_PAGE)
    number = max(1, min(number, pages))
    rows = db.session.execute(query.order_by(*order, Message.id).limit(REVIEW_PAGE).offset((number - 1) * REVIEW_PAGE))
    return Page(items=[_to_review(message, event) for message, event in rows], number=number, of=pages)


def status_counts(event_slug: str | None = None, reach: Reach = ALL) -> dict[str, int]:
    """How many messages are pending, approved and rejected, of one event or of all."""
    query = sa.select(Message.status, sa.func.count()).join(Event, Event.id == Message.event_id)
    query = query.where(reached(reach)).group_by(Message.status)
    if event_slug:
        query = query.where(Event.slug == event_slug)
    return {status: count for status, count in db.session.execute(query)}  # noqa: C416 - rows are no pairs to mypy


def pending_counts(reach: Reach = ALL) -> dict[int, int]:
    """How many messages wait to be read, by the id of the event."""
    query = sa.select(Message.event_id, sa.func.count()).join(Event, Event.id == Message.event_id)
    query = query.where(Message.status == PENDING, reached(reach)).group_by(Message.event_id)
    return {event_id: count for event_id, count in db.session.execute(query)}  # noqa: C416 - the same


def events_with_messages(reach: Reach = ALL) -> Sequence[Event]:
    """The events that somebody left a message for, latest first."""
    spoken_to = sa.exists().where(Message.event_id == Event.id)
    return db.session.scalars(
        sa.select(Event).where(spoken_to, reached(reach)).order_by(Event.starts_at.desc(), Event.id)
    ).all()


def id_by_token(token: str) -> str | None:
    """The message that a link takes back; None when there is none, or none any more."""
    return db.session.scalar(sa.select(Message.id).where(Message.link_hash == token_hash(token)))


def any_there(ids: Sequence[str]) -> bool:
    """Whether one at least of these messages has not been erased or taken back."""
    return db.session.scalar(sa.select(Message.id).where(Message.id.in_(ids)).limit(1)) is not None


def words_of(message: Message) -> dict[str, Any] | None:
    """Text and signature, from the box or from the open columns; None when the box does not open."""
    if message.sealed is None:
        return {"text": message.text, "signature": message.signature}
    try:
        return vault().open(PURPOSE, message.id, message.sealed)
    except BoxRefused:
        return None


def _wall(event_id: int) -> sa.Select[Message]:
    query = sa.select(Message).where(Message.event_id == event_id, Message.status == APPROVED)
    return query.order_by(Message.decided_at.desc(), Message.id)


def _count() -> sa.Select[int]:
    return sa.select(sa.func.count()).select_from(Message)


def _pages(total: int, size: int) -> int:
    return max(1, -(-total // size))


def _shown(row: Message) -> MessageView:
    text = row.text or ""
    return MessageView(
        text=text, dir=direction_of(text), lang=row.language, signature=row.signature, is_sample=row.sample
    )


def _to_review(row: Message, event: Event) -> ReviewItem:
    words = words_of(row) or {"text": None, "signature": None}
    return ReviewItem(
        id=row.id,
        status=row.status,
        text=words["text"],
        dir=direction_of(words["text"] or ""),
        lang=row.language,
        signature=words["signature"],
        read_aloud=row.read_aloud,
        is_sample=row.sample,
        placed_on=row.placed_on,
        event=event,
    )
