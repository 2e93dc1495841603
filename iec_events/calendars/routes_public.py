"""Calendars for everyone: one event, a campaign, a city, everything; of all times, or of a window.

The language is the address's; robots ask without one.

Validators, 304, HEAD and gzip are the business of `core.pages`, as for every public page.
"""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, render_template

from ..core import clock
from ..core.i18n import current_locale
from ..core.pages import public_page, unlisted
from ..events.queries import nights_of_campaigns, public_campaigns
from ..events.views import CampaignView
from . import feeds
from .cities import cities
from .queries import WINDOWS
from .views import choices, city_choices

blueprint = Blueprint("calendars", __name__)
CONTENT_TYPE = "text/calendar; charset=utf-8; method=PUBLISH"
WINDOW = f"<any({', '.join(WINDOWS)}):window>"


@blueprint.get("/events/<slug>.ics")
def event(slug: str) -> Response:
    """One event."""
    return _answer(feeds.of_event(slug, current_locale(), clock.now()))


@blueprint.get("/series/<slug>.ics")
def series(slug: str) -> Response:
    """Something that comes again, with all its dates."""
    return _answer(feeds.of_series(slug, current_locale(), clock.now()))


@blueprint.get("/campaigns/<slug>.ics")
@blueprint.get(f"/campaigns/<slug>/{WINDOW}.ics")
def campaign(slug: str, window: str = "") -> Response:
    """The events of a campaign."""
    return _answer(feeds.of_campaign(slug, current_locale(), clock.now(), window))


@blueprint.get("/cities/<slug>.ics")
@blueprint.get(f"/cities/<slug>/{WINDOW}.ics")
def city(slug: str, window: str = "") -> Response:
    """The events in a city."""
    return _answer(feeds.of_city(slug, current_locale(), clock.now(), window))


@blueprint.get("/calendar.ics")
@blueprint.get(f"/calendar/{WINDOW}.ics")
def everything(window: str = "") -> Response:
    """Every event."""
    return _answer(feeds.everything(current_locale(), clock.now(), window))


@blueprint.get("/subscribe")
def subscribe() -> Response:
    """How to subscribe, program by program, and what to expect."""
    locale = current_locale()
    nights = nights_of_campaigns()  # one whose nights are all found by their link only is on no list
    campaigns = [CampaignView(one, locale) for one in public_campaigns() if one.id in nights]
    found = {"choices": choices(campaigns, locale), "cities": city_choices(cities(locale), locale)}
    return public_page(render_template("calendars/subscribe.html", **found))


def _answer(document: feeds.Document) -> Response:
    response = Response(document.octets, content_type=CONTENT_TYPE)
    response.last_modified = document.changed_at
    name = quote(f"{document.title}.ics", safe="")
    response.headers["Content-Disposition"] = f"inline; filename=\"{document.file_name}.ics\"; filename*=UTF-8''{name}"
    return public_page(response) if document.listed else unlisted(public_page(response))
