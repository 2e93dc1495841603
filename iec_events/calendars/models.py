"""StoredVevent and Feed: octets made once, and when a feed last changed. All of it is public and can be made anew."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model, Moment


class StoredVevent(Model):
    """One event's VEVENT in one language. It holds while the event's `stamp` and the `recipe` are still the same."""

    __tablename__ = "stored_vevents"

    event_id: Mapped[int] = mapped_column(sa.ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    locale: Mapped[str] = mapped_column(sa.String(2), primary_key=True)
    stamp: Mapped[dt.datetime] = mapped_column(Moment)
    recipe: Mapped[str] = mapped_column(sa.String(16))
    body: Mapped[bytes]


class Feed(Model):
    """When the octets of a calendar last changed: its Last-Modified, which never moves back, whatever is taken out."""

    __tablename__ = "calendar_feeds"

    name: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    locale: Mapped[str] = mapped_column(sa.String(2), primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(32))
    changed_at: Mapped[dt.datetime] = mapped_column(Moment)
