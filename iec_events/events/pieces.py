"""Pieces of what a page shows of an event: its picture, an item of its programme, the series that it belongs to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from .models import Event, EventSeries, Image
from .patterns import course_of
from .rule_words import course_words
from .series_queries import current_series, is_listed
from .times import local_text


@dataclass(frozen=True, kw_only=True)
class ImageView:
    """A picture and the words that stand for it."""

    url: str
    alt: str
    width: int
    height: int
    srcset: str = ""


@dataclass(frozen=True)
class ProgrammeView:
    """One item of the evening, with the languages that its texts are really in."""

    time: str | None
    title: str
    title_locale: str
    note: str | None
    note_locale: str


@dataclass(frozen=True)
class Again:
    """The series of a date, in one language."""

    event: Event
    series: EventSeries
    recurs_at: dt.datetime
    locale: str

    @cached_property
    def slug(self) -> str:
        """The name of its page in addresses."""
        latest = current_series(self.event)
        return str(latest.slug) if latest else ""

    @cached_property
    def words(self) -> str:
        """Its rule: `Every Tuesday at 6 pm`."""
        return course_words(course_of(self.series), self.locale)

    @property
    def is_told(self) -> bool:
        """Whether the date may tell of it: one that stands in lists gives none away that is found by its link only."""
        return is_listed(self.series) or not self.event.listed

    @property
    def moved_from(self) -> str | None:
        """When its rule put the date, if that was moved."""
        if self.recurs_at == self.event.starts_at:
            return None
        return local_text(self.recurs_at, self.series.time_zone, self.locale)


def image_view(image: Image, alt: str) -> ImageView:
    """A picture with the words that stand for it, in all its sizes."""
    smaller = [(f"/images/{image.name}/{width}.webp", width) for width in sorted(image.widths)]
    return ImageView(
        url=f"/images/{image.name}.webp",
        alt=alt,
        width=image.width,
        height=image.height,
        srcset=", ".join(f"{url} {width}w" for url, width in smaller),
    )
