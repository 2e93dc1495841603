"""Ending and beginning again reminders, and letters of the organizers, for those who get them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from ...core.db import atomic, db
from ..models import Rsvp
from ..unsubscribing import What

COLUMN = {"reminders": Rsvp.wants_reminders, "letters": Rsvp.wants_letters}


@atomic()
def subscribe(*, rsvp_id: str, what: What, wanted: bool) -> None:
    """Note whether they are wanted; for an RSVP that is gone, nothing happens. Doing it twice does it once.

    A letter goes once to each address: who ends them ends them for all RSVPs with it at that event.
    """
    which = Rsvp.id == rsvp_id
    if what == "letters" and not wanted:
        own = aliased(Rsvp)
        address = sa.select(own.event_id, own.address_index).where(own.id == rsvp_id)
        which = sa.or_(which, sa.tuple_(Rsvp.event_id, Rsvp.address_index).in_(address))
    db.session.execute(sa.update(Rsvp).where(which).values({COLUMN[what]: wanted}))
