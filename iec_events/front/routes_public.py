"""Pages for everyone. They set no cookie, are the same for every stranger, and are kept until something changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, Response, abort, render_template
from flask.typing import ResponseReturnValue

from ..calendars.series import series_buttons
from ..calendars.views import campaign_buttons, event_buttons
from ..core import clock
from ..core.config import settings
from ..core.i18n import LOCALES, _, current_locale
from ..core.pages import public_page, unlisted
from ..core.qr import qr_picture
from ..core.urls import prefix, public_url
from ..events.models import Event
from ..events.queries import (
    campaign_events,
    nights_of_campaigns,
    past_events,
    public_campaign,
    public_campaigns,
    public_event,
    sister_events,
    upcoming_events,
)
from ..events.series_queries import is_listed, next_dates, public_series
from ..events.series_views import one_of_each, rules_told, series_view
from ..events.views import CampaignView, EventView
from ..solidarity.queries import approved_count, approved_messages, takes_messages
from .passing import words_to_pass_on
from .posters import Sheet

blueprint = Blueprint("front", __name__)
VOICES = 6
BELIEVED = dt.timedelta(days=90)  # how long what a machine has read of us may be used
SHUT = ("/organize", "/rsvps/", "/messages/", "/events/*/my-rsvp")  # in every language


@dataclass(frozen=True)
class CampaignCard(CampaignView):
    """A campaign in a list, with the number of its nights."""

    count: int


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """What is coming, what was, and the campaigns."""
    now, locale = clock.now(), current_locale()
    upcoming, past = upcoming_events(now), past_events(now)
    nights = nights_of_campaigns()
    campaigns = [CampaignCard(one, locale, nights[one.id]) for one in public_campaigns() if one.id in nights]
    return public_page(
        render_template(
            "front/home.html",
            upcoming=one_of_each(_views(upcoming)),
            past=one_of_each(_views(past)),
            campaigns=campaigns,
        )
    )


@blueprint.get("/campaigns/<slug>")
def campaign(slug: str) -> ResponseReturnValue:
    """All cities of a campaign on one line of time."""
    found = CampaignView(public_campaign(slug), current_locale())
    events = _views(campaign_events(found.campaign.id))
    coming = one_of_each(event for event in events if not event.is_past)
    over = one_of_each(event for event in reversed(events) if event.is_past)
    return public_page(
        render_template(
            "front/campaign.html",
            campaign=found,
            stops=coming or over,
            past=over if coming else [],
            calendar=campaign_buttons(found),
        )
    )


@blueprint.get("/events/<slug>")
def event(slug: str) -> ResponseReturnValue:
    """One night: programme, place, seats, RSVP, calendar, messages, sister events."""
    row = public_event(slug)
    view = EventView(row, current_locale(), clock.now())
    page = public_page(
        render_template(
            "front/event.html",
            event=view,
            calendar=event_buttons(view),
            messages=approved_messages(row.id, VOICES),
            message_count=approved_count(row.id),
            takes_messages=takes_messages(row, view.now),
            sisters=one_of_each(_views(sister_events(row))),
            other_dates=_views(next_dates(row, view.now)),
            words=words_to_pass_on(view),
        )
    )
    return page if view.listed else unlisted(page)


@blueprint.get("/events/<slug>/poster")
def poster(slug: str) -> ResponseReturnValue:
    """One night as a sheet of paper to hang up, with its public address as letters and for cameras."""
    view = EventView(public_event(slug), current_locale(), clock.now())
    page = public_page(
        render_template(
            "front/poster.html",
            event=view,
            sheet=Sheet(view),
            code=qr_picture(view.url, _("The address of this night as a picture for cameras")),
            words=words_to_pass_on(view),
        )
    )
    return page if view.listed else unlisted(page)


@blueprint.get("/series/<slug>")
def series(slug: str) -> ResponseReturnValue:
    """Something that comes again: what it is, its rule in words, its dates with their seats."""
    row, dates = public_series(slug)
    locale, now = current_locale(), clock.now()
    coming = [event for event in dates if event.ends_at > now]
    view = series_view(next((event.series for event in coming if event.series), row), dates, locale, now)
    shown = _views(dates)
    page = public_page(
        render_template(
            "front/series.html",
            series=view,
            rules=rules_told((event for event in coming if event.status != "cancelled"), locale),
            calendar=series_buttons(view),
            coming=[event for event in shown if not event.is_past],
            past=[event for event in reversed(shown) if event.is_past],
        )
    )
    return page if is_listed(row) else unlisted(page)


@blueprint.get("/privacy")
def privacy() -> ResponseReturnValue:
    """What is kept, who reads it, and what cannot be promised."""
    return public_page(render_template("front/privacy.html", mail_sender=settings().mail_from))


@blueprint.get("/robots.txt")
def robots() -> ResponseReturnValue:
    """Search engines and calendar fetchers may read what is public, and nothing else."""
    shut = "".join(f"Disallow: {prefix(code)}{path}\n" for code in LOCALES for path in SHUT)
    rules = f"User-agent: *\n{shut}Allow: /\n"
    return public_page(Response(rules, content_type="text/plain; charset=utf-8"))


@blueprint.get("/.well-known/security.txt")
def security_txt() -> ResponseReturnValue:
    """Whom to tell of a hole in this service (RFC 9116); 404 where the operator names nobody."""
    chosen = settings()
    if not chosen.security_contact:
        abort(404)
    lines = [
        f"Contact: {chosen.security_contact}",
        f"Expires: {clock.now().date() + BELIEVED}T00:00:00Z",
        f"Preferred-Languages: {', '.join(LOCALES)}",
    ]
    if chosen.https:
        lines.append(f"Canonical: {public_url('front.security_txt', locale='en')}")
    return public_page(Response("\n".join((*lines, "")), content_type="text/plain; charset=utf-8"))


def _views(events: Iterable[Event]) -> list[EventView]:
    now, locale = clock.now(), current_locale()
    return [EventView(one, locale, now) for one in events]
