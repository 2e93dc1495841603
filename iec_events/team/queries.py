"""What is asked about the team: who is in it, in which roles, where."""

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
from ..events.keys import only_copies
from ..events.models import Campaign, Event
from ..events.queries import all_campaigns, all_events
from ..organizers.models import Organizer
from ..organizers.queries import accounts_with_factor, all_grants, grants_of, has_factor
from ..organizers.resting_queries import rests
from ..organizers.roles import EVERYWHERE, Grant, of_campaign, of_event

DOOR_STAYS = dt.timedelta(hours=12)  # after the event's end


class PersonUnknown(Refusal):
    """No account has this id."""

    status: ClassVar[int] = 404
    message = _l("There is no such account.")


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody of the team, as owners see them."""

    id: str
    name: str
    email: str
    grants: Sequence[Grant]
    has_factor: bool
    rests: bool
    rests_until: dt.datetime | None


def people(*, now: dt.datetime) -> list[Person]:
    """Everybody with an account, the first first."""
    grants, ready = all_grants(now=now), accounts_with_factor()
    rows = db.session.scalars(sa.select(Organizer).order_by(Organizer.created_on, Organizer.id))
    return [_person(row, grants.get(row.id, []), has_factor=row.id in ready, now=now) for row in rows]


def person(organizer_id: str, *, now: dt.datetime) -> Person:
    """One of them; PersonUnknown."""
    row = db.session.get(Organizer, organizer_id)
    if row is None:
        raise PersonUnknown
    return _person(row, grants_of(organizer_id, now=now), has_factor=has_factor(organizer_id), now=now)


def reads_alone(organizer_id: str) -> bool:
    """Whether some list would be lost with this account's key: nobody else, and no paper, opens it."""
    return bool(only_copies(organizer_id))


def places() -> list[tuple[str, Campaign | Event | None]]:
    """Every place in which a role can be held, with the campaign or event that it is; None for everywhere."""
    return [
        (EVERYWHERE, None),
        *((of_campaign(one.slug), one) for one in all_campaigns()),
        *((of_event(one.slug), one) for one in all_events()),
    ]


def door_ends_at(place: str) -> dt.datetime | None:
    """When a role at the door of this event ends: after its night. None for what is no event."""
    kind, _colon, slug = place.partition(":")
    ends_at = db.session.scalar(sa.select(Event.ends_at).where(Event.slug == slug)) if kind == "event" else None
    return ends_at + DOOR_STAYS if ends_at else None


def _person(row: Organizer, grants: Sequence[Grant], *, has_factor: bool, now: dt.datetime) -> Person:
    personal = vault().open("organizers", row.id, row.sealed)
    return Person(
        id=row.id,
        name=personal["name"],
        email=personal["email"],
        grants=grants,
        has_factor=has_factor,
        rests=rests(row, now=now),
        rests_until=row.rests_until,
    )
