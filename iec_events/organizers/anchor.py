"""The last entry's number and hash, kept a second time: in a small file of the key folder, outside the database.

Whoever can write to the database, but not to the key folder, may put a whole older database back: it is in order in
itself, its seal fits, and only this file tells that there was more. It can't notice an older database that is put back
together with the file of that day (a copy of the whole disk), or who has the key folder, and with it the vault key.
The file lags behind when a process dies between the two; it is never ahead.
"""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ..core.config import settings

FILE = "audit.head"
LINE = re.compile(r"([1-9]\d{0,17}) ([0-9a-f]{64})\n")


class Anchor(NamedTuple):
    """Number and hash of an entry."""

    number: int
    hash: str


def known_anchor() -> Anchor | None:
    """What the file says; None when there is none that can be read."""
    try:
        return _parsed(_file().read_text("ascii", "replace"))
    except OSError:
        return None


def keep_anchor(anchor: Anchor) -> None:
    """Write down a later entry. Where the folder can't be written, the trail goes on without the file."""
    with suppress(OSError):
        _file().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(_file(), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            known = _parsed(file.read())
            if known is None or known.number < anchor.number:
                file.seek(0)
                file.write(f"{anchor.number} {anchor.hash}\n")
                file.truncate()


def forget_anchor() -> None:
    """The trail begins again elsewhere, knowingly: after a restore, or when damage was accepted."""
    with suppress(OSError):
        _file().unlink()


def _parsed(text: str) -> Anchor | None:
    found = LINE.fullmatch(text)
    return Anchor(int(found[1]), found[2]) if found else None


def _file() -> Path:
    return settings().key_dir / FILE
