"""What an event said under its former SEQUENCEs, and how one version differs from another for one reader."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from ..core.db import db
from ..core.i18n import _
from .models import Event, EventVersion, Wall
from .views import EventView
from .walls import meant

MOMENTS = ("starts_at", "ends_at")
SAID = (
    *MOMENTS, "all_day", "time_zone", "venue", "street", "city", "region", "country", "online_url", "address_hidden",
    "status",
)  # fmt: skip
CALLED_OFF = frozenset({"cancelled", "draft"})  # a page that was withdrawn is one for those who signed up
What = Literal["time", "place", "online"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that is other than it was, as this reader may know both; `old` or `new` may be empty."""

    what: What
    old: str
    new: str


def said_by(event: Event) -> dict[str, Any]:
    """What the event says now of all that one is told of, as JSON holds it; city names in all languages."""
    said = {name: getattr(event, name) for name in SAID}
    cities = {code: texts["city_name"] for code, texts in event.texts.items() if texts.get("city_name")}
    walls = {name: wall for name, wall in event.walls.items() if name in MOMENTS}
    return {**said, **{name: said[name].isoformat() for name in MOMENTS}, "walls": walls, "city_names": cities}


def as_said(event: Event, said: dict[str, Any], *, in_utc: bool = False) -> Event:
    """The event as it was, an object of its own, in no session; what is hidden now is so there, too.

    Its hours are those on the wall that were told, whatever a state made of its clocks since: those stay. `in_utc`: to
    this reader they were told in UTC, so that they did not.
    """
    columns = {**said, **{name: dt.datetime.fromisoformat(said[name]) for name in MOMENTS}}
    walls: dict[str, Wall] = columns.pop("walls", {})
    if said["all_day"] or not in_utc:
        for name, wall in walls.items():
            columns[name] = meant(columns[name], wall, said["time_zone"], day=said["all_day"])
    cities: dict[str, str] = columns.pop("city_names")
    texts = {code: {**words, "city_name": cities.get(code, "")} for code, words in event.texts.items()}
    columns["address_hidden"] |= event.address_hidden
    return Event(slug=event.slug, texts=texts, **columns)


def raise_sequence(event: Event, before: dict[str, Any], now: dt.datetime) -> None:
    """Count the event's SEQUENCE up, once it says something else than `before`; every verb that does so calls this."""
    if event.published_at is not None:  # nobody knows of what was never published
        db.session.add(EventVersion(event_id=event.id, sequence=event.sequence, said=before, until=now))
    event.sequence += 1


def versions_since(event_id: int, sequence: int) -> list[EventVersion]:
    """What the event said under this SEQUENCE and later ones, oldest first; none where it says so still."""
    mine = sa.select(EventVersion).where(EventVersion.event_id == event_id, EventVersion.sequence >= sequence)
    return list(db.session.scalars(mine.order_by(EventVersion.sequence)))


def differences(old: EventView, new: EventView) -> tuple[Change, ...]:
    """What changed for a reader, in the language being spoken; a place they may not know is in none of it."""
    found = (
        Change(what="place", old=_where(old), new=_where(new)),
        Change(what="online", old=old.online_url or "", new=new.online_url or ""),
    )
    return (*_time(old, new), *(change for change in found if change.old != change.new))


def _time(old: EventView, new: EventView) -> tuple[Change, ...]:
    """Another moment may show the same on the clocks there, as when the time zone was wrong: then Tehran's tell."""
    compared = (*MOMENTS, "all_day")
    if [getattr(old.event, name) for name in compared] == [getattr(new.event, name) for name in compared]:
        return ()
    before, after = _when(old), _when(new)
    if before == after:
        before, after = f"{before}; {old.when.tehran_text}", f"{after}; {new.when.tehran_text}"
    return (Change(what="time", old=before, new=after),)


def _when(view: EventView) -> str:
    when = view.when
    return _("%(date)s, %(time)s (%(zone)s)", date=when.both_text, time=when.time_text, zone=when.zone_label)


def _where(view: EventView) -> str:
    return view.place.line_in_letters or (_("Online") if view.event.online_url and not view.event.city else "")
