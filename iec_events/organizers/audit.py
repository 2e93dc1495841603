"""The audit trail: who did what to which object when, chained so that tampering shows.

An entry's hash is the SHA-256 of its canonical form: the JSON array `["iec-audit 1", number, at (Unix seconds), who,
what, about, hash of the entry before]` in UTF-8 without blanks; before the first, that hash is empty. The head row
keeps number and hash of the last entry, and of the last one that was pruned, under an HMAC with the server's vault key:
an entry that was changed, removed, moved or cut off at either end shows in `audit_check.verify`. The head is also
kept outside the database (`anchor`). Who holds both the database and the vault key can forge all of it; against them,
write the head down elsewhere (`iec-events audit verify` prints it).

No entry holds anything personal of attendees: objects are named by slug or random id.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import g
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ..core.crypto import vault
from ..core.db import atomic, db
from .anchor import Anchor, keep_anchor, known_anchor
from .models import AuditEntry, AuditHead, Organizer

FORM, SEAL = "iec-audit 1", "organizers.audit"
OPERATOR, WORKER, STRANGER = "operator", "worker", "stranger"
PAGE = 50
NOTED, WRITTEN = "audit.noted", "audit.written"


@dataclass(frozen=True, kw_only=True)
class Noted:
    """What will be an entry once the transaction is kept."""

    at: dt.datetime
    who: str
    what: str
    about: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One entry as it is shown; `name` is None for those who are no account of today."""

    number: int
    at: dt.datetime
    who: str
    name: str | None
    what: str
    about: str


@dataclass(frozen=True, kw_only=True)
class Trail:
    """A page of the trail, latest first; everybody who acts in it, with their name if it is an account; all names."""

    lines: Sequence[Line]
    names: dict[str, str]
    people: dict[str, str | None]
    page: int
    pages: int


def acting(who: str) -> None:
    """From here on, in this request or command, `who` acts: an organizer's id, OPERATOR or WORKER."""
    g.acting = who


def actor() -> str:
    """Who acts now: an organizer's id, OPERATOR, WORKER or STRANGER."""
    return str(g.get("acting", STRANGER))


@atomic()
def note(what: str, about: str, *, now: dt.datetime, who: str | None = None) -> None:
    """Keep in the trail that `what` (such as `event.published`) was done to `about` (such as `event:berkeley`).

    It joins the caller's transaction. Entries are written as its last step: the head is held for a moment only, and
    always after everything else that a verb locks.
    """
    noted = Noted(at=now.replace(microsecond=0), who=who or actor(), what=what, about=about)
    db.session().info.setdefault(NOTED, []).append(noted)


def trail(*, who: str = "", page: int = 1) -> Trail:
    """A page of the trail, latest first, of one who stands in it, or of everybody."""
    seen = db.session.scalars(sa.select(AuditEntry.who).distinct()).all()
    mine = [AuditEntry.who == who] if who in seen else []
    total = db.session.scalar(sa.select(sa.func.count()).select_from(AuditEntry).where(*mine)) or 0
    pages = max(1, -(-total // PAGE))
    page = max(1, min(page, pages))
    query = sa.select(AuditEntry).where(*mine).order_by(AuditEntry.id.desc())
    names = _names()
    lines = [
        Line(number=row.id, at=row.at, who=row.who, name=names.get(row.who), what=row.what, about=row.about)
        for row in db.session.scalars(query.limit(PAGE).offset((page - 1) * PAGE))
    ]
    people = {one: names.get(one) for one in sorted(seen)}
    return Trail(lines=lines, names=names, people=people, page=page, pages=pages)


def latest_at() -> dt.datetime | None:
    """When the latest deed was done."""
    return db.session.scalar(sa.select(sa.func.max(AuditEntry.at)))


def hash_of(number: int, noted: Noted, previous: str) -> str:
    """The hash of an entry, in hexadecimal; `previous` is the hash of the entry before."""
    fields = [FORM, number, int(noted.at.timestamp()), noted.who, noted.what, noted.about, previous]
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


@sa.event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    noted: list[Noted] = session.info.pop(NOTED, [])
    if not noted:
        return
    head = held_head(session)
    sealed, key_id = is_sealed(head), sealed_with(head)  # the next seal is of the same key, until `renew_seal`
    known = known_anchor()
    ours = known is None or is_in_trail(session, head, known)  # else what the file says is proof, and stays
    for one in noted:
        number, previous = head.number + 1, head.hash
        head.number, head.hash = number, hash_of(number, one, previous)
        fields = {"at": one.at, "who": one.who, "what": one.what, "about": one.about}
        session.add(AuditEntry(id=number, previous=previous, hash=head.hash, **fields))
    head.seal = seal_of(head, key_id) if sealed else ""  # a seal that was broken stays so
    if ours:
        session.info[WRITTEN] = Anchor(head.number, head.hash)


@sa.event.listens_for(Session, "after_commit")
def _anchor(session: Session) -> None:
    written = session.info.pop(WRITTEN, None)
    if written is not None:
        keep_anchor(written)


@sa.event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(NOTED, None)
    session.info.pop(WRITTEN, None)


def is_in_trail(session: Session, head: AuditHead, anchor: Anchor) -> bool:
    """Whether the trail holds this entry; also true for one that was pruned since, as far as can be told."""
    if anchor.number == head.number:
        return anchor.hash == head.hash
    if anchor.number <= head.pruned:
        return anchor.number < head.pruned or anchor.hash == head.pruned_hash
    return session.scalar(sa.select(AuditEntry.hash).where(AuditEntry.id == anchor.number)) == anchor.hash


def held_head(session: Session) -> AuditHead:
    """The head, read afresh and held until the end of the transaction (SQLite holds the whole database instead)."""
    query = sa.select(AuditHead).with_for_update().execution_options(populate_existing=True)
    head = session.scalar(query)
    if head is None:
        _begin(session)
        head = session.scalars(query).one()
    return head


def _begin(session: Session) -> None:
    """A head for an empty trail. If entries stand there whose head was taken away, it goes on without a seal."""
    last = session.execute(sa.select(AuditEntry.id, AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)).first()
    number, digest = (last.id, last.hash) if last else (0, "")
    dialect: Any = {"sqlite": sqlite}.get(session.get_bind().dialect.name, postgresql)
    values = {"id": 1, "number": number, "hash": digest, "pruned": 0, "pruned_hash": "", "seal": ""}
    session.execute(dialect.insert(AuditHead).values(values).on_conflict_do_nothing())


def _names() -> dict[str, str]:
    """The names of all organizers by their id."""
    everybody = db.session.scalars(sa.select(Organizer))
    return {one.id: vault().open("organizers", one.id, one.sealed)["name"] for one in everybody}


def seal_of(head: Any, key_id: bytes | None = None) -> str:
    """The seal that fits the head as it is, under the vault's first key or the one that sealed it before."""
    return vault().sign(SEAL, _sealed_fields(head), key_id=key_id)


def sealed_with(head: Any) -> bytes | None:
    """The id of the vault key that sealed the head as it is; None when it was none."""
    return vault().signer(SEAL, _sealed_fields(head), head.seal)


def is_sealed(head: Any) -> bool:
    """Whether the seal fits; the head of a trail that has not begun needs none."""
    return (head.number, head.seal) == (0, "") or sealed_with(head) is not None


@atomic()
def renew_seal() -> None:
    """Seal the head with the vault's first key; a seal that was broken stays so."""
    head = held_head(db.session())
    if sealed_with(head) is not None:
        head.seal = seal_of(head)


def _sealed_fields(head: Any) -> str:
    return json.dumps([FORM, head.number, head.hash, head.pruned, head.pruned_hash], separators=(",", ":"))
