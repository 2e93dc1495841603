"""What is asked about access: who holds keys, and whether the recovery key is made and checked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar

import sqlalchemy as sa

from ..core.crypto import vault
from ..core.db import db
from ..core.errors import Refusal
from ..core.i18n import _l
from ..events.keys import DOOR, ROSTER, holders_of
from ..events.models import Event, EventKey, KeyCopy
from ..organizers.keys import RECOVERY
from ..organizers.models import Organizer, OrganizerKey, RecoveryKey, RoleGrant
from ..organizers.resting_queries import awake
from ..organizers.roles import DOOR as DOORKEEPER
from ..organizers.roles import READERS, of_event
from .models import ListRelease

RELEASE_LASTS = dt.timedelta(hours=24)


class HolderUnknown(Refusal):
    """No account has this id, or it has no key yet, or no role that keys go with."""

    status: ClassVar[int] = 404
    message = _l("There is no such account, or it has no role that reads lists, or nobody has signed in to it yet.")


@dataclass(frozen=True, kw_only=True)
class HolderView:
    """An organizer and how many lists they can open."""

    id: str
    name: str
    lists: int


@dataclass(frozen=True, kw_only=True)
class AccessView:
    """Everyone who can hold keys, the number of lists, and the state of the recovery key.

    `doorkeepers` stand at a door only: their `lists` are the doors at which they can read names.
    """

    holders: Sequence[HolderView]
    doorkeepers: Sequence[HolderView]
    lists: int
    recovery_made_at: dt.datetime | None
    recovery_checked: bool
    recovery_lists: int


@dataclass(frozen=True, kw_only=True)
class ReleaseView:
    """A request for an unlocked copy: of which event, who asked (None when the account is gone), until when it counts.

    `yes` is None until it was answered.
    """

    id: str
    slug: str
    kind: str
    asked_by: str
    asker: str | None
    ends_at: dt.datetime
    yes: bool | None


def access(now: dt.datetime | None = None) -> AccessView:
    """Who can open how many lists; with `now`, also who stands at a door."""
    lists = db.session.scalar(sa.select(sa.func.count()).where(EventKey.scope == ROSTER)) or 0
    of_holder = _keys_by_holder(ROSTER)
    recovery = db.session.get(RecoveryKey, 1)
    with_keys = sa.select(Organizer).join(OrganizerKey, OrganizerKey.organizer_id == Organizer.id)
    reads = sa.exists().where(RoleGrant.organizer_id == Organizer.id, RoleGrant.role.in_(READERS))
    held = sa.exists().where(
        KeyCopy.holder == Organizer.id, KeyCopy.event_key_id == EventKey.id, EventKey.scope == ROSTER
    )
    people = db.session.scalars(with_keys.where(sa.or_(reads, held)).order_by(Organizer.created_on, Organizer.id))
    return AccessView(
        holders=[HolderView(id=one.id, name=_name(one), lists=of_holder.get(one.id, 0)) for one in people],
        doorkeepers=_doorkeepers(now) if now else (),
        lists=lists,
        recovery_made_at=recovery.made_at if recovery else None,
        recovery_checked=bool(recovery and recovery.checked_at),
        recovery_lists=of_holder.get(RECOVERY, 0),
    )


def recovery_mark() -> str:
    """By what one knows the present recovery key from an earlier one; empty while there is none."""
    recovery = db.session.get(RecoveryKey, 1)
    return sha256(recovery.public).hexdigest() if recovery else ""


def holder_name(organizer_id: str) -> str:
    """What the other organizers call this one; HolderUnknown."""
    found = db.session.get(Organizer, organizer_id)
    if found is None or db.session.get(OrganizerKey, organizer_id) is None:
        raise HolderUnknown
    return _name(found)


def second_holders(event_id: int, organizer_id: str) -> set[str]:
    """The other organizers who hold a key to an event's list; the recovery key lies in a drawer and says no yes."""
    return holders_of(event_id, ROSTER) - {RECOVERY, organizer_id}


def awake_of(organizer_ids: Iterable[str], *, now: dt.datetime) -> set[str]:
    """Those of these organizers whose accounts do not rest: who can be asked for something."""
    return set(db.session.scalars(sa.select(Organizer.id).where(Organizer.id.in_(organizer_ids), awake(now))))


def holder_names(organizer_ids: Iterable[str]) -> list[str]:
    """What these organizers are called, in the order of their names."""
    return sorted(_name(one) for one in db.session.scalars(sa.select(Organizer).where(Organizer.id.in_(organizer_ids))))


def open_requests(now: dt.datetime) -> sa.Select[ListRelease]:
    """Requests that nobody answered yet and that are not over."""
    newer = ListRelease.asked_at > now - RELEASE_LASTS
    return sa.select(ListRelease).where(ListRelease.answered_by.is_(None), newer).order_by(ListRelease.asked_at)


def request_stands(release_id: str, *, now: dt.datetime) -> bool:
    """Whether this request still waits for an answer."""
    return db.session.scalar(open_requests(now).where(ListRelease.id == release_id)) is not None


def requests_for(organizer_id: str, *, now: dt.datetime, event_id: int | None = None) -> list[ReleaseView]:
    """What colleagues ask of this holder, of one event or of all, the oldest first."""
    mine = sa.exists().where(
        KeyCopy.holder == organizer_id,
        KeyCopy.event_key_id == EventKey.id,
        EventKey.event_id == ListRelease.event_id,
        EventKey.scope == ROSTER,
    )
    query = open_requests(now).where(mine, ListRelease.asked_by != organizer_id)
    return _releases(query.where(ListRelease.event_id == event_id) if event_id else query)


def own_requests(event_id: int, organizer_id: str, *, now: dt.datetime) -> list[ReleaseView]:
    """What this organizer asked for and can still count on or wait for, and what was refused; the latest first."""
    query = sa.select(ListRelease).where(
        ListRelease.event_id == event_id,
        ListRelease.asked_by == organizer_id,
        ListRelease.asked_at > now - RELEASE_LASTS,
        ListRelease.used_at.is_(None),
    )
    return _releases(query.order_by(ListRelease.asked_at.desc(), ListRelease.id))


def request_of(release_id: str, event_id: int) -> ReleaseView | None:
    """One request about this event, answered or not."""
    found = _releases(sa.select(ListRelease).where(ListRelease.id == release_id, ListRelease.event_id == event_id))
    return found[0] if found else None


def at_the_door(organizer_id: str, *, now: dt.datetime) -> bool:
    """Whether somebody stands at a door and is no organizer anywhere."""
    return any(one.id == organizer_id for one in _doorkeepers(now))


def doorkeepers_without_key(now: dt.datetime) -> int:
    """How many people stand at a door whose names they can't read."""
    held = sa.exists().where(KeyCopy.holder == RoleGrant.organizer_id, KeyCopy.event_key_id == EventKey.id)
    query = (
        sa.select(sa.func.count(sa.distinct(RoleGrant.organizer_id)))
        .join(OrganizerKey, OrganizerKey.organizer_id == RoleGrant.organizer_id)
        .join(Event, RoleGrant.place == sa.literal(of_event("")) + Event.slug)
        .join(EventKey, EventKey.event_id == Event.id)
        .where(RoleGrant.role == DOORKEEPER, RoleGrant.expires_at > now, EventKey.scope == DOOR, ~held)
    )
    return db.session.scalar(query) or 0


def _releases(query: sa.Select[ListRelease]) -> list[ReleaseView]:
    rows = db.session.scalars(query).all()
    slugs = dict(
        iter(db.session.execute(sa.select(Event.id, Event.slug).where(Event.id.in_({r.event_id for r in rows}))))
    )
    askers = db.session.scalars(sa.select(Organizer).where(Organizer.id.in_({row.asked_by for row in rows})))
    names = {one.id: _name(one) for one in askers}
    return [
        ReleaseView(
            id=row.id,
            slug=slugs[row.event_id],
            kind=row.kind,
            asked_by=row.asked_by,
            asker=names.get(row.asked_by),
            ends_at=row.asked_at + RELEASE_LASTS,
            yes=row.yes,
        )
        for row in rows
    ]


def _doorkeepers(now: dt.datetime) -> list[HolderView]:
    """Accounts that stand at a door now and are no organizers anywhere."""
    grant = (RoleGrant.organizer_id == Organizer.id, RoleGrant.role == DOORKEEPER, RoleGrant.expires_at > now)
    reads = sa.exists().where(RoleGrant.organizer_id == Organizer.id, RoleGrant.role.in_(READERS))
    with_keys = sa.select(Organizer).join(OrganizerKey, OrganizerKey.organizer_id == Organizer.id)
    people = db.session.scalars(with_keys.where(sa.exists().where(*grant), ~reads).order_by(Organizer.id))
    of_holder = _keys_by_holder(DOOR)
    return [HolderView(id=one.id, name=_name(one), lists=of_holder.get(one.id, 0)) for one in people]


def _keys_by_holder(scope: str) -> dict[str, int]:
    query = (
        sa.select(KeyCopy.holder, sa.func.count())
        .join(EventKey)
        .where(EventKey.scope == scope)
        .group_by(KeyCopy.holder)
    )
    return dict(iter(db.session.execute(query)))


def _name(organizer: Organizer) -> str:
    name: str = vault().open("organizers", organizer.id, organizer.sealed)["name"]
    return name
