"""Letters as drafts: kept, changed, deleted. Each verb holds the letter's row, so that two tabs come one by one."""

from __future__ import annotations

import datetime as dt
import re
from typing import ClassVar

import sqlalchemy as sa

from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _l
from ...events.models import Event
from ...events.queries import EventUnknown
from ...mail.actions import forget as forget_letters
from ...organizers.audit import note
from ..drafts import LetterDraft, objections
from ..models import DRAFT, Broadcast
from ..queries import LetterUnknown
from ..wording import sealed, texts_of

ROW_ID = re.compile("[A-Za-z0-9_-]{16}")
MOST_LETTERS = 100
ABOUT = "letter:"  # before the id, in the `about` of tests


class LetterRefused(Refusal):
    """A draft that cannot be kept; `field` names what the sentence is about."""

    status: ClassVar[int] = 422

    def __init__(self, field: str, message: object) -> None:
        super().__init__(field)
        self.field = field
        self.message = message


class LetterSent(Refusal):
    """It is no draft any more."""

    message = _l("This letter is on its way already, sent in another tab or by somebody else. It can’t be changed now.")


class Changed(Refusal):
    """Somebody saved the letter after this page was opened."""

    message = _l(
        "This letter was changed in the meantime, in another tab or by somebody else. Nothing of yours is lost: it is "
        "all below. Look at what stands there now, then go on if yours should stand."
    )


class TooManyLetters(Refusal):
    """Nobody reads as many."""

    status: ClassVar[int] = 422
    message = _l("An event can have 100 letters at most. Delete a draft first.")


@atomic()
def keep_letter(*, slug: str, letter_id: str, draft: LetterDraft, now: dt.datetime, made_from: int = -1) -> None:
    """Keep a new draft. The same id keeps one letter: other words under it, after a step back, are a change of it.

    Raises EventUnknown, TooManyLetters, LetterRefused; for a change what `revise_letter` raises.
    """
    event = locked_event(slug)
    if not ROW_ID.fullmatch(letter_id):
        raise LetterRefused("texts", _l("Please open this page anew: it does not say which letter this is."))
    before = db.session.get(Broadcast, letter_id)
    if before is not None and (before.audience, texts_of(before)) == (draft.audience, draft.texts):
        return
    if before is not None:
        revise_letter(slug=slug, letter_id=letter_id, draft=draft, made_from=made_from, now=now)
        return
    _check(draft)
    of_event = sa.select(sa.func.count()).select_from(Broadcast).where(Broadcast.event_id == event.id)
    if (db.session.scalar(of_event) or 0) >= MOST_LETTERS:
        raise TooManyLetters
    row = new_draft(letter_id, event.id)
    row.audience, row.sealed, row.revised_at = draft.audience, sealed(letter_id, draft.texts), now
    db.session.add(row)
    note("letter.written", f"event:{slug}", now=now)


@atomic()
def revise_letter(*, slug: str, letter_id: str, draft: LetterDraft, made_from: int, now: dt.datetime) -> None:
    """Change a draft. `made_from`: its version when the form was made. LetterUnknown, LetterSent, Changed."""
    row = locked_draft(slug, letter_id)
    if row.version != made_from:
        raise Changed
    _check(draft)
    row.audience, row.sealed, row.revised_at = draft.audience, sealed(row.id, draft.texts), now
    row.version += 1
    note("letter.changed", f"event:{slug}", now=now)


@atomic()
def delete_letter(*, slug: str, letter_id: str, now: dt.datetime) -> None:
    """Delete a draft and its tests; doing it twice does it once. LetterSent."""
    try:
        row = locked_draft(slug, letter_id)
    except LetterUnknown:
        return
    forget_letters(about=ABOUT + row.id)
    db.session.delete(row)
    note("letter.deleted", f"event:{slug}", now=now)


def new_draft(letter_id: str, event_id: int) -> Broadcast:
    """A letter without words."""
    row = Broadcast(id=letter_id, event_id=event_id, state=DRAFT, version=1, cursor="", all_written=False)
    row.handed_over = row.failed = row.uncertain = 0
    return row


def back_to_draft(row: Broadcast, now: dt.datetime) -> None:
    """Take a letter that has not begun off its way."""
    row.state, row.due_at, row.revised_at = DRAFT, None, now
    row.version += 1


def locked(slug: str, letter_id: str) -> Broadcast:
    """The letter, read afresh and held until the end of the verb (SQLite holds the whole database). LetterUnknown."""
    query = (
        sa.select(Broadcast)
        .join(Event, Event.id == Broadcast.event_id)
        .where(Broadcast.id == letter_id, Event.slug == slug)
        .with_for_update(of=Broadcast)
        .execution_options(populate_existing=True)
    )
    row = db.session.scalar(query)
    if row is None:
        raise LetterUnknown
    return row


def locked_draft(slug: str, letter_id: str) -> Broadcast:
    """The letter, held, if it is a draft still; LetterUnknown, LetterSent."""
    row = locked(slug, letter_id)
    if row.state != DRAFT:
        raise LetterSent
    return row


def locked_event(slug: str) -> Event:
    """The event, read afresh and held until the end of the verb. EventUnknown."""
    query = sa.select(Event).where(Event.slug == slug).with_for_update().execution_options(populate_existing=True)
    event = db.session.scalar(query)
    if event is None:
        raise EventUnknown
    return event


def _check(draft: LetterDraft) -> None:
    for field, sentence in objections(draft):
        raise LetterRefused(field, sentence)
