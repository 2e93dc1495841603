"""What is weak in files: who can read keys and copies, and how old these are."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import shutil
import sqlite3
import zlib
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from ...core import shreds, tombstones
from ...core.archive_format import FORMAT
from ...core.config import Settings
from ...core.db import SiteState
from .pieces import GRAVE, HINT, WEAK, Finding, Findings

OTHERS_READ, OTHERS_ENTER, OTHERS_AT_ALL = 0o044, 0o011, 0o077
OLD_BACKUP = dt.timedelta(days=30)
FILES_AT_MOST = 5000
ROOM = 50 * 1024 * 1024


def of_files(chosen: Settings, now: dt.datetime) -> Findings:
    """What is weak in the folders of keys and data, and in the copies in and beside them."""
    for folder in dict.fromkeys((chosen.data_dir, chosen.key_dir)):
        if folder.is_dir() and folder.stat().st_mode & OTHERS_AT_ALL:
            yield Finding(GRAVE, f"Others on this machine can look into {folder}: run `chmod 700 {folder}`.")
    for file in filter(_others_can_read, _inside(chosen.key_dir)):
        yield Finding(GRAVE, f"Others on this machine can read the key {file}: run `chmod 600 {file}`.")
    for folder in (chosen.key_dir, chosen.key_dir / shreds.FOLDER, chosen.key_dir / tombstones.FOLDER):
        if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
            yield Finding(
                GRAVE, f"Lists cannot be begun or destroyed: make {folder} writable for the service's account."
            )
    for folder in dict.fromkeys((chosen.data_dir, chosen.key_dir)):
        if folder.is_dir() and _is_full(folder):
            yield Finding(GRAVE, f"The disk of {folder} is full, or nearly: make room before sign-ups fail.")
    if chosen.key_dir.is_relative_to(chosen.data_dir) and chosen.key_dir.is_dir():
        yield Finding(
            HINT, "The keys lie in the data folder, so a copy of it holds both: set IEC_KEY_DIR to another place."
        )
    yield from _of_copies(chosen, now)


def _of_copies(chosen: Settings, now: dt.datetime) -> Findings:
    """The database, and copies of one in the data folder, beside it, and beside the database."""
    database = _database_file(chosen)
    live = {database.with_name(database.name + end) for end in ("", "-wal", "-shm", "-journal")}
    places = {chosen.data_dir, chosen.data_dir.parent, database.parent}
    # Closing a file lets go of all locks that this process has on it, SQLite's included: the live one is not opened.
    found = {file for place in places for file in _inside(place, deep=place == chosen.data_dir)} - live
    copies = sorted(filter(_is_copy, found))
    for file in filter(_others_can_read, (*sorted(live), *copies)):
        yield Finding(GRAVE, f"Others on this machine can read {file}: run `chmod 600 {file}`.")
    limit = (now - OLD_BACKUP).timestamp()
    old = [file for file in copies if file.stat().st_mtime < limit]
    if old:
        which = f"such as {old[0]} ({len(old)} in all)"
        yield Finding(WEAK, f"Copies older than a month, {which}, still hold what was erased here since: erase them.")


def _database_file(chosen: Settings) -> Path:
    path = sa.make_url(chosen.database_url).database if chosen.database_url.startswith("sqlite") else None
    return Path(path or chosen.data_dir / "none").absolute()


def _inside(folder: Path, *, deep: bool = True) -> list[Path]:
    """Files of a folder, so many at most."""
    found: list[Path] = []
    with suppress(OSError):
        for file in folder.rglob("*") if deep else folder.glob("*"):
            if len(found) >= FILES_AT_MOST:
                break
            if file.is_file() and not file.is_symlink():
                found.append(file)
    return found


def _is_full(folder: Path) -> bool:
    """Whether its disk has little room left; a small one, as for keys alone, is not full by being small."""
    disk = shutil.disk_usage(folder)
    return disk.free < min(ROOM, disk.total // 10)


def _is_copy(file: Path) -> bool:
    """Whether a file holds our rows: an archive of ours, or an SQLite database with our tables."""
    try:
        with file.open("rb") as octets:
            begins = octets.read(16)
        if begins == b"SQLite format 3\0":
            return _has_our_tables(file)
        if begins[:2] != b"\x1f\x8b":
            return False
        with gzip.open(file) as lines:
            return FORMAT.encode() in lines.read(100)
    except (OSError, EOFError, zlib.error):
        return False


def _has_our_tables(file: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro&immutable=1", uri=True)) as database:
            ours = database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [SiteState.__tablename__]).fetchone()
    except sqlite3.Error:
        return False
    return ours is not None


def _others_can_read(file: Path) -> bool:
    """Whether other accounts of this machine get at a file: it and every folder above it must be open."""
    try:
        return bool(file.stat().st_mode & OTHERS_READ) and all(
            folder.stat().st_mode & OTHERS_ENTER for folder in file.absolute().parents
        )
    except OSError:
        return False
