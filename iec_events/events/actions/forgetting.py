"""What is forgotten of events by itself."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from ...core.db import atomic, db
from ..models import Event, EventVersion
from ..queries import waits_for_date


@atomic()
def forget_versions(now: dt.datetime) -> None:
    """Erase what an event said before, once it is over and nobody is told of changes any more."""
    over = sa.select(Event.id).where(Event.ends_at <= now, ~waits_for_date(now))
    db.session.execute(sa.delete(EventVersion).where(EventVersion.event_id.in_(over)))
