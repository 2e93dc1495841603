"""Presses that js/door.js sends behind the page: the same verbs and refusals, answered as data."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from iec_events.checkin.actions import count_in, count_out
from iec_events.checkin.models import Arrival
from iec_events.core import clock as real_clock
from iec_events.core.db import db
from iec_events.organizers.guard import TOKEN
from iec_events.organizers.unsent import WHO
from iec_events.rsvps.actions import cancel_rsvp
from tests.checkin.people import a_doorkeeper, an_account, browser_of, comes
from tests.factories import an_event
from tests.filling import hidden_fields

DOOR, HERE, UNDO = (f"/organize/events/berkeley/door{more}" for more in ("", "/here", "/undo"))
AS_DATA = {"Accept": "application/json"}


@pytest.fixture
def keeper(app: Flask) -> tuple[str, str]:
    """Who stands at the door of a night in five hours."""
    del app
    an_account("Nasrin")
    an_event(slug="berkeley", capacity=5, starts_at=real_clock.now() + dt.timedelta(hours=5))
    return a_doorkeeper()


@pytest.fixture
def kian(app: Flask, keeper: tuple[str, str]) -> FlaskClient:
    """Their browser."""
    return browser_of(app, keeper)


def presses(client: FlaskClient, address: str, party: str, prefix: str = "", **more: str) -> TestResponse:
    typed = {"csrf_token": hidden_fields(client.get(DOOR).text)["csrf_token"], "party": party, **more}
    return client.post(prefix + address, data=typed, headers=AS_DATA)


def said(answer: TestResponse) -> Any:
    return answer.json


def counted_at_another_door(party: str) -> None:
    count_in(slug="berkeley", rsvp_id=party, people=1, by="omid", now=real_clock.now())


def arrivals() -> dict[str, int]:
    db.session.rollback()
    return {one.rsvp_id: one.people for one in db.session.scalars(sa.select(Arrival))}


def test_a_press_is_answered_with_the_row_and_the_numbers_and_leaves_no_notice_behind(kian: FlaskClient) -> None:
    sara = comes("Sara", 3)
    comes("Ali")
    for _ in range(2):  # the answer was lost
        answer = presses(kian, HERE, sara, **{f"people-{sara}": "2"})
        assert (answer.status_code, answer.mimetype) == (200, "application/json")
        assert answer.headers["Cache-Control"] == "no-store"
        assert (said(answer)["texts"], said(answer)["elsewhere"]) == ([], False)
        assert said(answer)["heads"] == {"here": "2", "expected": "1"}
        assert "<bdi>Sara</bdi>" in said(answer)["row"]
        assert "2 people here since 4 am" in said(answer)["row"]
    assert "counted before" not in kian.get(DOOR).text
    taken = said(presses(kian, UNDO, sara, "/fa"))
    assert taken["heads"] == {"here": "۰", "expected": "۴"}
    assert f'name="people-{sara}"' in taken["row"]
    assert arrivals() == {}


def test_who_was_counted_at_another_door_is_said_to_be(kian: FlaskClient) -> None:
    sara = comes("Sara", 3)
    counted_at_another_door(sara)
    answer = presses(kian, HERE, sara)
    assert (answer.status_code, said(answer)["elsewhere"]) == (200, True)
    assert "maybe at another door" in said(answer)["texts"][0]
    assert arrivals() == {sara: 1}


def test_what_is_taken_back_late_leaves_a_newer_arrival_alone(kian: FlaskClient, clock: time_machine.Traveller) -> None:
    sara, now = comes("Sara", 3), real_clock.now()
    counted_at_another_door(sara)
    since = now.replace(second=0, microsecond=0).isoformat()
    assert f'data-since="{since}"' in kian.get(f"{DOOR}?show=here").text
    count_out(slug="berkeley", rsvp_id=sara, now=now)
    assert presses(kian, UNDO, sara, since=since).status_code == 200, "it was taken back before"
    clock.shift(dt.timedelta(minutes=1))
    counted_at_another_door(sara)
    answer = presses(kian, UNDO, sara, since=since)
    assert (answer.status_code, arrivals()) == (409, {sara: 1})
    assert "counted in again" in said(answer)["texts"][0]
    assert "data-since" in said(answer)["row"]
    assert presses(kian, UNDO, sara, since="soon").status_code == 200
    assert arrivals() == {}


def test_refusals_come_with_their_sentence_and_the_row_as_it_is(kian: FlaskClient) -> None:
    sara, gone = comes("Sara", 3), comes("Gone")
    cancel_rsvp(slug="berkeley", rsvp_id=gone, now=real_clock.now())
    for party, more, status, sentence, button in (
        (sara, {f"people-{sara}": "9"}, 422, "from 1 to 3", True),
        (gone, {}, 409, "not coming by the list", False),
        ("0123456789abcdef", {}, 404, "was deleted", False),
    ):
        answer = presses(kian, HERE, party, **more)
        assert (answer.status_code, sentence in said(answer)["texts"][0]) == (status, True), party
        assert ("<button" in said(answer)["row"]) == button, party
    assert arrivals() == {}


def test_a_page_whose_token_is_too_old_is_given_one_to_try_again_with(kian: FlaskClient) -> None:
    sara = comes("Sara")
    refused = kian.post(HERE, data={"party": sara}, headers=AS_DATA)
    assert (refused.status_code, arrivals()) == (422, {})
    again = kian.post(HERE, data={"party": sara, "csrf_token": said(refused)["token"]}, headers=AS_DATA)
    assert (again.status_code, arrivals()) == (200, {sara: 1})
    assert "token" not in said(again)


def test_a_press_without_a_session_is_kept_by_the_page_and_not_here_as_well(
    kian: FlaskClient, keeper: tuple[str, str]
) -> None:
    sara = comes("Sara")
    typed = {**hidden_fields(kian.get(DOOR).text), "party": sara}
    with kian.session_transaction() as session:
        session.pop(TOKEN)
        session[WHO] = keeper[0]
    answer = kian.post(HERE, data=typed, headers=AS_DATA)
    assert answer.status_code == 303
    assert "is kept" not in kian.get(answer.location).text
    kian.post(HERE, data=typed)
    assert "is kept" in kian.get(answer.location).text, "as ever without a script"


def test_signing_out_empties_what_the_page_kept(kian: FlaskClient) -> None:
    left = kian.post("/organize/sign-out", data=hidden_fields(kian.get(DOOR).text))
    assert (left.status_code, left.headers["Clear-Site-Data"]) == (303, '"storage"')
    assert "Clear-Site-Data" not in kian.post("/organize/sign-out").headers, "not for who only sends a form"
