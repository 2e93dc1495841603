"""One's own page in every state, its buttons, and what they say when the state is another by now."""

from __future__ import annotations

import datetime as dt
import json
import re
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from time_machine import Traveller
from werkzeug.test import TestResponse

from iec_events.checkin.actions import count_in
from iec_events.core import clock as our_clock
from iec_events.core.crypto import vault
from iec_events.core.db import atomic, db
from iec_events.events.actions import cancel_event, postpone_event
from iec_events.events.models import Event
from iec_events.mail.models import OutboxMail
from iec_events.questions.models import ONE, SHORT
from iec_events.rsvps import actions
from iec_events.rsvps.door_code import door_code
from iec_events.rsvps.models import STATUSES, Rsvp, RsvpLink
from iec_events.rsvps.standing import SAY, time_left
from tests.factories import an_event
from tests.filling import hidden_fields, send
from tests.questions.asking import a_question, choice

MINE = "/events/berkeley/my-rsvp"
MAIL = "sara@example.org"


def house(**others: Any) -> Event:
    return an_event(**{"slug": "berkeley", "capacity": 4, "largest_party": 3, **others})


def sign_up(client: FlaskClient, **typed: Any) -> None:
    answer = send(client, "/events/berkeley/rsvp", **{"name": "Sara", "party_size": "1", **typed})
    assert answer.status_code == 303


def page(client: FlaskClient, status: int = 200) -> str:
    answer = client.get(MINE)
    assert answer.status_code == status
    return unescape(answer.text)


def press(client: FlaskClient, deed: str) -> TestResponse:
    """Press a button as a page sends it, whether or not the page shows it now."""
    return client.post(f"{MINE}/{deed}", data=hidden_fields(client.get(f"{MINE}/delete").text))


def the_rsvp() -> Rsvp:
    db.session.expire_all()
    return db.session.scalars(sa.select(Rsvp).order_by(Rsvp.line)).all()[-1]


def headline(text: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", text, re.DOTALL)
    assert found
    return found[1].strip()


def by_mail(app: Flask, kind: str = "unconfirmed", phone: FlaskClient | None = None) -> FlaskClient:
    """Who opens the link of a letter, on another device if none is given."""
    mail = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == f"rsvps.{kind}")).one()
    phone = phone or app.test_client()
    token = vault().open("outbox", mail.id, mail.sealed or b"")["facts"]["token"]
    assert phone.get(f"/rsvps/{token}").status_code == 303
    return phone


def test_addresses_on_the_page_are_the_public_one_whatever_the_browser_called_us(client: FlaskClient) -> None:
    house()
    sign_up(client)
    told = client.get(f"/fa{MINE}", environ_overrides={"HTTP_HOST": "127.0.0.1:9", "wsgi.url_scheme": "https"}).text
    assert "127.0.0.1:9" not in told
    assert "http://127.0.0.1:8000/fa/rsvps/words" in told


def test_every_state_has_words_of_its_own() -> None:
    assert {*STATUSES} - {*SAY} == {"removed"}


@pytest.mark.parametrize(
    ("left", "said"),
    [({"days": 3}, "3 days"), ({"days": 1, "hours": 23}, "47 hours"), ({"minutes": 61}, "One hour"), ({}, "One min")],
)
def test_the_time_left_is_never_more_than_there_is(bare_app: Flask, left: dict[str, int], said: str) -> None:
    with bare_app.test_request_context():
        assert time_left(dt.timedelta(**left)).startswith(said)


# --- Confirming an address


def test_an_address_is_confirmed_by_the_button_behind_the_link_in_the_mail(app: Flask, client: FlaskClient) -> None:
    house(confirms_address=True, hold_hours=5)
    sign_up(client, email=MAIL)
    mine = page(client)
    assert headline(mine) == "Please confirm your address."
    assert "Your place is held until" in mine
    assert "5 hours are left." in mine
    assert MAIL in mine
    assert "Confirm my address" not in mine
    refused = press(client, "confirm")
    assert refused.status_code == 409
    assert "please open the link in the mail" in refused.text
    phone = by_mail(app)
    assert "Confirm my address" in page(phone)
    assert the_rsvp().status == "unconfirmed", "opening does nothing"
    assert press(phone, "confirm").status_code == 303
    assert headline(page(phone)) == headline(page(client)) == "Your place is kept."


def test_the_mail_is_sent_again_three_times_a_day(client: FlaskClient, clock: Traveller) -> None:
    house(confirms_address=True, hold_hours=48)
    sign_up(client, email=MAIL)
    assert [press(client, "resend").status_code for _ in range(4)] == [303, 303, 303, 429]
    assert "several times today" in press(client, "resend").text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMail)) == 4
    clock.shift(dt.timedelta(days=1))
    assert press(client, "resend").status_code == 303


def test_a_party_that_is_too_large_by_now_is_shown_the_way_back(client: FlaskClient) -> None:
    event = house(largest_party=4)
    sign_up(client, party_size="3")
    press(client, "not-coming")
    assert "I am coming after all" in page(client)
    with atomic():
        db.session.execute(sa.update(Event).where(Event.id == event.id).values(largest_party=2))
    for mine in (page(client), press(client, "come-back").text):
        assert "By now, 2 people at most can come on one RSVP, and you were more." in mine
        assert 'href="/events/berkeley/rsvp">Sign up again' in mine
        assert "I am coming after all" not in mine


def test_who_was_late_to_confirm_comes_back_with_one_button(app: Flask, client: FlaskClient, clock: Traveller) -> None:
    house(confirms_address=True, hold_hours=5)
    sign_up(client, email=MAIL)
    phone = by_mail(app)
    clock.shift(dt.timedelta(hours=6))
    actions.run_deadlines(our_clock.now())
    assert headline(page(phone)) == "Your time to confirm is over."
    assert press(phone, "come-back").status_code == 303
    assert headline(page(phone)) == "Your place is kept."
    assert press(phone, "resend").status_code == 409


def test_places_are_not_said_to_be_held_where_they_are_not(app: Flask, client: FlaskClient) -> None:
    house(confirms_address=True, capacity=1)
    sign_up(app.test_client(), name="Ali")
    actions.approve_rsvp(slug="berkeley", rsvp_id=the_rsvp().id, now=our_clock.now())
    sign_up(client, email=MAIL)
    mine = page(client)
    assert "held until" not in mine
    assert "Then you are on the waitlist" in mine


# --- Approval, the line, offers


def test_waiting_for_approval_is_never_called_a_waitlist(client: FlaskClient) -> None:
    house(needs_approval=True, address_hidden=True)
    sign_up(client)
    mine = page(client)
    assert headline(mine) == "Your RSVP waits for approval."
    assert "on the waitlist" not in mine
    assert "The Starry Plough" not in mine
    actions.decline_rsvp(slug="berkeley", rsvp_id=the_rsvp().id, words="", now=our_clock.now())
    assert headline(page(client)) == "We cannot welcome you this time."


def test_the_line_tells_its_rule_and_offers_end(app: Flask, client: FlaskClient, clock: Traveller) -> None:
    house(capacity=1, offer_hours=12)
    ali = app.test_client()
    sign_up(ali, name="Ali")
    sign_up(client)
    mine = page(client)
    assert "You are number 1 in line." in mine
    assert "held for 12 hours" in mine
    assert "After 3 of them, places that come free are saved up for it" in mine
    assert press(client, "accept").status_code == 409
    assert press(ali, "not-coming").status_code == 303
    assert headline(page(ali)) == "You are not coming this time."
    mine = page(client)
    assert headline(mine) == "A place came free. Do you take it?"
    assert "12 hours are left." in mine
    clock.shift(dt.timedelta(hours=13))
    assert headline(page(client)) == "This offer has run out."
    late = press(client, "accept")
    assert late.status_code == 409
    assert "This RSVP has changed in the meantime." in late.text
    actions.run_deadlines(our_clock.now())
    assert headline(page(client)) == "The place offered to you went to others."
    assert press(client, "come-back").status_code == 303
    assert headline(page(client)) == "Your place is kept."


def test_an_offer_is_taken_once(app: Flask, client: FlaskClient) -> None:
    house(capacity=1, offer_hours=12)
    ali = app.test_client()
    sign_up(ali, name="Ali")
    sign_up(client)
    send(ali, f"{MINE}/cancel")
    assert [press(client, "accept").status_code for _ in range(2)] == [303, 303]
    assert headline(page(client)) == "Your place is kept."


# --- Not coming, coming back, and buttons of old tabs


def test_not_coming_and_coming_back_as_the_last_in_line(app: Flask, client: FlaskClient) -> None:
    house(capacity=1)
    sign_up(client)
    choices = unescape(client.get(f"{MINE}/cancel").text)
    assert all(text in choices for text in ("Not this time", "For good", "Delete everything about me"))
    assert press(client, "not-coming").status_code == 303
    assert client.get(f"{MINE}/cancel").location == MINE
    sign_up(app.test_client(), name="Ali")
    assert press(client, "come-back").status_code == 303
    assert "You are number 1 in line." in page(client)


def test_coming_back_when_signing_up_is_closed_says_why(client: FlaskClient) -> None:
    event = house()
    sign_up(client)
    press(client, "not-coming")
    with atomic():
        event.closed_early = True
    mine = page(client)
    assert "I am coming after all" not in mine
    assert "The organizers have closed the list early." in mine
    answer = press(client, "come-back")
    assert answer.status_code == 409
    assert "Signing up is closed now." in answer.text


def test_who_cannot_come_is_promised_no_way_back_where_there_is_none(client: FlaskClient) -> None:
    event = house()
    sign_up(client)
    assert "you come back with one button" in client.get(f"{MINE}/cancel").text
    with atomic():
        db.session.get_one(Event, event.id).closed_early = True
    choices = client.get(f"{MINE}/cancel").text
    assert "The organizers have closed the list early." in choices
    assert "you come back" not in choices
    assert "sign up anew" not in choices


@pytest.mark.parametrize("deed", ["confirm", "accept", "not-coming", "come-back", "resend"])
def test_buttons_of_an_old_tab_say_what_happened_and_do_nothing(client: FlaskClient, deed: str) -> None:
    house()
    sign_up(client)
    assert client.get(f"{MINE}/{deed}").location == MINE
    without_token = client.post(f"{MINE}/{deed}")
    assert without_token.status_code == 422
    assert "please send it once more" in without_token.text
    assert the_rsvp().status == "confirmed"
    send(client, f"{MINE}/cancel")
    answer = press(client, deed)
    assert answer.status_code == 409
    assert "Below is how it stands now." in answer.text
    assert the_rsvp().status == "cancelled"


def test_who_was_taken_off_the_list_is_told(client: FlaskClient) -> None:
    house(contact="nasrin@example.org")
    sign_up(client)
    actions.remove_rsvps(slug="berkeley", rsvp_ids=[the_rsvp().id], now=our_clock.now())
    mine = page(client)
    assert "taken off the list by the organizers" in mine
    assert "write to nasrin@example.org" in mine
    assert press(client, "come-back").status_code == 409


def test_a_night_that_is_cancelled_asks_for_nothing_more(client: FlaskClient) -> None:
    house()
    sign_up(client)
    cancel_event(slug="berkeley", now=our_clock.now())
    mine = page(client)
    assert headline(mine) == "This night is cancelled."
    assert "Change my RSVP" not in mine


def test_a_night_that_is_over_says_when_all_is_destroyed(client: FlaskClient, clock: Traveller) -> None:
    house(starts_at=our_clock.now() + dt.timedelta(hours=1))
    sign_up(client)
    clock.shift(dt.timedelta(hours=5))
    mine = page(client)
    assert headline(mine) == "This night is over."
    assert "Thank you for coming. What we keep about you is destroyed on" in mine


def test_nobody_is_thanked_for_coming_to_what_is_postponed(client: FlaskClient, clock: Traveller) -> None:
    house(starts_at=our_clock.now() + dt.timedelta(hours=1))
    sign_up(client)
    postpone_event(slug="berkeley", now=our_clock.now())
    assert "It is kept for the new date, too. If there is no new date by" in page(client)
    clock.shift(dt.timedelta(hours=5))
    mine = page(client)
    assert headline(mine) == "This night is postponed."
    assert "If there is no new date by" in mine
    assert "Thank you for coming" not in mine


# --- What is taken along


def test_the_exact_place_is_told_to_those_who_come_only(app: Flask, client: FlaskClient) -> None:
    house(needs_approval=True, address_hidden=True)
    sign_up(client)
    assert "Shattuck" not in client.get(f"{MINE}/calendar.ics").text
    actions.approve_rsvp(slug="berkeley", rsvp_id=the_rsvp().id, now=our_clock.now())
    answer = client.get(f"{MINE}/calendar.ics")
    assert "Shattuck" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    mine = page(client)
    assert "3101 Shattuck Avenue" in mine
    assert "calendar.google.com" not in mine, "what leads to others must not tell the place, nor lead there without it"
    assert "Shattuck" not in app.test_client().get("/events/berkeley.ics").text


def test_the_code_for_the_door_is_shown_to_those_who_come(app: Flask, client: FlaskClient) -> None:
    house(capacity=1)
    sign_up(client)
    assert door_code(the_rsvp().id) in page(client)
    waiting = app.test_client()
    sign_up(waiting, name="Ali")
    assert door_code(the_rsvp().id) not in page(waiting)


# --- Changing


def test_who_comes_along_and_how_one_is_written_to(client: FlaskClient) -> None:
    house(asks_companions=True, asks_children=True)
    sign_up(client, email=MAIL, party_size="3", companions="علی\n\nNusta ", children="۱")
    assert "one of them a child" in page(client)
    shown = client.get(f"{MINE}/change").text
    assert "علی\r\nNusta" in shown or "علی\nNusta" in shown
    typed = {"name": "", "party_size": "2", "companions": "Ali", "children": "2", "locale": "fa"}
    assert send(client, f"{MINE}/change", **typed).status_code == 303
    own = json.loads(client.get(f"{MINE}/data.json").data)
    assert own["what_you_wrote"]["companions"] == ["Ali"]
    assert own["what_you_wrote"]["children"] == 2
    assert own["what_you_wrote"]["name"] == "Guest"
    assert own["language"] == "fa"
    assert own["rsvp"]["wants_reminders"] is False


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"companions": "Ali\nOmid"}, "you said that one person comes with you"),
        ({"party_size": "1", "companions": "Ali"}, "you said that you come alone"),
        ({"companions": "x" * 101}, "One of these names is too long"),
        ({"children": "3"}, "cannot be more than that"),
        ({"children": "-1"}, "cannot be more than that"),
    ],
)
def test_a_party_that_does_not_add_up_is_asked_about(client: FlaskClient, typed: dict[str, str], sentence: str) -> None:
    house(asks_companions=True, asks_children=True)
    answer = send(client, "/events/berkeley/rsvp", **{"name": "Sara Karimi", "party_size": "2", **typed})
    assert answer.status_code == 422
    assert sentence in unescape(answer.text)
    assert "Sara Karimi" in answer.text


def test_an_old_tab_overwrites_nothing_unseen(client: FlaskClient) -> None:
    house()
    sign_up(client)
    old_tab = {**hidden_fields(client.get(f"{MINE}/change").text), "name": "Sara K.", "party_size": "1", "note": "x"}
    send(client, f"{MINE}/change", name="Sara", party_size="3", note="three of us")
    answer = client.post(f"{MINE}/change", data=old_tab)
    assert answer.status_code == 409
    assert "changed in the meantime" in answer.text
    assert "three of us" in answer.text
    assert "Sara K." in answer.text
    assert the_rsvp().party_size == 3
    again = client.post(f"{MINE}/change", data={**old_tab, **hidden_fields(answer.text)})
    assert again.status_code == 303
    assert the_rsvp().party_size == 1


def test_an_old_tab_overwrites_no_answer_unseen(client: FlaskClient) -> None:
    why = f"q_{a_question(house(), SHORT, 'Why?').id}"
    sign_up(client)
    typed = {"name": "Sara", "party_size": "1"}
    old_tab = {**hidden_fields(client.get(f"{MINE}/change").text), **typed, why: ""}
    send(client, f"{MINE}/change", **typed, **{why: "To sing"})
    assert client.post(f"{MINE}/change", data=old_tab).status_code == 409
    assert "To sing" in page(client)


def test_a_change_sent_again_because_no_answer_came_is_not_called_somebody_elses(client: FlaskClient) -> None:
    why = f"q_{a_question(house(asks_companions=True), SHORT, 'Why?').id}"
    sign_up(client, email=MAIL)
    form = hidden_fields(client.get(f"{MINE}/change").text)
    typed = {**form, "name": "", "party_size": "2", "companions": "Ali", "locale": "fa", "quiet": "y", why: "To sing"}
    for _ in range(2):
        assert client.post(f"{MINE}/change", data=typed).status_code == 303
        assert "Your change is saved." in page(client)
    kinds = sa.select(OutboxMail.kind).where(OutboxMail.kind == "rsvps.changed")
    assert len(db.session.scalars(kinds).all()) == 1


def test_a_link_that_does_not_open_the_words_changes_the_size_only(app: Flask, client: FlaskClient) -> None:
    house()
    sign_up(client, email=MAIL, note="by the door")
    actions.ask_for_links(email=MAIL, now=our_clock.now())
    actions.answer_lost_links(our_clock.now())
    phone = by_mail(app, "link")
    form = phone.get(f"{MINE}/change").text
    assert 'name="note"' not in form
    assert send(phone, f"{MINE}/change", party_size="2", wants_reminders="y").status_code == 303
    assert "by the door" in page(client)
    assert the_rsvp().party_size == 2


def test_the_link_of_a_later_letter_takes_nothing_from_a_browser_that_opens_more(
    app: Flask, client: FlaskClient
) -> None:
    house()
    sign_up(client, email=MAIL, note="by the door")
    actions.ask_for_links(email=MAIL, now=our_clock.now())
    actions.answer_lost_links(our_clock.now())
    by_mail(app, "link", client)
    assert "by the door" in page(client)
    assert 'name="note"' in client.get(f"{MINE}/change").text


def test_a_link_whose_box_was_touched_is_like_one_that_does_not_open_the_words(client: FlaskClient) -> None:
    house()
    sign_up(client, email=MAIL)
    with atomic():
        for link in db.session.scalars(sa.select(RsvpLink)):
            link.own_key = (link.own_key or b"")[:-1] + b"x"
    assert 'name="name"' not in client.get(f"{MINE}/change").text
    assert send(client, f"{MINE}/change", party_size="2").status_code == 303
    assert the_rsvp().party_size == 2


def test_answers_come_along(client: FlaskClient) -> None:
    event = house()
    how = a_question(event, ONE, "How do you come?", choices=["By bus", "On foot"], required=True)
    why = a_question(event, SHORT, "Why?")
    bus, foot = choice(how, "By bus"), choice(how, "On foot")
    answer = send(client, "/events/berkeley/rsvp", name="Sara Karimi", party_size="1")
    assert answer.status_code == 422
    assert "Please choose an answer here." in answer.text
    sign_up(client, **{f"q_{how.id}": bus, f"q_{why.id}": "To sing"})
    assert "By bus" in page(client)
    form = client.get(f"{MINE}/change").text
    assert "To sing" in form
    assert (
        send(
            client, f"{MINE}/change", name="Sara", party_size="1", **{f"q_{how.id}": foot, f"q_{why.id}": ""}
        ).status_code
        == 303
    )
    own = json.loads(client.get(f"{MINE}/data.json").data)
    assert [(one["question"], one["answer"]) for one in own["what_you_answered"]] == [("How do you come?", "On foot")]


def test_ones_data_tell_when_one_was_counted_in(client: FlaskClient, clock: Traveller) -> None:
    house(starts_at=our_clock.now() + dt.timedelta(hours=1))
    sign_up(client, party_size="2")
    assert json.loads(client.get(f"{MINE}/data.json").data)["arrival"] is None
    clock.shift(dt.timedelta(hours=1))
    count_in(slug="berkeley", rsvp_id=the_rsvp().id, people=2, by="nasrin", now=our_clock.now())
    assert json.loads(client.get(f"{MINE}/data.json").data)["arrival"] == {"at": "2027-01-15T13:00:00Z", "people": 2}
