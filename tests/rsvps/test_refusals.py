"""Addresses that take no letters, letters whose end nobody knows: noted, shown to organizers, taken back."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from iec_events.core import clock
from iec_events.core.db import db
from iec_events.core.tokens import new_token
from iec_events.mail.actions import ANSWER_LEASE, claim, hand_over, note_delivered, note_failed, note_lapsed
from iec_events.mail.models import OutboxMail
from iec_events.rsvps import actions
from iec_events.rsvps.actions import ByHand, Party, change_by_hand, note_refusals
from iec_events.rsvps.boxes import NOBODY
from iec_events.rsvps.models import Rsvp
from tests.factories import an_event, an_organizer, an_organizer_session
from tests.filling import send

pytestmark = pytest.mark.usefixtures("app")
MINUTE = dt.timedelta(minutes=1)


def a_party(slug: str, email: str = "sara@example.org") -> tuple[str, str]:
    """Id and token of an RSVP, whose first letter waits."""
    token = new_token()
    party = Party(name="Sara", email=email, party_size=1, note="", locale="en")
    return actions.place_rsvp(slug=slug, party=party, token=token, now=clock.now()).rsvp_id, token


def refused_on(rsvp_id: str) -> dt.date | None:
    return db.session.get_one(Rsvp, rsvp_id, populate_existing=True).mail_refused_on


def next_letter(*, refused: bool, for_ever: bool = True, after: dt.timedelta = dt.timedelta(0)) -> None:
    now = clock.now() + after
    (letter,) = claim(now=now, how_many=1)
    if refused:
        note_failed(letter=letter, error="recipient refused 550", for_ever=for_ever, now=now)
        return
    hand_over(letter=letter, now=now)
    note_delivered(mail_id=letter.id, now=now)


def test_what_an_old_address_answers_says_nothing_of_the_new_one() -> None:
    slug = an_event().slug
    sara, _token = a_party(slug)
    next_letter(refused=False)
    said = ByHand(name="Sara", email="nika@example.org", party_size=1, note="")
    change_by_hand(slug=slug, rsvp_id=sara, said=said, reader=NOBODY, now=clock.now())
    found = {one.kind: one for one in claim(now=clock.now(), how_many=5)}
    assert set(found) == {"rsvps.moved", "rsvps.confirmed"}
    note_failed(letter=found["rsvps.moved"], error="recipient refused 550", for_ever=True, now=clock.now())
    note_refusals(clock.now())
    assert refused_on(sara) is None


def test_a_refusal_for_good_is_noted_and_a_letter_that_goes_through_takes_it_back() -> None:
    slug = an_event().slug
    sara, token = a_party(slug)
    next_letter(refused=True)
    ali, _token = a_party(slug, "ali@example.org")
    next_letter(refused=False)
    note_refusals(clock.now())
    assert (refused_on(sara), refused_on(ali)) == (dt.date(2027, 1, 15), None)
    actions.change_rsvp(token=token, name="Sara", party_size=2, note="", now=clock.now())
    next_letter(refused=False, after=MINUTE)
    note_refusals(clock.now())
    assert refused_on(sara) is None
    assert not db.session.scalars(sa.select(OutboxMail.id).where(OutboxMail.news)).all()


@pytest.mark.parametrize("well_last", [True, False])
def test_what_came_last_counts_when_both_were_not_told_yet(*, well_last: bool) -> None:
    sara, token = a_party(an_event().slug)
    next_letter(refused=well_last)
    actions.change_rsvp(token=token, name="Sara", party_size=2, note="", now=clock.now())
    next_letter(refused=not well_last, after=MINUTE)
    for _ in range(2):
        note_refusals(clock.now())
    assert (refused_on(sara) is None) is well_last


def test_a_server_that_was_away_for_days_says_nothing_about_an_address() -> None:
    sara, _token = a_party(an_event().slug)
    next_letter(refused=True, for_ever=False, after=dt.timedelta(days=3))
    note_refusals(clock.now())
    assert refused_on(sara) is None


def test_organizers_see_it_on_the_list_and_the_partys_page_until_the_address_changes(organizer: FlaskClient) -> None:
    slug = an_event().slug
    sara, _token = a_party(slug)
    pages = f"/organize/events/{slug}/rsvps", f"/organize/events/{slug}/rsvps/{sara}"
    assert not any("Letters do not arrive" in organizer.get(page).text for page in pages)
    next_letter(refused=True)
    note_refusals(clock.now())
    assert all("Letters do not arrive" in organizer.get(page).text for page in pages)
    said = ByHand(name="Sara", email="sara@example.com", party_size=1, note="")
    change_by_hand(slug=slug, rsvp_id=sara, said=said, reader=NOBODY, now=clock.now())
    note_refusals(clock.now())
    assert refused_on(sara) is None


def handed_over_and_left() -> dt.datetime:
    """The next letter's end is not known; a moment at which that is clear."""
    now = clock.now()
    (letter,) = claim(now=now, how_many=1)
    hand_over(letter=letter, now=now)
    note_lapsed(now + ANSWER_LEASE + MINUTE)
    return now + ANSWER_LEASE + MINUTE


def test_letters_of_an_unknown_end_are_sent_again_by_a_press_and_by_nothing_else(organizer: FlaskClient) -> None:
    slug = an_event().slug
    sara, _token = a_party(slug)
    page = f"/organize/events/{slug}/rsvps/{sara}"
    later = handed_over_and_left()
    assert "Nobody knows whether 1 mail to them arrived" in organizer.get(page).text
    assert organizer.get(f"{page}/mail-again").status_code == 405
    assert claim(now=later, how_many=1) == []
    assert send(organizer, page, f"{page}/mail-again").status_code == 303
    assert [letter.facts["rsvp_id"] for letter in claim(now=later, how_many=1)] == [sara]
    assert "Nobody knows" not in organizer.get(page).text
    assert "Mails to an RSVP sent again" in organizer.get("/organize/audit").text


def test_owners_send_all_of_them_again_from_the_dashboard_and_others_are_told(
    organizer: FlaskClient, app: Flask
) -> None:
    a_party(an_event().slug)
    later = handed_over_and_left()
    helper = app.test_client()
    with helper.session_transaction() as session:
        session["organizer"] = an_organizer_session(an_organizer(email="o@example.org", role="organizer"))
    told = helper.get("/organize").text
    assert "Nobody knows whether 1 mail arrived." in told
    assert "mail/again" not in told
    assert "mail/again" in organizer.get("/organize").text
    assert send(organizer, "/organize", "/organize/mail/again").status_code == 303
    assert len(claim(now=later, how_many=1)) == 1
    assert "Nobody knows" not in organizer.get("/organize").text
