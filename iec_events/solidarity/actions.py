"""What is done with messages: leaving one, taking it back, deciding on it, erasing the rejected ones.

While nobody has approved it, a message exists only sealed. A decision says what its maker saw, so that of two
organizers who decide at once the second changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ..core.config import settings
from ..core.crypto import vault
from ..core.db import atomic, db, leave_no_trace
from ..core.errors import Refusal
from ..core.i18n import _l
from ..core.text import direction_of
from ..core.tokens import derived_token, new_id, token_hash
from ..core.tombstones import bury
from ..events.models import Event
from ..events.queries import any_event, public_event, reached
from ..organizers.audit import note
from ..organizers.roles import ALL, Reach
from .models import APPROVED, PENDING, REJECTED, Message
from .queries import PURPOSE, WALL_OPEN_FOR, any_there, id_by_token, takes_messages, words_of

REJECTED_KEPT = dt.timedelta(days=7)
TAKEN_BACK_KNOWN = dt.timedelta(days=365)  # no key dies with a wall: old copies of the database can be read
NOTED = {APPROVED: "message.approved", REJECTED: "message.rejected", PENDING: "message.reconsidered"}


class WallClosed(Refusal):
    """The event is cancelled, or was more than a month ago."""

    message = _l("The wall of this night is closed: no more messages can be left.")


class DecidedAlready(Refusal):
    """Somebody else was faster."""

    message = _l(
        "Another organizer has decided on this in the meantime. Nothing was changed; here is how it stands now."
    )


class TakenBack(Refusal):
    """What was to be decided on is gone."""

    message = _l("This is not here any more: whoever wrote it took it back, or its time was over. Nothing was changed.")


class NoSuchMessage(Refusal):
    """One and the same answer to every link that takes nothing back."""

    status: ClassVar[int] = 404
    message = _l(
        "No message opens here. The link may have been copied only in part, or its message is gone already. If the "
        "page was open for long, or cookies are off, open the link once more."
    )


def leave_message(
    *, event_slug: str, text: str, signature: str, language: str, read_aloud: bool, seed: str, now: dt.datetime
) -> str:
    """Keep a message, sealed, until somebody has read it; the same one sent twice is kept once. WallClosed.

    The answer is the token by which it can be taken back, the same for both: made from the form and its words.
    """
    try:
        with atomic():
            event = public_event(event_slug)
            if not takes_messages(event, now):
                raise WallClosed
            submission = _submission(event, seed, text, signature)
            token = derived_token(settings().secret_key, f"message {event.id}", f"{seed}\0{signature}\0{text}")
            if not _is_known(submission):
                row = {"language": language, "read_aloud": read_aloud, "submission_hash": submission}
                row |= {"event_id": event.id, "placed_on": now.date(), "link_hash": token_hash(token)}
                _keep_sealed(row, text, signature)
    except IntegrityError:
        if not _is_known(submission):  # not the twin that arrived at the same moment
            raise
    return token


def take_back(*, token: str, now: dt.datetime) -> None:
    """Erase a message because who wrote it says so, and as far as it goes from the database's files.

    What is gone already is gone: the button was pressed twice.
    """
    message_id = id_by_token(token)
    if message_id is not None:
        bury(message_id, until=now + TAKEN_BACK_KNOWN)
        erase_message(message_id)
        leave_no_trace()


@atomic()
def erase_message(message_id: str) -> None:
    """Erase one message, wherever it stands; every page for strangers is made anew."""
    row = db.session.get(Message, message_id, with_for_update=True)
    if row is not None:
        db.session.delete(row)


@atomic()
def decide(ids: Sequence[str], *, seen: str, to: str, now: dt.datetime, reach: Reach = ALL) -> list[str]:
    """Move messages from the status in which they were seen to another; the ids of those that moved.

    Messages for events out of `reach` stay as they are. DecidedAlready when none could be moved: somebody else decided
    on all of them first; TakenBack when none is there any more.
    """
    mine = Message.event_id.in_(sa.select(Event.id).where(reached(reach)))
    chosen = sa.select(Message).where(Message.id.in_(ids), Message.status == seen, mine)
    rows = db.session.scalars(chosen.order_by(Message.id).with_for_update())
    moved = [row.id for row in rows.all() if _move(row, to, now)]
    if ids and not moved:
        raise DecidedAlready if any_there(ids) else TakenBack
    return moved


@atomic()
def erase_rejected(now: dt.datetime) -> None:
    """Erase what was rejected seven days ago, or waits still seven days after its wall closed; the worker runs this.

    What was put back to wait, of a wall that is closed, waits for seven days from then.
    """
    closed = sa.select(Event.id).where(Event.ends_at <= now - WALL_OPEN_FOR - REJECTED_KEPT)
    rejected = sa.and_(Message.status == REJECTED, Message.decided_at <= now - REJECTED_KEPT)
    long_since = sa.or_(Message.decided_at.is_(None), Message.decided_at <= now - REJECTED_KEPT)
    forgotten = sa.and_(Message.status == PENDING, Message.event_id.in_(closed), long_since)
    db.session.execute(sa.delete(Message).where(sa.or_(rejected, forgotten)))


@atomic()
def add_sample_message(*, event_slug: str, text: str, signature: str | None, language: str, now: dt.datetime) -> None:
    """Put a message written for the sample on the wall, marked as such; one that is there already stays as it is."""
    event = any_event(event_slug)
    submission = _submission(event, "sample", text, signature or "")
    if _is_known(submission):
        return
    db.session.add(
        Message(
            id=new_id(),
            event_id=event.id,
            status=APPROVED,
            language=language,
            read_aloud=True,
            sample=True,
            text=text,
            signature=signature,
            placed_on=now.date(),
            decided_at=now,
            submission_hash=submission,
        )
    )


def signed(name: str, place: str) -> str:
    """`Sima, Bogotá`: a signature, with the comma of its script; empty when there is neither."""
    comma = "، " if direction_of(name + place) == "rtl" else ", "
    return comma.join(filter(None, (name, place)))


def _submission(event: Event, seed: str, text: str, signature: str) -> str:
    """What makes a double submit one message: the page it came from and its words, as a keyed hash."""
    return vault().fingerprint("messages.submission", "\0".join((str(event.id), seed, signature, text)))


def _is_known(submission: str) -> bool:
    return db.session.scalar(sa.select(Message.id).where(Message.submission_hash == submission)) is not None


def _keep_sealed(row: dict[str, object], text: str, signature: str) -> None:
    """A statement and not a row of the session: what nobody may read yet changes no page for strangers."""
    row_id = new_id()
    sealed = vault().seal(PURPOSE, row_id, {"text": text, "signature": signature or None})
    db.session.execute(sa.insert(Message).values(id=row_id, status=PENDING, sealed=sealed, **row))


def _move(row: Message, to: str, now: dt.datetime) -> bool:
    words = words_of(row)
    if words is None and to == APPROVED:
        return False
    if to == APPROVED and words is not None:
        row.text, row.signature, row.sealed = words["text"], words["signature"], None
    elif words is not None:
        row.sealed = row.sealed or vault().seal(PURPOSE, row.id, words)
        row.text = row.signature = None
    row.status = to
    row.decided_at = now  # also of one that waits again: it is kept for some days before it counts as forgotten
    note(NOTED[to], f"message:{row.id}", now=now)
    return True
