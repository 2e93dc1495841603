"""What the worker does with letters: claiming, handing over, noting what became of each.

A letter that was handed over is never claimed again; one whose end nobody saw is uncertain, and waits for a person.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ...core.crypto import BoxRefused, KeyUnknown, vault
from ...core.db import atomic, db
from ..models import MailState, OutboxMail
from .posting import GIVE_UP_AFTER, PURPOSE, Facts

LEASE = dt.timedelta(minutes=2)  # longer than a conversation with the server about one letter, up to its last line
ANSWER_LEASE = dt.timedelta(minutes=11)  # longer than we wait for the answer to that line
TRIED_ENOUGH = 10  # four hours of trying: servers say "later" to whoever writes for the first time
UNTRIED = dt.timedelta(days=1)  # a trouble that nobody looked at for so long begins anew
FIRST_PAUSE = dt.timedelta(seconds=30)
LONGEST_PAUSE = dt.timedelta(hours=4)
LONGEST_REST = dt.timedelta(minutes=10)
MINUTE_S = 60
KEPT_FREE = 5  # one in so many letters per minute is for those that are no part of a broadcast


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A letter that this worker, and no other, delivers now."""

    id: str
    kind: str
    to: str
    locale: str
    facts: Facts
    tries: int
    posted_at: dt.datetime
    part_of: str | None = None


@atomic()
def claim(*, now: dt.datetime, how_many: int, per_minute: int = 0) -> list[Claimed]:
    """Lease letters that are due; each goes to one worker, and back to the pile when its lease runs out.

    In no minute are more than `per_minute` claimed by all workers together, if it is not 0: they take turns at a row
    that says what the others took. None are claimed while the mail server rests.
    """
    state = _state(held=bool(per_minute))
    if state.rests_until is not None and now < state.rests_until < now + 2 * LONGEST_PAUSE:
        return []  # further ahead than that, it was noted by a clock that was wrong
    taken = [(at, count) for at, count in state.taken if abs(now.timestamp() - at) < MINUTE_S]
    room = per_minute - sum(count for _at, count in taken) if per_minute else how_many
    rows = _take(OutboxMail.part_of.is_(None), min(how_many, room), now)
    room -= len(rows) + per_minute // KEPT_FREE
    rows += _take(OutboxMail.part_of.is_not(None), min(how_many - len(rows), room), now)
    letters = [letter for row in rows for letter in _opened(row, now)]
    if per_minute and letters:  # what does not open takes nothing of what may go in a minute
        state.taken = [*taken, (now.timestamp(), len(letters))]
    return letters


@atomic()
def keep(*, letter: Claimed, now: dt.datetime) -> bool:
    """Lease a claimed letter anew; False when it is somebody else's by now, or gone."""
    return _change(letter, leased_until=now + LEASE)


@atomic()
def hand_over(*, letter: Claimed, now: dt.datetime) -> bool:
    """Note that the next octet makes the server take this letter; False when it must not be sent: it was taken away."""
    return _change(letter, handed_at=now, leased_until=now + ANSWER_LEASE)


@atomic()
def release(*, letters: Sequence[Claimed]) -> None:
    """Give claimed letters back that were not offered to anybody."""
    for letter in letters:
        _change(letter, leased_until=None, tries=letter.tries - 1)


@atomic()
def put_off(*, letter: Claimed, now: dt.datetime) -> None:
    """Give a claimed letter back that cannot be written yet; it is tried again in half a minute."""
    if _change(letter, leased_until=None, tries=letter.tries - 1, due_at=now + FIRST_PAUSE):
        _unspent()


@atomic()
def note_delivered(*, mail_id: str, now: dt.datetime) -> None:
    """The letter is out, or there was nothing to say: its address and facts are erased."""
    values = {"done_at": now, "sealed": None, "leased_until": None, "uncertain_at": None, "last_error": None}
    went_out = OutboxMail.handed_at.is_not(None)
    noted = sa.update(OutboxMail).where(OutboxMail.id == mail_id).values(news=went_out, **values)
    asked = db.session.scalar(noted.returning(OutboxMail.news))
    if asked:
        note_well()
    elif asked is not None:  # with nothing to say, nobody asked the server
        _unspent()


@atomic()
def note_well() -> None:
    """The mail server takes letters: nobody need wait."""
    well = {"failures": 0, "trouble": None, "trouble_since": None, "rests_until": None}
    db.session.execute(sa.update(MailState).where(MailState.failures > 0).values(**well))


@atomic()
def note_failed(*, letter: Claimed, error: str, for_ever: bool, now: dt.datetime) -> None:
    """Try later, with growing pauses; give up when the receiving server refuses for good, or after two days.

    One that waited for other reasons until then, such as a worker that did not run, is tried for some hours.
    """
    values: dict[str, Any] = {"leased_until": None, "handed_at": None, "last_error": error[:80]}
    if for_ever or _tried_enough(letter, now):
        values |= {"given_up_at": now, "sealed": None, "news": for_ever}
    else:
        values["due_at"] = now + pause_after(letter.tries)
    mine = sa.and_(OutboxMail.id == letter.id, OutboxMail.tries == letter.tries, OutboxMail.done_at.is_(None))
    db.session.execute(sa.update(OutboxMail).where(mine).values(**values))


@atomic()
def note_uncertain(*, letter: Claimed, error: str, now: dt.datetime) -> None:
    """The server has the whole letter and did not say what it does with it: a person decides."""
    values = {"uncertain_at": now, "leased_until": None, "last_error": error[:80]}
    mine = sa.and_(OutboxMail.id == letter.id, OutboxMail.tries == letter.tries, OutboxMail.done_at.is_(None))
    db.session.execute(sa.update(OutboxMail).where(mine).values(**values))
    _rest(error, LONGEST_PAUSE, now)


@atomic()
def note_lapsed(now: dt.datetime) -> None:
    """Letters that were handed over by a worker that did not live to see the answer are uncertain."""
    lapsed = sa.and_(OutboxMail.waiting(), OutboxMail.handed_at.is_not(None), OutboxMail.leased_until < now)
    values = {"uncertain_at": now, "leased_until": None, "last_error": "WorkerEnded"}
    db.session.execute(sa.update(OutboxMail).where(lapsed).values(**values))


@atomic()
def note_trouble(*, letters: Sequence[Claimed], error: str, now: dt.datetime) -> None:
    """No letter could be offered to the server: they go back to the pile, and nobody knocks again for a while.

    Once it has taken none for two days, those are given up that were promised before that. One that waited for other
    reasons, such as a worker that did not run, has its chance.
    """
    release(letters=letters)
    if now - _rest(error, LONGEST_REST, now) <= GIVE_UP_AFTER:
        return
    free = sa.or_(OutboxMail.leased_until.is_(None), OutboxMail.leased_until < now)
    old = sa.and_(OutboxMail.waiting(), OutboxMail.handed_at.is_(None), OutboxMail.posted_at < now - GIVE_UP_AFTER)
    values = {"given_up_at": now, "sealed": None, "leased_until": None, "last_error": error[:80]}
    db.session.execute(sa.update(OutboxMail).where(old, free).values(**values))


def pause_after(tries: int, longest: dt.timedelta = LONGEST_PAUSE) -> dt.timedelta:
    """Half a minute, doubled with each try, four hours at most; a fifth of it is chance."""
    pause: dt.timedelta = min(FIRST_PAUSE * 2 ** min(tries - 1, 20), longest)
    chance = random.uniform(0.9, 1.1)  # noqa: S311 - spreads retries, keeps no secret
    return pause * chance


def _take(which: sa.ColumnElement[bool], how_many: int, now: dt.datetime) -> list[OutboxMail]:
    """Lease so many of these.

    The rows are picked in a CTE: PostgreSQL runs a locking CTE exactly once, while a plain `IN (SELECT ... LIMIT n FOR
    UPDATE)` may be run again by a nested loop and take more.
    """
    if how_many < 1:
        return []
    picked = (
        sa.select(OutboxMail.id)
        .where(OutboxMail.waiting(), which, OutboxMail.due_at <= now, OutboxMail.handed_at.is_(None))
        .where(sa.or_(OutboxMail.leased_until.is_(None), OutboxMail.leased_until < now))
        .order_by(OutboxMail.due_at)  # and no more, or all letters of a broadcast would be sorted each time
        .limit(how_many)
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    take = (
        sa.update(OutboxMail)
        .where(OutboxMail.id.in_(sa.select(picked.c.id)))
        .values(leased_until=now + LEASE, tries=OutboxMail.tries + 1)
        .returning(OutboxMail)
        .execution_options(synchronize_session=False)
    )
    return sorted(db.session.scalars(take), key=lambda row: (row.due_at, row.id))


def _opened(row: OutboxMail, now: dt.datetime) -> Iterator[Claimed]:
    """What is in a row; one that does not open is given up, so that it keeps no other.

    While the vault key is being changed, other workers may have a key that this one lacks: it is tried again.
    """
    try:
        content = vault().open(PURPOSE, row.id, row.sealed or b"")
    except BoxRefused as refusal:
        row.last_error, row.leased_until = type(refusal).__name__, None
        if isinstance(refusal, KeyUnknown) and not _tried_enough(row, now):
            row.due_at = now + pause_after(row.tries)
        else:
            row.given_up_at = now
        return
    yield Claimed(
        id=row.id,
        kind=row.kind,
        to=content["to"],
        locale=content["locale"],
        facts=content["facts"],
        tries=row.tries,
        posted_at=row.posted_at,
        part_of=row.part_of,
    )


def _tried_enough(letter: Claimed | OutboxMail, now: dt.datetime) -> bool:
    return letter.tries >= TRIED_ENOUGH and now - letter.posted_at > GIVE_UP_AFTER


def _change(letter: Claimed, **values: Any) -> bool:
    """Change a letter that is still this worker's, and not handed over; whether it was."""
    mine = sa.and_(OutboxMail.id == letter.id, OutboxMail.tries == letter.tries)
    still = sa.and_(mine, OutboxMail.waiting(), OutboxMail.handed_at.is_(None))
    changed = sa.update(OutboxMail).where(still).values(**values).returning(OutboxMail.id)
    return db.session.scalar(changed.execution_options(synchronize_session=False)) is not None


def _state(*, held: bool) -> MailState:
    query = sa.select(MailState).execution_options(populate_existing=True)
    return db.session.scalars(query.with_for_update() if held else query).one()


def _unspent() -> None:
    """A letter that was not offered takes nothing of what may go in a minute: a flood that is gone holds up nobody."""
    if not _state(held=False).taken:  # where there is no limit, nobody waits for the row
        return
    state = _state(held=True)
    taken = list(state.taken)
    if taken:
        at, count = taken.pop()
        state.taken = [*taken, (at, count - 1)] if count > 1 else taken


def _rest(error: str, longest: dt.timedelta, now: dt.datetime) -> dt.datetime:
    """Leave the server alone for a while; since when it takes nothing, as far as anybody tried."""
    state = _state(held=True)
    since, tried_at = state.trouble_since, state.rests_until
    if since is None or since > now or (tried_at is not None and now - tried_at > UNTRIED):
        since = now
    state.failures += 1
    state.trouble, state.trouble_since = error[:80], since
    state.rests_until = now + pause_after(state.failures, longest)
    return since
