"""Rows of what comes again: the dates that a rule has, made like one event, with names of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from uuid import uuid4

import sqlalchemy as sa

from ...core.config import settings
from ...core.db import db
from ...core.errors import Refusal
from ...core.i18n import _, _l, format_number
from ...organizers.places import copy_roles
from ...organizers.roles import of_event
from ..drafts import EventDraft
from ..models import Event, EventSeries, Image
from ..patterns import Pattern, kept_pattern
from ..recurrence import LONGEST_AHEAD, MOST_DATES, Course
from ..seats import availability
from ..slugs import LONGEST_OF_SERIES, is_secret, numbered, with_tail
from .rows import after, free_slug
from .writing import revise_event

NUMBERED = len("-99")
Also = Callable[[int, Sequence[int]], None]  # (event id, ids of its copies): what other rooms copy along


class RuleRefused(Refusal):
    """A rule that has no dates, or too many; `field` names what the sentence is about."""

    status: ClassVar[int] = 422

    def __init__(self, field: str, message: object) -> None:
        super().__init__(field)
        self.field = field
        self.message = message


def checked(course: Course, *, now: dt.datetime, least: int = 2) -> list[dt.datetime]:
    """The dates of a course; RuleRefused where there are too many, too far ahead, or fewer than `least`."""
    if course.until > max(course.first.date(), now.date()) + LONGEST_AHEAD:
        raise RuleRefused("until", _l("Dates can be made for eighteen months ahead. Please choose an earlier end."))
    moments = course.moments()
    if len(moments) < least:
        raise RuleRefused("until", _l("By this rule there would be no second date. Please choose a later end."))
    if len([moment for moment in moments if moment > now]) > MOST_DATES:
        sentence = _("That would be more than %(most)s dates. Please choose an earlier end.")
        raise RuleRefused("until", sentence % {"most": format_number(MOST_DATES)})
    return moments


def stretches(series: EventSeries) -> Sequence[EventSeries]:
    """Every rule that the series has had."""
    return db.session.scalars(
        sa.select(EventSeries).where(EventSeries.thread == series.thread).order_by(EventSeries.id)
    ).all()


def place_date(event: Event, series: EventSeries, moment: dt.datetime) -> None:
    """Let this event be the date of this moment."""
    event.series = series
    event.recurs_at = moment.astimezone(dt.UTC)


def write_date(event: Event, draft: EventDraft, now: dt.datetime) -> None:
    """Say of a date what the draft says; who signed up is told if that is another time."""
    campaign = event.campaign.slug if event.campaign else None
    db.session.flush()
    revise_event(slug=event.slug, draft=draft, campaign_slug=campaign, now=now)


def make_dates(
    series: EventSeries,
    moments: Sequence[dt.datetime],
    names: Sequence[str],
    *,
    like: Event,
    also: Also | None,
    now: dt.datetime,
) -> None:
    """Add dates as drafts; whoever has a role for the one they are like has it for them."""
    if not moments:
        return
    made, pattern, second = [], kept_pattern(series), after(None, now)
    picture = pattern.columns["image_name"]
    if picture and db.session.get(Image, picture) is None:  # it was taken from each date alone, and erased
        pattern = replace(pattern, columns=pattern.columns | {"image_name": None})
    for moment, name in zip(moments, names, strict=True):
        draft = pattern.draft(moment.astimezone(dt.UTC), series.time_zone)
        event = Event(
            uid=f"{uuid4()}@{settings().host}",
            slug=name,
            campaign_id=series.campaign_id,
            series_id=series.id,
            recurs_at=moment.astimezone(dt.UTC),
            status="draft",
            availability=availability(draft.capacity, 0),
            created_at=second,
            revised_at=second,
            **_columns(pattern, draft),
        )
        made.append(event)
    db.session.add_all(made)
    db.session.flush()
    copy_roles(of_event(like.slug), [of_event(event.slug) for event in made])
    if also is not None:
        also(like.id, [event.id for event in made])


def _columns(pattern: Pattern, draft: EventDraft) -> dict[str, Any]:
    moments = {name: getattr(draft, name) for name in ("starts_at", "time_zone", *pattern.offsets)}
    return {**pattern.columns, **moments}


def series_slug(stem: str, *, secret: bool) -> str:
    """A free name for a series; with a random tail where it is found by its link only."""
    stem = stem[:LONGEST_OF_SERIES].rstrip("-")
    if secret:
        return with_tail(stem)
    return free_slug(EventSeries, None, stem)


def date_slugs(series: EventSeries, days: Sequence[dt.date]) -> list[str]:
    """`vigil-2027-02-02`; with a random tail where the series is found by its link only."""
    slug = str(series.slug)
    secret = not series.pattern.get("listed", True)
    stem = slug.rpartition("-")[0] if is_secret(slug) else slug
    stem = stem[: LONGEST_OF_SERIES - NUMBERED].rstrip("-")
    taken = set(db.session.scalars(sa.select(Event.slug).where(Event.slug.startswith(stem, autoescape=True))))
    found = []
    for day in days:
        name = f"{stem}-{day.isoformat()}"
        name = with_tail(name) if secret else numbered(name, taken)
        taken.add(name)
        found.append(name)
    return found
