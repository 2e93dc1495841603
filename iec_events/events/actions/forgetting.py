"""What is forgotten of events by itself."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from ...core.db import atomic, db
from ..models import Event, EventVersion
from ..queries import NEWS_KEPT, waits_for_date
from ..versions import CALLED_OFF


@atomic()
def forget_versions(now: dt.datetime) -> None:
    """Erase what an event said before, once it is over and nobody is told of changes any more.

    What was postponed and then called off keeps it as long: without, it would come back as a night that was.
    """
    was_postponed = sa.exists().where(
        EventVersion.event_id == Event.id, EventVersion.said["status"].as_string() == "postponed"
    )
    off = sa.and_(Event.status.in_(CALLED_OFF), Event.ends_at > now - NEWS_KEPT, was_postponed)
    over = sa.select(Event.id).where(Event.ends_at <= now, ~waits_for_date(now), ~off)
    db.session.execute(sa.delete(EventVersion).where(EventVersion.event_id.in_(over)))
