"""The migrations make what the models say, and can be undone, with rows in the tables, on both databases."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade

from iec_events.app import create_app
from iec_events.core import clock
from iec_events.core.db import SiteState, db
from iec_events.core.paths import bundled
from iec_events.events.actions import revise_event
from iec_events.events.drafts import draft_of
from iec_events.events.models import Event, EventSeries, EventVersion
from iec_events.events.queries import any_event
from tests.conftest import settings_for
from tests.events.serial import a_vigil
from tests.factories import a_campaign, an_event


@pytest.fixture(params=["sqlite", "postgresql"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An application whose database has no tables."""
    if request.param == "sqlite":
        yield create_app(settings_for(tmp_path, f"sqlite:///{tmp_path / 'empty.db'}"))
        return
    server = sa.create_engine(request.getfixturevalue("postgres_url"), isolation_level="AUTOCOMMIT")
    name = f"empty_{secrets.token_hex(4)}"
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    app = create_app(settings_for(tmp_path, server.url.set(database=name).render_as_string(hide_password=False)))
    yield app
    with app.app_context():
        db.engine.dispose()
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    server.dispose()


def test_approval_hides_the_place_of_what_is_there_already(bare: Flask) -> None:
    with bare.app_context():
        upgrade()
        an_event(slug="asked", needs_approval=True)
        an_event(slug="open")
        db.session.remove()
        downgrade(revision="0005")
        upgrade()
        found = sa.select(Event.slug, Event.address_hidden, Event.sequence).order_by(Event.slug)
        assert [tuple(row) for row in db.session.execute(found)] == [("asked", True, 1), ("open", False, 0)]
        db.session.remove()


def differences() -> list[object]:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": None})
        return list(compare_metadata(context, db.metadata))


def test_models_equal_migrations(bare: Flask) -> None:
    with bare.app_context():
        upgrade()
        assert differences() == []


def test_every_migration_can_be_undone_and_done_again_with_rows_in_the_tables(bare: Flask) -> None:
    revisions = [script.revision for script in ScriptDirectory(str(bundled("migrations"))).walk_revisions()]
    with bare.app_context():
        upgrade()
        campaign = a_campaign()
        an_event(campaign_id=campaign.id)
        db.session.remove()
        for _ in revisions:
            downgrade()
        assert set(sa.inspect(db.engine).get_table_names()) <= {"alembic_version"}
        upgrade()
        assert differences() == []
        an_event()
        db.session.remove()


def test_what_was_announced_is_noted_for_what_is_there_already(bare: Flask) -> None:
    second = dt.datetime(2027, 11, 7, 9, 30, tzinfo=dt.UTC)  # half past one, for the second time
    with bare.app_context():
        upgrade()
        an_event(slug="night", starts_at=second, rsvp_closes_at=second - dt.timedelta(hours=1))
        revise_event(
            slug="night",
            draft=replace(draft_of(any_event("night")), venue="La Peña"),
            campaign_slug=None,
            now=clock.now(),
        )
        a_vigil()
        noted = _noted()
        assert noted["night"]["starts_at"] == ["2027-11-07T01:30:00", 1]
        assert noted["vigil"] == {"starts_at": ["2027-02-02T18:00:00", 0]}
        downgrade(revision="0007")
        said = sa.text("SELECT said FROM event_versions")
        with db.engine.connect() as connection:
            assert "walls" not in connection.scalar(said.columns(said=sa.JSON))
        upgrade()
        assert _noted() == noted
        db.session.remove()


def _noted() -> dict[str, Any]:
    """What the clocks showed: by event, by series, and as the first version of each told it."""
    db.session.remove()
    events = {one.slug: one.walls for one in db.session.scalars(sa.select(Event))}
    series = {str(one.slug): one.walls for one in db.session.scalars(sa.select(EventSeries))}
    versions = db.session.scalars(sa.select(EventVersion)).all()
    said = {f"version {one.event_id}.{one.sequence}": one.said["walls"] for one in versions}
    rules = {"tzdata": db.session.scalar(sa.select(SiteState.tzdata))}
    db.session.remove()
    return {**events, **series, **said, **rules}
