"""Which revision of the tables a database has, which one this installation works with, and the way between them."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa
from alembic import command
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app

from .db import db
from .paths import bundled

BEHIND = "The database is behind this version of IEC Events: run `iec-events init` first."
AHEAD = "The database is newer than this version of IEC Events: install the newer one, or restore a backup of this one."


@cache
def known_revisions() -> tuple[str, ...]:
    """Every revision that this installation knows, newest first."""
    return tuple(script.revision for script in ScriptDirectory(str(bundled("migrations"))).walk_revisions())


def newest_revision() -> str:
    """The revision that this installation works with."""
    return known_revisions()[0]


def revision_of(connection: sa.Connection) -> str | None:
    """The revision of a database's tables; None when it has none of ours."""
    return MigrationContext.configure(connection).get_current_revision()


def misfit() -> str:
    """What is to be done when the tables are not of the revision that this installation works with; none at all fit.

    An older version would write what the newer one goes wrong by, such as a time without its clocks.
    """
    with db.engine.connect() as connection:
        revision = revision_of(connection)
    if revision in {None, newest_revision()}:
        return ""
    return BEHIND if revision in known_revisions() else AHEAD


def bring_to(connection: sa.Connection, revision: str) -> None:
    """Migrate upwards inside the transaction of `connection`, which its owner keeps or drops."""
    config = current_app.extensions["migrate"].migrate.get_config(str(bundled("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@cache
def tables_at(revision: str) -> frozenset[str]:
    """The names of the tables that the migrations make up to this revision, found by making them."""
    engine = sa.create_engine("sqlite://")
    try:
        with engine.begin() as scratch:
            bring_to(scratch, revision)
            return frozenset(sa.inspect(scratch).get_table_names()) - {"alembic_version"}
    finally:
        engine.dispose()
