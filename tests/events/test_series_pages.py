"""The pages of what comes again: for a tired volunteer, and for everyone."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from iec_events.core import clock
from iec_events.core.db import db
from iec_events.events import actions
from iec_events.events.models import Event, EventSeries
from iec_events.events.recurrence import Rule
from tests.events.serial import a_vigil, date, dates, days, series, somebody_comes
from tests.factories import a_campaign, an_event, an_organizer, an_organizer_session
from tests.filling import hidden_fields, send

NEW = "/organize/events/new"
FIRST = {
    "title_en": "Vigil",
    "zone": "America/Los_Angeles",
    "starts_on": "2027-02-02",
    "starts_time": "18:00",
    "ends_time": "19:00",
    "city": "Berkeley",
    "largest_party": "6",
    "keep_days": "14",
}
TUESDAYS = {"every": "week", "weekdays": "1", "ends": "until", "until_on": "2027-03-30"}
PAGE = "/organize/series/vigil"
THIRD = "vigil-2027-02-16"


def said(answer: TestResponse) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", answer.text)))


def press(organizer: FlaskClient, shown: TestResponse, address: str, **typed: Any) -> TestResponse:
    """Send what the page holds in hidden fields, as its button does."""
    return organizer.post(address, data={**hidden_fields(shown.text), **typed})


def rows(kind: type[Event | EventSeries]) -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(kind)) or 0


def test_from_the_form_of_an_event_to_nine_dates(organizer: FlaskClient, client: FlaskClient) -> None:
    answer = send(organizer, NEW, **FIRST, do="again")
    assert answer.location == "/organize/events/vigil/again"
    page = organizer.get(answer.location)
    assert "This happens again" in said(page)
    shown = press(organizer, page, answer.location, **TUESDAYS, do="show")
    assert "Every Tuesday at 6 pm, until Tuesday 30 March 2027" in said(shown)
    assert "Make these 9 dates" in said(shown)
    assert (rows(Event), rows(EventSeries)) == (1, 0), "nothing was made yet"
    made = press(organizer, shown, answer.location, **TUESDAYS, do="make")
    assert made.location == PAGE
    assert len(days(status="draft")) == 9
    assert "Publish all dates" in said(organizer.get(PAGE))
    assert client.get("/series/vigil").status_code == 404
    send(organizer, f"{PAGE}/publish")
    assert len(days(status="published")) == 9
    assert "Coming dates" in said(client.get("/series/vigil"))


def test_nothing_is_made_that_was_not_shown(organizer: FlaskClient) -> None:
    send(organizer, NEW, **FIRST)
    address = "/organize/events/vigil/again"
    shown = press(organizer, organizer.get(address), address, **TUESDAYS, do="show")
    other = press(organizer, shown, address, **{**TUESDAYS, "weekdays": "3"}, do="make")
    assert "Every Thursday at 6 pm" in said(other)
    assert rows(EventSeries) == 0


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"weekdays": ""}, "at least one day of the week"),
        ({"every": "month", "nth": "7", "month_day": "1"}, "which day of the month"),
        ({"every": "never"}, "how often it comes again"),
        ({"until_on": ""}, "the last day on which"),
        ({"until_on": "2027-02-03"}, "no second date"),
        ({"until_on": "2030-02-03"}, "eighteen months"),
        ({"ends": "count", "count": "1"}, "from 2 to 104"),
        ({"every": "day", "until_on": "2027-12-31"}, "more than 104 dates"),
    ],
)
def test_what_is_missing_is_said_beside_its_field(organizer: FlaskClient, typed: dict[str, str], sentence: str) -> None:
    send(organizer, NEW, **FIRST)
    address = "/organize/events/vigil/again"
    answer = press(organizer, organizer.get(address), address, **{**TUESDAYS, **typed}, do="show")
    assert (answer.status_code, sentence in said(answer)) == (422, True), said(answer)
    assert rows(EventSeries) == 0


def test_an_hour_that_is_skipped_is_named(organizer: FlaskClient) -> None:
    send(organizer, NEW, **{**FIRST, "starts_time": "02:30", "ends_time": "04:00", "starts_on": "2027-03-12"})
    address = "/organize/events/vigil/again"
    typed = {"every": "day", "ends": "count", "count": "4"}
    answer = press(organizer, organizer.get(address), address, **typed, do="show")
    assert "On Sunday 14 March 2027 the clocks skip this hour" in said(answer)


def test_a_date_is_saved_alone_or_with_all_that_come(organizer: FlaskClient) -> None:
    a_vigil()
    address = f"/organize/events/{THIRD}"
    page = organizer.get(address)
    assert "This is one date of a series: Every Tuesday at 6 pm." in said(page)
    typed = {**FIRST, "starts_on": "2027-02-16", "venue": "The library", "country": "US", "capacity": "20"}
    press(organizer, page, address, **typed, do="save")
    assert [one.venue for one in dates()].count("The library") == 1
    answer = press(organizer, organizer.get(address), address, **{**typed, "capacity": "50"}, do="all")
    assert answer.status_code == 303
    assert {one.capacity for one in dates()} == {50}
    assert [one.venue for one in dates()].count("The library") == 1, "only what was changed now is changed for all"
    moved = press(organizer, organizer.get(address), address, **{**typed, "starts_time": "18:15"}, do="all")
    assert (moved.status_code, "on the page of the series" in said(moved)) == (422, True)


def test_what_no_letter_tells_is_said_of_all_dates_too(organizer: FlaskClient) -> None:
    a_vigil()
    address = f"/organize/events/{THIRD}"
    typed = {**FIRST, "starts_on": "2027-02-16", "venue": "The Starry Plough", "country": "US", "capacity": "20"}
    for gate, told in (("Ring once.", False), ("Ring twice.", True)):
        press(organizer, organizer.get(address), address, **typed, gate_note_en=gate, do="all")
        assert {one.texts["en"].get("gate_note") for one in dates()} == {gate}
        assert ("No mail tells" in organizer.get(address).text) == told
        somebody_comes("vigil-2027-02-23")


def test_dates_are_taken_out_and_put_back_by_buttons(organizer: FlaskClient, client: FlaskClient) -> None:
    a_vigil()
    shown = organizer.get(PAGE)
    press(organizer, shown, f"{PAGE}/dates/{THIRD}/take-out")
    assert date(THIRD).status == "draft"
    assert client.get(f"/events/{THIRD}").status_code == 410
    assert "16 February" not in said(client.get("/series/vigil"))
    press(organizer, shown, f"{PAGE}/dates/{THIRD}/put-back")
    assert date(THIRD).status == "published"
    somebody_comes(THIRD)
    press(organizer, shown, f"{PAGE}/dates/{THIRD}/take-out")
    assert "Cancel it instead" in said(organizer.get(PAGE))
    assert date(THIRD).status == "published"
    an_event(slug="other")
    assert press(organizer, shown, f"{PAGE}/dates/other/take-out").status_code == 404


def test_another_rule_is_shown_before_it_holds(organizer: FlaskClient, client: FlaskClient) -> None:
    a_vigil()
    somebody_comes(THIRD)
    typed = {
        "from_on": "2027-02-10",
        "at": "18:00",
        **TUESDAYS,
        "weekdays": "4",
        "until_on": "2027-03-26",
        "odd": "cancel",
    }
    page = organizer.get(f"{PAGE}/rule")
    shown = press(organizer, page, f"{PAGE}/rule", **typed, do="show")
    assert "Every Friday at 6 pm, until Friday 26 March 2027" in said(shown)
    assert "These are cancelled; who signed up is written to Tuesday 16 February 2027" in said(shown)
    assert len(days(status="published")) == 9, "nothing changed yet"
    kept = press(organizer, shown, f"{PAGE}/rule", **{**typed, "odd": "keep"}, do="make")
    assert "These take place all the same" in said(kept), "another choice is shown first"
    assert press(organizer, shown, f"{PAGE}/rule", **typed, do="make").location == PAGE
    assert date(THIRD).status == "cancelled"
    page_now = said(client.get("/series/vigil"))
    assert "Every Tuesday at 6 pm, until Tuesday 9 February 2027." in page_now
    assert "Every Friday at 6 pm, until Friday 26 March 2027." in page_now


def test_steps_of_all_dates_ask_first(organizer: FlaskClient) -> None:
    a_vigil()
    somebody_comes(THIRD)
    assert "For 1 of them people have signed up." in said(organizer.get(f"{PAGE}/cancel"))
    send(organizer, f"{PAGE}/cancel")
    assert {one.status for one in dates()} == {"cancelled"}
    send(organizer, f"{PAGE}/reinstate")
    assert {one.status for one in dates()} == {"published"}
    send(organizer, f"{PAGE}/delete")
    assert "can’t be deleted" in said(organizer.get(PAGE))
    assert organizer.post(f"{PAGE}/cancel").status_code == 422


def test_lists_show_a_series_once_with_its_next_date(organizer: FlaskClient, client: FlaskClient) -> None:
    a_campaign(slug="night")
    a_vigil(campaign="night")
    for address in ("/", "/campaigns/night"):
        text = client.get(address).text
        assert text.count("/events/vigil-2027-02-02") == text.count("/events/vigil-"), address
        assert "/series/vigil" in text, address
    assert organizer.get("/organize/events").text.count("/organize/events/vigil-") == 1
    page = client.get(f"/events/{THIRD}")
    assert "Every Tuesday at 6 pm · All dates" in said(page)
    assert "Other dates Tuesday 2 February 2027" in said(page)
    assert "The same night elsewhere" not in said(page)


def test_the_page_of_a_series_in_farsi_has_both_calendars(client: FlaskClient) -> None:
    a_vigil()
    answer = client.get("/fa/series/vigil")
    page = said(answer)
    assert "سه‌شنبه ۲ فوریهٔ ۲۰۲۷" in page
    assert "۱۳ بهمن ۱۴۰۵" in page
    assert "<bdi>The Starry Plough</bdi>، <bdi>Berkeley</bdi>" in answer.text, "each part in its own direction"


def test_the_trail_leads_to_a_series(organizer: FlaskClient) -> None:
    a_vigil()
    assert 'href="/organize/series/vigil"' in organizer.get("/organize/audit").text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"weekdays": "4"}, ["۲۷ بهمن ۱۴۰۵", "۴ اسفند ۱۴۰۵"]),  # cancelled, taken down
        ({"at": "19:00"}, ["سه‌شنبه ۱۶ فوریهٔ ۲۰۲۷ (۲۷ بهمن ۱۴۰۵) کسانی"]),
    ],
)
def test_another_rule_in_farsi_tells_old_days_in_both_calendars(
    organizer: FlaskClient, change: dict[str, str], told: list[str]
) -> None:
    a_vigil()
    somebody_comes(THIRD)
    typed = {"from_on": "2027-02-10", "at": "18:00", **TUESDAYS, "odd": "cancel", **change}
    page = f"/fa{PAGE}/rule"
    shown = said(press(organizer, organizer.get(page), page, **typed, do="show"))
    for day in told:
        assert day in shown


def test_those_who_find_it_by_its_link_see_all_dates(client: FlaskClient) -> None:
    slug = a_vigil(listed=False)
    page = client.get(f"/series/{slug}")
    assert page.text.count('class="date"') == 9
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert slug not in client.get("/").text


@pytest.mark.parametrize(
    ("place", "opens"), [("campaign:night", 200), ("campaign:other", 403), (f"event:{THIRD}", 403)]
)
def test_who_organizes_the_campaign_manages_the_series(app: Flask, place: str, opens: int) -> None:
    a_campaign(slug="night")
    a_vigil(campaign="night")
    somebody = an_organizer(email="somebody@example.org", role="organizer", place=place)
    visitor = app.test_client()
    with visitor.session_transaction() as session:
        session["organizer"] = an_organizer_session(somebody)
    assert visitor.get(PAGE).status_code == opens
    own = 200 if place != "campaign:other" else 403
    assert visitor.get(f"/organize/events/{THIRD}").status_code == own
    if own == 200:
        can_all = "Save for all coming dates" in visitor.get(f"/organize/events/{THIRD}").text
        assert can_all == (opens == 200)


def test_who_has_one_date_cannot_change_all_by_hand(app: Flask) -> None:
    a_campaign(slug="night")
    a_vigil(campaign="night")
    somebody = an_organizer(email="somebody@example.org", role="organizer", place=f"event:{THIRD}")
    visitor = app.test_client()
    with visitor.session_transaction() as session:
        session["organizer"] = an_organizer_session(somebody)
    address = f"/organize/events/{THIRD}"
    typed = {**FIRST, "starts_on": "2027-02-16", "campaign": "night", "capacity": "50"}
    answer = press(visitor, visitor.get(address), address, **typed, do="all")
    assert answer.status_code == 422
    assert {one.capacity for one in dates()} == {20}


def test_a_series_that_changed_meanwhile_is_shown_again(organizer: FlaskClient) -> None:
    a_vigil()
    typed = {"from_on": "2027-02-10", "at": "19:00", **TUESDAYS, "odd": "keep"}
    shown = press(organizer, organizer.get(f"{PAGE}/rule"), f"{PAGE}/rule", **typed, do="show")
    somebody_comes(THIRD)
    actions.cancel_event(slug=THIRD, now=clock.now())
    again = press(organizer, shown, f"{PAGE}/rule", **typed, do="make")
    assert again.status_code == 200
    assert series().rule["weekdays"] == [1]


@pytest.mark.parametrize("address", ["/series/vigil", "/series/vigil.ics", "/calendar.ics", f"/events/{THIRD}.ics"])
def test_a_hidden_place_is_told_to_no_stranger(client: FlaskClient, address: str) -> None:
    notes = {"en": {"title": "Vigil", "gate_note": "Ring twice at the blue parrot"}}
    a_vigil(address_hidden=True, venue="Canary House", street="77 Canary Wharf", texts=notes)
    answer = client.get(address)
    assert answer.status_code == 200
    told = answer.data.replace(b"\r\n ", b"")
    assert b"Canary" not in told
    assert b"parrot" not in told
    assert b"Berkeley" in told


def test_a_vigil_that_is_over_leaves_room_for_other_nights(client: FlaskClient, clock: time_machine.Traveller) -> None:
    an_event("A night in January", starts_at=dt.datetime(2027, 1, 16, tzinfo=dt.UTC))
    a_vigil(Rule(every="day"), dt.date(2027, 2, 27))
    clock.move_to(dt.datetime(2027, 3, 5, tzinfo=dt.UTC))
    past = said(client.get("/")).partition("Nights that were")[2]
    assert "A night in January" in past
    assert past.count("Every day at 6 pm") == 1
    assert past.split("Every day")[0].split()[:3] == ["27", "February", "2027"], "its last date"
