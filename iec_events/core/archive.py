"""The whole database in one file, the same for SQLite and PostgreSQL, so that one can be moved to the other.

Version 1 is gzip over lines of JSON in UTF-8:

1. `{"format": "iec-events archive", "version": 1, "revision": of the tables, "made_at": UTC, "key_check": box}`
2. for each table `{"table": name, "columns": [names]}`, then each row as a list of values in that order. What JSON
   lacks is an object with one member: `b` (octets, base64), `t` (a moment, ISO 8601 in UTC), `d` (a day), `j` (JSON).
3. `{"end": {"rows": how many in all, "sha256": of all lines before, "seal": box}}`

The boxes are of the server's vault (base64): the first opens for whoever has the right keys, the second is bound to the
checksum, so that nobody without the keys can make or change an archive. Rows lie in it as they lie in the database:
what is sealed stays sealed, and no key of the server's is ever in it. Tables marked `never_archived` have no rows.
"""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from .crypto import BoxRefused, vault
from .db import SiteState, db, overhaul, snapshot
from .revisions import bring_to, known_revisions, revision_of, tables_at

FORMAT = "iec-events archive"
VERSION = 1
PURPOSE = "archive"
AT_ONCE = 200
LOCK_WAIT_S = 10
BROKEN = (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError, AttributeError)


class ArchiveRefused(Exception):
    """An archive that cannot be made or used; the message is one sentence for the operator, and nothing was changed."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What an archive says of itself."""

    revision: str
    made_at: str
    rows: int


def make_archive(file: Path, *, now: dt.datetime) -> Contents:
    """Write the database as it is at this moment, while others go on writing; ArchiveRefused if the file exists."""
    try:
        with snapshot() as connection:
            revision = revision_of(connection)
            if revision is None:
                raise ArchiveRefused("The database has no tables yet: run `iec-events init` first.")
            _check_known(revision)
            contents = {"revision": revision, "made_at": f"{now.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"}
            with _new_file(file) as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as out:
                rows = _write(out, contents, connection, _tables(connection, revision).values())
    except sa.exc.OperationalError as error:
        raise ArchiveRefused(f"The database cannot be read ({_reason(error)}).") from None
    return Contents(rows=rows, **contents)


def check_archive(file: Path) -> Contents:
    """Read a whole archive and say what it is; ArchiveRefused if it is damaged, foreign, altered or too new."""
    try:
        header, end, digest = _read_through(file)
        contents = Contents(revision=header["revision"], made_at=header["made_at"], rows=end["rows"])
        whole = end["sha256"] == digest
        key_check, seal = base64.b64decode(header["key_check"]), base64.b64decode(end["seal"])
    except FileNotFoundError:
        raise ArchiveRefused(f"There is no file {file}.") from None
    except BROKEN:
        raise _damaged(file) from None
    if not whole:
        raise _damaged(file)
    if not _opens(key_check, "key check"):
        raise ArchiveRefused(
            f"{file} was made with other vault keys: restore it with those, or nothing in it can be read."
        )
    if not _opens(seal, digest):
        raise ArchiveRefused(f"{file} was changed by somebody who does not have the server's keys: do not use it.")
    if contents.revision not in known_revisions():
        raise ArchiveRefused(f"{file} comes from a newer version of IEC Events: install that one first.")
    return contents


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
        raise ArchiveRefused(
            f"The database cannot be changed now ({_reason(error)}): stop the service first."
        ) from None
    return contents


def _write(out: gzip.GzipFile, header: dict[str, str], connection: sa.Connection, tables: Iterable[sa.Table]) -> int:
    digest, rows = hashlib.sha256(), 0

    def line(content: object) -> None:
        octets = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        digest.update(octets)
        out.write(octets)

    line({"format": FORMAT, "version": VERSION, **header, "key_check": _box("key check")})
    for table in tables:
        line({"table": table.name, "columns": table.columns.keys()})
        for row in _rows(connection, table):
            line([_packed(value) for value in row])
            rows += 1
    line({"end": {"rows": rows, "sha256": digest.hexdigest(), "seal": _box(digest.hexdigest())}})
    return rows


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


def _packed(value: object) -> object:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return {"b": base64.b64encode(value).decode()}
        case dt.datetime():
            moment = value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
            return {"t": moment.isoformat()}
        case dt.date():
            return {"d": value.isoformat()}
        case list() | dict():
            return {"j": value}
    raise TypeError(f"An archive has no form for {type(value).__name__}")


def _unpacked(value: Any, *, aware: bool) -> object:
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    match kind:
        case "b":
            return base64.b64decode(content)
        case "t":
            moment = dt.datetime.fromisoformat(content)
            return moment if aware else moment.replace(tzinfo=None)
        case "d":
            return dt.date.fromisoformat(content)
        case "j":
            return content
    raise ValueError(kind)


def _lines(file: Path) -> Iterator[bytes]:
    with gzip.open(file, "rb") as lines:
        yield from lines


def _read_through(file: Path) -> tuple[dict[str, Any], dict[str, Any], str]:
    """The first line, the content of the last, and the checksum of all before it."""
    digest, rows = hashlib.sha256(), 0
    lines = _lines(file)
    first = next(lines, b"")
    header = json.loads(first)
    if header["format"] != FORMAT:
        raise ValueError
    if header["version"] != VERSION:
        raise ArchiveRefused(f"{file} has a format that this version does not know: install a newer one.")
    for line in lines:
        digest.update(first)
        rows += line.startswith(b"[")
        first = line
    end = json.loads(first)["end"]
    if end["rows"] != rows:
        raise ValueError
    return header, end, digest.hexdigest()


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
    for name, columns, rows in _batches(file):
        values = [dict(zip(columns, (_unpacked(value, aware=aware) for value in row), strict=True)) for row in rows]
        connection.execute(sa.insert(tables[name]), values)
    if connection.dialect.name == "postgresql":
        for table in tables.values():
            _set_counter(connection, table)


def _batches(file: Path) -> Iterator[tuple[str, list[str], list[Any]]]:
    """The name of a table, its columns, and some of its rows."""
    name = ""
    columns: list[str] = []
    rows: list[Any] = []
    for line in map(json.loads, _lines(file)):
        if isinstance(line, list):
            rows.append(line)
        if rows and (len(rows) >= AT_ONCE or isinstance(line, dict)):
            yield name, columns, rows
            rows = []
        if isinstance(line, dict):
            name, columns = line.get("table", ""), line.get("columns", [])


def _set_counter(connection: sa.Connection, table: sa.Table) -> None:
    """PostgreSQL counts ids beside the table: the next one must be new."""
    for column in table.primary_key.columns:
        named = sa.func.pg_get_serial_sequence(sa.func.quote_ident(table.name), column.name)
        counter = connection.scalar(sa.select(named)) if isinstance(column.type, sa.Integer) else None
        if counter:
            last = sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1).scalar_subquery()
            connection.execute(sa.select(sa.func.setval(counter, last, False)))


def _box(bind: str) -> str:
    return base64.b64encode(vault().seal(PURPOSE, bind, {})).decode()


def _opens(box: bytes, bind: str) -> bool:
    try:
        vault().open(PURPOSE, bind, box)
    except BoxRefused:
        return False
    return True


def _reason(error: sa.exc.DBAPIError) -> str:
    """What the database says, in one line, without the statement."""
    return str(error.orig).strip().partition("\n")[0]


def _damaged(file: Path) -> ArchiveRefused:
    return ArchiveRefused(f"{file} is damaged, or no archive of IEC Events.")


@contextmanager
def _new_file(file: Path) -> Iterator[IO[bytes]]:
    """A file that only its owner reads; taken away again when it does not become whole."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ArchiveRefused(f"{file} exists already: choose another name.") from None
    except OSError as error:
        raise ArchiveRefused(f"{file} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        with suppress(OSError):
            file.unlink()
        raise
