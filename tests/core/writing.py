"""Writers who share one row; in a module of its own, so that other processes load nothing but this."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa

from iec_events.app import create_app
from iec_events.core.db import atomic, db
from iec_events.events.models import Event


def add_up(event_id: int, times: int) -> None:
    """Take so many seats, each in a transaction of its own."""
    for _time in range(times):
        with atomic():
            event = db.session.scalars(sa.select(Event).where(Event.id == event_id).with_for_update()).one()
            event.seats_taken += 1


def write_for_a_while(settings: dict[str, object], event_id: int, begin: Any, counts: Any) -> None:
    """Begin together with the others, write for two seconds, and tell how often."""
    with create_app(settings).app_context():
        db.session.get_one(Event, event_id)
        begin.wait(30)
        end, written = time.monotonic() + 2, 0
        while time.monotonic() < end:
            add_up(event_id, 1)
            written += 1
    counts.put(written)
