"""What is done with letters before they go out and after: promised, decided on, taken back, swept away."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from ...core.crypto import vault
from ...core.db import atomic, db
from ...core.tokens import new_id
from ..models import OutboxMail

GIVE_UP_AFTER = dt.timedelta(days=2)
KEEP_DONE = dt.timedelta(days=7)
PURPOSE = "outbox"
Facts = dict[str, Any]


@atomic()
def post(
    *,
    kind: str,
    about: str,
    to: str,
    locale: str,
    facts: Facts,
    now: dt.datetime,
    part_of: str | None = None,
) -> str:
    """Promise a letter, in the caller's transaction; the id of its row. `about` names the row it concerns.

    `part_of` is the id of a broadcast: its letters let all others go first.
    """
    mail_id = new_id()
    sealed = vault().seal(PURPOSE, mail_id, {"to": to, "locale": locale, "facts": facts})
    row = OutboxMail(id=mail_id, kind=kind, about=about, sealed=sealed, posted_at=now, due_at=now, tries=0)
    row.part_of = part_of
    db.session.add(row)
    return mail_id


@atomic()
def send_again(*, now: dt.datetime, about: str | None = None) -> int:
    """Send uncertain letters again, of one row or all, since a person said so; how many."""
    which = [OutboxMail.unknown()] + ([OutboxMail.about == about] if about is not None else [])
    values = {"uncertain_at": None, "handed_at": None, "due_at": now, "last_error": None}
    ids = db.session.scalars(sa.update(OutboxMail).where(*which).values(**values).returning(OutboxMail.id)).all()
    return len(ids)


@atomic()
def hold(*, now: dt.datetime) -> int:
    """Have all letters wait for a person, as after a restore: since its backup they may have gone out; how many."""
    values = {"uncertain_at": now, "leased_until": None, "last_error": "Restored"}
    held = sa.update(OutboxMail).where(OutboxMail.waiting()).values(**values).returning(OutboxMail.id)
    return len(db.session.scalars(held).all())


@atomic()
def withdraw_part(part_of: str) -> int:
    """Erase the letters of a broadcast that are not handed over, also those that a worker holds; how many."""
    unsent = sa.and_(OutboxMail.part_of == part_of, OutboxMail.waiting(), OutboxMail.handed_at.is_(None))
    ids = db.session.scalars(sa.delete(OutboxMail).where(unsent).returning(OutboxMail.id)).all()
    return len(ids)


@atomic()
def forget(*, about: str, but: str | None = None) -> None:
    """Erase every letter that concerns this row, sent or not; those of the kind `but` stay."""
    others = [OutboxMail.kind != but] if but else []
    db.session.execute(sa.delete(OutboxMail).where(OutboxMail.about == about, *others))


@atomic()
def sweep(now: dt.datetime) -> None:
    """Give uncertain letters up on which nobody decided for two days; erase the rows of those that ended a week ago.

    Rows of letters that ended hold no address and no text.
    """
    undecided = sa.and_(OutboxMail.unknown(), OutboxMail.uncertain_at < now - GIVE_UP_AFTER)
    db.session.execute(sa.update(OutboxMail).where(undecided).values(given_up_at=now, sealed=None))
    old = now - KEEP_DONE
    db.session.execute(sa.delete(OutboxMail).where(sa.or_(OutboxMail.done_at < old, OutboxMail.given_up_at < old)))
