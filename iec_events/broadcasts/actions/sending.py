"""From a draft to its way, and back: sent now or for later, tried out, stopped."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import sqlalchemy as sa

from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _l
from ...events.models import Event
from ...mail.actions import post, withdraw_part
from ...mail.queries import open_letters
from ...organizers.audit import note
from ...organizers.roles import ALL as ALL_PLACES
from ...organizers.roles import Reach
from ..emails import TEST
from ..models import ALL, DRAFT, SCHEDULED, SENDING, STOPPED, Broadcast
from ..queries import lists_beside, reached, same_letters, written_until
from ..wording import copy_id, first_of, sealed, tells_place, texts_of
from .writing import ABOUT, Changed, LetterSent, back_to_draft, locked, locked_draft, new_draft

FEWEST_TOLD, STEP = 10, 5  # as in the receipts of lists that were destroyed
TESTS_AT_ONCE = 3  # one for each language


class EventOver(Refusal):
    """There is nobody left to write to."""

    message = _l(
        "When an event is over, the addresses of those who came are erased. So no letter can be sent after its end."
    )


class TimeOver(Refusal):
    """The moment that was chosen is not to come."""

    status: ClassVar[int] = 422
    message = _l("This moment is over already. Choose a later one, or send the letter now.")


class NobodyThere(Refusal):
    """The group is empty."""

    status: ClassVar[int] = 422
    message = _l("At the moment there is nobody in this group. Choose another one, or send the letter later.")


class PlaceTold(Refusal):
    """It names what only those who come may know, and nobody said that it should."""

    status: ClassVar[int] = 422
    message = _l(
        "This letter seems to name the place, or what stands in the note for the gate, to people who must not know it "
        "yet. Take it out, or tick the box below if you mean it so."
    )


@atomic()
def send_letter(
    *,
    slug: str,
    letter_id: str,
    made_from: int,
    due_at: dt.datetime | None,
    place_meant: bool,
    now: dt.datetime,
    everywhere: bool = False,
) -> int:
    """Send a draft now, or at `due_at`; how many are in its group now. Sending twice sends once, and tells 0.

    Whom it reaches is decided when it goes out. `everywhere`: also to the lists of the other events of the campaign
    that are not over by then, by a copy for each; an address gets one of them. Raises LetterUnknown, LetterSent (for
    another version than the one on its way), Changed, EventOver, TimeOver, NobodyThere, PlaceTold.
    """
    row = locked(slug, letter_id)
    if row.state != DRAFT:
        if row.version != made_from:
            raise LetterSent
        return 0
    if row.version != made_from:
        raise Changed
    event, texts = db.session.get_one(Event, row.event_id), texts_of(row)
    if (due_at or now) >= written_until(event):
        raise EventOver
    if due_at is not None and due_at <= now:
        raise TimeOver
    others = lists_beside(event, due_at or now) if everywhere else ()
    whom = ALL if others else row.audience  # who comes to one of them need not know where the others are
    if not place_meant and any(tells_place(texts, one, whom) for one in (event, *others)):
        raise PlaceTold
    parties = reached(event.id, row.audience, texts).parties
    if not parties and due_at is None and not others:
        raise NobodyThere
    row.state, row.due_at, row.revised_at = SCHEDULED, due_at or now, now
    note("letter.scheduled" if due_at else "letter.sent", f"letter:{slug}{_told(parties)}", now=now)
    if others and first_of(row) != row.id:
        row.sealed = sealed(row.id, texts)  # a copy no more: what is made of it now belongs to it
    for other in others:
        _send_copy(row, other, now)
    return parties


def _send_copy(row: Broadcast, event: Event, now: dt.datetime) -> None:
    """The same letter to the list of another event; one that is on its way, or was made another letter, stays."""
    texts, found = texts_of(row), copy_id(row.id, event.id)
    copy = db.session.get(Broadcast, found, populate_existing=True, with_for_update=True)
    if copy is None:
        copy = new_draft(found, event.id)
        db.session.add(copy)
    elif copy.state != DRAFT or first_of(copy) != row.id:
        return
    copy.audience, copy.sealed = row.audience, sealed(copy.id, texts, copy_of=row.id)
    copy.state, copy.due_at, copy.revised_at = SCHEDULED, row.due_at, now
    deed = "letter.scheduled" if row.due_at and row.due_at > now else "letter.sent"
    note(deed, f"letter:{event.slug}{_told(reached(event.id, row.audience, texts).parties)}", now=now)


def _told(parties: int) -> str:
    """How many, as far as it may be known when the list is gone: in steps of five, and nothing below ten."""
    return f" {parties - parties % STEP}" if parties >= FEWEST_TOLD else ""


@atomic()
def stop_letter(*, slug: str, letter_id: str, now: dt.datetime, reach: Reach = ALL_PLACES) -> str:
    """Stop a letter; what it is then: a draft again if it had not begun, else what is not out yet is withdrawn.

    So it is with its copies for other lists, as far as they are in `reach`. A mail that is being handed over at this
    moment may still arrive. Doing it twice does it once. LetterUnknown.
    """
    row = locked(slug, letter_id)
    copies = same_letters(row, held=True) if first_of(row) == row.id else ()
    for one in (row, *copies):
        event = db.session.get_one(Event, one.event_id)
        theirs = one is row or reach.has_event(event.slug, event.campaign.slug if event.campaign else None)
        if theirs and one.state in {SCHEDULED, SENDING}:
            _stop(one, now)
            note("letter.stopped", f"event:{event.slug}", now=now)
    return row.state


@atomic()
def stop_after_restore(now: dt.datetime) -> int:
    """Stop letters that would be on their way by now: since the backup they may have gone out; how many."""
    begun = sa.or_(Broadcast.state == SENDING, sa.and_(Broadcast.state == SCHEDULED, Broadcast.due_at <= now))
    rows = db.session.scalars(sa.select(Broadcast).where(begun).with_for_update()).all()
    for row in rows:
        _stop(row, now)
    return len(rows)


@atomic()
def send_test(*, slug: str, letter_id: str, to: str, locale: str, now: dt.datetime) -> None:
    """Send a draft to the organizer who asks, as readers of this language get it; not while some are on their way.

    LetterUnknown, LetterSent.
    """
    row = locked_draft(slug, letter_id)
    about = ABOUT + row.id
    if open_letters(about) < TESTS_AT_ONCE:
        post(kind=TEST, about=about, to=to, locale=locale, facts={"broadcast_id": row.id}, now=now)


def _stop(row: Broadcast, now: dt.datetime) -> None:
    if row.state == SCHEDULED:
        back_to_draft(row, now)
    else:
        row.state, row.all_written = STOPPED, True
        withdraw_part(row.id)
