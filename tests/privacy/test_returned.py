"""Who deleted themselves is in no list again, whichever way an older database comes back."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from iec_events import worker
from iec_events.core import clock as our_clock
from iec_events.core.archive import make_archive, restore_archive
from iec_events.core.db import db
from iec_events.core.tombstones import bury, tombstones
from iec_events.events.models import Event
from iec_events.privacy.returned import erase_again, take_back_again
from iec_events.reports.commands import restore
from iec_events.rsvps.actions import erase_own_rsvp
from iec_events.rsvps.models import Rsvp, RsvpLink
from iec_events.solidarity.actions import leave_message, take_back
from iec_events.solidarity.models import Message
from tests.factories import an_event
from tests.privacy.people import an_account, comes, names

DAY = dt.timedelta(days=1)


def files(app: Flask) -> list[Path]:
    return sorted((app.extensions["settings"].key_dir / "deleted").iterdir())


def count(model: type) -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


@pytest.fixture
def night(app: Flask, tmp_path: Path) -> Path:
    """An archive with Sara and Ali on the list, made before Sara deleted herself."""
    for file in (app.extensions["settings"].key_dir / "deleted").glob("*"):
        file.unlink()
    an_account()
    event = an_event(slug="berkeley", capacity=2)
    sara = comes(event, "Sara")
    comes(event, "Ali", None)
    made = tmp_path / "night"
    make_archive(made, now=our_clock.now())
    erase_own_rsvp(token=sara, now=our_clock.now())
    return made


def test_a_restore_deletes_them_again(app: Flask, night: Path) -> None:
    answer = app.test_cli_runner().invoke(restore, [str(night), "--replace"])
    assert answer.output.endswith("1 people had deleted themselves since then, and are deleted again.\n")
    assert count(Rsvp) == 1
    assert set(db.session.scalars(sa.select(RsvpLink.rsvp_id))) == {db.session.scalars(sa.select(Rsvp.id)).one()}
    assert db.session.scalars(sa.select(Event.seats_taken)).one() == 1


def test_the_workers_first_run_deletes_them_again_too(app: Flask, night: Path) -> None:
    restore_archive(night, replace=True)
    assert count(Rsvp) == 2
    worker.run_all_once(app)
    assert count(Rsvp) == 1
    event = db.session.scalars(sa.select(Event)).one()
    assert names(an_account("omid@example.org"), event) in ([None], ["Ali"])
    assert erase_again(our_clock.now()) == 0


def test_messages_that_were_taken_back_are_erased_again(app: Flask, night: Path, clock: time_machine.Traveller) -> None:
    words = {"signature": "", "language": "en", "read_aloud": False, "event_slug": "berkeley"}
    token = leave_message(text="Free", seed="1", now=our_clock.now(), **words)  # type: ignore[arg-type]
    leave_message(text="Free too", seed="2", now=our_clock.now(), **words)  # type: ignore[arg-type]
    make_archive(night.with_name("later"), now=our_clock.now())
    take_back(token=token, now=our_clock.now())
    answer = app.test_cli_runner().invoke(restore, [str(night.with_name("later")), "--replace"])
    assert answer.output.endswith("1 messages had been taken back since then, and are erased again.\n")
    assert count(Message) == 1
    clock.shift(364 * DAY)
    restore_archive(night.with_name("later"), replace=True)
    assert take_back_again(our_clock.now()) == 1
    assert take_back_again(our_clock.now()) == 0


def test_a_tombstone_tells_nothing_and_goes_after_the_term(
    app: Flask, night: Path, clock: time_machine.Traveller
) -> None:
    (file,) = files(app)
    event = db.session.scalars(sa.select(Event)).one()
    assert file.name == str((event.list_ends_at + 14 * DAY).date())
    assert (file.stat().st_mode & 0o777, len(file.read_text())) == (0o600, 65)
    ids = db.session.scalars(sa.select(Rsvp.id)).all()
    assert not any(one in file.read_text() for one in ids)
    clock.move_to(event.list_ends_at + 14 * DAY)
    assert len(tombstones(our_clock.now())) == 1
    clock.shift(DAY)
    assert tombstones(our_clock.now()) == set()
    assert files(app) == []
    del night


def test_a_folder_that_cannot_be_written_keeps_nobody(
    app: Flask, night: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (file,) = files(app)
    until = dt.datetime.fromisoformat(f"{file.name}T12:00:00+00:00")
    file.unlink()
    file.mkdir()
    caplog.set_level(logging.ERROR)
    bury("somebody", until=until)
    assert "A tombstone was not written: IsADirectoryError" in caplog.text
    assert tombstones(our_clock.now()) == set()
    file.rmdir()
    del night
