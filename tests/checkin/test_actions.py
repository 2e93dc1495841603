"""Counting in and out, on both databases."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask

from iec_events.checkin.actions import NotExpected, PartyUnknown, TooMany, count_in, count_out
from iec_events.checkin.models import Arrival
from iec_events.checkin.queries import heads
from iec_events.core import clock
from iec_events.core.db import db
from iec_events.events.models import Event
from iec_events.privacy.actions import destroy_list
from iec_events.rsvps.actions import cancel_rsvp
from tests.checkin.people import comes
from tests.factories import an_event


@pytest.fixture
def event(app: Flask) -> Event:
    """A night with five seats."""
    del app
    return an_event(slug="berkeley", capacity=5)


def counts_in(rsvp_id: str, people: int | None = None, by: str = "kian") -> bool:
    return count_in(slug="berkeley", rsvp_id=rsvp_id, people=people, by=by, now=clock.now())


def arrivals() -> list[tuple[str, int, str]]:
    db.session.rollback()
    return [(one.rsvp_id, one.people, one.by) for one in db.session.scalars(sa.select(Arrival))]


def test_a_party_is_counted_once_however_often_the_button_is_pressed(event: Event) -> None:
    sara = comes("Sara", 3)
    comes("Ali", 2)
    assert [counts_in(sara), counts_in(sara, 1, by="omid")] == [True, False]
    assert arrivals() == [(sara, 3, "kian")]
    assert (heads(event.id).here, heads(event.id).expected) == (3, 2)


def test_two_doors_at_once_count_once(event: Event, app: Flask) -> None:
    sara = comes("Sara", 3)

    def press(by: str) -> bool:
        with app.app_context():
            return counts_in(sara, by=by)

    with ThreadPoolExecutor(8) as doors:
        assert sorted(doors.map(press, map(str, range(8)))) == [False] * 7 + [True]
    assert len(arrivals()) == 1
    assert heads(event.id).here == 3


@pytest.mark.usefixtures("event")
def test_fewer_may_come_than_signed_up_but_not_more_and_not_nobody() -> None:
    sara = comes("Sara", 3)
    for wrong in (0, 4, -1):
        with pytest.raises(TooMany):
            counts_in(sara, wrong)
    assert counts_in(sara, 2)
    assert arrivals() == [(sara, 2, "kian")]


@pytest.mark.usefixtures("event")
def test_a_press_can_be_taken_back_and_pressed_again() -> None:
    sara = comes("Sara", 3)
    counts_in(sara)
    for _ in range(2):
        count_out(slug="berkeley", rsvp_id=sara)
    assert arrivals() == []
    assert counts_in(sara, 1)


@pytest.mark.usefixtures("event")
def test_only_the_minute_is_kept() -> None:
    counts_in(comes("Sara"))
    assert db.session.scalars(sa.select(Arrival.at)).one() == clock.now().replace(second=0, microsecond=0)


@pytest.mark.usefixtures("event")
def test_who_waits_can_be_let_in_and_who_cancelled_can_not() -> None:
    comes("Full", 5)
    waiting, gone = comes("Ali", 2), comes("Sara")
    assert counts_in(waiting)
    cancel_rsvp(slug="berkeley", rsvp_id=gone, now=clock.now())
    with pytest.raises(NotExpected):
        counts_in(gone)


@pytest.mark.usefixtures("event")
def test_parties_of_other_nights_are_unknown_here() -> None:
    an_event(slug="paris")
    elsewhere = comes("Sara", slug="paris")
    for rsvp_id in (elsewhere, "nobody", ""):
        with pytest.raises(PartyUnknown):
            counts_in(rsvp_id)
        with pytest.raises(PartyUnknown):
            count_out(slug="berkeley", rsvp_id=rsvp_id)


@pytest.mark.usefixtures("event")
def test_arrivals_go_with_the_list() -> None:
    counts_in(comes("Sara", 3))
    destroy_list(slug="berkeley", now=clock.now() + dt.timedelta(days=1))
    assert arrivals() == []
