"""What a calendar holds: which events, and their VEVENTs as far as they are made."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from ..core.config import settings
from ..core.db import db
from ..core.i18n import LocaleCode, speaking
from ..core.paths import PACKAGE
from ..events.models import Campaign, Event
from ..events.views import EventView
from .cities import City
from .ical import vevent_bytes
from .models import Feed, StoredVevent
from .views import PAST, UPCOMING, calendar_event

# Whoever subscribed has seen a cancellation after eight weeks; until then it stays, struck through.
TOMBSTONE = dt.timedelta(weeks=8)
MADE_BY = ("calendars/*.py", "events/models.py", "events/place.py", "events/times.py", "events/views.py")
MADE_OF = (*MADE_BY, "translations/*/*/messages.mo")
WINDOWS = (UPCOMING, PAST)
Span = tuple[str, dt.datetime, dt.datetime]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a calendar holds: (event id, VEVENT) soonest first, and (zone, first start, last end) for each zone.

    A VEVENT is None where it has not been made since its event changed.
    """

    vevents: Sequence[tuple[int, bytes | None]]
    spans: Sequence[Span]


def contents_of_everything(locale: str, now: dt.datetime, window: str = "") -> Contents:
    """All public events that are listed; `window` is one of WINDOWS, or all times."""
    return _contents(sa.and_(_told(now, window), Event.listed), locale)


def contents_of_campaign(campaign_id: int, locale: str, now: dt.datetime, window: str = "") -> Contents:
    """A campaign's public events that are listed."""
    return _contents(sa.and_(_told(now, window), Event.listed, Event.campaign_id == campaign_id), locale)


def contents_of_city(city: City, locale: str, now: dt.datetime, window: str = "") -> Contents:
    """A city's public events that are listed; of a hidden place its city is known."""
    return _contents(sa.and_(_told(now, window), Event.listed, Event.city.in_(city.spellings)), locale)


def contents_of_event(event_id: int, locale: str) -> Contents:
    """One event, in whatever status."""
    return _contents(Event.id == event_id, locale)


def made_vevents(event_ids: Iterable[int], locale: LocaleCode, now: dt.datetime) -> list[StoredVevent]:
    """Fresh VEVENTs of these events, not yet stored."""
    query = sa.select(Event).where(Event.id.in_(event_ids)).order_by(Event.id)
    events = db.session.scalars(query.options(joinedload(Event.campaign), joinedload(Event.image)))
    with speaking(locale):
        told = [(event.id, calendar_event(EventView(event, locale, now))) for event in events]
    return [
        StoredVevent(event_id=number, locale=locale, stamp=one.stamp, recipe=recipe(), body=vevent_bytes(one))
        for number, one in told
    ]


def unmade_events(locale: str, most: int) -> Sequence[int]:
    """The ids of public events whose VEVENT in this language has not been made since they changed; `most` of them."""
    query = _vevents(Event.status != "draft", locale, Event.id).where(StoredVevent.event_id.is_(None))
    return db.session.scalars(query.limit(most)).all()


def feed_changed_at(name: str, locale: str, digest: str) -> dt.datetime | None:
    """When this calendar got the octets with this digest; None if it is not known to have them."""
    query = sa.select(Feed.changed_at).where(Feed.name == name, Feed.locale == locale, Feed.digest == digest)
    return db.session.scalar(query)


def recipe() -> str:
    """A short hash of all that a VEVENT depends on besides its event: settings, texts, code, time zones."""
    chosen = settings()
    parts = (_ingredients(), chosen.public_url, chosen.mail_from, chosen.mail_name)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


@cache
def _ingredients() -> str:
    digest = hashlib.sha256(f"{version('icalendar')} {version('tzdata')}".encode())
    for pattern in MADE_OF:
        for file in sorted(PACKAGE.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _told(now: dt.datetime, window: str = "") -> sa.ColumnElement[bool]:
    """What is upcoming stays for a while after it is over, so that nothing vanishes from a calendar the next day."""
    within = {UPCOMING: Event.ends_at > now - TOMBSTONE, PAST: Event.ends_at <= now}.get(window, sa.true())
    return sa.and_(within, _kept(now))


def _kept(now: dt.datetime) -> sa.ColumnElement[bool]:
    still_told = sa.or_(Event.ends_at > now - TOMBSTONE, Event.revised_at > now - TOMBSTONE)
    return sa.and_(Event.status != "draft", sa.or_(Event.status != "cancelled", still_told))


def _contents(wanted: sa.ColumnElement[bool], locale: str) -> Contents:
    spans = sa.select(Event.time_zone, sa.func.min(Event.starts_at), sa.func.max(Event.ends_at))
    spans = spans.where(wanted, sa.not_(Event.all_day))
    vevents = _vevents(wanted, locale, Event.id, StoredVevent.body).order_by(Event.starts_at, Event.id)
    return Contents(
        vevents=[(number, body) for number, body in db.session.execute(vevents)],
        spans=[(zone, first, last) for zone, first, last in db.session.execute(spans.group_by(Event.time_zone))],
    )


def _vevents(wanted: sa.ColumnElement[bool], locale: str, *columns: Any) -> sa.Select[*tuple[Any, ...]]:
    """Events with their VEVENTs, where these are still true."""
    newer_campaign = (Campaign.revised_at > Event.revised_at, Campaign.revised_at)
    fresh = sa.and_(
        StoredVevent.event_id == Event.id,
        StoredVevent.locale == locale,
        StoredVevent.recipe == recipe(),
        StoredVevent.stamp == sa.case(newer_campaign, else_=Event.revised_at),
    )
    return (
        sa.select(*columns)
        .select_from(Event)
        .outerjoin(Campaign, Campaign.id == Event.campaign_id)
        .outerjoin(StoredVevent, fresh)
        .where(wanted)
    )
