"""A next revision of the tables: databases are brought to it with all their rows, and so are older archives."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade

from iec_events.app import create_app
from iec_events.core import clock, revisions
from iec_events.core.archive import make_archive, restore_archive
from iec_events.core.archive_format import ArchiveRefused
from iec_events.core.db import db, migrate
from iec_events.core.paths import bundled
from iec_events.events.models import Event
from iec_events.rsvps.actions import Party, place_rsvp
from iec_events.rsvps.models import Rsvp
from tests.conftest import settings_for
from tests.core.test_archive import elsewhere
from tests.events.serial import a_vigil, dates, series
from tests.factories import an_event

__all__ = ["elsewhere"]  # a fixture

# Makes the table of events anew (on SQLite), at which RSVPs point.
NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{before}"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":  # whoever waits for a table has all pages wait behind
        assert op.get_bind().exec_driver_sql("SHOW lock_timeout").scalar() == "10s"
    with op.batch_alter_table("events", recreate="auto") as table:
        table.add_column(sa.Column("mood", sa.String(20), nullable=False, server_default="defiant"))
        table.alter_column("city", type_=sa.String(150), existing_type=sa.String(100), existing_nullable=False)
    op.create_table("songs", sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    pass
"""


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Flask], Flask]]:
    """Gives the application of a next version, on the data of another one."""
    folder = tmp_path / "next" / "migrations"
    shutil.copytree(bundled("migrations"), folder)
    before = revisions.newest_revision()
    (folder / "versions" / "9999_next.py").write_text(NEXT.format(before=before))

    def forget() -> None:
        revisions.known_revisions.cache_clear()
        revisions.tables_at.cache_clear()

    made: list[Flask] = []
    monkeypatch.setattr(migrate, "directory", migrate.directory)  # which each new application sets for all

    def make(old: Flask) -> Flask:
        chosen = old.extensions["settings"]
        for module in ("db", "revisions"):
            monkeypatch.setattr(f"iec_events.core.{module}.bundled", lambda _name: folder)
        forget()
        made.append(create_app(settings_for(chosen.data_dir, chosen.database_url)))
        return made[-1]

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()
    monkeypatch.undo()
    forget()


def a_night() -> None:
    event = an_event(slug="berkeley")
    for number in range(3):
        party = Party(name=f"Sara {number}", email=None, party_size=1, note="", locale="fa")
        place_rsvp(slug=event.slug, party=party, token=f"token {number}", now=clock.now())
    db.session.remove()


def everything() -> tuple[int | None, object]:
    parties = db.session.scalar(sa.select(sa.func.count()).select_from(Rsvp))
    mood = db.session.execute(sa.text("SELECT mood, slug FROM events")).one()
    db.session.remove()
    return parties, tuple(mood)


def test_a_migration_that_makes_a_table_anew_keeps_what_points_at_it(
    elsewhere: Flask, newer: Callable[[Flask], Flask]
) -> None:
    with elsewhere.app_context():
        upgrade()
        a_night()
        db.engine.dispose()
    with newer(elsewhere).app_context():
        upgrade()
        assert everything() == (3, ("defiant", "berkeley"))


def test_an_older_archive_is_brought_up_to_date(
    app: Flask, elsewhere: Flask, newer: Callable[[Flask], Flask], tmp_path: Path
) -> None:
    file = tmp_path / "night"
    with app.app_context():
        a_night()
        old = make_archive(file, now=clock.now()).revision
    with newer(elsewhere).app_context():
        assert restore_archive(file).revision == old
        assert everything() == (3, ("defiant", "berkeley"))
        with db.engine.connect() as connection:
            assert revisions.revision_of(connection) == revisions.newest_revision() == "9999"
        restore_archive(file, replace=True)
        assert everything() == (3, ("defiant", "berkeley"))


def test_an_archive_from_before_walls_were_kept_gets_them(elsewhere: Flask, tmp_path: Path) -> None:
    file = tmp_path / "night"
    with elsewhere.app_context():
        upgrade()
        a_vigil()
        db.session.remove()
        downgrade(revision="0007")
        assert make_archive(file, now=clock.now()).revision == "0007"
        restore_archive(file, replace=True)
        walls = [series().walls, *(one.walls for one in dates())]
        assert {wall["starts_at"][0][11:] for wall in walls} == {"18:00:00"}
        db.session.remove()


def test_a_database_that_is_behind_can_still_be_backed_up_and_replaced(
    elsewhere: Flask, newer: Callable[[Flask], Flask], tmp_path: Path
) -> None:
    file = tmp_path / "night"
    with elsewhere.app_context():
        upgrade()
        a_night()
        db.engine.dispose()
    with newer(elsewhere).app_context():
        assert make_archive(file, now=clock.now()).revision != "9999"
        with pytest.raises(ArchiveRefused, match="not empty"):
            restore_archive(file)
        restore_archive(file, replace=True)
        assert everything() == (3, ("defiant", "berkeley"))


def test_an_archive_of_a_next_version_is_refused(
    elsewhere: Flask, newer: Callable[[Flask], Flask], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "night"
    with newer(elsewhere).app_context():
        upgrade()
        an_event_there = sa.select(sa.func.count()).select_from(Event)
        assert db.session.scalar(an_event_there) == 0
        db.session.remove()
        make_archive(file, now=clock.now())
    monkeypatch.undo()
    revisions.known_revisions.cache_clear()
    revisions.tables_at.cache_clear()
    with elsewhere.app_context():
        with pytest.raises(ArchiveRefused, match="newer version of IEC Events"):
            restore_archive(file, replace=True)
        with pytest.raises(ArchiveRefused, match="database here is newer"):
            make_archive(tmp_path / "second", now=clock.now())
