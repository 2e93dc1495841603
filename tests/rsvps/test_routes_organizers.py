"""The list of who comes, in the organizers' hands."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.core.tokens import new_token
from iec_events.events.models import Event
from iec_events.mail.models import OutboxMail
from iec_events.organizers.actions import accept_invitation, invite
from iec_events.organizers.guard import TOKEN
from iec_events.organizers.models import AuditEntry
from iec_events.questions.actions import add_ready_made
from iec_events.questions.models import Answers
from iec_events.questions.queries import questions_of
from iec_events.rsvps.actions import ByHand, Party, WordsSealed, cancel_rsvp, change_by_hand, place_rsvp, remove_rsvps
from iec_events.rsvps.boxes import NOBODY, Reader, Words
from iec_events.rsvps.models import Rsvp, RsvpLink, RsvpRemoval
from tests.factories import an_event, an_organizer_session, fully_signed_in, roster
from tests.filling import hidden_fields, send

LIST = "/organize/events/berkeley/rsvps"


@pytest.fixture
def event(app: Flask) -> Event:
    del app
    return an_event(slug="berkeley", capacity=3)


@pytest.fixture
def nasrin(client: FlaskClient, event: Event) -> FlaskClient:
    """An organizer's browser, signed in."""
    del event
    with client.session_transaction() as session:
        session[TOKEN] = an_organizer_session()
    return client


@pytest.fixture
def simin(app: Flask, event: Event) -> FlaskClient:
    """The browser of an organizer who holds the keys; boxes are sealed to them from then on."""
    del event
    link = invite(now=clock.now())
    secret = {"email": "simin@example.org", "password": "nine poems by the river"}
    token = accept_invitation(token=link, name="Simin", now=clock.now(), **secret)
    browser = app.test_client()
    with browser.session_transaction() as session:
        session[TOKEN] = fully_signed_in(token)
    return browser


def comes(name: str, size: int = 1, email: str | None = None, note: str = "", **others: Any) -> str:
    party = Party(name=name, email=email, party_size=size, note=note, locale="en", **others)
    return place_rsvp(slug="berkeley", party=party, token=new_token(), now=clock.now()).rsvp_id


def becomes(event: Event, **what: Any) -> None:
    """Give the event other settings."""
    with atomic():
        for name, value in what.items():
            setattr(db.session.get_one(Event, event.id), name, value)


def stands(event: Event) -> dict[str | None, str]:
    """Name -> status of everybody."""
    db.session.rollback()
    return {one.name: one.status for one in roster(event.id)}


def letters() -> list[str]:
    """Kinds of the letters that are promised, by the alphabet."""
    kinds = db.session.scalars(sa.select(OutboxMail.kind)).all()
    return sorted(kind.removeprefix("rsvps.") for kind in kinds)


def names_in(page: str) -> list[str]:
    """The names in the rows of the list, from top to bottom."""
    return re.findall(r'<th scope="row"><a [^>]*><bdi>([^<]*)</bdi>', page)


def press(client: FlaskClient, button: str, page: str = LIST, **sent: Any) -> TestResponse:
    """Press a button that stands on a page, with the token of that page."""
    token = hidden_fields(client.get(page).text)["csrf_token"]
    return client.post(button, data={"csrf_token": token, **sent})


def test_the_list_shows_who_comes_and_who_waits(nasrin: FlaskClient) -> None:
    comes("سارا", 3, "sara@example.org", "ویلچر")
    comes("Ali", 1)
    page = nasrin.get(LIST)
    assert page.status_code == 200
    for text in ("<bdi>سارا</bdi>", "sara@example.org", "ویلچر", "<bdi>Ali</bdi>", "On the waitlist"):
        assert text in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "سارا" not in nasrin.get(LIST + "?status=waitlisted").text


def test_an_empty_list_says_so(nasrin: FlaskClient) -> None:
    assert "Nobody has signed up yet." in nasrin.get(LIST).text


@pytest.mark.parametrize("page", ["0", "-1", "999", "x", "9" * 500, "۲"])
def test_odd_pages_of_the_list_are_no_fault(nasrin: FlaskClient, page: str) -> None:
    comes("Sara")
    assert "Sara" in nasrin.get(f"{LIST}?page={page}").text


def test_searching_leaves_no_name_in_an_address(nasrin: FlaskClient) -> None:
    comes("علی کریمی")
    comes("Sara")
    found = send(nasrin, LIST, q="علي")
    assert "<bdi>علی کریمی</bdi>" in found.text
    assert "<bdi>Sara</bdi>" not in found.text
    assert "?q=" not in found.text
    assert "Nobody fits this search." in send(nasrin, LIST, q="Omid").text


def test_adding_by_hand(nasrin: FlaskClient, event: Event) -> None:
    answer = send(nasrin, LIST + "/add", name="Omid", party_size="2")
    assert (answer.status_code, answer.location) == (303, LIST)
    assert "They are on the list." in nasrin.get(LIST).text
    assert [(one.name, one.status) for one in roster(event.id)] == [("Omid", "confirmed")]
    send(nasrin, LIST + "/add", name="Large", party_size="2")
    assert "They are on the waitlist" in nasrin.get(LIST).text


def test_who_goes_back_and_adds_again_adds_once(nasrin: FlaskClient, event: Event) -> None:
    """A browser asks for the page anew, so that its seed is a fresh one, and fills in what was typed."""
    typed = {"name": "Omid", "party_size": "1"}
    for _ in range(2):
        assert send(nasrin, LIST + "/add", **typed).location == LIST
    assert "nothing was done twice" in nasrin.get(LIST).text
    send(nasrin, LIST + "/add", **typed, note="Another Omid")
    assert [one.name for one in roster(event.id)] == ["Omid", "Omid"]
    cancel_rsvp(slug="berkeley", rsvp_id=roster(event.id)[1].id, now=clock.now())
    send(nasrin, LIST + "/add", **typed, note="Another Omid")
    assert [one.status for one in roster(event.id)] == ["confirmed", "cancelled", "confirmed"]


@pytest.mark.parametrize("wrong", [{"name": ""}, {"party_size": "4"}, {"email": "x"}])
def test_adding_badly_keeps_what_was_typed(nasrin: FlaskClient, event: Event, wrong: dict[str, str]) -> None:
    answer = send(nasrin, LIST + "/add", **{"name": "Omid", "party_size": "1", "note": "by phone", **wrong})
    assert answer.status_code == 422
    assert "by phone" in answer.text
    assert roster(event.id) == []


def test_cancelling_seats_the_next_in_line(nasrin: FlaskClient, event: Event) -> None:
    sara = comes("Sara", 3, "sara@example.org")
    comes("Ali", 1)
    asked = nasrin.get(f"{LIST}/{sara}/cancel").text
    assert "Take <bdi>Sara</bdi> off the list?" in asked
    assert "This cannot be undone." in asked
    for _ in range(2):
        assert send(nasrin, f"{LIST}/{sara}/cancel", to=f"{LIST}/{sara}/cancel").status_code == 303
    assert [(one.name, one.status) for one in roster(event.id)] == [("Sara", "cancelled"), ("Ali", "confirmed")]


@pytest.mark.parametrize("harm", ["moved", "cut", "of a later version"])
def test_a_box_that_was_touched_is_told_and_noted_and_the_others_open(
    simin: FlaskClient, app: Flask, harm: str
) -> None:
    sara, ali = (db.session.get_one(Rsvp, comes(name)) for name in ("Sara", "Ali"))
    harmed = {"moved": ali.sealed, "cut": sara.sealed[:-9], "of a later version": b"\x09" + sara.sealed[1:]}
    with atomic():
        db.session.execute(sa.update(Rsvp).where(Rsvp.id == sara.id).values(sealed=harmed[harm]))
    for _ in range(2):
        page = simin.get(LIST).text
        assert ("although you hold the key" in page, "You hold no key" in page) == (True, False)
        assert names_in(page) == ["Ali"]
        whole = simin.get(f"{LIST}/{sara.id}").text
        assert ("although you hold the key" in whole, "You hold no key" in whole) == (True, False)
    noted = db.session.scalars(sa.select(AuditEntry.what).where(AuditEntry.what == "list.damaged")).all()
    assert len(noted) == 1
    without = app.test_client()
    with without.session_transaction() as session:
        session[TOKEN] = an_organizer_session()
    page = without.get(LIST).text
    assert ("although you hold the key" in page, "You hold no key" in page) == (False, True)


def test_a_name_has_a_direction_of_its_own_wherever_it_heads_a_page_or_leads_back(nasrin: FlaskClient) -> None:
    party = f"/fa{LIST}/{comes('Sara (2)')}"
    page = nasrin.get(party).text
    assert "<h1><bdi>Sara (2)</bdi></h1>" in page
    assert page.count("۱۵ ژانویه (۲۵ دی ۱۴۰۵)") == 2, "when they signed up, and in their history"
    assert f'<a href="{party}"><bdi>Sara (2)</bdi></a>' in nasrin.get(f"{party}/change").text


def test_an_rsvp_of_another_event_is_not_found(nasrin: FlaskClient) -> None:
    sara = comes("Sara")
    an_event(slug="cali")
    assert nasrin.get(f"/organize/events/cali/rsvps/{sara}/cancel").status_code == 404


def test_strangers_see_nothing(app: Flask, event: Event) -> None:
    del event
    comes("Sara")
    stranger = app.test_client()
    for address in (LIST, LIST + "/add", LIST + "/export"):
        answer = stranger.get(address)
        assert answer.status_code == 303
        assert "/organize/sign-in" in answer.location
        assert "Sara" not in answer.text


# --- Finding: filters, order, what is shown


def test_the_numbers_tell_taken_from_held_and_free(nasrin: FlaskClient, event: Event) -> None:
    becomes(event, capacity=10)
    comes("Sara", 2)
    becomes(event, confirms_address=True)
    comes("Ali", 3, "ali@example.org")
    tiles = re.findall(r"<dt>(?:<a [^>]*>)?([^<]*)(?:</a>)?</dt>\s*<dd>(\d+)</dd>", nasrin.get(LIST).text)
    assert dict(tiles) == {
        "Places taken": "2",
        "Places held for a while": "3",
        "Places free": "5",
        "Parties on the waitlist": "0",
    }


def test_until_when_a_place_is_held_is_told_with_whose_clocks_these_are(nasrin: FlaskClient, event: Event) -> None:
    becomes(event, confirms_address=True)
    held = comes("Ali", 3, "ali@example.org")
    for page in (LIST, f"{LIST}/{held}"):
        assert "until Saturday 16 January, 4 am (Berkeley time)" in nasrin.get(page).text


def test_the_list_is_filtered_by_status_with_counts(nasrin: FlaskClient) -> None:
    comes("Sara", 3)
    comes("Ali")
    cancel_rsvp(slug="berkeley", rsvp_id=comes("Omid"), now=clock.now())
    page = nasrin.get(LIST).text
    for option in ("Everybody (3)", "Coming (1)", "On the waitlist (1)", "Cancelled (1)"):
        assert option in page
    assert "Declined (" not in page, "what nobody is, is not offered"
    assert names_in(nasrin.get(LIST + "?status=cancelled").text) == ["Omid"]
    assert names_in(nasrin.get(LIST + "?status=nonsense").text) == ["Sara", "Ali", "Omid"]


def test_the_list_is_sorted_by_arrival_name_or_size(nasrin: FlaskClient, event: Event) -> None:
    becomes(event, capacity=None)
    for name, size in (("یاسمن", 1), ("پریسا", 3), ("تارا", 2), ("Ali", 2)):
        comes(name, size)
    assert names_in(nasrin.get(LIST).text) == ["یاسمن", "پریسا", "تارا", "Ali"]
    assert names_in(nasrin.get(LIST + "?sort=name").text) == ["Ali", "پریسا", "تارا", "یاسمن"]
    assert names_in(nasrin.get(LIST + "?sort=size").text) == ["پریسا", "تارا", "Ali", "یاسمن"]


def test_who_needs_something_is_found(nasrin: FlaskClient, event: Event) -> None:
    add_ready_made(slug="berkeley", name="access", now=clock.now())
    add_ready_made(slug="berkeley", name="photograph", now=clock.now())
    access, photograph = (one.id for one in questions_of(event.id))
    needs: Answers = {access: "A quiet corner"}
    comes("Sara", answers=needs)
    comes("Ali", note="Vegetarian")
    comes("Omid", answers={photograph: True})
    page = nasrin.get(LIST + "?needs=yes").text
    assert names_in(page) == ["Sara", "Ali"]
    assert "What do you need to take part with ease?" in page
    assert "<bdi>A quiet corner</bdi>" in page


def test_the_same_address_twice_is_marked_and_found(nasrin: FlaskClient) -> None:
    comes("Sara", email="sara@example.org")
    comes("Ali", email="ali@example.org")
    comes("S.", email="SARA@example.org")
    gone = comes("Gone", email="ali@example.org")
    cancel_rsvp(slug="berkeley", rsvp_id=gone, now=clock.now())
    page = nasrin.get(LIST + "?twice=yes").text
    assert names_in(page) == ["Sara", "S."]
    assert page.count('</bdi> <span class="twice"') == 2, "beside the address, and not grown into it"


def test_a_search_goes_through_pages_and_keeps_the_filter(
    nasrin: FlaskClient, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iec_events.rsvps.rosters.PAGE", 2)
    becomes(event, capacity=3)
    for number in range(5):
        comes(f"Guest {number}")
    found = send(nasrin, LIST + "?status=confirmed", q="guest", page="2")
    assert names_in(found.text) == ["Guest 2"]


def test_without_a_search_only_one_pages_boxes_are_opened(
    nasrin: FlaskClient, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iec_events.rsvps.rosters.PAGE", 2)
    becomes(event, capacity=None)
    for number in range(5):
        comes(f"Guest {number}")
    opened: list[str] = []
    words = Reader.words

    def noted(self: Reader, rsvp: Rsvp) -> Words | None:
        opened.append(rsvp.id)
        return words(self, rsvp)

    monkeypatch.setattr(Reader, "words", noted)
    for address, boxes in ((LIST, 2), (LIST + "?sort=size&page=3", 1), (LIST + "?sort=name", 5)):
        opened.clear()
        assert nasrin.get(address).status_code == 200
        assert len(opened) == boxes, address


def test_long_lists_cost_no_more_questions(nasrin: FlaskClient, event: Event, queries: Any) -> None:
    becomes(event, capacity=None)
    asked = []
    for more in (1, 9):
        for number in range(more):
            comes(f"Guest {number}", email=f"guest{number}@example.org")
        nasrin.get(LIST)
        with queries() as made:
            nasrin.get(LIST)
        asked.append(len(made))
    assert asked[0] == asked[1]


# --- One party, opened whole


def test_a_party_is_opened_whole(nasrin: FlaskClient, event: Event) -> None:
    add_ready_made(slug="berkeley", name="access", now=clock.now())
    (question,) = questions_of(event.id)
    answers: Answers = {question.id: "A wheelchair"}
    sara = comes("سارا", 3, "sara@example.org", "کنار در", companions=("Mina", "علی"), children=1, answers=answers)
    ali = comes("Ali", 2)
    comes("Omid", 2)
    page = nasrin.get(f"{LIST}/{sara}").text
    said = ("سارا", "3 people", "one of them a child", "Mina", "علی", "sara@example.org", "کنار در", "A wheelchair")
    for text in (*said, "Coming", "Signed up", "by themselves"):
        assert text in page, text
    page = nasrin.get(f"{LIST}/{ali}").text
    assert "On the waitlist" in page
    assert "Place 1 in line." in page


def test_history_names_organizers_and_no_attendee(simin: FlaskClient) -> None:
    sara = comes("Sara")
    press(simin, f"{LIST}/{sara}/remark", remark="Spoke with her")
    page = simin.get(f"{LIST}/{sara}").text
    said, history = page.split('class="history"')
    assert "Remark of the organizers changed" in history
    assert "<bdi>Simin</bdi>" in history
    assert "Sara" not in history
    assert "Spoke with her" in said


def test_a_remark_is_kept_found_and_erased(simin: FlaskClient) -> None:
    sara = comes("Sara", companions=("Mina",))
    comes("Ali")
    for text, said in (("An old friend", "The remark is kept."), ("", "The remark is erased.")):
        answer = press(simin, f"{LIST}/{sara}/remark", remark=text)
        assert said in simin.get(answer.location).text
        found = send(simin, LIST, q="old friend").text
        assert names_in(found) == (["Sara"] if text else [])
    assert names_in(send(simin, LIST, q="mina").text) == ["Sara"], "companions are found, too"
    assert press(simin, f"{LIST}/{sara}/remark", remark="x" * 501).status_code == 422


def test_a_remark_that_nobody_could_seal_is_not_kept(nasrin: FlaskClient) -> None:
    answer = press(nasrin, f"{LIST}/{comes('Sara')}/remark", remark="An old friend")
    assert answer.status_code == 409
    assert "no remark can be kept" in answer.text
    assert "An old friend" in answer.text


def test_without_a_key_nothing_is_read_and_nothing_changed(nasrin: FlaskClient, simin: FlaskClient) -> None:
    sara = comes("Sara", 1, "sara@example.org")
    page = nasrin.get(f"{LIST}/{sara}").text
    assert "You hold no key to what this party wrote." in page
    assert "Sara" not in page
    assert nasrin.get(f"{LIST}/{sara}/change").location == f"{LIST}/{sara}"
    said = ByHand(name="X", email=None, party_size=1, note="")
    with pytest.raises(WordsSealed):
        change_by_hand(slug="berkeley", rsvp_id=sara, said=said, reader=NOBODY, now=clock.now())
    send(simin, f"{LIST}/{sara}/change", name="Sara B.", party_size="2", email="sara@example.org")
    assert names_in(simin.get(LIST).text) == ["Sara B."]


@pytest.mark.parametrize("page", ["", "/change", "/decline", "/cancel"])
def test_a_party_of_another_event_is_not_opened(nasrin: FlaskClient, page: str) -> None:
    sara = comes("Sara")
    an_event(slug="cali")
    for address in (f"/organize/events/cali/rsvps/{sara}{page}", f"{LIST}/0123456789abcdef{page}"):
        answer = nasrin.get(address)
        assert answer.status_code == 404
        assert "Sara" not in answer.text


@pytest.mark.parametrize("verb", ["approve", "seat", "remark", "decline", "cancel", "change"])
def test_nothing_is_done_to_a_party_of_another_event(nasrin: FlaskClient, event: Event, verb: str) -> None:
    sara = comes("Sara")
    an_event(slug="cali")
    before = stands(event)
    answer = press(nasrin, f"/organize/events/cali/rsvps/{sara}/{verb}", remark="x", name="X", party_size="1")
    assert answer.status_code == 404
    assert stands(event) == before


# --- Looking at those who ask to come


def test_the_queue_shows_what_a_reviewer_needs(nasrin: FlaskClient, event: Event) -> None:
    becomes(event, needs_approval=True)
    add_ready_made(slug="berkeley", name="approval", now=clock.now())
    (question,) = questions_of(event.id)
    answers: Answers = {question.id: "I write poems."}
    sara = comes("Sara", 2, "sara@example.org", "A chair", answers=answers, companions=("Mina",))
    comes("Ali", 2)
    page = nasrin.get(LIST + "?status=pending").text
    for text in ("Sara", "2 people", "I write poems.", "A chair", "Mina", f"{LIST}/{sara}/decline"):
        assert text in page
    answer = press(nasrin, f"{LIST}/{sara}/approve", from_list="yes", status="pending")
    assert answer.location == LIST + "?status=pending"
    assert "they have their places" in nasrin.get(answer.location).text
    assert stands(event) == {"Sara": "confirmed", "Ali": "pending"}


def test_approving_above_capacity_puts_on_the_waitlist_and_says_so(nasrin: FlaskClient, event: Event) -> None:
    becomes(event, needs_approval=True)
    comes("Sara", 3)
    ali = comes("Ali", 1)
    press(nasrin, f"{LIST}/{comes('Omid', 3)}/approve")
    answer = press(nasrin, f"{LIST}/{ali}/approve")
    assert answer.location == f"{LIST}/{ali}"
    assert "so they are on the waitlist" in nasrin.get(answer.location).text
    assert stands(event) == {"Sara": "pending", "Ali": "waitlisted", "Omid": "confirmed"}


def test_many_are_approved_by_arrival_and_the_rest_waits(nasrin: FlaskClient, event: Event) -> None:
    becomes(event, needs_approval=True)
    ids = [comes("Sara", 2), comes("Ali", 2), comes("Omid", 1)]
    gone = comes("Gone")
    cancel_rsvp(slug="berkeley", rsvp_id=gone, now=clock.now())
    answer = press(nasrin, LIST + "/choose/approve", rsvp=[*reversed(ids), gone], from_list="yes", status="pending")
    assert answer.location == LIST + "?status=pending"
    page = nasrin.get(LIST).text
    assert "2 parties are approved and have their places." in page
    assert "1 party is approved and on the waitlist" in page
    assert "Some of these did not wait for approval any more" in page
    assert stands(event) == {"Sara": "confirmed", "Ali": "waitlisted", "Omid": "confirmed", "Gone": "cancelled"}


def test_declining_shows_the_letter_before_it_goes(nasrin: FlaskClient, event: Event) -> None:
    becomes(event, needs_approval=True)
    sara = comes("Sara", email="sara@example.org")
    address = f"{LIST}/{sara}/decline"
    assert "This is no judgement of you." in nasrin.get(address).text
    looked = send(nasrin, address, words="Next time, gladly.", look="yes")
    assert looked.status_code == 200
    assert "They write: Next time, gladly." in looked.text
    assert stands(event) == {"Sara": "pending"}
    answer = send(nasrin, address, words="Next time, gladly.")
    assert answer.location == f"{LIST}/{sara}"
    assert stands(event) == {"Sara": "declined"}
    assert letters() == ["declined", "pending"]
    assert press(nasrin, address, words="again").status_code == 303, "twice does it once"
    assert letters() == ["declined", "pending"]
    assert "This party was declined already." in nasrin.get(address).text


def test_a_letter_that_is_too_long_is_not_sent(nasrin: FlaskClient, event: Event) -> None:
    becomes(event, needs_approval=True)
    sara = comes("Sara", email="sara@example.org")
    answer = send(nasrin, f"{LIST}/{sara}/decline", words="ن" * 501)
    assert answer.status_code == 422
    assert "ن" * 501 in answer.text
    assert stands(event) == {"Sara": "pending"}


def test_two_organizers_at_once(nasrin: FlaskClient, event: Event) -> None:
    becomes(event, needs_approval=True)
    sara = comes("Sara", email="sara@example.org")
    page = hidden_fields(nasrin.get(f"{LIST}/{sara}").text)
    send(nasrin, f"{LIST}/{sara}/decline")  # what a colleague does meanwhile
    assert nasrin.post(f"{LIST}/{sara}/approve", data=page).status_code == 303, "a no can be taken back"
    assert stands(event) == {"Sara": "confirmed"}
    late = press(nasrin, f"{LIST}/{sara}/decline")
    assert late.status_code == 409
    assert "This RSVP has changed in the meantime." in late.text
    press(nasrin, f"{LIST}/{sara}/cancel", page=f"{LIST}/{sara}/cancel")
    answer = nasrin.post(f"{LIST}/{sara}/approve", data=page)
    assert "This RSVP has changed in the meantime." in nasrin.get(answer.location).text
    assert stands(event) == {"Sara": "cancelled"}


# --- Seats and changes by hand


def test_seating_from_the_waitlist_never_goes_above_capacity(nasrin: FlaskClient, event: Event) -> None:
    comes("Sara", 2)
    ali, omid = comes("Ali", 3), comes("Omid", 2)
    answer = press(nasrin, f"{LIST}/{ali}/seat")
    assert "There are not enough free places for this party." in nasrin.get(answer.location).text
    becomes(event, capacity=4)
    for _ in range(2):
        answer = press(nasrin, f"{LIST}/{omid}/seat")
        assert "They have their places." in nasrin.get(answer.location).text
    assert stands(event) == {"Sara": "confirmed", "Ali": "waitlisted", "Omid": "confirmed"}


def test_a_party_is_changed_by_hand(nasrin: FlaskClient, event: Event) -> None:
    becomes(event, asks_companions=True, asks_children=True)
    add_ready_made(slug="berkeley", name="access", now=clock.now())
    (question,) = questions_of(event.id)
    sara = comes("Sara", 1, "sara@example.org", "kept")
    address = f"{LIST}/{sara}/change"
    said = {"name": "سارا", "party_size": "۳", "children": "1", "companions": "Mina\nAli", "note": "by phone"}
    answer = send(nasrin, address, **said, email="sara@example.org", **{f"q_{question.id}": "A ramp"})
    assert answer.location == f"{LIST}/{sara}"
    page = nasrin.get(answer.location).text
    for text in ("The change is kept.", "سارا", "3 people", "Mina", "by phone", "A ramp", "<bdi>Nasrin</bdi>"):
        assert text in page, text
    assert letters() == ["changed", "confirmed"]
    assert "RSVP changed by hand" in nasrin.get("/organize/audit").text


def test_growing_by_hand_stays_within_capacity_and_keeps_what_was_typed(nasrin: FlaskClient, event: Event) -> None:
    sara = comes("Sara", 1)
    comes("Ali", 2)
    for size, status in (("2", 409), ("4", 422)):
        answer = send(nasrin, f"{LIST}/{sara}/change", name="Sara", party_size=size, note="two more")
        assert answer.status_code == status
        assert "two more" in answer.text
    assert [(one.name, one.party_size, one.note) for one in roster(event.id)] == [("Sara", 1, ""), ("Ali", 2, "")]


def test_shrinking_by_hand_seats_the_next_in_line(nasrin: FlaskClient, event: Event) -> None:
    sara = comes("Sara", 3)
    comes("Ali", 2)
    send(nasrin, f"{LIST}/{sara}/change", name="Sara", party_size="1")
    assert stands(event) == {"Sara": "confirmed", "Ali": "confirmed"}


def test_what_changed_in_the_meantime_is_not_overwritten_unseen(nasrin: FlaskClient, event: Event) -> None:
    sara = comes("Sara", 1)
    address = f"{LIST}/{sara}/change"
    mine = {**hidden_fields(nasrin.get(address).text), "name": "Sara", "party_size": "2", "note": "mine"}
    send(nasrin, address, name="Sara", party_size="1", note="a colleague's")
    answer = nasrin.post(address, data=mine)
    assert answer.status_code == 409
    for text in ("This RSVP was changed while you wrote.", "a colleague&#39;s", "mine"):
        assert text in answer.text
    again = {**hidden_fields(answer.text), "name": "Sara", "party_size": "2", "note": "mine"}
    assert nasrin.post(address, data=again).status_code == 303
    assert [one.note for one in roster(event.id)] == ["mine"]


def test_an_old_form_gives_no_address_back_that_was_changed_in_the_meantime(nasrin: FlaskClient, event: Event) -> None:
    """Somebody else may read the mails there: that is why it was changed."""
    sara = comes("Sara", 1, "watched@example.org")
    address = f"{LIST}/{sara}/change"
    old = {**hidden_fields(nasrin.get(address).text), "name": "Sara", "party_size": "2", "email": "watched@example.org"}
    send(nasrin, address, name="Sara", party_size="1", email="safe@example.org")
    answer = nasrin.post(address, data=old)
    assert answer.status_code == 409
    assert "<bdi>safe@example.org</bdi>" in answer.text
    assert [(one.email, one.party_size) for one in roster(event.id)] == [("safe@example.org", 1)]


def test_a_new_address_gets_a_link_and_links_to_the_old_one_end(nasrin: FlaskClient, event: Event) -> None:
    sara = comes("Sara", 1, "srara@example.org")
    mailed = sa.select(sa.func.count()).select_from(RsvpLink).where(RsvpLink.proves_address)
    old = db.session.scalars(sa.select(RsvpLink.token_hash).where(RsvpLink.proves_address)).one()
    send(nasrin, f"{LIST}/{sara}/change", name="Sara", party_size="1", email="sara@example.org")
    assert letters() == ["confirmed"], "what was to go to the old address is not sent; the new gets the calendar"
    assert db.session.scalar(mailed) == 1
    assert db.session.get(RsvpLink, old) is None
    send(nasrin, f"{LIST}/{sara}/change", name="Sara", party_size="1", email="")
    assert (letters(), db.session.scalar(mailed)) == ([], 0)
    assert [one.has_mail for one in roster(event.id)] == [False]


def test_an_address_that_is_taken_away_needs_no_confirming(nasrin: FlaskClient, event: Event) -> None:
    becomes(event, confirms_address=True)
    sara = comes("Sara", 1, "sara@example.org")
    assert stands(event) == {"Sara": "unconfirmed"}
    send(nasrin, f"{LIST}/{sara}/change", name="Sara", party_size="1", email="")
    assert stands(event) == {"Sara": "confirmed"}


def test_what_is_over_is_not_changed(nasrin: FlaskClient) -> None:
    sara = comes("Sara")
    cancel_rsvp(slug="berkeley", rsvp_id=sara, now=clock.now())
    answer = nasrin.get(f"{LIST}/{sara}/change")
    assert answer.location == f"{LIST}/{sara}"
    assert "cannot be changed now" in nasrin.get(answer.location).text


def test_questions_may_stay_empty_by_hand(nasrin: FlaskClient, event: Event) -> None:
    add_ready_made(slug="berkeley", name="approval", now=clock.now())
    with atomic():
        questions_of(event.id)[0].required = True
    assert send(nasrin, LIST + "/add", name="Omid", party_size="1").status_code == 303
    assert stands(event) == {"Omid": "confirmed"}


def test_sending_twice_adds_once(nasrin: FlaskClient, event: Event) -> None:
    typed = {**hidden_fields(nasrin.get(LIST + "/add").text), "name": "Omid", "party_size": "1"}
    for said in ("They are on the list.", "You had sent this before"):
        assert nasrin.post(LIST + "/add", data=typed).status_code == 303
        assert said in nasrin.get(LIST).text
    assert stands(event) == {"Omid": "confirmed"}


# --- Many at once


def test_cancelling_many_asks_once_and_writes_to_them(nasrin: FlaskClient, event: Event) -> None:
    ids = [comes("Sara", 3, "sara@example.org"), comes("Ali", 1, "ali@example.org"), comes("Omid", 1)]
    asked = press(nasrin, LIST + "/choose/cancel", rsvp=ids[:2], from_list="yes", sort="name")
    assert asked.status_code == 200
    for text in ("Cancel these RSVPs?", "<bdi>Sara</bdi>", "<bdi>Ali</bdi>", "2 parties"):
        assert text in asked.text
    assert "<bdi>Omid</bdi>" not in asked.text
    assert stands(event)["Sara"] == "confirmed", "asking does nothing"
    sure = {**hidden_fields(asked.text), "rsvp": ids[:2]}
    for said in ("2 RSVPs are cancelled.", "There was nothing left to do"):
        answer = nasrin.post(LIST + "/choose/cancel", data=sure)
        assert answer.location == LIST + "?sort=name"
        assert said in nasrin.get(answer.location).text
    assert stands(event) == {"Sara": "cancelled", "Ali": "cancelled", "Omid": "confirmed"}
    assert "promoted" not in letters(), "who is cancelled too gets no place in between"


def test_under_attack_who_waits_in_line_can_be_approved(nasrin: FlaskClient, event: Event) -> None:
    _full, sara = comes("Omid", 3), comes("Sara")
    button = f"{LIST}/{sara}/approve"
    assert button not in nasrin.get(f"{LIST}/{sara}").text
    becomes(event, under_attack=True)
    assert button in nasrin.get(f"{LIST}/{sara}").text
    press(nasrin, button)
    page = nasrin.get(f"{LIST}/{sara}").text
    assert "They are approved. Not enough places are free" in page
    assert "Place 1 in line." in page
    assert button not in page


def test_removing_many_is_undone(nasrin: FlaskClient, event: Event) -> None:
    ids = [comes("Bot 1", 1, "bot1@example.org"), comes("Bot 2", 2)]
    comes("Sara", 2)
    asked = press(nasrin, LIST + "/choose/remove", rsvp=ids)
    assert "Remove these RSVPs?" in asked.text
    nasrin.post(LIST + "/choose/remove", data={**hidden_fields(asked.text), "rsvp": ids})
    page = nasrin.get(LIST).text
    assert "2 parties are removed. Nobody was told." in page
    assert names_in(page) == ["Sara"]
    assert stands(event) == {"Bot 1": "removed", "Bot 2": "removed", "Sara": "confirmed"}
    assert letters() == ["confirmed"], "of signing up"
    assert "Removed lately" in page
    assert "2 parties are removed. Nobody was told." not in nasrin.get(LIST).text, "it is told once"
    removal = db.session.scalars(sa.select(RsvpRemoval.id)).one()
    press(nasrin, f"{LIST}/undo/{removal}")
    page = nasrin.get(LIST).text
    assert "1 party is back where it was." in page
    assert "1 party is on the waitlist now: its places were taken in the meantime." in page
    assert stands(event) == {"Bot 1": "confirmed", "Bot 2": "waitlisted", "Sara": "confirmed"}
    press(nasrin, f"{LIST}/undo/{removal}")
    assert "cannot be undone any more" in nasrin.get(LIST).text


def test_one_party_of_those_that_were_removed_together_is_put_back_alone(nasrin: FlaskClient, event: Event) -> None:
    """Somebody real among a flood need not bring all of it back."""
    ids = [comes("Bot"), comes("Sara", 2), comes("Ali")]
    asked = press(nasrin, LIST + "/choose/remove", rsvp=ids)
    nasrin.post(LIST + "/choose/remove", data={**hidden_fields(asked.text), "rsvp": ids})
    assert "Put this party back" in nasrin.get(f"{LIST}/{ids[1]}").text
    button = f"{LIST}/{ids[1]}/put-back"
    for said in ("1 party is back where it was.", "cannot be undone any more"):  # pressed twice
        press(nasrin, button)
        assert said in nasrin.get(f"{LIST}/{ids[1]}").text
    assert stands(event) == {"Bot": "removed", "Sara": "confirmed", "Ali": "removed"}
    comes("Omid")
    press(nasrin, f"{LIST}/undo/{db.session.scalars(sa.select(RsvpRemoval.id)).one()}")
    assert stands(event) == {"Bot": "waitlisted", "Sara": "confirmed", "Ali": "waitlisted", "Omid": "confirmed"}


def test_one_party_is_removed_from_its_own_page(nasrin: FlaskClient, event: Event) -> None:
    sara = comes("Sara")
    asked = press(nasrin, LIST + "/choose/remove", page=f"{LIST}/{sara}", rsvp=sara)
    nasrin.post(LIST + "/choose/remove", data=hidden_fields(asked.text))
    assert stands(event) == {"Sara": "removed"}
    assert "Everybody was removed from this list." in nasrin.get(LIST).text
    assert names_in(nasrin.get(LIST + "?status=removed").text) == ["Sara"]
    assert "This party was removed." in nasrin.get(f"{LIST}/{sara}").text


def test_a_whole_filter_is_removed_but_nobody_who_came_after(
    nasrin: FlaskClient, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iec_events.rsvps.rosters.PAGE", 2)
    comes("Sara")
    becomes(event, needs_approval=True)
    for number in range(3):
        comes(f"Bot {number}")
    page = LIST + "?status=pending"
    assert "Remove all 3 of this filter" in nasrin.get(page).text
    asked = press(nasrin, LIST + "/choose/remove", page=page, everyone="yes", status="pending")
    assert "3 parties" in asked.text
    comes("Omid")
    answer = nasrin.post(LIST + "/choose/remove", data=hidden_fields(asked.text))
    assert "3 parties are removed." in nasrin.get(answer.location).text
    assert stands(event)["Sara"] == "confirmed"
    assert stands(event)["Omid"] == "pending"


@pytest.mark.parametrize("deed", ["approve", "cancel", "remove"])
def test_nothing_ticked_or_of_another_event_is_nothing_done(nasrin: FlaskClient, event: Event, deed: str) -> None:
    sara = comes("Sara")
    an_event(slug="cali")
    for ticked in ([], ["\0"]):
        press(nasrin, f"{LIST}/choose/{deed}", rsvp=ticked)
        assert "Tick the parties first." in nasrin.get(LIST).text
    there = f"/organize/events/cali/rsvps/choose/{deed}"
    assert press(nasrin, there, rsvp=sara, sure="yes").status_code == 303
    assert press(nasrin, LIST + "/choose/nonsense").status_code == 404
    assert stands(event) == {"Sara": "confirmed"}
    removal = remove_rsvps(slug="berkeley", rsvp_ids=[sara], now=clock.now())
    press(nasrin, f"/organize/events/cali/rsvps/undo/{removal}")
    assert stands(event) == {"Sara": "removed"}


def test_the_dashboard_says_who_waits_for_approval(nasrin: FlaskClient, event: Event) -> None:
    assert "waits for approval" not in nasrin.get("/organize").text
    becomes(event, needs_approval=True)
    comes("Sara")
    page = nasrin.get("/organize").text
    assert "1 party waits for approval" in page
    assert LIST + "?status=pending" in page


def test_nothing_is_approved_after_the_night(nasrin: FlaskClient, event: Event) -> None:
    becomes(event, needs_approval=True)
    sara = comes("Sara")
    becomes(event, starts_at=clock.now() - dt.timedelta(hours=5), ends_at=clock.now() - dt.timedelta(hours=1))
    assert f"{LIST}/{sara}/approve" not in nasrin.get(f"{LIST}/{sara}").text
    press(nasrin, f"{LIST}/{sara}/approve")
    press(nasrin, LIST + "/choose/approve", rsvp=sara)
    assert stands(event) == {"Sara": "pending"}
