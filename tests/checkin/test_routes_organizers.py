"""The pages at the door, as a volunteer walks them: without JavaScript, with a key to names and sizes only."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from iec_events.access.actions import (
    Holder,
    check_recovery_key,
    give_access,
    make_recovery_key,
    new_list_key,
    take_ended_keys,
)
from iec_events.access.queries import access
from iec_events.checkin import queries
from iec_events.core import clock as real_clock
from iec_events.core.db import atomic, db
from iec_events.core.tokens import new_token
from iec_events.events.keys import DOOR as DOOR_KEY
from iec_events.events.keys import ROSTER, holders_of, take_away
from iec_events.events.models import Event
from iec_events.organizers.actions import sign_in
from iec_events.organizers.guard import TOKEN
from iec_events.organizers.keys import RECOVERY, private_of_session
from iec_events.organizers.models import AuditEntry, RoleGrant
from iec_events.organizers.roles import Grant
from iec_events.organizers.unsent import WHO
from iec_events.questions.models import SHORT, YES_NO
from iec_events.reports.doctor import findings
from iec_events.rsvps.actions import Party, cancel_rsvp, place_rsvp, say_not_coming
from iec_events.rsvps.boxes import reader_of
from iec_events.rsvps.door_code import door_code
from iec_events.rsvps.models import Rsvp
from iec_events.team.actions import give_role, take_role
from tests.checkin.people import a_doorkeeper, an_account, browser_of, comes
from tests.factories import PASSWORD, a_campaign, an_event, fully_signed_in, roster
from tests.filling import hidden_fields, send
from tests.questions.asking import a_question

DOOR, HERE, UNDO = (f"/organize/events/berkeley/door{more}" for more in ("", "/here", "/undo"))
AFTER_ALL, WALK_IN = f"{DOOR}/after-all", f"{DOOR}/walk-in"


@pytest.fixture
def nasrin(app: Flask) -> tuple[str, str]:
    """The owner, with the key to everything."""
    del app
    return an_account("Nasrin")


@pytest.fixture
def event(nasrin: tuple[str, str]) -> Event:
    """A night with five seats, in five hours."""
    del nasrin
    return an_event(slug="berkeley", capacity=5, starts_at=real_clock.now() + dt.timedelta(hours=5))


@pytest.fixture
def kian(app: Flask, event: Event) -> FlaskClient:
    """Who stands at the door of that night."""
    del event
    return browser_of(app, a_doorkeeper())


def names_on(page: str) -> list[str]:
    return re.findall(r'class="who"[^>]*>\s*<bdi>([^<]*)', page)


def test_the_door_reads_names_and_sizes_and_nothing_else(kian: FlaskClient, event: Event) -> None:
    comes("Sara", 3, email="sara@example.org", note="a wheelchair")
    comes("Ali")
    page = kian.get(DOOR).text
    assert names_on(page) == ["Ali", "Sara"]
    assert "3 people" in page
    assert "sara@example.org" not in page
    assert "wheelchair" not in page
    assert "15 January" in page, "dates of a series have one name"
    assert holders_of(event.id, ROSTER) < holders_of(event.id, DOOR_KEY)


def test_one_button_counts_a_party_in_and_can_be_taken_back(kian: FlaskClient) -> None:
    sara = comes("Sara", 3)
    comes("Ali")
    for _ in range(2):
        answer = send(kian, DOOR, to=HERE, party=sara, **{f"people-{sara}": "۲"})
        assert (answer.status_code, answer.location) == (303, f"{DOOR}?done={sara}")
    page = kian.get(answer.location).text
    assert "<bdi>Sara</bdi>" in page
    assert "2 people here since 4 am" in page
    assert "Nothing was counted twice." in page
    assert names_on(page) == ["Ali"]
    assert names_on(kian.get(f"{DOOR}?show=here").text) == ["Sara"]
    assert send(kian, answer.location, to=UNDO, party=sara).status_code == 303
    assert names_on(kian.get(DOOR).text) == ["Ali", "Sara"]


def test_a_press_that_came_too_late_to_be_signed_in_is_shown_and_counts_nobody(
    app: Flask, nasrin: tuple[str, str], event: Event, clock: time_machine.Traveller
) -> None:
    del nasrin, event
    account = a_doorkeeper()
    kian, sara = browser_of(app, account), comes("Sara", 3)
    comes("Ali")
    with kian.session_transaction() as session:
        session[WHO] = account[0]
    pressed = {**hidden_fields(kian.get(DOOR).text), "party": sara, f"people-{sara}": "2"}
    clock.shift(dt.timedelta(minutes=31))
    answer = kian.post(HERE, data=pressed)
    assert answer.location == f"/organize/sign-in?next={HERE}"
    token = sign_in(email="kian@example.org", password=PASSWORD, now=real_clock.now(), old_token=None)
    with kian.session_transaction() as session:
        session[TOKEN] = fully_signed_in(token)
    page = kian.get(HERE).text
    assert names_on(page) == ["Sara"]
    assert "Nothing of it has been sent yet" in page
    assert '<option value="2" selected>' in page
    assert names_on(kian.get(DOOR).text) == ["Ali", "Sara"]
    assert send(kian, HERE, party=sara, **{f"people-{sara}": "2"}).status_code == 303
    assert [kian.get(address).location for address in (HERE, UNDO)] == [DOOR, DOOR]


def test_whoever_was_taken_back_or_is_fewer_now_stands_alone_to_be_counted_anew(
    kian: FlaskClient, event: Event
) -> None:
    sara = comes("Sara", 3)
    comes("Ali")
    send(kian, DOOR, to=HERE, party=sara, **{f"people-{sara}": "2"})
    taken = send(kian, f"{DOOR}?done={sara}", to=UNDO, party=sara)
    assert names_on(kian.get(taken.location).text) == ["Sara"]
    assert names_on(send(kian, DOOR, to=HERE, party=sara, **{f"people-{sara}": "9"}).text) == ["Sara"]
    event.status = "cancelled"
    db.session.commit()
    assert "This night is cancelled." in kian.get(DOOR).text


def test_who_has_no_place_is_shown_as_such(kian: FlaskClient, event: Event) -> None:
    comes("Full", 5)
    comes("Ali", 2)
    cancel_rsvp(slug=event.slug, rsvp_id=comes("Gone"), now=real_clock.now())
    page = kian.get(DOOR).text
    assert names_on(page) == ["Ali", "Full"]
    assert page.count("On the waitlist: no place yet") == 1
    found = send(kian, DOOR, q="gon").text
    assert names_on(found) == ["Gone"]
    assert "Cancelled" in found
    assert "They are here" not in found


def test_the_door_reads_the_answers_it_was_promised_and_no_others(kian: FlaskClient, event: Event) -> None:
    photo = a_question(event, YES_NO, "May we photograph you?", seen_by="door")
    needs = a_question(event, SHORT, "What do you need?")
    comes("Sara", answers={photo.id: False, needs.id: "a ramp"})
    page = " ".join(kian.get(DOOR).text.split())
    assert "May we photograph you?</span> <bdi>No</bdi>" in page
    assert "a ramp" not in page
    assert "What do you need?" not in page


def test_a_search_folds_letters_and_takes_the_line_as_well(kian: FlaskClient) -> None:
    comes("كيان")
    comes("Sara")
    assert names_on(send(kian, DOOR, q="کیان").text) == ["كيان"]
    assert names_on(send(kian, DOOR, q="۲").text) == ["Sara"]
    nobody = send(kian, DOOR, q="nobody")
    assert (nobody.status_code, "Nobody fits this search." in nobody.text) == (200, True)


def test_names_are_found_as_phones_write_them_and_stand_in_the_order_of_their_alphabet(kian: FlaskClient) -> None:
    for name in ("یاسمن", "پروانه", "علی\u200cرضا کریمی"):
        comes(name)
    assert names_on(kian.get(DOOR).text) == ["پروانه", "علی\u200cرضا کریمی", "یاسمن"]
    for sought in ("علیرضا", "کریمی علی رضا"):
        assert names_on(send(kian, DOOR, q=sought).text) == ["علی\u200cرضا کریمی"], sought


def test_the_code_of_a_party_finds_it(kian: FlaskClient) -> None:
    sara = comes("Sara", 3)
    comes("Ali")
    assert names_on(send(kian, DOOR, q=door_code(sara)).text) == ["Sara"]
    for wrong, sentence in (
        (door_code(sara)[:-1] + ("A" if door_code(sara)[-1] != "A" else "B"), "wrong or missing"),
        (door_code("A" * 16), "not on the list of this event"),
    ):
        refused = send(kian, DOOR, q=wrong)
        assert (refused.status_code, sentence in refused.text, wrong in refused.text) == (422, True, True)


@pytest.mark.parametrize("people", ["0", "4", "999999999999", "x"])
def test_wrong_numbers_are_refused_or_mean_all(kian: FlaskClient, people: str) -> None:
    sara = comes("Sara", 3)
    answer = send(kian, DOOR, to=HERE, party=sara, **{f"people-{sara}": people})
    assert answer.status_code == (422 if people in {"0", "4"} else 303)


def test_a_party_that_deleted_itself_is_told_with_a_sentence(kian: FlaskClient) -> None:
    for address in (HERE, UNDO):
        answer = send(kian, DOOR, to=address, party="0123456789abcdef")
        assert (answer.status_code, "was deleted" in answer.text) == (404, True)


def test_without_the_forms_own_token_nobody_is_counted(kian: FlaskClient) -> None:
    sara = comes("Sara")
    for address in (HERE, UNDO):
        answer = kian.post(address, data={"party": sara})
        assert (answer.status_code, "send it once more" in answer.text) == (422, True)
    assert names_on(kian.get(DOOR).text) == ["Sara"]


def test_the_door_is_where_the_volunteer_begins_and_ends(
    kian: FlaskClient, clock: time_machine.Traveller, event: Event
) -> None:
    comes("Sara")
    assert kian.get("/organize").location == "/organize/door"
    assert kian.get("/organize/door").location == DOOR
    assert kian.get("/organize/events/berkeley/rsvps").status_code == 403
    an_event(slug="paris")
    assert kian.get("/organize/events/paris/door").status_code == 403
    clock.shift(dt.timedelta(hours=9, seconds=1))
    assert kian.get(DOOR).status_code in {303, 403}  # the session has grown idle by then, too
    take_ended_keys(real_clock.now())
    db.session.rollback()
    assert holders_of(event.id, DOOR_KEY) == holders_of(event.id, ROSTER)


@pytest.mark.parametrize(("place", "stays"), [("event:paris", False), ("campaign:night", True), ("", True)])
def test_who_organizes_elsewhere_does_not_keep_the_key_of_a_door(
    nasrin: tuple[str, str], event: Event, *, place: str, stays: bool
) -> None:
    del nasrin
    event.campaign_id = a_campaign(slug="night").id
    db.session.commit()
    an_event(slug="paris")
    kian, _token = a_doorkeeper()
    comes("Sara")
    give_role(organizer_id=kian, given=Grant(role="organizer", place=place), now=real_clock.now())
    assert kian in holders_of(event.id, DOOR_KEY)
    take_ended_keys(real_clock.now() + dt.timedelta(hours=9))
    assert (kian in holders_of(event.id, DOOR_KEY)) == stays


def test_the_last_key_of_a_door_stays_until_the_words_of_the_recovery_key_are_checked(
    nasrin: tuple[str, str], event: Event
) -> None:
    doorkeepers = [a_doorkeeper(name)[0] for name in ("Kian", "Roya")]
    comes("Sara")
    private, ended = private_of_session(nasrin[1]), real_clock.now() + dt.timedelta(hours=9)
    words = make_recovery_key(by=Holder(nasrin[0], private), now=real_clock.now())
    with atomic():
        take_away(nasrin[0])  # as when she forgot her password, and began anew
    take_ended_keys(ended)
    (left,) = holders_of(event.id, DOOR_KEY) - {RECOVERY}
    assert left in doorkeepers
    check_recovery_key(phrase=words, now=real_clock.now())
    take_ended_keys(ended)
    assert holders_of(event.id, DOOR_KEY) == {RECOVERY}


def test_a_role_that_ends_shuts_the_door_of_an_open_browser(kian: FlaskClient, clock: time_machine.Traveller) -> None:
    assert kian.get(DOOR).status_code == 200
    ends = real_clock.now() + dt.timedelta(minutes=5)
    with db.engine.begin() as connection:
        connection.execute(sa.update(RoleGrant).where(RoleGrant.role == "door").values(expires_at=ends))
    clock.shift(dt.timedelta(minutes=5))
    assert kian.get(DOOR).status_code == 403


def test_who_comes_to_the_door_late_is_given_the_key_by_an_owner(
    app: Flask, nasrin: tuple[str, str], event: Event
) -> None:
    comes("Sara")
    kian = a_doorkeeper()
    browser, owner = browser_of(app, kian), browser_of(app, nasrin)
    page = browser.get(DOOR).text
    assert "You hold no key" in page
    assert names_on(page) == []
    assert "1 person can’t read the names at the door" in owner.get("/organize").text
    assert "1 accounts can't read the names" in str(findings(real_clock.now()))
    assert "has no key yet" in owner.get("/organize/access").text
    assert "nothing else of the list" in owner.get(f"/organize/access/give/{kian[0]}").text
    assert send(owner, f"/organize/access/give/{kian[0]}").status_code == 303
    assert names_on(browser.get(DOOR).text) == ["Sara"]
    assert "at the door" not in owner.get("/organize").text
    reader = reader_of(kian[0], private_of_session(kian[1]), event.id)
    assert [one.name for one in roster(event.id, reader=reader)] == [None]
    assert [one.name for one in access().holders] == ["Nasrin"], "who stands at a door is no reader of lists"


def test_a_new_key_keeps_the_door_open(app: Flask, nasrin: tuple[str, str], event: Event) -> None:
    kian = a_doorkeeper()
    comes("Sara")
    new_list_key(slug="berkeley", by=Holder(nasrin[0], private_of_session(nasrin[1])), now=real_clock.now())
    assert names_on(browser_of(app, kian).get(DOOR).text) == ["Sara"]
    del event


def test_taking_the_role_takes_the_key(nasrin: tuple[str, str], event: Event) -> None:
    comes("Sara")
    kian, now = a_doorkeeper(), real_clock.now()
    give_access(organizer_id=kian[0], by=Holder(nasrin[0], private_of_session(nasrin[1])), now=now)
    assert kian[0] in holders_of(event.id, DOOR_KEY)
    grant = db.session.scalars(sa.select(RoleGrant.id).where(RoleGrant.organizer_id == kian[0])).one()
    take_role(organizer_id=kian[0], grant_id=grant, now=now)
    assert kian[0] not in holders_of(event.id, DOOR_KEY)


def test_long_lists_have_pages_and_a_search_goes_through_all(
    app: Flask, nasrin: tuple[str, str], event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    event.capacity = None
    db.session.commit()
    for number in range(102):
        comes(f"Guest {number:03}")
    browser = browser_of(app, nasrin)
    assert len(names_on(browser.get(DOOR).text)) == 100
    assert names_on(browser.get(f"{DOOR}?page=2").text) == ["Guest 100", "Guest 101"]
    assert names_on(send(browser, DOOR, q="101").text) == ["Guest 100", "Guest 101"]  # line 101 and name 101
    monkeypatch.setattr(queries, "MOST_BY_NAME", 101)
    page = browser.get(f"{DOOR}?page=2").text
    assert ("in the order of signing up" in page, names_on(page)) == (True, ["Guest 100", "Guest 101"])
    assert names_on(send(browser, DOOR, q="guest 05").text)[0] == "Guest 050"


def test_a_button_that_names_what_no_database_takes(kian: FlaskClient) -> None:
    for address in (HERE, UNDO):
        assert send(kian, DOOR, address, party="\0").status_code == 404


def test_a_box_that_was_touched_is_told_at_the_door_and_noted(kian: FlaskClient) -> None:
    sara = comes("Sara")
    comes("Ali")
    with atomic():
        cut = db.session.get_one(Rsvp, sara).door_sealed
        assert cut
        db.session.execute(sa.update(Rsvp).where(Rsvp.id == sara).values(door_sealed=cut[:-9]))
    for _ in range(2):
        page = kian.get(DOOR).text
        assert ("although you hold the key" in page, "You hold no key" in page) == (True, False)
        assert "(name damaged)" in page
        assert "<bdi>Ali</bdi>" in page
    noted = db.session.scalars(sa.select(AuditEntry.what).where(AuditEntry.what == "list.damaged")).all()
    assert len(noted) == 1


# --- Without an RSVP, and back after "not coming"


@pytest.fixture
def night(event: Event) -> Event:
    """The same night, in an hour."""
    return becomes(event, starts_at=real_clock.now() + dt.timedelta(hours=1))


def becomes(event: Event, **values: object) -> Event:
    db.session.rollback()
    for name, value in values.items():
        setattr(event, name, value)
    db.session.commit()
    return event


def on_the_list() -> list[tuple[str, int]]:
    db.session.rollback()
    query = sa.select(Rsvp.status, Rsvp.party_size).order_by(Rsvp.line)
    return [(status, size) for status, size in db.session.execute(query)]


def test_who_has_no_rsvp_is_counted_in_sealed_and_asked_for_no_address(
    kian: FlaskClient, nasrin: tuple[str, str], night: Event
) -> None:
    page = kian.get(DOOR).text
    assert "They have no RSVP" in page
    page = kian.get(WALK_IN).text
    assert ("5 places are free" in page, 'name="email"' in page, "rsvps/add" in page) == (True, False, False)
    answer = send(kian, WALK_IN, party_size="۲", name="Omid")
    assert answer.status_code == 303
    page = kian.get(answer.location).text
    assert "<bdi>Omid</bdi>" in page
    assert "2 people here since" in page
    rsvp = db.session.scalars(sa.select(Rsvp)).one()
    assert (rsvp.mailable, rsvp.address_index) == (None, None)
    assert b"Omid" not in rsvp.sealed + (rsvp.door_sealed or b"")
    reader = reader_of(nasrin[0], private_of_session(nasrin[1]), night.id)
    assert [one.name for one in roster(night.id, reader=reader)] == ["Omid"]
    assert send(kian, answer.location, to=UNDO, party=rsvp.id).status_code == 303
    assert on_the_list() == []


@pytest.mark.usefixtures("night")
def test_a_walk_in_whose_answer_was_lost_is_counted_once_and_the_next_one_too(kian: FlaskClient) -> None:
    typed = {**hidden_fields(kian.get(WALK_IN).text), "party_size": "1"}
    with kian.session_transaction() as session:
        seed = session["checkin.seed"]
    first, again = kian.post(WALK_IN, data=typed), kian.post(WALK_IN, data=typed)
    assert first.location == again.location
    assert "they are counted once" in kian.get(again.location).text
    with kian.session_transaction() as session:
        session["checkin.seed"] = seed  # the answer never came, nor did what it says of this
    assert send(kian, WALK_IN, party_size="1").location == first.location
    assert on_the_list() == [("confirmed", 1)]
    assert kian.post(WALK_IN, data={**typed, "name": "Sara"}).location != first.location, "not the same party"
    assert send(kian, WALK_IN, party_size="1").location != first.location
    assert on_the_list() == [("confirmed", 1)] * 3


@pytest.mark.usefixtures("night")
def test_a_name_that_was_counted_in_a_moment_ago_is_asked_about(
    kian: FlaskClient, clock: time_machine.Traveller
) -> None:
    typed = {**hidden_fields(kian.get(WALK_IN).text), "party_size": "1", "name": "Omid"}
    first = kian.post(WALK_IN, data=typed)
    answer = send(kian, WALK_IN, party_size="2", name="omid")  # one step back, and sent anew
    assert (answer.status_code, on_the_list()) == (422, [("confirmed", 1)])
    assert "Somebody of that name was counted in at 4 am." in answer.text
    assert ('value="omid"' in answer.text, 'value="2" checked' in answer.text) == (True, True)
    assert kian.post(WALK_IN, data=typed).location == first.location, "the same form is the same party"
    sent = {**hidden_fields(answer.text), "party_size": "2", "name": "omid", "another": "y"}
    assert kian.post(WALK_IN, data=sent).status_code == 303
    assert send(kian, WALK_IN, party_size="1").status_code == 303
    assert send(kian, WALK_IN, party_size="1").status_code == 303, "who gives no name is asked nothing"
    clock.shift(360)
    becomes(db.session.scalars(sa.select(Event)).one(), capacity=9)
    assert send(kian, WALK_IN, party_size="1", name="Omid").status_code == 303
    assert len(on_the_list()) == 5


@pytest.mark.parametrize("people", ["", "0", "7", "x"])
def test_a_wrong_number_is_told_beside_it_and_the_name_stays(kian: FlaskClient, night: Event, people: str) -> None:
    del night
    answer = send(kian, WALK_IN, party_size=people, name="Omid")
    assert (answer.status_code, 'id="party_size-error"' in answer.text, 'value="Omid"' in answer.text) == (
        422,
        True,
        True,
    )
    assert on_the_list() == []


def test_above_what_the_place_holds_the_door_is_told_whom_to_call(kian: FlaskClient, night: Event) -> None:
    del night
    comes("Ali", 3)
    answer = send(kian, WALK_IN, party_size="3", name="Omid")
    assert (answer.status_code, answer.text.count("Only 2 places are free."), 'value="Omid"' in answer.text) == (
        409,
        2,
        True,
    )
    assert "Call an organizer" in answer.text
    comes("Sara", 2)
    page = kian.get(WALK_IN).text
    assert ("No place is free" in page, "Call an organizer" in page, "<form" in page.split("<main")[1]) == (
        True,
        True,
        False,
    )
    assert "Add by hand</a>" not in page


def test_whom_a_person_must_look_at_the_door_does_not_let_in(
    app: Flask, nasrin: tuple[str, str], kian: FlaskClient, night: Event
) -> None:
    typed = hidden_fields(kian.get(WALK_IN).text)
    becomes(night, needs_approval=True)
    assert "say yes to them first" in kian.get(WALK_IN).text
    assert "Add by hand</a>" in browser_of(app, nasrin).get(WALK_IN).text
    answer = kian.post(WALK_IN, data={**typed, "party_size": "1", "name": "Omid"})
    assert (answer.status_code, "say yes to them first" in answer.text, 'value="Omid"' in answer.text) == (
        409,
        True,
        True,
    )
    assert 'id="new-party"' not in send(kian, DOOR, q="Omid").text
    assert on_the_list() == []


@pytest.mark.usefixtures("night")
def test_a_name_that_nobody_has_stands_in_the_form_for_who_has_no_rsvp(kian: FlaskClient) -> None:
    page = send(kian, DOOR, q="Omid").text
    assert "Nobody fits this search." in page
    form = page.split('id="new-party"')[1]
    assert 'value="Omid"' in form
    assert kian.post(WALK_IN, data={**hidden_fields(form), "party_size": "1", "name": "Omid"}).status_code == 303
    assert on_the_list() == [("confirmed", 1)]


def test_a_search_without_a_key_calls_nobody_a_stranger(app: Flask, nasrin: tuple[str, str], night: Event) -> None:
    """Whom it can't read may be just who was sought: counted in as somebody new, they would take two places."""
    del nasrin, night
    comes("Sara")
    page = send(browser_of(app, a_doorkeeper()), DOOR, q="Sara").text
    assert ("You hold no key" in page, 'id="new-party"' in page, WALK_IN in page) == (True, False, True)


def test_a_walk_in_sent_too_late_to_be_signed_in_comes_back_and_is_not_counted(
    app: Flask, night: Event, clock: time_machine.Traveller
) -> None:
    del night
    account = a_doorkeeper()
    kian = browser_of(app, account)
    with kian.session_transaction() as session:
        session[WHO] = account[0]
    typed = {**hidden_fields(kian.get(WALK_IN).text), "party_size": "2", "name": "Omid"}
    clock.shift(dt.timedelta(minutes=31))
    assert kian.post(WALK_IN, data=typed).location == f"/organize/sign-in?next={WALK_IN}"
    token = sign_in(email="kian@example.org", password=PASSWORD, now=real_clock.now(), old_token=None)
    with kian.session_transaction() as session:
        session[TOKEN] = fully_signed_in(token)
    page = kian.get(WALK_IN).text
    assert ('value="Omid"' in page, 'value="2" checked' in page, on_the_list()) == (True, True, [])


def test_who_said_not_coming_is_let_in_at_the_door(kian: FlaskClient, night: Event) -> None:
    token, party = new_token(), Party(name="Sara", email=None, party_size=3, note="", locale="en")
    sara = place_rsvp(slug="berkeley", party=party, token=token, now=real_clock.now()).rsvp_id
    say_not_coming(token=token, now=real_clock.now())
    page = send(kian, DOOR, q="sara").text
    assert "Said “not coming”" in page
    assert f'formaction="{AFTER_ALL}"' in page
    becomes(night, capacity=2)
    refused = send(kian, DOOR, AFTER_ALL, party=sara)
    assert (refused.status_code, "Only 2 places are free." in refused.text, "Call an organizer" in refused.text) == (
        409,
        True,
        True,
    )
    assert names_on(refused.text) == ["Sara"]
    becomes(night, capacity=5)
    answer = send(kian, DOOR, AFTER_ALL, party=sara, **{f"people-{sara}": "2"})
    assert answer.location == f"{DOOR}?done={sara}"
    assert "2 people here since" in kian.get(answer.location).text
    send(kian, answer.location, to=UNDO, party=sara)
    assert on_the_list() == [("not_coming", 3)]
    assert kian.get(AFTER_ALL).location == DOOR


@pytest.mark.parametrize("address", [WALK_IN, AFTER_ALL])
def test_a_button_without_the_forms_own_token_lets_nobody_in(kian: FlaskClient, night: Event, address: str) -> None:
    del night
    answer = kian.post(address, data={"party_size": "1", "party": "0123456789abcdef"})
    assert (answer.status_code, "send it once more" in answer.text, on_the_list()) == (422, True, [])
