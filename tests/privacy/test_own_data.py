"""Attendees delete themselves and take all their data along, from their own page."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from iec_events.core import clock as our_clock
from iec_events.core.db import atomic, db
from iec_events.core.tokens import new_token, token_hash
from iec_events.events.actions import withdraw_event
from iec_events.events.models import Event
from iec_events.mail.models import OutboxMail
from iec_events.rsvps.models import Rsvp, RsvpLink
from tests.conftest import Installation
from tests.factories import an_event
from tests.filling import send
from tests.octets import octets_of
from tests.privacy.people import CANARY_MAIL, CANARY_NAME, CANARY_NOTE, an_account, comes, names

MINE = "/events/berkeley/my-rsvp"


@pytest.fixture
def event(app: Flask) -> Event:
    del app
    return an_event(slug="berkeley", capacity=2)


def sign_up(client: FlaskClient, **typed: Any) -> None:
    send(client, "/events/berkeley/rsvp", **{"name": CANARY_NAME, "party_size": "2", "note": CANARY_NOTE, **typed})


def count(model: type) -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def test_deleting_oneself(client: FlaskClient, event: Event, installation: Installation) -> None:
    nasrin = an_account()
    sign_up(client, email=CANARY_MAIL)
    comes(event, "Ali", None)
    page = client.get(MINE).text
    assert f'href="{MINE}/delete"' in page
    boxes = db.session.execute(sa.select(Rsvp.sealed, Rsvp.own, Rsvp.mailable).where(Rsvp.line == 1)).one()
    sealed = [box[100:130] for box in boxes]
    assert client.get(f"{MINE}/delete").status_code == 200
    assert count(Rsvp) == 2
    answer = send(client, f"{MINE}/delete")
    assert (answer.status_code, answer.location) == (303, f"{MINE}/deleted")
    assert "You are deleted here." in client.get(answer.location).text
    assert client.get(MINE).status_code == 404
    assert (count(Rsvp), count(RsvpLink), count(OutboxMail)) == (1, 2, 0)
    assert names(nasrin, event) == ["Ali"]
    assert db.session.scalars(sa.select(Rsvp.status)).one() == "confirmed"
    with client.session_transaction() as session:
        assert "berkeley" not in session.get("rsvps", {})
    db.session.rollback()
    if installation.engine.dialect.name == "sqlite":
        path = str(installation.engine.url.database)
        octets = octets_of(path, path + "-wal")
        assert not [box for box in sealed if box in octets]


def test_opening_the_page_deletes_nothing_and_a_foreign_form_neither(client: FlaskClient, event: Event) -> None:
    sign_up(client)
    for method in ("GET", "HEAD"):
        client.open(f"{MINE}/delete", method=method)
    assert client.post(f"{MINE}/delete").status_code == 422
    assert count(Rsvp) == 1
    del event


def test_a_stranger_deletes_nobody(app: Flask, client: FlaskClient, event: Event) -> None:
    sign_up(client)
    stranger = app.test_client()
    for address in ("delete", "data.json"):
        assert stranger.get(f"{MINE}/{address}").status_code == 404
    assert stranger.post(f"{MINE}/delete").status_code == 404
    assert count(Rsvp) == 1
    del event


def test_one_can_delete_oneself_from_an_event_that_was_taken_down(client: FlaskClient, event: Event) -> None:
    sign_up(client)
    withdraw_event(slug=event.slug, now=our_clock.now())
    answer = client.get(MINE)
    assert (answer.status_code, answer.location) == (303, f"{MINE}/delete")
    assert "taken down" in client.get(f"{MINE}/delete").text
    assert send(client, f"{MINE}/delete").status_code == 303
    assert count(Rsvp) == 0


def test_all_my_data(client: FlaskClient, event: Event) -> None:
    an_account()
    sign_up(client, email=CANARY_MAIL)
    answer = client.get(f"{MINE}/data.json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    found = json.loads(answer.data)
    said = {"name": CANARY_NAME, "email": CANARY_MAIL, "note": CANARY_NOTE}
    assert found["what_you_wrote"] == {**said, "companions": [], "children": 0}
    assert found["address_for_mails"] == CANARY_MAIL
    assert found["rsvp"] == {
        "status": "confirmed",
        "party_size": 2,
        "line": 1,
        "signed_up_on": "2027-01-15",
        "until": None,
        "address_confirmed": False,
        "approved": True,
        "passed_over": 0,
        "wants_reminders": True,
        "wants_letters": True,
        "quiet_mails": False,
        "mails_refused_on": None,
        "organizers_keep_a_sealed_remark": False,
        "history": [{"on": "2027-01-15", "what": "placed"}],
        "own_links": 3,  # the one on the page, its words, and the one in the mail
        "own_calendar": False,
    }
    assert [(mail["kind"], mail["state"]) for mail in found["mails"]] == [("confirmed", "waiting")]
    assert found["language"] == "en"
    assert found["destroyed_by"] == f"{event.list_ends_at:%Y-%m-%dT%H:%M:%SZ}"


def test_a_link_that_does_not_open_the_words_says_so(client: FlaskClient, event: Event) -> None:
    an_account()
    comes(event)
    later = new_token()
    with atomic():
        rsvp_id = db.session.scalars(sa.select(Rsvp.id)).one()
        db.session.add(RsvpLink(token_hash=token_hash(later), rsvp_id=rsvp_id))
    client.get(f"/rsvps/{later}")
    found = json.loads(client.get(f"{MINE}/data.json").data)
    assert found["what_you_wrote"] is None
    assert "does not open them" in found["about_what_you_wrote"]
    assert found["rsvp"]["own_links"] == 4


def test_the_day_on_which_the_list_ends_is_told(client: FlaskClient, event: Event) -> None:
    assert "The list is destroyed on Sunday 28 February" in client.get("/events/berkeley/rsvp").text
    page = client.get("/fa/events/berkeley/rsvp").text
    assert "اسفند" in page
    sign_up(client)
    assert "The list is destroyed on Sunday 28 February" in client.get(MINE).text
    del event
