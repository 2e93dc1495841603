"""Letters that attendees ask for again: the links of an address, and the one by which an address is confirmed."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import sqlalchemy as sa

from ...core.crypto import BoxRefused, vault
from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _l
from ...core.tokens import new_id
from ...events.models import Event
from ..boxes import index_of
from ..models import ATTENDEE, REMOVED, UNCONFIRMED, LostLink, Rsvp, RsvpStep
from ..queries import rsvp_by_token
from .lines import StatusChanged, answer, locked_rsvp, note_step

LOST = "rsvps.lost"
LINKS_A_DAY = 3
ASKED_AT_ONCE = 50
LINK_SENT = "link sent"


class SentOften(Refusal):
    """The mail with the link was sent as often as a day allows."""

    status: ClassVar[int] = 429
    message = _l("We have sent this mail several times today. Please look among your unwanted mails, or wait a day.")


@atomic()
def ask_for_links(*, email: str, now: dt.datetime) -> None:
    """Note that somebody wants the links of an address again; the worker looks whether there are any.

    The same work is done for every address, so that neither answer nor time tells who is on a list.
    """
    row_id = new_id()
    db.session.add(LostLink(id=row_id, asked_at=now, sealed=vault().seal(LOST, row_id, {"email": email})))


@atomic()
def answer_lost_links(now: dt.datetime) -> None:
    """Write to those who asked for their links, as far as they are on lists; three times a day at most.

    What is postponed is still to be, whatever its old date.
    """
    asked = sa.select(LostLink).order_by(LostLink.asked_at).limit(ASKED_AT_ONCE).with_for_update(skip_locked=True)
    rows = db.session.scalars(asked).all()
    still_to_be = sa.or_(Event.ends_at > now, Event.status == "postponed")
    events = db.session.scalars(sa.select(Event.id).where(still_to_be)).all() if rows else []
    for row in rows:
        try:
            email = vault().open(LOST, row.id, row.sealed)["email"]
        except BoxRefused:
            email = ""
        indexes = [index_of(event_id, email) for event_id in events]
        found = sa.select(Rsvp).where(Rsvp.address_index.in_(indexes), Rsvp.status != REMOVED).order_by(Rsvp.id)
        for rsvp in db.session.scalars(found).all():
            if _may_be_sent(rsvp, now):
                note_step(rsvp, LINK_SENT, now, by=ATTENDEE)
                answer(rsvp, "link", now)
        db.session.delete(row)


@atomic()
def send_letter_again(*, token: str, now: dt.datetime) -> None:
    """Write once more to who still has to confirm their address; three times a day at most.

    Raises LinkUnknown, StatusChanged, SentOften.
    """
    _event, rsvp = locked_rsvp(rsvp_by_token(token).id)
    if rsvp.status != UNCONFIRMED:
        raise StatusChanged
    if not _may_be_sent(rsvp, now):
        raise SentOften
    note_step(rsvp, LINK_SENT, now, by=ATTENDEE)
    answer(rsvp, UNCONFIRMED, now, by=token)


def _may_be_sent(rsvp: Rsvp, now: dt.datetime) -> bool:
    sent = sa.select(sa.func.count()).where(
        RsvpStep.rsvp_id == rsvp.id, RsvpStep.what == LINK_SENT, RsvpStep.on == now.date()
    )
    return (db.session.scalar(sent) or 0) < LINKS_A_DAY
