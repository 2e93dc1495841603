"""Rsvp, RsvpLink, and the Receipt that stays. Names, notes and e-mail addresses stand only in sealed columns.

Who can read it at rest: `sealed` and `door_sealed` whoever holds the event's key, `own` the attendee with their link,
`mailable` the server itself, until nothing is left to send.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model, Moment

CONFIRMED = "confirmed"
WAITLISTED = "waitlisted"
CANCELLED = "cancelled"
ABOUT = "rsvp:"  # before the id, in the `about` of letters
STATUSES = (CONFIRMED, WAITLISTED, CANCELLED)


class Rsvp(Model):
    """One party. `line` is its place in the order of arrival; what is in the boxes, `boxes.py` says."""

    __tablename__ = "rsvps"
    __table_args__ = (
        sa.UniqueConstraint("event_id", "line"),
        sa.CheckConstraint("party_size >= 1", name="party_not_empty"),
        sa.CheckConstraint("status IN ('confirmed', 'waitlisted', 'cancelled')", name="status_known"),
        sa.Index("ix_rsvps_event_status_line", "event_id", "status", "line"),
    )

    id: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey("events.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(sa.String(10))
    line: Mapped[int]
    party_size: Mapped[int]
    sealed: Mapped[bytes]
    roster_key_id: Mapped[str | None] = mapped_column(sa.ForeignKey("event_keys.id"), index=True)
    door_sealed: Mapped[bytes | None]
    door_key_id: Mapped[str | None] = mapped_column(sa.ForeignKey("event_keys.id"))
    own: Mapped[bytes | None]
    mailable: Mapped[bytes | None]
    told_sequence: Mapped[int] = mapped_column(default=0)
    placed_on: Mapped[dt.date]

    @property
    def about(self) -> str:
        """By what letters about it are found."""
        return ABOUT + self.id


class RsvpLink(Model):
    """A link that opens an RSVP; only the token's hash is kept. The first one also makes a double submit one RSVP.

    `own_key` is the key to the attendee's copy, wrapped for this link; links in later mails have none.
    """

    __tablename__ = "rsvp_links"

    token_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    rsvp_id: Mapped[str] = mapped_column(sa.ForeignKey("rsvps.id", ondelete="CASCADE"), index=True)
    own_key: Mapped[bytes | None]


class Receipt(Model):
    """That a list was destroyed: when, what was on it, and how many, as far as it may be told.

    `parties` and `seats` are the confirmed ones, in steps of five, and None when they were fewer than ten. `shred_ids`
    names the key files that went with it; `keys_gone_at` is empty until they did.
    """

    __tablename__ = "receipts"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey("events.id", ondelete="CASCADE"), index=True)
    at: Mapped[dt.datetime] = mapped_column(Moment)
    early: Mapped[bool]
    classes: Mapped[list[str]] = mapped_column(sa.JSON)
    parties: Mapped[int | None]
    seats: Mapped[int | None]
    shred_ids: Mapped[list[str]] = mapped_column(sa.JSON)
    keys_gone_at: Mapped[dt.datetime | None] = mapped_column(Moment)
