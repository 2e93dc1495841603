"""What the worker forgets."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from ...core.db import atomic, db
from ..models import EmailChange, Invitation, Organizer, OrganizerSession, ResetLink, RoleGrant, UnsentForm
from ..queries import AT_MOST, IDLE


@atomic()
def forget_expired(now: dt.datetime) -> None:
    """Delete sessions, links, roles, unsent forms and rests whose time is over; the worker runs this."""
    old = sa.or_(OrganizerSession.started_at <= now - AT_MOST, OrganizerSession.seen_at <= now - IDLE)
    db.session.execute(sa.delete(OrganizerSession).where(old))
    for table in (Invitation, ResetLink, EmailChange, UnsentForm):
        db.session.execute(sa.delete(table).where(table.expires_at <= now))
    woken = sa.update(Organizer).where(Organizer.rests_until <= now).values(rests_since=None, rests_until=None)
    db.session.execute(woken)
    db.session.execute(sa.delete(RoleGrant).where(RoleGrant.expires_at <= now))
