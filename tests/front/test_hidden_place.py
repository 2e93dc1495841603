"""A hidden place, and a note for the gate: strangers learn no more than the city, wherever they look."""

from __future__ import annotations

import datetime as dt
import gzip
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from flask.testing import FlaskClient

from iec_events import worker
from iec_events.calendars.views import calendar_event, event_buttons
from iec_events.core import clock
from iec_events.core.i18n import LOCALES, speaking
from iec_events.events.actions import revise_event
from iec_events.events.actions.series import begin_series, publish_series
from iec_events.events.drafts import draft_of
from iec_events.events.models import Event
from iec_events.events.recurrence import Rule
from iec_events.events.views import EventView
from tests.conftest import Installation
from tests.events.serial import a_vigil, dates
from tests.factories import a_campaign, an_event, three_languages

VENUE, STREET, REGION, ONLINE = "Canary House", "77 Canary Wharf", "Canarias", "https://canary.example.org/room"
SPOT = (12.3456789, 65.4321012)
GATE = "Ring twice at the blue parrot"  # no place is hidden by it, but it is told to nobody else either
CANARIES = ("canary", "canarias", "12.3456", "12.34", "65.4321", "65.43", "parrot")
HIDDEN = ("hidden", "afar", "closed", "cancelled", "asked")
OF_EVENT = ("", "/poster", ".ics", "/messages", "/messages/new", "/rsvp")
LISTS = (
    "/",
    "/campaigns/night",
    "/campaigns/night.ics",
    "/calendar.ics",
    "/cities/berkeley.ics",
    "/robots.txt",
    "/subscribe",
    "/series/vigil",
    "/series/vigil.ics",
    *(f"/events/open{page}" for page in OF_EVENT),
)
STARTS = (*LISTS, *(f"/events/{slug}{page}" for slug in HIDDEN for page in OF_EVENT))
OURS = re.compile(r'(?:href|src|action|value)="([^"]+)"')


@pytest.fixture
def hidden(client: FlaskClient) -> FlaskClient:
    """A night in a hidden house, one that is only online, and one beside them that everybody may find."""
    campaign = a_campaign(slug="night")
    secret: dict[str, Any] = {
        "venue": VENUE,
        "street": STREET,
        "region": REGION,
        "online_url": ONLINE,
        "address_hidden": True,
    }
    spot: dict[str, Any] = {"latitude": SPOT[0], "longitude": SPOT[1]}
    an_event(slug="hidden", campaign_id=campaign.id, capacity=10, needs_approval=True, **secret, **spot)
    an_event("Afar", slug="afar", campaign_id=campaign.id, **{**secret, "venue": "", "city": "", "country": ""})
    an_event("Closed", slug="closed", campaign_id=campaign.id, closed_early=True, **secret, **spot)
    an_event("Cancelled", slug="cancelled", campaign_id=campaign.id, status="cancelled", **secret, **spot)
    asked = revised(
        an_event("Asked", slug="asked", campaign_id=campaign.id, **{**secret, "address_hidden": False}, **spot)
    )
    assert (asked.address_hidden, asked.sequence) == (True, 1), "who asks for approval hides the place"
    texts = three_languages("Open")
    noted = {**texts, "en": {**texts["en"], "gate_note": GATE}}
    an_event("Open", slug="open", campaign_id=campaign.id, texts=noted)
    an_event("Vigil", slug="vigil", status="draft", published_at=None, campaign_id=campaign.id, **secret, texts=noted)
    until = (clock.now() + dt.timedelta(days=31)).date()
    begin_series(slug="vigil", rule=Rule(every="day"), until=until, now=clock.now())
    publish_series(slug="vigil", now=clock.now())
    return client


def revised(event: Event) -> Event:
    """The event, saved by organizers who ask for approval and leave the other switch alone."""
    draft = replace(draft_of(event), needs_approval=True)
    revise_event(slug=event.slug, draft=draft, campaign_slug="night", now=clock.now())
    return event


def crawled(client: FlaskClient) -> Iterator[tuple[str, str]]:
    """Every address of ours that a stranger comes to by links from the first ones, and what is answered."""
    waiting = [f"{prefix}{start}" for prefix in ("", "/fa", "/es") for start in STARTS]
    seen = set(waiting)
    while waiting:
        address = waiting.pop()
        answer = client.get(address)
        octets = answer.data
        text = (
            gzip.decompress(octets).decode()
            if answer.headers.get("Content-Encoding")
            else octets.decode(errors="replace")
        )
        yield address, unfolded(text) + str(answer.headers)
        for link in map(unescape, OURS.findall(text)):
            parts = urlsplit(link)
            if parts.netloc in {"", "127.0.0.1:8000"} and parts.path.startswith("/") and "/static/" not in parts.path:
                found = parts.path
                if found not in seen:
                    seen.add(found)
                    waiting.append(found)


def unfolded(text: str) -> str:
    """As a reader sees it: iCalendar's folds undone, entities and percent signs read."""
    return unquote(unescape(text.replace("\r\n ", "")))


def test_no_public_surface_tells_a_hidden_place(hidden: FlaskClient, installation: Installation) -> None:
    worker.run_all_once(installation.app)  # which makes the calendars before anybody asks
    walked = dict(crawled(hidden))
    for address, text in walked.items():
        assert not [canary for canary in CANARIES if canary in text.lower()], address
    assert len(walked) > 3 * len(STARTS), "links were followed, too"
    assert len([address for address in walked if re.fullmatch(r"/events/vigil-2027-\d\d-\d\d", address)]) > 1


def test_a_series_tells_no_place_that_each_of_its_dates_hides(client: FlaskClient) -> None:
    slug = a_vigil(until=dt.date(2027, 2, 16), public=False, venue=VENUE, street=STREET)
    for one in dates(slug):
        draft = replace(draft_of(one), address_hidden=True)
        revise_event(slug=one.slug, draft=draft, campaign_slug=None, now=clock.now())
    publish_series(slug=slug, now=clock.now())
    for address in (f"/series/{slug}", f"/series/{slug}.ics", "/calendar.ics", "/cities/berkeley.ics"):
        text = unfolded(client.get(address).text)
        assert "Canary" not in text, address
        assert "The exact place is told to those who come." in text, address


def test_a_series_tells_no_place_because_another_date_is_open_elsewhere(client: FlaskClient) -> None:
    slug = a_vigil(until=dt.date(2027, 2, 16), public=False, venue=VENUE, street=STREET)
    for number, one in enumerate(dates(slug)):
        other = {"venue": "Open Hall", "street": ""} if number == 2 else {"address_hidden": True}
        revise_event(slug=one.slug, draft=replace(draft_of(one), **other), campaign_slug=None, now=clock.now())
    publish_series(slug=slug, now=clock.now())
    for address in (f"/series/{slug}", f"/series/{slug}.ics", "/calendar.ics", "/cities/berkeley.ics"):
        text = unfolded(client.get(address).text)
        assert "Canary" not in text, address
        assert "Open Hall" in text or ".ics" not in address


def test_the_page_says_who_is_told(hidden: FlaskClient) -> None:
    page = hidden.get("/events/hidden").text
    assert "The exact place is told to those whose RSVP is approved." in page
    assert "Berkeley, United States" in re.sub("</?bdi>", "", page)
    assert "The address is told to those who come." in hidden.get("/events/afar").text
    assert "The exact place is told to those who come." in hidden.get("/events/closed").text
    ics = unfolded(hidden.get("/events/hidden.ics").text)
    assert ":Berkeley\\, United States" in ics
    assert "The exact place is told to those whose RSVP is approved." in ics
    assert "GEO:" not in ics


def test_the_note_for_the_gate_stands_where_organizers_write_it_and_in_no_preview(hidden: FlaskClient) -> None:
    signed_in = hidden.sign_in()  # type: ignore[attr-defined]
    assert "parrot" not in signed_in.get("/organize/events/open/preview").text
    assert GATE in signed_in.get("/organize/events/open").text


def test_an_organizers_preview_shows_what_strangers_see(hidden: FlaskClient) -> None:
    page = hidden.sign_in().get("/organize/events/hidden/preview").text  # type: ignore[attr-defined]
    assert not [canary for canary in CANARIES if canary in unfolded(page).lower()]
    assert VENUE in hidden.get("/organize/events/hidden").text


@pytest.mark.parametrize("locale", LOCALES)
def test_those_who_come_are_told_all_of_it(app: object, locale: str) -> None:
    del app
    row = an_event(
        slug="hidden", address_hidden=True, venue=VENUE, latitude=SPOT[0], longitude=SPOT[1], online_url=ONLINE,
        texts={"en": {"title": "Hidden", "gate_note": GATE}},
    )  # fmt: skip
    with speaking(locale):
        stranger, guest = view(row, locale), view(row, locale, entitled=True)
        assert (stranger.venue, stranger.street, stranger.latitude, stranger.longitude) == ("", "", None, None)
        assert (stranger.map_url, stranger.online_url) == (None, None)
        assert (guest.venue, guest.online_url, guest.hidden_note) == (VENUE, ONLINE, "")
        assert (stranger.gate_note, guest.gate_note) == (None, GATE)
        assert guest.place_line.startswith(VENUE)
        told = calendar_event(guest)
        assert (told.geo, told.conference_url, told.venue_title) == (SPOT, ONLINE, VENUE)
        assert told.location.startswith(VENUE)
        assert GATE in told.description
        assert GATE not in calendar_event(stranger).description
        assert told.uid == calendar_event(stranger).uid
        buttons = event_buttons(guest)
        for url in (buttons.google_url, buttons.outlook_url, buttons.office_url, buttons.yahoo_url or ""):
            assert GATE not in unquote(url)
            assert VENUE not in unquote(url), "other people's servers are told nothing hidden"


def view(row: Event, locale: str, **how: bool) -> EventView:
    return EventView(row, locale, clock.now(), **how)


def test_a_place_that_is_no_secret_is_told_to_everyone(client: FlaskClient) -> None:
    an_event(slug="open", texts=three_languages("Open"))
    assert "3101 Shattuck Avenue" in client.get("/events/open").text


def test_each_part_of_an_address_keeps_its_own_direction(client: FlaskClient) -> None:
    an_event(slug="open", texts={"fa": {"title": "شب", "city_name": "برکلی"}})
    parts = "<bdi>3101 Shattuck Avenue</bdi>، <bdi>برکلی</bdi>، <bdi>CA</bdi>، <bdi>ایالات متحده</bdi></address>"
    assert parts in client.get("/fa/events/open").text, "as one text, a street in Latin letters turns all of it"
