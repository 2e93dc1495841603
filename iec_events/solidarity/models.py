"""Message: its text and signature are sealed until an organizer approves it, and public from then on."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model, Moment

PENDING = "pending"
APPROVED = "approved"
REJECTED = "rejected"


class Message(Model):
    """One message. While `pending` or `rejected` its words live in `sealed`; `approved` ones in the open columns.

    `link_hash` is of the link by which who wrote it takes it back; samples have none.
    """

    __tablename__ = "messages"
    __table_args__ = (
        sa.CheckConstraint("status IN ('pending', 'approved', 'rejected')", name="status_known"),
        sa.CheckConstraint("status = 'approved' OR (text IS NULL AND signature IS NULL)", name="secret_until_approved"),
        sa.Index("ix_messages_event_status", "event_id", "status", "decided_at"),
    )
    shown: ClassVar[bool] = True

    id: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey("events.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(sa.String(10))
    language: Mapped[str] = mapped_column(sa.String(2))
    read_aloud: Mapped[bool]
    sample: Mapped[bool] = mapped_column(default=False)
    sealed: Mapped[bytes | None]
    text: Mapped[str | None] = mapped_column(sa.Text)
    signature: Mapped[str | None] = mapped_column(sa.String(200))
    placed_on: Mapped[dt.date]
    decided_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    submission_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    link_hash: Mapped[str | None] = mapped_column(sa.String(64), unique=True, index=True)
