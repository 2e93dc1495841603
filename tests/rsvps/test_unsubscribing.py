"""Addresses in letters that end reminders and letters: they do only that, by a button or by one click, and back."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from iec_events.core import clock
from iec_events.core.db import db
from iec_events.core.tokens import new_token
from iec_events.events.models import Event
from iec_events.rsvps import actions
from iec_events.rsvps.actions import Party
from iec_events.rsvps.models import Rsvp
from iec_events.rsvps.unsubscribing import What, unsubscribe_address
from tests.factories import an_event

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def rsvp_id(app: Flask) -> str:
    """Somebody who comes and gets mails."""
    del app
    party = Party(name="Sara", email="sara@example.org", party_size=1, note="", locale="fa")
    return actions.place_rsvp(slug=an_event().slug, party=party, token=new_token(), now=clock.now()).rsvp_id


def path(rsvp_id: str, what: What, locale: str = "en") -> str:
    return urlsplit(unsubscribe_address(rsvp_id, what, locale)).path


def wants(rsvp_id: str) -> tuple[bool, bool]:
    rsvp = db.session.get_one(Rsvp, rsvp_id, populate_existing=True)
    return rsvp.wants_reminders, rsvp.wants_letters


def test_opening_does_nothing_and_tells_nothing(client: FlaskClient, rsvp_id: str) -> None:
    for locale in ("en", "fa", "es"):
        page = client.get(path(rsvp_id, "reminders", locale))
        assert page.status_code == 200
        assert "Set-Cookie" not in page.headers
        assert page.headers["Cache-Control"] == "no-store"
    assert client.head(path(rsvp_id, "letters")).status_code == 200
    assert wants(rsvp_id) == (True, True)
    before = client.get(path(rsvp_id, "letters")).text
    client.post(path(rsvp_id, "letters"), data=ONE_CLICK)
    assert client.get(path(rsvp_id, "letters")).text == before, "nor whether letters are wanted"
    actions.erase_rsvp(rsvp_id=rsvp_id, now=clock.now())
    assert client.get(path(rsvp_id, "letters")).text == before, "nor whether there is an RSVP at all"
    assert client.post(path(rsvp_id, "letters"), data={"do": "stop"}).status_code == 200


@pytest.mark.parametrize(("what", "after"), [("reminders", (False, True)), ("letters", (True, False))])
def test_one_click_without_cookie_and_token_ends_one_of_them(
    client: FlaskClient, rsvp_id: str, what: What, after: tuple[bool, bool]
) -> None:
    for _ in range(2):
        assert client.post(path(rsvp_id, what), data=ONE_CLICK).status_code == 200
        assert wants(rsvp_id) == after


def test_the_button_ends_them_and_the_other_brings_them_back(client: FlaskClient, rsvp_id: str) -> None:
    stopped = client.post(path(rsvp_id, "reminders"), data={"do": "stop"})
    assert "No more reminders come." in stopped.text
    assert 'value="back"' in stopped.text
    assert wants(rsvp_id) == (False, True)
    assert "Reminders come again." in client.post(path(rsvp_id, "reminders"), data={"do": "back"}).text
    assert wants(rsvp_id) == (True, True)


def test_a_post_that_asks_for_nothing_does_nothing(client: FlaskClient, rsvp_id: str) -> None:
    for body in ({}, {"do": "x"}, {"List-Unsubscribe": "x"}):
        assert client.post(path(rsvp_id, "letters"), data=body).status_code == 422
    assert wants(rsvp_id) == (True, True)


def test_it_opens_nothing_else_and_nobody_makes_one_up(client: FlaskClient, rsvp_id: str) -> None:
    signed = path(rsvp_id, "letters").rpartition("/")[2]
    name, signature = signed.split(".")
    for made_up in (
        f"/stop/reminders/{signed}",  # signed for the other one
        f"/stop/letters/{signed[:-1]}",
        f"/stop/letters/{name}.{signature[::-1]}",
        f"/stop/letters/{name[::-1]}.{signature}",
        f"/stop/letters/{name}",
        f"/stop/letters/{name}.ی",
    ):
        assert client.post(made_up, data=ONE_CLICK).status_code == 404
    assert wants(rsvp_id) == (True, True)
    assert client.get(f"/rsvps/{signed}").status_code == 404


def test_who_ends_letters_ends_them_for_every_rsvp_with_the_address(client: FlaskClient, rsvp_id: str) -> None:
    """Or the next letter would come by way of the other one."""
    event = db.session.get_one(Event, db.session.get_one(Rsvp, rsvp_id).event_id)

    def signs_up(email: str | None, where: Event = event) -> str:
        party = Party(name="", email=email, party_size=1, note="", locale="en")
        return actions.place_rsvp(slug=where.slug, party=party, token=new_token(), now=clock.now()).rsvp_id

    twin, others = signs_up("SARA@example.org"), [signs_up("omid@example.org"), signs_up(None)]
    others.append(signs_up("sara@example.org", an_event()))
    client.post(path(rsvp_id, "letters"), data=ONE_CLICK)
    assert [wants(one) for one in (rsvp_id, twin)] == [(True, False)] * 2
    assert [wants(one) for one in others] == [(True, True)] * 3
    client.post(path(others[1], "letters"), data=ONE_CLICK)
    assert [wants(one) for one in others] == [(True, True), (True, False), (True, True)]
