"""Places in which roles are held, when what they name is renamed or gone. The caller's transaction keeps it."""

from __future__ import annotations

import sqlalchemy as sa

from ..core.db import db
from .models import Invitation, RoleGrant


def rename_place(before: str, now_called: str) -> None:
    """Roles and invitations for a place hold for the same one under its new name."""
    for table in (RoleGrant, Invitation):
        db.session.execute(sa.update(table).where(table.place == before).values(place=now_called))


def forget_place(place: str) -> None:
    """Roles and invitations for a place end with it: what is called so later is another one."""
    for table in (RoleGrant, Invitation):
        db.session.execute(sa.delete(table).where(table.place == place))
