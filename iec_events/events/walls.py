"""What the clocks of a place showed when a time was written, kept beside its moment: that is what was announced.

A state that changes its clocks makes another moment of the same hour on the wall (docs/decisions/0015). A wall is a
naive time in ISO 8601 and which of two it is (`fold`, PEP 495). It is noted here, and nowhere else, whenever a moment
or its zone is written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import object_session

from ..core.db import changed
from .drafts import day_begins
from .models import Event, EventSeries, Wall

DAYS = frozenset({"starts_at", "ends_at"})  # of an event that lasts all day these are days
MOMENTS = ("starts_at", "ends_at", "doors_at", "rsvp_opens_at", "rsvp_closes_at")


def wall_of(moment: dt.datetime, time_zone: str) -> Wall:
    """What the clocks of a zone show at a moment, by the rules of today."""
    local = moment.astimezone(ZoneInfo(time_zone))
    return [local.replace(tzinfo=None, fold=0).isoformat(), local.fold]


def meant(moment: dt.datetime, wall: Wall | None, time_zone: str, *, day: bool = False) -> dt.datetime:
    """The moment in UTC that a wall means by the rules of today; `moment` is what it meant when it was noted.

    A time that the clocks skip by now is as far behind the gap as `zoneinfo` puts it. `day`: what begins then is a day.
    """
    if wall is None or wall_of(moment, time_zone) == wall:
        return moment
    text, fold = wall
    local = dt.datetime.fromisoformat(text)
    there = day_begins(time_zone, local.date()) if day else local.replace(tzinfo=ZoneInfo(time_zone), fold=fold)
    return there.astimezone(dt.UTC)


def moved_by_clocks(event: Event, now: dt.datetime) -> dict[str, dt.datetime]:
    """Column -> the moment that it means by the rules of today, where these show another hour; what is past stays."""
    found = {}
    for name, (zone, day) in _clocks(event).items():
        before, wall = getattr(event, name), event.walls.get(name)
        if before is not None and wall is not None and (shown := wall_of(before, zone)) != wall:
            after = meant(before, wall, zone, day=day)
            stays = after == before and shown[0] == wall[0]  # the hour came twice, and comes once by now
            if not stays and max(before, after) > now:
                found[name] = after
    return _in_order(event, found)


def starts_by_clocks(series: EventSeries) -> dt.datetime:
    """When a series begins by the rules of today."""
    all_day = bool(series.pattern.get("all_day"))
    return meant(series.starts_at, series.walls.get("starts_at"), series.time_zone, day=all_day)


def is_shown(event: Event, moments: dict[str, dt.datetime]) -> bool:
    """Whether at these moments the clocks show what was announced; not where they skip it by now."""
    clocks = _clocks(event)
    for name, moment in moments.items():
        zone, day = clocks[name]
        wall = event.walls.get(name)
        if wall is not None:
            shown, told = (dt.datetime.fromisoformat(text) for text in (wall_of(moment, zone)[0], wall[0]))
            if shown.date() != told.date() or (shown != told and not day):
                return False
    return True


def note_walls(event: Event, names: Iterable[str]) -> None:
    """Note what the clocks show at these moments of an event; every writing of one does so by itself."""
    _note_walls(event, {name: zone for name, (zone, _day) in _clocks(event).items()}, set(names))


def _in_order(event: Event, found: dict[str, dt.datetime]) -> dict[str, dt.datetime]:
    """An end that is not behind its start any more, or doors that are, go along with the start."""
    starts = found.get("starts_at", event.starts_at)
    later = starts - event.starts_at
    if found.get("ends_at", event.ends_at) <= starts:
        found["ends_at"] = event.ends_at + later
    if event.doors_at is not None and found.get("doors_at", event.doors_at) > starts:
        found["doors_at"] = event.doors_at + later
    return found


def _clocks(event: Event) -> dict[str, tuple[str, bool]]:
    """Column -> the zone whose clocks it is told by, and whether it is a day."""
    own = {name: (event.time_zone, event.all_day and name in DAYS) for name in MOMENTS}
    series = _series_of(event)
    if series is None:
        return own
    return {**own, "recurs_at": (series.time_zone, bool(series.pattern.get("all_day")))}


def _series_of(event: Event) -> EventSeries | None:
    """Also while the event is being written, when no relation is loaded by itself."""
    loaded: EventSeries | None = sa.inspect(event).dict.get("series")
    session = object_session(event)
    if loaded is not None or event.series_id is None or session is None:
        return loaded
    return session.get(EventSeries, event.series_id)


@sa.event.listens_for(Event, "before_insert")
@sa.event.listens_for(Event, "before_update")
def _note_walls_of_event(_mapper: object, _connection: object, event: Event) -> None:
    written = changed(event) & {*MOMENTS, "recurs_at", "time_zone", "series_id"}
    if written:
        again = set(MOMENTS) if "time_zone" in written else set()
        note_walls(event, written | again | ({"recurs_at"} if "series_id" in written else set()))


@sa.event.listens_for(EventSeries, "before_insert")
@sa.event.listens_for(EventSeries, "before_update")
def _note_walls_of_series(_mapper: object, _connection: object, series: EventSeries) -> None:
    if changed(series) & {"starts_at", "time_zone"}:
        _note_walls(series, {"starts_at": series.time_zone}, {"starts_at"})


def _note_walls(row: Event | EventSeries, clocks: dict[str, str], names: set[str]) -> None:
    walls: dict[str, Any] = {name: wall for name, wall in (row.walls or {}).items() if name in clocks}
    for name in names & clocks.keys():
        moment = getattr(row, name)
        if moment is None:
            walls.pop(name, None)
        else:
            walls[name] = wall_of(moment, clocks[name])
    row.walls = walls
