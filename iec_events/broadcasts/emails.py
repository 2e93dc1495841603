"""A letter of organizers as a mail, written when its turn comes. None: it is not for this reader any more.

What organizers wrote is shown as it is: no placeholder is filled in, and nobody is called by name. Who asked to be
written to quietly gets a link to their own page, and no word of it.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import sqlalchemy as sa

from ..core import clock
from ..core.db import db
from ..core.i18n import current_locale
from ..core.urls import public_url
from ..events.models import Event, Texts
from ..events.views import EventView
from ..mail.letters import Letter, NotYet, Writers, write_letter
from ..rsvps.actions.telling import is_settled
from ..rsvps.models import Rsvp
from ..rsvps.quiet import quiet_sender
from ..rsvps.unsubscribing import unsubscribe_address
from .models import AUDIENCES, Broadcast
from .queries import ON_PAGES, off_since, said_since
from .wording import language_for, texts_of

LETTER, TEST = "broadcasts.letter", "broadcasts.test"
NO_LINK = "your-own-link"  # in what is only looked at


def as_mail(texts: Texts, event: Event, *, link: str = "", stop: str = "", test: bool = False) -> Letter:
    """The letter in the language being spoken; without a link and a way to stop, as it is looked at before."""
    locale = current_locale()
    said = language_for(texts, locale)
    return write_letter(
        "broadcasts/emails/letter",
        event=EventView(event, locale, clock.now()),
        words=texts[said],
        said_in=said,
        link=link or public_url("rsvps.open_link", locale=locale, token=NO_LINK),
        stop=stop or public_url("front.event", locale=locale, slug=event.slug),
        test=test,
    )


def _letter(facts: dict[str, Any]) -> Letter | None:
    query = (
        sa.select(Broadcast, Rsvp, Event)
        .join(Event, Event.id == Broadcast.event_id)
        .join(Rsvp, Rsvp.event_id == Event.id)
        .where(Broadcast.id == facts["broadcast_id"], Rsvp.id == facts["rsvp_id"])
        .execution_options(populate_existing=True)
    )
    found = db.session.execute(query).one_or_none()
    if found is None:
        return None
    broadcast, rsvp, event = found
    due = broadcast.state in ON_PAGES and rsvp.status in AUDIENCES[broadcast.audience]
    if not due or not rsvp.wants_letters:
        return None
    if off_since(event, broadcast.revised_at):
        if not is_settled(event, said_since(event, broadcast.revised_at), clock.now()):
            raise NotYet  # a slip of the hand, perhaps
        return None
    locale = current_locale()
    stop = unsubscribe_address(rsvp.id, "letters", locale)
    link = public_url("rsvps.open_link", locale=locale, token=facts["token"])
    letter = _quiet(link, stop) if rsvp.quiet else as_mail(texts_of(broadcast), event, link=link, stop=stop)
    return dataclasses.replace(letter, unsubscribe=stop)


def _quiet(link: str, stop: str) -> Letter:
    letter = write_letter("broadcasts/emails/quiet", link=link, stop=stop)
    return dataclasses.replace(letter, sender_name=quiet_sender())


def _test(facts: dict[str, Any]) -> Letter | None:
    broadcast = db.session.get(Broadcast, facts["broadcast_id"], populate_existing=True)
    if broadcast is None:
        return None
    event = db.session.get_one(Event, broadcast.event_id, populate_existing=True)
    return as_mail(texts_of(broadcast), event, test=True)


LETTERS: Writers = {LETTER: _letter, TEST: _test}
