"""Places in which roles are held, when what they name is renamed or gone. The caller's transaction keeps it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa

from ..core.db import db
from ..core.tokens import new_id
from .models import Invitation, RoleGrant
from .roles import DOOR


def rename_place(before: str, now_called: str) -> None:
    """Roles and invitations for a place hold for the same one under its new name."""
    for table in (RoleGrant, Invitation):
        db.session.execute(sa.update(table).where(table.place == before).values(place=now_called))


def forget_place(place: str) -> None:
    """Roles and invitations for a place end with it: what is called so later is another one."""
    for table in (RoleGrant, Invitation):
        db.session.execute(sa.delete(table).where(table.place == place))


def move_door(place: str, *, later: dt.timedelta) -> None:
    """Roles at a door, and invitations to one, end with the night, whenever that is now."""
    if not later:
        return
    for grant in db.session.scalars(sa.select(RoleGrant).where(RoleGrant.place == place, RoleGrant.role == DOOR)):
        if grant.expires_at is not None:
            grant.expires_at += later
    for invited in db.session.scalars(sa.select(Invitation).where(Invitation.place == place, Invitation.role == DOOR)):
        if invited.role_ends_at is not None:
            invited.role_ends_at += later


def copy_roles(place: str, others: Sequence[str]) -> None:
    """Whoever organizes or moderates in a place does so in these as well; who stands at its door does not."""
    query = sa.select(RoleGrant).where(RoleGrant.place == place, RoleGrant.role != DOOR)
    for grant in db.session.scalars(query).all():
        for other in others:
            db.session.add(
                RoleGrant(
                    id=new_id(),
                    organizer_id=grant.organizer_id,
                    role=grant.role,
                    place=other,
                    expires_at=grant.expires_at,
                )
            )
