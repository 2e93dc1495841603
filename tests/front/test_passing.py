"""Passing it on: the text that people paste, and the sheet of paper that they hang up."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest
from flask.testing import FlaskClient

from iec_events.core import clock
from iec_events.core.qr import qr_picture
from tests.events.serial import a_vigil, dates
from tests.factories import an_event

STARTS = dt.datetime(2027, 3, 21, 1, tzinfo=dt.UTC)
HERE = "http://127.0.0.1:8000"
TEXT = re.compile(r'<textarea [^>]*id="words"[^>]*>(.*?)</textarea>', re.DOTALL)


def words(page: str) -> str:
    found = TEXT.search(page)
    return html.unescape(found[1]) if found else ""


def test_the_text_says_what_when_and_where_and_ends_in_the_bare_address(client: FlaskClient) -> None:
    an_event("Nowruz", slug="nowruz", starts_at=STARTS)
    text = (
        "Nowruz\nSaturday 20 March 2027, 6–9 pm (Berkeley time)\n"
        "The Starry Plough, 3101 Shattuck Avenue, Berkeley, CA, United States\n" + f"{HERE}/events/nowruz"
    )
    for page in ("/events/nowruz", "/events/nowruz/poster"):
        assert words(client.get(page).text) == text


def test_in_farsi_it_says_the_jalali_day_and_the_hour_in_tehran_and_runs_from_right_to_left(
    client: FlaskClient,
) -> None:
    an_event("Nowruz", slug="nowruz", starts_at=STARTS, texts={"en": {"title": "Nowruz"}})
    title, when, tehran, place, address = words(client.get("/fa/events/nowruz").text).split("\n")
    assert title == "\u2068Nowruz\u2069", "a Latin title at its head must not turn the message around"
    assert "شنبه ۲۰ مارس ۲۰۲۷ (۲۹ اسفند ۱۴۰۵)" in when
    assert "۱۸:۰۰ تا ۲۱:۰۰" in when
    assert "۰۴:۳۰" in tehran
    assert place.startswith("\u200f\u2068The Starry Plough\u2069، ")
    assert address == f"{HERE}/fa/events/nowruz"


@pytest.mark.parametrize("prefix", ["", "/fa", "/es"])
def test_a_hidden_place_is_its_city_and_who_is_told_the_rest(client: FlaskClient, prefix: str) -> None:
    an_event(slug="hidden", address_hidden=True)
    for page in ("", "/poster"):
        answer = client.get(f"{prefix}/events/hidden{page}").text
        assert words(answer)
        assert not [word for word in ("Plough", "Shattuck") if word in answer]
    assert "The exact place is told to those who come." in words(client.get("/events/hidden").text)


def test_nobody_is_sent_to_what_does_not_take_place(client: FlaskClient) -> None:
    an_event(slug="cancelled", status="cancelled")
    an_event(slug="postponed", status="postponed")
    an_event(slug="past", starts_at=clock.now() - dt.timedelta(days=2))
    for slug, verdict in (("cancelled", "Cancelled"), ("postponed", "Postponed"), ("past", "Past event")):
        assert "Pass it on" not in client.get(f"/events/{slug}").text
        poster = client.get(f"/events/{slug}/poster").text
        assert f'<p class="verdict shout">{verdict}</p>' in poster
        assert not [line for line in ("Pass it on", "Sign up here") if line in poster]


def test_what_nobody_may_see_has_no_poster(client: FlaskClient) -> None:
    an_event(slug="draft", status="draft", published_at=None)
    an_event(slug="withdrawn", status="draft")
    assert [client.get(f"/events/{slug}/poster").status_code for slug in ("draft", "withdrawn")] == [404, 410]


def test_who_has_the_link_of_an_unlisted_night_is_asked_to_be_careful(client: FlaskClient) -> None:
    an_event(slug="whispered", listed=False)
    page = client.get("/events/whispered").text
    assert "not to everybody" in page
    assert "/poster" not in page
    assert "not to everybody" not in client.get(f"/events/{an_event().slug}").text


@pytest.mark.parametrize(("prefix", "locale"), [("", "en_US"), ("/fa", "fa_IR"), ("/es", "es_ES")])
def test_the_poster_names_its_page_in_its_own_language(client: FlaskClient, prefix: str, locale: str) -> None:
    an_event("Berkeley", slug="berkeley")
    address = f"{HERE}{prefix}/events/berkeley"
    poster = client.get(f"{prefix}/events/berkeley/poster").text
    assert f'<p dir="ltr">{address}</p>' in poster
    assert qr_picture(address, "").partition("<path")[2] in poster
    assert f'<link rel="canonical" href="{address}">' in poster
    assert f'<meta property="og:locale" content="{locale}">' in poster
    assert f'href="{prefix}/events/berkeley/poster"' in client.get(address.removeprefix(HERE)).text
    for other in {"", "/fa", "/es"} - {prefix}:
        assert f'href="{other}/events/berkeley/poster" lang=' in poster


def test_the_poster_of_a_date_says_how_it_comes_again(client: FlaskClient) -> None:
    slug = dates(a_vigil(until=dt.date(2027, 2, 16)))[0].slug
    assert "<strong>Every Tuesday at 6 pm</strong>" in client.get(f"/events/{slug}/poster").text


def test_the_poster_is_reached_from_the_form(organizer: FlaskClient) -> None:
    an_event(slug="berkeley")
    assert 'href="/events/berkeley/poster"' in organizer.get("/organize/events/berkeley").text
