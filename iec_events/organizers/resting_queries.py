"""Which accounts rest, and whether an owner is awake."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from ..core.db import db
from .models import Organizer, RoleGrant
from .roles import OWNER


def awake(now: dt.datetime | sa.BindParameter[dt.datetime]) -> sa.ColumnElement[bool]:
    """Whether an account does not rest."""
    over = sa.and_(Organizer.rests_until.is_not(None), Organizer.rests_until <= now)
    return sa.or_(Organizer.rests_since.is_(None), over)


def is_last_owner(organizer_id: str, *, now: dt.datetime, hold: bool = False) -> bool:
    """Whether this account is an owner's, and no other owner's is awake; `hold`: until the transaction ends.

    Owners' rows are held until then: two who remove each other, or let each other rest, do it one after the other.
    Who rests is asked once they are held: the row of a role that somebody waited for does not tell.
    """
    if hold:
        owners = sa.select(RoleGrant.id).where(RoleGrant.role == OWNER).order_by(RoleGrant.id).with_for_update()
        db.session.scalars(owners).all()
    query = sa.select(RoleGrant.organizer_id).join(Organizer, Organizer.id == RoleGrant.organizer_id)
    query = query.where(RoleGrant.role == OWNER, sa.or_(awake(now), Organizer.id == organizer_id))
    return set(db.session.scalars(query)) == {organizer_id}


def rests(account: Organizer, *, now: dt.datetime) -> bool:
    """Whether this account rests."""
    return account.rests_since is not None and (account.rests_until is None or account.rests_until > now)
