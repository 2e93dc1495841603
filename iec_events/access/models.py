"""ListRelease: somebody asked to take a list out unlocked, and what another holder of its key said."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model, Moment


class ListRelease(Model):
    """One request for an unlocked copy of an event's list. `yes` is empty until a colleague answered; used once.

    Organizers' ids, as texts: who asked or answered may be gone later.
    """

    __tablename__ = "list_releases"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('csv', 'xlsx')", name="kind_known"),
        sa.CheckConstraint("answered_by <> asked_by", name="answered_by_another"),
        {"info": {"never_archived": True}},  # a yes that was used must not be good again
    )

    id: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey("events.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(4))
    asked_by: Mapped[str] = mapped_column(sa.String(16))
    asked_at: Mapped[dt.datetime] = mapped_column(Moment, index=True)
    answered_by: Mapped[str | None] = mapped_column(sa.String(16))
    answered_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    yes: Mapped[bool | None]
    used_at: Mapped[dt.datetime | None] = mapped_column(Moment)
