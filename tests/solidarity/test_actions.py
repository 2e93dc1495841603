"""Messages on a real database: sealed until approved, decided on once, erased in time."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from iec_events.core import clock as real_clock
from iec_events.core.db import atomic, db, generation
from iec_events.events.models import Event
from iec_events.events.queries import EventUnknown
from iec_events.solidarity import actions
from iec_events.solidarity.models import APPROVED, PENDING, REJECTED, Message
from iec_events.solidarity.queries import approved_count, approved_messages, pending_counts, review_page, status_counts
from tests.factories import an_event

DAY = dt.timedelta(days=1)


def leave(event: Event, text: str = "Freedom is a song", **others: Any) -> str:
    """Leave a message; the id of its row."""
    before = {row.id for row in rows()}
    given = {"signature": "Sara, Bogotá", "language": "en", "read_aloud": True, "seed": f"seed of {text}", **others}
    actions.leave_message(event_slug=event.slug, text=text, now=real_clock.now(), **given)
    return next((row.id for row in rows() if row.id not in before), "")


def decide(*ids: str, seen: str = PENDING, to: str = APPROVED) -> list[str]:
    return actions.decide(ids, seen=seen, to=to, now=real_clock.now())


def rows() -> list[Message]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Message).order_by(Message.id)))


def test_a_message_waits_sealed(app: Flask) -> None:
    del app
    event = an_event()
    leave(event, "canary words", signature="Canary Name")
    (row,) = rows()
    assert (row.status, row.text, row.signature, row.event_id) == (PENDING, None, None, event.id)
    assert row.sealed is not None
    assert b"anary" not in row.sealed
    assert approved_messages(event.id) == []
    assert pending_counts() == {event.id: 1}


def test_the_database_itself_keeps_unapproved_words_out_of_the_open(app: Flask) -> None:
    del app
    message_id = leave(an_event())
    with pytest.raises(sa.exc.IntegrityError), atomic():
        db.session.execute(sa.update(Message).where(Message.id == message_id).values(text="in the open"))


def test_approving_opens_it_and_empties_the_box(app: Flask) -> None:
    del app
    event = an_event()
    message_id = leave(event, "زن، زندگی، آزادی", signature="سیما", language="fa")
    assert decide(message_id) == [message_id]
    (row,) = rows()
    assert (row.status, row.sealed, row.decided_at) == (APPROVED, None, real_clock.now())
    (shown,) = approved_messages(event.id)
    assert (shown.text, shown.dir, shown.lang, shown.signature) == ("زن، زندگی، آزادی", "rtl", "fa", "سیما")


def test_taking_down_seals_it_again_and_undoing_brings_it_back(app: Flask) -> None:
    del app
    event = an_event()
    message_id = leave(event)
    decide(message_id)
    decide(message_id, seen=APPROVED, to=REJECTED)
    (row,) = rows()
    assert (row.status, row.text, row.signature) == (REJECTED, None, None)
    assert approved_count(event.id) == 0
    decide(message_id, seen=REJECTED, to=APPROVED)
    assert approved_messages(event.id)[0].signature == "Sara, Bogotá"
    decide(message_id, seen=APPROVED, to=PENDING)
    (row,) = rows()
    assert (row.status, row.text, row.decided_at) == (PENDING, None, real_clock.now())


def test_the_second_of_two_who_decide_changes_nothing(app: Flask) -> None:
    del app
    message_id = leave(an_event())
    decide(message_id, to=APPROVED)
    with pytest.raises(actions.DecidedAlready):
        decide(message_id, to=REJECTED)
    assert rows()[0].status == APPROVED


def test_many_who_decide_at_once_decide_once(app: Flask) -> None:
    message_id = leave(an_event())

    def run(to: str) -> bool:
        with app.app_context():
            try:
                return decide(message_id, to=to) == [message_id]
            except actions.DecidedAlready:
                return False

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(run, [APPROVED, REJECTED] * 3)) == 1


def test_in_bulk_what_others_decided_on_is_left_out(app: Flask) -> None:
    del app
    event = an_event()
    first, second = leave(event, "one"), leave(event, "two")
    decide(first, to=REJECTED)
    assert decide(first, second, "no such id") == [second]
    assert status_counts() == {APPROVED: 1, REJECTED: 1}


def test_the_same_message_sent_twice_is_kept_once(app: Flask) -> None:
    del app
    event, other = an_event(), an_event()
    leave(event, "once", seed="s")
    leave(event, "once", seed="s")
    assert len(rows()) == 1
    leave(event, "changed after going back", seed="s")
    leave(event, "once", seed="another page")
    leave(other, "once", seed="s")
    assert len(rows()) == 4


def test_the_same_message_sent_at_once_is_kept_once(app: Flask) -> None:
    slug = an_event().slug
    given = {"signature": "", "language": "en", "read_aloud": False, "seed": "s"}

    def run(_number: int) -> None:
        with app.app_context():
            actions.leave_message(event_slug=slug, text="once", now=real_clock.now(), **given)  # type: ignore[arg-type]

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(run, range(6)))
    assert len(rows()) == 1


def test_what_is_taken_back_while_it_is_approved_is_gone(app: Flask) -> None:
    words = {"signature": "", "language": "en", "read_aloud": False, "seed": "s"}
    token = actions.leave_message(event_slug=an_event().slug, text="Free", now=real_clock.now(), **words)  # type: ignore[arg-type]
    message_id = rows()[0].id
    db.session.rollback()

    def run(number: int) -> None:
        with app.app_context():
            if number % 2:
                actions.take_back(token=token, now=real_clock.now())
            else:
                with suppress(actions.DecidedAlready, actions.TakenBack):
                    decide(message_id)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(run, range(4)))
    assert rows() == []


def test_the_wall_closes_a_month_after_the_night(app: Flask, clock: time_machine.Traveller) -> None:
    del app
    event = an_event()
    ends_at = event.ends_at
    clock.move_to(ends_at + 30 * DAY - dt.timedelta(seconds=1))
    assert leave(event, "just in time")
    clock.move_to(ends_at + 30 * DAY)
    with pytest.raises(actions.WallClosed):
        leave(event, "too late")


def test_a_cancelled_night_takes_none_and_a_draft_is_unknown(app: Flask) -> None:
    del app
    with pytest.raises(actions.WallClosed):
        leave(an_event(status="cancelled"))
    with pytest.raises(EventUnknown):
        leave(an_event(status="draft", published_at=None))
    assert leave(an_event(status="postponed"))


def test_rejected_words_are_erased_after_a_week(app: Flask, clock: time_machine.Traveller) -> None:
    del app
    event = an_event()
    rejected, waiting, approved = leave(event, "one"), leave(event, "two"), leave(event, "three")
    decide(rejected, to=REJECTED)
    decide(approved)
    clock.shift(7 * DAY - dt.timedelta(seconds=1))
    actions.erase_rejected(real_clock.now())
    assert len(rows()) == 3
    clock.shift(1)
    actions.erase_rejected(real_clock.now())
    assert {row.id for row in rows()} == {waiting, approved}


def test_strangers_pages_change_with_the_wall_and_only_then(app: Flask, clock: time_machine.Traveller) -> None:
    del app
    event = an_event()
    at_first = generation()
    message_id = leave(event)
    assert generation() == at_first
    decide(message_id)
    approved = generation()
    assert approved > at_first
    decide(message_id, seen=APPROVED, to=REJECTED)
    taken_down = generation()
    assert taken_down > approved
    clock.shift(8 * DAY)
    actions.erase_rejected(real_clock.now())
    assert generation() == taken_down


def test_the_newest_stand_first_on_the_wall(app: Flask, clock: time_machine.Traveller) -> None:
    del app
    event = an_event()
    for text in ("first", "second", "third"):
        decide(leave(event, text))
        clock.shift(60)
    assert [message.text for message in approved_messages(event.id)] == ["third", "second", "first"]
    assert [message.text for message in approved_messages(event.id, 1)] == ["third"]


def test_a_box_that_does_not_open_can_be_rejected_but_not_approved(app: Flask) -> None:
    del app
    one, other = leave(an_event(), "one"), leave(an_event(), "other")
    with atomic():
        boxes = {row.id: row for row in db.session.scalars(sa.select(Message))}
        boxes[one].sealed = boxes[other].sealed
    item = next(item for item in review_page(status=PENDING).items if item.id == one)
    assert item.text is None
    with pytest.raises(actions.DecidedAlready):
        decide(one)
    assert decide(one, to=REJECTED) == [one]


def test_samples_stand_on_the_wall_once_and_say_so(app: Flask) -> None:
    del app
    event = an_event()
    for _again in range(2):
        actions.add_sample_message(
            event_slug=event.slug, text="Para Toomaj", signature="Cali", language="es", now=real_clock.now()
        )
    (shown,) = approved_messages(event.id)
    assert (shown.text, shown.signature, shown.is_sample) == ("Para Toomaj", "Cali", True)


@pytest.mark.parametrize(
    ("name", "place", "signature"),
    [
        ("Sara", "Bogotá", "Sara, Bogotá"),
        ("سیما", "تهران", "سیما، تهران"),
        ("", "Cali", "Cali"),
        ("Sara", "", "Sara"),
        ("", "", ""),
    ],
)
def test_signatures(name: str, place: str, signature: str) -> None:
    assert actions.signed(name, place) == signature
