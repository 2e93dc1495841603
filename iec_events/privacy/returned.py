"""What was deleted by those it is of, and came back with an older database: it is deleted again."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from ..core.db import db, leave_no_trace
from ..core.tombstones import tombstone, tombstones
from ..rsvps.actions import erase_rsvp
from ..rsvps.models import Rsvp
from ..solidarity.actions import erase_message
from ..solidarity.models import Message


def erase_again(now: dt.datetime) -> int:
    """Delete everybody whose tombstone stands; how many there were. A restore and the worker run this."""
    back = _back(sa.select(Rsvp.id).order_by(Rsvp.id), now)
    for rsvp_id in back:
        erase_rsvp(rsvp_id=rsvp_id, now=now)
    if back:
        leave_no_trace()
    return len(back)


def take_back_again(now: dt.datetime) -> int:
    """Erase every message whose tombstone stands; how many there were. A restore and the worker run this."""
    back = _back(sa.select(Message.id).order_by(Message.id), now)
    for message_id in back:
        erase_message(message_id)
    if back:
        leave_no_trace()
    return len(back)


def _back(ids: sa.Select[str], now: dt.datetime) -> list[str]:
    known = tombstones(now)
    return [one for one in db.session.scalars(ids) if tombstone(one) in known] if known else []
