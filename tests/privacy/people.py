"""Somebody with an account that really holds keys, and people who sign up."""

from __future__ import annotations

from iec_events.core import clock
from iec_events.core.tokens import new_token
from iec_events.events.models import Event
from iec_events.organizers.actions import accept_invitation, invite
from iec_events.organizers.keys import private_of_session
from iec_events.organizers.queries import organizer_by_email
from iec_events.rsvps.actions import Party, place_rsvp
from iec_events.rsvps.boxes import Reader, reader_of
from tests.factories import roster

SECRET = "nine poems by the river"
CANARY_NAME, CANARY_NOTE, CANARY_MAIL = "Canary Kohzadi", "a wheelchair for the canary", "canary@example.org"


def an_account(email: str = "nasrin@example.org") -> tuple[str, str]:
    """A real account, with its key; its id, and the token of its session."""
    now = clock.now()
    token = accept_invitation(token=invite(now=now), name="Nasrin", email=email, password=SECRET, now=now)
    account = organizer_by_email(email)
    assert account is not None
    return account.id, token


def comes(event: Event, name: str = CANARY_NAME, email: str | None = CANARY_MAIL, party_size: int = 1) -> str:
    """Signs up; the token of the attendee's own link."""
    token = new_token()
    party = Party(name=name, email=email, party_size=party_size, note=CANARY_NOTE, locale="fa")
    place_rsvp(slug=event.slug, party=party, token=token, now=clock.now())
    return token


def reads(account: tuple[str, str], event: Event) -> Reader:
    """What this account can read of the list."""
    return reader_of(account[0], private_of_session(account[1]), event.id)


def names(account: tuple[str, str], event: Event) -> list[str | None]:
    """The list as this account reads it."""
    return [one.name for one in roster(event.id, reader=reads(account, event))]
