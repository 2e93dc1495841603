"""People on a list, and letters to them, made in one line."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from iec_events.broadcasts import actions
from iec_events.broadcasts.drafts import LetterDraft
from iec_events.broadcasts.emails import LETTERS
from iec_events.broadcasts.models import COMING, Broadcast
from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.core.tokens import new_id, new_token
from iec_events.events.models import Event
from iec_events.mail.actions import Claimed, claim
from iec_events.mail.letters import Letter
from iec_events.mail.models import OutboxMail
from iec_events.rsvps.actions import Party, place_rsvp
from iec_events.rsvps.models import Rsvp

BOTH = {
    "en": {"subject": "Please come early", "text": "Doors open **earlier**."},
    "fa": {"subject": "زودتر بیایید", "text": "درها زودتر باز می‌شود."},
}


def signs_up(event: Event, email: str | None = "sara@example.org", locale: str = "en") -> tuple[str, str]:
    """Somebody signs up; the id of the RSVP, and the token of its link. Letters about it are taken out of the way."""
    token = new_token()
    party = Party(name="Sara", email=email, party_size=1, note="", locale=locale)
    placed = place_rsvp(slug=event.slug, party=party, token=token, now=clock.now())
    with atomic():
        db.session.execute(sa.delete(OutboxMail))
    return placed.rsvp_id, token


def now_is(rsvp_id: str, **columns: Any) -> None:
    """The RSVP is so from now on."""
    with atomic():
        db.session.execute(sa.update(Rsvp).where(Rsvp.id == rsvp_id).values(**columns))


def a_letter(event: Event, audience: str = COMING, texts: Any = BOTH) -> str:
    """A draft; its id."""
    letter_id = new_id()
    draft = LetterDraft(audience=audience, texts=texts)
    actions.keep_letter(slug=event.slug, letter_id=letter_id, draft=draft, now=clock.now())
    return letter_id


def sends(event: Event, letter_id: str, due_at: dt.datetime | None = None, **others: Any) -> int:
    """The organizer presses the button on the page of the letter as it is."""
    given = {"made_from": letter(letter_id).version, "place_meant": False, **others}
    return actions.send_letter(slug=event.slug, letter_id=letter_id, due_at=due_at, now=clock.now(), **given)


def letter(letter_id: str) -> Broadcast:
    """The row as it is now."""
    return db.session.get_one(Broadcast, letter_id, populate_existing=True)


def mails() -> list[Claimed]:
    """All mails that wait, claimed."""
    return claim(now=clock.now(), how_many=1000)


def to_whom() -> list[str]:
    """To whom mails wait, sorted; they are claimed by that."""
    return sorted(mail.to for mail in mails())


def written(mail: Claimed) -> Letter | None:
    """What goes out, in the language being spoken."""
    return LETTERS[mail.kind](mail.facts | {"to": mail.to})
