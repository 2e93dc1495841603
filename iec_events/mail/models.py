"""OutboxMail: a letter promised in the same commit as what it tells of. MailState: how the way out does."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model, Moment


class OutboxMail(Model):
    """One letter to one person.

    `sealed` holds the address, the language and what the letter is about (kind and facts, not its text: that is
    written at delivery, so that it is true then). It is emptied on delivery. `about` names the row it concerns, so
    that erasing that row can erase the letter. `part_of` is the id of a broadcast: such letters let all others go
    first. `last_error` is a class and a code, never a server's words, which may quote the address.

    `handed_at` is committed just before the octet that makes the server take the letter, so that after a crash nobody
    sends it again without knowing: then it is `uncertain_at`, until a person decides. `tries` goes up with each claim,
    so that a worker that lost its lease notices. `news` says that what became of it was not yet told to the row it is
    about.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        sa.Index(
            "ix_outbox_due",
            "due_at",
            postgresql_where=sa.text("done_at IS NULL AND part_of IS NULL"),
            sqlite_where=sa.text("done_at IS NULL AND part_of IS NULL"),
        ),
        sa.Index(
            "ix_outbox_due_parts",
            "due_at",
            postgresql_where=sa.text("done_at IS NULL AND part_of IS NOT NULL"),
            sqlite_where=sa.text("done_at IS NULL AND part_of IS NOT NULL"),
        ),
        sa.Index("ix_outbox_news", "about", postgresql_where=sa.text("news"), sqlite_where=sa.text("news")),
    )

    id: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(40))
    about: Mapped[str] = mapped_column(sa.String(40), index=True)
    part_of: Mapped[str | None] = mapped_column(sa.String(16), index=True)
    sealed: Mapped[bytes | None]
    posted_at: Mapped[dt.datetime] = mapped_column(Moment)
    due_at: Mapped[dt.datetime] = mapped_column(Moment)
    leased_until: Mapped[dt.datetime | None] = mapped_column(Moment)
    tries: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(sa.String(80))
    done_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    given_up_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    handed_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    uncertain_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    news: Mapped[bool] = mapped_column(default=False, server_default=sa.false())

    @classmethod
    def waiting(cls) -> sa.ColumnElement[bool]:
        """Whether a letter is still to go out by itself."""
        return sa.and_(cls.done_at.is_(None), cls.given_up_at.is_(None), cls.uncertain_at.is_(None))

    @classmethod
    def unknown(cls) -> sa.ColumnElement[bool]:
        """Whether a person can still decide on a letter that is uncertain."""
        return sa.and_(cls.done_at.is_(None), cls.given_up_at.is_(None), cls.uncertain_at.is_not(None))


class MailState(Model):
    """One row, held by whoever claims letters: how many were claimed in the last minute, and whether the server rests.

    `taken` are pairs: a moment (seconds since 1970) and how many letters were claimed then. `trouble` is why no
    letter could even be offered to the mail server (a class and a code), since `trouble_since`, so many `failures`
    in a row; nobody tries again before `rests_until`.
    """

    __tablename__ = "mail_state"
    __table_args__ = {"info": {"born_with_a_row": True}}  # noqa: RUF012 - SQLAlchemy reads it, nobody writes

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    taken: Mapped[list[tuple[float, int]]] = mapped_column(sa.JSON)
    failures: Mapped[int]
    trouble: Mapped[str | None] = mapped_column(sa.String(80))
    trouble_since: Mapped[dt.datetime | None] = mapped_column(Moment)
    rests_until: Mapped[dt.datetime | None] = mapped_column(Moment)
