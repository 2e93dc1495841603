"""What a party answered to the event's questions: which box holds it, who opens which, and when it goes.

One row of boxes for each RSVP and each term that the event's questions have (`Question.term`, days after the end):

- `sealed` holds all answers of that term, sealed to the event's roster key (or, while nobody can hold it, to the
  server's vault), together with the ids of those of which the person was told that the door reads them, too.
- `door_sealed` holds these, sealed to the door key; it is there where the door reads an answer to any question.
- `own` is the attendee's copy of the same, under the data key of the rest of it (see `boxes`).

Boxes of a term that ends before the list does are covered with a key file of that term and event (core.shreds), which
is destroyed with the rows: from then on they open from no backup either, for nobody.

Event, RSVP, scope and term are bound into each box, so that none opens anywhere else. Boxes are filled up to steps of a
kilobyte, and every term has its row whatever was answered: the size of a row says little, its being there nothing.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, Protocol, cast

import sqlalchemy as sa
from sqlalchemy.orm import defer

from ..core.crypto import BoxRefused, vault
from ..core.db import atomic, db, leave_no_trace
from ..core.sealing import Opener, seal_box, unwrap, wrap
from ..core.shreds import cover, destroy_shreds, has_shred, is_covered, make_shred, uncover
from ..events.keys import DOOR, ROSTER, sealing_key, shreds_of
from ..events.models import LONGEST_KEPT, Event, EventKey
from ..questions.models import DOOR as SEEN_BY_DOOR
from ..questions.models import Answers, Question
from .models import Rsvp, RsvpAnswers

VAULT = "rsvps.answers"
OWN = "own"
STEP = 1024
AT_ONCE = 500


class HasOpeners(Protocol):
    """A reader: what it opens is sealed to the event keys with these ids, of the roster or of the door."""

    @property
    def openers(self) -> Mapping[str, Opener]:
        """Key id -> what opens its boxes."""


class _Content(NamedTuple):
    """What stands in the box of the roster: answers by question, and the ids of those that the door may read."""

    answers: Answers
    door: list[str]

    @property
    def for_the_door(self) -> Answers:
        return {question_id: answer for question_id, answer in self.answers.items() if question_id in self.door}


class _Keys(NamedTuple):
    roster: EventKey
    door: EventKey


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
    keys, contents = _keys(rsvp.event_id, now), _by_term(answers, questions)
    for term, found in contents.items():
        content = _as_told(found, before)
        row = rows.pop(term, None) or RsvpAnswers(rsvp_id=rsvp.id, keep_days=term)
        _seal(row, rsvp.event_id, content, keys)
        if data_key is not None:
            own = wrap(data_key, _of(OWN, rsvp.event_id, row), _octets(content._asdict()))
            row.own = _covered(OWN, rsvp.event_id, row, own, keys)
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
        content = _opened(row, event_id, reader)
        if content is None or door:
            said = content.for_the_door if content else _opened_at_the_door(row, event_id, reader)
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
        content = _opened_own(row, rsvp.event_id, cast("bytes", data_key))
        found |= content.answers if content else {}
    return found


def seal_anew(event_id: int, rsvp_ids: Collection[str], reader: HasOpeners, now: dt.datetime) -> bool:
    """Seal the answers of these parties of one event to its keys in use; False if one does not open for this reader.

    For answers that came in while nobody could hold a key (any reader opens those), and for a list's new key. The door
    reads what the person was told that it reads, or less.
    """
    keys = _keys(event_id, now)
    seen = set(db.session.scalars(_door_questions().where(Question.event_id == event_id)))
    all_open = True
    for row, _event_id in _rows(rsvp_ids, own=True):
        content = _opened(row, event_id, reader)
        if content is None:
            all_open = False
            continue
        door = [question_id for question_id in content.door if question_id in seen]
        _seal(row, event_id, content._replace(door=door), keys)
        if row.own and not is_covered(row.own):
            row.own = _covered(OWN, event_id, row, row.own, keys)
    return all_open


def erase_answers(now: dt.datetime) -> None:
    """Erase answers whose term is over; those that are kept as long as the list go with it. The worker runs this."""
    if _erase_over(now):
        leave_no_trace()


def shreds_of_terms(shred_ids: Iterable[str]) -> set[str]:
    """The key files of terms that are there beside these, which are those of whole lists."""
    names = {_shred(shred_id, days) for shred_id in shred_ids for days in range(LONGEST_KEPT)}
    return {name for name in names if has_shred(name)}


@atomic()
def _erase_over(now: dt.datetime) -> int:
    """How many rows went, and their key files with them: a crash in between leaves rows that nobody misses."""
    brief = sa.exists().where(
        Rsvp.event_id == Event.id, RsvpAnswers.rsvp_id == Rsvp.id, RsvpAnswers.keep_days < LONGEST_KEPT
    )
    over = sa.select(Event.id, Event.ends_at).where(Event.ends_at <= now, brief).order_by(Event.id)
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
    erased = cast("sa.CursorResult[Any]", gone).rowcount
    if erased:
        destroy_shreds(_shred(shred_id, days) for shred_id in shreds_of(event_id) for days in terms)
    return erased


def _by_term(answers: Answers, questions: Iterable[Question]) -> dict[int, _Content]:
    """The answers of each term, of every term that a question has which is asked now or was answered."""
    contents: dict[int, _Content] = {}
    for question in questions:
        if question.retired_on is not None and question.id not in answers:
            continue
        content = contents.setdefault(question.term, _Content({}, []))
        if question.id in answers:
            content.answers[question.id] = answers[question.id]
        if question.seen_by == SEEN_BY_DOOR:
            content.door.append(question.id)
    return contents


def _as_told(content: _Content, before: Sequence[_Content | None]) -> _Content:
    """Without what the door would read of an answer that was given when people were told that it does not."""
    earlier = _Content({}, [])
    for each in before:
        if each is None:  # nobody at hand knows what was told: then the door reads nothing
            return content._replace(door=[])
        earlier.answers.update(each.answers)
        earlier.door.extend(each.door)
    untold = {key for key, answer in earlier.answers.items() if content.answers.get(key) == answer} - {*earlier.door}
    return content._replace(door=[question_id for question_id in content.door if question_id not in untold])


def _keys(event_id: int, now: dt.datetime) -> _Keys | None:
    roster = sealing_key(event_id, ROSTER, now)
    door = sealing_key(event_id, DOOR, now) if roster else None  # who may not read the list holds no door either
    return _Keys(roster, door) if roster and door else None


def _seal(row: RsvpAnswers, event_id: int, content: _Content, keys: _Keys | None) -> None:
    said = content._asdict()
    if keys is None:
        row.sealed, row.roster_key_id = vault().seal(VAULT, _of(VAULT, event_id, row), said), None
        row.door_sealed, row.door_key_id = None, None
        return
    row.roster_key_id, row.door_key_id = keys.roster.id, None
    sealed = seal_box(keys.roster.public, _of(ROSTER, event_id, row), _octets(said))
    row.sealed, row.door_sealed = _covered(ROSTER, event_id, row, sealed, keys), None
    if content.door:
        at_the_door = seal_box(keys.door.public, _of(DOOR, event_id, row), _octets(content.for_the_door))
        row.door_sealed, row.door_key_id = _covered(DOOR, event_id, row, at_the_door, keys), keys.door.id


def _opened(row: RsvpAnswers, event_id: int, reader: HasOpeners) -> _Content | None:
    try:
        if row.roster_key_id is None:
            return _Content(**vault().open(VAULT, _of(VAULT, event_id, row), row.sealed))
        opener = reader.openers.get(row.roster_key_id)
        if opener is None:
            return None
        box = _uncovered(ROSTER, event_id, row, row.sealed)
        return _Content(**json.loads(opener.open(_of(ROSTER, event_id, row), box)))
    except BoxRefused:
        return None


def _opened_own(row: RsvpAnswers, event_id: int, data_key: bytes) -> _Content | None:
    try:
        box = _uncovered(OWN, event_id, row, row.own or b"")
        return _Content(**json.loads(unwrap(data_key, _of(OWN, event_id, row), box)))
    except BoxRefused:
        return None


def _opened_before(
    row: RsvpAnswers, event_id: int, data_key: bytes | None, reader: HasOpeners | None
) -> _Content | None:
    """What stands in a row that is about to be replaced, as far as somebody at hand opens it."""
    own = _opened_own(row, event_id, data_key) if data_key else None
    return own or (_opened(row, event_id, reader) if reader else None)


def _opened_at_the_door(row: RsvpAnswers, event_id: int, reader: HasOpeners) -> Answers:
    opener = reader.openers.get(row.door_key_id or "")
    if opener is None or row.door_sealed is None:
        return {}
    try:
        box = _uncovered(DOOR, event_id, row, row.door_sealed)
        said: Answers = json.loads(opener.open(_of(DOOR, event_id, row), box))
    except BoxRefused:
        return {}
    return said


def _covered(scope: str, event_id: int, row: RsvpAnswers, box: bytes, keys: _Keys | None) -> bytes:
    """A box covered with the key file of its term, made on the spot, where the term ends before the list does."""
    if keys is None or row.keep_days >= LONGEST_KEPT:
        return box
    name = _shred(keys.roster.shred_id, row.keep_days)
    if not has_shred(name):
        make_shred(name)
    return cover(name, _of(scope, event_id, row), box)


def _uncovered(scope: str, event_id: int, row: RsvpAnswers, box: bytes) -> bytes:
    return uncover(_of(scope, event_id, row), box) if is_covered(box) else box


def _shred(shred_id: str, keep_days: int) -> str:
    """The name of a term's key file, beside that of the whole list."""
    return f"{shred_id}-{keep_days}"


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


def _of(scope: str, event_id: int, row: RsvpAnswers) -> str:
    return f"rsvps.answers.{scope} {event_id} {row.rsvp_id} {row.keep_days}"


def _octets(content: Mapping[str, Any]) -> bytes:
    """JSON, filled up with blanks, which readers of JSON pass over; four octets are left for the box's own frame."""
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return plain + b" " * (-(len(plain) + 4) % STEP)
