"""Who deleted themselves, or took a message back, stays deleted, also when an older database is put back.

A tombstone is the SHA-256 of the random id of what was deleted, and nothing else. It stands in the key folder, outside
the database and its backups, in a file that is named by the day until which it is needed: `deleted/2027-03-09`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from .config import settings

FOLDER = "deleted"
log = logging.getLogger(__name__)


def bury(row_id: str, *, until: dt.datetime) -> None:
    """Write the tombstone, for good, before the row is deleted. A folder that can't be written keeps nobody here."""
    file = _folder() / f"{until.astimezone(dt.UTC):%Y-%m-%d}"
    try:
        file.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.parent.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(tombstone(row_id) + "\n")  # short, and appended in one write: two at once do no harm
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        log.error("A tombstone was not written: %s", type(error).__name__)  # noqa: TRY400 - no traceback in the log


def tombstone(row_id: str) -> str:
    """The hash by which what was deleted is known."""
    return hashlib.sha256(f"deleted {row_id}".encode()).hexdigest()


def tombstones(now: dt.datetime) -> set[str]:
    """All that are still needed; files of days that are over are removed."""
    found: set[str] = set()
    for day, file in _files():
        with suppress(OSError):
            if day < now.astimezone(dt.UTC).date():
                file.unlink()
            else:
                found.update(file.read_text("ascii", "replace").split())
    return found


def _files() -> Iterator[tuple[dt.date, Path]]:
    with suppress(OSError):
        for file in sorted(_folder().iterdir()):
            with suppress(ValueError):
                yield dt.date.fromisoformat(file.name), file


def _folder() -> Path:
    return settings().key_dir / FOLDER
