"""The whole database into one file and back, the same for SQLite and PostgreSQL; so one can be moved to the other.

What the file looks like, `archive_format` says. Rows lie in it as they lie in the database; tables marked
`never_archived` have none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from .archive_format import AT_ONCE, ArchiveRefused, Contents, batches, check_archive, new_file, write_lines
from .db import SiteState, db, overhaul, snapshot
from .revisions import bring_to, known_revisions, revision_of, tables_at

LOCK_WAIT_S = 10


def make_archive(file: Path, *, now: dt.datetime) -> Contents:
    """Write the database as it is at this moment, while others go on writing; ArchiveRefused if the file exists."""
    try:
        with snapshot() as connection:
            revision = revision_of(connection)
            if revision is None:
                raise ArchiveRefused("The database has no tables yet: run `iec-events init` first.")
            _check_known(revision)
            contents = {"revision": revision, "made_at": f"{now.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"}
            tables = _tables(connection, revision).values()
            found = ((table.name, table.columns.keys(), _rows(connection, table)) for table in tables)
            with new_file(file) as raw:
                rows = write_lines(raw, contents, found)
    except sa.exc.OperationalError as error:
        raise ArchiveRefused(f"The database cannot be read ({_reason(error)}).") from None
    return Contents(rows=rows, **contents)


def restore_archive(file: Path, *, replace: bool = False) -> Contents:
    """Put an archive's rows in place of all rows here, in one transaction.

    ArchiveRefused, with nothing changed: what `check_archive` refuses; a database with rows in it, unless `replace`; a
    database that is newer than this installation, or whose tables somebody holds.
    """
    contents = check_archive(file)
    try:
        with overhaul(LOCK_WAIT_S) as connection:
            before = _clear(connection, replace=replace)
            bring_to(connection, contents.revision)
            _fill(connection, file, _tables(connection, contents.revision))
            bring_to(connection, "head")
            # Pages kept under the number of an older generation must not come back.
            generation = max(before, connection.scalar(sa.select(SiteState.generation)) or 0) + 1
            connection.execute(sa.update(SiteState).values(generation=generation))
    except sa.exc.OperationalError as error:
        then = ": stop the service first." if "lock" in _reason(error) else "."
        raise ArchiveRefused(f"The database cannot be changed now ({_reason(error)}){then}") from None
    return contents


def _tables(connection: sa.Connection, revision: str) -> dict[str, sa.Table]:
    """Our tables (others may use the same database) as they are there, by name; those pointed at come first."""
    there = sa.MetaData()
    there.reflect(connection, only=sorted(tables_at(revision)))
    for column in (column for table in there.tables.values() for column in table.columns):
        if isinstance(column.type, sa.JSON):
            column.type.none_as_null = True
    return {table.name: table for table in there.sorted_tables}


def _rows(connection: sa.Connection, table: sa.Table) -> Iterator[sa.Row[Any]]:
    if _marked(table, "never_archived"):
        return
    query = sa.select(table).order_by(*table.primary_key.columns)
    with closing(connection.execution_options(yield_per=AT_ONCE).execute(query)) as found:
        yield from found


def _marked(table: sa.Table, mark: str) -> bool:
    known = db.metadata.tables.get(table.name)
    return known is not None and bool(known.info.get(mark))


def _clear(connection: sa.Connection, *, replace: bool) -> int:
    """Take our tables away; the generation of strangers' pages until then."""
    revision = revision_of(connection)
    if revision is None:
        return 0
    _check_known(revision)
    tables = _tables(connection, revision)
    if not replace and any(_is_used(connection, table) for table in tables.values()):
        raise ArchiveRefused("The database is not empty: to lose all that is in it, say `--replace`.")
    before = connection.scalar(sa.select(SiteState.generation)) or 0
    for table in reversed(tables.values()):
        table.drop(connection)
    connection.exec_driver_sql("DROP TABLE alembic_version")
    return before


def _check_known(revision: str) -> None:
    if revision not in known_revisions():
        raise ArchiveRefused("The database here is newer than this version of IEC Events: install the newer one first.")


def _is_used(connection: sa.Connection, table: sa.Table) -> bool:
    count = connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
    return count > int(_marked(table, "born_with_a_row"))


def _fill(connection: sa.Connection, file: Path, tables: dict[str, sa.Table]) -> None:
    aware = connection.dialect.name != "sqlite"
    for table in reversed(tables.values()):
        connection.execute(sa.delete(table))  # what the migrations put there
    for name, rows in batches(file, aware=aware):
        connection.execute(sa.insert(tables[name]), rows)
    if connection.dialect.name == "postgresql":
        for table in tables.values():
            _set_counter(connection, table)


def _set_counter(connection: sa.Connection, table: sa.Table) -> None:
    """PostgreSQL counts ids beside the table: the next one must be new."""
    for column in table.primary_key.columns:
        named = sa.func.pg_get_serial_sequence(sa.func.quote_ident(table.name), column.name)
        counter = connection.scalar(sa.select(named)) if isinstance(column.type, sa.Integer) else None
        if counter:
            last = sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1).scalar_subquery()
            connection.execute(sa.select(sa.func.setval(counter, last, False)))


def _reason(error: sa.exc.DBAPIError) -> str:
    """What the database says, in one line, without the statement."""
    return str(error.orig).strip().partition("\n")[0]
