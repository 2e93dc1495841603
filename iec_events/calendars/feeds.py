"""A calendar as it is handed out: its VEVENTs joined, under a name, with the time of its last change."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..core.config import settings
from ..core.i18n import LocaleCode, _
from ..events.queries import public_campaign, public_event
from ..events.series_queries import any_series, is_listed, public_series
from ..events.series_views import series_view
from ..events.views import CampaignView, EventView
from .actions import keep_vevents, note_feed
from .cities import city_by_slug
from .ical import calendar_bytes, zones_of
from .queries import (
    Contents,
    contents_of_campaign,
    contents_of_city,
    contents_of_event,
    contents_of_everything,
    contents_of_series,
    feed_changed_at,
)
from .views import PAST, UPCOMING

REFRESH = dt.timedelta(hours=6)
COLOR = "crimson"


@dataclass(frozen=True, slots=True)
class Document:
    """A calendar's octets, its names for people and for files, when it last changed; whether it is to be found."""

    octets: bytes
    title: str
    file_name: str
    changed_at: dt.datetime
    listed: bool = True


def everything(locale: LocaleCode, now: dt.datetime, window: str = "") -> Document:
    """Every public event, of all times or of a window."""
    title = _titled(_("%(site)s: all events", site=settings().mail_name), window)
    description = _("Every event, with its changes and cancellations.")
    contents = _complete(lambda: contents_of_everything(locale, now, window), locale, now)
    octets = _joined(contents, locale, title, description)
    return _document(_named("everything", window), octets, locale, now, title=title, file_name=window or "calendar")


def of_campaign(slug: str, locale: LocaleCode, now: dt.datetime, window: str = "") -> Document:
    """The public events of a published campaign; CampaignUnknown."""
    campaign = CampaignView(public_campaign(slug), locale)
    number, title, description = campaign.campaign.id, _titled(campaign.title, window), campaign.summary
    contents = _complete(lambda: contents_of_campaign(number, locale, now, window), locale, now)
    octets = _joined(contents, locale, title, description)
    return _document(_named(f"campaign {number}", window), octets, locale, now, title=title, file_name=slug)


def of_city(slug: str, locale: LocaleCode, now: dt.datetime, window: str = "") -> Document:
    """The public events in a city; CityUnknown."""
    city = city_by_slug(slug, locale)
    title = _titled(_("%(site)s: %(city)s", site=settings().mail_name, city=city.name), window)
    description = _("Every event in %(city)s, with its changes and cancellations.", city=city.name)
    contents = _complete(lambda: contents_of_city(city, locale, now, window), locale, now)
    octets = _joined(contents, locale, title, description)
    file_name = slug if slug.isascii() else "city"
    return _document(_named(f"city {slug}"[:80], window), octets, locale, now, title=title, file_name=file_name)


def of_event(slug: str, locale: LocaleCode, now: dt.datetime) -> Document:
    """One public event; EventUnknown, or EventGone when it was withdrawn."""
    event = public_event(slug)
    number, title, listed = event.id, EventView(event, locale, now).title, event.listed
    contents = _complete(lambda: contents_of_event(number, locale), locale, now)
    made = _document(f"event {number}", _joined(contents, locale), locale, now, title=title, file_name=slug)
    return replace(made, listed=listed)


def of_series(slug: str, locale: LocaleCode, now: dt.datetime) -> Document:
    """A series with all its dates that strangers see; SeriesUnknown, or EventGone when all were withdrawn."""
    series, dates = public_series(slug)
    view = series_view(series, dates, locale, now)
    title, description, listed = view.title, view.whole_words, is_listed(series)
    contents = _complete(lambda: contents_of_series(any_series(slug), locale, now), locale, now)
    octets = _joined(contents, locale, title, description)
    made = _document(f"series {series.thread}", octets, locale, now, title=title, file_name=slug)
    return replace(made, listed=listed)


def _titled(title: str, window: str) -> str:
    if window == UPCOMING:
        return _("%(calendar)s – what is to come", calendar=title)
    if window == PAST:
        return _("%(calendar)s – what has been", calendar=title)
    return title


def _named(name: str, window: str) -> str:
    return f"{name} {window}".rstrip()


def _complete(ask: Callable[[], Contents], locale: LocaleCode, now: dt.datetime) -> Contents:
    """Ask what a calendar holds, and once more when some VEVENTs had to be made first."""
    found = ask()
    missing = [number for number, body in found.vevents if body is None]
    if not missing:
        return found
    keep_vevents(event_ids=missing, locale=locale, now=now)
    return ask()


def _joined(contents: Contents, locale: str, title: str = "", description: str = "") -> bytes:
    return calendar_bytes(
        name=title,
        description=description,
        color=COLOR if title else "",
        refresh=REFRESH if title else None,
        zones=zones_of(contents.spans),
        vevents=[body for _number, body in contents.vevents if body is not None],
        locale=locale,
    )


def _document(name: str, octets: bytes, locale: str, now: dt.datetime, *, title: str, file_name: str) -> Document:
    digest = hashlib.sha256(octets).hexdigest()[:32]
    changed_at = feed_changed_at(name, locale, digest)
    if changed_at is None:
        changed_at = note_feed(name=name, locale=locale, digest=digest, now=now)
    return Document(octets, title, file_name, changed_at)
