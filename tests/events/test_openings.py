"""Whether one can sign up, and if not: why, and what to do instead, in every state an event can be in."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from iec_events.core import clock
from iec_events.core.i18n import speaking
from iec_events.events.openings import RsvpState, opening
from iec_events.events.times import local_text
from tests.factories import an_event

HOUR = dt.timedelta(hours=1)


def state(**others: Any) -> RsvpState:
    now = clock.now()
    for name in ("rsvp_opens_at", "rsvp_closes_at", "starts_at"):
        if name in others:
            others[name] = now + others[name]
    row = an_event(**others)
    with speaking("en"):
        found = opening(row, "en", now)
    assert found.open == row.takes_rsvps(now) == (found.reason is None)
    return found


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ({"status": "cancelled"}, "This event is cancelled, so there is nothing to sign up for. If you signed up"),
        ({"status": "postponed"}, "This event is postponed. Signing up opens again when there is a new date."),
        ({"status": "draft"}, "This event is not published, so nobody can sign up yet."),
        ({"starts_at": -9 * HOUR}, "This event is over. You can still read the messages."),
        (
            {"rsvp_opens_at": HOUR},
            "Signing up opens on Friday 15 January, 5 am (Berkeley time). Put the night in your calendar until then.",
        ),
        (
            {"rsvp_closes_at": -HOUR},
            "Signing up closed on Friday 15 January, 3 am (Berkeley time). Ask at the door: there may be room.",
        ),
        (
            {"closed_early": True, "contact": "us@example.org"},
            "The organizers have closed the list early. Write to us@example.org if you still want to come.",
        ),
        (
            {"closed_early": True, "rsvp_closes_at": -HOUR, "needs_approval": True},
            "The organizers have closed the list early. You can still leave a message of solidarity, or",
        ),
        (
            {"closed_early": True, "city": "", "online_url": "https://example.org/night"},
            "The organizers have closed the list early. You can still leave a message of solidarity, or",
        ),
    ],
    ids=[
        *(
            "cancelled",
            "postponed",
            "draft",
            "past",
            "not yet",
            "by time",
            "early",
            "early and screened",
            "early online",
        ),
    ],
)
def test_who_cannot_sign_up_is_told_why_and_what_to_do(app: Flask, others: dict[str, Any], reason: str) -> None:
    del app
    found = state(**others)
    assert found.reason is not None
    assert found.reason.startswith(reason)


def test_an_ordinary_event_has_no_terms(app: Flask) -> None:
    del app
    found = state(largest_party=4)
    assert (found.open, found.terms, found.largest_party, found.screened) == (True, (), 4, False)


def test_what_holds_is_said_before_one_signs_up(app: Flask) -> None:
    del app
    (proof,) = state(confirms_address=True, hold_hours=1).terms
    assert "confirm it by a link within 1 hour; your places are held so long. Without one, a person looks" in proof
    (looked_at,) = state(needs_approval=True).terms
    assert looked_at.startswith("A person looks at every RSVP.")
    both = state(under_attack=True, largest_party=9)
    assert (both.screened, both.asks_for_proof, both.largest_party, len(both.terms)) == (True, True, 2, 2)
    assert state(under_attack=True, largest_party=1).largest_party == 1


def test_until_when_one_can_sign_up_is_said_while_one_can(client: FlaskClient) -> None:
    closes = clock.now() + HOUR
    an_event(slug="night", rsvp_closes_at=closes, time_zone="UTC")
    told = f"<p>Signing up closes on {local_text(closes, 'UTC', 'en')} (UTC).</p>"
    for address in ("/events/night", "/events/night/rsvp"):
        assert told in client.get(address).text
    assert state(rsvp_closes_at=-HOUR).terms == ()


def test_waiting_for_approval_is_never_called_a_waitlist(client: FlaskClient) -> None:
    an_event(slug="asked", needs_approval=True, capacity=2, seats_taken=2, availability="full")
    an_event(slug="full", capacity=2, seats_taken=2, availability="full")
    asked, full = client.get("/events/asked").text, client.get("/events/full").text
    assert "aitlist" not in asked
    assert ("Ask to come" in asked, "You can still ask: places come free." in asked) == (True, True)
    assert "Join the waitlist" in full


def test_a_closed_event_says_so_on_every_page(client: FlaskClient) -> None:
    an_event(slug="closed", closed_early=True)
    for address in ("/events/closed", "/events/closed/rsvp"):
        page = client.get(address).text
        assert "The organizers have closed the list early. Ask at the door: there may be room." in page
        assert "I am coming</a>" not in page
