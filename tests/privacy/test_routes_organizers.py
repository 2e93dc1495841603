"""Owners destroy a list before its term; the roster says when it ends, and that it did."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from time_machine import Traveller

from iec_events.core import clock as our_clock
from iec_events.core.db import db
from iec_events.events.models import Event
from iec_events.organizers.guard import TOKEN
from iec_events.organizers.models import AuditEntry
from iec_events.privacy.actions import destroy_due
from iec_events.rsvps.models import Receipt, Rsvp
from tests.factories import an_event, an_organizer, an_organizer_session
from tests.filling import send
from tests.privacy.people import CANARY_NAME, an_account, comes

ROSTER = "/organize/events/berkeley/rsvps"
DESTROY = f"{ROSTER}/destroy"


@pytest.fixture
def event(app: Flask) -> Event:
    del app
    an_account()
    return an_event(slug="berkeley", capacity=50)


def test_it_works(organizer: FlaskClient, client: FlaskClient, event: Event) -> None:
    for _ in range(12):
        comes(event)
    page = organizer.get(ROSTER).text
    assert "This list is destroyed on Sunday 28 February." in page
    assert f'href="{DESTROY}"' in page
    asked = organizer.get(DESTROY).text
    assert "12 confirmed parties" in asked
    assert "Berkeley · Sunday 14 February 2027" in asked  # dates of a series have one title
    assert "Signing up stays open" in asked
    answer = send(organizer, DESTROY, sure="y")
    assert (answer.status_code, answer.location) == (303, ROSTER)
    page = organizer.get(ROSTER).text
    assert "This list was destroyed on Friday 15 January, 4 am (Berkeley time), before its term." in page
    assert "Its keys are destroyed as well" in page
    assert "At least 10 places were taken, by at least 10 parties" in page
    assert CANARY_NAME not in page
    for address in ("/events/berkeley", "/events/berkeley.ics"):
        assert client.get(address).status_code == 200
    noted = db.session.scalars(sa.select(AuditEntry.about).where(AuditEntry.what == "list.destroyed")).all()
    assert noted == ["event:berkeley"]


def test_it_is_asked_for_twice(organizer: FlaskClient, event: Event) -> None:
    comes(event)
    assert organizer.get(DESTROY).status_code == 200
    answer = send(organizer, DESTROY)
    assert answer.status_code == 422
    assert "Please tick the box if you mean it." in answer.text
    assert len(db.session.scalars(sa.select(Rsvp)).all()) == 1


def test_all_that_is_lost_is_named(organizer: FlaskClient) -> None:
    comes(an_event(slug="berkeley", needs_approval=True))
    assert "1 party waits for approval" in organizer.get(DESTROY).text


def test_only_owners_may(app: Flask, event: Event) -> None:
    comes(event)
    visitor = app.test_client()
    with visitor.session_transaction() as session:
        session[TOKEN] = an_organizer_session(an_organizer(email="omid@example.org", role="organizer"))
    assert visitor.get(DESTROY).status_code == 403
    assert visitor.post(DESTROY, data={"sure": "y"}).status_code == 403
    assert DESTROY not in visitor.get(ROSTER).text


def test_one_must_have_signed_in_freshly(organizer: FlaskClient, event: Event, clock: Traveller) -> None:
    comes(event)
    clock.shift(25 * 60)
    assert organizer.get(ROSTER).status_code == 200
    answer = organizer.get(DESTROY)
    assert (answer.status_code, answer.location.split("?")[0]) == (303, "/organize/confirm")


def test_small_numbers_are_not_told(app: Flask, event: Event, clock: Traveller) -> None:
    comes(event, party_size=3)
    clock.move_to(our_clock.now().replace(year=2028))
    destroy_due(our_clock.now())
    assert db.session.scalars(sa.select(Receipt.seats)).one() is None
    visitor = app.test_client()
    with visitor.session_transaction() as session:
        session[TOKEN] = an_organizer_session()
    page = visitor.get(ROSTER).text
    assert "when its term was over" in page
    assert "Fewer than ten places were taken; the number is not kept." in page
    assert "Nobody is on this list any more." in page
    assert "اسفند" not in page
    assert "۲۵ دی" in visitor.get(f"/fa{ROSTER}").text
