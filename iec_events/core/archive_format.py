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
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .crypto import BoxRefused, vault
from .revisions import known_revisions

FORMAT = "iec-events archive"
VERSION = 1
PURPOSE = "archive"
AT_ONCE = 200
BROKEN = (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError, AttributeError)
Tables = Iterable[tuple[str, list[str], Iterable[Sequence[Any]]]]


class ArchiveRefused(Exception):
    """An archive that cannot be made or used; the message is one sentence for the operator, and nothing was changed."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What an archive says of itself."""

    revision: str
    made_at: str
    rows: int


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


def write_lines(raw: IO[bytes], header: dict[str, str], tables: Tables) -> int:
    """Write an archive of these tables (name, columns, rows); how many rows it has."""
    with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as out:
        return _write(out, header, tables)


def _write(out: gzip.GzipFile, header: dict[str, str], tables: Tables) -> int:
    digest, rows = hashlib.sha256(), 0

    def line(content: object) -> None:
        octets = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        digest.update(octets)
        out.write(octets)

    line({"format": FORMAT, "version": VERSION, **header, "key_check": _box("key check")})
    for name, columns, found in tables:
        line({"table": name, "columns": columns})
        for row in found:
            line([_packed(value) for value in row])
            rows += 1
    line({"end": {"rows": rows, "sha256": digest.hexdigest(), "seal": _box(digest.hexdigest())}})
    return rows


def batches(file: Path, *, aware: bool) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """The name of a table and some of its rows, by column; moments have a time zone, or none if not `aware`."""
    for name, columns, rows in _batches(file):
        unpacked = ((_unpacked(value, aware=aware) for value in row) for row in rows)
        yield name, [dict(zip(columns, row, strict=True)) for row in unpacked]


def _batches(file: Path) -> Iterator[tuple[str, list[str], list[Any]]]:
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


def _box(bind: str) -> str:
    return base64.b64encode(vault().seal(PURPOSE, bind, {})).decode()


def _opens(box: bytes, bind: str) -> bool:
    try:
        vault().open(PURPOSE, bind, box)
    except BoxRefused:
        return False
    return True


def _damaged(file: Path) -> ArchiveRefused:
    return ArchiveRefused(f"{file} is damaged, or no archive of IEC Events.")


@contextmanager
def new_file(file: Path) -> Iterator[IO[bytes]]:
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
    except BaseException as error:
        with suppress(OSError):
            file.unlink()
        if isinstance(error, OSError):  # the disk is full
            raise ArchiveRefused(f"{file} cannot be written: {error.strerror}.") from None
        raise
