"""Attendees who deleted themselves and came back with an older database: they are deleted again."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from ..core.db import db, leave_no_trace
from ..core.tombstones import tombstone, tombstones
from ..rsvps.actions import erase_rsvp
from ..rsvps.models import Rsvp


def erase_again(now: dt.datetime) -> int:
    """Delete everybody whose tombstone stands; how many there were. A restore and the worker run this."""
    known = tombstones(now)
    if not known:
        return 0
    back = [one for one in db.session.scalars(sa.select(Rsvp.id).order_by(Rsvp.id)) if tombstone(one) in known]
    for rsvp_id in back:
        erase_rsvp(rsvp_id=rsvp_id, now=now)
    if back:
        leave_no_trace()
    return len(back)
