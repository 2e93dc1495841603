"""What a changed rule does to the dates there are: which stay, move, go or come. Nothing here writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from .models import Event, EventSeries
from .patterns import course_of
from .recurrence import Course, on_the_wall


@dataclass(frozen=True, kw_only=True)
class Plan:
    """From a day on: dates that stay, move to another moment, are not in the new rule any more, and new moments.

    Where people have signed up, they go along (`moved`) or are left standing outside of the rule (`odd`); where nobody
    has, dates are `dropped`. `in_place`: no former date is told otherwise, so that the rule can simply be replaced.
    """

    in_place: bool = True
    stays: list[Event] = field(default_factory=list)
    moved: list[tuple[Event, dt.datetime]] = field(default_factory=list)
    odd: list[Event] = field(default_factory=list)
    dropped: list[Event] = field(default_factory=list)
    added: list[dt.datetime] = field(default_factory=list)


def plan_of(series: EventSeries, dates: Sequence[Event], course: Course, from_day: dt.date, now: dt.datetime) -> Plan:
    """What this course does from this day on; what is over, or has begun, is left as it was."""
    there = {event: _day(event) for event in dates}
    coming = [event for event, day in there.items() if day >= from_day and event.starts_at > now]
    wanted = {moment.date(): moment for moment in course.moments() if moment.date() >= from_day and moment > now}
    same = _same_clockwork(course_of(series), course)
    plan = Plan(in_place=same or not _held_back(series, dates, coming))
    taken = set()
    for event in coming:
        moment = wanted.get(there[event])
        if moment is not None and there[event] not in taken:
            taken.add(there[event])
            if event.recurs_at == moment:
                plan.stays.append(event)
            else:
                plan.moved.append((event, moment))
        elif event.status == "cancelled" and event.lines_given:
            plan.stays.append(event)
        else:
            (plan.odd if event.lines_given else plan.dropped).append(event)
    taken |= {day for event, day in there.items() if event not in coming}
    taken |= _taken_out(series, dates) if same else set()
    plan.added.extend(moment for day, moment in wanted.items() if day not in taken)
    return plan


def _held_back(series: EventSeries, dates: Sequence[Event], coming: Sequence[Event]) -> bool:
    """Whether some date of this rule must go on being told by it: one that was, or one that people signed up for."""
    own = [event for event in dates if event.series_id == series.id]
    return any(event not in coming or event.lines_given for event in own)


def _same_clockwork(before: Course, after: Course) -> bool:
    """Whether only the end differs."""
    clocks = before.first.time() == after.first.time() and before.time_zone == after.time_zone
    if not clocks or before.rule != after.rule:
        return False
    days = {moment.date() for moment in before.moments()}
    return after.moments()[0].date() in days if after.moments() else True


def _taken_out(series: EventSeries, dates: Sequence[Event]) -> set[dt.date]:
    """Days that the rule has had without a date: drafts that were thrown away."""
    days = {moment.date() for moment in course_of(series).moments()}
    return days - {_day(event) for event in dates}


def _day(event: Event) -> dt.date:
    """The day on which the rule put a date."""
    zone = event.series.time_zone if event.series else event.time_zone
    return on_the_wall(event.recurs_at or event.starts_at, zone).date()
