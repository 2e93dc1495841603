"""The wall and the page to leave a message, as visitors meet them."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from iec_events.core import clock as real_clock
from iec_events.core.db import db
from iec_events.solidarity import actions
from iec_events.solidarity.models import Message
from iec_events.solidarity.queries import WALL_PAGE, review_page
from tests.factories import an_event
from tests.filling import hidden_fields, send

NEW = "/events/berkeley/messages/new"
WALL = "/events/berkeley/messages"
FILLED = {
    "text": "Freedom is a song",
    "language": "en",
    "signature_name": "Sara",
    "signature_place": "Bogotá",
    "consent_publish": "y",
    "consent_read_aloud": "y",
}


@pytest.fixture(autouse=True)
def night(app: Flask) -> None:
    del app
    an_event(slug="berkeley")


def left() -> list[Any]:
    """The messages that wait, opened."""
    db.session.rollback()
    return list(review_page(status="pending").items)


def put_up(*texts: str) -> None:
    for text in texts:
        actions.add_sample_message(
            event_slug="berkeley", text=text, signature=None, language="en", now=real_clock.now()
        )


@pytest.mark.parametrize("prefix", ["", "/fa", "/es"])
def test_works(client: FlaskClient, prefix: str) -> None:
    answer = send(client, prefix + NEW, **FILLED)
    assert (answer.status_code, answer.location) == (303, f"{prefix}{WALL}/thanks")
    assert client.get(answer.location).status_code == 200
    (message,) = left()
    assert (message.text, message.signature, message.read_aloud) == ("Freedom is a song", "Sara, Bogotá", True)
    assert "Freedom is a song" not in client.get(prefix + WALL).text


def test_only_the_words_and_the_consent_are_needed(client: FlaskClient) -> None:
    assert send(client, NEW, text="Azadi", language="fa", consent_publish="y").status_code == 303
    (message,) = left()
    assert (message.signature, message.read_aloud, message.lang) == (None, False, "fa")


def test_the_language_of_the_page_is_offered_first(client: FlaskClient) -> None:
    assert '<option selected value="fa">' in client.get(f"/fa{NEW}").text
    assert '<option selected value="en">' in client.get(NEW).text


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"text": ""}, "Please write your message"),
        ({"text": " \n\u200b\t"}, "Please write your message"),
        ({"text": "ن" * 1001}, "1001 characters, and 1000 fit"),
        ({"consent_publish": ""}, "Tick this if it may be published"),
        ({"language": "xx"}, "from the list"),
        ({"language": ""}, "from the list"),
        ({"signature_name": "x" * 81}, "81 characters, and 80 fit"),
        ({"signature_place": "x" * 81}, "81 characters, and 80 fit"),
    ],
)
def test_a_mistake_is_told_and_nothing_typed_is_lost(
    client: FlaskClient, changed: dict[str, str], sentence: str
) -> None:
    typed = {**FILLED, **changed}
    data = {name: text for name, text in typed.items() if not name.startswith("consent") or text}
    page = client.get(NEW).text
    answer = client.post(NEW, data={**hidden_fields(page), **data})
    assert answer.status_code == 422
    assert sentence in answer.text
    for name in ("text", "signature_name", "signature_place"):
        assert typed[name].strip(" \n\u200b\t") in answer.text
    assert left() == []


def test_mistakes_are_told_in_the_visitors_language(client: FlaskClient) -> None:
    answer = send(client, f"/fa{NEW}", **{**FILLED, "text": "آ" * 1001})
    assert answer.status_code == 422
    assert "۱۰۰۱" in answer.text


def test_a_thousand_characters_fit(client: FlaskClient) -> None:
    assert send(client, NEW, **{**FILLED, "text": "ن" * 1000}).status_code == 303


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("{{ 7*7 }} %(x)s {% raw %}", "{{ 7*7 }} %(x)s {% raw %}"),
        ("abc\u202edef\u2066ghi", "abcdefghi"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("Z" + "\u0301" * 60 + "algo", "Ź" + "\u0301" * 4 + "algo"),
        ("one\r\n\r\n\r\n\r\n\r\ntwo", "one\n\ntwo"),
        ("'; DROP TABLE messages; --", "'; DROP TABLE messages; --"),
    ],
)
def test_hostile_text_is_cleaned_or_shown_as_text(
    client: FlaskClient, organizer: FlaskClient, typed: str, kept: str
) -> None:
    assert send(client, NEW, **{**FILLED, "text": typed}).status_code == 303
    (message,) = left()
    assert message.text == kept
    actions.decide([message.id], seen="pending", to="approved", now=real_clock.now())
    for page in (client.get(WALL).text, organizer.get("/organize/messages?status=approved").text):
        assert "<script>alert" not in page


@pytest.mark.parametrize("name", ["text", "language", "signature_name", "signature_place", "seed", "subject"])
@pytest.mark.parametrize("typed", ["\x00\x01", "\ufffe", "A" * 400_000, "\u202e" * 50, "a\r\nBcc: b@example.org"])
def test_hostile_input_in_any_field_is_an_ordinary_answer(client: FlaskClient, name: str, typed: str) -> None:
    answer = send(client, NEW, **{**FILLED, name: typed})
    assert answer.status_code in {303, 422}


def test_ten_megabytes_are_too_much(client: FlaskClient) -> None:
    answer = send(client, NEW, **{**FILLED, "text": "A" * 10_000_000})
    assert answer.status_code == 413


def test_control_characters_are_taken_out_and_told(client: FlaskClient) -> None:
    answer = send(client, NEW, **{**FILLED, "text": "Free\x00dom"})
    assert answer.status_code == 422
    assert "invisible control characters" in answer.text
    assert "Freedom" in answer.text


def test_a_double_submit_makes_one_message(client: FlaskClient) -> None:
    data = {**hidden_fields(client.get(NEW).text), **FILLED}
    assert [client.post(NEW, data=data).status_code for _press in range(3)] == [303, 303, 303]
    assert len(left()) == 1


def test_programs_that_fill_in_everything_are_asked_again(client: FlaskClient) -> None:
    answer = send(client, NEW, **FILLED, subject="cheap pills")
    assert answer.status_code == 422
    assert "cheap pills" not in answer.text
    assert left() == []


def test_a_flood_is_slowed_and_the_words_are_kept(client: FlaskClient, clock: time_machine.Traveller) -> None:
    for number in range(20):
        assert send(client, NEW, **{**FILLED, "text": f"message {number}"}).status_code == 303
    slowed = send(client, NEW, **{**FILLED, "text": "one more"})
    assert slowed.status_code == 429
    assert "one more" in slowed.text
    clock.shift(61)
    assert send(client, NEW, **{**FILLED, "text": "one more"}).status_code == 303


def test_the_wall_is_the_same_for_every_stranger(client: FlaskClient) -> None:
    put_up("Freedom", "آزادی")
    wall = client.get(WALL)
    assert "Set-Cookie" not in wall.headers
    assert 'dir="rtl"' in wall.text
    assert wall.text.count("<figure") == 2
    assert client.get(WALL, headers={"If-None-Match": wall.headers["ETag"]}).status_code == 304
    put_up("Libertad")
    assert client.get(WALL, headers={"If-None-Match": wall.headers["ETag"]}).status_code == 200


def test_a_long_wall_has_pages(client: FlaskClient) -> None:
    put_up(*(f"message {number}" for number in range(WALL_PAGE + 1)))
    assert client.get(WALL).text.count("<figure") == WALL_PAGE
    assert client.get(f"{WALL}/2").text.count("<figure") == 1
    assert client.get(f"{WALL}/1").location == f"http://127.0.0.1:8000{WALL}"
    for beyond in ("3", "0", "99999999999999999999999"):
        assert client.get(f"{WALL}/{beyond}").status_code == 404


def test_a_wall_costs_the_same_for_one_message_and_for_many(client: FlaskClient, queries: Any) -> None:
    def cost(language: str) -> int:
        with queries() as asked:
            assert client.get(language + WALL).status_code == 200
        return len([one for one in asked if " messages" in one])  # others ask now and then

    put_up("one")
    first = cost("")
    put_up(*(f"message {number}" for number in range(30)))
    assert cost("") == first


@pytest.mark.parametrize("status", ["cancelled", "draft"])
def test_where_no_message_can_be_left(client: FlaskClient, status: str) -> None:
    an_event(slug="other", status=status)
    answer = client.get("/events/other/messages/new")
    assert answer.status_code == (409 if status == "cancelled" else 410)
    assert client.post("/events/other/messages/new", data=FILLED).status_code == answer.status_code


def test_no_such_event(client: FlaskClient) -> None:
    for address in ("", "/new", "/thanks", "/2"):
        assert client.get(f"/events/nowhere/messages{address}").status_code == 404
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Message)) == 0
