"""The migrations make what the models say, and can be undone, with rows in the tables, on both databases."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade

from iec_events.app import create_app
from iec_events.core.db import db
from iec_events.core.paths import bundled
from iec_events.events.models import Event
from tests.conftest import settings_for
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
