"""Rows for tests, made in one line: `an_event(capacity=2)`. What is not said is ordinary."""

from __future__ import annotations

import datetime as dt
import itertools
from functools import cache
from typing import Any

import pyotp
import sqlalchemy as sa

from iec_events.core import clock
from iec_events.core.crypto import vault
from iec_events.core.db import atomic, db
from iec_events.core.tokens import new_id, new_token, token_hash
from iec_events.events.models import Campaign, Event
from iec_events.organizers.factors import keep_app
from iec_events.organizers.models import Organizer, OrganizerSession, RoleGrant
from iec_events.organizers.passwords import hash_password
from iec_events.organizers.queries import email_fingerprint
from iec_events.organizers.roles import OWNER
from iec_events.rsvps.boxes import NOBODY, Reader
from iec_events.rsvps.models import Rsvp
from iec_events.rsvps.queries import RsvpView, view_of

_numbers = itertools.count(1)


def three_languages(title: str, **others: str) -> dict[str, dict[str, str]]:
    """Texts of an event or a campaign: the title stays as it is, marked with its language."""
    summary = others.get("summary", "Poetry and song, then dancing.")
    return {
        code: {"title": f"{title}{mark}", "summary": summary, "description": others.get("description", summary)}
        for code, mark in (("en", ""), ("fa", " (فارسی)"), ("es", " (español)"))
    }


def a_campaign(title: str = "A Night of Cultural Revolt", **others: Any) -> Campaign:
    """A published campaign without events."""
    campaign = Campaign(
        **{
            "slug": f"campaign-{next(_numbers)}",
            "published": True,
            "texts": three_languages(title),
            "revised_at": clock.now(),
            **others,
        }
    )
    with atomic():
        db.session.add(campaign)
    return campaign


def an_event(title: str = "Berkeley", **others: Any) -> Event:
    """A published event with room for all, in thirty days at the Starry Plough; three hours long."""
    number = next(_numbers)
    now = clock.now()
    starts_at = others.pop("starts_at", now.replace(minute=0, second=0, microsecond=0) + dt.timedelta(days=30))
    event = Event(
        **{
            "uid": f"event-{number}@example.org",
            "slug": f"event-{number}",
            "status": "published",
            "published_at": now,
            "texts": three_languages(title),
            "programme": [],
            "time_zone": "America/Los_Angeles",
            "starts_at": starts_at,
            "ends_at": starts_at + dt.timedelta(hours=3),
            "venue": "The Starry Plough",
            "street": "3101 Shattuck Avenue",
            "city": "Berkeley",
            "region": "CA",
            "country": "US",
            "created_at": now,
            "revised_at": now,
            **others,
        }
    )
    with atomic():
        db.session.add(event)
    return event


PASSWORD = "seven winters and a long spring"


@cache
def _hashed(password: str) -> str:
    return hash_password(password)


def an_organizer(
    name: str = "Nasrin",
    email: str = "nasrin@example.org",
    *,
    role: str = OWNER,
    place: str = "",
    until: dt.datetime | None = None,
    **others: Any,
) -> Organizer:
    """An account with the password PASSWORD, which holds this role in this place; an owner's if nothing is said."""
    row_id = new_id()
    organizer = Organizer(
        **{
            "id": row_id,
            "email_hash": email_fingerprint(email),
            "sealed": vault().seal("organizers", row_id, {"name": name, "email": email}),
            "password_hash": _hashed(PASSWORD),
            "created_on": clock.now().date(),
            **others,
        }
    )
    with atomic():
        db.session.add(organizer)
        db.session.flush()
        if role:
            grant = {"role": role, "place": place, "expires_at": until}
            db.session.add(RoleGrant(id=new_id(), organizer_id=row_id, **grant))
    return organizer


def an_organizer_session(organizer: Organizer | None = None) -> str:
    """The token of a signed-in browser, second factor and all, of a new organizer if none is given."""
    owner = organizer or an_organizer(email=f"organizer-{next(_numbers)}@example.org")
    token, now = new_token(), clock.now()
    with atomic():
        db.session.add(
            OrganizerSession(
                token_hash=token_hash(token),
                id=new_id(),
                organizer_id=owner.id,
                started_at=now,
                seen_at=now,
                full_at=now,
            )
        )
    return token


APP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def an_app(organizer: Organizer) -> Organizer:
    """The organizer, now with an authenticator app that holds APP_SECRET and was never used."""
    with atomic():
        keep_app(organizer.id, APP_SECRET, step=0, now=clock.now())
    return organizer


def app_code(secret: str = APP_SECRET, steps: int = 0) -> str:
    """What the app shows now, or so many steps of 30 seconds later."""
    return pyotp.TOTP(secret).generate_otp(int(clock.now().timestamp()) // 30 + steps)


def fully_signed_in(token: str) -> str:
    """The same session's token, as if its owner had given the second factor."""
    mine = OrganizerSession.token_hash == token_hash(token)
    with atomic():
        db.session.execute(sa.update(OrganizerSession).where(mine).values(full_at=clock.now()))
    return token


def roster(event_id: int, *, reader: Reader = NOBODY) -> list[RsvpView]:
    """Everyone of an event, in order of arrival, as far as this reader can read them."""
    rows = db.session.scalars(sa.select(Rsvp).where(Rsvp.event_id == event_id).order_by(Rsvp.line))
    return [view_of(row, reader.words(row)) for row in rows]
