"""Arrival: a party has come. Its name stands here nowhere."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model, Moment


class Arrival(Model):
    """So many people of a party are here, since this minute, as this organizer counted them. It goes with the RSVP."""

    __tablename__ = "arrivals"
    __table_args__ = (sa.CheckConstraint("people >= 1", name="somebody_came"),)

    rsvp_id: Mapped[str] = mapped_column(sa.ForeignKey("rsvps.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(Moment)
    by: Mapped[str] = mapped_column(sa.String(16))
    people: Mapped[int]
