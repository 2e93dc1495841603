"""Signing up and one's own page, as a browser does it; and what impatient people, old tabs and attackers do."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from time_machine import Traveller
from werkzeug.test import TestResponse

from iec_events.core import clock as our_clock
from iec_events.core.db import atomic, db
from iec_events.core.limits import may_begin, may_bring
from iec_events.events.actions import cancel_event, close_list, defend_event
from iec_events.events.models import Event
from iec_events.questions.actions import take_back
from iec_events.questions.models import SHORT
from iec_events.rsvps.models import Rsvp
from tests.conftest import Installation
from tests.factories import an_event, roster
from tests.filling import hidden_fields, send
from tests.questions.asking import a_question

OWN_LINK = re.compile(r'id="own-link" value="([^"]+)"')


@pytest.fixture
def event(app: Flask) -> Event:
    del app
    return an_event(slug="berkeley", capacity=4, largest_party=3)


def sign_up(client: FlaskClient, **typed: Any) -> TestResponse:
    return send(client, "/events/berkeley/rsvp", **{"name": "Sara", "party_size": "1", **typed})


def own_page(client: FlaskClient) -> str:
    page = client.get("/events/berkeley/my-rsvp")
    assert page.status_code == 200
    return page.text


def own_link(client: FlaskClient) -> str:
    found = OWN_LINK.search(own_page(client))
    assert found
    return urlsplit(unescape(found.group(1))).path


def names(event: Event) -> list[str | None]:
    db.session.expire_all()
    return [one.name for one in roster(event.id)]


def test_the_form_names_the_night_in_both_calendars_in_farsi(client: FlaskClient, event: Event) -> None:
    del event
    page = client.get("/fa/events/berkeley/rsvp").text
    reminder = page.partition('class="reminder"')[2].partition("</p>")[0]
    assert "۱۴ فوریهٔ ۲۰۲۷، " in reminder
    assert "<br>۲۵ بهمن ۱۴۰۵" in reminder, "a day that breaks after its month is read twice"


def test_the_form_promises_no_larger_party_than_the_place_holds(client: FlaskClient, event: Event) -> None:
    event.capacity, event.largest_party = 2, 6
    db.session.commit()
    assert "You and those who come with you, 2 at most." in client.get("/events/berkeley/rsvp").text
    refused = sign_up(client, party_size="3")
    assert (refused.status_code, "Please give a number from 1 to 2." in refused.text) == (422, True)


def test_who_goes_back_and_presses_again_is_on_the_list_once(client: FlaskClient, event: Event) -> None:
    """A browser asks for the page anew, so that its seed is a fresh one, and fills in what was typed."""
    typed = {"name": "Sara", "email": "sara@example.org", "party_size": "2", "note": "A chair, please"}
    sign_up(client, **typed)
    link = own_link(client)
    for _ in range(2):
        assert sign_up(client, **typed).location == "/events/berkeley/my-rsvp"
        assert "nothing was done twice" in own_page(client)
    assert (names(event), own_link(client)) == (["Sara"], link)
    sign_up(client, **{**typed, "name": "Neda", "email": ""})
    assert names(event) == ["Sara", "Neda"], "somebody else at the same table"
    send(client, "/events/berkeley/my-rsvp/cancel")
    sign_up(client, **{**typed, "name": "Neda", "email": "", "party_size": "1"})
    assert len(names(event)) == 3


def test_guests_who_say_nothing_of_themselves_may_be_two(client: FlaskClient, event: Event) -> None:
    for _ in range(2):
        sign_up(client, name="")
    assert names(event) == ["Guest", "Guest"]


def test_it_works(client: FlaskClient, event: Event) -> None:
    answer = sign_up(client, name="  سارا   ب. ", party_size="۲", email="Sara@EXAMPLE.org", note="یک صندلی\r\nلطفا")
    assert (answer.status_code, answer.location) == (303, "/events/berkeley/my-rsvp")
    page = own_page(client)
    assert "Your place is kept." in page
    assert "<bdi>سارا ب.</bdi>" in page
    (one,) = roster(event.id)
    assert (one.name, one.party_size, one.email, one.note) == ("سارا ب.", 2, "Sara@example.org", "یک صندلی\nلطفا")


def test_pages_with_a_persons_data_are_kept_by_nobody(client: FlaskClient, event: Event) -> None:
    del event
    sign_up(client)
    page = client.get("/events/berkeley/my-rsvp")
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_three_fields_are_seen_at_first_and_one_is_needed(client: FlaskClient, event: Event) -> None:
    page = client.get("/events/berkeley/rsvp").text
    seen = re.sub(r"<details.*?</details>|<div class=\"sr\".*?</div>", "", page, flags=re.DOTALL)
    assert re.findall(r'<label for="(\w+)"', seen) == ["name", "party_size", "email"]
    assert sign_up(client, name="").status_code == 303
    assert names(event) == ["Guest"]


def test_who_did_not_solve_the_puzzle_waits_for_a_person(client: FlaskClient) -> None:
    an_event(slug="berkeley", puzzle=True)
    assert "data-puzzle" in client.get("/events/berkeley/rsvp").text
    sign_up(client)
    assert "Your RSVP waits for approval." in own_page(client)


def test_an_address_that_looks_mistyped_is_asked_about_once(client: FlaskClient, event: Event) -> None:
    typed = {"name": "Sara", "party_size": "1", "email": "sara@gmial.com"}
    answer = send(client, "/events/berkeley/rsvp", **typed)
    assert answer.status_code == 422
    assert "sara@gmail.com" in answer.text
    chosen = {**hidden_fields(answer.text), **typed, "email_choice": "typed"}
    assert client.post("/events/berkeley/rsvp", data=chosen).status_code == 303
    assert [one.email for one in roster(event.id)] == ["sara@gmial.com"]


def test_very_many_from_one_network_wait_and_lose_nothing(app: Flask, client: FlaskClient, event: Event) -> None:
    with app.test_request_context(environ_base={"REMOTE_ADDR": "127.0.0.1"}):
        assert all(may_begin("rsvp", "berkeley", proven=False) for _ in range(19))
    assert sign_up(client).status_code == 303
    answer = sign_up(client, name="Sara Karimi")
    assert answer.status_code == 429
    assert "Very many came from your network" in answer.text
    assert "Sara Karimi" in answer.text
    assert names(event) == ["Sara"]


def test_people_count_too_also_those_who_are_added_later(app: Flask, client: FlaskClient, event: Event) -> None:
    with app.test_request_context(environ_base={"REMOTE_ADDR": "127.0.0.1"}):
        assert may_bring("rsvp", "berkeley", 38)
    assert sign_up(client, party_size="3").status_code == 429
    assert sign_up(client).status_code == 303
    answer = send(client, "/events/berkeley/my-rsvp/change", party_size="3")
    assert answer.status_code == 429
    assert "Very many came from your network" in answer.text
    assert send(client, "/events/berkeley/my-rsvp/change", party_size="2").status_code == 303
    assert [one.party_size for one in roster(event.id)] == [2]


@pytest.mark.parametrize(("module", "page"), [("signing_up", "rsvp"), ("changing", "my-rsvp/change")])
def test_who_sends_a_form_all_the_time_waits_and_loses_nothing(
    client: FlaskClient, event: Event, monkeypatch: pytest.MonkeyPatch, module: str, page: str
) -> None:
    sign_up(client)
    address = f"/events/berkeley/{page}"
    sent = {**hidden_fields(client.get(address).text), "party_size": "", "name": "Sara Karimi"}
    monkeypatch.setattr(f"iec_events.rsvps.routes_public.{module}.SENDING", ("1/minute",))
    client.post(address, data=sent)
    answer = client.post(address, data=sent)
    assert (answer.status_code, names(event)) == (429, ["Sara"])
    assert "Very many came from your network" in answer.text
    assert "Sara Karimi" in answer.text


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": "x" * 101}, "This is too long"),
        ({"name": "Sara\0"}, "control characters"),
        ({"party_size": ""}, "Please say how many you are"),
        ({"party_size": "0"}, "from 1 to 3"),
        ({"party_size": "4"}, "from 1 to 3"),
        ({"party_size": "-1"}, "from 1 to 3"),
        ({"party_size": "two"}, "whole number"),
        ({"party_size": "9" * 400}, "from 1 to 3"),
        ({"email": "sara@"}, "does not look like an e-mail address"),
        ({"email": "sara@example.org\r\nBcc: all@example.org"}, "does not look like an e-mail address"),
        ({"note": "n" * 501}, "This is too long: 501 characters, and 500 fit."),
    ],
)
def test_bad_input_gets_a_sentence_and_loses_nothing(
    client: FlaskClient, event: Event, wrong: dict[str, str], sentence: str
) -> None:
    typed = {"name": "Sara", "party_size": "2", "email": "sara@example.org", "note": "by the door", **wrong}
    answer = send(client, "/events/berkeley/rsvp", **typed)
    assert answer.status_code == 422
    assert sentence in unescape(answer.text)
    kept = [text for name, text in typed.items() if name not in wrong]
    assert all(text in answer.text for text in kept)
    assert names(event) == []


def test_the_sentence_is_in_the_visitors_language(client: FlaskClient, event: Event) -> None:
    del event
    answer = send(client, "/es/events/berkeley/rsvp", name="Sara", party_size="")
    assert answer.status_code == 422
    assert '<html lang="es" dir="ltr">' in answer.text
    assert "Please say" not in answer.text


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "{{ 7*7 }}", "%(name)s {0} \\N", 'O\'Brien "x" &amp;', "👩‍👩‍👧 ن‌م", "ﷺ" * 20],
)
def test_names_are_shown_as_they_are_and_never_run(client: FlaskClient, event: Event, name: str) -> None:
    assert sign_up(client, name=name).status_code == 303
    page = own_page(client)
    assert names(event) == [name]
    assert name in unescape(page)
    assert "<script>alert" not in page


def test_direction_overrides_are_taken_out(client: FlaskClient, event: Event) -> None:
    sign_up(client, name="Sara\u202egro.elpmaxe\u2066")
    assert names(event) == ["Saragro.elpmaxe"]


def test_a_double_submit_makes_one_rsvp(client: FlaskClient, event: Event) -> None:
    form = hidden_fields(client.get("/events/berkeley/rsvp").text)
    for name in ("Sara", "Sara again"):
        assert client.post("/events/berkeley/rsvp", data={**form, "name": name, "party_size": "1"}).status_code == 303
    assert names(event) == ["Sara"]


def test_two_tabs_are_two_rsvps(client: FlaskClient, event: Event) -> None:
    sign_up(client, name="Sara")
    sign_up(client, name="Her mother")
    assert names(event) == ["Sara", "Her mother"]


def test_a_form_without_its_token_is_shown_again_with_all_that_was_typed(client: FlaskClient, event: Event) -> None:
    answer = client.post("/events/berkeley/rsvp", data={"name": "Sara Karimi", "party_size": "1"})
    assert answer.status_code == 422
    assert "please send it once more" in answer.text
    assert "Sara Karimi" in answer.text
    again = client.post(
        "/events/berkeley/rsvp", data={**hidden_fields(answer.text), "name": "Sara Karimi", "party_size": "1"}
    )
    assert again.status_code == 303
    assert names(event) == ["Sara Karimi"]


def test_a_form_left_open_for_days_loses_nothing_and_is_sent_once(
    installation: Installation, event: Event, clock: Traveller
) -> None:
    client = installation.make_app(FORM_MIN_SECONDS=3).test_client()
    typed = {"name": "Sara Karimi", "party_size": "2", "note": "by the door"}
    form = hidden_fields(client.get("/events/berkeley/rsvp").text)
    clock.shift(dt.timedelta(days=2))
    answer = client.post("/events/berkeley/rsvp", data={**form, **typed})
    assert answer.status_code == 422
    assert "This page was open for a long time." in answer.text
    assert all(text in answer.text for text in typed.values())
    clock.shift(dt.timedelta(seconds=3))
    assert client.post("/events/berkeley/rsvp", data={**hidden_fields(answer.text), **typed}).status_code == 303
    assert names(event) == ["Sara Karimi"]


@pytest.mark.parametrize(("end", "left"), [("cancel", ["cancelled"]), ("delete", ["confirmed"])])
def test_the_form_replayed_after_the_end_of_its_rsvp(
    client: FlaskClient, event: Event, end: str, left: list[str]
) -> None:
    sent = {**hidden_fields(client.get("/events/berkeley/rsvp").text), "name": "Sara", "party_size": "1"}
    client.post("/events/berkeley/rsvp", data=sent)
    button = hidden_fields(client.get(f"/events/berkeley/my-rsvp/{end}").text)
    client.post(f"/events/berkeley/my-rsvp/{end}", data=button)
    assert client.post("/events/berkeley/rsvp", data=sent).status_code == 303
    db.session.expire_all()
    assert [one.status for one in roster(event.id)] == left, "deleted, we know them no more: they sign up anew"
    if end == "cancel":
        assert "nothing was done twice" in own_page(client)
        assert "Sign up again" in own_page(client)


def test_an_attack_in_between_makes_parties_small_and_says_so(client: FlaskClient, event: Event) -> None:
    form = hidden_fields(client.get("/events/berkeley/rsvp").text)
    defend_event(slug="berkeley", now=our_clock.now())
    answer = client.post("/events/berkeley/rsvp", data={**form, "name": "Sara Karimi", "party_size": "3"})
    assert answer.status_code == 422
    assert "Please give a number from 1 to 2." in answer.text
    assert "A person looks at every RSVP." in answer.text
    assert "Sara Karimi" in answer.text
    assert names(event) == []


def test_questions_that_change_in_between_are_asked_again_or_passed_over(client: FlaskClient, event: Event) -> None:
    why = a_question(event, SHORT, "Why?")
    form = hidden_fields(client.get("/events/berkeley/rsvp").text)
    take_back(slug="berkeley", question_id=why.id, now=our_clock.now())
    how = a_question(event, SHORT, "How?", required=True)
    typed = {"name": "Sara Karimi", "party_size": "1", f"q_{why.id}": "To sing"}
    answer = client.post("/events/berkeley/rsvp", data={**form, **typed})
    assert answer.status_code == 422
    assert "How?" in answer.text
    assert "Sara Karimi" in answer.text
    again = {**hidden_fields(answer.text), **typed, f"q_{how.id}": "By bus"}
    assert client.post("/events/berkeley/rsvp", data=again).status_code == 303
    assert "By bus" in own_page(client)
    assert "To sing" not in own_page(client)


def test_full_in_between_means_the_waitlist_and_says_so(client: FlaskClient, app: Flask, event: Event) -> None:
    form = hidden_fields(client.get("/events/berkeley/rsvp").text)
    other = app.test_client()
    sign_up(other, name="Ali", party_size="3")
    sign_up(other, name="Omid", party_size="1")
    answer = client.post("/events/berkeley/rsvp", data={**form, "name": "Sara", "party_size": "1"})
    assert answer.status_code == 303
    page = own_page(client)
    assert "All places are taken, or too few are left for your party." in page
    assert "You are on the waitlist." in page
    assert "You are number 1 in line." in page
    assert event.slug in client.get("/events/berkeley/rsvp").text


def test_closed_in_between_says_why_and_keeps_what_was_typed(client: FlaskClient, event: Event) -> None:
    form = hidden_fields(client.get("/events/berkeley/rsvp").text)
    cancel_event(slug="berkeley", now=our_clock.now())
    answer = client.post("/events/berkeley/rsvp", data={**form, "name": "Sara Karimi", "party_size": "1"})
    assert answer.status_code == 409
    assert "Signing up is closed now." in answer.text
    assert "This event is cancelled" in answer.text
    assert "Sara Karimi" in answer.text
    assert names(event) == []


def test_the_page_says_why_one_cannot_sign_up(client: FlaskClient, event: Event) -> None:
    cancel_event(slug=event.slug, now=our_clock.now())
    page = client.get("/events/berkeley/rsvp")
    assert page.status_code == 200
    assert "This event is cancelled" in page.text
    assert "<form" not in page.text


def test_the_own_link_opens_the_rsvp_and_leaves_the_address_bar(client: FlaskClient, app: Flask, event: Event) -> None:
    sign_up(client)
    link = own_link(client)
    phone = app.test_client()
    arrived = phone.get(link)
    assert (arrived.status_code, arrived.location) == (303, "/events/berkeley/my-rsvp")
    assert "Sara" in own_page(phone)
    assert names(event) == ["Sara"]


@pytest.mark.parametrize("agent", range(3))
def test_opening_every_page_changes_nothing(client: FlaskClient, app: Flask, event: Event, agent: int) -> None:
    del agent
    sign_up(client)
    link = own_link(client)
    before = db.session.execute(sa.select(Rsvp.__table__)).all()
    robot = app.test_client()
    for address in (link, "/events/berkeley/my-rsvp/cancel", "/events/berkeley/my-rsvp/change"):
        for method in ("GET", "HEAD"):
            assert robot.open(address, method=method).status_code < 400
    assert db.session.execute(sa.select(Rsvp.__table__)).all() == before
    assert names(event) == ["Sara"]


def test_wrong_links_get_one_and_the_same_answer(client: FlaskClient, app: Flask, event: Event) -> None:
    other = an_event(slug="cali")
    sign_up(client)
    token = own_link(client).rsplit("/", 1)[1]
    answers = [app.test_client().get(f"/rsvps/{wrong}") for wrong in ("x", "A" * 43, token[:-1], token + "A")]
    answers.append(app.test_client().get("/events/berkeley/my-rsvp"))
    answers.append(client.get(f"/events/{other.slug}/my-rsvp"))
    assert {answer.status_code for answer in answers} == {404}
    assert len({re.sub(r'href="[^"]*"', "", answer.text) for answer in answers}) == 1
    assert event.slug == "berkeley"


def test_changing(client: FlaskClient, event: Event) -> None:
    sign_up(client, email="sara@example.org")
    answer = send(client, "/events/berkeley/my-rsvp/change", name="Sara K.", party_size="3", note="with two friends")
    assert answer.status_code == 303
    (one,) = roster(event.id)
    assert (one.name, one.party_size, one.note, one.email) == ("Sara K.", 3, "with two friends", "sara@example.org")


def test_growing_beyond_the_free_seats_is_refused_and_nothing_is_lost(
    client: FlaskClient, app: Flask, event: Event
) -> None:
    sign_up(client, party_size="2")
    sign_up(app.test_client(), name="Ali", party_size="2")
    answer = send(client, "/events/berkeley/my-rsvp/change", name="Sara", party_size="3", note="typed at length")
    assert answer.status_code == 409
    assert "You keep the places you have." in answer.text
    assert "typed at length" in answer.text
    assert [one.party_size for one in roster(event.id)] == [2, 2]


def test_before_one_cancels_the_page_tells_of_the_last_mail(client: FlaskClient, event: Event) -> None:
    for email, told in (("", "cancelled, and we write to you no more"), ("sara@example.org", "One last mail says so")):
        sign_up(client, email=email)
        assert told in client.get("/events/berkeley/my-rsvp/cancel").text
    assert event.slug


def test_cancelling_and_the_back_button(client: FlaskClient, app: Flask, event: Event) -> None:
    sign_up(client, party_size="3")
    waiting = app.test_client()
    sign_up(waiting, name="Ali", party_size="3")
    assert "You are on the waitlist." in own_page(waiting)
    form = hidden_fields(client.get("/events/berkeley/my-rsvp/cancel").text)
    for _ in range(2):
        assert client.post("/events/berkeley/my-rsvp/cancel", data=form).status_code == 303
    assert "Your RSVP is cancelled." in own_page(client)
    assert "Your place is kept." in own_page(waiting)
    assert client.get("/events/berkeley/my-rsvp/change").status_code == 303
    assert names(event) == ["Sara", "Ali"]


def test_an_old_tab_cannot_change_a_cancelled_rsvp(client: FlaskClient, event: Event) -> None:
    sign_up(client)
    form = hidden_fields(client.get("/events/berkeley/my-rsvp/change").text)
    send(client, "/events/berkeley/my-rsvp/cancel")
    answer = client.post("/events/berkeley/my-rsvp/change", data={**form, "name": "Sara K.", "party_size": "2"})
    assert answer.status_code == 409
    assert "This RSVP was cancelled." in answer.text
    assert "Sara K." in answer.text
    assert [one.status for one in roster(event.id)] == ["cancelled"]


@pytest.mark.parametrize(
    ("end", "status", "sentence"),
    [(close_list, 303, "Your change is saved."), (cancel_event, 409, "This night is cancelled.")],
)
def test_a_change_when_it_closed_in_between(
    client: FlaskClient, event: Event, end: Callable[..., None], status: int, sentence: str
) -> None:
    sign_up(client)
    form = hidden_fields(client.get("/events/berkeley/my-rsvp/change").text)
    end(slug="berkeley", now=our_clock.now())
    answer = client.post("/events/berkeley/my-rsvp/change", data={**form, "name": "Sara K.", "party_size": "2"})
    assert answer.status_code == status
    assert sentence in own_page(client)
    assert "Sara K." in (answer.text if status == 409 else own_page(client))
    db.session.expire_all()
    assert [one.party_size for one in roster(event.id)] == [2 if status == 303 else 1]


def test_the_link_of_another_event_opens_and_does_nothing(client: FlaskClient, event: Event) -> None:
    an_event(slug="cali")
    sign_up(client)
    button = hidden_fields(client.get("/events/berkeley/my-rsvp/delete").text)
    for deed in ("change", "cancel", "delete", "not-coming", "confirm", "calendar.ics", "data.json"):
        answer = client.post(f"/events/cali/my-rsvp/{deed}", data=button)
        assert answer.status_code in {404, 405}, deed
        assert client.get(f"/events/cali/my-rsvp/{deed}").status_code == 404, deed
    assert "Ways back" in client.get("/events/cali/my-rsvp/change").text
    assert names(event) == ["Sara"]


def test_a_withdrawn_event_is_gone_and_an_unknown_one_was_never_there(client: FlaskClient, event: Event) -> None:
    with atomic():
        event.status = "draft"
    assert client.get("/events/berkeley/rsvp").status_code == 410
    assert client.get("/events/nowhere/rsvp").status_code == 404


def test_the_calendar_of_ones_own(client: FlaskClient, app: Flask, event: Event) -> None:
    sign_up(client)
    answer = client.get("/events/berkeley/my-rsvp/calendar.ics", follow_redirects=True)
    assert answer.content_type.startswith("text/calendar")
    assert event.uid in answer.text
    assert app.test_client().get("/events/berkeley/my-rsvp/calendar.ics").status_code == 404


def test_more_links_than_a_cookie_holds_push_out_the_oldest(client: FlaskClient, event: Event) -> None:
    del event
    for number in range(9):
        an_event(slug=f"night-{number}")
        send(client, f"/events/night-{number}/rsvp", name="Sara", party_size="1")
    assert client.get("/events/night-0/my-rsvp").status_code == 404
    assert client.get("/events/night-8/my-rsvp").status_code == 200


def test_the_form_of_one_night_sent_to_another_signs_up_there(client: FlaskClient, event: Event) -> None:
    """Browsers that bring back hidden fields do so."""
    del event
    an_event(slug="bogota")
    hidden = hidden_fields(client.get("/events/berkeley/rsvp").text)
    own = hidden_fields(client.get("/events/bogota/rsvp").text)
    for slug, fields in (("berkeley", hidden), ("bogota", {**own, "seed": hidden["seed"]})):
        answer = client.post(f"/events/{slug}/rsvp", data={**fields, "name": "Sara", "party_size": "1"})
        assert answer.status_code == 303
        assert client.get(answer.location).status_code == 200, slug
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Rsvp)) == 2


def test_who_comes_back_unconfirmed_is_promised_no_place(client: FlaskClient) -> None:
    an_event(slug="berkeley", capacity=4, confirms_address=True)
    sign_up(client, email="sara@example.org")
    page = own_page(client)
    assert "Then your place is kept." in page
    assert "this server can read your address, too" in page
    for deed in ("not-coming", "come-back"):
        csrf = hidden_fields(own_page(client) + client.get("/events/berkeley/my-rsvp/cancel").text)["csrf_token"]
        assert client.post(f"/events/berkeley/my-rsvp/{deed}", data={"csrf_token": csrf}).status_code == 303
    assert "Then your place is kept if one is free, and else you are on the waitlist." in own_page(client)
