"""The pages about keys, as an owner walks them."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from iec_events.access.queries import access
from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.events.models import KeyCopy
from iec_events.organizers.actions import accept_invitation, invite
from iec_events.organizers.guard import TOKEN
from iec_events.organizers.keys import RECOVERY
from iec_events.organizers.queries import organizer_by_email
from tests.factories import an_event, fully_signed_in
from tests.filling import hidden_fields, send


@pytest.fixture
def nasrin(client: FlaskClient) -> FlaskClient:
    """An owner's browser, signed in with her own key."""
    token = an_account("nasrin")
    with client.session_transaction() as session:
        session[TOKEN] = fully_signed_in(token)
    return client


def an_account(name: str) -> str:
    return accept_invitation(
        token=invite(now=clock.now()),
        name=name,
        email=f"{name}@example.org",
        password="nine poems by the river",
        now=clock.now(),
    )


def test_making_and_checking_the_recovery_key(nasrin: FlaskClient) -> None:
    assert "There is no recovery key yet." in nasrin.get("/organize/access").text
    shown = send(nasrin, "/organize/access/recovery")
    assert shown.headers["Cache-Control"] == "no-store"
    words = re.findall(r"<li>([a-z]+)</li>", shown.text)
    assert len(words) == 24
    assert "<svg" in shown.text
    assert words[0] not in re.findall(r"<li>([a-z]+)</li>", nasrin.get("/organize/access/recovery").text)
    refused = send(nasrin, "/organize/access/recovery/check", phrase=" ".join(words[:23]))
    assert refused.status_code == 422
    assert "compare each one with your paper" in refused.text
    assert "Words refused: they are not the recovery key" in nasrin.get("/organize/audit").text
    assert send(nasrin, "/organize/access/recovery/check", phrase="\n".join(words)).status_code == 303
    assert "The recovery key is made and checked." in nasrin.get("/organize/access").text


def test_a_key_that_would_lose_lists_is_refused_on_the_page(nasrin: FlaskClient, app: Flask) -> None:
    event = an_event()
    send(app.test_client(), f"/events/{event.slug}/rsvp", name="Sara", party_size="1")
    send(nasrin, "/organize/access/recovery")
    with atomic():
        db.session.execute(sa.delete(KeyCopy).where(KeyCopy.holder != RECOVERY))
    refused = send(nasrin, "/organize/access/recovery")
    assert (refused.status_code, access().recovery_lists) == (409, 1)
    assert "new words would lose them" in refused.text
    assert not re.findall(r"<li>([a-z]+)</li>", refused.text)


def test_a_page_of_words_that_is_loaded_again_leaves_them_good(nasrin: FlaskClient) -> None:
    sent = hidden_fields(nasrin.get("/organize/access/recovery").text)
    words = re.findall(r"<li>([a-z]+)</li>", nasrin.post("/organize/access/recovery", data=sent).text)
    again = nasrin.post("/organize/access/recovery", data=sent)
    assert (again.status_code, re.findall(r"<li>([a-z]+)</li>", again.text)) == (409, [])
    assert "check those on your paper, or make a new one" in again.text
    assert send(nasrin, "/organize/access/recovery/check", phrase=" ".join(words)).status_code == 303
    meant = nasrin.post("/organize/access/recovery", data=hidden_fields(again.text))
    assert len(re.findall(r"<li>([a-z]+)</li>", meant.text)) == 24


def test_opening_the_page_makes_no_key(nasrin: FlaskClient) -> None:
    nasrin.get("/organize/access/recovery")
    assert access().recovery_made_at is None


def test_giving_and_taking_access(nasrin: FlaskClient, app: Flask) -> None:
    an_event(slug="berkeley")
    send(app.test_client(), "/events/berkeley/rsvp", name="Sara", party_size="1")
    an_account("omid")
    omid = organizer_by_email("omid@example.org")
    assert omid is not None
    assert send(nasrin, f"/organize/access/give/{omid.id}").status_code == 303
    assert "omid can read the lists now." in nasrin.get("/organize/access").text
    assert "lists that begin later open for them" in nasrin.get(f"/organize/access/take/{omid.id}").text
    assert send(nasrin, f"/organize/access/take/{omid.id}").status_code == 303
    assert {one.name: one.lists for one in access().holders} == {"nasrin": 1, "omid": 0}
    assert nasrin.get("/organize/access/give/nobody").status_code == 404


def test_a_new_key_for_a_list(nasrin: FlaskClient, app: Flask) -> None:
    an_event(slug="berkeley")
    send(app.test_client(), "/events/berkeley/rsvp", name="Sara", party_size="1")
    answer = send(nasrin, "/organize/access/lists/berkeley/new-key")
    assert (answer.status_code, answer.location) == (303, "/organize/events/berkeley/rsvps")
    assert "<bdi>Sara</bdi>" in nasrin.get(answer.location).text
