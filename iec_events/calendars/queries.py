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
from sqlalchemy.orm import joinedload, selectinload

from ..core.config import settings
from ..core.db import db
from ..core.i18n import LocaleCode, speaking
from ..core.paths import PACKAGE
from ..events.models import Campaign, Event, EventSeries
from ..events.patterns import course_of
from ..events.series_queries import is_listed, latest_changes
from ..events.views import EventView
from .cities import City
from .ical import vevent_bytes
from .models import Feed, StoredVevent
from .series import Told, told
from .views import PAST, UPCOMING, calendar_event

# Whoever subscribed has seen a cancellation after eight weeks; until then it stays, struck through.
TOMBSTONE = dt.timedelta(weeks=8)
MADE_BY = (
    "calendars/*.py",
    "events/models.py",
    "events/patterns.py",
    "events/pieces.py",
    "events/place.py",
    "events/times.py",
    "events/views.py",
    "events/recurrence.py",
)
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


def contents_of_everything(locale: LocaleCode, now: dt.datetime, window: str = "") -> Contents:
    """All public events that are listed; `window` is one of WINDOWS, or all times."""
    return _contents(sa.and_(_told(now, window), Event.listed), locale, now)


def contents_of_campaign(campaign_id: int, locale: LocaleCode, now: dt.datetime, window: str = "") -> Contents:
    """A campaign's public events that are listed."""
    return _contents(sa.and_(_told(now, window), Event.listed, Event.campaign_id == campaign_id), locale, now)


def contents_of_city(city: City, locale: LocaleCode, now: dt.datetime, window: str = "") -> Contents:
    """A city's public events that are listed; of a hidden place its city is known."""
    return _contents(sa.and_(_told(now, window), Event.listed, Event.city.in_(city.spellings)), locale, now)


def contents_of_event(event_id: int, locale: LocaleCode) -> Contents:
    """One event, in whatever status; of a series this one date."""
    found = _vevents(Event.id == event_id, locale, Event.id, StoredVevent.body)
    vevents = [(number, body) for number, body in db.session.execute(found)]
    event = db.session.get_one(Event, event_id)
    spans = [] if event.all_day else [(event.time_zone, event.starts_at, event.ends_at)]
    return Contents(vevents=vevents, spans=[*spans, *_spans_by_rule([event])])


def contents_of_series(series: EventSeries, locale: LocaleCode, now: dt.datetime) -> Contents:
    """All dates of a series that strangers see on its page, with every rule that it has had."""
    thread = sa.select(EventSeries.id).where(EventSeries.thread == series.thread)
    seen = sa.true() if not is_listed(series) else Event.listed
    return _contents(sa.and_(Event.series_id.in_(thread), Event.status != "draft", seen), locale, now, found=True)


def made_vevents(event_ids: Iterable[int], locale: LocaleCode, now: dt.datetime) -> list[StoredVevent]:
    """Fresh VEVENTs of these events, not yet stored."""
    query = sa.select(Event).where(Event.id.in_(event_ids)).order_by(Event.id)
    events = db.session.scalars(
        query.options(joinedload(Event.campaign), joinedload(Event.image), selectinload(Event.series))
    )
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


def _contents(wanted: sa.ColumnElement[bool], locale: LocaleCode, now: dt.datetime, *, found: bool = False) -> Contents:
    """`found`: the reader found a series that is found by its link only; else its listed dates stand alone."""
    spans = sa.select(Event.time_zone, sa.func.min(Event.starts_at), sa.func.max(Event.ends_at))
    spans = spans.where(wanted, sa.not_(Event.all_day)).group_by(Event.time_zone)
    query = _vevents(wanted, locale, Event.id, StoredVevent.body, Event.series_id).order_by(Event.starts_at, Event.id)
    rows = db.session.execute(query).all()
    again = _series(wanted, locale, now, found=found) if any(row.series_id for row in rows) else {}
    single: list[tuple[int, bytes | None]] = [
        (number, body)
        for number, body, series_id in rows
        if series_id not in again or number in again[series_id].single
    ]
    masters = [(0, vevent_bytes(whole.master)) for whole in again.values()]
    zones = [(zone, first, last) for zone, first, last in db.session.execute(spans)]
    alone = [number for number, _body, series_id in rows if series_id and series_id not in again]
    if alone:
        zones += _spans_by_rule(db.session.scalars(sa.select(Event).where(Event.id.in_(alone))))
    return Contents(
        vevents=[*masters, *single],
        spans=[*zones, *(span for whole in again.values() for span in whole.master.spans)],
    )


def _spans_by_rule(events: Iterable[Event]) -> list[Span]:
    """Zones in which it is told when their rules put these events (RECURRENCE-ID)."""
    return [
        (event.series.time_zone, event.recurs_at, event.recurs_at)
        for event in events
        if event.series is not None and event.recurs_at is not None and not course_of(event.series).all_day
    ]


def _series(wanted: sa.ColumnElement[bool], locale: LocaleCode, now: dt.datetime, *, found: bool) -> dict[int, Told]:
    """Every series with its dates among these events, soonest first."""
    query = sa.select(Event).where(wanted, Event.series_id.is_not(None)).order_by(Event.recurs_at, Event.id)
    options = (joinedload(Event.campaign), joinedload(Event.image), selectinload(Event.series))
    told_of: dict[int, list[Event]] = {}
    for event in db.session.scalars(query.options(*options)):
        if event.series is not None and (found or is_listed(event.series)):
            told_of.setdefault(event.series.id, []).append(event)
    changed = latest_changes(list(told_of))
    return {number: _told_series(dates, locale, now, changed[number]) for number, dates in told_of.items()}


def _told_series(dates: list[Event], locale: LocaleCode, now: dt.datetime, changed: dt.datetime) -> Told:
    series = dates[0].series
    if series is None:  # pragma: no cover  (they were asked for by their series)
        raise ValueError("No series.")
    return told(series, dates, locale, now, changed)


def _vevents(wanted: sa.ColumnElement[bool], locale: str, *columns: Any) -> sa.Select[*tuple[Any, ...]]:
    """Events with their VEVENTs, where these are still true."""
    newest = sa.case((Campaign.revised_at > Event.revised_at, Campaign.revised_at), else_=Event.revised_at)
    fresh = sa.and_(
        StoredVevent.event_id == Event.id,
        StoredVevent.locale == locale,
        StoredVevent.recipe == recipe(),
        StoredVevent.stamp == sa.case((EventSeries.revised_at > newest, EventSeries.revised_at), else_=newest),
    )
    return (
        sa.select(*columns)
        .select_from(Event)
        .outerjoin(Campaign, Campaign.id == Event.campaign_id)
        .outerjoin(EventSeries, EventSeries.id == Event.series_id)
        .outerjoin(StoredVevent, fresh)
        .where(wanted)
    )
