"""Whether the audit trail is whole, what an operator does when it is not, and how its old end is forgotten.

Damage that was found can be accepted, so that it hides no later one. The entry that accepts it is `audit.accepted`
about `trail:3-9 and why`: it stands right behind the range that it names, and where others hold the hash of the entry
before, it holds a checksum of all that stands in the range now, nothing included. From there on the chain is checked
as before; and what is changed inside the range afterwards shows.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from ..core.db import atomic, db
from .anchor import Anchor, forget_anchor, known_anchor
from .audit import Noted, hash_of, held_head, is_in_trail, is_sealed, note, seal_of, sealed_with
from .models import AuditEntry, AuditHead, Organizer

KEPT = dt.timedelta(days=365)
TRIES = 3
ACCEPTED = "audit.accepted"
RANGE = re.compile(r"trail:(\d+)-(\d+) (.+)", re.DOTALL)
LONGEST_REASON = 70
CHANGED_HEAD = "The head of the trail was changed by somebody without the server's key."
COLUMNS = AuditEntry.__table__.columns


class NothingToAccept(Exception):
    """The trail is whole."""


class ReasonRefused(Exception):
    """No reason was given, or one that is too long."""


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """Damage that somebody accepted: entries `first` to `last` (0 to 0: the beginning) prove nothing."""

    first: int
    last: int
    at: dt.datetime
    who: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong, in one sentence, and with which entry it begins; 0 is what was before the first."""

    number: int
    text: str


@dataclass(kw_only=True)
class Verdict:
    """What was found: how many entries were checked, the last one's number and hash; what is wrong; what was accepted.

    After a fault, `number` is the last entry before it.
    """

    count: int = 0
    number: int = 0
    hash: str = ""
    fault: Fault | None = None
    accepted: list[Accepted] = field(default_factory=list)

    @property
    def broken(self) -> str | None:
        """What is wrong, in one sentence; None when all is well."""
        return self.fault.text if self.fault else None


def verify(*, since: int | None = None) -> Verdict:
    """Go through the whole trail, or from one entry on. What is written meanwhile does no harm: it is read again."""
    for _ in range(TRIES):
        db.session.rollback()
        anchor = known_anchor()  # before the trail: it may lag behind, and must not seem to be ahead
        before = _seen_head()
        verdict = _checked(before, anchor, since)
        if verdict.fault is None or _seen_head() == before:
            break
    return verdict


def first_since(day: dt.datetime) -> int:
    """The number of the first entry from this moment on; one more than the last when there is none."""
    found = db.session.scalar(sa.select(sa.func.min(AuditEntry.id)).where(AuditEntry.at >= day))
    return found or (db.session.scalar(sa.select(sa.func.max(AuditEntry.id))) or 0) + 1


def accept(*, reason: str, now: dt.datetime) -> list[Accepted]:
    """Accept all the damage that stands there, and begin the chain again behind it. NothingToAccept, ReasonRefused."""
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise ReasonRefused
    before = verify()
    if before.fault is None:
        raise NothingToAccept
    for _ in range(TRIES):  # what was missing at the beginning may show only behind other damage
        _accept(reason, now)
        after = verify()
        if after.fault is None:
            return after.accepted[len(before.accepted) :]
    raise RuntimeError(after.broken)


@atomic()
def prune(now: dt.datetime) -> None:
    """Forget what is older than a year; the head remembers where the rest begins. The worker runs this.

    Of a trail that is broken nothing is forgotten, until somebody has accepted the damage.
    """
    head = held_head(db.session())
    kept = sa.select(sa.func.min(AuditEntry.id)).where(AuditEntry.at >= now - KEPT)
    first = db.session.scalar(kept) or head.number + 1
    older = sa.select(AuditEntry.id, AuditEntry.hash).where(AuditEntry.id < first).order_by(AuditEntry.id.desc())
    last = db.session.execute(older.limit(1)).one_or_none()
    if last is None or _checked(head, None, None).fault is not None:
        return
    key_id = sealed_with(head)
    head.pruned, head.pruned_hash = last.id, last.hash
    head.seal = seal_of(head, key_id)
    db.session.execute(sa.delete(AuditEntry).where(AuditEntry.id <= last.id))


@atomic()
def _accept(reason: str, now: dt.datetime) -> None:
    head, anchor = held_head(db.session()), known_anchor()
    fault = _checked(_seen_head(), anchor, None).fault
    if fault is None:  # somebody else was faster
        return
    last = max(head.number, _last(), anchor.number if anchor else 0)
    if fault.number:  # else what stands there is in order, and the chain goes on
        head.number, head.hash = last, _checksum(fault.number, last)
    else:
        last = 0
    head.seal = seal_of(head)
    db.session.flush()
    forget_anchor()
    note(ACCEPTED, f"trail:{fault.number}-{last} {reason}", now=now)


def _checked(head: Any, anchor: Anchor | None, since: int | None) -> Verdict:
    if head is None:
        missing = "The head of the trail is missing." if _last() else None
        fault = Fault(number=1, text=missing) if missing else _older_than(None, anchor) or _beginning(None)
        return Verdict(fault=fault)
    walk = _Walk(head, since)
    verdict = walk.verdict
    if verdict.fault is None:
        verdict.fault = _fault_at_the_end(head, verdict) or _older_than(head, anchor)
    whole = not head.pruned and since is None and not any(one.first <= 1 for one in verdict.accepted)
    if verdict.fault is None and whole:
        verdict.fault = _beginning(walk.first_at)
    return verdict


class _Walk:
    """One way through the trail, from where it begins (or from an entry on) up to what the head says is the last."""

    def __init__(self, head: Any, since: int | None) -> None:
        self.verdict, self.first_at = Verdict(number=head.pruned, hash=head.pruned_hash), None
        self._pruned = head.pruned
        if since and since > head.number:
            self.verdict.number, self.verdict.hash = head.number, head.hash
        rows = _rows(max(since or 0, head.pruned + 1), head.number)
        with closing(rows):
            for row in rows:
                if since and self.first_at is None and since > head.pruned + 1:
                    self.verdict.number, self.verdict.hash = since - 1, row.previous
                self._step(row)
                self.first_at = self.first_at or row.at

    def _step(self, row: Any) -> None:
        verdict = self.verdict
        number = verdict.fault.number if verdict.fault else verdict.number + 1
        fault = _fault(row, verdict.number + 1, verdict.hash) if verdict.fault is None else verdict.fault
        accepted = _accepted(row)
        if fault and accepted and accepted.first <= number and self._is_behind(row, accepted):
            fault = None
        verdict.fault = fault
        if fault is None:
            verdict.count, verdict.number, verdict.hash = verdict.count + 1, row.id, row.hash
            verdict.accepted += [accepted] if accepted else []

    def _is_behind(self, row: Any, accepted: Accepted) -> bool:
        """Whether an entry stands right behind the range that it accepts, and the range is still as it was then."""
        if accepted.last != row.id - 1 or _own_hash(row) != row.hash:
            return False
        return accepted.first <= self._pruned or bool(row.previous == _checksum(accepted.first, accepted.last))


def _fault(row: Any, expected: int, previous: str) -> Fault | None:
    if row.id != expected:
        return Fault(number=expected, text=f"Entry {expected} is missing.")
    if _own_hash(row) != row.hash:
        return Fault(number=expected, text=f"Entry {row.id} was changed.")
    if row.previous != previous:
        text = f"Entry {row.id} does not follow on the one before it: one of the two was put in another's place."
        return Fault(number=max(1, expected - 1), text=text)
    return None


def _fault_at_the_end(head: Any, verdict: Verdict) -> Fault | None:
    reached, all_of_it = verdict.number, head.pruned + 1
    if reached < head.number:
        text = f"Entry {reached + 1} is missing, and all after it up to entry {head.number}."
        return Fault(number=reached + 1, text=text)
    if verdict.hash != head.hash:
        return Fault(number=all_of_it, text=f"Entry {reached} is not the one that the head was sealed over.")
    if not is_sealed(head):
        return Fault(number=all_of_it, text=CHANGED_HEAD)
    if _last() > head.number:
        return Fault(number=reached + 1, text=f"Entry {reached + 1} was put there without the server's key.")
    return None


def _older_than(head: Any, anchor: Anchor | None) -> Fault | None:
    """What the file outside the database tells."""
    number = head.number if head is not None else 0
    if anchor is None or (head is not None and is_in_trail(db.session(), head, anchor)):
        return None
    if anchor.number > number:
        text = (
            f"The trail ends with entry {number}, but the file `audit.head` in the key folder knows entry "
            f"{anchor.number}: an older database was put back, or the end was cut off with the server's key."
        )
        return Fault(number=number + 1, text=text)
    text = (
        f"Entry {anchor.number} is another one than the file `audit.head` in the key folder knows: an older database "
        "was put back and went on from there, or the trail was written anew with the server's key."
    )
    return Fault(number=head.pruned + 1, text=text)


def _beginning(first: dt.datetime | None) -> Fault | None:
    """Accounts come from invitations, which are noted: none can be older than the whole trail."""
    oldest = db.session.scalar(sa.select(sa.func.min(Organizer.created_on)))
    if oldest is None or (first is not None and first.date() <= oldest):
        return None
    text = f"The beginning of the trail is missing: there is an account of {oldest}, but no entry from that time."
    return Fault(number=0, text=text)


def _accepted(row: Any) -> Accepted | None:
    found = RANGE.fullmatch(row.about) if row.what == ACCEPTED else None
    if found is None:
        return None
    return Accepted(first=int(found[1]), last=int(found[2]), reason=found[3], at=row.at, who=row.who)


def _own_hash(row: Any) -> str:
    return hash_of(row.id, Noted(at=row.at, who=row.who, what=row.what, about=row.about), row.previous)


def _checksum(first: int, last: int) -> str:
    """SHA-256 over all that stands in a range of the trail."""
    digest = hashlib.sha256()
    with closing(_rows(first, last)) as rows:
        for row in rows:
            fields = [row.id, int(row.at.timestamp()), row.who, row.what, row.about, row.previous, row.hash]
            digest.update(json.dumps(fields).encode() + b"\n")
    return digest.hexdigest()


def _rows(first: int, last: int) -> Generator[Any]:
    query = sa.select(*COLUMNS).where(AuditEntry.id.between(first, last)).order_by(AuditEntry.id)
    with closing(db.session.execute(query.execution_options(yield_per=1000))) as found:
        yield from found


def _last() -> int:
    return db.session.scalar(sa.select(sa.func.max(AuditEntry.id))) or 0


def _seen_head() -> Any:
    head = sa.select(AuditHead.number, AuditHead.hash, AuditHead.pruned, AuditHead.pruned_hash, AuditHead.seal)
    return db.session.execute(head).one_or_none()
