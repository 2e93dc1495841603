"""Organizers and people at the door with keys of their own, and parties that sign up."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from iec_events.core import clock
from iec_events.core.tokens import new_token
from iec_events.organizers.actions import accept_invitation, invite
from iec_events.organizers.guard import TOKEN
from iec_events.organizers.queries import organizer_by_email
from iec_events.rsvps.actions import Party, place_rsvp
from tests.factories import PASSWORD, fully_signed_in


def an_account(
    name: str, role: str | None = None, place: str = "", until: dt.datetime | None = None
) -> tuple[str, str]:
    """A real account with its key: its id, and the token of its session."""
    now, email = clock.now(), f"{name.lower()}@example.org"
    invited = invite(now=now, role=role, place=place, until=until)
    token = accept_invitation(token=invited, name=name, email=email, password=PASSWORD, now=now)
    account = organizer_by_email(email)
    assert account is not None
    return account.id, fully_signed_in(token)


def a_doorkeeper(name: str = "Kian", slug: str = "berkeley", hours: int = 9) -> tuple[str, str]:
    """Somebody who stands at one event's door, for so many hours."""
    return an_account(name, "door", f"event:{slug}", clock.now() + dt.timedelta(hours=hours))


def browser_of(app: Flask, account: tuple[str, str]) -> FlaskClient:
    """Their browser, freshly signed in."""
    client = app.test_client()
    with client.session_transaction() as session:
        session[TOKEN] = account[1]
    return client


def comes(name: str, party_size: int = 1, slug: str = "berkeley", **more: Any) -> str:
    """Signs up; the id of the RSVP."""
    party = Party(**{"name": name, "email": None, "party_size": party_size, "note": "", "locale": "en", **more})
    return place_rsvp(slug=slug, party=party, token=new_token(), now=clock.now()).rsvp_id
