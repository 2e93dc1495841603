"""What is weak about people and keys: who could be locked out of everything by one accident, or let in by one theft.

The doctor tells the operator, and the dashboard tells owners; each has words of its own for every kind.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from ..core.db import db
from ..events.keys import ROSTER
from ..events.models import Event, EventKey, KeyCopy
from ..organizers.keys import RECOVERY
from ..organizers.models import Organizer
from ..organizers.queries import accounts_with_factor, all_grants
from ..organizers.roles import OWNER
from .queries import AccessView, access, awake_of, doorkeepers_without_key

NO_OWNER, ONE_OWNER, NO_FACTOR = "no-owner", "one-owner", "no-factor"
NO_OWNER_AWAKE, ONE_OWNER_AWAKE = "no-owner-awake", "one-owner-awake"
DOOR_WITHOUT_KEY = "door-without-key"
NO_READER, ONE_READER, LISTS_OF_ONE, LISTS_OF_NOBODY = "no-reader", "one-reader", "lists-of-one", "lists-of-nobody"
NO_RECOVERY, NO_RECOVERY_AND_ONE_READER = "no-recovery", "no-recovery-and-one-reader"
RECOVERY_UNCHECKED, LISTS_WITHOUT_RECOVERY = "recovery-unchecked", "lists-without-recovery"
NAMED = 3


@dataclass(frozen=True)
class Concern:
    """A kind of weakness; how many accounts or lists it is about, and a few events by their slugs."""

    kind: str
    count: int = 1
    events: tuple[str, ...] = ()


def concerns(now: dt.datetime) -> list[Concern]:
    """Everything that is weak about people and keys, in the order in which to look after it."""
    state = access()
    return [*_of_recovery(state), *_of_readers(state), *_of_accounts(now), *_of_doors(now)]


def _of_recovery(state: AccessView) -> Iterator[Concern]:
    if not state.holders and not state.lists:
        yield Concern(NO_READER)
    elif state.recovery_made_at is None:
        yield Concern(NO_RECOVERY_AND_ONE_READER if len(state.holders) == 1 else NO_RECOVERY, len(state.holders))
    elif not state.recovery_checked:
        yield Concern(RECOVERY_UNCHECKED)
    if state.recovery_made_at is not None and state.recovery_lists < state.lists:
        yield Concern(LISTS_WITHOUT_RECOVERY, state.lists - state.recovery_lists)


def _of_readers(state: AccessView) -> Iterator[Concern]:
    of_nobody, of_one = _lists_with_holders(0), _lists_with_holders(1)
    if of_nobody:
        yield Concern(LISTS_OF_NOBODY, len(of_nobody), tuple(of_nobody[:NAMED]))
    if len(state.holders) == 1:
        yield Concern(ONE_READER)
    elif of_one:
        yield Concern(LISTS_OF_ONE, len(of_one), tuple(of_one[:NAMED]))


def _of_accounts(now: dt.datetime) -> Iterator[Concern]:
    accounts = set(db.session.scalars(sa.select(Organizer.id)))
    owners = [one for one, grants in all_grants(now=now).items() if any(grant.role == OWNER for grant in grants)]
    ready = awake_of(owners, now=now)
    if accounts and not owners:
        yield Concern(NO_OWNER)
    if owners and not ready:
        yield Concern(NO_OWNER_AWAKE)
    if len(owners) == 1:
        yield Concern(ONE_OWNER)
    elif len(ready) == 1:
        yield Concern(ONE_OWNER_AWAKE)
    without = accounts - accounts_with_factor()
    if without:
        yield Concern(NO_FACTOR, len(without))


def _of_doors(now: dt.datetime) -> Iterator[Concern]:
    without = doorkeepers_without_key(now)
    if without:
        yield Concern(DOOR_WITHOUT_KEY, without)


def _lists_with_holders(number: int) -> list[str]:
    """The slugs of events that have a key which so many organizers hold; the recovery key is not counted."""
    held = sa.and_(KeyCopy.event_key_id == EventKey.id, KeyCopy.holder != RECOVERY)
    keys = sa.select(EventKey.event_id).outerjoin(KeyCopy, held).where(EventKey.scope == ROSTER)
    few = keys.group_by(EventKey.id, EventKey.event_id).having(sa.func.count(KeyCopy.holder) == number)
    return list(db.session.scalars(sa.select(Event.slug).where(Event.id.in_(few)).order_by(Event.ends_at, Event.id)))
