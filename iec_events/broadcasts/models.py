"""Broadcast: a letter of organizers to a group on an event's list. BroadcastCopy: that one party was written to.

Who can read it at rest: the letter's words are in a box of the server's vault, because the worker sends them without
anybody signed in; a stolen database or backup alone tells nothing of them. Who was written to, everybody with the
database can see, as they can see who comes and who waits: by random ids, never by name or address.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model, Moment
from ..rsvps.models import ACTIVE, CONFIRMED, OFFERED, PENDING, UNCONFIRMED, WAITLISTED

ALL, COMING, WAITING, TO_CONFIRM = "all", "coming", "waiting", "to_confirm"
# Whom a letter is for -> the statuses of those who are.
AUDIENCES: dict[str, tuple[str, ...]] = {
    ALL: ACTIVE,
    COMING: (CONFIRMED,),
    WAITING: (WAITLISTED, OFFERED, PENDING),
    TO_CONFIRM: (UNCONFIRMED,),
}
DRAFT, SCHEDULED, SENDING, SENT, STOPPED = "draft", "scheduled", "sending", "sent", "stopped"
MAIL, PAGE, UNWANTED = "mail", "page", "unwanted"
LONGEST_SUBJECT, LONGEST_TEXT = 120, 10_000


class Broadcast(Model):
    """One letter. `sealed` holds its words: language -> subject, text (Markdown).

    A draft becomes scheduled when it is sent (for now, or for later: `due_at`), sending when the worker begins, and
    sent when nothing of it is waiting any more. `cursor` is the id of the last party that was written to; with
    `all_written`, there is none behind it. `version` counts the times it was saved; it was saved, sent or stopped at
    `revised_at`. Once it ended, `handed_over`,
    `failed` and `uncertain` keep what became of the mails.
    """

    __tablename__ = "broadcasts"
    __table_args__ = (
        sa.CheckConstraint("state IN ('draft', 'scheduled', 'sending', 'sent', 'stopped')", name="state_known"),
        sa.CheckConstraint("audience IN ('all', 'coming', 'waiting', 'to_confirm')", name="audience_known"),
    )

    id: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey("events.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(sa.String(9), default=DRAFT)
    audience: Mapped[str] = mapped_column(sa.String(10))
    sealed: Mapped[bytes]
    version: Mapped[int] = mapped_column(default=1)
    revised_at: Mapped[dt.datetime] = mapped_column(Moment)
    due_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    begun_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    ended_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    cursor: Mapped[str] = mapped_column(sa.String(16), default="")
    all_written: Mapped[bool] = mapped_column(default=False)
    handed_over: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    uncertain: Mapped[int] = mapped_column(default=0)


class BroadcastCopy(Model):
    """That a letter is for one party; there is one of each at most, so nobody is written to twice.

    `way`: by mail, on their own page only (no address, or another party has the same), or unwanted as mail.
    """

    __tablename__ = "broadcast_copies"
    __table_args__ = (sa.CheckConstraint("way IN ('mail', 'page', 'unwanted')", name="way_known"),)

    broadcast_id: Mapped[str] = mapped_column(sa.ForeignKey("broadcasts.id", ondelete="CASCADE"), primary_key=True)
    rsvp_id: Mapped[str] = mapped_column(sa.ForeignKey("rsvps.id", ondelete="CASCADE"), primary_key=True, index=True)
    way: Mapped[str] = mapped_column(sa.String(8))
