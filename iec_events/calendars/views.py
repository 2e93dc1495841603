"""An event as calendars take it, and the addresses of the buttons beside it."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.config import settings
from ..core.i18n import _
from ..core.urls import public_url
from ..events.views import CampaignView, EventView
from .ical import CalendarEvent, Status
from .links import google_subscribe_url, google_url, outlook_subscribe_url, outlook_url, webcal_url

STATUS: dict[str, Status] = {
    "published": "confirmed",
    "cancelled": "cancelled",
    "postponed": "postponed",
    "draft": "cancelled",
}


@dataclass(frozen=True, kw_only=True)
class CalendarButtons:
    """Where the buttons lead: a download, a subscription (webcal and the https address), and two large providers."""

    download_url: str
    webcal_url: str
    https_url: str
    google_url: str
    outlook_url: str


def calendar_event(view: EventView) -> CalendarEvent:
    """What the event's VEVENT says, in the language being spoken; nothing in it is private."""
    event = view.event
    chosen = settings()
    geo = (event.latitude, event.longitude) if event.latitude is not None and event.longitude is not None else None
    return CalendarEvent(
        uid=event.uid,
        sequence=event.sequence,
        stamp=event.revised_at,
        created=event.created_at,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        time_zone=event.time_zone,
        status=STATUS[event.status],
        title=_title(view),
        description=_description(view),
        url=view.url,
        locale=view.locale,
        location=view.place_line or _("Online"),
        venue_title=view.venue,
        geo=geo,
        image_url=f"{chosen.public_url}{view.image.url}" if view.image else None,
        conference_url=view.online_url,
        categories=(view.campaign.title,) if view.campaign else (),
        organizer_name=chosen.mail_name,
        organizer_email=chosen.mail_from,
    )


def event_buttons(view: EventView) -> CalendarButtons:
    """The buttons beside an event; one subscribes to its campaign, where changes and sister events arrive too."""
    told = calendar_event(view)
    feed = _feed(view.campaign, view.locale)
    return CalendarButtons(
        download_url=public_url("calendars.event", locale=view.locale, slug=view.slug),
        webcal_url=webcal_url(feed),
        https_url=feed,
        google_url=google_url(told),
        outlook_url=outlook_url(told),
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
    )


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


def _description(view: EventView) -> str:
    """Date lines first: in Farsi with the Jalali day, and Tehran's clocks; then what the event is."""
    when = view.when
    dates = [part for part in (when.jalali_text, when.date_text) if part]
    times = f"{when.time_text} ({when.zone_label})"
    separator = "، " if view.locale == "fa" else ", "
    head = "\n".join([separator.join([*dates, times]), when.tehran_text])
    programme = "\n".join(f"{item.time} · {item.title}" if item.time else item.title for item in view.programme)
    parts = (head, view.summary, programme, view.accessibility or "")
    return "\n\n".join(part for part in parts if part)
