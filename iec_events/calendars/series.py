"""Series in calendars: one VEVENT with the rule for all dates that are as it says, one for each that is not.

What a calendar holds of a series is told exactly: dates that it does not hold, because they were taken out, are not
listed, or lie outside of its window, are excluded (EXDATE).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from ..core.i18n import LocaleCode, speaking
from ..core.urls import public_url
from ..events.models import Event, EventSeries
from ..events.patterns import course_of, is_usual, wall_by_rule
from ..events.recurrence import on_the_wall, rrule
from ..events.series_views import SeriesView, series_view
from .entry import CalendarEvent, is_ambiguous
from .links import google_subscribe_url, outlook_subscribe_url, webcal_url
from .views import CalendarButtons, calendar_event

MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Told:
    """A series as a calendar tells it: the entry with the rule, and the ids of dates which that one does not tell."""

    master: CalendarEvent
    single: frozenset[int]


def told(
    series: EventSeries, dates: Sequence[Event], locale: LocaleCode, now: dt.datetime, changed: dt.datetime
) -> Told:
    """The series with exactly these dates, which are by its rule, soonest first; `changed` is when any of it was."""
    master = master_event(series, dates, locale, now, changed)
    return Told(master, frozenset(event.id for event in dates if not _by_rule(event, series)))


def master_event(
    series: EventSeries, dates: Sequence[Event], locale: LocaleCode, now: dt.datetime, changed: dt.datetime
) -> CalendarEvent:
    """The entry with the rule. It begins with the first of these dates and ends with the last (UNTIL)."""
    walls = sorted(wall_by_rule(event, series) for event in dates)
    course = replace(course_of(series), first=walls[0], until=walls[-1].date())
    by_rule = [on_the_wall(moment, series.time_zone) for moment in course.moments()]
    if course.all_day:  # whatever the clocks of midnight show
        by_rule = [dt.datetime.combine(wall.date(), dt.time()) for wall in by_rule]
        walls = [dt.datetime.combine(wall.date(), dt.time()) for wall in walls]
    times = (dt.datetime.combine(day, course.first.time()) for day in course.skipped())
    skipped = [wall for time in times for wall in _skipped(time, series)]
    called_off = all(event.status == "cancelled" for event in dates)
    with speaking(locale):
        view = series_view(series, dates, locale, now, status="cancelled" if called_off else "published")
        event = calendar_event(view)
    start, last = (_first_reading(wall, series) for wall in (walls[0], walls[-1]))
    return replace(
        event,
        uid=series.uid,
        sequence=series.sequence,
        stamp=max([event.stamp, changed, *([series.campaign.revised_at] if series.campaign else [])]),
        starts_at=start,
        ends_at=_end(view.event, series, start),
        rrule=rrule(course.rule, walls[-1] if course.all_day else last, all_day=course.all_day),
        exdates=tuple(sorted({*by_rule, *skipped} - set(walls))),
        series_zone=series.time_zone,
        series_days=course.all_day,
    )


def _skipped(wall: dt.datetime, series: EventSeries) -> tuple[dt.datetime, dt.datetime]:
    """A time that the clocks skip, and what programs make of it that do not leave it out as they should (libical)."""
    return wall, on_the_wall(_first_reading(wall, series), series.time_zone)


def _first_reading(wall: dt.datetime, series: EventSeries) -> dt.datetime:
    return wall.replace(tzinfo=ZoneInfo(series.time_zone)).astimezone(dt.UTC)


def _end(pattern: Event, series: EventSeries, start: dt.datetime) -> dt.datetime:
    """Calendars give every date the length of the first: where clocks change in between, that one is told singly."""
    if series.pattern.get("all_day"):
        return pattern.ends_at
    return start + usual_length(series)


def usual_length(series: EventSeries) -> dt.timedelta:
    """How long a date lasts on a night on which no clocks change."""
    return series.offsets["ends_at"] * MINUTE


def _by_rule(event: Event, series: EventSeries) -> bool:
    """Whether programs that expand the rule come to all of this date, its end and its hour too."""
    if not is_usual(event, series):
        return False
    if event.all_day:
        return True
    if on_the_wall(event.starts_at, series.time_zone) != wall_by_rule(event, series):
        return False
    twice = any(is_ambiguous(moment, series.time_zone) for moment in (event.starts_at, event.ends_at))
    return event.ends_at - event.starts_at == usual_length(series) and not twice


def series_buttons(view: SeriesView) -> CalendarButtons:
    """The buttons beside a series: all its dates, in one file or as a feed that follows its changes."""
    feed = public_url("calendars.series", locale=view.locale, slug=view.slug)
    return CalendarButtons(
        download_url=feed,
        webcal_url=webcal_url(feed),
        https_url=feed,
        google_url=google_subscribe_url(feed),
        outlook_url=outlook_subscribe_url(feed, view.title),
        office_url=outlook_subscribe_url(feed, view.title, "office"),
    )
