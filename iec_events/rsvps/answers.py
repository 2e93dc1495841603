"""What a party answered to the event's questions: kept, read, sealed anew, and erased when its term is over.

One row for each RSVP and each term that the event's questions have (`Question.term`, days after the end). What stands
in its boxes, `answer_boxes.py` says.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import defer

from ..core.db import atomic, db, leave_no_trace
from ..core.shreds import destroy_shreds, has_shred
from ..events.keys import shreds_of
from ..events.models import LONGEST_KEPT, Event, EventKey
from ..questions.models import DOOR as SEEN_BY_DOOR
from ..questions.models import Answers, Question
from .answer_boxes import (
    Content,
    HasOpeners,
    cover_own_late,
    keys_in_use,
    opened,
    opened_at_the_door,
    opened_own,
    seal,
    seal_own,
    shred_name,
)
from .models import Rsvp, RsvpAnswers

AT_ONCE = 500


def keep_answers(
    rsvp: Rsvp,
    answers: Answers,
    questions: Iterable[Question],
    data_key: bytes | None,
    now: dt.datetime,
    reader: HasOpeners | None = None,
) -> None:
    """Keep what a party answered, in place of all it answered before; the caller's transaction keeps it.

    `questions`: all of the event's, the retired ones too (`questions_of(event_id, retired=True)`). `answers` to others
    are dropped. `data_key`: the key to the attendee's copy; without it their copy stays as it was. Of an answer that is
    the same as before, the door reads no more than people were told then, which `data_key` or `reader` opens.
    """
    rows = {row.keep_days: row for row in db.session.scalars(_of_party(rsvp.id))}
    before = [_opened_before(row, rsvp.event_id, data_key, reader) for row in rows.values()]
    keys, contents = keys_in_use(rsvp.event_id, now), _by_term(answers, questions)
    for term, found in contents.items():
        content = _as_told(found, before)
        row = rows.pop(term, None) or RsvpAnswers(rsvp_id=rsvp.id, keep_days=term)
        seal(row, rsvp.event_id, content, keys)
        if data_key is not None:
            seal_own(row, rsvp.event_id, content, data_key, keys)
        db.session.add(row)
    for row in rows.values():
        db.session.delete(row)


def with_earlier(answers: Answers, earlier: Answers, questions: Iterable[Question]) -> Answers:
    """What is answered now, and what was answered `earlier` to questions that are asked no more."""
    retired = {question.id for question in questions if question.retired_on is not None}
    return {**{key: answer for key, answer in earlier.items() if key in retired}, **answers}


def read_answers(rsvp_ids: Collection[str], reader: HasOpeners, *, door: bool = False) -> dict[str, Answers]:
    """What these parties answered, as far as this reader opens it: RSVP id -> question id -> answer.

    Every party asked for is in it. It costs one query for each 500 parties. A reader with the door's key only, and any
    reader with `door`, gets what the door may read, by what the person was told and by what the question says today.
    """
    found: dict[str, Answers] = {rsvp_id: {} for rsvp_id in rsvp_ids}
    at_the_door: set[str] = set()
    for row, event_id in _rows(rsvp_ids):
        content = opened(row, event_id, reader)
        if content is None or door:
            said = content.for_the_door if content else opened_at_the_door(row, event_id, reader)
            at_the_door |= said.keys()
        else:
            said = content.answers
        found[row.rsvp_id] |= said
    hidden = at_the_door - _seen_by_the_door(at_the_door)
    if not hidden:
        return found
    return {rsvp_id: {key: said[key] for key in said.keys() - hidden} for rsvp_id, said in found.items()}


def own_answers(rsvp: Rsvp, data_key: bytes | None) -> Answers:
    """The attendee's own copy; empty without the key to it, and what does not open is left out."""
    found: Answers = {}
    for row in db.session.scalars(_of_party(rsvp.id)) if data_key else ():
        content = opened_own(row, rsvp.event_id, cast("bytes", data_key))
        found |= content.answers if content else {}
    return found


def seal_anew(event_id: int, rsvp_ids: Collection[str], reader: HasOpeners, now: dt.datetime) -> bool:
    """Seal the answers of these parties of one event to its keys in use; False if one does not open for this reader.

    For answers that came in while nobody could hold a key (any reader opens those), and for a list's new key. The door
    reads what the person was told that it reads, or less.
    """
    keys = keys_in_use(event_id, now)
    seen = set(db.session.scalars(_door_questions().where(Question.event_id == event_id)))
    all_open = True
    for row, _event_id in _rows(rsvp_ids, own=True):
        content = opened(row, event_id, reader)
        if content is None:
            all_open = False
            continue
        door = [question_id for question_id in content.door if question_id in seen]
        seal(row, event_id, content._replace(door=door), keys)
        cover_own_late(row, event_id, keys)
    return all_open


def erase_answers(now: dt.datetime) -> None:
    """Erase answers whose term is over; those that are kept as long as the list go with it. The worker runs this."""
    if _erase_over(now):
        leave_no_trace()


def shreds_of_terms(shred_ids: Collection[str], terms: Iterable[int] = range(LONGEST_KEPT)) -> set[str]:
    """The key files of terms, all or these, that are there beside these, which are those of whole lists."""
    names = {shred_name(shred_id, days) for days in terms for shred_id in shred_ids}
    return {name for name in names if has_shred(name)}


@atomic()
def _erase_over(now: dt.datetime) -> int:
    """How many rows went, and their key files with them: a crash in between leaves rows that nobody misses."""
    brief = sa.exists().where(
        Rsvp.event_id == Event.id, RsvpAnswers.rsvp_id == Rsvp.id, RsvpAnswers.keep_days < LONGEST_KEPT
    )
    has_keys = sa.exists().where(EventKey.event_id == Event.id)  # those of terms may be there when no row is any more
    over = sa.select(Event.id, Event.ends_at).where(Event.ends_at <= now, sa.or_(brief, has_keys)).order_by(Event.id)
    return sum(_erase_terms(event_id, now - ends_at) for event_id, ends_at in _held(over))


def _held(query: sa.Select[int, dt.datetime]) -> list[tuple[int, dt.datetime]]:
    """Events, held until the end of the verb, so that none is moved meanwhile."""
    return [(event_id, ends_at) for event_id, ends_at in db.session.execute(query.with_for_update(of=Event))]


def _erase_terms(event_id: int, since_the_end: dt.timedelta) -> int:
    terms = [days for days in range(LONGEST_KEPT) if dt.timedelta(days=days) <= since_the_end]
    mine = RsvpAnswers.rsvp_id.in_(sa.select(Rsvp.id).where(Rsvp.event_id == event_id))
    gone = db.session.execute(
        sa.delete(RsvpAnswers).where(mine, RsvpAnswers.keep_days.in_(terms)),
        execution_options={"synchronize_session": False},
    )
    due = shreds_of_terms(shreds_of(event_id), terms)
    if due:
        destroy_shreds(due)
    return cast("sa.CursorResult[Any]", gone).rowcount


def _by_term(answers: Answers, questions: Iterable[Question]) -> dict[int, Content]:
    """The answers of each term, of every term that a question has which is asked now or was answered."""
    contents: dict[int, Content] = {}
    for question in questions:
        if question.retired_on is not None and question.id not in answers:
            continue
        content = contents.setdefault(question.term, Content({}, []))
        if question.id in answers:
            content.answers[question.id] = answers[question.id]
        if question.seen_by == SEEN_BY_DOOR:
            content.door.append(question.id)
    return contents


def _as_told(content: Content, before: Sequence[Content | None]) -> Content:
    """Without what the door would read of an answer that was given when people were told that it does not."""
    earlier = Content({}, [])
    for each in before:
        if each is None:  # nobody at hand knows what was told: then the door reads nothing
            return content._replace(door=[])
        earlier.answers.update(each.answers)
        earlier.door.extend(each.door)
    untold = {key for key, answer in earlier.answers.items() if content.answers.get(key) == answer} - {*earlier.door}
    return content._replace(door=[question_id for question_id in content.door if question_id not in untold])


def _opened_before(
    row: RsvpAnswers, event_id: int, data_key: bytes | None, reader: HasOpeners | None
) -> Content | None:
    """What stands in a row that is about to be replaced, as far as somebody at hand opens it."""
    own = opened_own(row, event_id, data_key) if data_key else None
    return own or (opened(row, event_id, reader) if reader else None)


def _seen_by_the_door(question_ids: Collection[str]) -> set[str]:
    if not question_ids:
        return set()
    return set(db.session.scalars(_door_questions().where(Question.id.in_(question_ids))))


def _door_questions() -> sa.Select[str]:
    return sa.select(Question.id).where(Question.seen_by == SEEN_BY_DOOR)


def _of_party(rsvp_id: str) -> sa.Select[RsvpAnswers]:
    return sa.select(RsvpAnswers).where(RsvpAnswers.rsvp_id == rsvp_id).order_by(RsvpAnswers.keep_days)


def _rows(rsvp_ids: Collection[str], *, own: bool = False) -> Iterator[tuple[RsvpAnswers, int]]:
    """Each row of these parties with the id of its event; with `own`, the attendee's copy comes along."""
    query = sa.select(RsvpAnswers, Rsvp.event_id).join(Rsvp)
    if not own:
        query = query.options(defer(RsvpAnswers.own))
    for some in _batches(rsvp_ids):
        found = db.session.execute(query.where(RsvpAnswers.rsvp_id.in_(some)))
        yield from ((row, event_id) for row, event_id in found.all())


def _batches(rsvp_ids: Collection[str]) -> Iterator[Sequence[str]]:
    left = iter(rsvp_ids)
    while some := list(islice(left, AT_ONCE)):
        yield some
