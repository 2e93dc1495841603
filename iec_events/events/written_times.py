"""Times as a file writes them: local to the place, fixed or counted from today; never guessed (docs/loading.md)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from ..core.toml_sheets import Table
from .drafts import CLOCK, day_begins, gap_around, moments_of, offset_name

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FOLDS = ("first", "second")
YEARS = range(2000, 2101)
MOST_DAYS = 3650
FIXED = "2027-02-20T18:00:00"
COUNTED = '{ first = "Saturday", after_days = 21, at = "18:00" }'
SAME_DAY = '"21:00" for the same day'
LATER = '{ days_later = 1, at = "01:00" }'
LAST_DAY = "{ days_later = 1 }"
COUNTED_DAY = '{ first = "Saturday", after_days = 21 }'


@dataclass(frozen=True, kw_only=True)
class Times:
    """The moments of an event, each aware and in the zone of its place."""

    all_day: bool
    starts_at: dt.datetime
    ends_at: dt.datetime
    doors_at: dt.datetime | None
    rsvp_opens_at: dt.datetime | None
    rsvp_closes_at: dt.datetime | None


def read_times(table: Table, *, zone: str, today: dt.date) -> Times | None:
    """The times of an event's table; None when one of them is wrong, which the table has then noted."""
    if table.flag("all_day"):
        return _read_days(table, zone=zone, today=today)
    for key, example in (("starts", FIXED), ("ends", '"21:00"')):
        if key not in table:
            table.wrong(key, f"this is missing; write {key} = {example}, in the time of the place.")
    starts = _Reader(table, zone, today, None).moment("starts")
    on_the_day = _Reader(table, zone, today, starts.date() if starts else None)
    ends, doors, opens, closes = (on_the_day.moment(key) for key in ("ends", "doors", "rsvp_opens", "rsvp_closes"))
    if starts is None or ends is None:
        return None
    if ends.astimezone(dt.UTC) <= starts.astimezone(dt.UTC):
        began = f"{starts:%Y-%m-%d %H:%M}"
        table.wrong("ends", f"the end is not after the start ({began}); for the day after write ends = {LATER}.")
    return Times(
        all_day=False, starts_at=starts, ends_at=ends, doors_at=doors, rsvp_opens_at=opens, rsvp_closes_at=closes
    )


def _read_days(table: Table, *, zone: str, today: dt.date) -> Times | None:
    """The days of an event without hours; `ends` is its last day, and may be missing."""
    if "starts" not in table:
        table.wrong("starts", f"this is missing; write starts = {FIXED[:10]}.")
    if "doors" in table:
        table.raw("doors")
        table.wrong("doors", "an event that lasts all day has no time for its doors; leave the line out.")
    first = _Reader(table, zone, today, None).day("starts")
    on_the_day = _Reader(table, zone, today, first)
    last = on_the_day.day("ends") if "ends" in table else first
    opens, closes = on_the_day.moment("rsvp_opens"), on_the_day.moment("rsvp_closes")
    if first is None or last is None:
        return None
    if last < first:
        table.wrong("ends", f"the last day is before the first ({first}); for several days write ends = {LAST_DAY}.")
    return Times(
        all_day=True,
        starts_at=day_begins(zone, first),
        ends_at=day_begins(zone, last + dt.timedelta(days=1)),
        doors_at=None,
        rsvp_opens_at=opens,
        rsvp_closes_at=closes,
    )


class _Reader:
    """Reads the times of one table. `day` is the event's own day, once it is known."""

    def __init__(self, table: Table, zone: str, today: dt.date, day: dt.date | None) -> None:
        self._table = table
        self._zone = zone
        self._today = today
        self._day = day

    def moment(self, key: str) -> dt.datetime | None:
        """The moment under a key; None when it is missing or wrong."""
        value = self._table.raw(key)
        if value is None:
            return None
        if isinstance(value, dict):
            return self._spelled_out(key, self._table.table(key))
        if isinstance(value, dt.datetime):
            return self._fixed(key, value)
        if key == "starts" or not isinstance(value, str | dt.time):
            self._unfit(key, value)
            return None
        at = self._clock(self._table, key)
        return self._there(key, self._day, at, None)

    def day(self, key: str) -> dt.date | None:
        """The day under a key; None when it is missing or wrong."""
        value = self._table.raw(key)
        if value is None:
            return None
        if isinstance(value, dict):
            spelled = self._table.table(key)
            day = self._day_of(key, spelled)
            spelled.done()
        elif isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            day = value
        else:
            other = COUNTED_DAY if key == "starts" else LAST_DAY
            self._table.wrong(key, f"an event that lasts all day has no hours; write {FIXED[:10]} or {other}.")
            return None
        if day is not None and day.year not in YEARS:
            self._table.wrong(key, f"{day} does not fit; write a day in a year from 2000 to 2100.")
            return None
        return day

    def _fixed(self, key: str, value: dt.datetime) -> dt.datetime | None:
        if value.tzinfo is not None:
            right = f"{value.replace(tzinfo=None):%Y-%m-%dT%H:%M:%S}"
            self._table.wrong(
                key, f"times are those of the place, without an offset; write {right} if it is that there."
            )
            return None
        return self._there(key, value.date(), value.time(), None)

    def _spelled_out(self, key: str, spelled: Table) -> dt.datetime | None:
        fold = spelled.choice("fold", FOLDS)
        at = self._clock(spelled, "at")
        day = self._day_of(key, spelled)
        spelled.done()
        return self._there(key, day, at, fold)

    def _day_of(self, key: str, spelled: Table) -> dt.date | None:
        if key == "starts":
            return self._counted(spelled) if "first" in spelled or "on" not in spelled else self._on(spelled)
        return self._on(spelled) if "on" in spelled else self._near(spelled)

    def _on(self, spelled: Table) -> dt.date | None:
        day = spelled.raw("on")
        if isinstance(day, dt.date) and not isinstance(day, dt.datetime):
            return day
        spelled.wrong("on", f"this is no date; write it without quotes, such as {FIXED[:10]}.")
        return None

    def _counted(self, spelled: Table) -> dt.date | None:
        """The first such weekday at least so many days after today."""
        weekday = spelled.choice("first", WEEKDAYS)
        days = spelled.whole("after_days", least=0, most=MOST_DAYS)
        for key in ("first", "after_days"):
            if key not in spelled:
                spelled.wrong(key, f"this is missing; write {COUNTED}, or a date such as {FIXED}.")
        if weekday is None or days is None:
            return None
        earliest = self._today + dt.timedelta(days=days)
        return earliest + dt.timedelta(days=(WEEKDAYS.index(weekday) - earliest.weekday()) % 7)

    def _near(self, spelled: Table) -> dt.date | None:
        """So many days before or after the day of the event."""
        later = spelled.whole("days_later", least=0, most=MOST_DAYS) or 0
        earlier = spelled.whole("days_earlier", least=0, most=MOST_DAYS) or 0
        return self._day + dt.timedelta(days=later - earlier) if self._day else None

    def _clock(self, table: Table, key: str) -> dt.time | None:
        value = table.raw(key)
        if isinstance(value, dt.time):
            return value
        if isinstance(value, str) and CLOCK.fullmatch(value):
            return dt.time.fromisoformat(value)
        table.wrong(key, 'this is no time of day; write hours and minutes, such as "18:30".')
        return None

    def _there(self, key: str, day: dt.date | None, at: dt.time | None, fold: str | None) -> dt.datetime | None:
        """The one moment at which the clocks of the place show this; a gap or a repeated hour is asked about."""
        if day is None or at is None:
            return None
        if day.year not in YEARS or at.second or at.microsecond:
            self._table.wrong(key, f"{day} {at} does not fit; write whole minutes, in a year from 2000 to 2100.")
            return None
        local = dt.datetime.combine(day, at)
        found = moments_of(self._zone, local)
        if not found:
            self._in_gap(key, local)
            return None
        if len(found) > 1 and fold is None:
            self._twice(key, local, found)
            return None
        return found[-1] if fold == "second" else found[0]

    def _in_gap(self, key: str, local: dt.datetime) -> None:
        before, after = gap_around(self._zone, local)
        self._table.wrong(
            key,
            f"{local:%Y-%m-%d %H:%M} does not exist in {self._zone}: clocks go forward from {before:%H:%M} to "
            f"{after:%H:%M} there; write a time before or after that.",
        )

    def _twice(self, key: str, local: dt.datetime, found: tuple[dt.datetime, ...]) -> None:
        first, second = (offset_name(moment) for moment in found)
        self._table.wrong(
            key,
            f"{local:%Y-%m-%d %H:%M} comes twice in {self._zone}, as clocks go back: first at {first}, then at "
            f'{second}; write {{ on = {local:%Y-%m-%d}, at = "{local:%H:%M}", fold = "first" }}, or "second".',
        )

    def _unfit(self, key: str, value: object) -> None:
        right = f"{FIXED} or {COUNTED}" if key == "starts" else f"{SAME_DAY}, {FIXED} or {LATER}"
        quoted = " without quotes" if isinstance(value, str) else ""
        self._table.wrong(key, f"this is no date and time; write {right}{quoted}.")
