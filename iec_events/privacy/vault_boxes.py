"""Boxes of the server's vault, wherever they are: to seal them anew after a new vault key was put in front.

Afterwards the older key opens nothing in the database any more and can be taken out of `vault.keys`. Boxes that an
older key opens in columns that do not stand here (they live for hours only) are counted until they are gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from ..core.crypto import BoxRefused, vault
from ..core.db import SiteState, atomic, db, leave_no_trace, renew_key_check
from ..core.shreds import cover_again, is_covered, uncover
from ..organizers.audit import renew_seal, sealed_with
from ..organizers.models import AuditHead

AT_ONCE = 200


class Purpose(NamedTuple):
    """What a column's boxes are sealed for. They are bound to the row's `bound`, their covers to `cover`."""

    name: str
    bound: str = "id"
    cover: str = ""


PURPOSES = {
    ("organizers", "sealed"): Purpose("organizers"),
    ("organizer_apps", "sealed"): Purpose("organizers.app", "organizer_id"),
    ("organizer_passkeys", "sealed"): Purpose("organizers.passkey"),
    ("outbox", "sealed"): Purpose("outbox"),
    ("messages", "sealed"): Purpose("messages"),
    ("broadcasts", "sealed"): Purpose("broadcasts"),
    ("rsvps", "sealed"): Purpose("rsvps.roster"),
    ("rsvps", "mailable"): Purpose("rsvps.mail", cover="rsvps.rsvps.mail {event_id} {id}"),
}


@dataclass(frozen=True)
class Resealed:
    """How many boxes were sealed anew, and how many still need an older key."""

    done: int
    left: int


def reseal() -> Resealed:
    """Seal all boxes that an older vault key opens with the first. Safe to repeat, and to break off in the middle."""
    done = 0
    for (table, column), purpose in PURPOSES.items():
        for row in list(_old_rows(db.metadata.tables[table], column)):
            with suppress(BoxRefused):
                done += _reseal(db.metadata.tables[table], column, row, purpose)
    done += _renew_key_check() + _renew_seal()
    leave_no_trace()
    return Resealed(done, older_boxes())


def older_boxes() -> int:
    """How many boxes need a vault key that is not the first."""
    columns = [column for table in db.metadata.sorted_tables for column in table.columns if _holds_octets(column)]
    rows = sum(sum(1 for _row in _old_rows(column.table, column.name)) for column in columns)
    return rows + int(_old_seal())


@atomic()
def _reseal(table: sa.Table, column: str, row: Any, purpose: Purpose) -> int:
    """Only if the box is the same still: what was written meanwhile is of the first key anyway."""
    bind, box = row[purpose.bound], row[column]
    cover = purpose.cover.format_map(row) if is_covered(box) else ""
    inner = uncover(cover, box) if cover else box
    fresh = vault().seal(purpose.name, bind, vault().open(purpose.name, bind, inner))
    fresh = cover_again(box, cover, fresh) if cover else fresh
    same = [key == row[key.name] for key in table.primary_key.columns] + [table.columns[column] == box]
    statement = sa.update(table).where(*same).values({column: fresh}).returning(*table.primary_key.columns)
    return len(db.session.execute(statement).all())


@atomic()
def _renew_key_check() -> int:
    box = db.session.scalar(sa.select(SiteState.key_check))
    if box is None or not vault().needs_older_key(box):
        return 0
    renew_key_check()
    return 1


def _renew_seal() -> int:
    if not _old_seal():
        return 0
    renew_seal()
    return 1


def _old_seal() -> bool:
    head = db.session.scalar(sa.select(AuditHead))
    return head is not None and sealed_with(head) not in {None, vault().first_id}


def _old_rows(table: sa.Table, column: str) -> Iterator[Any]:
    """Rows whose box needs an older key; what its shred key no longer uncovers needs none."""
    keys = [*table.primary_key.columns, *(table.columns[name] for name in ("event_id",) if name in table.columns)]
    box = table.columns[column]
    query = sa.select(*dict.fromkeys((*keys, box))).where(box.is_not(None))
    cover = PURPOSES.get((table.name, column), Purpose("")).cover
    for row in db.session.execute(query.execution_options(yield_per=AT_ONCE)).mappings():
        with suppress(BoxRefused):
            inner = uncover(cover.format_map(row), row[column]) if cover and is_covered(row[column]) else row[column]
            if vault().needs_older_key(inner):
                yield row


def _holds_octets(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.LargeBinary)
