"""Reading messages and deciding on them, as organizers do."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from iec_events.core import clock as real_clock
from iec_events.core.db import db
from iec_events.solidarity import actions
from iec_events.solidarity.models import Message
from iec_events.solidarity.queries import REVIEW_PAGE
from tests.factories import an_event
from tests.filling import hidden_fields, send

PILE = "/organize/messages"
LEAVE = {"signature": "Sara", "language": "en", "read_aloud": True}


@pytest.fixture(autouse=True)
def night(app: Flask) -> None:
    del app
    an_event("Berkeley night", slug="berkeley")


def leave(*texts: str, slug: str = "berkeley") -> list[str]:
    """Leave messages; their ids in the same order."""
    ids: list[str] = []
    for text in texts:
        before = set(statuses())
        actions.leave_message(event_slug=slug, text=text, seed=text, now=real_clock.now(), **LEAVE)  # type: ignore[arg-type]
        ids += set(statuses()) - before
    return ids


def statuses() -> dict[str, str]:
    db.session.rollback()
    return {row.id: row.status for row in db.session.scalars(sa.select(Message))}


def pile_form(page: str) -> dict[str, str]:
    """The hidden fields of the form around the pile, not of the one that undoes."""
    return hidden_fields(page.split('id="pile"')[1])


def press(client: FlaskClient, button: str, status: str = "pending", **ticked: Any) -> Any:
    page = client.get(f"{PILE}?status={status}").text
    return client.post(f"{PILE}/{button}", data={**pile_form(page), **ticked})


def test_approve_and_reject(organizer: FlaskClient, client: FlaskClient) -> None:
    good, bad = leave("Freedom is a song", "spam spam")
    assert press(organizer, f"{good}/approve").location == f"{PILE}?status=pending"
    assert "1 message is on the wall." in organizer.get(PILE).text
    press(organizer, f"{bad}/reject")
    assert statuses() == {good: "approved", bad: "rejected"}
    wall = client.get("/events/berkeley/messages").text
    assert "Freedom is a song" in wall
    assert "spam" not in wall


def test_what_waits_is_shown_in_its_own_direction(organizer: FlaskClient) -> None:
    actions.leave_message(
        event_slug="berkeley", text="زن، زندگی، آزادی", signature="سیما", language="fa", read_aloud=False, seed="s",
        now=real_clock.now(),
    )  # fmt: skip
    page = organizer.get(PILE).text
    assert 'lang="fa" dir="rtl">' in page
    assert "<bdi>سیما</bdi>" in page
    assert "Not to be read aloud" in page


def test_undo(organizer: FlaskClient) -> None:
    one, other = leave("one", "other")
    press(organizer, "approve", message=[one, other])
    page = organizer.get(PILE).text
    action = unescape(re.findall(r'action="([^"]*undo[^"]*)"', page)[0])
    form = {**hidden_fields(page), "message": [one, other]}
    assert organizer.post(action, data=form).location == f"{PILE}?status=pending"
    assert "Undone." in organizer.get(PILE).text
    assert set(statuses().values()) == {"pending"}


def test_the_offer_to_undo_is_made_once(organizer: FlaskClient) -> None:
    one, _other = leave("one", "other")
    press(organizer, f"{one}/approve")
    assert "Undo" in organizer.get(PILE).text
    assert "Undo" not in organizer.get(PILE).text


def test_take_down_and_bring_back(organizer: FlaskClient, client: FlaskClient) -> None:
    (one,) = leave("Freedom is a song")
    press(organizer, f"{one}/approve")
    assert "Freedom" in client.get("/events/berkeley/messages").text
    press(organizer, f"{one}/reject", status="approved")
    assert "Freedom" not in client.get("/events/berkeley/messages").text
    press(organizer, f"{one}/reconsider", status="rejected")
    assert statuses() == {one: "pending"}


def test_who_decides_second_is_told_and_changes_nothing(organizer: FlaskClient) -> None:
    (one,) = leave("one")
    form = pile_form(organizer.get(PILE).text)  # the other organizer's page, opened a moment before
    press(organizer, f"{one}/approve")
    late = organizer.post(f"{PILE}/{one}/reject", data=form)
    assert late.status_code == 303
    assert "Another organizer has decided" in organizer.get(PILE).text
    assert statuses() == {one: "approved"}


def test_what_was_taken_back_in_the_meantime_is_told(organizer: FlaskClient) -> None:
    one, other = leave("one", "other")
    form = pile_form(organizer.get(PILE).text)
    press(organizer, f"{one}/approve")
    undo = {**form, "seen": "approved", "message": [one]}
    actions.erase_message(one)
    for button, data in (("undo/pending", undo), (f"{one}/approve", form), (f"{one}/reject", form)):
        assert organizer.post(f"{PILE}/{button}", data=data).status_code == 303
        assert "whoever wrote it took it back" in unescape(organizer.get(PILE).text), button
    organizer.post(f"{PILE}/approve", data={**form, "message": [one, other]})
    assert "Some of these were decided on or taken back" in organizer.get(PILE).text
    assert statuses() == {other: "approved"}


def test_in_bulk_with_nothing_ticked(organizer: FlaskClient) -> None:
    leave("one", "other")
    press(organizer, "approve")
    assert "Tick the messages" in organizer.get(PILE).text
    assert set(statuses().values()) == {"pending"}


def test_by_event(organizer: FlaskClient) -> None:
    an_event("Cali night", slug="cali")
    leave("for Berkeley")
    leave("for Cali", slug="cali")
    page = organizer.get(f"{PILE}?event=cali").text
    assert "for Cali" in page
    assert "for Berkeley" not in page
    assert pile_form(page)["event"] == "cali"
    assert organizer.get(f"{PILE}?event=nowhere").status_code == 200


def test_a_forged_decision_changes_nothing(organizer: FlaskClient) -> None:
    (one,) = leave("one")
    organizer.get(PILE)
    assert organizer.post(f"{PILE}/{one}/approve", data={"seen": "pending"}).status_code == 303
    assert "Nothing is lost" in organizer.get(PILE).text
    send(organizer, PILE, to=f"{PILE}/{one}/approve", seen="nonsense")
    send(organizer, PILE, to=f"{PILE}/no-such-id/approve")
    assert send(organizer, PILE, to=f"{PILE}/undo/nonsense").status_code == 404
    assert organizer.get(f"{PILE}?status=nonsense").status_code == 404
    assert statuses() == {one: "pending"}


def test_the_pile_costs_the_same_for_one_message_and_for_many(organizer: FlaskClient, queries: Any) -> None:
    def cost() -> int:
        with queries() as asked:
            assert organizer.get(PILE).status_code == 200
        return len([one for one in asked if " messages" in one])  # others ask now and then

    leave("one")
    first = cost()
    leave(*(f"message {number}" for number in range(30)))
    assert cost() == first


def test_a_high_pile_has_pages(organizer: FlaskClient) -> None:
    leave(*(f"message {number}" for number in range(REVIEW_PAGE + 1)))
    assert organizer.get(PILE).text.count("<article") == REVIEW_PAGE
    assert organizer.get(f"{PILE}?page=2").text.count("<article") == 1
    for odd in ("0", "-1", "99999999999999999999", "x"):
        assert organizer.get(f"{PILE}?page={odd}").status_code == 200
