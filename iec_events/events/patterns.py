"""What the dates of a series have in common: taken from one date, given to another, changed for all but the odd ones.

A pattern is an event's draft without its moments; these are kept as minutes from the start on the clocks of the place.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from .drafts import EventDraft, columns_of, day_begins
from .models import Event, EventSeries
from .recurrence import Course, minutes_after, on_the_wall, rule_of, shifted

MOMENTS = ("ends_at", "doors_at", "rsvp_opens_at", "rsvp_closes_at")
MINUTES_A_DAY = 24 * 60
HALF_A_DAY = dt.timedelta(hours=12)
# What calendars say nothing of: a date that differs in these only is as its rule has it.
UNTOLD = frozenset(
    {
        "capacity",
        "largest_party",
        "keep_days",
        "hold_hours",
        "offer_hours",
        "confirms_address",
        "asks_companions",
        "asks_children",
        "puzzle",
        "listed",
        "reminders",
        "thanks",
        "rsvp_opens_at",
        "rsvp_closes_at",
    }
)
Key = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """`columns` without moments and zone; `offsets`: name of a moment -> minutes after the start."""

    columns: dict[str, Any]
    offsets: dict[str, int]

    def draft(self, start: dt.datetime, time_zone: str) -> EventDraft:
        """The date that begins at this moment."""
        moments = {name: self._moment(name, start, time_zone) for name in self.offsets}
        return EventDraft(**self.columns, **moments, time_zone=time_zone, starts_at=start)  # type: ignore[arg-type]

    def flat(self) -> dict[Key, Any]:
        """Every single thing that can be changed by itself, each text in each language among them."""
        texts = self.columns["texts"]
        return {
            **{("columns", name): value for name, value in self.columns.items() if name != "texts"},
            **{("texts", code, key): text for code, said in texts.items() for key, text in said.items()},
            **{("offsets", name): minutes for name, minutes in self.offsets.items()},
        }

    def _moment(self, name: str, start: dt.datetime, time_zone: str) -> dt.datetime:
        minutes = self.offsets[name]
        if name == "ends_at" and self.columns["all_day"]:
            day = on_the_wall(start, time_zone).date() + dt.timedelta(minutes=minutes)
            return day_begins(time_zone, day).astimezone(dt.UTC)
        return shifted(start, minutes, time_zone)


def pattern_of(draft: EventDraft) -> Pattern:
    """What other dates are to have of this one."""
    columns = columns_of(draft)
    moments = {name: moment for name in MOMENTS if (moment := columns.pop(name)) is not None}
    start, zone = columns.pop("starts_at"), columns.pop("time_zone")
    offsets = {name: minutes_after(start, moment, zone) for name, moment in moments.items()}
    if draft.all_day:  # days, also where midnight is skipped
        days = on_the_wall(draft.ends_at, zone).date() - on_the_wall(start, zone).date()
        offsets["ends_at"] = days.days * MINUTES_A_DAY
    return Pattern(columns=columns, offsets=offsets)


def kept_pattern(series: EventSeries) -> Pattern:
    """The pattern of a series; what later versions ask of every event has its default there."""
    return Pattern(columns=series.pattern, offsets=series.offsets)


def course_of(series: EventSeries) -> Course:
    """The rule of a series with its beginning and end."""
    return Course(
        rule=rule_of(series.rule),
        time_zone=series.time_zone,
        first=on_the_wall(series.starts_at, series.time_zone),
        until=series.until_on,
        all_day=bool(series.pattern.get("all_day")),
    )


def wall_by_rule(event: Event, series: EventSeries) -> dt.datetime:
    """When the rule puts this date, on the clocks of the place, naive.

    A date is kept as a moment, a rule speaks of clocks: where a state changes these afterwards, the two part.
    """
    wall = on_the_wall(event.recurs_at or event.starts_at, series.time_zone)
    course = course_of(series)
    if course.all_day:
        return wall
    after_midnight = course.first - dt.datetime.combine(course.first.date(), dt.time())
    day = (wall - after_midnight + HALF_A_DAY).date()  # the nearest, also where the clocks went over midnight
    return dt.datetime.combine(day, course.first.time())


def changes(before: Pattern, after: Pattern) -> dict[Key, Any]:
    """What differs, with its new value; None for what is not there any more."""
    old, new = before.flat(), after.flat()
    return {key: new.get(key) for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def with_changes(mine: Pattern, told: dict[Key, Any], usual: Pattern | None = None) -> Pattern:
    """A pattern with these changes; where it differed from the `usual` one already, it stays as it is."""
    flat = mine.flat()
    known = (usual or mine).flat()
    for key, value in told.items():
        if flat.get(key) == known.get(key):
            flat[key] = value
    texts: dict[str, dict[str, str]] = {}
    for key, value in flat.items():
        if key[0] == "texts" and value:
            texts.setdefault(key[1], {})[key[2]] = value
    columns = {key[1]: value for key, value in flat.items() if key[0] == "columns"}
    offsets = {key[1]: value for key, value in flat.items() if key[0] == "offsets" and value is not None}
    return Pattern(columns={**columns, "texts": texts}, offsets=offsets)


def is_usual(event: Event, series: EventSeries) -> bool:
    """Whether calendars can say all of this date by the rule of its series."""
    if event.recurs_at != event.starts_at or event.status != "published" or event.campaign_id != series.campaign_id:
        return False
    draft = kept_pattern(series).draft(event.starts_at, series.time_zone)
    columns = columns_of(draft)
    return not event.under_attack and all(
        getattr(event, name) == value for name, value in columns.items() if name not in UNTOLD
    )
