"""Who wrote a message takes it back: by the link on the last page, which shows none of its words."""

from __future__ import annotations

import re
from html import unescape

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from iec_events.core import clock as real_clock
from iec_events.core.db import db
from iec_events.solidarity import actions
from iec_events.solidarity.models import Message
from tests.factories import an_event
from tests.filling import hidden_fields, send
from tests.octets import octets_of

NEW = "/events/berkeley/messages/new"
WALL = "/events/berkeley/messages"
FILLED = {"text": "Canary words", "language": "en", "signature_name": "Sara", "consent_publish": "y"}


@pytest.fixture(autouse=True)
def night(app: Flask) -> None:
    del app
    an_event("Canary night", slug="berkeley")


def link_on(page: str) -> str:
    """The path of the link that a thanks page shows; empty when it shows none."""
    found = re.search(r'value="http://127\.0\.0\.1:8000([^"]*/messages/[^"]+)"', page)
    return unescape(found[1]) if found else ""


def leave(client: FlaskClient, prefix: str = "", **others: str) -> str:
    """Leave a message; the link to take it back."""
    answer = send(client, prefix + NEW, **{**FILLED, **others})
    return link_on(client.get(answer.location).text)


def rows() -> list[Message]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Message)))


def test_thanks_shows_the_link_for_an_hour_and_there_only(
    client: FlaskClient, app: Flask, clock: time_machine.Traveller
) -> None:
    an_event(slug="paris")
    link = leave(client)
    assert len(link.removeprefix("/messages/")) == 43
    clock.shift(3500)
    assert link_on(client.get(f"{WALL}/thanks").text) == link, "who reloads it has not lost it"
    assert "anary words" not in client.get(f"{WALL}/thanks").text
    assert link_on(client.get("/events/paris/messages/thanks").text) == ""
    assert link_on(app.test_client().get(f"{WALL}/thanks").text) == ""
    clock.shift(200)
    assert client.get(f"{WALL}/thanks").status_code == 200
    assert link_on(client.get(f"{WALL}/thanks").text) == ""


def test_a_double_submit_has_one_link_and_other_words_another(client: FlaskClient, app: Flask) -> None:
    data = {**hidden_fields(client.get(NEW).text), **FILLED}
    links = []
    for text in ("Canary words", "Canary words", "Other words"):
        client.post(NEW, data={**data, "text": text})
        links.append(link_on(client.get(f"{WALL}/thanks").text))
    assert links[0] == links[1] != links[2]
    assert len(rows()) == 2
    for link in links[1:]:
        assert app.test_client().get(link).status_code == 303
    assert not any(link.rpartition("/")[2] in repr(vars(row)) for link in links for row in rows()), "a hash is kept"


@pytest.mark.parametrize("prefix", ["", "/fa", "/es"])
def test_the_link_shows_nothing_and_does_nothing(client: FlaskClient, app: Flask, prefix: str) -> None:
    link, phone = leave(client, prefix), app.test_client()
    phone.head(link)
    opened = phone.get(link)
    assert (opened.status_code, opened.location) == (303, f"{prefix}/messages/take-back")
    page = phone.get(opened.location)
    assert page.status_code == 200
    for told in ("anary", "Sara", "berkeley", link.rpartition("/")[2]):
        assert told not in page.text
    for answer in (opened, page):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in page.text
    assert phone.post("/messages/take-back").status_code == 422, "without the form's own token"
    assert len(rows()) == 1


@pytest.mark.parametrize("status", ["pending", "approved", "rejected"])
def test_it_is_gone_from_every_page_at_once(
    client: FlaskClient, app: Flask, caplog: pytest.LogCaptureFixture, status: str
) -> None:
    link, phone = leave(client), app.test_client()
    if status != "pending":
        actions.decide([rows()[0].id], seen="pending", to=status, now=real_clock.now())
    for page in (WALL, "/events/berkeley"):
        assert ("Canary words" in client.get(page).text) == (status == "approved")
    phone.get(link)
    answer = send(phone, "/messages/take-back")
    assert (answer.status_code, answer.location) == (303, "/messages/taken-back")
    assert rows() == []
    for page in (WALL, "/events/berkeley"):
        assert "Canary words" not in client.get(page).text
    done = phone.get(answer.location)
    assert done.status_code == 200
    assert "anary" not in done.text
    assert link_on(client.get(f"{WALL}/thanks").text) == "", "a link that leads nowhere is not offered"
    assert not caplog.records


def test_a_link_that_takes_nothing_back_is_answered_like_any_other(client: FlaskClient, app: Flask) -> None:
    link, phone = leave(client), app.test_client()
    phone.get(link)
    send(phone, "/messages/take-back")
    answers = [phone.get(gone) for gone in (link, "/messages/x", f"/messages/{'A' * 43}", "/messages/take-back")]
    answers.append(phone.post("/messages/take-back"))
    assert {answer.status_code for answer in answers} == {404}
    told = {re.sub(r"<(html|head).*?</\1>|href=\"[^\"]*\"", "", answer.text) for answer in answers}
    assert len(told) == 1
    assert "No message opens here" in told.pop()


def test_a_sample_has_no_link(client: FlaskClient) -> None:
    actions.add_sample_message(event_slug="berkeley", text="Free", signature=None, language="en", now=real_clock.now())
    data = {**hidden_fields(client.get(NEW).text), **FILLED, "text": "Free", "signature_name": "", "seed": "sample"}
    assert client.post(NEW, data=data).status_code == 303
    assert link_on(client.get(f"{WALL}/thanks").text) == ""
    assert len(rows()) == 1


def test_pressing_twice_does_it_once_and_says_so(client: FlaskClient) -> None:
    client.get(leave(client))
    data = hidden_fields(client.get("/messages/take-back").text)
    with client.session_transaction() as session:
        before = dict(session)
    assert client.post("/messages/take-back", data=data).location == "/messages/taken-back"
    with client.session_transaction() as session:
        session.update(before)  # the second press left before the first was answered
    assert client.post("/messages/take-back", data=data).location == "/messages/taken-back"
    assert rows() == []


def test_the_browser_remembers_the_link_for_an_hour(
    client: FlaskClient, app: Flask, clock: time_machine.Traveller
) -> None:
    link, phone = leave(client), app.test_client()
    phone.get(link)
    clock.shift(3599)
    assert phone.get("/messages/take-back").status_code == 200
    clock.shift(2)
    assert phone.get("/messages/take-back").status_code == 404
    assert phone.get(link).status_code == 303
    assert phone.get("/messages/take-back").status_code == 200


def test_after_the_hour_nobody_reads_the_link_in_the_cookie(client: FlaskClient) -> None:
    link = leave(client)
    for _ in range(2):
        with client.session_transaction() as session:
            kept = str(dict(session))
        assert link.removeprefix("/messages/") not in kept
        assert "berkeley" not in kept
        client.get(link)


def test_whoever_tries_out_the_link_finds_it_again_on_the_page_before(client: FlaskClient) -> None:
    link = leave(client)
    client.get(link)
    assert link_on(client.get(f"{WALL}/thanks").text) == link


def test_guessing_is_slowed(client: FlaskClient) -> None:
    assert [client.get("/messages/x").status_code for _try in range(61)][-2:] == [404, 429]


def test_nothing_of_it_stays_in_the_files_of_the_database(client: FlaskClient) -> None:
    client.get(leave(client))
    message = rows()[0]
    needles = [(message.sealed or b"")[20:50], str(message.link_hash).encode()[:30]]
    assert send(client, "/messages/take-back").status_code == 303
    assert rows() == []
    if db.engine.dialect.name == "sqlite":
        path = str(db.engine.url.database)
        octets = octets_of(path, path + "-wal")
        assert not [needle for needle in needles if needle in octets]
