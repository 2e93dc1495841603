"""Letters in the organizers' area, through the pages: written, looked at, tried out, sent, watched, stopped."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from time_machine import Traveller
from werkzeug.test import TestResponse

from iec_events.broadcasts import actions
from iec_events.broadcasts.models import ALL, COMING, Broadcast
from iec_events.core import clock as our_clock
from iec_events.core.db import atomic, db
from iec_events.events.models import Event
from iec_events.mail.actions import hand_over, note_delivered
from iec_events.organizers.roles import ORGANIZER, of_event
from tests.broadcasts.people import BOTH, a_letter, letter, mails, now_is, sends, signs_up
from tests.checkin.people import browser_of
from tests.factories import a_campaign, an_app, an_event, an_organizer, an_organizer_session, fully_signed_in
from tests.filling import hidden_fields, send

WORDS = {"subject_en": "Please come early", "text_en": "Doors open **earlier**.", "audience": "coming"}
HERE = "/organize/events/berkeley/letters"


@pytest.fixture
def event(app: object) -> Event:
    """A night in Berkeley, thirty days from now, with one guest who reads Farsi."""
    del app
    night = an_event(slug="berkeley")
    signs_up(night, "sara@example.org", "fa")
    return night


def write(organizer: FlaskClient, **typed: Any) -> TestResponse:
    return send(organizer, f"{HERE}/new", **{**WORDS, **typed})


def seen(answer: TestResponse) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


@pytest.mark.usefixtures("event")
def test_from_an_empty_page_to_a_letter_that_is_sent(organizer: FlaskClient) -> None:
    assert "No letter yet" in organizer.get(HERE).text
    page = write(organizer).location
    draft = organizer.get(page)
    assert "1 mail" in seen(draft)
    assert "who reads it gets the one in English" in seen(draft)
    assert "متنی به فارسی نیست: هر که آن را می‌خواند متن انگلیسی را می‌گیرد" in seen(organizer.get(f"/fa{page}"))
    assert 'http-equiv="refresh"' not in draft.text
    asked = organizer.get(f"{page}/send")
    assert "Send it to 1 party" in asked.text
    assert send(organizer, f"{page}/send", when="now").location == page
    begun = organizer.get(page)
    assert 'http-equiv="refresh"' in begun.text
    assert 'http-equiv="refresh"' not in organizer.get(f"{page}?still=yes").text
    actions.post_letters(our_clock.now())
    assert "Stop it now" in organizer.get(page).text
    (mail,) = mails()
    hand_over(letter=mail, now=our_clock.now())
    note_delivered(mail_id=mail.id, now=our_clock.now())
    actions.post_letters(our_clock.now())
    done = organizer.get(page)
    assert 'http-equiv="refresh"' not in done.text
    assert "1 of 1" in seen(organizer.get(HERE))


@pytest.mark.usefixtures("event")
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"subject_en": "", "text_en": ""}, "Please write a subject and a text in at least one language."),
        ({"text_en": ""}, "There is a subject in this language, and no text."),
        ({"subject_fa": "سلام"}, "There is a subject in this language, and no text."),
        ({"text_es": "Hola"}, "There is a text in this language, and no subject."),
        ({"subject_en": "x" * 121}, "This is too long"),
        ({"audience": "friends"}, "Please choose one of these."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    organizer: FlaskClient, typed: dict[str, str], sentence: str
) -> None:
    answer = write(organizer, **typed)
    assert answer.status_code == 422
    assert sentence in answer.text
    for kept in {**WORDS, **typed}.values():
        assert kept in answer.text or kept == "friends"
    assert not db.session.scalars(sa.select(Broadcast)).all()


def test_a_draft_is_changed_and_two_tabs_are_told(organizer: FlaskClient, event: Event) -> None:
    letter_id = a_letter(event)
    address = f"{HERE}/{letter_id}/edit"
    first = organizer.get(address).text
    assert send(organizer, address, **{**WORDS, "subject_en": "New"}).status_code == 303
    old = {"version": "1", "csrf_token": re.findall(r'name="csrf_token"[^>]*value="([^"]+)', first)[0]}
    answer = organizer.post(address, data={**WORDS, **old, "subject_en": "Mine"})
    assert answer.status_code == 409
    assert "Nothing of yours is lost" in answer.text
    assert "Mine" in answer.text
    assert letter(letter_id).version == 2
    answer = organizer.post(f"{HERE}/{letter_id}/send", data={**old, "when": "now"})
    assert answer.status_code == 409
    assert letter(letter_id).state == "draft"


@pytest.mark.usefixtures("event")
def test_a_step_back_and_other_words_lose_nothing(organizer: FlaskClient) -> None:
    form = hidden_fields(organizer.get(f"{HERE}/new").text)
    page = organizer.post(f"{HERE}/new", data={**form, **WORDS}).location
    assert organizer.post(f"{HERE}/new", data={**form, **WORDS}).location == page  # pressed twice
    again = organizer.post(f"{HERE}/new", data={**form, **WORDS, "subject_en": "Other words"})
    assert again.status_code == 409
    assert "Other words" in again.text
    assert "Please come early" in organizer.get(page).text
    data = {**hidden_fields(again.text), **WORDS, "subject_en": "Other words"}
    assert organizer.post(f"{HERE}/new", data=data).location == page
    assert "Other words" in organizer.get(page).text
    assert len(db.session.scalars(sa.select(Broadcast)).all()) == 1


def test_the_frame_has_its_own_style_and_nothing_else(organizer: FlaskClient, event: Event) -> None:
    words = {"fa": {"subject": "<b>درها</b>", "text": "<script>x</script> [اینجا](javascript:x)"}}
    address = f"{HERE}/{a_letter(event, texts=words)}"
    assert "frame-src 'self'" in organizer.get(address).headers["Content-Security-Policy"]
    frame = organizer.get(f"{address}/as-mail/es")
    policy = frame.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "style-src 'sha256-" in policy
    assert "unsafe" not in policy
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert frame.headers["Cross-Origin-Resource-Policy"] == "cross-origin"  # else Firefox leaves the frame empty
    assert frame.headers["Cache-Control"] == "no-store"
    assert "<script>" not in frame.text
    assert "<b>" not in frame.text
    assert 'href="javascript' not in frame.text
    assert '<html lang="es" dir="ltr">' in frame.text
    assert '<h1 lang="fa" dir="rtl">' in frame.text


# --- When it goes


def chosen(organizer: FlaskClient, letter_id: str, day: str, time: str, **others: str) -> TestResponse:
    return send(organizer, f"{HERE}/{letter_id}/send", when="later", day=day, clock=time, **others)


def test_later_by_the_clocks_of_the_place(organizer: FlaskClient, event: Event) -> None:
    letter_id = a_letter(event)
    assert chosen(organizer, letter_id, "2027-01-20", "۱۸:۳۰").status_code == 303
    assert letter(letter_id).due_at == dt.datetime(2027, 1, 21, 2, 30, tzinfo=dt.UTC)
    for page in (HERE, f"{HERE}/{letter_id}"):  # who looks may be elsewhere
        assert "Wednesday 20 January, 6:30 pm (Berkeley time)" in seen(organizer.get(page))


@pytest.mark.parametrize(
    ("day", "time", "sentence"),
    [
        ("2027-01-14", "18:00", "This moment is over already."),
        ("2027-03-14", "02:30", "so 02:30 does not exist."),
        ("2027-05-01", "18:00", "So no letter can be sent after its end."),
        ("", "18:00", "Please choose the day."),
        ("2027-01-20", "", "Please write the time"),
        ("2027-01-20", "late", "time"),
    ],
)
def test_a_moment_that_will_not_be_is_refused(organizer: FlaskClient, day: str, time: str, sentence: str) -> None:
    night = an_event(slug="berkeley", starts_at=dt.datetime(2027, 4, 1, 2, tzinfo=dt.UTC))
    signs_up(night)
    letter_id = a_letter(night)
    answer = chosen(organizer, letter_id, day, time)
    assert answer.status_code in {409, 422}
    assert sentence in answer.text
    assert letter(letter_id).state == "draft"


def test_an_hour_that_comes_twice_is_asked_about(organizer: FlaskClient) -> None:
    night = an_event(slug="berkeley", starts_at=dt.datetime(2027, 12, 1, 2, tzinfo=dt.UTC))
    signs_up(night)
    letter_id = a_letter(night)
    asked = chosen(organizer, letter_id, "2027-11-07", "01:30")
    assert asked.status_code == 422
    assert "The second 01:30 (UTC-8)" in asked.text
    assert chosen(organizer, letter_id, "2027-11-07", "01:30", which="1").status_code == 303
    assert letter(letter_id).due_at == dt.datetime(2027, 11, 7, 9, 30, tzinfo=dt.UTC)


def test_what_stands_in_the_fields_of_later_does_not_matter_now(organizer: FlaskClient, event: Event) -> None:
    letter_id = a_letter(event)
    answer = send(organizer, f"{HERE}/{letter_id}/send", when="now", day="never", clock="25:99")
    assert answer.status_code == 303
    assert letter(letter_id).state == "scheduled"


def test_sent_twice_is_sent_once_and_the_back_button_leads_to_the_letter(organizer: FlaskClient, event: Event) -> None:
    letter_id = a_letter(event)
    form = organizer.get(f"{HERE}/{letter_id}/send").text
    token = re.findall(r'name="csrf_token"[^>]*value="([^"]+)', form)[0]
    for _ in range(2):
        data = {"csrf_token": token, "version": "1", "when": "now"}
        answer = organizer.post(f"{HERE}/{letter_id}/send", data=data)
        assert (answer.status_code, answer.location) == (303, f"{HERE}/{letter_id}")
    actions.post_letters(our_clock.now())
    assert len(mails()) == 1
    for page in ("send", "edit"):
        assert organizer.get(f"{HERE}/{letter_id}/{page}").location == f"{HERE}/{letter_id}"


def test_sending_asks_for_a_fresh_sign_in(organizer: FlaskClient, event: Event, clock: Traveller) -> None:
    letter_id = a_letter(event)
    clock.shift(25 * 60)
    assert "/organize/confirm" in organizer.get(f"{HERE}/{letter_id}/send").location
    assert "/organize/confirm" in organizer.post(f"{HERE}/{letter_id}/send", data={"when": "now"}).location
    assert letter(letter_id).state == "draft"


# --- The place that only some may know


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("We meet at THE STARRY PLOUGH.", True),
        ("Come to 3101 shattuck avenue", True),
        ("It is on Shattuck Avenue, near the park", True),
        ("Link: https://meet.example.org/abc-DEF", True),
        ("The code is ۴۷۱۱#", True),
        ("We meet in Berkeley at 18:00.", False),
    ],
)
def test_a_hidden_place_in_a_letter_must_be_meant(organizer: FlaskClient, text: str, warned: bool) -> None:  # noqa: FBT001
    night = an_event(slug="berkeley", address_hidden=True, online_url="https://meet.example.org/abc-def")
    night = db.session.merge(night)
    signs_up(night)
    letter_id = _with_gate_note(night, text)
    assert ("seems to name the place" in organizer.get(f"{HERE}/{letter_id}").text) == warned
    answer = send(organizer, f"{HERE}/{letter_id}/send", when="now")
    assert answer.status_code == (422 if warned else 303)
    if warned:
        assert "tick the box below" in answer.text
        assert send(organizer, f"{HERE}/{letter_id}/send", when="now", place_meant="y").status_code == 303


def _with_gate_note(night: Event, text: str) -> str:
    from iec_events.core.db import atomic  # noqa: PLC0415

    with atomic():
        row = db.session.get_one(Event, night.id)
        row.texts = {**row.texts, "en": {**row.texts["en"], "gate_note": "Ring at Sanaei.\nCode 4711"}}
    return a_letter(night, ALL, {"en": {"subject": "Where", "text": text}})


def test_those_who_come_may_be_told(organizer: FlaskClient) -> None:
    night = an_event(slug="berkeley", address_hidden=True)
    signs_up(night)
    letter_id = a_letter(night, COMING, {"en": {"subject": "Where", "text": "The Starry Plough"}})
    assert "seems to name" not in organizer.get(f"{HERE}/{letter_id}/send").text
    assert send(organizer, f"{HERE}/{letter_id}/send", when="now").status_code == 303


# --- Buttons


def press(organizer: FlaskClient, letter_id: str, button: str) -> TestResponse:
    return send(organizer, f"{HERE}/{letter_id}", f"{HERE}/{letter_id}/{button}")


def test_a_test_goes_to_whoever_is_signed_in(organizer: FlaskClient, event: Event) -> None:
    letter_id = a_letter(event)
    page = press(organizer, letter_id, "test/fa").location
    (mail,) = mails()
    assert (mail.kind, mail.locale) == ("broadcasts.test", "fa")
    assert mail.to.startswith("organizer-")
    assert mail.to in organizer.get(page).text


def test_stopping_and_deleting(organizer: FlaskClient, event: Event) -> None:
    letter_id = a_letter(event)
    sends(event, letter_id)
    assert press(organizer, letter_id, "stop").status_code == 303
    assert letter(letter_id).state == "draft"
    sends(event, letter_id)
    answer = press(organizer, letter_id, "delete")
    assert "It can’t be changed now." in organizer.get(answer.location).text
    actions.post_letters(our_clock.now())
    press(organizer, letter_id, "stop")
    assert letter(letter_id).state == "stopped"
    assert "nobody’s own page any more" in organizer.get(f"{HERE}/{letter_id}").text
    like = organizer.get(f"{HERE}/new?like={letter_id}")
    assert BOTH["fa"]["text"] in like.text
    draft = a_letter(event)
    assert "<summary>Delete the draft</summary>" in organizer.get(f"{HERE}/{draft}").text, "one press is not enough"
    assert press(organizer, draft, "delete").location == HERE


def test_a_letter_is_found_under_its_own_event_only(organizer: FlaskClient, event: Event) -> None:
    letter_id = a_letter(event)
    an_event(slug="paris")
    there = "/organize/events/paris/letters"
    for page in ("", "/edit", "/send", "/as-mail/en"):
        assert organizer.get(f"{there}/{letter_id}{page}").status_code == 404
    assert organizer.get(f"{there}/new?like={letter_id}").status_code == 404
    for deed in ("stop", "delete", "test/en"):
        answer = send(organizer, f"{HERE}/{letter_id}", f"{there}/{letter_id}/{deed}")
        assert answer.status_code == 404
    assert letter(letter_id).state == "draft"


# --- To a whole campaign


EVERYWHERE = 'name="everywhere"'


@pytest.fixture
def paris(event: Event) -> Event:
    """Another night of the same campaign, with a guest of its own."""
    campaign = a_campaign()
    with atomic():
        db.session.execute(sa.update(Event).where(Event.id == event.id).values(campaign_id=campaign.id))
    night = an_event("Paris", slug="paris", campaign_id=campaign.id)
    signs_up(night, "reza@example.org")
    return night


@pytest.mark.usefixtures("paris")
def test_a_letter_goes_to_all_lists_of_a_campaign_and_is_stopped_on_one_page(
    organizer: FlaskClient, event: Event
) -> None:
    letter_id = a_letter(event)
    page = f"{HERE}/{letter_id}"
    asked = organizer.get(f"{page}/send").text
    assert EVERYWHERE in asked
    assert "1 other event is not over" in asked
    send(organizer, f"{page}/send", when="now", everywhere="y")
    actions.post_letters(our_clock.now())
    assert len(mails()) == 2
    here = organizer.get(page).text
    (there,) = re.findall(r'href="(/organize/events/paris/letters/[^"]+)"', here)
    assert "Stop it now" in here
    assert f'href="{page}"' in organizer.get(there).text
    send(organizer, page, f"{page}/stop")
    assert {row.state for row in db.session.scalars(sa.select(Broadcast))} == {"stopped"}


def test_copies_are_seen_and_stopped_where_the_first_one_stayed_a_draft(
    organizer: FlaskClient, event: Event, paris: Event
) -> None:
    """Its own event was called off; the others take place."""
    letter_id = a_letter(event)
    sends(event, letter_id, our_clock.now() + dt.timedelta(hours=1), everywhere=True)
    with atomic():
        db.session.execute(sa.update(Broadcast).where(Broadcast.event_id == event.id).values(state="draft"))
    page = f"{HERE}/{letter_id}"
    here = organizer.get(page).text
    assert "The same letter to other lists" in here
    assert "Stop it now" in here
    send(organizer, page, f"{page}/stop")
    assert db.session.scalars(sa.select(Broadcast.state).where(Broadcast.event_id == paris.id)).one() == "draft"
    assert "The same letter to other lists" not in organizer.get(page).text


def test_who_organizes_one_night_stops_its_own_copy_only(app: Flask, event: Event, paris: Event) -> None:
    account = an_organizer(role=ORGANIZER, place=of_event("berkeley"))
    client = browser_of(app, (account.id, fully_signed_in(an_organizer_session(an_app(account)))))
    letter_id = a_letter(event)
    sends(event, letter_id, our_clock.now() + dt.timedelta(hours=1), everywhere=True)
    send(client, f"{HERE}/{letter_id}", f"{HERE}/{letter_id}/stop")
    states = {row.event_id: row.state for row in db.session.scalars(sa.select(Broadcast))}
    assert states == {event.id: "draft", paris.id: "scheduled"}


@pytest.mark.usefixtures("paris")
def test_who_organizes_one_night_writes_to_its_list_only(app: Flask, event: Event) -> None:
    account = an_organizer(role=ORGANIZER, place=of_event("berkeley"))
    client = browser_of(app, (account.id, fully_signed_in(an_organizer_session(an_app(account)))))
    letter_id = a_letter(event)
    address = f"{HERE}/{letter_id}/send"
    assert EVERYWHERE not in client.get(address).text
    assert send(client, address, when="now", everywhere="y").status_code == 303
    assert len(db.session.scalars(sa.select(Broadcast)).all()) == 1
    assert client.get(f"{HERE}/{letter_id}").status_code == 200


def test_a_place_that_a_campaigns_letter_names_is_asked_about(
    organizer: FlaskClient, event: Event, paris: Event
) -> None:
    with atomic():
        db.session.execute(sa.update(Event).where(Event.id == paris.id).values(address_hidden=True))
    words = {"en": {"subject": "Where", "text": f"They meet at {paris.venue}."}}
    address = f"{HERE}/{a_letter(event, texts=words)}/send"
    assert "place_meant" not in organizer.get(address).text
    refused = send(organizer, address, when="now", everywhere="y")
    assert refused.status_code == 422
    assert 'name="place_meant"' in refused.text
    form = hidden_fields(refused.text)
    assert (
        organizer.post(address, data={**form, "when": "now", "everywhere": "y", "place_meant": "y"}).status_code == 303
    )


# --- On the own page


def test_who_it_was_for_reads_it_on_their_own_page(client: FlaskClient, event: Event) -> None:
    rsvp_id, token = signs_up(event, None)
    sends(event, a_letter(event))
    actions.post_letters(our_clock.now())
    client.get(f"/rsvps/{token}")
    page = client.get("/events/berkeley/my-rsvp").text
    assert "Please come early" in page
    assert "<strong>earlier</strong>" in page
    told = client.get("/events/berkeley/my-rsvp/data.json").get_json()
    assert [one["subject"] for one in told["letters_from_organizers"]] == ["Please come early"]
    now_is(rsvp_id, status="cancelled", holds_seats=False)
    assert "Please come early" not in client.get("/events/berkeley/my-rsvp").text
