"""What is asked of series."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from ..core.db import db
from ..core.errors import Refusal
from ..core.i18n import _l
from .models import Campaign, Event, EventSeries
from .queries import EventGone


class SeriesUnknown(Refusal):
    """No series, or none that strangers may see, has this slug."""

    status: ClassVar[int] = 404
    message = _l("There is no series of events at this address. It may have been copied wrong.")


def any_series(slug: str) -> EventSeries:
    """The series with this slug, its latest rule; SeriesUnknown."""
    query = sa.select(EventSeries).where(EventSeries.slug == slug).options(joinedload(EventSeries.campaign))
    found = db.session.scalar(query)
    if found is None:
        raise SeriesUnknown
    return found


def public_series(slug: str) -> tuple[EventSeries, list[Event]]:
    """The series and its dates that strangers see, soonest first; SeriesUnknown, or EventGone when all were taken down.

    One that is found by its link only shows all of its dates; another one those that are listed.
    """
    series = any_series(slug)
    dates = dates_of(series)
    seen = [event for event in dates if event.status != "draft" and (event.listed or not is_listed(series))]
    if not seen:
        raise EventGone if any(event.published_at for event in dates) else SeriesUnknown
    return series, seen


def is_listed(series: EventSeries) -> bool:
    """Whether its dates stand in lists, as a rule."""
    return bool(series.pattern.get("listed", True))


def dates_of(series: EventSeries) -> list[Event]:
    """Every date of the series, of former rules too, in whatever status, soonest first."""
    threads = sa.select(EventSeries.id).where(EventSeries.thread == series.thread)
    query = sa.select(Event).where(Event.series_id.in_(threads)).order_by(Event.starts_at, Event.id)
    options = (joinedload(Event.campaign), joinedload(Event.image), selectinload(Event.series))
    return list(db.session.scalars(query.options(*options)))


def next_dates(event: Event, now: dt.datetime, most: int = 4) -> list[Event]:
    """Other dates of the same series that strangers see and that are not over, soonest first; a few of them."""
    if event.series is None:
        return []
    listed = is_listed(event.series) or event.listed
    coming = (one for one in dates_of(event.series) if one.ends_at > now and one.id != event.id)
    return [one for one in coming if one.status != "draft" and (one.listed or not listed)][:most]


def current_series(event: Event) -> EventSeries | None:
    """The series of an event, by its latest rule: the one with the slug."""
    if event.series is None or event.series.slug:
        return event.series
    query = sa.select(EventSeries).where(EventSeries.thread == event.series.thread, EventSeries.slug.is_not(None))
    return db.session.scalar(query)


def campaign_of_series(slug: str) -> str | None:
    """The slug of the campaign that a series is in, if any."""
    return db.session.scalar(sa.select(Campaign.slug).join(EventSeries).where(EventSeries.slug == slug))


def latest_changes(series_ids: Sequence[int]) -> dict[int, dt.datetime]:
    """Series id -> when any of its dates was last changed."""
    query = sa.select(Event.series_id, sa.func.max(Event.revised_at)).where(Event.series_id.in_(series_ids))
    return {number: at for number, at in db.session.execute(query.group_by(Event.series_id)) if number is not None}
