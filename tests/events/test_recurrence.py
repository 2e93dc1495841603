"""Rules that come again, beside dateutil for their days and zoneinfo for their clocks."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

from iec_events.events.recurrence import (
    MOST_DATES,
    MOST_EVER,
    Course,
    Rule,
    RuleUnfit,
    minutes_after,
    nth_day,
    rrule,
    rule_of,
    shifted,
)

BERKELEY, BOGOTA, TEHRAN, SANTIAGO = "America/Los_Angeles", "America/Bogota", "Asia/Tehran", "America/Santiago"
TUESDAYS = Rule(every="week", weekdays=(1,))
RULES = [
    Rule(every="day"),
    TUESDAYS,
    Rule(every="week", interval=2, weekdays=(1, 3)),
    Rule(every="week", interval=2, weekdays=(0, 6)),
    *(Rule(every="month", nth=nth, weekdays=(4,)) for nth in (1, 2, 3, 4, -1)),
    Rule(every="month", nth=-1, weekdays=(6,)),
]


def wall(*parts: int) -> dt.datetime:
    """What clocks show."""
    return dt.datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


def course(rule: Rule = TUESDAYS, zone: str = BERKELEY, **others: Any) -> Course:
    said: dict[str, Any] = {"first": wall(2027, 1, 5, 18), "until": dt.date(2027, 12, 31)}
    return Course(rule=rule, time_zone=zone, **said | others)


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("day", [dt.date(2027, 1, 5), dt.date(2027, 1, 31), dt.date(2028, 2, 28)])
def test_its_days_are_those_of_its_rrule(rule: Rule, day: dt.date) -> None:
    found = course(rule, "UTC", first=dt.datetime.combine(day, dt.time(18)), until=day + dt.timedelta(days=300))
    moments = found.moments()[:MOST_DATES]
    assert moments[0].date() >= day
    assert rule_of(rule.kept) == rule
    said = rrulestr(rrule(rule, moments[-1]), dtstart=moments[0])
    assert list(said) == moments
    later = rrulestr(rrule(rule, moments[-1]), dtstart=moments[2])
    assert list(later) == moments[2:], "whichever of its dates it is told from"


@pytest.mark.parametrize("zone", [BERKELEY, BOGOTA, TEHRAN, SANTIAGO])
def test_six_in_the_evening_stays_six_in_the_evening(zone: str) -> None:
    moments = course(zone=zone).moments()
    assert len(moments) == 52
    walls = {moment.astimezone(dt.UTC).astimezone(ZoneInfo(zone)).time() for moment in moments}
    assert walls == {dt.time(18)}
    offsets = {moment.utcoffset() for moment in moments}
    assert len(offsets) == (2 if zone in {BERKELEY, SANTIAGO} else 1)


def test_a_time_that_is_skipped_is_no_date_and_one_that_comes_twice_is_the_first() -> None:
    nights = course(Rule(every="day"), first=wall(2027, 3, 12, 2, 30), until=dt.date(2027, 3, 16))
    assert [moment.day for moment in nights.moments()] == [12, 13, 15, 16]
    assert nights.skipped() == [dt.date(2027, 3, 14)]
    autumn = course(Rule(every="day"), first=wall(2027, 11, 6, 1, 30), until=dt.date(2027, 11, 8))
    assert [moment.astimezone(dt.UTC).hour for moment in autumn.moments()] == [8, 8, 9]


def test_whole_days_begin_when_their_clocks_say_so() -> None:
    days = course(
        Rule(every="day"),
        "Africa/Cairo",
        first=wall(2027, 4, 29),
        until=dt.date(2027, 5, 1),
        all_day=True,
    )
    assert [(moment.day, moment.hour) for moment in days.moments()] == [(29, 0), (30, 1), (1, 0)]


def test_there_is_an_end_to_everything() -> None:
    assert len(course(Rule(every="day"), until=dt.date(2199, 1, 1)).moments()) == MOST_EVER
    assert nth_day(TUESDAYS, dt.date(2027, 1, 6), 12) == dt.date(2027, 3, 30)


@pytest.mark.parametrize(
    "wrong",
    [
        {"every": "year"},
        {"every": "week"},
        {"every": "week", "weekdays": (7,)},
        {"every": "week", "weekdays": (3, 1)},
        {"every": "week", "weekdays": (1,), "interval": 3},
        {"every": "month", "weekdays": (1,), "nth": 5},
        {"every": "month", "weekdays": (1, 2), "nth": 1},
        {"every": "day", "weekdays": (1,)},
    ],
)
def test_what_is_no_rule_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RuleUnfit):
        Rule(**wrong)


def test_lengths_are_those_on_the_clocks() -> None:
    start = dt.datetime(2027, 11, 7, 5, tzinfo=dt.UTC)  # Saturday 22:00 in Berkeley; clocks go back at 02:00
    assert minutes_after(start, dt.datetime(2027, 11, 7, 12, tzinfo=dt.UTC), BERKELEY) == 6 * 60
    assert shifted(start, 6 * 60, BERKELEY) == dt.datetime(2027, 11, 7, 12, tzinfo=dt.UTC)
    assert shifted(start, 3 * 60 + 30, BERKELEY).hour == 8, "the first half past one"
    spring = dt.datetime(2027, 3, 14, 9, tzinfo=dt.UTC)  # 01:00; the clocks skip 02:00 to 03:00
    assert shifted(spring, 90, BERKELEY) == spring + dt.timedelta(minutes=90)
    assert shifted(spring, -60, BERKELEY) == spring - dt.timedelta(minutes=60)
