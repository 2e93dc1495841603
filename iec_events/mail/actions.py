"""What is done with the outbox: posting, claiming, noting what became of a letter, forgetting."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ..core.crypto import vault
from ..core.db import atomic, db
from ..core.tokens import new_id
from .models import OutboxMail

LEASE = dt.timedelta(minutes=2)
GIVE_UP_AFTER = dt.timedelta(days=2)
FIRST_PAUSE = dt.timedelta(seconds=30)
LONGEST_PAUSE = dt.timedelta(hours=4)
KEEP_DONE = dt.timedelta(days=7)
PURPOSE = "outbox"
Facts = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A letter that this worker, and no other, delivers now."""

    id: str
    kind: str
    to: str
    locale: str
    facts: Facts
    tries: int
    posted_at: dt.datetime


@atomic()
def post(
    *, kind: str, about: str, to: str, locale: str, facts: Facts, now: dt.datetime, after: dt.timedelta | None = None
) -> str:
    """Promise a letter, in the caller's transaction; the id of its row. `about` names the row it concerns."""
    mail_id = new_id()
    sealed = vault().seal(PURPOSE, mail_id, {"to": to, "locale": locale, "facts": facts})
    due_at = now + (after or dt.timedelta(0))
    db.session.add(OutboxMail(id=mail_id, kind=kind, about=about, sealed=sealed, posted_at=now, due_at=due_at, tries=0))
    return mail_id


@atomic()
def claim(*, now: dt.datetime, how_many: int) -> list[Claimed]:
    """Lease letters that are due; each goes to one worker, and back to the pile when its lease runs out.

    The rows are picked in a CTE: PostgreSQL runs a locking CTE exactly once, while a plain `IN (SELECT ... LIMIT n FOR
    UPDATE)` may be run again by a nested loop and take more.
    """
    picked = (
        sa.select(OutboxMail.id)
        .where(OutboxMail.done_at.is_(None), OutboxMail.given_up_at.is_(None), OutboxMail.due_at <= now)
        .where(sa.or_(OutboxMail.leased_until.is_(None), OutboxMail.leased_until < now))
        .order_by(OutboxMail.due_at, OutboxMail.id)
        .limit(how_many)
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    take = (
        sa.update(OutboxMail)
        .where(OutboxMail.id.in_(sa.select(picked.c.id)))
        .values(leased_until=now + LEASE, tries=OutboxMail.tries + 1)
        .returning(OutboxMail)
        .execution_options(synchronize_session=False)
    )
    return [_claimed(row) for row in db.session.scalars(take)]


@atomic()
def note_delivered(*, mail_id: str, now: dt.datetime) -> None:
    """The letter is out: its body, address and facts are erased."""
    values = {"done_at": now, "sealed": None, "leased_until": None, "last_error": None}
    db.session.execute(sa.update(OutboxMail).where(OutboxMail.id == mail_id).values(**values))


@atomic()
def note_failed(*, letter: Claimed, error: str, for_ever: bool, now: dt.datetime) -> None:
    """Try later, with growing pauses; give up after two days or when the receiving server refuses for good."""
    values: dict[str, Any] = {"leased_until": None, "last_error": error[:80]}
    if for_ever or now - letter.posted_at > GIVE_UP_AFTER:
        values |= {"given_up_at": now, "sealed": None}
    else:
        values["due_at"] = now + pause_after(letter.tries)
    db.session.execute(sa.update(OutboxMail).where(OutboxMail.id == letter.id).values(**values))


@atomic()
def forget(*, about: str) -> None:
    """Erase every letter that concerns this row, sent or not."""
    db.session.execute(sa.delete(OutboxMail).where(OutboxMail.about == about))


@atomic()
def sweep(now: dt.datetime) -> None:
    """Erase the rows of letters that went out, or were given up, a week ago; they hold no address and no text."""
    old = now - KEEP_DONE
    db.session.execute(sa.delete(OutboxMail).where(sa.or_(OutboxMail.done_at < old, OutboxMail.given_up_at < old)))


def pause_after(tries: int) -> dt.timedelta:
    """Half a minute, doubled with each try, four hours at most; a fifth of it is chance."""
    pause: dt.timedelta = min(FIRST_PAUSE * 2 ** min(tries - 1, 20), LONGEST_PAUSE)
    chance = random.uniform(0.9, 1.1)  # noqa: S311 - spreads retries, keeps no secret
    return pause * chance


def _claimed(row: OutboxMail) -> Claimed:
    content = vault().open(PURPOSE, row.id, row.sealed or b"")
    return Claimed(
        id=row.id,
        kind=row.kind,
        to=content["to"],
        locale=content["locale"],
        facts=content["facts"],
        tries=row.tries,
        posted_at=row.posted_at,
    )
