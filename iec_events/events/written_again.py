"""How an event comes again, as a file writes it: [event.again] (docs/loading.md)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from ..core.toml_sheets import Table, nearest
from .drafts import EventDraft
from .recurrence import DAILY, LAST, MONTHLY, MOST_DATES, WEEKLY, Rule, RuleUnfit, nth_day, on_the_wall
from .written_times import WEEKDAYS

FORTNIGHTLY = "fortnight"
OFTEN = (DAILY, WEEKLY, FORTNIGHTLY, MONTHLY)
NTHS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": LAST}
STATUSES = ("draft", "published", "cancelled")


@dataclass(frozen=True, kw_only=True)
class WrittenAgain:
    """A rule and the last day on which there may be a date, and where it stands in the file."""

    table: Table
    rule: Rule
    until: dt.date


def read_again(event: Table, draft: EventDraft) -> WrittenAgain | None:
    """The rule of an event's table; None where there is none, or something in it is wrong, which it has then noted."""
    if "again" not in event:
        return None
    table = event.table("again")
    every, nth = table.choice("every", OFTEN), table.choice("nth", tuple(NTHS))
    first = on_the_wall(draft.starts_at, draft.time_zone).date()
    days = _weekdays(table, first)
    times, until = table.whole("times", least=2, most=MOST_DATES), _day(table, "until")
    table.done()
    if "every" not in table:
        table.wrong("every", f"this is missing; write one of {', '.join(OFTEN)}.")
    if every == DAILY and "on" in table:
        table.wrong("on", "every day is every day of the week; leave the line out.")
    if (times is None) == (until is None) and not table.sheet.is_wrong(table.path):
        table.wrong(None, "write either until = 2027-06-30, the last day, or times = 12, the number of dates.")
    if table.sheet.is_wrong(table.path) or every is None:
        return None
    try:
        rule = _rule(every, days, NTHS.get(nth or "", 0))
    except RuleUnfit:
        table.wrong(
            None, 'this is no rule; a month needs one day and nth = "first" (or "last"), and nothing else does.'
        )
        return None
    return WrittenAgain(table=table, rule=rule, until=until or nth_day(rule, first, times or 2))


def _rule(every: str, days: tuple[int, ...], nth: int) -> Rule:
    if every == DAILY:
        return Rule(every=DAILY, nth=nth)
    if every == FORTNIGHTLY:
        return Rule(every=WEEKLY, interval=2, weekdays=days, nth=nth)
    return Rule(every=every, weekdays=days, nth=nth)


def _weekdays(table: Table, first: dt.date) -> tuple[int, ...]:
    """The days of the week, or the one of the start."""
    written = table.raw("on")
    if written is None:
        return (first.weekday(),)
    if not isinstance(written, list) or not written:
        table.wrong("on", 'this is no list of days; write on = ["Tuesday", "Thursday"].')
        return ()
    for each in written:
        if each not in WEEKDAYS:
            table.wrong("on", f'"{each}" is no day of the week; {nearest(str(each), WEEKDAYS)}')
    return tuple(sorted({WEEKDAYS.index(each) for each in written if each in WEEKDAYS}))


def _day(table: Table, key: str) -> dt.date | None:
    value = table.raw(key)
    if value is None or (isinstance(value, dt.date) and not isinstance(value, dt.datetime)):
        return value
    table.wrong(key, f"this is no day; write {key} = 2027-06-30, without quotes.")
    return None
