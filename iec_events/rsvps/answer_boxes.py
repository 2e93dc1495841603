"""What stands in the boxes of answers, who opens which, and when they open for nobody any more.

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
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from ..core.crypto import BoxRefused, vault
from ..core.sealing import Opener, seal_box, unwrap, wrap
from ..core.shreds import cover, has_shred, is_covered, make_shred, uncover
from ..events.keys import DOOR, ROSTER, sealing_key
from ..events.models import LONGEST_KEPT, EventKey
from ..questions.models import Answers
from .models import RsvpAnswers

VAULT = "rsvps.answers"
OWN = "own"
STEP = 1024


class HasOpeners(Protocol):
    """A reader: what it opens is sealed to the event keys with these ids, of the roster or of the door."""

    @property
    def openers(self) -> Mapping[str, Opener]:
        """Key id -> what opens its boxes."""


class Content(NamedTuple):
    """What stands in the box of the roster: answers by question, and the ids of those that the door may read."""

    answers: Answers
    door: list[str]

    @property
    def for_the_door(self) -> Answers:
        """The answers that the door may read."""
        return {question_id: answer for question_id, answer in self.answers.items() if question_id in self.door}


class Keys(NamedTuple):
    """Those in use of an event, to which answers are sealed."""

    roster: EventKey
    door: EventKey


def keys_in_use(event_id: int, now: dt.datetime) -> Keys | None:
    """The keys of the list; None while nobody can hold them."""
    roster = sealing_key(event_id, ROSTER, now)
    door = sealing_key(event_id, DOOR, now) if roster else None  # who may not read the list holds no door either
    return Keys(roster, door) if roster and door else None


def seal(row: RsvpAnswers, event_id: int, content: Content, keys: Keys | None) -> None:
    """Fill the boxes that organizers and the door open; without keys, the server's vault keeps it."""
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


def seal_own(row: RsvpAnswers, event_id: int, content: Content, data_key: bytes, keys: Keys | None) -> None:
    """Fill the attendee's copy."""
    own = wrap(data_key, _of(OWN, event_id, row), _octets(content._asdict()))
    row.own = _covered(OWN, event_id, row, own, keys)


def cover_own_late(row: RsvpAnswers, event_id: int, keys: Keys | None) -> None:
    """Cover the attendee's copy if it was written before the event had a key."""
    if row.own and not is_covered(row.own):
        row.own = _covered(OWN, event_id, row, row.own, keys)


def opened(row: RsvpAnswers, event_id: int, reader: HasOpeners) -> Content | None:
    """What a reader of the list opens; None without its key, or when the box was touched."""
    try:
        if row.roster_key_id is None:
            return Content(**vault().open(VAULT, _of(VAULT, event_id, row), row.sealed))
        opener = reader.openers.get(row.roster_key_id)
        if opener is None:
            return None
        box = _uncovered(ROSTER, event_id, row, row.sealed)
        return Content(**json.loads(opener.open(_of(ROSTER, event_id, row), box)))
    except BoxRefused:
        return None


def opened_own(row: RsvpAnswers, event_id: int, data_key: bytes) -> Content | None:
    """What stands in the attendee's copy; None when it does not open."""
    try:
        box = _uncovered(OWN, event_id, row, row.own or b"")
        return Content(**json.loads(unwrap(data_key, _of(OWN, event_id, row), box)))
    except BoxRefused:
        return None


def opened_at_the_door(row: RsvpAnswers, event_id: int, reader: HasOpeners) -> Answers:
    """What a reader with the door's key opens."""
    opener = reader.openers.get(row.door_key_id or "")
    if opener is None or row.door_sealed is None:
        return {}
    try:
        box = _uncovered(DOOR, event_id, row, row.door_sealed)
        said: Answers = json.loads(opener.open(_of(DOOR, event_id, row), box))
    except BoxRefused:
        return {}
    return said


def shred_name(shred_id: str, keep_days: int) -> str:
    """The name of a term's key file, beside that of the whole list."""
    return f"{shred_id}-{keep_days}"


def _covered(scope: str, event_id: int, row: RsvpAnswers, box: bytes, keys: Keys | None) -> bytes:
    """A box covered with the key file of its term, made on the spot, where the term ends before the list does."""
    if keys is None or row.keep_days >= LONGEST_KEPT:
        return box
    name = shred_name(keys.roster.shred_id, row.keep_days)
    if not has_shred(name):
        make_shred(name)
    return cover(name, _of(scope, event_id, row), box)


def _uncovered(scope: str, event_id: int, row: RsvpAnswers, box: bytes) -> bytes:
    return uncover(_of(scope, event_id, row), box) if is_covered(box) else box


def _of(scope: str, event_id: int, row: RsvpAnswers) -> str:
    return f"rsvps.answers.{scope} {event_id} {row.rsvp_id} {row.keep_days}"


def _octets(content: Mapping[str, Any]) -> bytes:
    """JSON, filled up with blanks, which readers of JSON pass over; four octets are left for the box's own frame."""
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return plain + b" " * (-(len(plain) + 4) % STEP)
