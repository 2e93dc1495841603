"""Rsvp, its answers, links and history, and the Receipt that stays. What is personal stands only in sealed columns.

Who can read it at rest: `sealed` and `door_sealed` whoever holds the event's key, `own` the attendee with their link,
`mailable` the server itself, until nothing is left to send.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model, Moment

UNCONFIRMED = "unconfirmed"
PENDING = "pending"
CONFIRMED = "confirmed"
WAITLISTED = "waitlisted"
OFFERED = "offered"
NOT_COMING = "not_coming"
DECLINED = "declined"
LAPSED = "lapsed"
CANCELLED = "cancelled"
REMOVED = "removed"
STATUSES = (CONFIRMED, OFFERED, UNCONFIRMED, PENDING, WAITLISTED, NOT_COMING, DECLINED, LAPSED, CANCELLED, REMOVED)
ACTIVE = (UNCONFIRMED, PENDING, CONFIRMED, WAITLISTED, OFFERED)
MAY_RETURN = (NOT_COMING, LAPSED)
ATTENDEE = "attendee"  # who took a step, where it was no organizer
ABOUT = "rsvp:"  # before the id, in the `about` of letters


class Rsvp(Model):
    """One party. `line` is its place in the order of arrival; what is in the boxes, `boxes.py` says.

    A party that `holds_seats` is counted in the event's `seats_taken`: confirmed parties, offers, and those who still
    have to confirm their address. `until` ends an offer, or the wait for a confirmation. `passed_over` counts the
    parties behind it that were seated while it was too large (see seating). `address_index` finds a second RSVP with
    the same address at the same event; it goes when the address does. `mail_refused_on` is the day on which a mail
    server said for good that it takes nothing for this address.

    Letters: of a start at `reminded_of`, no reminder is owed that is due `reminded_hours` before it, or earlier: it
    went out, or another letter had just told the same. `thanked`: the letter after the event was promised. `quiet`:
    letters and calendars name neither event nor place. `told_sequence` is the SEQUENCE they know of; `sequence_ahead`
    is added to the event's in their own calendar when they left and may come back (calendars ignore lower ones).
    """

    __tablename__ = "rsvps"
    __table_args__ = (
        sa.UniqueConstraint("event_id", "line"),
        sa.CheckConstraint("party_size >= 1", name="party_not_empty"),
        sa.CheckConstraint(
            "status IN ('unconfirmed', 'pending', 'confirmed', 'waitlisted', 'offered', 'not_coming', 'declined', "
            "'lapsed', 'cancelled', 'removed')",
            name="status_known",
        ),
        sa.CheckConstraint(
            "(status IN ('confirmed', 'offered') AND holds_seats) OR status = 'unconfirmed' OR "
            "(status NOT IN ('confirmed', 'offered') AND NOT holds_seats)",
            name="seats_follow_status",
        ),
        sa.Index("ix_rsvps_event_status_line", "event_id", "status", "line"),
        sa.Index("ix_rsvps_event_address", "event_id", "address_index"),
        sa.Index(
            "ix_rsvps_until",
            "until",
            postgresql_where=sa.text("until IS NOT NULL"),
            sqlite_where=sa.text("until IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey("events.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(sa.String(11))
    holds_seats: Mapped[bool] = mapped_column(default=False)
    line: Mapped[int]
    party_size: Mapped[int]
    until: Mapped[dt.datetime | None] = mapped_column(Moment)
    warned: Mapped[bool] = mapped_column(default=False)
    address_confirmed: Mapped[bool] = mapped_column(default=False)
    approved: Mapped[bool] = mapped_column(default=False)
    passed_over: Mapped[int] = mapped_column(default=0)
    wants_reminders: Mapped[bool] = mapped_column(default=True)
    reminded_of: Mapped[dt.datetime | None] = mapped_column(Moment)
    reminded_hours: Mapped[int | None]
    wants_letters: Mapped[bool] = mapped_column(default=True)
    thanked: Mapped[bool] = mapped_column(default=False)
    quiet: Mapped[bool] = mapped_column(default=False)
    mail_refused_on: Mapped[dt.date | None]
    sealed: Mapped[bytes]
    roster_key_id: Mapped[str | None] = mapped_column(sa.ForeignKey("event_keys.id"), index=True)
    door_sealed: Mapped[bytes | None]
    door_key_id: Mapped[str | None] = mapped_column(sa.ForeignKey("event_keys.id"))
    own: Mapped[bytes | None]
    mailable: Mapped[bytes | None]
    address_index: Mapped[str | None] = mapped_column(sa.String(64))
    remark: Mapped[bytes | None]
    remark_key_id: Mapped[str | None] = mapped_column(sa.ForeignKey("event_keys.id"))
    told_sequence: Mapped[int] = mapped_column(default=0)
    sequence_ahead: Mapped[int] = mapped_column(default=0)
    placed_on: Mapped[dt.date]
    removal_id: Mapped[str | None] = mapped_column(sa.ForeignKey("rsvp_removals.id", ondelete="SET NULL"), index=True)
    status_before: Mapped[str | None] = mapped_column(sa.String(11))

    @property
    def active(self) -> bool:
        """Whether they still mean to come."""
        return self.status in ACTIVE

    @property
    def about(self) -> str:
        """By what letters about it are found."""
        return ABOUT + self.id


class RsvpRemoval(Model):
    """Parties that an organizer took off a list together; it can be undone until they are erased."""

    __tablename__ = "rsvp_removals"

    id: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey("events.id", ondelete="CASCADE"), index=True)
    at: Mapped[dt.datetime] = mapped_column(Moment)
    by: Mapped[str] = mapped_column(sa.String(16))
    parties: Mapped[int]


class RsvpStep(Model):
    """A step in the history of one RSVP: what happened on which day, by whom; nothing of what was said.

    `by` is `attendee`, `worker`, or an organizer's id. It is erased with the RSVP.
    """

    __tablename__ = "rsvp_steps"

    id: Mapped[int] = mapped_column(primary_key=True)
    rsvp_id: Mapped[str] = mapped_column(sa.ForeignKey("rsvps.id", ondelete="CASCADE"), index=True)
    on: Mapped[dt.date] = mapped_column("happened_on")
    what: Mapped[str] = mapped_column(sa.String(24))
    by: Mapped[str] = mapped_column(sa.String(16))


class LostLink(Model):
    """Somebody asks for their links to be sent again. The address is in a box of the server's vault, for seconds.

    It is the same row, written in the same time, whether or not the address is on any list; the worker looks.
    """

    __tablename__ = "lost_links"
    __table_args__ = {"info": {"never_archived": True}}  # noqa: RUF012 - nobody waits for it after a restore

    id: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    asked_at: Mapped[dt.datetime] = mapped_column(Moment)
    sealed: Mapped[bytes]


class RsvpAnswers(Model):
    """What one party answered to the event's questions, one row for each term after which answers are erased.

    A row is there for each term that the event's questions have, whatever was answered, so that it tells nothing.
    `keep_days` after the end of the event it goes, or with the list. What is in the boxes, `answer_boxes.py` says.
    """

    __tablename__ = "rsvp_answers"

    rsvp_id: Mapped[str] = mapped_column(sa.ForeignKey("rsvps.id", ondelete="CASCADE"), primary_key=True)
    keep_days: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, index=True)
    sealed: Mapped[bytes]
    roster_key_id: Mapped[str | None] = mapped_column(sa.ForeignKey("event_keys.id"), index=True)
    door_sealed: Mapped[bytes | None]
    door_key_id: Mapped[str | None] = mapped_column(sa.ForeignKey("event_keys.id"))
    own: Mapped[bytes | None]


class RsvpLink(Model):
    """A link that opens an RSVP; only the token's hash is kept. The first one also makes a double submit one RSVP.

    `own_key` is the key to the attendee's copy, wrapped for this link; links in later mails have none. A link that was
    only ever sent by mail `proves_address`: who opens it reads the mails to that address.
    """

    __tablename__ = "rsvp_links"

    token_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    rsvp_id: Mapped[str] = mapped_column(sa.ForeignKey("rsvps.id", ondelete="CASCADE"), index=True)
    own_key: Mapped[bytes | None]
    proves_address: Mapped[bool] = mapped_column(default=False)


class RsvpCalendar(Model):
    """The secret address of an attendee's own calendar, if they asked for one; it opens nothing but that calendar.

    The address is made from the `seed` and the server's secret key, so that the own page can show it again; whoever
    reads this table alone cannot make it.
    """

    __tablename__ = "rsvp_calendars"

    rsvp_id: Mapped[str] = mapped_column(sa.ForeignKey("rsvps.id", ondelete="CASCADE"), primary_key=True)
    seed: Mapped[str] = mapped_column(sa.String(16))
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)


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
