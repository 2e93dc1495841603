"""Series for tests: the vigil, every Tuesday at six in the evening in Berkeley."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.events.actions import create_event
from iec_events.events.actions.series import begin_series, publish_series
from iec_events.events.drafts import EventDraft
from iec_events.events.models import Event, EventSeries
from iec_events.events.recurrence import Rule
from iec_events.events.series_queries import any_series, dates_of
from tests.factories import three_languages

TUESDAYS = Rule(every="week", weekdays=(1,))
FIRST = dt.datetime(2027, 2, 3, 2, tzinfo=dt.UTC)  # Tuesday 2 February, 18:00 in Berkeley
UNTIL = dt.date(2027, 3, 30)  # nine Tuesdays; clocks go forward on 14 March
HOUR = dt.timedelta(hours=1)


def a_vigil(
    rule: Rule = TUESDAYS, until: dt.date = UNTIL, *, campaign: str | None = None, public: bool = True, **draft: Any
) -> str:
    """A series and its slug, published unless said otherwise."""
    now = clock.now()
    starts_at = draft.pop("starts_at", FIRST)
    said: dict[str, Any] = {
        "texts": three_languages("Vigil"),
        "time_zone": "America/Los_Angeles",
        "ends_at": starts_at + HOUR,
        "venue": "The Starry Plough",
        "city": "Berkeley",
        "country": "US",
        "capacity": 20,
    }
    made = EventDraft(starts_at=starts_at, **said | draft)
    slug = create_event(draft=made, slug=None, campaign_slug=campaign, now=now)
    slug = begin_series(slug=slug, rule=rule, until=until, now=now)
    if public:
        publish_series(slug=slug, now=now)
    return slug


def series(slug: str = "vigil") -> EventSeries:
    """The series as it is now."""
    db.session.rollback()
    return any_series(slug)


def dates(slug: str = "vigil") -> list[Event]:
    """Its dates as they are now."""
    return dates_of(series(slug))


def date(slug: str) -> Event:
    """One date as it is now."""
    db.session.rollback()
    return db.session.scalars(sa.select(Event).where(Event.slug == slug)).one()


def days(slug: str = "vigil", status: str = "") -> list[str]:
    """When its dates begin: month, day and hour in UTC."""
    return [f"{one.starts_at:%m-%d %H}" for one in dates(slug) if one.status == (status or one.status)]


def somebody_comes(slug: str) -> None:
    """One RSVP, as far as the room of events knows of it."""
    with atomic():
        event = db.session.scalars(sa.select(Event).where(Event.slug == slug)).one()
        event.lines_given, event.seats_taken = 1, 2
