"""What is asked of letters: those of an event, how many they reach, how far they are, and those for one party."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, cast

import sqlalchemy as sa

from ..core.db import db
from ..core.errors import Refusal
from ..core.i18n import _l
from ..events.models import Event, EventVersion, Texts
from ..events.times import local_text
from ..mail.models import OutboxMail
from ..rsvps.boxes import address_of
from ..rsvps.models import ACTIVE, Rsvp
from .models import (
    AUDIENCES,
    COMING,
    DRAFT,
    MAIL,
    PAGE,
    SCHEDULED,
    SENDING,
    SENT,
    UNWANTED,
    Broadcast,
    BroadcastCopy,
)
from .wording import copy_id, first_of, language_for, texts_of

UNDER_WAY = (DRAFT, SENDING, SCHEDULED)
ENDED = ("handed_over", "failed", "uncertain")
ON_PAGES = (SENDING, SENT)  # what was stopped is shown to nobody any more


class LetterUnknown(Refusal):
    """This event has no such letter."""

    status: ClassVar[int] = 404
    message = _l("There is no such letter. It may have been deleted.")


@dataclass(frozen=True, kw_only=True)
class Reached:
    """Whom a letter would reach now: mails by the language they are read in, and why others get none."""

    mails: dict[str, int] = field(default_factory=dict)
    page_only: int = 0
    unwanted: int = 0

    @property
    def by_mail(self) -> int:
        """How many mails."""
        return sum(self.mails.values())

    @property
    def parties(self) -> int:
        """Everybody who finds it on their own page, too."""
        return self.by_mail + self.page_only + self.unwanted


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What became of a letter's mails so far. `uncertain` were cut off while the mail server took them."""

    mails: int = 0
    page_only: int = 0
    unwanted: int = 0
    waiting: int = 0
    handed_over: int = 0
    failed: int = 0
    uncertain: int = 0

    @property
    def parties(self) -> int:
        """For how many it is."""
        return self.mails + self.page_only + self.unwanted

    @property
    def dropped(self) -> int:
        """Mails that were not true any more when their turn came, or were stopped before."""
        return max(0, self.mails - self.waiting - self.handed_over - self.failed - self.uncertain)


@dataclass(frozen=True, kw_only=True)
class LetterView:
    """A letter in a list or on its page, with its words opened."""

    broadcast: Broadcast
    texts: Texts
    subject: str
    subject_locale: str

    @property
    def id(self) -> str:
        """Its id."""
        return self.broadcast.id

    @property
    def state(self) -> str:
        """`draft`, `scheduled`, `sending`, `sent` or `stopped`."""
        return self.broadcast.state

    @property
    def audience(self) -> str:
        """Whom it is for."""
        return self.broadcast.audience


@dataclass(frozen=True, kw_only=True)
class OwnLetter:
    """A letter as its recipient reads it on the own page."""

    subject: str
    text: str
    locale: str
    on: str
    at: dt.datetime


def letter_of(event_id: int, letter_id: str) -> Broadcast:
    """One letter of this event; LetterUnknown, also if it is another event's."""
    query = sa.select(Broadcast).where(Broadcast.id == letter_id, Broadcast.event_id == event_id)
    found = db.session.scalar(query)
    if found is None:
        raise LetterUnknown
    return found


def event_of(broadcast: Broadcast) -> Event:
    """The event to whose list it goes."""
    return db.session.get_one(Event, broadcast.event_id)


def view_of(broadcast: Broadcast, locale: str) -> LetterView:
    """The letter with its words, and its subject in this language if there is one."""
    texts = texts_of(broadcast)
    code = language_for(texts, locale)
    return LetterView(
        broadcast=broadcast,
        texts=texts,
        subject=texts[code]["subject"],
        subject_locale=code,
    )


def letters_of(event_id: int, locale: str) -> list[LetterView]:
    """Every letter of an event, drafts first, then the latest."""
    rows = db.session.scalars(sa.select(Broadcast).where(Broadcast.event_id == event_id)).all()
    return [view_of(row, locale) for row in sorted(rows, key=_latest_drafts_first)]


def reached(event_id: int, audience: str, texts: Texts) -> Reached:
    """Whom the letter would reach if it went out now."""
    mails: Counter[str] = Counter()
    page_only = unwanted = 0
    seen: set[str] = set()
    query = in_audience(event_id, audience).with_only_columns(
        Rsvp.id, Rsvp.event_id, Rsvp.mailable, Rsvp.address_index, Rsvp.wants_letters
    )
    for rsvp in cast("Iterable[Rsvp]", db.session.execute(query)):  # whole rows would take half of the time again
        way = way_to(rsvp, seen)
        page_only, unwanted = page_only + (way == PAGE), unwanted + (way == UNWANTED)
        address = address_of(rsvp) if way == MAIL else None
        if address:
            mails[language_for(texts, address["locale"])] += 1
    return Reached(mails=dict(mails), page_only=page_only, unwanted=unwanted)


def off_since(event: Event, moment: dt.datetime) -> bool:
    """Whether the event was called off or put off after this moment: what was written before may ask people to come."""
    versions = said_since(event, moment)
    return event.status != "published" and bool(versions) and versions[0].said["status"] != event.status


def said_since(event: Event, moment: dt.datetime) -> Sequence[EventVersion]:
    """What the event said after this moment and does not say now, oldest first."""
    later = sa.select(EventVersion).where(EventVersion.event_id == event.id, EventVersion.until > moment)
    return db.session.scalars(later.order_by(EventVersion.sequence)).all()


def written_until(event: Event) -> dt.datetime:
    """From when on nobody's address is left: its end; while it is postponed, the end of its list (decision 17)."""
    return event.list_ends_at if event.status == "postponed" else event.ends_at


def lists_beside(event: Event, moment: dt.datetime) -> Sequence[Event]:
    """The other events of its campaign to whose lists can be written then."""
    if event.campaign_id is None:
        return ()
    open_still = sa.and_(Event.status.in_(("published", "postponed")), Event.ends_at > moment)
    beside = sa.and_(Event.campaign_id == event.campaign_id, Event.id != event.id)
    return db.session.scalars(sa.select(Event).where(beside, open_still).order_by(Event.starts_at, Event.id)).all()


def same_letters(broadcast: Broadcast, *, held: bool = False) -> list[Broadcast]:
    """The same letter to lists of other events of the campaign.

    `held` until the end of the verb: then also of events that left the campaign since.
    """
    first, beside = first_of(broadcast), sa.select(Event.id)
    if not held:
        campaign = sa.select(Event.campaign_id).where(Event.id == broadcast.event_id).scalar_subquery()
        beside = beside.where(Event.campaign_id == campaign)
    ids = {first, *(copy_id(first, event_id) for event_id in db.session.scalars(beside))} - {broadcast.id}
    query = sa.select(Broadcast).where(Broadcast.id.in_(ids)).order_by(Broadcast.id)
    query = query.with_for_update() if held else query
    found = db.session.scalars(query.execution_options(populate_existing=True)).all()
    return [one for one in found if first_of(one) == first]  # one that was changed since is a letter of its own


def in_audience(event_id: int, audience: str) -> sa.Select[Rsvp]:
    """Those on the list for whom a letter is, as it stands now, in the order in which they are written to."""
    mine = sa.and_(Rsvp.event_id == event_id, Rsvp.status.in_(AUDIENCES[audience]))
    return sa.select(Rsvp).where(mine).order_by(Rsvp.id)


def way_to(rsvp: Rsvp, seen: set[str]) -> str:
    """How a letter gets to a party; `seen` are the addresses (as they are looked up) that have it already."""
    if rsvp.mailable is None or (rsvp.address_index or "") in seen:
        return PAGE
    if not rsvp.wants_letters:
        return UNWANTED
    if rsvp.address_index:
        seen.add(rsvp.address_index)
    return MAIL


def progress_of(broadcast: Broadcast) -> Progress:
    """How far a letter is; once it ended, what was counted then."""
    ways = _ways(broadcast.id)
    ended = broadcast.ended_at is not None
    became = {name: getattr(broadcast, name) for name in ENDED} if ended else became_of(broadcast.id)
    return Progress(mails=ways.get(MAIL, 0), page_only=ways.get(PAGE, 0), unwanted=ways.get(UNWANTED, 0), **became)


def became_of(broadcast_id: str) -> dict[str, int]:
    """The mails of a letter, counted by what became of them; done, and never handed over: there was nothing to say."""
    open_still = sa.and_(OutboxMail.done_at.is_(None), OutboxMail.given_up_at.is_(None))
    parts = {
        "waiting": OutboxMail.waiting(),
        "handed_over": sa.and_(OutboxMail.done_at.is_not(None), OutboxMail.handed_at.is_not(None)),
        "failed": OutboxMail.given_up_at.is_not(None),
        "uncertain": sa.and_(open_still, OutboxMail.uncertain_at.is_not(None)),
    }
    counts = [sa.func.count().filter(which).label(name) for name, which in parts.items()]
    row = db.session.execute(sa.select(*counts).where(OutboxMail.part_of == broadcast_id)).one()
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it


def letters_to(rsvp_id: str, locale: str) -> list[OwnLetter]:
    """What organizers wrote to this party, latest first.

    Who does not mean to come any more reads none; what was for those who have a place, only they read.
    """
    query = (
        sa.select(Broadcast, Event.time_zone)
        .join(BroadcastCopy, BroadcastCopy.broadcast_id == Broadcast.id)
        .join(Rsvp, Rsvp.id == BroadcastCopy.rsvp_id)
        .join(Event, Event.id == Broadcast.event_id)
        .where(Rsvp.id == rsvp_id, Rsvp.status.in_(ACTIVE), Broadcast.state.in_(ON_PAGES))
        .where(sa.or_(Broadcast.audience != COMING, Rsvp.status.in_(AUDIENCES[COMING])))
        .order_by(Broadcast.begun_at.desc(), Broadcast.id)
    )
    return [_own(row, zone, locale) for row, zone in db.session.execute(query)]


def _ways(broadcast_id: str) -> dict[str, int]:
    query = sa.select(BroadcastCopy.way, sa.func.count()).where(BroadcastCopy.broadcast_id == broadcast_id)
    return {row.way: row[1] for row in db.session.execute(query.group_by(BroadcastCopy.way))}


def _own(broadcast: Broadcast, zone: str, locale: str) -> OwnLetter:
    texts = texts_of(broadcast)
    code, at = language_for(texts, locale), broadcast.begun_at or broadcast.revised_at
    words = texts[code]
    return OwnLetter(subject=words["subject"], text=words["text"], locale=code, on=local_text(at, zone, locale), at=at)


def _latest_drafts_first(row: Broadcast) -> tuple[int, float, str]:
    at = row.begun_at or row.due_at or row.revised_at
    return (UNDER_WAY.index(row.state) if row.state in UNDER_WAY else len(UNDER_WAY)), -at.timestamp(), row.id
