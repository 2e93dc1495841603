"""Letters say what is true of this event: whether places are offered or given, and why a person looks."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from time_machine import Traveller

from iec_events.core import clock as our_clock
from iec_events.core.db import atomic, db
from iec_events.core.i18n import speaking
from iec_events.core.text import direction_of
from iec_events.core.tokens import new_token
from iec_events.events.actions import postpone_event
from iec_events.events.models import Event
from iec_events.rsvps import actions
from iec_events.rsvps.actions import Party
from iec_events.rsvps.emails import LETTERS, TRUE_WHILE
from iec_events.rsvps.models import Rsvp
from tests.events.serial import a_vigil, dates
from tests.factories import an_event
from tests.rsvps.every_letter import becomes, somebody, written

pytestmark = pytest.mark.usefixtures("app")
SUNDAY = dt.datetime(2027, 1, 31, 20, tzinfo=dt.UTC)


def told(kind: str, *, trusted: bool = True, waits: bool = True, **event: Any) -> tuple[str, str]:
    """The letter to the second party of a place for two, as text and as a page, on one line each."""
    is_now = event.pop("status", "published")
    row = an_event(capacity=2, **event)
    slug = row.slug
    for people in (2 if waits else 1, 1):
        party = Party(name="Sara", email="sara@example.org", party_size=people, note="", locale="en")
        placed = actions.place_rsvp(slug=slug, party=party, token=new_token(), now=our_clock.now(), trusted=trusted)
    with atomic():
        db.session.execute(sa.update(Event).where(Event.id == row.id).values(status=is_now))
    with speaking("en"):
        letter = LETTERS[f"rsvps.{kind}"]({"rsvp_id": placed.rsvp_id, "token": "x" * 43, "to": "sara@example.org"})
    assert letter is not None
    return " ".join(letter.text.split()), " ".join(letter.html.split())


def test_the_waitlist_says_whether_places_are_offered() -> None:
    for letter in told("waitlisted"):
        assert "they are yours, and we write to you" in letter
    for letter in told("waitlisted", offer_hours=24):
        assert "they are offered to you, and held for 24 hours." in letter
        assert "are yours" not in letter
        assert "You are number 1 in line." in letter


@pytest.mark.parametrize("kind", ["declined", "event_postponed"])
def test_a_letter_that_says_no_place_and_hour_still_names_the_date_of_a_series(kind: str) -> None:
    """Its dates share a title: who signed up for several would not know which one is off."""
    a_vigil()
    event = dates()[1]
    rsvp_id, token = somebody(event, "fa")
    if kind == "declined":
        becomes(rsvp_id, "declined")
    else:
        postpone_event(slug=event.slug, now=our_clock.now())
        with atomic():  # as whoever promises the letter notes
            db.session.execute(sa.update(Rsvp).where(Rsvp.id == rsvp_id).values(told_sequence=event.sequence))
    facts = {"rsvp_id": rsvp_id, "token": token, "to": "sara@example.org", "since": 0, "entitled": True}
    letter = written(kind, "fa", facts)
    for said in (letter.text, letter.html):
        assert "سه‌شنبه ۹ فوریهٔ ۲۰۲۷ – ۲۰ بهمن ۱۴۰۵" in said


def test_approval_says_why_a_person_looks() -> None:
    for letter in told("pending", needs_approval=True):
        assert "For this event a person looks at every RSVP." in letter
    for letter in told("pending", trusted=False, puzzle=True):
        assert "A person looks at your RSVP before it counts." in letter
        assert "For this event" not in letter


def test_the_note_for_the_gate_is_in_letters_to_those_who_come_only() -> None:
    texts = {"en": {"title": "Night", "gate_note": "Ring twice."}}
    for letter in told("waitlisted", texts=texts):
        assert "Ring twice." not in letter
    for letter in told("confirmed", texts=texts, waits=False):
        assert "At the gate: Ring twice." in letter


@pytest.mark.parametrize("kind", ["waitlisted", "changed", "link"])
def test_no_letter_names_the_day_of_an_event_that_is_postponed(kind: str) -> None:
    """Whoever is approved, or asks for a link, while there is no date."""
    assert "31 January" not in " ".join(told(kind, starts_at=SUNDAY, status="postponed"))
    for letter in told(kind, starts_at=SUNDAY, status="postponed"):
        assert "This event is postponed. There is no new date yet." in letter
    for letter in told(kind, starts_at=SUNDAY):
        assert "31 January" in letter
        assert "postponed" not in letter


def test_no_letter_conceals_that_an_event_is_cancelled() -> None:
    for letter in told("link", status="cancelled"):
        assert "This event is cancelled." in letter


@pytest.mark.parametrize("kind", ["not_coming", "lapsed", "withdrawn"])
def test_no_letter_offers_to_come_to_what_is_cancelled(kind: str) -> None:
    rsvp_id, token = somebody(an_event())
    becomes(rsvp_id, {"withdrawn": "cancelled"}.get(kind, kind))
    facts = {"rsvp_id": rsvp_id, "token": token, "to": "sara@example.org"}
    back = re.compile(r"coming after all|sign up again")
    assert back.search(" ".join(written(kind, "en", facts).text.split()))
    with atomic():
        db.session.execute(sa.update(Event).values(status="cancelled"))
    letter = " ".join(written(kind, "en", facts).text.split())
    assert not back.search(letter)
    assert "This event is cancelled." in letter


@pytest.mark.parametrize("kind", ["not_coming", "lapsed", "withdrawn"])
def test_no_letter_offers_to_come_where_signing_up_is_closed(kind: str) -> None:
    rsvp_id, token = somebody(an_event(closed_early=True), by_hand=True)
    becomes(rsvp_id, {"withdrawn": "cancelled"}.get(kind, kind))
    letter = " ".join(written(kind, "en", {"rsvp_id": rsvp_id, "token": token, "to": "sara@example.org"}).text.split())
    assert not re.search(r"coming after all|sign up again", letter)
    assert "The organizers have closed the list early. Ask at the door: there may be room." in letter


def test_a_night_online_has_no_door() -> None:
    online: dict[str, Any] = {
        "city": "",
        "venue": "",
        "street": "",
        "region": "",
        "online_url": "https://live.example.org/",
    }
    for letter in told("confirmed", waits=False, **online):
        assert "At the door" not in letter
        assert "https://live.example.org/" in letter


def test_links_lead_to_us_and_where_the_page_on_what_we_keep_says_so(client: FlaskClient) -> None:
    _text, page = told("confirmed", waits=False, online_url="https://live.example.org/")
    links = set(re.findall(r'href="([^"]+)"', page))
    assert {link for link in links if not link.startswith("http://127.0.0.1:8000/")} == {"https://live.example.org/"}
    said = client.get("/privacy").text
    assert 'Our pages are at <bdi dir="ltr">http://127.0.0.1:8000/</bdi>' in said
    assert "Only the online address of a night, and what organizers write, may lead elsewhere" in said


@pytest.mark.parametrize("status", ["offered", "unconfirmed"])
def test_who_changes_while_places_are_held_reads_so(status: str) -> None:
    rsvp_id, token = somebody(an_event(confirms_address=status == "unconfirmed"))
    if status == "offered":
        becomes(rsvp_id, status)
    letter = written("changed", "en", {"rsvp_id": rsvp_id, "token": token, "to": "sara@example.org"}).text
    assert "2 places are held for you until" in letter
    assert "You wait" not in letter


def test_what_is_over_is_promised_to_nobody(clock: Traveller) -> None:
    """However late the mail server takes letters; who left still loses the entry in the calendar."""
    event = an_event()
    rsvp_id, token = somebody(event)
    facts = {"rsvp_id": rsvp_id, "token": token, "to": "sara@example.org"}
    clock.move_to(event.ends_at)
    late = set()
    for kind, (statuses, _method) in TRUE_WHILE.items():
        becomes(rsvp_id, statuses[0])
        with speaking("en"):
            late |= {kind} if LETTERS[f"rsvps.{kind}"](facts) else set()
    assert late == {"declined", "not_coming", "withdrawn", "cancelled", "moved", "link", "thanks"}


def test_a_quiet_letter_sets_no_appointment_that_is_off() -> None:
    event = an_event()
    rsvp_id, token = somebody(event, quiet=True)
    facts = {"rsvp_id": rsvp_id, "token": token, "to": "sara@example.org"}
    told = {"published": "is set", "postponed": "has changed", "cancelled": "is cancelled", "draft": "is cancelled"}
    for status, words in told.items():
        with atomic():
            db.session.execute(sa.update(Event).values(status=status))
        assert written("confirmed", "en", facts).subject == f"Your appointment {words}"


def test_approval_asks_for_silence_only_where_the_place_is_a_secret() -> None:
    for hidden, status, asked in ((True, "published", True), (True, "postponed", False), (False, "published", False)):
        letter, _html = told("approved", address_hidden=hidden, waits=False, status=status)
        assert ("Please tell nobody where it is" in letter) is asked


@pytest.mark.parametrize("way", ["rtl", "ltr"])
def test_no_line_of_a_letter_is_turned_by_a_value_in_other_letters(way: str) -> None:
    """As programs show it that take a line's direction from its first letter, and those that know better."""
    venue, street, note = (
        ("La Peña", "3105 Shattuck Avenue", "Ring twice.") if way == "rtl" else ("کافه", "کوچه", "زنگ")
    )
    texts = {"en": {"title": "Night", "gate_note": note}}
    rsvp_id, token = somebody(an_event(texts=texts, venue=venue, street=street), "fa" if way == "rtl" else "en")
    facts = {"rsvp_id": rsvp_id, "token": token, "to": "sara@example.org"}
    letter = written("confirmed", "fa" if way == "rtl" else "en", facts)
    [place] = [line for line in letter.text.splitlines() if venue in line]
    mark, comma = ("\u200f", "،") if way == "rtl" else ("\u200e", ",")
    assert place.startswith(f"{mark}\u2068{venue}\u2069{comma} \u2068{street}\u2069{comma} ")
    assert direction_of(place) == way
    assert f" \u2068{note}\u2069" in letter.text
    assert f"{mark}\u2068{venue}" in letter.html
