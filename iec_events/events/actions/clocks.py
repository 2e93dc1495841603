"""A state changes its clocks: what is to come stays at the hour that was announced, and so begins at another moment."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from importlib.metadata import version

import sqlalchemy as sa

from ...core.db import SiteState, atomic, db
from ...organizers.audit import note
from ...organizers.places import move_door
from ...organizers.roles import of_event
from ..models import KEPT, SKIPPED, Event, EventSeries
from ..versions import raise_sequence, said_by
from ..walls import is_shown, moved_by_clocks, note_walls, starts_by_clocks
from .rows import all_stamped, hold, is_left_out, leave_out, stamped, take_from_left_out, write
from .writing import TOLD

RULES = version("tzdata")  # from the start: what is installed later is not what this process goes by
# What says when something is; the rest of an event is not read to see whether clocks were changed.
LOOKED_AT = (
    Event.id, Event.series_id, Event.time_zone, Event.all_day, Event.walls, Event.recurs_at,
    Event.starts_at, Event.ends_at, Event.doors_at, Event.rsvp_opens_at, Event.rsvp_closes_at,
)  # fmt: skip


def follow_clocks(now: dt.datetime) -> int:
    """Move the moments of all that is to come whose hour means another one by the rules of time zones in use.

    Gives the number of events. Whoever still has older rules than times were kept by already moves nothing back.
    """
    if not note_rules():
        return 0
    return sum(_follow(ids, now) for ids in _off(now))


@atomic()
def note_rules() -> bool:
    """Whether ours are the newest rules that were in use here, from now on at least.

    Who serves pages notes it, too: times are written there, by its rules, and no worker with older ones moves them.
    """
    ours = RULES
    noted = db.session.scalar(sa.select(SiteState.tzdata).with_for_update())
    if noted != ours and (noted is None or _order(ours) > _order(noted)):
        db.session.execute(sa.update(SiteState).values(tzdata=ours))
        return True
    return noted == ours


def newer_rules() -> str | None:
    """The release of time zone rules that times here are kept by, where that is newer than ours."""
    noted = db.session.scalar(sa.select(SiteState.tzdata))
    return noted if noted is not None and _order(noted) > _order(RULES) else None


def _order(release: str) -> list[int]:
    """`2026.10` is newer than `2026.9`."""
    return [int(number) for number in re.findall(r"\d+", release)]


def _off(now: dt.datetime) -> list[list[int]]:
    """The ids of events to look at under a lock: all dates of a series together, others one by one."""
    coming = sa.select(Event).where(Event.ends_at > now)
    only = sa.orm.load_only(*LOOKED_AT)
    rules = sa.select(EventSeries).where(EventSeries.id.in_(coming.with_only_columns(Event.series_id)))
    series = {row.id: row for row in db.session.scalars(rules)}
    threads = {row.id: row.thread for row in series.values()}
    off: set[str | int] = {row.thread for row in series.values() if starts_by_clocks(row) != row.starts_at}
    parts: dict[str | int, list[int]] = {}
    for event in db.session.scalars(coming.options(only).order_by(Event.id)):
        thread = threads.get(event.series_id or 0)
        parts.setdefault(thread or event.id, []).append(event.id)
        if moved_by_clocks(event, now):
            off.add(thread or event.id)
    return [ids for part, ids in parts.items() if part in off]


@atomic()
def _follow(ids: Sequence[int], now: dt.datetime) -> int:
    """Move what of these is off; whoever saved one meanwhile was first, and whoever saves it next is told."""
    events = [event for event in hold(Event.id.in_(ids)) if event.ends_at > now]
    found = [(event, moved) for event in events if (moved := moved_by_clocks(event, now))]
    _move_in_rules([(event, moved.pop("recurs_at")) for event, moved in found if "recurs_at" in moved])
    for event, moved in found:
        if moved:
            _move(event, moved, now)
    rules = {event.series for event in events if event.series is not None}
    for series in sorted(rules, key=lambda row: row.id):
        starts_at = starts_by_clocks(series)
        if starts_at != series.starts_at or any(event.series is series for event, _moved in found):
            series.revised_at = all_stamped(series, now)
            series.sequence += 1
            series.starts_at = starts_at
    return len(found)


def _move(event: Event, moved: dict[str, dt.datetime], now: dt.datetime) -> None:
    shown, ended, said, moment = is_shown(event, moved), event.ends_at, said_by(event), stamped(event, now)
    write(event, moved)
    note_walls(event, moved)
    event.revised_at = moment
    event.clocks = KEPT if shown else SKIPPED
    note("event.clocks-followed", f"event:{event.slug}", now=now)
    if moved.keys() & TOLD:
        raise_sequence(event, said, now)
    move_door(of_event(event.slug), later=event.ends_at - ended)


def _move_in_rules(dates: Sequence[tuple[Event, dt.datetime]]) -> None:
    """No two dates of a rule may be at one moment, not even while they go by turns; what was taken out stays so."""
    out = {event.id for event, _moment in dates if is_left_out(event)}
    for event, _moment in dates:
        take_from_left_out(event)
        event.recurs_at = None
    db.session.flush()
    for event, moment in dates:
        event.recurs_at = moment
        if event.id in out:
            leave_out(event)
    db.session.flush()
