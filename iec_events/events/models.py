"""Campaign, Event, Image: what organizers publish. Nothing here is personal."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, TypedDict

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..core.db import Model, Moment

STATUSES = ("draft", "published", "cancelled", "postponed")
LONGEST_KEPT = 14
LONGEST_HOLD_H = 48
LONGEST_OFFER_H = 168
LARGEST_UNDER_ATTACK = 2
REMINDERS = (168, 24, 2)  # hours before the start: a week, a day, two hours
USUAL_REMINDERS = (24,)
KEPT, SKIPPED = "kept", "skipped"
Texts = dict[str, dict[str, str]]
Wall = list[Any]  # a naive time (ISO), and which of two it is where the clocks show it twice: 0 or 1


class ProgrammeItem(TypedDict):
    """One item of an evening: a local time `HH:MM` or an empty text, and its title and note per language."""

    at: str
    title: dict[str, str]
    note: dict[str, str]


class Campaign(Model):
    """A series of sister events. `texts`: language -> title, summary, description (Markdown)."""

    __tablename__ = "campaigns"
    shown: ClassVar[bool] = True

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(sa.String(80), unique=True)
    published: Mapped[bool] = mapped_column(default=False)
    texts: Mapped[Texts] = mapped_column(sa.JSON)
    revised_at: Mapped[dt.datetime] = mapped_column(Moment)

    events: Mapped[list[Event]] = relationship(back_populates="campaign", order_by="Event.starts_at")


class Event(Model):
    """One gathering. Moments are UTC; `time_zone` (IANA) is the place's own.

    `seats_taken` counts the seats of confirmed parties; the constraint is the last guard against overbooking.
    `availability` is what strangers are told of it, in coarse steps.

    How one signs up: with `confirms_address`, those who give an address confirm it within `hold_hours` (their seats are
    held so long) and a person looks at those who give none; with `needs_approval`, a person looks at everybody. Freed
    seats are offered for `offer_hours`, or given at once where that is None. `address_hidden`: only those who come
    learn the exact place. An event that is not `listed` stands in no list, feed or search engine. `under_attack` is the
    organizers' switch: addresses are confirmed, everybody is looked at, parties are small. `puzzle`: browsers work for
    a moment before an RSVP is taken without a look. `closed_early`: closed by hand; the planned times stay.

    An event that lasts `all_day` begins with the first moment of its first day at the place and ends with the first
    moment after its last one; nobody is told hours of it, and it has no doors. `reminders`: how many hours before the
    start those who come are written to, out of REMINDERS; with `thanks`, they are written to once more after the end.

    A date of a series belongs to `series_id`; `recurs_at` is when its rule put it, and stays when the date is moved.

    `walls`: what the clocks showed for each moment when it was written (`walls`, which alone writes it). `clocks` says
    whether a state changed them since and the event followed: KEPT at its hour, or SKIPPED where that is none any more.

    The list of who comes is destroyed `keep_days` after the end. `sequence` and `revised_at` are iCalendar's
    SEQUENCE and LAST-MODIFIED (RFC 5545 3.8.7); `uid` never changes.
    """

    __tablename__ = "events"
    __table_args__ = (
        sa.CheckConstraint("capacity IS NULL OR seats_taken <= capacity", name="seats_within_capacity"),
        sa.CheckConstraint("seats_taken >= 0", name="seats_not_negative"),
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        sa.CheckConstraint("status IN ('draft', 'published', 'cancelled', 'postponed')", name="status_known"),
        sa.CheckConstraint("largest_party >= 1", name="party_possible"),
        sa.CheckConstraint("keep_days BETWEEN 0 AND 14", name="list_not_kept_long"),
        sa.CheckConstraint("hold_hours BETWEEN 1 AND 48", name="hold_not_long"),
        sa.CheckConstraint("offer_hours IS NULL OR offer_hours BETWEEN 1 AND 168", name="offer_not_long"),
        sa.UniqueConstraint("series_id", "recurs_at"),
    )
    shown: ClassVar[bool] = True
    unseen: ClassVar[frozenset[str]] = frozenset({"seats_taken", "lines_given", "clocks"})

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(sa.String(120), unique=True)
    slug: Mapped[str] = mapped_column(sa.String(80), unique=True)
    campaign_id: Mapped[int | None] = mapped_column(sa.ForeignKey("campaigns.id", ondelete="SET NULL"), index=True)
    status: Mapped[str] = mapped_column(sa.String(12), default="draft")
    published_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    texts: Mapped[Texts] = mapped_column(sa.JSON)
    programme: Mapped[list[ProgrammeItem]] = mapped_column(sa.JSON, default=list)

    time_zone: Mapped[str] = mapped_column(sa.String(60))
    starts_at: Mapped[dt.datetime] = mapped_column(Moment, index=True)
    ends_at: Mapped[dt.datetime] = mapped_column(Moment, index=True)
    doors_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    all_day: Mapped[bool] = mapped_column(default=False)
    walls: Mapped[dict[str, Wall]] = mapped_column(sa.JSON, default=dict)
    clocks: Mapped[str] = mapped_column(sa.String(8), default="")

    venue: Mapped[str] = mapped_column(sa.String(200), default="")
    street: Mapped[str] = mapped_column(sa.String(200), default="")
    city: Mapped[str] = mapped_column(sa.String(100), default="")
    region: Mapped[str] = mapped_column(sa.String(100), default="")
    country: Mapped[str] = mapped_column(sa.String(2), default="")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    online_url: Mapped[str] = mapped_column(sa.String(500), default="")

    image_name: Mapped[str | None] = mapped_column(sa.ForeignKey("images.name", ondelete="SET NULL"))
    contact: Mapped[str] = mapped_column(sa.String(200), default="")
    donation_url: Mapped[str] = mapped_column(sa.String(500), default="")

    capacity: Mapped[int | None]
    seats_taken: Mapped[int] = mapped_column(default=0)
    lines_given: Mapped[int] = mapped_column(default=0)
    availability: Mapped[str] = mapped_column(sa.String(8), default="")
    largest_party: Mapped[int] = mapped_column(default=6)
    rsvp_opens_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    rsvp_closes_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    keep_days: Mapped[int] = mapped_column(default=LONGEST_KEPT)
    confirms_address: Mapped[bool] = mapped_column(default=False)
    hold_hours: Mapped[int] = mapped_column(default=24)
    offer_hours: Mapped[int | None]
    needs_approval: Mapped[bool] = mapped_column(default=False)
    address_hidden: Mapped[bool] = mapped_column(default=False)
    listed: Mapped[bool] = mapped_column(default=True)
    asks_companions: Mapped[bool] = mapped_column(default=False)
    asks_children: Mapped[bool] = mapped_column(default=False)
    under_attack: Mapped[bool] = mapped_column(default=False)
    puzzle: Mapped[bool] = mapped_column(default=False)
    closed_early: Mapped[bool] = mapped_column(default=False)
    reminders: Mapped[list[int]] = mapped_column(sa.JSON, default=lambda: [*USUAL_REMINDERS])
    thanks: Mapped[bool] = mapped_column(default=False)

    series_id: Mapped[int | None] = mapped_column(sa.ForeignKey("event_series.id"))
    recurs_at: Mapped[dt.datetime | None] = mapped_column(Moment)

    sequence: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime] = mapped_column(Moment)
    revised_at: Mapped[dt.datetime] = mapped_column(Moment)

    campaign: Mapped[Campaign | None] = relationship(back_populates="events")
    image: Mapped[Image | None] = relationship()
    series: Mapped[EventSeries | None] = relationship(back_populates="dates")

    @property
    def list_ends_at(self) -> dt.datetime:
        """From when on the list of who comes is destroyed."""
        return self.ends_at + dt.timedelta(days=self.keep_days)

    @property
    def screened(self) -> bool:
        """Whether a person looks at everybody who wants to come."""
        return self.needs_approval or self.under_attack

    @property
    def asks_for_proof(self) -> bool:
        """Whether an address must be confirmed."""
        return self.confirms_address or self.under_attack

    @property
    def largest_now(self) -> int:
        """How many may come on one RSVP at the moment."""
        most = self.largest_party if self.capacity is None else min(self.largest_party, self.capacity)
        return min(most, LARGEST_UNDER_ATTACK) if self.under_attack else most

    def takes_rsvps(self, now: dt.datetime) -> bool:
        """Whether one can sign up now; `openings` says why not."""
        if self.status != "published" or self.closed_early or self.ends_at <= now:
            return False
        opened = self.rsvp_opens_at is None or self.rsvp_opens_at <= now
        return opened and (self.rsvp_closes_at is None or now < self.rsvp_closes_at)


class EventSeries(Model):
    """Something that comes again: its rule, and what its dates have in common. Each date is an event of its own.

    `uid` is the one of all its dates in calendars. `starts_at` is its first date, on the clocks of `time_zone`;
    `until_on` is the last day on which there may be one. `pattern` holds the columns that a new date gets, `offsets`
    the minutes on those clocks from the start to its other moments. `left_out`: starts (ISO, UTC) of dates that were
    taken out. `walls`, `sequence` and `revised_at` are as an event's.

    When its rule is changed from a date on, what comes after is another row with a uid of its own, because calendars
    know one rule for each; rows of one `thread` are one series to people, and the last one has the `slug`.
    """

    __tablename__ = "event_series"
    shown: ClassVar[bool] = True

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(sa.String(120), unique=True)
    thread: Mapped[str] = mapped_column(sa.String(16), index=True)
    slug: Mapped[str | None] = mapped_column(sa.String(80), unique=True)
    campaign_id: Mapped[int | None] = mapped_column(sa.ForeignKey("campaigns.id", ondelete="SET NULL"), index=True)
    rule: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    time_zone: Mapped[str] = mapped_column(sa.String(60))
    starts_at: Mapped[dt.datetime] = mapped_column(Moment)
    until_on: Mapped[dt.date]
    pattern: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    offsets: Mapped[dict[str, int]] = mapped_column(sa.JSON)
    left_out: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    walls: Mapped[dict[str, Wall]] = mapped_column(sa.JSON, default=dict)
    sequence: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime] = mapped_column(Moment)
    revised_at: Mapped[dt.datetime] = mapped_column(Moment)

    campaign: Mapped[Campaign | None] = relationship()
    dates: Mapped[list[Event]] = relationship(back_populates="series", order_by="Event.recurs_at")

    def leaves_out(self, recurs_at: dt.datetime) -> bool:
        """Whether the date that the rule puts there was taken out."""
        return recurs_at.astimezone(dt.UTC).isoformat() in self.left_out


class EventVersion(Model):
    """What an event said under a former SEQUENCE, so that who knew it is told what has changed; until it is over.

    `said` holds the columns that are told of (`versions.SAID`); `until` is when it ceased to be true.
    """

    __tablename__ = "event_versions"

    event_id: Mapped[int] = mapped_column(sa.ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    said: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    until: Mapped[dt.datetime] = mapped_column(Moment)


class Image(Model):
    """A picture, re-encoded as WebP without its metadata; the name is random and its bytes never change.

    `widths`: those of its smaller renditions, in pixels.
    """

    __tablename__ = "images"
    shown: ClassVar[bool] = True

    name: Mapped[str] = mapped_column(sa.String(22), primary_key=True)
    content: Mapped[bytes] = mapped_column(deferred=True)
    width: Mapped[int]
    height: Mapped[int]
    created_on: Mapped[dt.date]
    widths: Mapped[list[int]] = mapped_column(sa.JSON, default=list, server_default="[]")


class Rendition(Model):
    """The same picture in fewer pixels, for phones and slow lines."""

    __tablename__ = "image_renditions"

    image_name: Mapped[str] = mapped_column(sa.ForeignKey("images.name", ondelete="CASCADE"), primary_key=True)
    width: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes]


def city_of(event: Event, locale: str) -> str:
    """The city as this language calls it: «برکلی», Bogotá; the name in the address where nothing else is said."""
    return event.texts.get(locale, {}).get("city_name") or event.city


def text_of(texts: Any, key: str, locale: str) -> tuple[str, str]:
    """The text under `key` in this language, else in English, else in any; with the language it is in."""
    for code in (locale, "en", *texts):
        found = texts.get(code, {}).get(key)
        if found:
            return found, code
    return "", locale


class EventKey(Model):
    """The public half of a key pair to which an event's data of one scope is sealed; the highest version is in use.

    `roster` is for names, e-mail addresses, answers and notes, `door` for what the door needs to know. `shred_id` names
    the key file that covers every copy (core.shreds); all keys of an event share it, and it ends with the list.
    """

    __tablename__ = "event_keys"
    __table_args__ = (
        sa.UniqueConstraint("event_id", "scope", "version"),
        sa.CheckConstraint("scope IN ('roster', 'door')", name="scope_known"),
    )

    id: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey("events.id", ondelete="CASCADE"))
    scope: Mapped[str] = mapped_column(sa.String(6))
    version: Mapped[int]
    public: Mapped[bytes]
    shred_id: Mapped[str] = mapped_column(sa.String(16))
    made_at: Mapped[dt.datetime] = mapped_column(Moment)


class KeyCopy(Model):
    """The private half of an event's key, sealed to one holder (an organizer's id, or `recovery`) and covered."""

    __tablename__ = "key_copies"

    event_key_id: Mapped[str] = mapped_column(sa.ForeignKey("event_keys.id", ondelete="CASCADE"), primary_key=True)
    holder: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    sealed: Mapped[bytes]
