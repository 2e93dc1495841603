"""A rule as people of each language say it: every Tuesday at 6 pm, until Tuesday 30 March 2027."""

from __future__ import annotations

import datetime as dt

from babel.dates import format_date
from babel.lists import format_list

from ..core.i18n import _, jalali_text
from .recurrence import DAILY, LAST, MONTHLY, Course, Rule
from .times import clock_text, date_text

A_MONDAY = dt.date(2027, 1, 4)
WEEK_BEGINS = {"fa": 5}  # on Saturday; elsewhere here on Monday


def rule_words(rule: Rule, locale: str) -> str:
    """`Every Tuesday and Thursday`; `locale` is the language being spoken."""
    if rule.every == DAILY:
        return _("Every day")
    begins = WEEK_BEGINS.get(locale, 0)
    names = [weekday_name(day, locale) for day in sorted(rule.weekdays, key=lambda day: (day - begins) % 7)]
    if rule.every == MONTHLY:
        return _nth_words(rule.nth, names[0])
    days = format_list(names, locale=locale)
    if rule.interval > 1:
        return _("Every second week on %(days)s", days=days)
    return _("Every %(days)s", days=days)


def course_words(course: Course, locale: str) -> str:
    """`Every Tuesday at 6 pm`; of whole days no hour."""
    rule = rule_words(course.rule, locale)
    if course.all_day:
        return rule
    return _("%(rule)s at %(time)s", rule=rule, time=clock_text(course.first, locale))


def until_words(words: str, last: dt.date, locale: str) -> str:
    """`Every Tuesday at 6 pm, until Tuesday 30 March 2027`; in Farsi with the Jalali day beside it."""
    return _("%(rule)s, until %(day)s", rule=words, day=whole_day(last, locale))


def whole_day(day: dt.date, locale: str) -> str:
    """`Tuesday 30 March 2027`; in Farsi the Jalali day as well."""
    text = date_text(day, locale)
    return f"{text} ({jalali_text(day)})" if locale == "fa" else text


def weekday_name(day: int, locale: str) -> str:
    """The name of a weekday; Monday is 0."""
    return format_date(A_MONDAY + dt.timedelta(days=day), "EEEE", locale=locale)


def nth_choices() -> list[tuple[int, str]]:
    """The weeks of a month, for a list to choose from."""
    return [(1, _("first")), (2, _("second")), (3, _("third")), (4, _("fourth")), (LAST, _("last"))]


def _nth_words(nth: int, day: str) -> str:
    said = {
        1: _("On the first %(day)s of every month"),
        2: _("On the second %(day)s of every month"),
        3: _("On the third %(day)s of every month"),
        4: _("On the fourth %(day)s of every month"),
        LAST: _("On the last %(day)s of every month"),
    }
    return said[nth] % {"day": day}
