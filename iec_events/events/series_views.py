"""What a page or a calendar shows of a series: what its dates have in common, its rule in words, the dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from ..core.urls import public_url
from .drafts import EventDraft
from .models import Event, EventSeries, Image
from .patterns import course_of, kept_pattern
from .pieces import ImageView, image_view
from .recurrence import on_the_wall
from .rule_words import course_words, until_words
from .series_queries import current_series
from .times import zone_label
from .views import CampaignView, EventView

SPOT = ("venue", "street", "city", "latitude", "longitude", "online_url")
Shown = TypeVar("Shown", bound=EventView)


@dataclass(frozen=True, kw_only=True)
class SeriesView(EventView):
    """A series in one language: its `event` stands for a date as the rule has it, and is in no session."""

    series: EventSeries
    address: str
    picture: Image | None = None
    last: dt.date

    @property
    def slug(self) -> str:
        """Its name in addresses."""
        return self.address

    @cached_property
    def words(self) -> str:
        """`Every Tuesday at 6 pm`."""
        return course_words(course_of(self.series), self.locale)

    @cached_property
    def whole_words(self) -> str:
        """`Every Tuesday at 6 pm, until Tuesday 30 March 2027`."""
        return until_words(self.words, self.last, self.locale)

    @property
    def zone_text(self) -> str:
        """Whose clocks these are."""
        return zone_label(self.city, self.series.time_zone, self.locale)

    @property
    def image(self) -> ImageView | None:
        """Its picture."""
        return image_view(self.picture, self._text("image_alt")) if self.picture else None

    @property
    def campaign(self) -> CampaignView | None:
        """The campaign it belongs to, if strangers may see it."""
        found = self.series.campaign
        return CampaignView(found, self.locale) if found is not None and found.published else None

    @property
    def url(self) -> str:
        """Its absolute public address."""
        return public_url("front.series", locale=self.locale, slug=self.slug)


def series_view(series: EventSeries, dates: Sequence[Event], locale: str, now: dt.datetime, **said: Any) -> SeriesView:
    """The series as these of its dates show it; `said` are columns of an event that are other than usual."""
    first, last = dates[0], dates[-1]
    start = first.recurs_at or first.starts_at
    draft = kept_pattern(series).draft(start, series.time_zone)
    columns = {
        **vars(draft),
        "status": "published",
        "slug": series.slug or "",
        "uid": series.uid,
        "sequence": series.sequence,
        "created_at": series.created_at,
        "revised_at": series.revised_at,
        "address_hidden": draft.address_hidden or _hide_place(dates, draft),
        "under_attack": False,
        "closed_early": False,
        "seats_taken": 0,
        "availability": "",
    }
    own = [event for event in dates if event.series_id == series.id] or [last]
    current = series if series.slug else current_series(first)
    pictures = (one.image for one in dates if one.image_name == draft.image_name)
    return SeriesView(
        Event(**columns | said),
        locale,
        now,
        series=series,
        address=str(current.slug) if current else "",
        picture=next(pictures, None) if draft.image_name else None,
        last=on_the_wall(own[-1].recurs_at or own[-1].starts_at, series.time_zone).date(),
    )


def _hide_place(dates: Sequence[Event], draft: EventDraft) -> bool:
    """Whether some of these dates hide the place, and none that is there tells it."""
    tells = any(not event.address_hidden and _spot(event) == _spot(draft) for event in dates)
    return not tells and any(event.address_hidden for event in dates)


def _spot(what: Event | EventDraft) -> tuple[object, ...]:
    return tuple(getattr(what, name) for name in SPOT)


def rules_told(dates: Iterable[Event], locale: str) -> list[str]:
    """Each rule by which some of these dates are, with its end, in the order of time."""
    groups: dict[int, list[Event]] = {}
    for event in dates:
        groups.setdefault(event.series_id or 0, []).append(event)
    told = []
    for group in groups.values():
        series = group[0].series
        if series is not None:
            last = max(on_the_wall(event.recurs_at or event.starts_at, series.time_zone) for event in group).date()
            told.append(until_words(course_words(course_of(series), locale), last, locale))
    return told


def one_of_each(views: Iterable[Shown]) -> list[Shown]:
    """Of every series the first of these views only; whatever happens once stays."""
    shown = list(views)
    first = {event.id for event in first_of_each(view.event for view in shown)}
    return [view for view in shown if view.event.id in first]


def first_of_each(events: Iterable[Event]) -> list[Event]:
    """Of every series the first of these events only; whatever happens once stays."""
    found: dict[object, Event] = {}
    for event in events:
        found.setdefault(event.series.thread if event.series is not None else event.id, event)
    return list(found.values())
