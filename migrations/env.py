"""Alembic environment for Flask-Migrate: engine and tables come from the application."""

from typing import Any

from alembic import context
from flask import current_app

extension = current_app.extensions["migrate"]
metadata = extension.db.metadata
options = {"target_metadata": metadata, "compare_type": True, **extension.configure_args}


def say_nothing_when_nothing_changed(_context: object, _revision: object, directives: list[Any]) -> None:
    """Write no empty migration."""
    if getattr(context.config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


options.setdefault("process_revision_directives", say_nothing_when_nothing_changed)

if context.is_offline_mode():
    context.configure(url=str(extension.db.engine.url), literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()
elif given := context.config.attributes.get("connection"):  # a transaction that somebody else began, and will end
    context.configure(connection=given, **options)
    with context.begin_transaction():
        context.run_migrations()
else:
    with extension.db.engine.connect() as connection:
        connection.detach()  # what is set on it goes with it
        raw: Any = connection.connection.dbapi_connection
        if connection.dialect.name == "sqlite":  # which takes the removal of a table for a removal of its rows
            raw.execute("PRAGMA foreign_keys=OFF")
        else:  # who waits for a table that is in use has all others wait behind
            raw.execute("SET lock_timeout = '10s'")
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()
