"""A colleague's yes to an unlocked copy of a list: asked for, given or not, used up."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import sqlalchemy as sa

from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _l
from ...core.tokens import new_id
from ...organizers.actions import tell
from ...organizers.audit import note
from ..models import ListRelease
from ..queries import RELEASE_LASTS, awake_of, open_requests, second_holders
from .keys import held_event


class NobodyToAsk(Refusal):
    """Nobody else holds a key to the list, so that nobody's yes is needed."""

    message = _l("Nobody else can read this list, so you need nobody’s yes.")


class EverybodyRests(Refusal):
    """A yes is needed, and nobody's account is awake who could give it."""

    message = _l(
        "You need a colleague’s yes for this, and the accounts of all who could give it rest. Take the list under a "
        "lock, or have an owner wake one of them."
    )


class YesNeeded(Refusal):
    """An unlocked copy without a colleague's yes, or with one that was used or is over."""

    message = _l("You need a colleague’s yes for this, and there is none that is still good. Please ask for one.")


class ReleaseUnknown(Refusal):
    """No such request, or not one that this person may answer."""

    status: ClassVar[int] = 404
    message = _l("There is no such request, or it is not yours to answer.")


class OwnRelease(Refusal):
    """Who asks can't say yes."""

    message = _l("You asked for this yourself: somebody else must answer.")


class ReleaseOver(Refusal):
    """It was answered otherwise, or a day went by."""

    message = _l("This was answered already, or the day for it is over. Nothing was changed.")


@atomic()
def ask_release(*, slug: str, kind: str, organizer_id: str, now: dt.datetime) -> str:
    """Ask the other holders of a list for their yes to an unlocked copy; the request's id. Asking twice is asking once.

    NobodyToAsk when nobody else holds a key; EverybodyRests; EventUnknown.
    """
    event = held_event(slug)
    others = second_holders(event.id, organizer_id)
    if not others:
        raise NobodyToAsk
    asked_now = awake_of(others, now=now)
    if not asked_now:
        raise EverybodyRests
    mine = open_requests(now).where(ListRelease.event_id == event.id, ListRelease.asked_by == organizer_id)
    asked = db.session.scalar(mine.where(ListRelease.kind == kind))
    if asked is not None:
        return asked.id
    row = ListRelease(id=new_id(), event_id=event.id, kind=kind, asked_by=organizer_id, asked_at=now)
    db.session.add(row)
    for other in sorted(asked_now):
        tell(other, "access.release_asked", now=now, slug=slug, release=row.id)
    note("release.asked", f"event:{slug}", now=now)
    return row.id


@atomic()
def answer_release(*, slug: str, release_id: str, organizer_id: str, yes: bool, now: dt.datetime) -> None:
    """Say yes or no to a colleague's request. The same answer given twice by one person is one.

    ReleaseUnknown, also for those who hold no key to the list; OwnRelease; ReleaseOver.
    """
    event = held_event(slug)
    row = db.session.get(ListRelease, release_id, populate_existing=True)
    if row is None or row.event_id != event.id:
        raise ReleaseUnknown
    if row.asked_by == organizer_id:
        raise OwnRelease
    if organizer_id not in second_holders(event.id, row.asked_by):
        raise ReleaseUnknown
    if (row.answered_by, row.yes) == (organizer_id, yes):
        return
    if row.answered_by is not None or now >= row.asked_at + RELEASE_LASTS:
        raise ReleaseOver
    row.answered_by, row.answered_at, row.yes = organizer_id, now, yes
    note("release.granted" if yes else "release.refused", f"event:{slug}", now=now)


@atomic()
def take_out(*, slug: str, kind: str, organizer_id: str, now: dt.datetime) -> None:
    """Note that an unlocked copy leaves now, and use the yes up where one is needed. YesNeeded: nothing may leave."""
    event = held_event(slug)
    if second_holders(event.id, organizer_id):
        granted = db.session.scalar(
            sa.select(ListRelease)
            .where(ListRelease.event_id == event.id, ListRelease.asked_by == organizer_id, ListRelease.kind == kind)
            .where(ListRelease.yes.is_(True), ListRelease.used_at.is_(None), ListRelease.asked_at > now - RELEASE_LASTS)
            .order_by(ListRelease.asked_at)
            .limit(1)
        )
        if granted is None:
            raise YesNeeded
        granted.used_at = now
        note("release.used", f"event:{slug}", now=now)
    note("rsvps.downloaded", f"event:{slug}", now=now)
