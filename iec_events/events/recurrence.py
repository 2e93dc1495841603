"""When something that comes again is: a rule in an organizer's words, its dates, and its RRULE (RFC 5545 3.3.10).

A rule speaks of days and of what the clocks of the place show. A time that the clocks skip on a day is no date; of one
that they show twice, the first is meant (3.3.5): so calendars and pages come to the same dates.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

from .drafts import day_begins, moments_of

DAILY, WEEKLY, MONTHLY = "day", "week", "month"
MOST_DATES = 104  # to come
MOST_EVER = 2000  # since the first: several years of every day
LONGEST_AHEAD = dt.timedelta(days=549)  # eighteen months
LAST = -1
NTHS = (1, 2, 3, 4, LAST)
INTERVALS = (1, 2)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY, WEEK = dt.timedelta(days=1), dt.timedelta(weeks=1)


class RuleUnfit(ValueError):
    """No rule that we know."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Every day; or every `interval`-th week on these weekdays (Monday is 0); or once a month on the `nth` weekday.

    `nth` is 1 to 4, or -1 for the last one.
    """

    every: str
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    nth: int = 0

    def __post_init__(self) -> None:
        fits = {
            DAILY: not self.weekdays and not self.nth and self.interval == 1,
            WEEKLY: bool(self.weekdays) and not self.nth and self.interval in INTERVALS,
            MONTHLY: len(self.weekdays) == 1 and self.nth in NTHS and self.interval == 1,
        }
        known = all(day in range(7) for day in self.weekdays)
        if not (fits.get(self.every) and known) or list(self.weekdays) != sorted(set(self.weekdays)):
            raise RuleUnfit(self)

    @property
    def kept(self) -> dict[str, Any]:
        """The rule as it is stored."""
        return {
            "every": self.every,
            "interval": self.interval,
            "weekdays": list(self.weekdays),
            "nth": self.nth,
        }

    def days(self, first: dt.date) -> Iterator[dt.date]:
        """Its days from this one on, without end; weeks are counted from the first day found."""
        if self.every == MONTHLY:
            yield from (day for day in self._monthly(first) if day >= first)
            return
        day = first
        while self.every == WEEKLY and day.weekday() not in self.weekdays:
            day += DAY
        monday = day - day.weekday() * DAY
        while True:
            in_turn = day.weekday() in self.weekdays and (day - monday) // WEEK % self.interval == 0
            if in_turn or self.every == DAILY:
                yield day
            day += DAY

    def _monthly(self, first: dt.date) -> Iterator[dt.date]:
        year, month = first.year, first.month
        while True:
            yield self._in_month(year, month)
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)  # noqa: PLR2004

    def _in_month(self, year: int, month: int) -> dt.date:
        if self.nth == LAST:
            after = dt.date(year + month // 12, month % 12 + 1, 1)
            return after - DAY * ((after.weekday() - self.weekdays[0] - 1) % 7 + 1)
        begins = dt.date(year, month, 1)
        return begins + DAY * ((self.weekdays[0] - begins.weekday()) % 7) + WEEK * (self.nth - 1)


def rule_of(kept: dict[str, Any]) -> Rule:
    """A rule as it was stored."""
    return Rule(**{**kept, "weekdays": tuple(kept["weekdays"])})


@dataclass(frozen=True, kw_only=True)
class Course:
    """A rule with a beginning and an end: what is stored of a series, and all that its dates come from.

    `first` is what the clocks of `time_zone` show at the first date; `until` is the last day on which there may be one.
    `all_day`: a date begins when its day does.
    """

    rule: Rule
    time_zone: str
    first: dt.datetime
    until: dt.date
    all_day: bool = False

    def moments(self) -> list[dt.datetime]:
        """The start of every date, in the zone of the place, up to a number that no series reaches."""
        days = takewhile(lambda day: day <= self.until, self.rule.days(self.first.date()))
        found: list[dt.datetime] = []
        for day in days:
            moment = self.on(day)
            if moment is not None:
                found.append(moment)
            if len(found) >= MOST_EVER:
                break
        return found

    def skipped(self) -> list[dt.date]:
        """Days of the rule on which the clocks skip its time."""
        days = takewhile(lambda day: day <= self.until, self.rule.days(self.first.date()))
        return [day for _number, day in zip(range(MOST_EVER), days, strict=False) if self.on(day) is None]

    def on(self, day: dt.date) -> dt.datetime | None:
        """The start on this day; None where the clocks skip it."""
        if self.all_day:
            return day_begins(self.time_zone, day)
        readings = moments_of(self.time_zone, dt.datetime.combine(day, self.first.time()))
        return readings[0] if readings else None


def nth_day(rule: Rule, first: dt.date, count: int) -> dt.date:
    """The day of the date with this number, from 1."""
    days = rule.days(first)
    day = next(days)
    for _number in range(count - 1):
        day = next(days)
    return day


def rrule(rule: Rule, until: dt.datetime, *, all_day: bool = False) -> str:
    """The rule as RRULE; UNTIL is the start of the last date, in UTC as it must be, or its day where all are days."""
    parts = {
        DAILY: ["FREQ=DAILY"],
        WEEKLY: ["FREQ=WEEKLY", *([f"INTERVAL={rule.interval}"] if rule.interval > 1 else [])],
        MONTHLY: ["FREQ=MONTHLY"],
    }[rule.every]
    parts.append(f"UNTIL={until:%Y%m%d}" if all_day else f"UNTIL={until.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}")
    if rule.weekdays:
        nth = str(rule.nth) if rule.nth else ""
        parts.append("BYDAY=" + ",".join(f"{nth}{DAYS[day]}" for day in rule.weekdays))
    return ";".join(parts)


def on_the_wall(moment: dt.datetime, time_zone: str) -> dt.datetime:
    """What the clocks of a place show at a moment, naive."""
    return moment.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None, fold=0)


def minutes_after(start: dt.datetime, moment: dt.datetime, time_zone: str) -> int:
    """How far a moment is from a start on the clocks of the place: whoever comes at 18:00 leaves at 21:00 all year."""
    apart = on_the_wall(moment, time_zone) - on_the_wall(start, time_zone)
    return round(apart / dt.timedelta(minutes=1))


def shifted(start: dt.datetime, minutes: int, time_zone: str) -> dt.datetime:
    """The moment, in UTC, at which the clocks show so many minutes more than at the start.

    Where they skip it, it is as far after the gap; of two readings it is the one that lies on the right side.
    """
    wall, start = on_the_wall(start, time_zone) + dt.timedelta(minutes=minutes), start.astimezone(dt.UTC)
    readings = [moment.astimezone(dt.UTC) for moment in moments_of(time_zone, wall)]
    if not readings:
        return wall.replace(tzinfo=ZoneInfo(time_zone)).astimezone(dt.UTC)
    fitting = [moment for moment in readings if (moment > start if minutes > 0 else moment <= start)]
    return (fitting or readings)[0 if minutes > 0 else -1]
