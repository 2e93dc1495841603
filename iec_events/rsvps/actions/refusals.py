"""Which addresses take no letters, as far as mail servers said; and letters whose end nobody knows."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from ...core.db import atomic, db
from ...mail.actions import send_again
from ...mail.models import OutboxMail
from ...organizers import audit
from ..letters import MOVED
from ..models import ABOUT, Rsvp
from .lines import locked_rsvp

AT_ONCE = 200


@atomic()
def note_refusals(_now: dt.datetime) -> None:
    """Note on RSVPs that a letter was refused for good, and take it back when a later one went out."""
    ended_at = sa.func.coalesce(OutboxMail.done_at, OutboxMail.given_up_at)
    news = (
        sa.select(OutboxMail.id, OutboxMail.about, OutboxMail.given_up_at, OutboxMail.kind)
        .where(OutboxMail.news, OutboxMail.about.startswith(ABOUT))
        .order_by(ended_at, OutboxMail.id)
        .limit(AT_ONCE)
    )
    found = db.session.execute(news).all()
    mine = [row for row in found if row.kind != f"rsvps.{MOVED}"]  # which says nothing of the address there is now
    latest = {row.about.removeprefix(ABOUT): row.given_up_at for row in mine}
    well = sorted(rsvp_id for rsvp_id, given_up_at in latest.items() if given_up_at is None)
    known = sa.update(Rsvp).where(Rsvp.id.in_(well), Rsvp.mail_refused_on.is_not(None))
    db.session.execute(known.values(mail_refused_on=None))
    for rsvp_id, given_up_at in sorted(latest.items()):
        if given_up_at is not None:
            db.session.execute(sa.update(Rsvp).where(Rsvp.id == rsvp_id).values(mail_refused_on=given_up_at.date()))
    told = sa.update(OutboxMail).where(OutboxMail.id.in_([mail_id for mail_id, *_rest in found]))
    db.session.execute(told.values(news=False))


@atomic()
def send_letters_again(*, slug: str, rsvp_id: str, now: dt.datetime) -> int:
    """Send letters to this party again of which nobody knows whether they arrived; how many. LinkUnknown."""
    _event, rsvp = locked_rsvp(rsvp_id, slug=slug)
    count = send_again(now=now, about=rsvp.about)
    if count:
        audit.note("rsvp.mailed_again", rsvp.about, now=now)
    return count
