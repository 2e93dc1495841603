"""What is done is noted, under words that people understand; and the page that shows it."""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from iec_events.core import clock
from iec_events.core.db import db
from iec_events.core.paths import PACKAGE
from iec_events.events import actions as event_actions
from iec_events.organizers import actions
from iec_events.organizers.audit import acting, note
from iec_events.organizers.deeds import DEEDS
from iec_events.organizers.models import AuditEntry
from iec_events.rsvps.actions import Party, cancel_rsvp, place_rsvp
from iec_events.solidarity.actions import decide, leave_message
from iec_events.solidarity.models import Message
from tests.factories import PASSWORD, an_event, an_organizer
from tests.filling import send

PARTY = Party(name="Sara", email=None, party_size=2, note="by the door", locale="en")


def noted() -> list[tuple[str, str]]:
    db.session.rollback()
    query = sa.select(AuditEntry.what, AuditEntry.about).order_by(AuditEntry.id)
    return [(what, about) for what, about in db.session.execute(query)]


def written_out() -> Iterator[str]:
    """Every name of a deed that stands in the code as the first argument of `note`."""
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "note" and node.args:
                for part in ast.walk(node.args[0]):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str) and "." in part.value:
                        yield part.value


def test_every_deed_has_words() -> None:
    found = set(written_out())
    assert len(found) > 10
    assert {name for name in found if not name.endswith(".")} <= set(DEEDS)
    assert all(len(name) <= 40 for name in DEEDS)


def test_steps_of_an_event_are_noted_once_each(app: Flask) -> None:
    del app
    an_event(slug="berkeley", status="draft", published_at=None)
    now = clock.now()
    for verb in ("publish_event", "publish_event", "postpone_event", "reinstate", "cancel_event", "withdraw_event"):
        getattr(event_actions, verb)(slug="berkeley", now=now)
    event_actions.publish_event(slug="berkeley", now=now)
    steps = ["published", "postponed", "reinstated", "cancelled", "withdrawn", "published"]
    assert noted() == [(f"event.{step}", "event:berkeley") for step in steps]


def test_a_step_that_is_refused_is_not_noted(app: Flask) -> None:
    del app
    an_event(slug="berkeley", status="draft", published_at=None)
    with pytest.raises(event_actions.NotFromHere):
        event_actions.cancel_event(slug="berkeley", now=clock.now())
    assert noted() == []


def test_rsvps_are_noted_when_organizers_make_or_cancel_them(app: Flask) -> None:
    del app
    an_event(slug="berkeley")
    now = clock.now()
    place_rsvp(slug="berkeley", party=PARTY, token="by herself", now=now)
    placed = place_rsvp(slug="berkeley", party=PARTY, token="by hand", now=now, by_hand=True)
    for _ in range(2):
        cancel_rsvp(slug="berkeley", rsvp_id=placed.rsvp_id, now=now)
    about = f"rsvp:{placed.rsvp_id}"
    assert noted() == [("rsvp.added", about), ("rsvp.cancelled", about)]


def test_decisions_on_messages_are_noted(app: Flask) -> None:
    del app
    an_event(slug="berkeley")
    words = {"text": "Freedom", "signature": "Sima", "language": "en", "seed": "one"}
    leave_message(event_slug="berkeley", read_aloud=True, now=clock.now(), **words)
    one = db.session.scalars(sa.select(Message.id)).one()
    decide([one], seen="pending", to="approved", now=clock.now())
    decide([one], seen="approved", to="rejected", now=clock.now())
    assert noted() == [("message.approved", f"message:{one}"), ("message.rejected", f"message:{one}")]


def test_coming_in_and_going_out_are_noted_with_who_did_it(app: Flask, client: FlaskClient) -> None:
    nasrin = an_organizer()
    address = "/organize/sign-in"
    send(client, address, email="nasrin@example.org", password="wrong wrong wrong")
    send(client, address, email="nobody@example.org", password="wrong wrong wrong")
    token = actions.sign_in(email="nasrin@example.org", password=PASSWORD, now=clock.now())
    with app.app_context():
        acting(nasrin.id)
        actions.sign_out(token, now=clock.now())
    db.session.rollback()
    query = sa.select(AuditEntry.who, AuditEntry.what, AuditEntry.about).order_by(AuditEntry.id)
    assert [tuple(row) for row in db.session.execute(query)] == [
        ("stranger", "sign-in.refused", f"organizer:{nasrin.id}"),
        ("stranger", "sign-in.refused", ""),
        (nasrin.id, "sign-in.password", f"organizer:{nasrin.id}"),
        (nasrin.id, "sign-out", ""),
    ]


def test_a_flood_of_tries_leaves_few_lines(client: FlaskClient) -> None:
    for number in range(15):
        send(client, "/organize/sign-in", email=f"nobody-{number % 4}@example.org", password="wrong wrong wrong")
    kinds = [what for what, _about in noted()]
    assert kinds.count("sign-in.refused") == 10


def test_a_download_is_noted_with_who_took_it(organizer: FlaskClient) -> None:
    an_event(slug="berkeley")
    choices = {"plain-part": "all", "plain-kind": "csv"}
    assert send(organizer, "/organize/events/berkeley/rsvps/export", do="plain", **choices).status_code == 200
    assert noted() == [("rsvps.downloaded", "event:berkeley")]
    assert len(db.session.scalars(sa.select(AuditEntry.who)).one()) == 16


@pytest.mark.parametrize(("prefix", "digits"), [("", "2027-01-15 12:00:00"), ("/fa", "۲۰۲۷-۰۱-۱۵ ۱۲:۰۰:۰۰")])
def test_the_page_tells_who_did_what_to_what(organizer: FlaskClient, prefix: str, digits: str) -> None:
    parvin = an_organizer("Parvin <b>", "parvin@example.org")
    an_event(slug="berkeley")
    note("event.published", "event:berkeley", now=clock.now(), who=parvin.id)
    note("sign-in.refused", f"organizer:{parvin.id}", now=clock.now())
    note("something.new", "thing:7", now=clock.now(), who="worker")
    note("event.revised", "event:paris", now=clock.now(), who="0123456789abcdef")
    page = organizer.get(f"{prefix}/organize/audit").text
    assert page.count("<bdi>Parvin &lt;b&gt;</bdi>") == 2
    assert f'href="{prefix}/organize/events/berkeley"' in page
    assert '<code dir="ltr">something.new</code>' in page
    assert digits in page
    one = organizer.get(f"{prefix}/organize/audit?who={parvin.id}").text
    assert ("berkeley" in one, "paris" in one) == (True, False)


def about_people(asked: list[str]) -> int:
    return sum("audit_entries" in statement or "FROM organizers" in statement for statement in asked)


def test_the_page_has_pages_and_costs_the_same_for_all(
    organizer: FlaskClient, queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    organizer.get("/organize/audit")
    with queries() as few:
        assert "Nothing is written down yet" in organizer.get("/organize/audit").text
    for _ in range(60):
        note("event.revised", "event:berkeley", now=clock.now(), who="operator")
    with queries() as many:
        assert organizer.get("/organize/audit").text.count("event:") == 0
    assert about_people(many) == about_people(few)
    assert "Page 2 of 2" in organizer.get("/organize/audit?page=9").text
    assert organizer.get("/organize/audit?page=x&who=nobody").status_code == 200


def test_verify_says_what_it_found(app: Flask) -> None:
    runner = app.test_cli_runner()
    from iec_events.organizers.commands import audit_trail  # noqa: PLC0415 - a command, not the module under test

    for _ in range(3):
        note("event.revised", "event:berkeley", now=clock.now(), who="operator")
    whole = runner.invoke(audit_trail, ["verify"])
    assert (whole.exit_code, whole.output[:41]) == (0, "OK: 3 entries, the last is number 3 with ")
    with db.engine.begin() as connection:
        connection.execute(sa.update(AuditEntry).where(AuditEntry.id == 2).values(at=clock.now() - dt.timedelta(1)))
    db.session.rollback()
    broken = runner.invoke(audit_trail, ["verify"])
    assert (broken.exit_code, broken.output) == (1, "Error: Entry 2 was changed.\n")
