"""Keys that can be destroyed: one small file each, in the key folder, outside the database and all its backups.

A backup that is older than an erasure still holds the erased rows. So what must not outlive its term is covered with
such a key as well: when the file is gone, the box opens no more, in no copy of the database, for no holder of whatever
else. The files are never cached: a key that one process destroys is gone for all of them at once. Hosts that serve
together share the folder (`IEC_KEY_DIR`).

Covered box, version 4: `0x04 | length of the key's id (1) | id | wrapped box (version 3)`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from .config import settings
from .crypto import BoxRefused
from .sealing import KEY_BYTES, unwrap, wrap

COVERED = b"\x04"
FOLDER = "shred"
KEY_ID = re.compile("[A-Za-z0-9_-]{1,40}")


def make_shred(key_id: str) -> None:
    """Write a fresh key to the disk, for good, before anything is covered with it; FileExistsError for a known id.

    When the caller's transaction fails afterwards, a file is left that opens nothing. It is not cleared away: what one
    database does not know may be all that another one has. A file that a full disk left unfinished covers nothing yet.
    """
    file = _file(key_id)
    file.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.parent.mkdir(mode=0o700, exist_ok=True)
    if file.is_file() and not has_shred(key_id):
        file.unlink()
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(os.urandom(KEY_BYTES))
        out.flush()
        os.fsync(out.fileno())
    _sync_folder(file.parent)


def has_shred(key_id: str) -> bool:
    """Whether the key is there, and whole."""
    file = _file(key_id)
    try:
        return file.stat().st_size == KEY_BYTES
    except OSError:
        return False


def destroy_shreds(key_ids: Iterable[str]) -> None:
    """Overwrite and remove these keys; those that are gone already stay gone."""
    folder = _folder()
    for file in [_file(key_id) for key_id in key_ids]:
        try:
            with file.open("r+b") as out:
                out.write(os.urandom(KEY_BYTES))
                out.flush()
                os.fsync(out.fileno())
            file.unlink()
        except FileNotFoundError:
            continue
    if folder.is_dir():
        _sync_folder(folder)


def cover(key_id: str, bind: str, box: bytes) -> bytes:
    """Close a box once more; it opens only while the key exists, and where `bind` is the same. BoxRefused: no key."""
    name = key_id.encode()
    return COVERED + bytes([len(name)]) + name + wrap(_key(key_id), _bound(bind), box)


def uncover(bind: str, box: bytes) -> bytes:
    """The box inside; BoxRefused when its key was destroyed, or it was altered or moved."""
    if not is_covered(box):
        raise BoxRefused("unknown version")
    return unwrap(_key(_key_id(box)), _bound(bind), box[2 + box[1] :])


def cover_again(box: bytes, bind: str, inner: bytes) -> bytes:
    """Another box under the same cover as `box`."""
    return cover(_key_id(box), bind, inner)


def is_covered(box: bytes) -> bool:
    """Whether this is a covered box."""
    return box[:1] == COVERED and len(box) > 1


def _key_id(box: bytes) -> str:
    return box[2 : 2 + box[1]].decode("ascii", "replace")


def _key(key_id: str) -> bytes:
    try:
        key = _file(key_id).read_bytes()
    except OSError as error:
        raise BoxRefused("its key is gone") from error
    if len(key) != KEY_BYTES:
        raise BoxRefused("its key is broken")
    return key


def _file(key_id: str) -> Path:
    if not KEY_ID.fullmatch(key_id):
        raise BoxRefused("no name of a key")
    return _folder() / key_id


def _folder() -> Path:
    return settings().key_dir / FOLDER


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _bound(bind: str) -> str:
    return f"shred {bind}"
