"""An event that is found by its link only: in no list, feed or search engine, and whole for those who have the link."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from iec_events.core import clock
from iec_events.events.actions import revise_event
from iec_events.events.drafts import draft_of
from tests.events.serial import a_vigil, dates
from tests.factories import a_campaign, an_event

HERE = "/events/secret-k4w2mz7qap3x"
LISTS = (
    "/",
    "/campaigns/night",
    "/events/open",
    "/calendar.ics",
    "/campaigns/night.ics",
    "/cities/berkeley.ics",
    "/robots.txt",
)


@pytest.fixture
def unlisted(client: FlaskClient) -> FlaskClient:
    """Two sisters, one of which stands in no list."""
    campaign = a_campaign(slug="night")
    an_event("Open", slug="open", campaign_id=campaign.id)
    an_event("Whispered", slug="secret-k4w2mz7qap3x", campaign_id=campaign.id, listed=False)
    return client


@pytest.mark.parametrize("prefix", ["", "/fa", "/es"])
def test_it_is_in_no_list(unlisted: FlaskClient, prefix: str) -> None:
    for address in LISTS:
        answer = unlisted.get(prefix + address)
        assert answer.status_code == 200, address
        assert "secret" not in answer.text, address
        assert "Whispered" not in answer.text, address
        assert "X-Robots-Tag" not in answer.headers, address


def test_by_its_link_it_is_whole_and_kept_out_of_search_engines(unlisted: FlaskClient) -> None:
    for address in (HERE, f"{HERE}/poster", f"{HERE}.ics", f"{HERE}/messages", f"{HERE}/rsvp", f"/fa{HERE}"):
        for _ in range(2):  # kept pages too
            answer = unlisted.get(address)
            assert (answer.status_code, answer.headers["X-Robots-Tag"]) == (200, "noindex"), address
    page = unlisted.get(HERE).text
    assert '<meta name="robots" content="noindex">' in page
    assert f'webcal://127.0.0.1:8000{HERE}.ics"' in page, "the campaign's feed would not hold it"


def test_a_campaign_with_unlisted_events_only_is_on_no_list(client: FlaskClient) -> None:
    campaign = a_campaign("Whispers", slug="whispers")
    an_event(slug="secret-k4w2mz7qap3x", campaign_id=campaign.id, listed=False)
    for address in ("/", "/subscribe"):
        assert "hispers" not in client.get(address).text, address


def test_search_engines_are_kept_from_personal_pages_in_every_language(client: FlaskClient) -> None:
    rules = client.get("/robots.txt").text.splitlines()
    for prefix in ("", "/fa", "/es"):
        for path in ("/organize", "/rsvps/", "/events/*/my-rsvp"):
            assert f"Disallow: {prefix}{path}" in rules
    assert rules[-1] == "Allow: /"


def test_a_date_in_lists_does_not_give_its_series_away_that_is_found_by_its_link_only(client: FlaskClient) -> None:
    a_campaign(slug="night")
    series = a_vigil(until=dt.date(2027, 2, 16), listed=False, campaign="night")
    first, second, third = (one.slug for one in dates(series))
    abroad = replace(draft_of(dates(series)[1]), listed=True, time_zone="America/Bogota")
    revise_event(slug=second, draft=abroad, campaign_slug="night", now=clock.now())
    page = f"/events/{second}"
    for address in (
        "/",
        "/campaigns/night",
        "/calendar.ics",
        "/campaigns/night.ics",
        "/cities/berkeley.ics",
        page,
        f"{page}/poster",
    ):
        text = client.get(address).text.replace("\r\n ", "")
        assert second in text, address
        assert not [name for name in (series, first, third, "Every Tuesday") if name in text], address
        assert "TZID:America/Los_Angeles" in text or ".ics" not in address, "of the RECURRENCE-ID"
    for address in (f"/events/{first}", f"/series/{series}", f"/series/{series}.ics"):
        text = client.get(address).text
        assert "Every Tuesday" in text, "who has the link is told all"


def test_a_date_that_left_the_lists_alone_is_subscribed_to_by_itself(client: FlaskClient) -> None:
    a_vigil(until=dt.date(2027, 2, 16))
    first, second, _third = dates("vigil")
    revise_event(slug=second.slug, draft=replace(draft_of(second), listed=False), campaign_slug=None, now=clock.now())
    assert second.slug not in client.get("/series/vigil.ics").text
    for date, feed in ((first, "/series/vigil.ics"), (second, f"/events/{second.slug}.ics")):
        assert f'webcal://127.0.0.1:8000{feed}"' in client.get(f"/events/{date.slug}").text
