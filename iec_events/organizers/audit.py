"""The audit trail: who did what to which object when, chained so that tampering shows.

An entry's hash is the SHA-256 of its canonical form: the JSON array `["iec-audit 1", number, at (Unix seconds), who,
what, about, hash of the entry before]` in UTF-8 without blanks; before the first, that hash is empty. The head row
keeps number and hash of the last entry, and of the last one that was pruned, under an HMAC with the server's vault key:
an entry that was changed, removed, moved or cut off at either end shows in `verify`. Who holds both the database and
the vault key can forge all of it; against them, write the head down elsewhere (`iec-events audit verify` prints it).

No entry holds anything personal of attendees: objects are named by slug or random id.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
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
from .models import AuditEntry, AuditHead, Organizer

FORM = "iec-audit 1"
OPERATOR, WORKER, STRANGER = "operator", "worker", "stranger"
KEPT = dt.timedelta(days=365)
PAGE = 50
TRIES = 3
NOTED = "audit.noted"


@dataclass(frozen=True, kw_only=True)
class Noted:
    """What will be an entry once the transaction is kept."""

    at: dt.datetime
    who: str
    what: str
    about: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What `verify` found: how many entries there are, the last one's number and hash; `broken` says what is wrong."""

    count: int
    number: int
    hash: str
    broken: str | None = None


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


@atomic()
def note(what: str, about: str, *, now: dt.datetime, who: str | None = None) -> None:
    """Keep in the trail that `what` (such as `event.published`) was done to `about` (such as `event:berkeley`).

    It joins the caller's transaction. Entries are written as its last step: the head is held for a moment only, and
    always after everything else that a verb locks.
    """
    noted = Noted(at=now.replace(microsecond=0), who=who or g.get("acting", STRANGER), what=what, about=about)
    db.session().info.setdefault(NOTED, []).append(noted)


@atomic()
def prune(now: dt.datetime) -> None:
    """Forget what is older than a year; the head remembers where the rest begins. The worker runs this."""
    head = _held_head(db.session())
    kept = sa.select(sa.func.min(AuditEntry.id)).where(AuditEntry.at >= now - KEPT)
    first = db.session.scalar(kept) or head.number + 1
    older = sa.select(AuditEntry.id, AuditEntry.hash).where(AuditEntry.id < first).order_by(AuditEntry.id.desc())
    last = db.session.execute(older.limit(1)).one_or_none()
    if last is None:
        return
    sealed = _is_sealed(head)
    head.pruned, head.pruned_hash = last.id, last.hash
    head.seal = _seal(head) if sealed else ""
    db.session.execute(sa.delete(AuditEntry).where(AuditEntry.id <= last.id))


def verify() -> Verdict:
    """Go through the whole trail. What is written meanwhile does no harm: then it is read again."""
    for _ in range(TRIES):
        before = _seen_head()
        verdict = _walk(before)
        if verdict.broken is None or _seen_head() == before:
            break
    return verdict


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
    head = _held_head(session)
    sealed = _is_sealed(head)
    for one in noted:
        number, previous = head.number + 1, head.hash
        head.number, head.hash = number, hash_of(number, one, previous)
        fields = {"at": one.at, "who": one.who, "what": one.what, "about": one.about}
        session.add(AuditEntry(id=number, previous=previous, hash=head.hash, **fields))
    head.seal = _seal(head) if sealed else ""  # a seal that was broken stays so


@sa.event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(NOTED, None)


def _held_head(session: Session) -> AuditHead:
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


def _seen_head() -> Any:
    head = sa.select(AuditHead.number, AuditHead.hash, AuditHead.pruned, AuditHead.pruned_hash, AuditHead.seal)
    return db.session.execute(head).one_or_none()


def _walk(head: Any) -> Verdict:
    if head is None:
        number = db.session.scalar(sa.select(sa.func.max(AuditEntry.id))) or 0
        missing = "The head of the trail is missing." if number else None
        return Verdict(count=0, number=0, hash="", broken=missing or _beginning(None))
    count, reached, digest, first = 0, head.pruned, head.pruned_hash, None
    query = sa.select(AuditEntry).where(AuditEntry.id <= head.number).order_by(AuditEntry.id)
    rows = db.session.execute(query.with_only_columns(*AuditEntry.__table__.columns).execution_options(yield_per=1000))
    broken = None
    for row in rows:
        broken = _fault(row, reached + 1, digest)
        if broken:
            break
        count, reached, digest, first = count + 1, row.id, row.hash, first or row.at
    rows.close()
    broken = broken or _fault_at_the_end(head, reached, digest) or (None if head.pruned else _beginning(first))
    return Verdict(count=count, number=reached, hash=digest, broken=broken)


def _fault(row: Any, expected: int, previous: str) -> str | None:
    """What is wrong with an entry, in one sentence."""
    if row.id != expected:
        return f"Entry {expected} is missing."
    if hash_of(row.id, Noted(at=row.at, who=row.who, what=row.what, about=row.about), row.previous) != row.hash:
        return f"Entry {row.id} was changed."
    if row.previous != previous:
        return f"Entry {row.id} does not follow on the one before it: one of the two was put in another's place."
    return None


def _fault_at_the_end(head: Any, reached: int, digest: str) -> str | None:
    if reached < head.number:
        return f"Entry {reached + 1} is missing, and all after it up to entry {head.number}."
    if digest != head.hash:
        return f"Entry {reached} is not the one that the head was sealed over."
    if not _is_sealed(head):
        return "The head of the trail was changed by somebody without the server's key."
    last = db.session.scalar(sa.select(sa.func.max(AuditEntry.id))) or 0
    return f"Entry {reached + 1} was put there without the server's key." if last > head.number else None


def _beginning(first: dt.datetime | None) -> str | None:
    """Accounts come from invitations, which are noted: none can be older than the whole trail."""
    oldest = db.session.scalar(sa.select(sa.func.min(Organizer.created_on)))
    if oldest is None or (first is not None and first.date() <= oldest):
        return None
    return f"The beginning of the trail is missing: there is an account of {oldest}, but no entry from that time."


def _names() -> dict[str, str]:
    """The names of all organizers by their id."""
    everybody = db.session.scalars(sa.select(Organizer))
    return {one.id: vault().open("organizers", one.id, one.sealed)["name"] for one in everybody}


def _seal(head: Any) -> str:
    fields = [FORM, head.number, head.hash, head.pruned, head.pruned_hash]
    return vault().fingerprint("organizers.audit", json.dumps(fields, separators=(",", ":")))


def _is_sealed(head: Any) -> bool:
    """Whether the seal fits; the head of a trail that has not begun needs none."""
    return (head.number, head.seal) == (0, "") or hmac.compare_digest(head.seal, _seal(head))
