"""What somebody can do who means harm and has a form, a link, and an address that is not theirs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from iec_events.core import clock
from iec_events.core.crypto import vault
from iec_events.core.db import atomic, db
from iec_events.core.tokens import new_token, token_hash
from iec_events.events.models import Event
from iec_events.mail.models import OutboxMail
from iec_events.mail.queries import letters_about
from iec_events.rsvps import actions
from iec_events.rsvps.actions import Party, lines
from iec_events.rsvps.actions.lines import write_to
from iec_events.rsvps.emails import LETTERS
from iec_events.rsvps.models import Rsvp, RsvpLink
from iec_events.rsvps.queries import rsvp_by_token
from tests.factories import an_event

pytestmark = pytest.mark.usefixtures("app")
VICTIM = "victim@example.org"
DAY = dt.timedelta(days=1)


def place(event: Event, email: str | None = VICTIM, size: int = 1) -> str:
    token = new_token()
    party = Party(name="Sara", email=email, party_size=size, note="", locale="en")
    actions.place_rsvp(slug=event.slug, party=party, token=token, now=clock.now())
    return token


def letters() -> int:
    """How many will leave, as far as they are true then."""
    rows = db.session.scalars(sa.select(OutboxMail)).all()
    return sum(not vault().open("outbox", row.id, row.sealed or b"")["facts"].get("silent") for row in rows)


def test_nobody_is_written_to_without_end() -> None:
    """By changing, leaving and coming back, or by signing up again and again."""
    event = an_event()
    token = place(event)
    for size in (2, 3, 2, 3):
        actions.change_rsvp(token=token, name="Sara", party_size=size, note="", now=clock.now())
        actions.say_not_coming(token=token, now=clock.now())
        actions.come_back(token=token, now=clock.now())
    for _ in range(4):
        place(event)
    assert letters() == 6
    place(event, "ali@example.org")
    assert letters() == 7, "others are written to"
    actions.withdraw_rsvp(token=token, now=clock.now() + DAY)
    assert letters() == 8


def test_nobody_is_flooded_by_way_of_many_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """A series has a hundred dates, and each would write six times a day to somebody who never heard of it."""
    monkeypatch.setattr(lines, "LETTERS_ANYWHERE", ("2/day",))
    tokens = [place(an_event(slug=f"tuesday-{number}")) for number in range(3)]
    place(an_event(), VICTIM.upper())
    assert letters() == 2
    place(an_event(), "ali@example.org")
    assert letters() == 3, "others are written to"
    with atomic():
        db.session.get_one(Rsvp, rsvp_by_token(tokens[2]).id).address_confirmed = True
    actions.say_not_coming(token=tokens[2], now=clock.now())
    assert letters() == 4, "and who has shown that it is their own"
    mailed = new_token()
    with atomic():
        rsvp_id = rsvp_by_token(tokens[0]).id
        db.session.add(RsvpLink(token_hash=token_hash(mailed), rsvp_id=rsvp_id, proves_address=True))
    actions.change_rsvp(token=tokens[0], name="Sara", party_size=2, note="", now=clock.now())
    assert letters() == 4
    actions.say_not_coming(token=mailed, now=clock.now())
    assert letters() == 5, "as who comes by a link that went there"


@pytest.mark.parametrize("offer_hours", [None, 12])
def test_nobody_is_written_to_without_end_by_who_gives_a_place_and_takes_it_back(offer_hours: int | None) -> None:
    event = an_event(capacity=1, offer_hours=offer_hours)
    own, token = place(event, None), place(event)
    for _ in range(8):
        actions.say_not_coming(token=own, now=clock.now())
        actions.say_not_coming(token=token, now=clock.now())
        actions.come_back(token=own, now=clock.now())
        actions.come_back(token=token, now=clock.now())
    assert db.session.scalar(sa.select(sa.func.count()).where(OutboxMail.kind.in_(lines.SERVED))) == 8
    assert letters() == 4 + 6


def test_a_letter_that_stays_silent_looks_like_any_other() -> None:
    """Else who signs up with somebody's address could count the letters that others caused."""
    event = an_event()
    tokens = [place(event) for _ in range(7)]
    assert letters() == 6
    about = [f"rsvp:{rsvp_by_token(token).id}" for token in tokens]
    assert [len(letters_about(one)) for one in about] == [1] * 7
    told = [vault().open("outbox", row.id, row.sealed or b"")["facts"] for one in about for row in letters_about(one)]
    assert [bool(LETTERS["rsvps.confirmed"](facts | {"to": VICTIM})) for facts in told] == [True] * 6 + [False]


def test_organizers_letters_go_out_all_the_same() -> None:
    event = an_event()
    tokens = [place(event) for _ in range(8)]
    assert letters() == 6
    actions.cancel_rsvp(slug=event.slug, rsvp_id=rsvp_by_token(tokens[7]).id, now=clock.now())
    assert letters() == 7


def test_news_and_reminders_keep_no_answer_from_going_out() -> None:
    """Else who leaves on a day with much news keeps a place in the calendar that is somebody else's."""
    event = an_event()
    token = place(event)
    with atomic():
        rsvp = rsvp_by_token(token)
        for kind in ("event_changed", "event_cancelled", "event_reinstated", "reminder", "reminder"):
            write_to(db.session.get_one(Rsvp, rsvp.id), kind, clock.now())
    actions.say_not_coming(token=token, now=clock.now())
    assert letters() == 7


def test_others_with_the_same_address_cut_nobody_off() -> None:
    event = an_event()
    token = place(event)
    for _ in range(9):
        place(event)
    assert letters() == 6
    actions.say_not_coming(token=token, now=clock.now())
    actions.ask_for_links(email=VICTIM, now=clock.now())
    actions.answer_lost_links(clock.now())
    assert letters() == 8


def test_who_never_confirms_an_address_holds_seats_once() -> None:
    event = an_event(capacity=2, confirms_address=True, hold_hours=12)
    token, now = place(event, size=2), clock.now()
    assert event.seats_taken == 2
    for leave in (True, False):
        if leave:
            actions.say_not_coming(token=token, now=now)
        else:
            actions.run_deadlines(now + DAY)
        assert actions.come_back(token=token, now=now + DAY * (not leave)) == "unconfirmed"
        db.session.expire_all()
        assert event.seats_taken == 0
    assert place(event, "ali@example.org", size=2)
    assert event.seats_taken == 2


def test_an_approved_party_brings_nobody_along_unseen() -> None:
    event = an_event(needs_approval=True)
    token = place(event)
    change: dict[str, Any] = {"token": token, "name": "Sara", "note": "", "now": clock.now()}
    assert actions.change_rsvp(**change, party_size=2) == "pending", "whoever looks will see it"
    actions.approve_rsvp(slug=event.slug, rsvp_id=rsvp_by_token(token).id, now=clock.now())
    with pytest.raises(actions.ApprovedAsItWas):
        actions.change_rsvp(**change, party_size=3)
    assert rsvp_by_token(token).party_size == 2
    assert actions.change_rsvp(**change, party_size=1) == "confirmed"


def test_who_confirmed_the_address_gets_seats_again() -> None:
    event = an_event(capacity=2)
    token = place(event, size=2)
    actions.say_not_coming(token=token, now=clock.now())
    assert actions.come_back(token=token, now=clock.now()) == "confirmed"
    assert event.seats_taken == 2
