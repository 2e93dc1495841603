"""The organizers' pages of events: what a tired volunteer types, and what becomes of it."""

from __future__ import annotations

import datetime as dt
import io
import re
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image as Pillow
from werkzeug.test import TestResponse

from iec_events.core import clock
from iec_events.core.db import db
from iec_events.events import actions
from iec_events.events.drafts import draft_of
from iec_events.events.models import Campaign, Event, Image
from tests.factories import a_campaign, an_event
from tests.filling import hidden_fields, send

NEW = "/organize/events/new"
NIGHT = {
    "title_en": "A Night of Cultural Revolt",
    "zone": "America/Los_Angeles",
    "starts_on": "2027-02-20",
    "starts_time": "18:00",
    "ends_time": "21:00",
    "city": "Berkeley",
    "largest_party": "6",
    "keep_days": "14",
}


def picture(kind: str = "PNG", size: tuple[int, int] = (400, 300)) -> tuple[io.BytesIO, str]:
    out = io.BytesIO()
    Pillow.new("RGB", size, "crimson").save(out, kind)
    out.seek(0)
    return out, "poster.png"


def only_event() -> Event:
    db.session.rollback()
    return db.session.scalars(sa.select(Event)).one()


def said(answer: TestResponse) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", answer.text)))


def typed_values(page: str) -> dict[str, str]:
    """What the inputs of a page hold; boxes that are not ticked are not sent."""
    found: dict[str, str] = {}
    for tag in re.findall(r"<input\b[^>]*>", page):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        ticked = attributes.get("type") != "checkbox" or " checked" in tag
        if "name" in attributes and ticked:
            found[attributes["name"]] = unescape(attributes.get("value", ""))
    for name, text in re.findall(r'<textarea\b[^>]*name="([^"]+)"[^>]*>\s*(.*?)</textarea>', page, re.DOTALL):
        found[name] = unescape(text)
    return found


def test_works(organizer: FlaskClient) -> None:
    campaign = a_campaign(slug="night")
    night = {
        **NIGHT,
        "title_fa": "شب شورش فرهنگی",
        "summary_en": "Poetry and song, then dancing.",
        "description_es": "**Poesía**",
        "campaign": campaign.slug,
        "doors_time": "17:30",
        "venue": "The Starry Plough",
        "street": "3101 Shattuck Avenue",
        "region": "CA",
        "country": "US",
        "coordinates": "37.8497, -122.2707",
        "online_url": "https://meet.example.org/night",
        "accessibility_en": "One step at the door.",
        "contact": "berkeley@example.org",
        "donation_url": "https://give.example.org",
        "capacity": "120",
        "largest_party": "4",
        "opens_on": "2027-01-20",
        "opens_time": "09:00",
        "closes_on": "2027-02-20",
        "closes_time": "12:00",
        "programme-0-at": "18:00",
        "programme-0-title_en": "Poetry",
        "programme-0-note_es": "Con Nasrin",
        "programme-1-title_fa": "رقص",
    }
    answer = send(organizer, NEW, **night)
    assert answer.status_code == 303, said(answer)
    assert answer.location == "/organize/events/a-night-of-cultural-revolt"
    event = only_event()
    assert (event.status, event.capacity, event.largest_party, event.country) == ("draft", 120, 4, "US")
    assert event.starts_at.isoformat() == "2027-02-21T02:00:00+00:00"
    assert event.ends_at.isoformat() == "2027-02-21T05:00:00+00:00"
    assert event.doors_at is not None
    assert event.doors_at.isoformat() == "2027-02-21T01:30:00+00:00"
    assert event.rsvp_opens_at is not None
    assert event.rsvp_opens_at.isoformat() == "2027-01-20T17:00:00+00:00"
    assert (event.latitude, event.longitude) == (37.8497, -122.2707)
    assert event.texts["fa"] == {"title": "شب شورش فرهنگی"}
    assert event.programme == [
        {"at": "18:00", "title": {"en": "Poetry"}, "note": {"es": "Con Nasrin"}},
        {"at": "", "title": {"fa": "رقص"}, "note": {}},
    ]
    assert event.campaign is not None


def test_a_saved_event_comes_back_as_it_was_and_saving_it_again_changes_nothing(organizer: FlaskClient) -> None:
    answer = send(
        organizer, NEW, **NIGHT, capacity="50", coordinates="3.4478, -76.542", **{"programme-0-title_en": "Poetry"}
    )
    assert answer.status_code == 303, said(answer)
    before = draft_of(only_event()), only_event().revised_at
    page = organizer.get("/organize/events/a-night-of-cultural-revolt")
    typed = typed_values(page.text)
    assert typed["starts_on"] == "2027-02-20"
    assert typed["starts_time"] == "18:00"
    assert typed["programme-0-title_en"] == "Poetry"
    unsent = {"image", "image_gone", "do"}
    answer = organizer.post(page.request.path, data={k: v for k, v in typed.items() if k not in unsent})
    assert answer.status_code == 303, said(answer)
    assert (draft_of(only_event()), only_event().revised_at) == before


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"zone": ""}, "Please choose the time zone of the place."),
        ({"zone": "Atlantis"}, "We know no time zone by this name."),
        ({"starts_on": ""}, "Please choose the day on which it starts."),
        ({"starts_on": "20 February"}, "Please write the date as year-month-day"),
        ({"starts_on": "0001-01-01"}, "Please check the year of this date."),
        ({"starts_time": "25:00"}, "Please write the time as hours and minutes"),
        ({"ends_time": ""}, "Please write the time at which it ends"),
        ({"ends_time": "17:00"}, "The end must come after the start."),
        ({"doors_time": "19:00"}, "Doors must open before the start"),
        ({"opens_on": "2027-02-01"}, "Please write the time too"),
        ({"closes_time": "12:00"}, "Please choose the date too."),
        ({"coordinates": "somewhere"}, "Please write two numbers"),
        ({"coordinates": "91, 3"}, "A latitude lies between -90 and 90."),
        ({"coordinates": "0, 0"}, "is a place in the ocean"),
        ({"online_url": "http://example.org"}, "A link must begin with https://"),
        ({"donation_url": "javascript:alert(1)"}, "A link must begin with https://"),
        ({"capacity": "many"}, "Please write a whole number"),
        ({"capacity": "0"}, "Please give a number of seats"),
        ({"capacity": "999999"}, "Please give a number of seats"),
        ({"largest_party": "0"}, "The largest party must be"),
        ({"title_en": "x" * 121}, "This is too long: 121 characters, and 120 fit."),
        ({"title_en": "a\x00b"}, "invisible control characters"),
        ({"slug": "Not An Address"}, "An address is made of small Latin letters"),
        ({"programme-0-at": "18:00"}, "Please give this item a title"),
        ({"programme-0-title_en": "Poetry", "programme-0-at": "late"}, "Please write the time as hours and minutes"),
        ({"csrf_token": "wrong"}, "This page was open for a long time"),
    ],
)
def test_bad_input_is_answered_beside_its_field_and_nothing_typed_is_lost(
    organizer: FlaskClient, change: dict[str, str], sentence: str
) -> None:
    answer = send(organizer, NEW, **{**NIGHT, "venue": "The Starry Plough", **change})
    assert answer.status_code == 422
    assert sentence in said(answer)
    kept = typed_values(answer.text)
    for name, text in {**NIGHT, "venue": "The Starry Plough", **change}.items():
        assert kept[name] == text.replace("\x00", "") or name == "csrf_token", name
    field = next(iter(change))
    if field != "csrf_token":
        assert re.search(rf'id="(?:\w+_)?{field.split("_")[0].split("-")[0]}[\w-]*-error"', answer.text), field
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Event)) == 0


def test_everything_wrong_is_said_at_once(organizer: FlaskClient) -> None:
    answer = send(organizer, NEW, **{**NIGHT, "starts_on": "", "capacity": "0", "online_url": "here", "zone": "?"})
    wrong = set(re.findall(r'id="(\w+)-error"', answer.text))
    assert wrong == {"starts_on", "capacity", "online_url", "zone"}


def test_a_time_in_the_spring_gap_is_refused_with_the_clock_change(organizer: FlaskClient) -> None:
    gap = {**NIGHT, "starts_on": "2027-03-14", "starts_time": "02:30", "ends_time": "05:00"}
    answer = send(organizer, NEW, **gap)
    assert answer.status_code == 422
    assert "On Sunday 14 March the clocks there jump from 02:00 to 03:00, so 02:30 does not exist." in said(answer)


def test_a_time_that_comes_twice_is_asked_about_and_never_guessed(organizer: FlaskClient) -> None:
    twice = {**NIGHT, "starts_on": "2027-11-07", "starts_time": "01:30", "ends_time": "05:00"}
    answer = send(organizer, NEW, **twice)
    assert answer.status_code == 422
    assert "The clocks go back that night, and 01:30 comes twice." in said(answer)
    assert "The first 01:30 (UTC-7)" in said(answer)
    assert "The second 01:30 (UTC-8)" in said(answer)
    assert send(organizer, NEW, **twice, starts_which="1").status_code == 303
    event = only_event()
    assert event.starts_at.isoformat() == "2027-11-07T09:30:00+00:00"
    page = organizer.get(f"/organize/events/{event.slug}").text
    assert re.search(r'<input checked[^>]*name="starts_which"[^>]*value="1"', page)


def test_an_event_without_hours_needs_days_only_and_comes_back_as_it_was(organizer: FlaskClient) -> None:
    days = {**NIGHT, "all_day": "y", "starts_time": "", "ends_time": "", "doors_time": "17:00"}
    assert send(organizer, NEW, **{**days, "starts_on": ""}).status_code == 422
    backwards = send(organizer, NEW, **days, ends_on="2027-02-19")
    assert "The last day can’t come before the first." in said(backwards)
    assert 'id="ends_on-error"' in backwards.text
    answer = send(organizer, NEW, **{**days, "starts_time": "junk"}, ends_on="2027-02-22")
    assert answer.status_code == 303, said(answer)
    event = only_event()
    assert event.all_day
    assert (event.starts_at.isoformat(), event.ends_at.isoformat(), event.doors_at) == (
        "2027-02-20T08:00:00+00:00",
        "2027-02-23T08:00:00+00:00",
        None,
    )
    before = event.revised_at
    typed = typed_values(organizer.get(answer.location).text)
    assert (typed["starts_on"], typed["ends_on"], typed["starts_time"]) == ("2027-02-20", "2027-02-22", "")
    answer = organizer.post(answer.location, data={k: v for k, v in typed.items() if k not in {"image", "do"}})
    assert (answer.status_code, only_event().revised_at) == (303, before)
    page = organizer.get(f"/organize/events/{event.slug}/preview")
    assert "Saturday 20 February 2027 until Monday 22 February (Berkeley time)" in said(page)
    one_day = {**days, "starts_on": "2011-12-30", "zone": "Pacific/Apia"}
    assert "The clocks there left out this whole day." in said(send(organizer, NEW, **one_day))


def test_letters_and_the_note_for_the_gate_are_chosen_and_shown_again(organizer: FlaskClient) -> None:
    page = organizer.get(NEW).text
    assert {name for name in typed_values(page) if name.startswith("remind_")} == {"remind_24"}
    chosen = {"remind_168": "y", "remind_2": "y", "thanks": "y", "gate_note_en": "Ring twice.\nBlue door."}
    answer = send(organizer, NEW, **NIGHT, **chosen)
    event = only_event()
    assert (event.reminders, event.thanks) == ([168, 2], True)
    assert event.texts["en"]["gate_note"] == "Ring twice.\nBlue door."
    for address in (answer.location, f"{NEW}?like={event.slug}"):
        typed = typed_values(organizer.get(address).text)
        assert chosen.items() <= typed.items()
        assert "remind_24" not in typed
    assert send(organizer, answer.location, **NIGHT).status_code == 303
    assert (only_event().reminders, only_event().thanks) == ([], False)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"starts_on": "2027-03-14", "starts_time": "02:30", "ends_time": "05:00"}, "02:30 does not exist"),
        ({"starts_on": "2026-02-20"}, "By these dates the event would be over already"),
        ({"starts_time": "17:00"}, "Doors must open before the start"),
        ({"ends_on": "2027-02-19"}, "The end must come after the start."),
        ({"ends_time": "18:30"}, "RSVPs must close before the event ends."),
    ],
)
def test_an_event_is_not_moved_to_where_it_cannot_be(
    organizer: FlaskClient, change: dict[str, str], sentence: str
) -> None:
    closing = {"doors_time": "17:30", "closes_on": "2027-02-20", "closes_time": "19:00"}
    assert send(organizer, NEW, **NIGHT, **closing, do="publish").status_code == 303
    before = draft_of(only_event())
    address = f"/organize/events/{only_event().slug}"
    if change == {"starts_on": "2026-02-20"}:
        closing = {}
    answer = send(organizer, address, **{**NIGHT, **closing, **change})
    assert answer.status_code == 422
    assert sentence in said(answer)
    assert re.search(r'<p class="error" id="(starts|ends|doors|closes)_(on|time)-error">', answer.text)
    assert typed_values(answer.text).items() >= {**NIGHT, **change}.items()
    assert draft_of(only_event()) == before


def test_a_past_event_can_be_kept_and_it_is_said_that_it_is_over(organizer: FlaskClient) -> None:
    assert send(organizer, NEW, **{**NIGHT, "starts_on": "2026-02-20"}).status_code == 303
    page = organizer.get(f"/organize/events/{only_event().slug}")
    assert "By its dates this event is over already." in said(page)


def test_persian_digits_and_names_of_cities_are_understood(organizer: FlaskClient) -> None:
    farsi = {
        "zone": "بوگوتا",
        "starts_on": "۲۰۲۷-۰۲-۲۰",
        "starts_time": "۱۸:۰۰",
        "capacity": "۱۲۰",
        "ends_time": "٢١:٣٠",
    }
    answer = send(organizer, f"/fa{NEW}", **{**NIGHT, **farsi, "coordinates": "۴٫۶۵، ‎-۷۴٫۰۵"})
    assert answer.status_code == 303, said(answer)
    event = only_event()
    assert (event.time_zone, event.capacity, event.latitude) == ("America/Bogota", 120, 4.65)
    assert event.ends_at.isoformat() == "2027-02-21T02:30:00+00:00"
    page = organizer.get(f"/fa/organize/events/{event.slug}")
    assert 'value="2027-02-20"' in page.text


def test_rows_are_added_moved_and_removed_while_everything_typed_stays(organizer: FlaskClient) -> None:
    rows = {f"programme-{n}-title_en": text for n, text in enumerate(("Poetry", "Songs", "Dancing"))}
    half = {"title_en": "Half a", "starts_on": "", "programme-1-at": "19:00", **rows}

    def titles(wish: str) -> list[str]:
        answer = send(organizer, NEW, **half, do=wish)
        assert answer.status_code == 200
        kept = typed_values(answer.text)
        assert kept["title_en"] == "Half a"
        numbers = [n for n in range(5) if f"programme-{n}-title_en" in kept]
        assert kept[f"programme-{[kept[f'programme-{n}-title_en'] for n in numbers].index('Songs')}-at"] == "19:00"
        return [kept[f"programme-{n}-title_en"] for n in numbers]

    assert titles("add") == ["Poetry", "Songs", "Dancing", ""]
    assert titles("up-1") == ["Songs", "Poetry", "Dancing"]
    assert titles("up-0") == ["Poetry", "Songs", "Dancing"]
    assert titles("down-1") == ["Poetry", "Dancing", "Songs"]
    assert titles("remove-2") == ["Poetry", "Songs"]
    assert titles("remove-99") == ["Poetry", "Songs", "Dancing"]
    assert titles("remove-²") == ["Poetry", "Songs", "Dancing"]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Event)) == 0


def test_twenty_rows_in_three_languages_fit(organizer: FlaskClient) -> None:
    rows = {
        f"programme-{n}-{key}_{c}": f"{key} {n}"
        for n in range(20)
        for key in ("title", "note")
        for c in ("en", "fa", "es")
    }
    answer = send(organizer, NEW, **NIGHT, **rows, image=(io.BytesIO(b""), ""), do="save")
    assert answer.status_code == 303, said(answer)
    assert len(only_event().programme) == 20


def test_a_picture_is_kept_while_other_things_are_wrong_then_shown_and_taken_away(organizer: FlaskClient) -> None:
    answer = send(organizer, NEW, **{**NIGHT, "ends_time": ""}, image=picture())
    assert answer.status_code == 422
    kept = hidden_fields(answer.text)
    assert kept["image_name"]
    address = f"/images/{kept['image_name']}.webp"
    assert address in answer.text
    answer = organizer.post(NEW, data={**kept, **NIGHT, "image_alt_en": "A red poster"})
    assert answer.status_code == 303
    assert only_event().image_name == kept["image_name"]
    shown = organizer.get(address)
    assert (shown.status_code, shown.mimetype) == (200, "image/webp")
    assert send(organizer, answer.location, **NIGHT, image_gone="y").status_code == 303
    assert only_event().image_name is None
    assert organizer.get(address).status_code == 404


def test_a_picture_that_is_none_is_answered_beside_its_field(organizer: FlaskClient) -> None:
    for octets, sentence in ((b"GIF89a", "could not be read"), (bytes(6 * 1024 * 1024), "larger than 5 MB")):
        answer = send(organizer, NEW, **NIGHT, image=(io.BytesIO(octets), "x.png"))
        assert answer.status_code == 422
        assert sentence in said(answer)
        assert 'id="image-error"' in answer.text
        answer.request.environ["wsgi.input"].close()  # the test client forgets what it wrote to a file
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Image)) == 0


def test_a_file_in_place_of_a_text_is_no_fault(organizer: FlaskClient) -> None:
    files: dict[str, Any] = {name: (io.BytesIO(b"x"), "x") for name in ("title_en", "capacity", "country", "revision")}
    answer = send(organizer, NEW, **{**NIGHT, **files})
    assert answer.status_code == 303
    assert organizer.post(NEW, json={"title_en": 5}).status_code == 422
    assert send(organizer, NEW, **NIGHT, **{"programme-²-at": "1", "image": "text"}).status_code == 303


def test_pictures_may_be_kept_for_ever(client: FlaskClient) -> None:
    actions.keep_image(name="abc", content=b"RIFF", width=1, height=1, now=clock.now())
    answer = client.get("/images/abc.webp")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["ETag"] == '"abc"'
    assert "Set-Cookie" not in answer.headers
    assert client.get("/images/abc.webp", headers={"If-None-Match": '"abc"'}).status_code == 304
    assert client.get("/images/none.webp").status_code == 404


def test_save_and_publish_needs_a_title(organizer: FlaskClient) -> None:
    answer = send(organizer, NEW, **{**NIGHT, "title_en": ""}, do="publish")
    assert answer.status_code == 422
    assert "To be published, the event needs a title in at least one language." in said(answer)
    assert (
        send(organizer, NEW, **{**NIGHT, "title_en": ""}, do="save").location == "/organize/events/2027-02-20-berkeley"
    )
    assert send(organizer, "/organize/events/2027-02-20-berkeley", **NIGHT, do="publish").status_code == 303
    assert only_event().status == "published"
    assert organizer.get("/events/2027-02-20-berkeley").status_code == 200


def test_a_taken_address_is_answered_beside_its_field(organizer: FlaskClient) -> None:
    an_event(slug="berkeley")
    answer = send(organizer, NEW, **NIGHT, slug="berkeley")
    assert answer.status_code == 409
    assert "This address is taken already." in said(answer)
    assert typed_values(answer.text)["title_en"] == NIGHT["title_en"]


def test_once_people_have_signed_up_a_list_is_kept_shorter_only(organizer: FlaskClient) -> None:
    an_event(slug="berkeley", keep_days=5, lines_given=1)
    assert "The list of this event is destroyed on" in organizer.get("/organize/events/berkeley").text
    longer = send(organizer, "/organize/events/berkeley", **{**NIGHT, "keep_days": "6"})
    assert longer.status_code == 409
    assert "It can be kept shorter, but not longer." in said(longer)
    assert 'id="keep_days-error"' in longer.text
    assert send(organizer, "/organize/events/berkeley", **{**NIGHT, "keep_days": "۰"}).status_code == 303
    assert db.session.scalars(sa.select(Event.keep_days)).one() == 0


def test_that_a_list_would_be_destroyed_is_said_beside_what_was_changed(organizer: FlaskClient) -> None:
    now, hour = clock.now(), dt.timedelta(hours=1)
    over = an_event(starts_at=now - 30 * hour, ends_at=now - 23 * hour, keep_days=1, lines_given=1)
    address = f"/organize/events/{over.slug}"
    end = (now - 25 * hour).astimezone(ZoneInfo("America/Los_Angeles"))
    earlier = {"ends_on": end.strftime("%Y-%m-%d"), "ends_time": end.strftime("%H:%M")}
    typed = typed_values(organizer.get(address).text)
    for change, field in (({"keep_days": "0"}, "keep_days"), (earlier, "ends_on")):
        refused = organizer.post(address, data={**typed, **change})
        assert refused.status_code == 422
        assert f'id="{field}-error"' in refused.text
        assert "By this the list would be destroyed at once" in said(refused)


def test_too_small_a_capacity_is_answered_with_the_seats_taken(organizer: FlaskClient) -> None:
    an_event(slug="berkeley", capacity=50, seats_taken=41)
    answer = send(organizer, "/organize/events/berkeley", **NIGHT, capacity="40")
    assert answer.status_code == 409
    assert "41 seats are taken already." in said(answer)
    assert 'id="capacity-error"' in answer.text


def test_two_organizers_at_once_lose_nothing(organizer: FlaskClient) -> None:
    send(organizer, NEW, **NIGHT)
    event = only_event()
    address = f"/organize/events/{event.slug}"
    opened = hidden_fields(organizer.get(address).text)
    assert send(organizer, address, **{**NIGHT, "venue": "La Peña"}).status_code == 303
    mine = {**opened, **NIGHT, "venue": "The Starry Plough"}
    answer = organizer.post(address, data=mine)
    assert answer.status_code == 409
    assert "Somebody else changed this event while you were writing." in said(answer)
    assert "differs from what is saved now in: Venue" in said(answer)
    assert typed_values(answer.text)["venue"] == "The Starry Plough"
    assert only_event().venue == "La Peña"
    again = organizer.post(address, data={**mine, **hidden_fields(answer.text)})
    assert again.status_code == 303
    assert only_event().venue == "The Starry Plough"


def test_each_reminder_that_two_organizers_chose_differently_is_named(organizer: FlaskClient) -> None:
    address = send(organizer, NEW, **NIGHT, remind_24="y").location
    old = hidden_fields(organizer.get(address).text)
    send(organizer, address, **NIGHT, remind_24="y", remind_168="y")
    answer = organizer.post(address, data={**old, **NIGHT, "remind_24": "y", "remind_2": "y"})
    assert answer.status_code == 409
    assert "differs from what is saved now in: A week before Two hours before See what" in said(answer)


def test_a_form_without_a_revision_is_an_old_one(organizer: FlaskClient) -> None:
    an_event(slug="berkeley")
    for revision in ("", "yesterday", "2027-01-01"):
        assert send(organizer, "/organize/events/berkeley", **NIGHT, revision=revision).status_code == 409


def test_the_steps_of_an_event(organizer: FlaskClient, client: FlaskClient) -> None:
    an_event(slug="berkeley")
    address = "/organize/events/berkeley"
    for step, status, public in (
        ("postpone", "postponed", 200),
        ("reinstate", "published", 200),
        ("cancel", "cancelled", 200),
        ("reinstate", "published", 200),
        ("withdraw", "draft", 410),
        ("publish", "published", 200),
    ):
        before = only_event().status
        assert organizer.get(f"{address}/{step}").status_code == 200
        assert only_event().status == before
        answer = send(organizer, f"{address}/{step}")
        assert (answer.status_code, answer.location) == (303, address)
        assert only_event().status == status
        assert client.get("/events/berkeley").status_code == public


def test_before_a_step_one_reads_that_those_on_the_list_are_written_to(organizer: FlaskClient) -> None:
    address = f"/organize/events/{an_event(lines_given=1).slug}"
    form = organizer.get(address).text
    for step in ("postpone", "cancel", "withdraw"):
        assert f'href="{address}/{step}"' in form
        assert "Those on its list who gave an address get a mail about it." in said(organizer.get(f"{address}/{step}"))
    assert "without a word" not in said(organizer.get(f"{address}/withdraw"))
    send(organizer, f"{address}/withdraw")
    assert f'href="{address}/rsvps"' in organizer.get(address).text
    over = clock.now() - dt.timedelta(days=1)
    for status, told in (("published", False), ("postponed", True)):
        past = an_event(slug=status, status=status, starts_at=over, lines_given=1)
        page = said(organizer.get(f"/organize/events/{past.slug}/cancel"))
        assert ("get a mail about it" in page) is told, "who waits for a new date does so whatever the old one"
    alone = f"/organize/events/{an_event(slug='alone').slug}/withdraw"
    assert "without a word" in said(organizer.get(alone))


def test_a_step_without_a_token_or_in_the_wrong_order_is_refused(organizer: FlaskClient) -> None:
    an_event(slug="berkeley", status="draft", published_at=None)
    assert organizer.post("/organize/events/berkeley/publish").status_code == 422
    assert only_event().status == "draft"
    answer = send(organizer, "/organize/events/berkeley/cancel")
    assert "so this can’t be done now" in said(organizer.get(answer.location))
    assert organizer.get("/organize/events/berkeley/explode").status_code == 404
    assert organizer.get("/organize/events/none/cancel").status_code == 404


def test_a_draft_is_previewed_by_organizers_only(organizer: FlaskClient, app: Flask) -> None:
    an_event("Berkeley night", slug="berkeley", status="draft", published_at=None)
    page = organizer.get("/organize/events/berkeley/preview")
    assert page.status_code == 200
    assert "This is a preview." in page.text
    assert "Berkeley night" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert organizer.get("/events/berkeley").status_code == 404
    assert app.test_client().get("/organize/events/berkeley/preview").status_code == 303


def test_a_page_that_is_sent_again_makes_no_second_event(
    app: Flask, organizer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {**hidden_fields(organizer.get(NEW).text), **NIGHT, "image_alt_en": "A singer", "do": "publish"}

    def leave(**_given: object) -> None:
        raise sa.exc.TimeoutError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(app, "testing", False)
        patch.setattr("iec_events.events.actions.publish_event", leave)
        answer = organizer.post(NEW, data={**fields, "image": picture(size=(80, 60))})
    assert answer.status_code == 503
    assert (
        organizer.post(NEW, data=hidden_fields(answer.text)).location == "/organize/events/a-night-of-cultural-revolt"
    )
    assert only_event().status == "published"
    assert organizer.post(NEW, data={**fields, "title_en": "Another night"}).location.endswith("/another-night")


def test_a_new_event_begins_in_the_zone_of_its_campaign_or_as_a_copy(organizer: FlaskClient) -> None:
    campaign = a_campaign(slug="night")
    an_event(
        slug="cali",
        campaign_id=campaign.id,
        time_zone="America/Bogota",
        city="Cali",
        texts={"es": {"title": "Doce sillas"}},
    )
    typed = typed_values(organizer.get(f"{NEW}?campaign=night").text)
    assert (typed["zone"], typed["title_es"]) == ("America/Bogota", "")
    typed = typed_values(organizer.get(f"{NEW}?like=cali").text)
    assert (typed["zone"], typed["title_es"], typed["city"], typed["slug"]) == (
        "America/Bogota",
        "Doce sillas",
        "Cali",
        "",
    )
    assert organizer.get(f"{NEW}?like=none").status_code == 404
    assert organizer.get(f"{NEW}?campaign=none").status_code == 200


def test_the_list_shows_drafts_upcoming_and_past(organizer: FlaskClient) -> None:
    assert "No event yet" in said(organizer.get("/organize/events"))
    an_event("Soon", slug="soon")
    an_event("Not yet", slug="not-yet", status="draft")
    an_event("Long ago", slug="long-ago", starts_at=clock.now().replace(year=2024))
    text = said(organizer.get("/organize/events"))
    assert text.index("Drafts") < text.index("Not yet") < text.index("Upcoming events") < text.index("Soon")
    assert text.index("Soon") < text.index("Past events") < text.index("Long ago")


def test_the_list_asks_as_much_for_thirty_events_as_for_one(organizer: FlaskClient, queries: Any) -> None:
    counted = []
    for more in (1, 29):
        for _each in range(more):
            an_event(campaign_id=a_campaign().id)
        organizer.get("/organize/events")
        with queries() as asked:
            organizer.get("/organize/events")
        counted.append(sum("FROM events" in query or "FROM campaigns" in query for query in asked))
    assert counted[0] == counted[1]


def test_a_campaign_is_written_and_changed(organizer: FlaskClient) -> None:
    answer = send(organizer, "/organize/campaigns/new", summary_en="Sister nights.")
    assert answer.status_code == 422
    assert "Please write a title in at least one language." in said(answer)
    assert typed_values(answer.text)["summary_en"].strip() == "Sister nights."
    answer = send(organizer, "/organize/campaigns/new", title_es="Una noche de rebelión", published="y")
    assert answer.location == "/organize/campaigns/una-noche-de-rebelion"
    old = hidden_fields(organizer.get(answer.location).text)
    assert send(organizer, answer.location, title_es="Otra noche").status_code == 303
    stale = organizer.post(answer.location, data={**old, "title_es": "Una tercera"})
    assert stale.status_code == 409
    assert typed_values(stale.text)["title_es"] == "Una tercera"
    db.session.rollback()
    campaign = db.session.scalars(sa.select(Campaign)).one()
    assert (campaign.texts, campaign.published) == ({"es": {"title": "Otra noche"}}, False)
    taken = send(organizer, "/organize/campaigns/new", title_en="x", slug=campaign.slug)
    assert taken.status_code == 409
    assert "This address is taken already." in said(taken)


def test_the_form_speaks_the_language_of_its_address(organizer: FlaskClient) -> None:
    page = organizer.get(f"/fa{NEW}").text
    assert '<html lang="fa" dir="rtl">' in page
    order = [page.index(f'name="title_{code}"') for code in ("fa", "en", "es")]
    assert order == sorted(order)


@pytest.mark.parametrize(("status", "links"), [("draft", 0), ("published", 1), ("cancelled", 1)])
def test_the_form_leads_to_the_list_as_soon_as_there_can_be_one(
    organizer: FlaskClient, status: str, links: int
) -> None:
    an_event(slug="berkeley", status=status)
    assert organizer.get("/organize/events/berkeley").text.count('"/organize/events/berkeley/rsvps"') == links


@pytest.mark.parametrize("nothing", ["%00", "a%00b", "%F0%9F%92%A3", "%E2%80%AE", "x" * 500])
def test_an_address_that_nobody_gave_out_is_none(organizer: FlaskClient, nothing: str) -> None:
    for path in ("/organize/events/", "/organize/campaigns/", "/events/"):
        assert organizer.get(f"{path}{nothing}").status_code == 404
    assert organizer.get(f"/images/{nothing}.webp").status_code == 404
    assert organizer.get(f"{NEW}?like={nothing}").status_code == 404
    assert organizer.get(f"{NEW}?campaign={nothing}").status_code in {200, 404}


@pytest.mark.parametrize("name", ["\x00", "../x", "no-such-picture"])
def test_a_name_of_a_picture_that_is_not_kept_is_refused_or_left_out(organizer: FlaskClient, name: str) -> None:
    answer = send(organizer, NEW, **NIGHT, image_name=name, image_alt_en="A red poster")
    assert answer.status_code == (422 if name == "no-such-picture" else 303)
    assert ("The picture did not arrive." in said(answer)) == (name == "no-such-picture")


def test_a_picture_waits_for_words_that_say_what_it_shows(organizer: FlaskClient) -> None:
    answer = send(organizer, f"/fa{NEW}", **NIGHT, image=picture())
    assert (answer.status_code, 'id="image_alt_fa-error"' in answer.text) == (422, True)
    kept = hidden_fields(answer.text)
    assert organizer.post(NEW, data={**kept, **NIGHT}).status_code == 422
    assert organizer.post(NEW, data={**kept, **NIGHT, "image_alt_es": "Un cartel"}).status_code == 303


WAYS = ("confirms_address", "needs_approval", "asks_companions", "asks_children", "address_hidden", "puzzle")


def test_how_people_sign_up_is_kept_and_shown_again(organizer: FlaskClient) -> None:
    assert typed_values(organizer.get(NEW).text)["offer_hours"] == "24", "new events offer what comes free"
    ways = dict.fromkeys(WAYS, "y")
    answer = send(organizer, NEW, **NIGHT, **ways, hold_hours="۴۸", offer_hours="168", by_link="y")
    assert answer.status_code == 303, said(answer)
    event = only_event()
    assert all(getattr(event, way) for way in WAYS)
    assert (event.hold_hours, event.offer_hours, event.listed) == (48, 168, False)
    kept = typed_values(organizer.get(answer.location).text)
    assert {way: kept[way] for way in WAYS} == ways
    assert (kept["hold_hours"], kept["offer_hours"], kept["by_link"]) == ("48", "168", "y")
    emptied = {**NIGHT, "hold_hours": "", "offer_hours": ""}
    assert send(organizer, answer.location, **emptied).status_code == 303
    event = only_event()
    assert (event.hold_hours, event.offer_hours, event.listed, event.needs_approval) == (24, None, True, False)
    assert not event.address_hidden
    assert send(organizer, answer.location, **NIGHT, needs_approval="y").status_code == 303
    assert typed_values(organizer.get(answer.location).text)["address_hidden"] == "y", "nobody is told before a yes"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"hold_hours": "49"}, "hold_hours"),
        ({"offer_hours": "0"}, "offer_hours"),
        ({"largest_party": "1", "asks_children": "y"}, "asks_children"),
        ({"city": "", "do": "publish"}, "city"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_said_beside_its_field(organizer: FlaskClient, wrong: dict[str, str], field: str) -> None:
    answer = send(organizer, NEW, **{**NIGHT, **wrong})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert typed_values(answer.text)["title_en"] == NIGHT["title_en"]


def test_a_published_event_cannot_become_one_that_is_nowhere(organizer: FlaskClient) -> None:
    an_event(slug="berkeley")
    answer = send(organizer, "/organize/events/berkeley", **{**NIGHT, "city": ""})
    assert answer.status_code == 422
    assert 'id="city-error"' in answer.text


def test_a_draft_by_link_moves_to_an_address_nobody_can_guess(organizer: FlaskClient) -> None:
    an_event(slug="berkeley", status="draft", published_at=None)
    answer = send(organizer, "/organize/events/berkeley", **NIGHT, by_link="y")
    assert re.fullmatch("/organize/events/berkeley-[a-z2-7]{12}", answer.location)
    assert "Its address has a new end that nobody can guess." in organizer.get(answer.location).text


def test_what_was_public_is_said_to_stay_known(organizer: FlaskClient) -> None:
    an_event(slug="berkeley")
    assert "Its address was public already" in organizer.get("/organize/events/berkeley").text
    answer = send(organizer, "/organize/events/berkeley", **NIGHT, by_link="y")
    assert answer.location == "/organize/events/berkeley"
    assert "whoever knows it, or kept it, finds it" in organizer.get(answer.location).text


def test_signing_up_is_closed_and_opened_with_one_press(organizer: FlaskClient, client: FlaskClient) -> None:
    an_event(slug="berkeley")
    here = "/organize/events/berkeley"
    assert "Close signing up now" in organizer.get(here).text
    assert send(organizer, here, to=f"{here}/close").location == here
    assert only_event().closed_early
    page = organizer.get(here).text
    assert ("Open it again" in page, "Close signing up now" in page) == (True, False)
    assert "The organizers have closed the list early." in client.get("/events/berkeley").text
    assert send(organizer, here, to=f"{here}/open").location == here
    assert "I am coming" in client.get("/events/berkeley").text


def test_an_attack_is_answered_from_the_dashboard_with_one_press(organizer: FlaskClient, client: FlaskClient) -> None:
    an_event(slug="berkeley", capacity=50)
    assert "a party is 2 people at most" in said(organizer.get("/organize"))
    pressed = send(organizer, "/organize", to="/organize/events/berkeley/attack", from_dashboard="yes")
    assert pressed.location == "/organize"
    assert only_event().under_attack
    assert "The attack is over" in organizer.get("/organize").text
    assert "A person looks at every RSVP." in client.get("/events/berkeley").text
    send(organizer, "/organize/events/berkeley", to="/organize/events/berkeley/calm")
    assert not only_event().under_attack


def test_a_draft_is_deleted_after_it_was_asked_once(organizer: FlaskClient) -> None:
    an_event(slug="berkeley", status="draft", published_at=None)
    here = "/organize/events/berkeley"
    assert f'href="{here}/delete"' in organizer.get(here).text
    assert "gone for good" in organizer.get(f"{here}/delete").text
    assert send(organizer, f"{here}/delete").location == "/organize/events"
    assert organizer.get(here).status_code == 404


def test_what_was_published_is_not_deleted(organizer: FlaskClient) -> None:
    an_event(slug="berkeley")
    here = "/organize/events/berkeley"
    assert f"{here}/delete" not in organizer.get(here).text
    send(organizer, here, to=f"{here}/delete")
    assert "Withdraw its page instead." in organizer.get(here).text
    assert only_event().status == "published"


def test_a_button_of_an_old_page_asks_again(organizer: FlaskClient) -> None:
    an_event(slug="berkeley")
    for step, words in (("close", "Close signing up now"), ("attack", "We are under attack")):
        answer = organizer.post(f"/organize/events/berkeley/{step}")
        assert (answer.status_code, words in answer.text) == (422, True)
    assert not only_event().closed_early


def test_a_picture_comes_in_the_sizes_that_screens_need(organizer: FlaskClient, client: FlaskClient) -> None:
    send(organizer, NEW, **NIGHT, image=picture("JPEG", (1200, 800)), image_alt_en="A poster", do="publish")
    page = client.get(f"/events/{only_event().slug}").text
    name = db.session.scalars(sa.select(Image.name)).one()
    assert f'srcset="/images/{name}/480.webp 480w, /images/{name}/960.webp 960w"' in page
    answer = client.get(f"/images/{name}/480.webp")
    assert (answer.status_code, answer.mimetype, answer.headers["ETag"]) == (200, "image/webp", f'"{name}-480"')
    assert Pillow.open(io.BytesIO(answer.data)).size == (480, 320)
    assert client.get(f"/images/{name}/481.webp").status_code == 404


def test_what_was_typed_for_a_draft_that_is_thrown_away_meanwhile_is_not_lost(organizer: FlaskClient) -> None:
    address = send(organizer, NEW, **NIGHT, do="save").location
    page = organizer.get(address)
    actions.delete_draft(slug=address.rpartition("/")[2], now=clock.now())
    typed = {**typed_values(page.text), "title_en": "A long text about rivers"}
    answer = organizer.post(address, data={**typed, "do": "save"})
    assert answer.status_code == 404
    assert "There is no event at this address." in said(answer)
    assert typed_values(answer.text)["title_en"] == "A long text about rivers"
    saved = organizer.post(NEW, data={**typed_values(answer.text), "do": "save"})
    assert saved.status_code == 303
    assert only_event().texts["en"]["title"] == "A long text about rivers"
    assert organizer.get(address).status_code == 404


@pytest.mark.parametrize(
    ("change", "lines_given", "times"),
    [
        ({"doors_time": "17:00"}, 1, 1),
        ({"gate_note_en": "Ring twice."}, 1, 1),
        ({"gate_note_en": "Ring twice."}, 0, 0),  # nobody is there to be told
        ({"description_en": "Poems."}, 1, 0),
        ({"doors_time": "17:00", "starts_time": "19:00"}, 1, 0),  # a letter about the hour goes anyway
    ],
)
def test_what_no_letter_tells_organizers_are_told_to_write(
    organizer: FlaskClient, change: dict[str, str], lines_given: int, times: int
) -> None:
    send(organizer, NEW, **NIGHT, doors_time="17:30", do="publish")
    event = only_event()
    event.lines_given = lines_given
    db.session.commit()
    page = f"/organize/events/{event.slug}"
    typed = typed_values(organizer.get(page).text)
    answer = send(organizer, page, **{**typed, **NIGHT, "doors_time": "17:30", **change})
    assert answer.status_code == 303
    assert organizer.get(page).text.count("No mail tells") == times
