"""Days as each language writes them."""

from __future__ import annotations

import datetime as dt

import pytest

from iec_events.core.i18n import LocaleCode, speaking
from iec_events.events.drafts import day_begins
from iec_events.events.models import Event
from iec_events.events.recurrence import LAST, MONTHLY, WEEKLY, Rule
from iec_events.events.rule_words import rule_words
from iec_events.events.times import Occasion, day_month, days_of, occasion


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "Tuesday 5 January"),
        ("fa", "سه‌شنبه ۵ ژانویه (۱۵ دی ۱۴۰۵)"),  # no ezafe on the month, as no year follows it
        ("es", "martes 5 de enero"),
    ],
)
def test_a_day_without_its_year_reads_well(locale: str, text: str) -> None:
    assert day_month(dt.date(2027, 1, 5), locale) == text


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    ("locale", "week", "month"),
    [
        ("en", "Every Monday and Saturday", "On the last Friday of every month"),
        ("fa", "هر شنبه و دوشنبه", "آخرین جمعهٔ هر ماه میلادی"),  # the week begins on Saturday; the ezafe is told
    ],
)
def test_a_rule_reads_as_people_say_it(locale: LocaleCode, week: str, month: str) -> None:
    with speaking(locale):
        assert rule_words(Rule(every=WEEKLY, weekdays=(0, 5)), locale) == week
        assert rule_words(Rule(every=MONTHLY, nth=LAST, weekdays=(4,)), locale) == month


def days(first: str, last: str, zone: str, locale: LocaleCode = "en") -> Occasion:
    after = dt.date.fromisoformat(last) + dt.timedelta(days=1)
    event = Event(
        all_day=True,
        time_zone=zone,
        city="",
        texts={},
        starts_at=day_begins(zone, dt.date.fromisoformat(first)).astimezone(dt.UTC),
        ends_at=day_begins(zone, after).astimezone(dt.UTC),
    )
    assert days_of(event.starts_at, event.ends_at, zone) == (
        dt.date.fromisoformat(first),
        dt.date.fromisoformat(last),
    )
    with speaking(locale):
        return occasion(event, locale)


@pytest.mark.usefixtures("app")
def test_an_event_without_hours_says_its_days_and_how_they_lie_in_tehran() -> None:
    day = days("2027-03-14", "2027-03-14", "America/Los_Angeles")  # a day of 23 hours
    assert (day.date_text, day.time_text, day.iso_start) == ("Sunday 14 March 2027", "all day", "2027-03-14")
    assert day.tehran_text == "Sunday 14 March, 11:30 to Monday 15 March, 10:30 in Tehran"
    some = days("2027-12-31", "2028-01-02", "America/Bogota")
    assert (some.date_text, some.time_text) == ("Friday 31 December 2027", "until Sunday 2 January 2028")
    assert days("2027-12-30", "2027-12-31", "UTC").time_text == "until Friday 31 December"


@pytest.mark.usefixtures("app")
def test_days_are_told_in_the_persian_calendar_and_tehrans_own_need_no_line() -> None:
    day = days("2027-02-20", "2027-02-20", "Asia/Tehran", "fa")
    assert (day.jalali_text, day.tehran_text) == ("۱ اسفند ۱۴۰۵", "")
    some = days("2027-02-20", "2027-02-22", "America/Bogota", "fa")
    assert some.jalali_text == "۱ اسفند ۱۴۰۵ تا ۳ اسفند ۱۴۰۵"
    assert "شنبه ۱ اسفند ۱۴۰۵" in some.tehran_text
    assert "سه‌شنبه ۴ اسفند ۱۴۰۵" in some.tehran_text
