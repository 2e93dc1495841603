"""An event as calendars take it, and the addresses of the buttons beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..core.config import settings
from ..core.i18n import _
from ..core.urls import public_url
from ..events.patterns import wall_by_rule
from ..events.series_queries import is_listed
from ..events.series_views import SeriesView
from ..events.views import CampaignView, EventView
from .cities import City
from .clean import ascii_url, is_web_address
from .entry import CalendarEvent, Status
from .links import google_subscribe_url, google_url, outlook_subscribe_url, outlook_url, webcal_url, yahoo_url
from .plain import plain_text

MOST_CHARACTERS = 4000
UPCOMING, PAST = "upcoming", "past"  # windows of calendars
STATUS: dict[str, Status] = {
    "published": "confirmed",
    "cancelled": "cancelled",
    "postponed": "postponed",
    "draft": "cancelled",
}


@dataclass(frozen=True, kw_only=True)
class CalendarButtons:
    """Where the buttons lead: a download, a subscription (webcal and the https address), and large providers.

    Yahoo takes single events by such an address, and no feeds.
    """

    download_url: str
    webcal_url: str
    https_url: str
    google_url: str
    outlook_url: str
    office_url: str
    yahoo_url: str | None = None


def calendar_event(view: EventView) -> CalendarEvent:
    """What the event's VEVENT says, in the language being spoken: what the view's reader may know, nothing private."""
    event = view.event
    chosen = settings()
    geo = (view.latitude, view.longitude) if view.latitude is not None and view.longitude is not None else None
    return CalendarEvent(
        **_identity(view),
        stamp=_stamp(view),
        created=event.created_at,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        time_zone=event.time_zone,
        all_day=event.all_day,
        status=STATUS[event.status],
        title=_title(view),
        description=_description(view),
        url=view.url,
        locale=view.locale,
        location=view.place_line or _("Online"),
        venue_title=view.venue,
        geo=geo,
        image_url=f"{chosen.public_url}{view.image.url}" if view.image else None,
        conference_url=view.online_url if is_web_address(view.online_url or "") else None,
        categories=(view.campaign.title,) if view.campaign else (),
        organizer_name=chosen.mail_name,
        organizer_email=chosen.mail_from,
    )


def _identity(view: EventView) -> dict[str, Any]:
    """UID and SEQUENCE; those of a date are its series', which tells it by RECURRENCE-ID.

    SEQUENCE counts the changes of both, so that no date is told by an older one than its series.
    """
    event, series = view.event, view.event.series
    if series is None or event.recurs_at is None:
        return {"uid": event.uid, "sequence": event.sequence}
    return {
        "uid": series.uid,
        "sequence": event.sequence + series.sequence,
        "recurrence_id": wall_by_rule(event, series),
        "series_zone": series.time_zone,
        "series_days": bool(series.pattern.get("all_day")),
    }


def event_buttons(view: EventView) -> CalendarButtons:
    """The buttons beside an event; one subscribes to its series or campaign, where changes and other events arrive too.

    They lead to other people's servers and to what everyone may read: a hidden place is never in them. An event that is
    not listed stands in no feed but its own.
    """
    told = calendar_event(replace(view, entitled=False))
    own = public_url("calendars.event", locale=view.locale, slug=view.slug)
    feed = _feed(view.campaign, view.locale) if view.listed else own
    if view.again is not None and view.listed == is_listed(view.again.series):  # else it does not stand in that one
        feed = public_url("calendars.series", locale=view.locale, slug=view.again.slug)
    return CalendarButtons(
        download_url=own,
        webcal_url=webcal_url(feed),
        https_url=feed,
        google_url=google_url(told),
        outlook_url=outlook_url(told),
        office_url=outlook_url(told, "office"),
        yahoo_url=yahoo_url(told),
    )


def campaign_buttons(view: CampaignView) -> CalendarButtons:
    """The buttons beside a campaign: its feed."""
    feed = _feed(view, view.locale)
    return CalendarButtons(
        download_url=feed,
        webcal_url=webcal_url(feed),
        https_url=feed,
        google_url=google_subscribe_url(feed),
        outlook_url=outlook_subscribe_url(feed, view.title),
        office_url=outlook_subscribe_url(feed, view.title, "office"),
    )


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A calendar that one can subscribe to."""

    name: str
    webcal_url: str
    https_url: str


def choices(campaigns: Iterable[CampaignView], locale: str) -> list[Choice]:
    """What is to come everywhere, and each campaign."""
    soon = _choice(_("Everything that is to come"), public_url("calendars.everything", locale=locale, window=UPCOMING))
    return [soon, *(_choice(one.title, _feed(one, locale)) for one in campaigns)]


def city_choices(found: Iterable[City], locale: str) -> list[Choice]:
    """What is to come in each city."""
    return [
        _choice(city.name, public_url("calendars.city", locale=locale, slug=city.slug, window=UPCOMING))
        for city in found
    ]


def _choice(name: str, feed: str) -> Choice:
    return Choice(name=name, webcal_url=webcal_url(feed), https_url=ascii_url(feed))


def _feed(campaign: CampaignView | None, locale: str) -> str:
    if campaign is None:
        return public_url("calendars.everything", locale=locale)
    return public_url("calendars.campaign", locale=locale, slug=campaign.slug)


def _title(view: EventView) -> str:
    if view.status in {"cancelled", "draft"}:
        return _("Cancelled: %(title)s", title=view.title)
    if view.status == "postponed":
        return _("Postponed: %(title)s", title=view.title)
    return view.title


def _stamp(view: EventView) -> dt.datetime:
    """When anything that the VEVENT says was last changed: the name of its campaign is in it, the UID of its series."""
    event = view.event
    return max(row.revised_at for row in (event, event.campaign, event.series) if row is not None)


def _description(view: EventView) -> str:
    """Dates first: in Farsi the Jalali day, then the clocks of the place and Tehran's; then what the event is."""
    dates = view.whole_words if isinstance(view, SeriesView) else _dates(view)
    programme = "\n".join(f"{item.time} · {item.title}" if item.time else item.title for item in view.programme)
    about = plain_text(view.description)
    summary = "" if about.startswith(view.summary) else view.summary
    parts = (dates, _news(view), summary, _shortened(about), programme, view.accessibility or "", _practical(view))
    return "\n\n".join(part for part in parts if part)


def _dates(view: EventView) -> str:
    when = view.when
    local = _("%(date)s, %(time)s (%(zone)s)", date=when.date_text, time=when.time_text, zone=when.zone_label)
    return "\n".join(filter(None, (when.jalali_text, local, when.tehran_text)))


def _news(view: EventView) -> str:
    if view.status in {"cancelled", "draft"}:
        return _("This event is cancelled.")
    if view.status == "postponed":
        return _("This event is postponed. The new date will stand here and in your calendar.")
    return ""


def _practical(view: EventView) -> str:
    lines = (
        view.hidden_note,
        _("At the gate: %(note)s", note=view.gate_note) if view.gate_note else "",
        _("Doors open at %(time)s.", time=view.doors) if view.doors else "",
        _("Online: %(address)s", address=view.online_url) if view.online_url else "",
        _("Contact: %(contact)s", contact=view.contact) if view.contact else "",
        _("Donate: %(address)s", address=view.donation_url) if view.donation_url else "",
    )
    return "\n".join(filter(None, lines))


def _shortened(text: str) -> str:
    """At most 4,000 characters, which every calendar takes; the page has the rest."""
    if len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[:MOST_CHARACTERS].rpartition(' ')[0] or text[:MOST_CHARACTERS]}…"
