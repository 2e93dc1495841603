"""What is asked of the outbox."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ..core.db import SiteState, db
from .models import OutboxMail

STUCK_AFTER_TRIES = 3
WORKER_SILENT_AFTER = dt.timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True)
class MailHealth:
    """How mail does: letters waiting, those that failed again and again, those given up, and the worker."""

    waiting: int
    stuck: int
    given_up: int
    oldest_waiting_at: dt.datetime | None
    last_errors: Sequence[str]
    worker_seen_at: dt.datetime | None
    worker_silent: bool


def mail_health(now: dt.datetime) -> MailHealth:
    """The state of the outbox and of the worker that empties it."""
    open_rows = sa.and_(OutboxMail.done_at.is_(None), OutboxMail.given_up_at.is_(None))
    waiting, oldest, stuck = db.session.execute(
        sa.select(
            sa.func.count(),
            sa.func.min(OutboxMail.posted_at),
            sa.func.count().filter(OutboxMail.tries >= STUCK_AFTER_TRIES),
        ).where(open_rows)
    ).one()
    given_up = db.session.scalar(sa.select(sa.func.count()).where(OutboxMail.given_up_at.is_not(None))) or 0
    errors = db.session.scalars(
        sa.select(OutboxMail.last_error)
        .where(OutboxMail.done_at.is_(None), OutboxMail.last_error.is_not(None))
        .distinct()
    )
    seen = db.session.scalar(sa.select(SiteState.worker_seen_at))
    return MailHealth(
        waiting=waiting,
        stuck=stuck,
        given_up=given_up,
        oldest_waiting_at=oldest,
        last_errors=[error for error in errors if error],
        worker_seen_at=seen,
        worker_silent=seen is None or now - seen > WORKER_SILENT_AFTER,
    )


def letters_about(about: str) -> Sequence[OutboxMail]:
    """Every letter concerning this row that is still known of, sent or not, in the order of posting."""
    query = sa.select(OutboxMail).where(OutboxMail.about == about).order_by(OutboxMail.posted_at, OutboxMail.id)
    return db.session.scalars(query).all()


def open_letters(about: str) -> int:
    """How many letters concerning this row are still to go out."""
    query = sa.select(sa.func.count()).where(
        OutboxMail.about == about, OutboxMail.done_at.is_(None), OutboxMail.given_up_at.is_(None)
    )
    return db.session.scalar(query) or 0
