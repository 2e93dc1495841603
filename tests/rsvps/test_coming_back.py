"""Ways back to one's own RSVP: by mail to the address on file, with words on paper; and links that open nothing."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from iec_events.core import clock
from iec_events.core.crypto import vault
from iec_events.core.db import db
from iec_events.core.i18n import speaking
from iec_events.core.phrases import phrase_of
from iec_events.core.tokens import new_token
from iec_events.events.actions import defend_event
from iec_events.mail.models import OutboxMail
from iec_events.rsvps import actions
from iec_events.rsvps.actions import Party, place_rsvp
from iec_events.rsvps.emails import LETTERS
from iec_events.rsvps.models import LostLink, Rsvp
from tests.factories import an_event
from tests.filling import send

MINE = "/events/berkeley/my-rsvp"
WORD = re.compile(r"<li><span>([^<]+)</span></li>")


@pytest.fixture(autouse=True)
def _event(app: Flask) -> None:
    del app
    an_event(slug="berkeley")


def sign_up(client: FlaskClient, **typed: Any) -> None:
    assert send(client, "/events/berkeley/rsvp", name="Sara", party_size="1", **typed).status_code == 303


def kinds() -> list[str]:
    db.session.expire_all()
    return list(db.session.scalars(sa.select(OutboxMail.kind).order_by(OutboxMail.kind)))


def waiting_letter(rsvp_id: str) -> list[str]:
    """What the letter to somebody in line says now."""
    db.session.rollback()
    with speaking("en"):
        letter = LETTERS["rsvps.waitlisted"]({"rsvp_id": rsvp_id, "token": "x" * 43, "to": "sara@example.org"})
    assert letter is not None
    return letter.text.split()


def words_of(client: FlaskClient, prefix: str = "") -> str:
    return " ".join(unescape(word) for word in WORD.findall(client.get(prefix + MINE).text))


def test_under_attack_nobody_in_line_is_promised_places_that_go_to_others(client: FlaskClient) -> None:
    event = an_event(slug="full", capacity=1)
    ids = []
    for client_of, by_hand in ((None, False), (client, False), (None, True)):
        token = new_token()
        party = Party(name="Sara", email="sara@example.org", party_size=1, note="", locale="en")
        ids.append(place_rsvp(slug="full", party=party, token=token, now=clock.now(), by_hand=by_hand).rsvp_id)
        if client_of:
            client_of.get(f"/rsvps/{token}")
    page, promise, only = "/events/full/my-rsvp", "they are yours", "only to parties that an organizer has approved"
    letters = {rsvp_id: " ".join(waiting_letter(rsvp_id)) for rsvp_id in ids[1:]}
    assert all(promise in text and only not in text for text in (client.get(page).text, *letters.values()))
    defend_event(slug=event.slug, now=clock.now())
    said = client.get(page).text
    assert only in said
    assert promise not in said
    assert "in line." not in said
    assert only in " ".join(waiting_letter(ids[1]))
    assert promise not in " ".join(waiting_letter(ids[1]))
    assert "You are number 1 in line." in " ".join(waiting_letter(ids[2]))


def test_a_lost_link_goes_to_the_address_on_file_and_everyone_sees_the_same(client: FlaskClient, app: Flask) -> None:
    sign_up(client, email="sara@example.org")
    answers = []
    for email in ("Sara@example.org", "nobody@example.org"):
        answer = send(app.test_client(), "/rsvps/lost", email=email)
        assert (answer.status_code, answer.location) == (303, "/rsvps/lost/asked")
        answers.append(client.get(answer.location).text)
    assert answers[0] == answers[1]
    assert "If this address is on a list, a mail is on its way." in answers[0]
    actions.answer_lost_links(clock.now())
    assert kinds() == ["rsvps.confirmed", "rsvps.link"]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(LostLink)) == 0


@pytest.mark.parametrize(("email", "sentence"), [("", "Please write the address"), ("sara@", "should be like name@")])
def test_an_address_that_is_none_is_asked_for_again(client: FlaskClient, email: str, sentence: str) -> None:
    answer = send(client, "/rsvps/lost", email=email)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_asking_for_links_has_a_limit(client: FlaskClient) -> None:
    for _ in range(10):
        assert send(client, "/rsvps/lost", email="sara@example.org").status_code == 303
    answer = send(client, "/rsvps/lost", email="sara@example.org")
    assert answer.status_code == 429
    assert "sara@example.org" in answer.text


@pytest.mark.parametrize(("prefix", "count"), [("", 12), ("/fa", 14), ("/es", 12)])
def test_words_on_paper_open_the_same_rsvp(client: FlaskClient, app: Flask, prefix: str, count: int) -> None:
    sign_up(client)
    words = words_of(client, prefix)
    assert len(words.split()) == count
    elsewhere = app.test_client()
    answer = send(elsewhere, "/rsvps/words", words=words.upper())
    assert (answer.status_code, answer.location) == (303, MINE)
    mine = elsewhere.get(MINE).text
    assert "<bdi>Sara</bdi>" in mine
    assert send(elsewhere, f"{MINE}/change", name="Sara K.", party_size="2").status_code == 303
    assert "<bdi>Sara K.</bdi>" in client.get(MINE).text


def test_a_link_that_came_by_mail_has_no_words(client: FlaskClient, app: Flask) -> None:
    sign_up(client, email="sara@example.org")
    mail = db.session.scalars(sa.select(OutboxMail)).one()
    phone = app.test_client()
    phone.get(f"/rsvps/{vault().open('outbox', mail.id, mail.sealed or b'')['facts']['token']}")
    assert words_of(phone) == ""


def test_words_that_open_nothing(client: FlaskClient) -> None:
    others = " ".join(phrase_of(bytes(range(16)), "en"))
    for typed, sentence in (
        ("", "Please write the words"),
        ("abandon ship", "A phrase has 12 words"),
        (others, "no RSVP opens with them any more"),
    ):
        answer = send(client, "/rsvps/words", words=typed)
        assert answer.status_code == 422
        assert sentence in unescape(answer.text)
        assert typed in unescape(answer.text)


def test_guessing_words_has_a_limit(client: FlaskClient) -> None:
    for _ in range(10):
        assert send(client, "/rsvps/words", words="x").status_code == 422
    assert send(client, "/rsvps/words", words="x").status_code == 429


def test_links_that_open_nothing_show_the_ways_back(client: FlaskClient) -> None:
    sign_up(client)
    send(client, f"{MINE}/delete")
    for address in (MINE, f"{MINE}/change", f"/rsvps/{new_token()}"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "/rsvps/lost" in answer.text
        assert "/rsvps/words" in answer.text
    assert client.post(f"{MINE}/not-coming").status_code == 404


def test_the_form_sent_again_does_nothing_twice_and_says_so(client: FlaskClient) -> None:
    form = client.get("/events/berkeley/rsvp").text
    assert "You have signed up in this browser already." not in form
    hidden = dict(re.findall(r'name="(csrf_token|seed|opened)"[^>]*value="([^"]*)"', form))
    for name in ("Sara", "Sara again"):
        assert client.post("/events/berkeley/rsvp", data={**hidden, "name": name, "party_size": "1"}).status_code == 303
    assert "nothing was done twice" in client.get(MINE).text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Rsvp)) == 1
    assert "You have signed up in this browser already." in client.get("/events/berkeley/rsvp").text
