"""Every kind of letter to an attendee, as it would go out: for tests that hold for all of them, and to look at."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import sqlalchemy as sa

from iec_events.core import clock
from iec_events.core.config import settings
from iec_events.core.db import atomic, db
from iec_events.core.i18n import LocaleCode, speaking
from iec_events.core.tokens import new_token
from iec_events.events.actions import cancel_event, postpone_event, reinstate, revise_event
from iec_events.events.drafts import draft_of
from iec_events.events.models import Campaign, Event
from iec_events.mail.letters import Letter, message_of
from iec_events.rsvps import actions
from iec_events.rsvps.actions import Party
from iec_events.rsvps.emails import LETTERS, TRUE_WHILE
from iec_events.rsvps.letters import NEWS
from iec_events.rsvps.models import Rsvp
from tests.factories import a_campaign, an_event

SARA = "sara@example.org"
HOUR = dt.timedelta(hours=1)
_numbers = itertools.count(1)
_written: dict[tuple[str, bool], dict[str, tuple[Letter, EmailMessage]]] = {}
HOLDS = ("confirmed", "offered")
CAMPAIGN = {"en": "A Night of Cultural Revolt", "fa": "شبی از شورش فرهنگی", "es": "Noche de Revuelta Cultural"}
TEXTS = {
    "en": {
        "title": "Berkeley: poems for the prisoners of Iran",
        "summary": "Poets, singers and dancers for political prisoners.",
        "description": "Kurdish songs, then an open stage. Bring a poem.",
        "city_name": "Berkeley",
        "gate_note": "Ring twice at the green gate in the courtyard.",
    },
    "fa": {
        "title": "برکلی: شعر برای زندانیان ایران",
        "summary": "شاعران، خوانندگان و رقصندگان برای زندانیان سیاسی.",
        "description": "ترانه‌های کردی، سپس صحنهٔ آزاد. شعری بیاورید.",
        "city_name": "برکلی",
        "gate_note": "جلوی دروازهٔ سبز در حیاط دو بار زنگ بزنید.",
    },
    "es": {
        "title": "Berkeley: poemas por los presos de Irán",
        "summary": "Poetas, cantantes y bailarines por los presos políticos.",
        "description": "Canciones kurdas y escenario abierto. Trae un poema.",
        "city_name": "Berkeley",
        "gate_note": "Toca dos veces en la puerta verde del patio.",
    },
}
WORDS = {"en": "We know your band. Next time, gladly.", "fa": "گروهتان را می‌شناسیم. بار بعد، با کمال میل.", "es": ""}


def a_night(**others: Any) -> Event:
    """A night of a campaign that says all that an event can say."""
    titles = {code: {"title": title, "summary": title, "description": title} for code, title in CAMPAIGN.items()}
    known = db.session.scalar(sa.select(Campaign).where(Campaign.slug == "night-of-cultural-revolt"))
    campaign = known or a_campaign(slug="night-of-cultural-revolt", texts=titles)
    number = next(_numbers)
    said: dict[str, Any] = {
        "slug": f"berkeley-poems-for-prisoners-{number}",
        "uid": f"4b0c9b52-7d1c-4b5e-9f0a-{number:012}@127.0.0.1",
        "campaign_id": campaign.id,
        "texts": TEXTS,
        "starts_at": clock.now() + 57 * 24 * HOUR + 15 * HOUR,
        "doors_at": clock.now() + 57 * 24 * HOUR + 14 * HOUR,
        "address_hidden": True,
        "latitude": 37.8504,
        "longitude": -122.2660,
        "contact": "berkeley@revolt.example",
        "online_url": "https://live.revolt.example/berkeley",
        "offer_hours": 24,
        "capacity": 40,
        "reminders": [168, 24, 2],
        "thanks": True,
    }
    return an_event(**{**said, **others})


def somebody(
    event: Event, locale: str = "en", *, quiet: bool = False, by_hand: bool = False, **others: Any
) -> tuple[str, str]:
    """The id of an RSVP that is confirmed, and its link's token."""
    said: dict[str, Any] = {"name": "Sara", "email": SARA, "party_size": 2, "note": "", "locale": locale, **others}
    token = new_token()
    party = Party(**said, quiet=quiet)
    placed = actions.place_rsvp(slug=event.slug, party=party, token=token, now=clock.now(), by_hand=by_hand)
    return placed.rsvp_id, token


def every_letter(event: Event, locale: LocaleCode, *, quiet: bool = False) -> Iterator[tuple[str, Letter]]:
    """Each kind, and reminders at each of their hours; the event is called off in the end."""
    rsvp_id, token = somebody(event, locale, quiet=quiet)
    facts = {"rsvp_id": rsvp_id, "token": token, "to": SARA}
    for kind, (statuses, _method) in TRUE_WHILE.items():
        if kind in {"reminder", *NEWS}:
            continue
        becomes(rsvp_id, statuses[0])
        others = (
            {"ahead": 1, "token": ""} if kind == "moved" else {"words": WORDS[locale], "twice": kind == "confirmed"}
        )
        yield kind, written(kind, locale, {**facts, **others})
    becomes(rsvp_id, "confirmed")
    starts_at = event.starts_at
    for hours in (168, 24, 2):
        _moved(event, clock.now() + (hours - 0.1) * HOUR)
        yield f"reminder-{hours}", written("reminder", locale, facts)
    _moved(event, starts_at)
    for kind in ("event_changed", "event_postponed", "event_reinstated", "event_cancelled"):
        since = event.sequence
        _happens(event, kind)
        with atomic():  # as whoever promises the letter notes
            db.session.execute(sa.update(Rsvp).where(Rsvp.id == rsvp_id).values(told_sequence=event.sequence))
        yield kind, written(kind, locale, {**facts, "since": since, "entitled": True})


def all_letters(locale: LocaleCode, *, quiet: bool = False) -> dict[str, tuple[Letter, EmailMessage]]:
    """The letters, and as messages that were sent and read again; made once, for tests that only look at them."""
    if (locale, quiet) not in _written:
        letters = every_letter(a_night(), locale, quiet=quiet)
        _written[locale, quiet] = {kind: (letter, arrived(letter, locale)) for kind, letter in letters}
    return _written[locale, quiet]


def becomes(rsvp_id: str, status: str) -> None:
    """The RSVP as it would be in this state, whatever it was."""
    until = clock.now() + 20 * HOUR if status in {"unconfirmed", "offered"} else None
    left = 2 if status in {"not_coming", "cancelled"} else 0
    values = {"status": status, "holds_seats": status in HOLDS, "until": until, "sequence_ahead": left}
    with atomic():
        db.session.execute(sa.update(Rsvp).where(Rsvp.id == rsvp_id).values(values))


def written(kind: str, locale: LocaleCode, facts: dict[str, Any]) -> Letter:
    """The letter, which must be one."""
    with speaking(locale):
        letter = LETTERS[f"rsvps.{kind}"](facts)
    assert letter is not None, kind
    return letter


def arrived(letter: Letter, locale: str) -> EmailMessage:
    """The letter as a message, as it is read from its octets."""
    sent = message_of(letter, to=SARA, mail_id="0123456789abcdef", locale=locale, now=clock.now(), chosen=settings())
    return message_from_bytes(sent.as_bytes(), policy=policy.default)


def _moved(event: Event, starts_at: dt.datetime) -> None:
    """Without telling anybody."""
    times = {"starts_at": starts_at, "ends_at": starts_at + 3 * HOUR, "doors_at": starts_at - HOUR}
    with atomic():
        db.session.execute(sa.update(Event).where(Event.id == event.id).values(times))
    db.session.refresh(event)


def _happens(event: Event, kind: str) -> None:
    now = clock.now()
    if kind == "event_changed":
        draft = replace(
            draft_of(event),
            starts_at=event.starts_at + 24 * HOUR,
            ends_at=event.ends_at + 24 * HOUR,
            doors_at=None,
            venue="La Peña Cultural Center",
            street="3105 Shattuck Avenue",
        )
        revise_event(slug=event.slug, draft=draft, campaign_slug="night-of-cultural-revolt", now=now)
        return
    step = {"event_postponed": postpone_event, "event_reinstated": reinstate, "event_cancelled": cancel_event}[kind]
    step(slug=event.slug, now=now)
