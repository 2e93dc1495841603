"""`iec-events backup` and `restore`, as the operator runs them."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from iec_events.broadcasts.actions import post_letters
from iec_events.core import clock
from iec_events.core.db import db
from iec_events.events.loader import SAMPLE
from iec_events.events.models import Event
from iec_events.mail.actions import post, send_again
from iec_events.organizers.audit import acting
from iec_events.organizers.audit_check import verify
from iec_events.organizers.models import AuditEntry
from iec_events.reports.commands import backup, restore
from tests.broadcasts.people import a_letter, letter, mails, sends, signs_up, to_whom
from tests.factories import an_event
from tests.test_cli import run


def test_a_backup_and_its_return_are_noted(app: Flask, tmp_path: Path) -> None:
    acting("operator")
    an_event(slug="berkeley")
    runner, file = app.test_cli_runner(), str(tmp_path / "night")
    made = runner.invoke(backup, [file])
    assert (made.exit_code, made.output.startswith(f"{file} holds ")) == (0, True)
    refused = runner.invoke(backup, [file])
    assert (refused.exit_code, refused.output) == (1, f"Error: {file} exists already: choose another name.\n")
    refused = runner.invoke(restore, [file])
    assert (refused.exit_code, "not empty" in refused.output) == (1, True)
    an_event(slug="later")
    back = runner.invoke(restore, [file, "--replace"])
    assert (back.exit_code, "are back" in back.output) == (0, True)
    assert "who was removed since has password, roles and keys again, and who rests since is awake" in back.output
    assert db.session.scalars(sa.select(Event.slug)).all() == ["berkeley"]
    query = sa.select(AuditEntry.who, AuditEntry.what, AuditEntry.about)
    assert [tuple(row) for row in db.session.execute(query)] == [
        ("operator", "backup.restored", "backup:2027-01-15T12:00:00Z")
    ]
    assert verify().broken is None


def test_after_a_restore_nothing_goes_out_twice(app: Flask, tmp_path: Path) -> None:
    event = an_event(slug="berkeley")
    signs_up(event)
    now, later = a_letter(event), a_letter(event)
    sends(event, now)
    sends(event, later, clock.now() + dt.timedelta(days=1))
    post_letters(clock.now())
    post(kind="rsvps.link", about="rsvp:1", to="sara@example.org", locale="en", facts={}, now=clock.now())
    runner, file = app.test_cli_runner(), str(tmp_path / "night")
    assert runner.invoke(backup, [file]).exit_code == 0
    back = runner.invoke(restore, [file, "--replace"])
    assert "are stopped now: 1." in back.output
    assert "send them again: 1." in back.output
    assert [letter(one).state for one in (now, later)] == ["stopped", "scheduled"]
    assert mails() == []
    assert send_again(now=clock.now()) == 1
    assert to_whom() == ["sara@example.org"]


@pytest.mark.real_time
@pytest.mark.slow
def test_a_real_installation_moves_to_another_folder(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    assert run(old, "init").returncode == 0
    assert run(old, "load", str(SAMPLE)).returncode == 0
    made = run(old, "backup", "../night")
    assert made.returncode == 0, made.stderr
    assert run(new, "init").returncode == 0
    refused = run(new, "restore", "../night")
    assert (refused.returncode, "other vault keys" in refused.stderr) == (1, True)
    assert refused.stderr.count("\n") == 1
    for key in (old / "var" / "keys").glob("*.key*"):
        (new / "var" / "keys" / key.name).write_bytes(key.read_bytes())
    (new / "var" / "iec_events.db").unlink()
    restored = run(new, "restore", "../night")
    assert restored.returncode == 0, restored.stderr
    with sqlite3.connect(new / "var" / "iec_events.db") as database:
        slugs = [slug for (slug,) in database.execute("SELECT slug FROM campaigns")]
        assert slugs == ["night-of-cultural-revolt"]
    database.close()
    told = run(new, "audit", "verify")
    assert (told.returncode, told.stdout[:3]) == (0, "OK:")
