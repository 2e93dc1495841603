"""The list of who comes, in the organizers' hands."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from iec_events.core import clock
from iec_events.core.tokens import new_token
from iec_events.events.models import Event
from iec_events.organizers.guard import TOKEN
from iec_events.rsvps.actions import Party, place_rsvp
from iec_events.rsvps.queries import roster
from tests.factories import an_event, an_organizer_session
from tests.filling import send

LIST = "/organize/events/berkeley/rsvps"


@pytest.fixture
def event(app: Flask) -> Event:
    del app
    return an_event(slug="berkeley", capacity=3)


@pytest.fixture
def nasrin(client: FlaskClient, event: Event) -> FlaskClient:
    """An organizer's browser, signed in."""
    del event
    with client.session_transaction() as session:
        session[TOKEN] = an_organizer_session()
    return client


def comes(name: str, size: int = 1, email: str | None = None, note: str = "") -> str:
    party = Party(name=name, email=email, party_size=size, note=note, locale="en")
    return place_rsvp(slug="berkeley", party=party, token=new_token(), now=clock.now()).rsvp_id


def test_the_list_shows_who_comes_and_who_waits(nasrin: FlaskClient) -> None:
    comes("سارا", 3, "sara@example.org", "ویلچر")
    comes("Ali", 1)
    page = nasrin.get(LIST)
    assert page.status_code == 200
    for text in ("<bdi>سارا</bdi>", "sara@example.org", "ویلچر", "<bdi>Ali</bdi>", "On the waitlist"):
        assert text in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "سارا" not in nasrin.get(LIST + "?status=waitlisted").text


def test_an_empty_list_says_so(nasrin: FlaskClient) -> None:
    assert "Nobody has signed up yet." in nasrin.get(LIST).text


@pytest.mark.parametrize("page", ["0", "-1", "999", "x", "9" * 500, "۲"])
def test_odd_pages_of_the_list_are_no_fault(nasrin: FlaskClient, page: str) -> None:
    comes("Sara")
    assert "Sara" in nasrin.get(f"{LIST}?page={page}").text


def test_searching_leaves_no_name_in_an_address(nasrin: FlaskClient) -> None:
    comes("علی کریمی")
    comes("Sara")
    found = send(nasrin, LIST, q="علي")
    assert "<bdi>علی کریمی</bdi>" in found.text
    assert "<bdi>Sara</bdi>" not in found.text
    assert "?q=" not in found.text
    assert "Nobody fits this search." in send(nasrin, LIST, q="Omid").text


def test_adding_by_hand(nasrin: FlaskClient, event: Event) -> None:
    answer = send(nasrin, LIST + "/add", name="Omid", party_size="2")
    assert (answer.status_code, answer.location) == (303, LIST)
    assert "They are on the list." in nasrin.get(LIST).text
    assert [(one.name, one.status) for one in roster(event.id)] == [("Omid", "confirmed")]
    send(nasrin, LIST + "/add", name="Large", party_size="2")
    assert "They are on the waitlist" in nasrin.get(LIST).text


@pytest.mark.parametrize("wrong", [{"name": ""}, {"party_size": "4"}, {"email": "x"}])
def test_adding_badly_keeps_what_was_typed(nasrin: FlaskClient, event: Event, wrong: dict[str, str]) -> None:
    answer = send(nasrin, LIST + "/add", **{"name": "Omid", "party_size": "1", "note": "by phone", **wrong})
    assert answer.status_code == 422
    assert "by phone" in answer.text
    assert roster(event.id) == []


def test_cancelling_seats_the_next_in_line(nasrin: FlaskClient, event: Event) -> None:
    sara = comes("Sara", 3, "sara@example.org")
    comes("Ali", 1)
    assert "Take <bdi>Sara</bdi> off the list?" in nasrin.get(f"{LIST}/{sara}/cancel").text
    for _ in range(2):
        assert send(nasrin, f"{LIST}/{sara}/cancel", to=f"{LIST}/{sara}/cancel").status_code == 303
    assert [(one.name, one.status) for one in roster(event.id)] == [("Sara", "cancelled"), ("Ali", "confirmed")]


def test_an_rsvp_of_another_event_is_not_found(nasrin: FlaskClient) -> None:
    sara = comes("Sara")
    an_event(slug="cali")
    assert nasrin.get(f"/organize/events/cali/rsvps/{sara}/cancel").status_code == 404


def test_strangers_see_nothing(app: Flask, event: Event) -> None:
    del event
    comes("Sara")
    stranger = app.test_client()
    for address in (LIST, LIST + "/add", LIST + "/export"):
        answer = stranger.get(address)
        assert answer.status_code == 303
        assert "/organize/sign-in" in answer.location
        assert "Sara" not in answer.text
