"""Ending and beginning again reminders, and letters of the organizers, for those who get them."""

from __future__ import annotations

import sqlalchemy as sa

from ...core.db import atomic, db
from ..models import Rsvp
from ..unsubscribing import What

COLUMN = {"reminders": Rsvp.wants_reminders, "letters": Rsvp.wants_letters}


@atomic()
def subscribe(*, rsvp_id: str, what: What, wanted: bool) -> None:
    """Note whether they are wanted; for an RSVP that is gone, nothing happens. Doing it twice does it once."""
    db.session.execute(sa.update(Rsvp).where(Rsvp.id == rsvp_id).values({COLUMN[what]: wanted}))
