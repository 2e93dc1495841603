"""OutboxMail: a letter that has been promised. It is written in the same commit as what it tells of."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model, Moment


class OutboxMail(Model):
    """One letter to one person.

    `sealed` holds the address, the language and what the letter is about (kind and facts, not its text: that is
    written at delivery, so that it is true then). It is emptied on delivery. `about` names the row it concerns, so
    that erasing that row can erase the letter. `last_error` is a class and a code, never a server's words, which
    may quote the address.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        sa.Index(
            "ix_outbox_due",
            "due_at",
            postgresql_where=sa.text("done_at IS NULL"),
            sqlite_where=sa.text("done_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(40))
    about: Mapped[str] = mapped_column(sa.String(40), index=True)
    sealed: Mapped[bytes | None]
    posted_at: Mapped[dt.datetime] = mapped_column(Moment)
    due_at: Mapped[dt.datetime] = mapped_column(Moment)
    leased_until: Mapped[dt.datetime | None] = mapped_column(Moment)
    tries: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(sa.String(80))
    done_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    given_up_at: Mapped[dt.datetime | None] = mapped_column(Moment)
