"""Each term of retention, travelled past; and that every one of them is run and written down."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from time_machine import Traveller

from iec_events.core import clock as our_clock
from iec_events.core.db import atomic, db
from iec_events.events.actions import cancel_event, keep_image
from iec_events.events.models import Image
from iec_events.mail.actions import claim, note_delivered, note_failed
from iec_events.mail.models import OutboxMail
from iec_events.organizers.models import AuditEntry, OrganizerSession
from iec_events.privacy.actions import destroy_due
from iec_events.privacy.leftovers import TABLES
from iec_events.privacy.retention import RULES
from iec_events.rsvps.actions import erase_unconfirmed, say_not_coming, withdraw_rsvp
from iec_events.rsvps.models import Receipt, Rsvp
from iec_events.solidarity.actions import decide, erase_rejected, leave_message
from iec_events.solidarity.models import APPROVED, PENDING, REJECTED, Message
from iec_events.worker import jobs, run_all_once
from tests.conftest import Installation
from tests.factories import an_event, an_organizer_session
from tests.privacy.people import an_account, comes

pytestmark = pytest.mark.usefixtures("app")
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


def later(app: Flask, clock: Traveller, by: dt.timedelta) -> None:
    db.session.rollback()
    clock.shift(by)
    run_all_once(app)
    db.session.rollback()


def count(model: type) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def addresses() -> list[bool]:
    db.session.rollback()
    rows = db.session.execute(sa.select(Rsvp.mailable, Rsvp.address_index).order_by(Rsvp.line)).all()
    assert all((box is None) == (index is None) for box, index in rows), "what finds an address goes with it"
    return [box is not None for box, _index in rows]


def test_the_worker_runs_every_rule() -> None:
    names = {job.name for job in jobs()}
    assert {rule.job for rule in RULES} <= names
    assert all(rule.every <= DAY for rule in RULES)


def test_every_table_with_something_sealed_is_written_anew_where_erased_rows_stay_in_files() -> None:
    in_the_open = {"event_keys", "recovery_key", "images", "image_renditions", "stored_vevents"}
    overwritten = {"site_state"}  # one row, four times a minute
    tables = db.metadata.sorted_tables
    boxes = {table.name for table in tables if any(isinstance(one.type, sa.LargeBinary) for one in table.columns)}
    assert boxes - in_the_open - overwritten <= set(TABLES)
    assert set(TABLES) <= {table.name for table in tables}


def test_organizers_can_read_every_term() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "organizers.md").read_text()
    section = guide.split("## What is erased when", 1)[1].split("\n## ", 1)[0]
    for words in ("14 days", "3 days", "7 days", "12 hours", "a day", "a year"):
        assert words in section, words


def test_an_address_goes_when_no_letter_is_owed(app: Flask, clock: Traveller) -> None:
    event = an_event()
    comes(event)
    gone = comes(event)
    run_all_once(app)
    assert addresses() == [True, True]
    withdraw_rsvp(token=gone, now=our_clock.now())
    run_all_once(app)
    assert addresses() == [True, False]
    db.session.refresh(event)
    clock.move_to(event.ends_at + HOUR)
    run_all_once(app)
    assert addresses() == [False, False]


def test_an_address_that_nobody_confirmed_is_kept_no_longer_by_a_no(clock: Traveller) -> None:
    """Otherwise somebody else's, typed in by a stranger, would stay until the event is over."""
    token = comes(an_event(confirms_address=True, hold_hours=24))
    say_not_coming(token=token, now=our_clock.now())
    for after, kept in ((3 * DAY - HOUR, 1), (HOUR, 0)):
        clock.shift(after)
        erase_unconfirmed(our_clock.now())
        assert count(Rsvp) == kept


def test_an_address_goes_a_week_after_a_no(app: Flask, clock: Traveller) -> None:
    from iec_events.rsvps.actions import decline_rsvp, erase_addresses  # noqa: PLC0415

    event = an_event(needs_approval=True)
    comes(event)
    slug, rsvp_id = event.slug, db.session.scalars(sa.select(Rsvp.id)).one()
    decline_rsvp(slug=slug, rsvp_id=rsvp_id, words="", now=our_clock.now())
    run_all_once(app)
    for after, kept in ((6 * DAY, True), (2 * DAY, False)):
        clock.shift(after)
        erase_addresses(our_clock.now())
        assert addresses() == [kept]


def test_a_letter_that_cannot_go_out_keeps_the_address_three_days_at_most(clock: Traveller) -> None:
    from iec_events.rsvps.actions import erase_addresses  # noqa: PLC0415

    event = an_event()
    comes(event)
    end = event.ends_at
    for after, kept in ((DAY, True), (2.9 * DAY, True), (3 * DAY, False)):
        clock.move_to(end + after)
        erase_addresses(our_clock.now())
        assert addresses() == [kept]
        assert count(OutboxMail) == kept


def test_a_called_off_event_still_writes_before_addresses_go(app: Flask, clock: Traveller) -> None:
    event = an_event()
    comes(event)
    run_all_once(app)
    cancel_event(slug=event.slug, now=our_clock.now())
    later(app, clock, dt.timedelta(minutes=1))
    assert addresses() == [True]  # it may take place after all
    assert count(OutboxMail) == 2


def test_letters_leave_no_body_and_no_row(clock: Traveller, app: Flask) -> None:
    event = an_event()
    for _ in range(2):
        comes(event)
    sent, refused = claim(now=our_clock.now(), how_many=2)
    note_delivered(mail_id=sent.id, now=our_clock.now())
    note_failed(letter=refused, error="refused 550", for_ever=True, now=our_clock.now())
    assert set(db.session.scalars(sa.select(OutboxMail.sealed))) == {None}
    later(app, clock, 6.9 * DAY)
    assert count(OutboxMail) == 2
    later(app, clock, 0.2 * DAY)
    assert count(OutboxMail) == 0


def test_a_rejected_message_goes_after_seven_days(clock: Traveller, app: Flask) -> None:
    event = an_event()
    leave_message(
        event_slug=event.slug, text="Free", signature="", language="en", read_aloud=True, seed="s", now=our_clock.now()
    )
    ids = db.session.scalars(sa.select(Message.id)).all()
    decide(ids, seen=PENDING, to=REJECTED, now=our_clock.now())
    later(app, clock, 6.9 * DAY)
    assert count(Message) == 1
    later(app, clock, 0.2 * DAY)
    assert count(Message) == 0


def test_a_message_on_which_nobody_decided_goes_seven_days_after_its_wall_closed(clock: Traveller) -> None:
    event = an_event()
    words: dict[str, Any] = {"signature": "", "language": "en", "read_aloud": True}
    end = event.ends_at
    leave_message(event_slug=event.slug, text="Free", seed="1", now=end, **words)
    decide(db.session.scalars(sa.select(Message.id)).all(), seen=PENDING, to=APPROVED, now=end)
    leave_message(event_slug=event.slug, text="Free too", seed="2", now=end, **words)
    for after, kept in ((36.9 * DAY, 2), (37 * DAY, 1)):
        clock.move_to(end + after)
        erase_rejected(our_clock.now())
        assert count(Message) == kept


def test_what_was_put_back_to_wait_long_after_the_night_is_there_for_another_seven_days(clock: Traveller) -> None:
    event = an_event()
    leave_message(
        event_slug=event.slug, text="Free", signature="", language="en", read_aloud=True, seed="1", now=event.ends_at
    )
    ids = db.session.scalars(sa.select(Message.id)).all()
    decide(ids, seen=PENDING, to=APPROVED, now=event.ends_at)
    late = event.ends_at + 90 * DAY
    clock.move_to(late)
    decide(ids, seen=APPROVED, to=PENDING, now=late)
    for after, kept in ((6.9 * DAY, 1), (7 * DAY, 0)):
        erase_rejected(late + after)
        assert count(Message) == kept


def test_sessions_and_the_trail(clock: Traveller, app: Flask) -> None:
    an_account()
    an_organizer_session()
    entries = count(AuditEntry)
    assert entries
    later(app, clock, 0.6 * HOUR)
    assert count(OrganizerSession) == 0
    later(app, clock, 366 * DAY)
    assert count(AuditEntry) == 0


def test_pictures_that_no_event_shows(clock: Traveller, app: Flask) -> None:
    for name in ("shown", "forgotten"):
        keep_image(name=name, content=b"RIFF", width=1, height=1, now=our_clock.now())
    an_event(image_name="shown")
    later(app, clock, DAY)
    assert count(Image) == 2
    later(app, clock, DAY)
    assert db.session.scalars(sa.select(Image.name)).all() == ["shown"]


def test_several_copies_of_the_worker_write_one_receipt(installation: Installation, clock: Traveller) -> None:
    an_account()
    event = an_event()
    comes(event)
    moment = event.ends_at + 15 * DAY
    db.session.rollback()
    clock.move_to(moment)

    def one(_number: int) -> None:
        with installation.app.app_context():
            destroy_due(moment)
            db.session.remove()

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(one, range(4)))
    assert (count(Receipt), count(Rsvp)) == (1, 0)


def test_sqlite_gives_pages_back(installation: Installation) -> None:
    if installation.engine.dialect.name != "sqlite":
        return
    with atomic():
        assert db.session.scalar(sa.text("PRAGMA auto_vacuum")) == 1
