"""What is asked about access: who holds keys, and whether the recovery key is made and checked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import sqlalchemy as sa

from ..core.crypto import vault
from ..core.db import db
from ..core.errors import Refusal
from ..core.i18n import _l
from ..events.keys import ROSTER
from ..events.models import EventKey, KeyCopy
from ..organizers.keys import RECOVERY
from ..organizers.models import Organizer, OrganizerKey, RecoveryKey, RoleGrant
from ..organizers.roles import READERS


class HolderUnknown(Refusal):
    """No account has this id, or it has no key yet."""

    status: ClassVar[int] = 404
    message = _l("There is no such account, or its owner has not signed in yet.")


@dataclass(frozen=True, kw_only=True)
class HolderView:
    """An organizer and how many lists they can open."""

    id: str
    name: str
    lists: int


@dataclass(frozen=True, kw_only=True)
class AccessView:
    """Everyone who can hold keys, the number of lists, and the state of the recovery key."""

    holders: Sequence[HolderView]
    lists: int
    recovery_made_at: dt.datetime | None
    recovery_checked: bool
    recovery_lists: int


def access() -> AccessView:
    """Who can open how many lists."""
    lists = db.session.scalar(sa.select(sa.func.count()).where(EventKey.scope == ROSTER)) or 0
    of_holder = _lists_by_holder()
    recovery = db.session.get(RecoveryKey, 1)
    with_keys = sa.select(Organizer).join(OrganizerKey, OrganizerKey.organizer_id == Organizer.id)
    reads = sa.exists().where(RoleGrant.organizer_id == Organizer.id, RoleGrant.role.in_(READERS))
    held = sa.exists().where(KeyCopy.holder == Organizer.id)
    people = db.session.scalars(with_keys.where(sa.or_(reads, held)).order_by(Organizer.created_on, Organizer.id))
    return AccessView(
        holders=[HolderView(id=one.id, name=_name(one), lists=of_holder.get(one.id, 0)) for one in people],
        lists=lists,
        recovery_made_at=recovery.made_at if recovery else None,
        recovery_checked=bool(recovery and recovery.checked_at),
        recovery_lists=of_holder.get(RECOVERY, 0),
    )


def holder_name(organizer_id: str) -> str:
    """What the other organizers call this one; HolderUnknown."""
    found = db.session.get(Organizer, organizer_id)
    if found is None or db.session.get(OrganizerKey, organizer_id) is None:
        raise HolderUnknown
    return _name(found)


def _lists_by_holder() -> dict[str, int]:
    query = (
        sa.select(KeyCopy.holder, sa.func.count())
        .join(EventKey)
        .where(EventKey.scope == ROSTER)
        .group_by(KeyCopy.holder)
    )
    return dict(iter(db.session.execute(query)))


def _name(organizer: Organizer) -> str:
    name: str = vault().open("organizers", organizer.id, organizer.sealed)["name"]
    return name
