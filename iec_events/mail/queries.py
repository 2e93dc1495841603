"""What is asked of the outbox."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ..core.db import SiteState, db
from .models import MailState, OutboxMail

STUCK_AFTER_TRIES = 3
WORKER_SILENT_AFTER = dt.timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True)
class MailHealth:
    """How mail does: letters waiting, those that failed again and again, those given up, and the worker.

    `uncertain` letters were handed over without an answer. `trouble` is why the mail server takes nothing at all (a
    class and a code), if it does not, since `trouble_since`. `delivered_at` is when a letter last went out, of the
    past week.
    """

    waiting: int
    stuck: int
    given_up: int
    uncertain: int
    delivered_at: dt.datetime | None
    trouble: str | None
    trouble_since: dt.datetime | None
    last_errors: Sequence[str]
    worker_seen_at: dt.datetime | None
    worker_silent: bool


def mail_health(now: dt.datetime) -> MailHealth:
    """The state of the outbox and of the worker that empties it."""
    count, waiting = sa.func.count, OutboxMail.waiting()
    numbers = db.session.execute(
        sa.select(
            count().filter(waiting),
            count().filter(waiting, OutboxMail.tries >= STUCK_AFTER_TRIES),
            count(OutboxMail.given_up_at),
            count().filter(OutboxMail.unknown()),
            sa.func.max(OutboxMail.handed_at).filter(OutboxMail.done_at.is_not(None)),
        )
    ).one()
    errors = db.session.scalars(
        sa.select(OutboxMail.last_error)
        .where(OutboxMail.done_at.is_(None), OutboxMail.uncertain_at.is_(None), OutboxMail.last_error.is_not(None))
        .distinct()
    )
    state = db.session.execute(sa.select(MailState.trouble, MailState.trouble_since)).one()
    seen = db.session.scalar(sa.select(SiteState.worker_seen_at))
    return MailHealth(
        waiting=numbers[0],
        stuck=numbers[1],
        given_up=numbers[2],
        uncertain=numbers[3],
        delivered_at=numbers[4],
        trouble=state.trouble,
        trouble_since=state.trouble_since,
        last_errors=sorted({error for error in (*errors, state.trouble) if error}),
        worker_seen_at=seen,
        worker_silent=seen is None or now - seen > WORKER_SILENT_AFTER,
    )


def uncertain_letters(about: str) -> int:
    """How many letters concerning this row were handed over without an answer."""
    query = sa.select(sa.func.count()).where(OutboxMail.about == about, OutboxMail.unknown())
    return db.session.scalar(query) or 0


def letters_about(about: str) -> Sequence[OutboxMail]:
    """Every letter concerning this row that is still known of, sent or not, in the order of posting."""
    query = sa.select(OutboxMail).where(OutboxMail.about == about).order_by(OutboxMail.posted_at, OutboxMail.id)
    return db.session.scalars(query).all()


def open_letters(about: str) -> int:
    """How many letters concerning this row are still to go out."""
    query = sa.select(sa.func.count()).where(OutboxMail.about == about, OutboxMail.waiting())
    return db.session.scalar(query) or 0
