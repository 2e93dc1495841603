"""Forgetting on this device: what the browser loses, and what stays."""

from __future__ import annotations

import datetime as dt
from html import unescape

import sqlalchemy as sa
from flask.testing import FlaskClient

from iec_events.core.db import db
from iec_events.rsvps.models import Rsvp
from tests.factories import an_event
from tests.filling import send

FORGET, FORGOTTEN = "/rsvps/forget", "/rsvps/forgotten"
LOST = "We cannot send you every one of these links again."


def sign_up(client: FlaskClient, *slugs: str, email: str = "sara@example.org") -> None:
    for slug in slugs:
        an_event(slug=slug)
        assert send(client, f"/events/{slug}/rsvp", name="Sara", party_size="1", email=email).status_code == 303


def test_every_link_goes_and_every_rsvp_stays(client: FlaskClient) -> None:
    sign_up(client, "berkeley", "cali")
    assert LOST not in client.get(FORGET).text
    assert all(client.get(f"/events/{slug}/my-rsvp").status_code == 200 for slug in ("berkeley", "cali"))
    answer = send(client, FORGET)
    assert (answer.status_code, answer.location) == (303, FORGOTTEN)
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert client.get_cookie("iec") is None
    page = client.get(FORGOTTEN)
    assert "Berkeley" not in page.text
    assert "Set-Cookie" not in page.headers
    assert all(client.get(f"/events/{slug}/my-rsvp").status_code == 404 for slug in ("berkeley", "cali"))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Rsvp)) == 2


def test_who_could_not_be_sent_the_link_again_is_warned(client: FlaskClient) -> None:
    sign_up(client, "berkeley")
    sign_up(client, "cali", email="")
    assert LOST in client.get(FORGET).text


def test_so_is_whose_address_refuses_our_letters(client: FlaskClient) -> None:
    sign_up(client, "berkeley")
    db.session.execute(sa.update(Rsvp).values(mail_refused_on=dt.date(2027, 1, 15)))
    db.session.commit()
    assert LOST in client.get(FORGET).text


def test_opened_or_without_the_forms_own_token_nothing_is_forgotten(client: FlaskClient) -> None:
    sign_up(client, "berkeley")
    assert client.post(FORGET).status_code == 422
    assert client.get("/events/berkeley/my-rsvp").status_code == 200


def test_with_nothing_to_forget_it_says_so_at_once(client: FlaskClient) -> None:
    assert client.get(FORGET).location == FORGOTTEN


def test_who_organizes_in_the_same_browser_stays_signed_in(organizer: FlaskClient) -> None:
    sign_up(organizer, "berkeley")
    send(organizer, "/events/berkeley/messages/new", text="Free", language="en", consent_publish="y")
    send(organizer, FORGET)
    assert organizer.get("/messages/take-back").status_code == 404, "the link of a message is one, too"
    assert "still signed in" in unescape(organizer.get(FORGOTTEN).text)
    assert organizer.get("/organize").status_code == 200
    assert organizer.get("/events/berkeley/my-rsvp").status_code == 404
