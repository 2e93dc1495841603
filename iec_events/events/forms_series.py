"""What organizers fill in for something that comes again: its rule in their words, and from when on it holds."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import Any

from wtforms import HiddenField, RadioField, SelectField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from ..core.forms import Form, Needed, WholeNumber
from ..core.i18n import _, _l, current_locale, format_number
from .actions import CANCEL, KEEP
from .fields import Clock, Day
from .recurrence import DAILY, LAST, MONTHLY, MOST_DATES, WEEKLY, Course, Rule, nth_day
from .rule_words import WEEK_BEGINS, nth_choices, weekday_name

FORTNIGHTLY = "fortnight"
UNTIL, COUNT = "until", "count"
WEEK = range(7)


class RuleForm(Form):
    """How it comes again, and when that ends. `seen` is a mark of the dates that were shown before."""

    every = RadioField(_l("How often?"), default=WEEKLY, validate_choice=False)
    weekdays = SelectMultipleField(
        _l("On these days of the week"),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validate_choice=False,
    )
    nth = SelectField(_l("Which one of the month"), validate_choice=False)
    month_day = SelectField(_l("Day of the week"), validate_choice=False)
    ends = RadioField(_l("Until when?"), default=UNTIL, validate_choice=False)
    until_on = Day(_l("Last day"))
    count = WholeNumber(_l("Number of dates"))
    seen = HiddenField()

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        locale = current_locale()
        first = WEEK_BEGINS.get(locale, 0)
        days = [((first + day) % 7, weekday_name((first + day) % 7, locale)) for day in WEEK]
        self.every.choices = [
            (WEEKLY, _("Every week")),
            (FORTNIGHTLY, _("Every second week")),
            (MONTHLY, _("Every month")),
            (DAILY, _("Every day")),
        ]
        self.weekdays.choices = [(str(day), name) for day, name in days]
        self.month_day.choices = [(str(day), name) for day, name in days]
        self.nth.choices = [(str(number), name) for number, name in nth_choices()]
        self.ends.choices = [(UNTIL, _("Until a day")), (COUNT, _("After a number of dates"))]

    def note(self, name: str, sentence: object) -> None:
        """Put a sentence beside a field; what is known under another name stands beside what was typed."""
        name = {"until": "count" if self.ends.data == COUNT else "until_on"}.get(name, name)
        self[name].errors = [*self[name].errors, str(sentence)]

    def rule(self) -> Rule | None:
        """The rule that is meant; what is missing is said beside its field."""
        chosen = tuple(sorted({int(day) for day in self.weekdays.data or () if day in {str(each) for each in WEEK}}))
        if self.every.data == DAILY:
            return Rule(every=DAILY)
        if self.every.data == MONTHLY:
            known = [str(number) for number, _name in nth_choices()]
            if self.nth.data not in known or self.month_day.data not in {str(each) for each in WEEK}:
                self.note("nth", _("Please choose which day of the month."))
                return None
            return Rule(every=MONTHLY, nth=int(self.nth.data), weekdays=(int(self.month_day.data),))
        if self.every.data not in {WEEKLY, FORTNIGHTLY}:
            self.note("every", _("Please choose how often it comes again."))
            return None
        if not chosen:
            self.note("weekdays", _("Please choose at least one day of the week."))
            return None
        return Rule(every=WEEKLY, weekdays=chosen, interval=2 if self.every.data == FORTNIGHTLY else 1)

    def until(self, rule: Rule, first: dt.date) -> dt.date | None:
        """The last day on which there may be a date; what is missing is said beside its field."""
        if self.ends.data == COUNT:
            if not self.count.errors and not (self.count.data and 2 <= self.count.data <= MOST_DATES):  # noqa: PLR2004
                sentence = _("Please write a number of dates from 2 to %(most)s.")
                self.note("count", sentence % {"most": format_number(MOST_DATES)})
            return None if self.count.errors else nth_day(rule, first, self.count.data)
        if not self.until_on.data and not self.until_on.errors:
            self.note("until_on", _("Please choose the last day on which there may be a date."))
        until: dt.date | None = None if self.until_on.errors else self.until_on.data
        return until


class NewRuleForm(RuleForm):
    """Another rule for a series that there is."""

    from_on = Day(_l("From this day on"), [Needed(_l("Please choose from which day on this holds."))])
    at = Clock(_l("Time"))
    odd = RadioField(
        _l("Dates that people signed up for, and that are not in the new rule"), default=KEEP, validate_choice=False
    )

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.odd.choices = [
            (KEEP, _("They take place all the same")),
            (CANCEL, _("They are cancelled, and everyone on their lists is told")),
        ]


def rule_values(rule: Rule) -> dict[str, Any]:
    """What the fields of a form hold for a rule."""
    days = [str(day) for day in rule.weekdays]
    often = FORTNIGHTLY if rule.interval > 1 else rule.every
    monthly = {"nth": str(rule.nth), "month_day": days[0]} if rule.every == MONTHLY else {}
    return {"every": often, "weekdays": days, **monthly}


def first_values(day: dt.date) -> dict[str, Any]:
    """What the form of a rule begins with for something that is on this day."""
    number = (day.day - 1) // 7 + 1
    nth = number if number <= 4 else LAST  # noqa: PLR2004
    return {"every": WEEKLY, "weekdays": [str(day.weekday())], "nth": str(nth), "month_day": str(day.weekday())}


def mark_of(course: Course, moments: Iterable[dt.datetime], *others: object) -> str:
    """A short mark of what was shown, so that nothing else is made than that."""
    said = "\0".join([*(moment.isoformat() for moment in moments), course.time_zone, *map(str, others)])
    return hashlib.sha256(said.encode()).hexdigest()[:16]
