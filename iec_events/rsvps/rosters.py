"""What organizers ask of a list: a page of it, found, filtered and sorted; one party whole; what can be undone.

Names are sealed, so that no database can search or sort by them: then every party is opened, once. Without search,
without sorting by name and without asking who needs something, only those on the page are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import defer

from ..core.db import db
from ..core.text import finder, folded, sorting_key
from ..organizers.queries import names_of
from ..questions.models import LONG, SHORT, Answers, Question
from ..questions.queries import questions_of
from .answers import read_answers
from .boxes import NOBODY, Reader, Words
from .models import ACTIVE, REMOVED, STATUSES, Rsvp, RsvpRemoval, RsvpStep
from .queries import LinkUnknown, RsvpView, steps_of, view_of

PAGE = 100
ARRIVAL, BY_NAME, BY_SIZE = "arrival", "name", "size"
SORTS = (ARRIVAL, BY_NAME, BY_SIZE)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which parties, in what order. Without a status, all but those that were removed."""

    status: str = ""
    search: str = ""
    needs: bool = False
    twice: bool = False
    sort: str = ARRIVAL
    page: int = 1

    @property
    def opens_all(self) -> bool:
        """Whether every party must be opened to answer this."""
        return bool(self.search) or self.needs or self.sort == BY_NAME

    @property
    def filters(self) -> bool:
        """Whether it leaves anybody out."""
        return bool(self.status or self.search or self.needs or self.twice)

    def address(self, **others: object) -> dict[str, Any]:
        """What of it may stand in an address: everything but the search."""
        kept = {"status": self.status, "needs": self.needs and "yes", "twice": self.twice and "yes"}
        sort = self.sort if self.sort != ARRIVAL else ""
        return {name: value or None for name, value in {**kept, "sort": sort, **others}.items()}


@dataclass(frozen=True, kw_only=True)
class RosterPage:
    """A page of the list with what those on it answered, the number of all parties that match, and of pages.

    Of the parties on it, `damaged` do not open although the reader holds the key.
    """

    parties: Sequence[RsvpView]
    answers: Mapping[str, Answers] = field(default_factory=dict)
    damaged: int = 0
    total: int
    page: int
    pages: int

    @property
    def sealed(self) -> bool:
        """Whether some of it could not be read for want of a key."""
        return sum(party.name is None for party in self.parties) > self.damaged


class _Opened(NamedTuple):
    rsvp: Rsvp
    words: Words | None


def roster_page(event_id: int, wanted: Wanted, *, reader: Reader = NOBODY) -> RosterPage:
    """One page of the list."""
    query = _of_event(event_id, wanted)
    if wanted.opens_all:
        found = _found(event_id, query, wanted, reader)
        total, page, pages = _pages(len(found), wanted.page)
        shown = found[(page - 1) * PAGE : page * PAGE]
    else:
        counted = sa.select(sa.func.count()).select_from(query.order_by(None).with_only_columns(Rsvp.id).subquery())
        total, page, pages = _pages(db.session.scalar(counted) or 0, wanted.page)
        rows = db.session.scalars(query.offset((page - 1) * PAGE).limit(PAGE))
        shown = [_Opened(rsvp, reader.words(rsvp)) for rsvp in rows]
    twice = _twice(event_id, [one.rsvp for one in shown])
    parties = [
        view_of(rsvp, words, remark=reader.remark(rsvp), twice=rsvp.active and rsvp.address_index in twice)
        for rsvp, words in shown
    ]
    answers = read_answers([one.id for one in parties], reader)
    damaged = sum(one.words is None and reader.has_key_to(one.rsvp) for one in shown)
    return RosterPage(parties=parties, answers=answers, damaged=damaged, total=total, page=page, pages=pages)


def _pages(total: int, page: int) -> tuple[int, int, int]:
    pages = max(1, -(-total // PAGE))
    return total, min(max(1, page), pages), pages


def _of_event(event_id: int, wanted: Wanted) -> sa.Select[Rsvp]:
    order = (Rsvp.party_size.desc(), Rsvp.line) if wanted.sort == BY_SIZE else (Rsvp.line,)
    query = sa.select(Rsvp).where(Rsvp.event_id == event_id).order_by(*order).options(defer(Rsvp.own))
    query = query.where(Rsvp.status == wanted.status if wanted.status else Rsvp.status != REMOVED)
    if wanted.twice:
        query = query.where(Rsvp.status.in_(ACTIVE), Rsvp.address_index.in_(_same_address(event_id)))
    return query


def _found(event_id: int, query: sa.Select[Rsvp], wanted: Wanted, reader: Reader) -> list[_Opened]:
    found = [_Opened(rsvp, reader.words(rsvp)) for rsvp in db.session.scalars(query)]
    if wanted.search:
        sought, fits = folded(wanted.search), finder(wanted.search)
        found = [one for one in found if sought in _searched(one, reader) or any(map(fits, _names(one)))]
    if wanted.needs:
        found = _with_needs(event_id, found, reader)
    if wanted.sort == BY_NAME:
        found.sort(key=lambda one: (one.words is None, sorting_key(one.words.name if one.words else "")))
    return found


def _names(one: _Opened) -> tuple[str, ...]:
    return (one.words.name, *one.words.companions) if one.words else ()


def _searched(one: _Opened, reader: Reader) -> str:
    words = one.words
    said = (words.name, words.email or "", words.note, *words.companions) if words else ()
    return folded(" ".join((*said, reader.remark(one.rsvp))))


def _with_needs(event_id: int, found: list[_Opened], reader: Reader) -> list[_Opened]:
    """Those who wrote a note, or words in answer to a question that they could have left."""
    asked = {each.id for each in questions_of(event_id, retired=True) if _is_for_needs(each)}
    answers = read_answers([one.rsvp.id for one in found], reader) if asked else {}
    return [one for one in found if (one.words and one.words.note) or asked & answers.get(one.rsvp.id, {}).keys()]


def _is_for_needs(question: Question) -> bool:
    return question.kind in {SHORT, LONG} and not question.required


def _same_address(event_id: int) -> sa.Select[str]:
    """By what addresses are found that stand at more than one party of an event."""
    mine = sa.select(Rsvp.address_index).where(Rsvp.event_id == event_id, Rsvp.status.in_(ACTIVE))
    more = mine.where(Rsvp.address_index.is_not(None)).group_by(Rsvp.address_index)
    return more.having(sa.func.count() > 1)  # type: ignore[return-value]


def _twice(event_id: int, shown: Collection[Rsvp]) -> set[str | None]:
    indexes = {one.address_index for one in shown if one.address_index}
    return set(db.session.scalars(_same_address(event_id).where(Rsvp.address_index.in_(indexes)))) if indexes else set()


def tally(event_id: int) -> dict[str, int]:
    """Status -> parties, of every status."""
    query = sa.select(Rsvp.status, sa.func.count()).where(Rsvp.event_id == event_id).group_by(Rsvp.status)
    return {**dict.fromkeys(STATUSES, 0), **dict(db.session.execute(query).all())}


# --- One party, and what can be undone


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of a party's history; `name` is None where it was no organizer, or one whose account is gone."""

    on: dt.date
    what: str
    by: str
    name: str | None


@dataclass(frozen=True, kw_only=True)
class Whole:
    """One party with all that can be read of it; `damaged`: its box does not open, although the reader has the key."""

    party: RsvpView
    answers: Answers
    steps: Sequence[Step]
    damaged: bool = False


@dataclass(frozen=True, kw_only=True)
class Removal:
    """Parties that were removed together, and by whom; `parties` are those that can still be put back."""

    id: str
    at: dt.datetime
    name: str | None
    parties: int


def whole(*, event_id: int, rsvp_id: str, reader: Reader) -> Whole:
    """One party of this event; LinkUnknown."""
    rsvp = db.session.scalar(sa.select(Rsvp).where(Rsvp.id == rsvp_id, Rsvp.event_id == event_id))
    if rsvp is None:
        raise LinkUnknown
    twice = rsvp.active and rsvp.address_index in _twice(event_id, [rsvp])
    words = reader.words(rsvp)
    return Whole(
        party=view_of(rsvp, words, remark=reader.remark(rsvp), twice=twice),
        answers=read_answers([rsvp_id], reader)[rsvp_id],
        steps=_history(rsvp_id),
        damaged=words is None and reader.has_key_to(rsvp),
    )


def some_of(event_id: int, rsvp_ids: Collection[str], *, reader: Reader = NOBODY) -> list[RsvpView]:
    """Those of these parties that are on this event's list, by arrival; of another event's, nothing."""
    query = sa.select(Rsvp).where(Rsvp.event_id == event_id, Rsvp.id.in_(list(rsvp_ids)), Rsvp.status != REMOVED)
    return [view_of(rsvp, reader.words(rsvp)) for rsvp in db.session.scalars(query.order_by(Rsvp.line))]


def everyone(event_id: int, wanted: Wanted, *, last_line: int | None = None) -> list[RsvpView]:
    """All whom a filter shows, unopened; up to this line, so that nobody is meant who came after one looked."""
    query = _of_event(event_id, wanted).where(Rsvp.status != REMOVED)
    if last_line is not None:
        query = query.where(Rsvp.line <= last_line)
    return [view_of(rsvp, None) for rsvp in db.session.scalars(query)]


def removals(event_id: int) -> list[Removal]:
    """What was removed and can be put back, latest first."""
    left = sa.select(Rsvp.removal_id, sa.func.count()).where(Rsvp.event_id == event_id, Rsvp.status == REMOVED)
    counts = dict(db.session.execute(left.group_by(Rsvp.removal_id)).all())
    query = sa.select(RsvpRemoval).where(RsvpRemoval.event_id == event_id).order_by(RsvpRemoval.at.desc())
    rows = [row for row in db.session.scalars(query) if counts.get(row.id)]
    names = names_of({row.by for row in rows})
    return [Removal(id=row.id, at=row.at, name=names.get(row.by), parties=counts[row.id]) for row in rows]


def _history(rsvp_id: str) -> list[Step]:
    steps = steps_of(rsvp_id)
    names = names_of({step.by for step in steps})
    return [_step(step, names) for step in steps]


def _step(step: RsvpStep, names: Mapping[str, str]) -> Step:
    return Step(on=step.on, what=step.what, by=step.by, name=names.get(step.by))
