"""What is asked at the door: who is expected, who is here, how many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from ..core.db import db
from ..core.i18n import current_locale
from ..core.text import finder, folded, sorting_key
from ..core.tokens import token_hash
from ..events.models import Event
from ..events.queries import all_events
from ..organizers.roles import Reach
from ..questions.models import DOOR as SEEN_BY_DOOR
from ..questions.queries import questions_of
from ..questions.views import Answered, answered
from ..rsvps.answers import read_answers
from ..rsvps.door_boxes import DoorReader
from ..rsvps.models import ACTIVE, CONFIRMED, NOT_COMING, REMOVED, Rsvp, RsvpLink
from .models import Arrival

PAGE = 100
MOST_BY_NAME = 1000
EXPECTED, HERE = "expected", "here"
LATELY = dt.timedelta(minutes=5)
SHOWN_AFTER = dt.timedelta(hours=12)


@dataclass(frozen=True, kw_only=True)
class Party:
    """One party at the door. `name` is None where the reader has no key, or it does not open all the same (`damaged`).

    `people` is None until they are here.
    """

    id: str
    line: int
    name: str | None
    party_size: int
    status: str
    people: int | None
    at: dt.datetime | None
    answers: Sequence[Answered] = ()
    damaged: bool = False

    @property
    def confirmed(self) -> bool:
        """Whether a place is theirs."""
        return self.status == CONFIRMED

    @property
    def may_enter(self) -> bool:
        """Whether they can be counted in."""
        return self.people is None and self.status in ACTIVE

    @property
    def may_return(self) -> bool:
        """Whether they said that they don't come, and can be let in all the same."""
        return self.people is None and self.status == NOT_COMING


@dataclass(frozen=True, kw_only=True)
class DoorView:
    """A page of the parties that fit, by name; the number of those, and of pages. Or one party `alone`.

    `through`: all that were looked through, where a name that does not open fits no search.
    """

    parties: Sequence[Party]
    total: int
    page: int
    pages: int
    by_name: bool = True
    alone: bool = False
    through: Sequence[Party] = ()

    @property
    def sealed(self) -> bool:
        """Whether the reader has no key to some names."""
        return any(one.name is None and not one.damaged for one in self.through or self.parties)

    @property
    def damaged(self) -> bool:
        """Whether some names do not open, although the reader has the key."""
        return any(one.damaged for one in self.through or self.parties)

    @property
    def nobody(self) -> bool:
        """Whether surely nobody fits: those whose name is closed to the reader may be who was meant."""
        return not self.parties and not self.sealed and not self.damaged


@dataclass(frozen=True, kw_only=True)
class Heads:
    """People and parties: how many are here, and how many confirmed ones are still to come."""

    here: int
    expected: int
    parties_here: int
    parties_expected: int


def door_view(event_id: int, reader: DoorReader, *, show: str = EXPECTED, search: str = "", page: int = 1) -> DoorView:
    """Who is expected, or who is here; a search goes through everybody, also those who said that they don't come.

    By name, unless there are so many that opening all boxes would keep the door waiting: then by line.
    """
    query, read = _with_arrivals(event_id), _party(reader)
    if not search:
        absent = sa.and_(Arrival.rsvp_id.is_(None), Rsvp.status.in_(ACTIVE))
        query = query.where(Arrival.rsvp_id.is_not(None) if show == HERE else absent)
    total = db.session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    if total > MOST_BY_NAME and not search:
        page, pages = _page(page, total)
        rows = db.session.execute(query.order_by(Rsvp.line).offset((page - 1) * PAGE).limit(PAGE))
        return _view(event_id, [read(row) for row in rows], reader, total, page, pages, by_name=False)
    fits, wanted = finder(search), folded(search)
    everybody = [read(row) for row in db.session.execute(query)]
    found = [one for one in everybody if _is_meant(one, wanted) or (one.name is not None and fits(one.name))]
    found.sort(key=lambda one: (one.name is None, not _is_meant(one, wanted), sorting_key(one.name or ""), one.line))
    page, pages = _page(page, len(found))
    shown = _view(event_id, found[(page - 1) * PAGE : page * PAGE], reader, len(found), page, pages)
    return replace(shown, through=everybody)


def party_at_door(event_id: int, rsvp_id: str, reader: DoorReader) -> Party | None:
    """One party of this event; None when there is none."""
    row = db.session.execute(_with_arrivals(event_id).where(Rsvp.id == rsvp_id)).one_or_none()
    return _with_answers(event_id, [_party(reader)(row)], reader)[0] if row else None


def arrival_of(rsvp_id: str) -> tuple[dt.datetime, int] | None:
    """When a party was counted in, and how many people; None when it was not."""
    found = db.session.get(Arrival, rsvp_id)
    return (found.at, found.people) if found else None


def counted_by(rsvp_id: str) -> str | None:
    """The organizer who counted a party in; None when nobody did."""
    found = db.session.get(Arrival, rsvp_id)
    return found.by if found else None


def namesake(event_id: int, name: str, reader: DoorReader, *, token: str, now: dt.datetime) -> Party | None:
    """A party of this name that came a moment ago, other than the one of this token; as far as one can read."""
    own = sa.select(RsvpLink.rsvp_id).where(RsvpLink.token_hash == token_hash(token))
    lately = _with_arrivals(event_id).where(Arrival.at >= now - LATELY, Rsvp.id.not_in(own)).order_by(Arrival.at.desc())
    parties = map(_party(reader), db.session.execute(lately))
    return next((one for one in parties if folded(one.name or "") == folded(name)), None)


def heads(event_id: int) -> Heads:
    """How many are here and how many confirmed ones are still to come."""
    waits = sa.and_(Arrival.rsvp_id.is_(None), Rsvp.status == CONFIRMED)
    numbers = (
        sa.func.sum(Arrival.people),
        sa.func.sum(sa.case((waits, Rsvp.party_size), else_=0)),
        sa.func.count(Arrival.rsvp_id),
        sa.func.sum(sa.case((waits, 1), else_=0)),
    )
    query = sa.select(*numbers).select_from(Rsvp).outerjoin(Arrival, Arrival.rsvp_id == Rsvp.id)
    here, expected, parties_here, parties_expected = db.session.execute(query.where(Rsvp.event_id == event_id)).one()
    return Heads(
        here=int(here or 0),
        expected=int(expected or 0),
        parties_here=parties_here,
        parties_expected=int(parties_expected or 0),
    )


def unseated(slug: str) -> int:
    """How many people are here without a place: of a party that waits, for example."""
    here = sa.select(sa.func.sum(Arrival.people)).join(Rsvp, Rsvp.id == Arrival.rsvp_id)
    here = here.where(~Rsvp.holds_seats, Rsvp.status.in_(ACTIVE))
    return db.session.scalar(here.join(Event, Event.id == Rsvp.event_id).where(Event.slug == slug)) or 0


def doors_in(reach: Reach, *, now: dt.datetime) -> list[Event]:
    """The events at whose door somebody may stand and that are not long over, the next one first."""
    coming = [one for one in all_events(reach) if one.status != "draft" and one.ends_at + SHOWN_AFTER > now]
    return sorted(coming, key=lambda one: (one.starts_at, one.id))


def _with_arrivals(event_id: int) -> sa.Select[Rsvp, Arrival]:
    query = sa.select(Rsvp, Arrival).outerjoin(Arrival, Arrival.rsvp_id == Rsvp.id)
    return query.where(Rsvp.event_id == event_id, Rsvp.status != REMOVED)


def _page(wanted: int, total: int) -> tuple[int, int]:
    """The page to show, and how many there are."""
    pages = max(1, -(-total // PAGE))
    return min(max(1, wanted), pages), pages


def _view(
    event_id: int, shown: list[Party], reader: DoorReader, total: int, page: int, pages: int, *, by_name: bool = True
) -> DoorView:
    return DoorView(
        parties=_with_answers(event_id, shown, reader),
        total=total,
        page=page,
        pages=pages,
        by_name=by_name,
    )


def _with_answers(event_id: int, parties: list[Party], reader: DoorReader) -> list[Party]:
    """The same parties, with what they answered to questions that the door is told of."""
    asked = questions_of(event_id, retired=True)
    if not any(question.seen_by == SEEN_BY_DOOR for question in asked):
        return parties
    said = read_answers([one.id for one in parties], reader, door=True)
    return [replace(one, answers=answered(asked, said[one.id], current_locale())) for one in parties]


def _party(reader: DoorReader) -> Callable[[Any], Party]:
    def read(row: Any) -> Party:
        rsvp, arrival = row
        name = reader.name(rsvp)
        return Party(
            id=rsvp.id,
            line=rsvp.line,
            name=name,
            damaged=name is None and reader.has_key_to(rsvp),
            party_size=rsvp.party_size,
            status=rsvp.status,
            people=arrival.people if arrival else None,
            at=arrival.at if arrival else None,
        )

    return read


def _is_meant(party: Party, wanted: str) -> bool:
    """Whether this is just what was typed; such parties come first."""
    return wanted in folded(party.name or "") or wanted == str(party.line)
