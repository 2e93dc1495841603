"""Erased rows in PostgreSQL's files: a rewritten table has none.

A deleted or changed row stays in the table's file, as it was, until its place is used again. `VACUUM` alone gives the
place free and leaves the octets; `VACUUM FULL` writes the table anew and removes the old file. It needs the table for
itself for that moment, so it gives way at once to whoever uses it, and the worker comes again. The write-ahead log
keeps what was written until PostgreSQL recycles it. (SQLite: see `db.leave_no_trace`.)
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import sqlalchemy as sa
from flask import current_app

from .db import db

LOCK_WAIT_MS = 50
SEEN = "rewritten_tables"
CHANGES = sa.text(
    "SELECT relname, n_tup_upd + n_tup_del, n_dead_tup FROM pg_stat_user_tables "
    "WHERE schemaname = current_schema() AND relname IN :names"
).bindparams(sa.bindparam("names", expanding=True))


def rewrite_tables(names: Iterable[str]) -> None:
    """Write these tables anew, as far as rows of theirs were changed or erased since this process did it last."""
    if db.engine.dialect.name != "postgresql":
        return
    db.session.rollback()
    seen: dict[str, int] = current_app.extensions.setdefault(SEEN, {})
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()  # what is set on it goes with it
        connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_WAIT_MS:d}ms'")
        for name, changes, dead in connection.execute(CHANGES, {"names": list(names)}).all():
            if dead or seen.get(name) != changes:
                with suppress(sa.exc.OperationalError):  # in use, or no longer there
                    connection.exec_driver_sql(f'VACUUM (FULL) "{name}"')
                    seen[name] = changes
