"""Letters that nobody asked for by a deed: reminders, thanks, and news of events. The worker runs these.

Each is safe to repeat and in several copies: what was promised is noted in the same commit as the letter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from ...core.db import atomic, db
from ...core.i18n import speaking
from ...events.models import REMINDERS, Event, EventVersion
from ...events.queries import waits_for_date
from ...events.versions import CALLED_OFF, as_said, differences, versions_since
from ...events.views import EventView
from ...mail.actions import LEASE
from ...mail.models import OutboxMail
from ..letters import NEWS, news_kind, nothing_new
from ..models import ACTIVE, CONFIRMED, Rsvp
from .lines import just_told, write_to

AT_ONCE = 200
HOUR = dt.timedelta(hours=1)
THANKS_KEPT = dt.timedelta(days=3)  # as long as an address is kept at most
MORNING = dt.time(10)
NIGHT = 5 * HOUR  # what ends at five in the morning is thanked for on that day, not two hours later
GATHERED = dt.timedelta(minutes=5)
GATHERED_AT_MOST = dt.timedelta(minutes=15)
GATHERED_SHORTLY = dt.timedelta(minutes=1)
NEAR = 3 * HOUR
LATER = "later"


# --- Reminders


def send_reminders(now: dt.datetime) -> None:
    """Remind those who come and want it, as long before the start as each event says, or of a new start when it moved.

    A reminder that was missed is caught up, but of several only the last one. Who was told when it is after that point,
    by whatever letter, is not reminded; and a change is told of first.
    """
    for event_id, starts_at, hours in _due_reminders(now):
        _in_parts(partial(_remind_some, event_id, starts_at, hours, now))


def _due_reminders(now: dt.datetime) -> list[tuple[int, dt.datetime, int]]:
    """(event id, its start, hours before it) of the latest reminder that each event owes by now."""
    soon = sa.select(Event.id, Event.starts_at, Event.reminders).where(
        Event.status == "published", Event.starts_at > now, Event.starts_at <= now + max(REMINDERS) * HOUR
    )
    due = []
    for event_id, starts_at, reminders in db.session.execute(soon.order_by(Event.id)).all():
        reached = [hours for hours in reminders if starts_at - hours * HOUR <= now]
        due += [(event_id, starts_at, min(reached))] if reached else []
    return due


@atomic()
def _remind_some(event_id: int, starts_at: dt.datetime, hours: int, now: dt.datetime) -> int:
    query = (
        sa.select(Rsvp, Event)
        .join(Event, Event.id == Rsvp.event_id)
        .where(
            Event.id == event_id,
            Event.starts_at == starts_at,
            Event.status == "published",
            Event.sequence == Rsvp.told_sequence,
            Rsvp.status == CONFIRMED,
            Rsvp.wants_reminders,
            Rsvp.mailable.is_not(None),
            sa.or_(
                Rsvp.reminded_of.is_(None),
                Rsvp.reminded_of != starts_at,
                Rsvp.reminded_hours.is_(None),
                Rsvp.reminded_hours > hours,
            ),
        )
        .order_by(Rsvp.id)
        .limit(AT_ONCE)
        .with_for_update(of=Rsvp, skip_locked=True)
    )
    found = db.session.execute(query).all()
    for rsvp, event in found:
        just_told(event, rsvp, now)
        write_to(rsvp, "reminder", now, others={"hours": hours, "starts_at": starts_at.isoformat()})
    return len(found)


# --- Thanks


def send_thanks(now: dt.datetime) -> None:
    """Thank those who came, as far as is known, on the morning after; where the event wants that, and so do they."""
    over = sa.select(Event).where(
        Event.thanks, Event.status == "published", Event.ends_at <= now, Event.ends_at > now - THANKS_KEPT
    )
    for event_id in [event.id for event in db.session.scalars(over.order_by(Event.id)) if thanks_due(event) <= now]:
        _in_parts(partial(_thank_some, event_id, now))


def thanks_due(event: Event) -> dt.datetime:
    """Ten in the morning at the place, some hours after the end."""
    over = (event.ends_at + NIGHT).astimezone(ZoneInfo(event.time_zone))
    day = over.date() + dt.timedelta(days=over.time() > MORNING)
    return dt.datetime.combine(day, MORNING, over.tzinfo)


@atomic()
def _thank_some(event_id: int, now: dt.datetime) -> int:
    query = sa.select(Rsvp).where(Rsvp.event_id == event_id, owes_thanks())
    found = db.session.scalars(query.order_by(Rsvp.id).limit(AT_ONCE).with_for_update(skip_locked=True)).all()
    for rsvp in found:
        rsvp.thanked = True
        write_to(rsvp, "thanks", now)
    return len(found)


def owes_thanks() -> sa.ColumnElement[bool]:
    """Of a party whose event thanks: whether it is still to be thanked."""
    return sa.and_(Rsvp.status == CONFIRMED, Rsvp.wants_letters, ~Rsvp.thanked, Rsvp.mailable.is_not(None))


# --- News of events


def tell_changes(now: dt.datetime) -> None:
    """Write to everyone who knows an older SEQUENCE of an event that is not over, once nobody is mending it any more.

    Who waits for a new date is told that there is none, whatever the old one.

    Changes are gathered for five minutes, so that a slip can be mended; what was changed back is told to nobody.
    """
    for event_id, known in _with_news(now).items():
        versions = versions_since(event_id, min(sequence for sequence, _comes in known))
        event = db.session.get_one(Event, event_id, populate_existing=True)
        if is_settled(event, versions, now) and _anything_to_tell(event, known, now):
            _in_parts(_Telling(event_id, now))


def is_settled(event: Event, versions: Sequence[EventVersion], now: dt.datetime) -> bool:
    """Whether the changes since these versions, oldest first, have been gathered long enough to be told.

    Five minutes since the last one, fifteen at most since the first; a minute when people may be on their way, or must
    not set out.
    """
    if not versions:
        return True
    starts = [event.starts_at, *(as_said(event, version.said).starts_at for version in versions)]
    hurried = event.status in CALLED_OFF or min(starts) - now < NEAR
    wait = GATHERED_SHORTLY if hurried else GATHERED
    return now >= min(versions[-1].until + wait, versions[0].until + GATHERED_AT_MOST)


def _with_news(now: dt.datetime) -> dict[int, set[tuple[int, bool]]]:
    """Event id -> what parties know that know too little: a SEQUENCE, and whether as somebody who comes."""
    comes = (Rsvp.status == CONFIRMED).label("comes")
    since = sa.and_(EventVersion.event_id == Event.id, EventVersion.sequence >= Rsvp.told_sequence)
    waited = sa.exists().where(since, EventVersion.said["status"].as_string() == "postponed")
    never = sa.and_(Event.status == "cancelled", waits_for_date(now), waited)
    query = (
        sa.select(Event.id, Rsvp.told_sequence, comes)
        .join(Rsvp, Rsvp.event_id == Event.id)
        .where(
            Rsvp.status.in_(ACTIVE),
            Rsvp.told_sequence < Event.sequence,
            Event.published_at.is_not(None),
            sa.or_(Event.ends_at > now, never),
        )
        .distinct()
        .order_by(Event.id)
    )
    found: dict[int, set[tuple[int, bool]]] = {}
    for event_id, sequence, coming in db.session.execute(query).all():
        found.setdefault(event_id, set()).add((sequence, coming))
    return found


def _anything_to_tell(event: Event, known: set[tuple[int, bool]], now: dt.datetime) -> bool:
    """Whether not all of them wait until more is known: a long list is not gone through every time for that."""
    return any(_news(event, since=sequence, comes=comes, now=now) != LATER for sequence, comes in known)


@dataclass
class _Telling:
    """News of one event, told to those who need it, some in each call."""

    event_id: int
    now: dt.datetime
    after: str = ""
    kinds: dict[tuple[int, bool, bool], str | None] = field(default_factory=dict)
    versions: list[EventVersion] = field(default_factory=list)

    @atomic()
    def __call__(self) -> int:
        event = db.session.get_one(Event, self.event_id, populate_existing=True)
        query = sa.select(Rsvp).where(
            Rsvp.event_id == event.id,
            Rsvp.id > self.after,
            Rsvp.status.in_(ACTIVE),
            Rsvp.told_sequence < event.sequence,
        )
        found = db.session.scalars(query.order_by(Rsvp.id).limit(AT_ONCE).with_for_update(skip_locked=True)).all()
        abouts = [rsvp.about for rsvp in found]
        waiting, written = _waiting_news(abouts, self.now), _written_news(abouts)
        for rsvp in found:
            self.after = rsvp.id
            if rsvp.about in written:
                rsvp.told_sequence = max(rsvp.told_sequence, self._told_by(event, written[rsvp.about]))
            self._tell(event, rsvp, waiting=waiting.get(rsvp.about))
        return len(found)

    def _tell(self, event: Event, rsvp: Rsvp, *, waiting: bool | None) -> None:
        """`waiting`: an earlier letter with news has not gone out, and is being written at the moment (True) or not."""
        if waiting:
            return  # it may or may not know of this yet: the next round tells
        if rsvp.told_sequence == event.sequence:
            return
        kind = None if waiting is False else self._kind(event, rsvp)
        if kind == LATER:
            return
        since, rsvp.told_sequence = rsvp.told_sequence, event.sequence
        if kind is not None:
            comes = rsvp.status == CONFIRMED
            write_to(rsvp, kind, self.now, others={"since": since, "entitled": comes})

    def _told_by(self, event: Event, moment: dt.datetime) -> int:
        """The SEQUENCE that a letter with news told which was written by then: it says what is so when it is written.

        None, 0, while the event was off: such a letter says that, and nothing of what else changed.
        """
        self.versions = self.versions or versions_since(self.event_id, 0)
        then = next((version for version in self.versions if version.until > moment), None)
        if then is None:
            return event.sequence if event.status == "published" else 0
        return then.sequence if then.said["status"] == "published" else 0

    def _kind(self, event: Event, rsvp: Rsvp) -> str | None:
        """Which letter tells what is new to this party; None when nothing is, LATER while that is not known."""
        comes = rsvp.status == CONFIRMED
        known = rsvp.told_sequence, comes, comes and rsvp.quiet
        if known not in self.kinds:
            self.kinds[known] = _news(event, since=known[0], comes=comes, in_utc=known[2], now=self.now)
        return self.kinds[known]


def _news(event: Event, *, since: int, comes: bool, in_utc: bool = False, now: dt.datetime) -> str | None:
    """`in_utc`: a quiet calendar entry tells hours in UTC."""
    versions = versions_since(event.id, since)
    if not versions or versions[0].sequence != since:  # nobody kept what was said then
        return news_kind("published", event.status)
    old = as_said(event, versions[0].said, in_utc=in_utc)
    with speaking("en"):
        views = (EventView(one, "en", now, entitled=comes) for one in (old, event))
        changes = differences(*views)
    if not nothing_new(old.status, event.status, changes):
        return news_kind(old.status, event.status)
    return None if event.status == "published" else LATER


def _waiting_news(abouts: Sequence[str], now: dt.datetime) -> dict[str, bool]:
    """Letters with news that have not gone out: they will tell the latest. Whether one is just being written."""
    query = sa.select(OutboxMail.about, OutboxMail.leased_until).where(
        OutboxMail.about.in_(abouts),
        OutboxMail.kind.in_([f"rsvps.{kind}" for kind in NEWS]),
        OutboxMail.waiting(),
    )
    found: dict[str, bool] = {}
    for about, leased_until in db.session.execute(query):
        found[about] = found.get(about, False) or (leased_until is not None and leased_until >= now)
    return found


def _written_news(abouts: Sequence[str]) -> dict[str, dt.datetime]:
    """When the latest letter with news that went out, or had nothing to say by then, was surely not written yet."""
    ended = sa.func.max(sa.func.coalesce(OutboxMail.handed_at, OutboxMail.done_at))
    query = sa.select(OutboxMail.about, ended).where(
        OutboxMail.about.in_(abouts),
        OutboxMail.kind.in_([f"rsvps.{kind}" for kind in NEWS]),
        OutboxMail.done_at.is_not(None),
    )
    return {about: at - LEASE for about, at in db.session.execute(query.group_by(OutboxMail.about)).all()}


def _in_parts(some: Callable[[], int]) -> None:
    """Do it until nothing is left, a few in each transaction, so that nobody waits long for the database."""
    while some() == AT_ONCE:
        pass
