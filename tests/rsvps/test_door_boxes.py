"""The door's key opens the door's box of its own row, and nothing else."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from iec_events.core.db import atomic, db
from iec_events.events.models import Event
from iec_events.organizers.keys import private_of_session
from iec_events.rsvps.boxes import Reader
from iec_events.rsvps.door_boxes import DoorReader, door_reader_of
from iec_events.rsvps.models import Rsvp
from tests.checkin.people import a_doorkeeper, an_account, comes
from tests.factories import an_event

pytestmark = pytest.mark.usefixtures("app")
NOBODY = DoorReader({})


def names(reader: DoorReader) -> list[str | None]:
    return [reader.name(one) for one in db.session.scalars(sa.select(Rsvp).order_by(Rsvp.line))]


def a_night() -> tuple[Event, DoorReader]:
    """An event with two parties, and what somebody at its door reads."""
    an_account("Nasrin")
    event = an_event(slug="berkeley")
    kian = a_doorkeeper()
    comes("Sara")
    comes("Ali")
    return event, door_reader_of(kian[0], private_of_session(kian[1]), event.id)


def test_the_doors_key_opens_names_and_not_the_list() -> None:
    _event, reader = a_night()
    assert (names(reader), names(NOBODY)) == (["Sara", "Ali"], [None, None])
    assert [Reader(reader.openers).words(one) for one in db.session.scalars(sa.select(Rsvp))] == [None, None]


def test_boxes_that_were_swapped_or_touched_open_no_more() -> None:
    _event, reader = a_night()
    with atomic():
        sara, ali = db.session.scalars(sa.select(Rsvp).order_by(Rsvp.line)).all()
        sara.door_sealed, ali.door_sealed = ali.door_sealed, (sara.door_sealed or b"")[:-1]
    assert names(reader) == [None, None]


def test_while_nobody_holds_a_key_the_vault_keeps_the_name() -> None:
    an_event(slug="berkeley")
    comes("Sara")
    assert names(NOBODY) == ["Sara"]


def test_another_nights_door_stays_shut() -> None:
    _event, _reader = a_night()
    paris = an_event(slug="paris")
    elsewhere = a_doorkeeper("Omid", "paris")
    comes("Zoe", slug="paris")
    reader = door_reader_of(elsewhere[0], private_of_session(elsewhere[1]), paris.id)
    assert sorted(names(reader), key=str) == [None, None, "Zoe"]
    assert door_reader_of(elsewhere[0], None, paris.id) == NOBODY
