"""Counting in and out, on both databases."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest
import sqlalchemy as sa
from flask import Flask

from iec_events.checkin.actions import (
    NotExpected,
    PartyUnknown,
    TooMany,
    count_in,
    count_in_after_all,
    count_out,
    count_walk_in,
)
from iec_events.checkin.models import Arrival
from iec_events.checkin.queries import heads
from iec_events.core import clock
from iec_events.core.db import db
from iec_events.core.tokens import new_token
from iec_events.events.models import Event
from iec_events.mail.models import OutboxMail
from iec_events.organizers.models import AuditEntry
from iec_events.privacy.actions import destroy_list
from iec_events.rsvps.actions import (
    ByHand,
    Party,
    PartyTooLarge,
    Placed,
    StatusChanged,
    cancel_rsvp,
    change_by_hand,
    place_rsvp,
    run_deadlines,
    say_not_coming,
    upkeep,
)
from iec_events.rsvps.actions.at_door import AddressUnproven, ListShut, NotTonight, PersonLooks, PlacesTaken
from iec_events.rsvps.actions.lines import give_seats_back
from iec_events.rsvps.boxes import Reader
from iec_events.rsvps.models import Rsvp
from iec_events.worker import jobs
from tests.checkin.people import comes
from tests.factories import an_event


@pytest.fixture
def event(app: Flask) -> Event:
    """A night with five seats."""
    del app
    return an_event(slug="berkeley", capacity=5)


def counts_in(rsvp_id: str, people: int | None = None, by: str = "kian") -> bool:
    return count_in(slug="berkeley", rsvp_id=rsvp_id, people=people, by=by, now=clock.now())


def arrivals() -> list[tuple[str, int, str]]:
    db.session.rollback()
    return [(one.rsvp_id, one.people, one.by) for one in db.session.scalars(sa.select(Arrival))]


def test_a_party_is_counted_once_however_often_the_button_is_pressed(event: Event) -> None:
    sara = comes("Sara", 3)
    comes("Ali", 2)
    assert [counts_in(sara), counts_in(sara, 1, by="omid")] == [True, False]
    assert arrivals() == [(sara, 3, "kian")]
    assert (heads(event.id).here, heads(event.id).expected) == (3, 2)


def test_two_doors_at_once_count_once(event: Event, app: Flask) -> None:
    sara = comes("Sara", 3)

    def press(by: str) -> bool:
        with app.app_context():
            return counts_in(sara, by=by)

    with ThreadPoolExecutor(8) as doors:
        assert sorted(doors.map(press, map(str, range(8)))) == [False] * 7 + [True]
    assert len(arrivals()) == 1
    assert heads(event.id).here == 3


@pytest.mark.usefixtures("event")
def test_fewer_may_come_than_signed_up_but_not_more_and_not_nobody() -> None:
    sara = comes("Sara", 3)
    for wrong in (0, 4, -1):
        with pytest.raises(TooMany):
            counts_in(sara, wrong)
    assert counts_in(sara, 2)
    assert arrivals() == [(sara, 2, "kian")]


@pytest.mark.usefixtures("event")
def test_a_press_can_be_taken_back_and_pressed_again() -> None:
    sara = comes("Sara", 3)
    counts_in(sara)
    for _ in range(2):
        count_out(slug="berkeley", rsvp_id=sara, now=clock.now())
    assert arrivals() == []
    assert counts_in(sara, 1)


@pytest.mark.usefixtures("event")
def test_only_the_minute_is_kept() -> None:
    counts_in(comes("Sara"))
    assert db.session.scalars(sa.select(Arrival.at)).one() == clock.now().replace(second=0, microsecond=0)


@pytest.mark.usefixtures("event")
def test_who_waits_can_be_let_in_and_who_cancelled_can_not() -> None:
    comes("Full", 5)
    waiting, gone = comes("Ali", 2), comes("Sara")
    assert counts_in(waiting)
    cancel_rsvp(slug="berkeley", rsvp_id=gone, now=clock.now())
    with pytest.raises(NotExpected):
        counts_in(gone)


@pytest.mark.usefixtures("event")
def test_parties_of_other_nights_are_unknown_here() -> None:
    an_event(slug="paris")
    elsewhere = comes("Sara", slug="paris")
    for rsvp_id in (elsewhere, "nobody", ""):
        with pytest.raises(PartyUnknown):
            counts_in(rsvp_id)
        with pytest.raises(PartyUnknown):
            count_out(slug="berkeley", rsvp_id=rsvp_id, now=clock.now())


@pytest.mark.usefixtures("event")
def test_arrivals_go_with_the_list() -> None:
    counts_in(comes("Sara", 3))
    destroy_list(slug="berkeley", now=clock.now() + dt.timedelta(days=1))
    assert arrivals() == []


# --- Without an RSVP, and back after "not coming"


@pytest.fixture
def night(app: Flask) -> Event:
    """A night with five seats that begins in an hour."""
    del app
    return an_event(slug="berkeley", capacity=5, starts_at=clock.now() + dt.timedelta(hours=1))


def walks_in(people: int = 1, name: str = "Guest", token: str = "") -> Placed:
    party = Party(name=name, email=None, party_size=people, note="", locale="en")
    return count_walk_in(slug="berkeley", party=party, token=token or new_token(), by="kian", now=clock.now())


def says_no(name: str = "Sara", party_size: int = 1, email: str | None = None) -> str:
    token = new_token()
    party = Party(name=name, email=email, party_size=party_size, note="", locale="en")
    rsvp_id = place_rsvp(slug="berkeley", party=party, token=token, now=clock.now()).rsvp_id
    say_not_coming(token=token, now=clock.now())
    return rsvp_id


def comes_after_all(rsvp_id: str, people: int | None = None) -> bool:
    return count_in_after_all(slug="berkeley", rsvp_id=rsvp_id, people=people, by="kian", now=clock.now())


def becomes(event: Event, **values: object) -> None:
    db.session.rollback()
    for name, value in values.items():
        setattr(event, name, value)
    db.session.commit()


def seats() -> int:
    db.session.rollback()
    return db.session.scalars(sa.select(Event.seats_taken)).one()


def statuses() -> list[str]:
    return list(db.session.scalars(sa.select(Rsvp.status).order_by(Rsvp.line)))


def trail() -> list[str]:
    return list(db.session.scalars(sa.select(AuditEntry.what).order_by(AuditEntry.id)))


def test_who_has_no_rsvp_is_counted_once_takes_places_and_is_in_the_trail_by_id_alone(night: Event) -> None:
    token = new_token()
    placed = [walks_in(3, "Omid", token) for _ in range(2)]
    assert [one.new for one in placed] == [True, False]
    assert arrivals() == [(placed[0].rsvp_id, 3, "kian")]
    assert (seats(), heads(night.id).here, heads(night.id).expected) == (3, 3, 0)
    noted = db.session.execute(sa.select(AuditEntry.what, AuditEntry.about)).all()
    assert noted == [("rsvp.added", f"rsvp:{placed[0].rsvp_id}")]


def test_at_two_doors_the_last_place_is_given_once(night: Event, app: Flask) -> None:
    comes("Full", 4)

    def press(_door: int) -> bool:
        with app.app_context():
            try:
                return walks_in().new
            except PlacesTaken:
                return False

    with ThreadPoolExecutor(6) as doors:
        assert sorted(doors.map(press, range(6))) == [False] * 5 + [True]
    assert (seats(), heads(night.id).here) == (5, 1)


@pytest.mark.usefixtures("night")
def test_the_door_never_fills_more_than_the_place_holds_and_says_who_may() -> None:
    comes("Ali", 3)
    with pytest.raises(PlacesTaken) as refused:
        walks_in(3)
    assert str(refused.value) == "Only 2 places are free."
    assert "Add by hand" in str(refused.value.call)
    walks_in(2)
    with pytest.raises(PlacesTaken, match="No place is free"):
        walks_in()
    assert (seats(), statuses(), len(arrivals())) == (5, ["confirmed"] * 2, 1)


def test_places_that_are_only_offered_or_held_are_not_taken_from_who_is_here(night: Event) -> None:
    """Else they went to others at the start, and who sat there was written to that their time had run out."""
    becomes(night, offer_hours=2)
    ali = comes("Ali", 5)
    sara = comes("Sara", 2)
    cancel_rsvp(slug="berkeley", rsvp_id=ali, now=clock.now())
    becomes(night, confirms_address=True)
    omid = comes("Omid", 2, email="omid@example.org")
    comes("Late", 1, email="late@example.org")
    for party in (sara, omid):
        count_in(slug="berkeley", rsvp_id=party, people=None, by="kian", now=clock.now())
    run_deadlines(clock.now() + dt.timedelta(hours=1, minutes=1))
    db.session.rollback()
    assert statuses() == ["cancelled", "offered", "unconfirmed", "lapsed"]
    assert seats() == 4


def test_a_place_that_comes_free_for_who_is_here_already_is_not_lost_at_the_start(night: Event) -> None:
    becomes(night, offer_hours=2)
    ali = comes("Ali", 5)
    sara = comes("Sara", 2)
    count_in(slug="berkeley", rsvp_id=sara, people=None, by="kian", now=clock.now())
    cancel_rsvp(slug="berkeley", rsvp_id=ali, now=clock.now())
    comes("Late", 5)
    begun = clock.now() + dt.timedelta(hours=1, minutes=1)
    for job in ("deadlines", "deadlines near"):
        next(each for each in jobs() if each.name == job).run(begun)
    db.session.rollback()
    assert statuses() == ["cancelled", "offered", "waitlisted"]
    assert seats() == 2


def test_a_place_is_kept_no_longer_than_for_others_once_a_press_is_taken_back(night: Event) -> None:
    becomes(night, offer_hours=2)
    ali, sara = comes("Ali", 5), comes("Sara", 2)
    cancel_rsvp(slug="berkeley", rsvp_id=ali, now=clock.now())
    count_in(slug="berkeley", rsvp_id=sara, people=None, by="kian", now=clock.now())
    count_out(slug="berkeley", rsvp_id=sara, now=clock.now())
    run_deadlines(clock.now() + dt.timedelta(hours=1, minutes=1))
    db.session.rollback()
    assert (statuses(), seats()) == (["cancelled", "lapsed"], 0)


@pytest.mark.parametrize("installation", ["postgresql"], indirect=True)  # the other one does one thing at a time
def test_whose_time_runs_out_is_not_counted_in_at_the_same_moment(
    night: Event, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else their place went to others, with them inside."""
    becomes(night, offer_hours=2)
    ali, sara = comes("Ali", 5), comes("Sara", 2)
    cancel_rsvp(slug="berkeley", rsvp_id=ali, now=clock.now())

    def press() -> bool:
        with app.app_context():
            return counts_in(sara)

    with ThreadPoolExecutor(1) as door:
        pressed: list[Future[bool]] = []

        def meanwhile(event: Event, rsvp: Rsvp) -> None:
            pressed.append(door.submit(press))
            wait(pressed, timeout=0.1)
            give_seats_back(event, rsvp)

        monkeypatch.setattr(upkeep, "give_seats_back", meanwhile)
        run_deadlines(clock.now() + dt.timedelta(hours=1, minutes=1))
        with pytest.raises(NotExpected):
            pressed[0].result()
    assert (arrivals(), statuses(), seats()) == ([], ["cancelled", "lapsed"], 0)


def test_people_who_were_let_in_without_a_place_leave_no_room_for_others(night: Event) -> None:
    comes("Ali", 4)
    sara, omid = comes("Sara", 2), says_no("Omid")
    count_in(slug="berkeley", rsvp_id=sara, people=None, by="kian", now=clock.now())
    for more in (walks_in, lambda: comes_after_all(omid)):
        with pytest.raises(PlacesTaken, match="No place is free"):
            more()
    becomes(night, capacity=8)  # the two who are here are not seated yet
    walks_in()
    assert comes_after_all(omid)


def test_free_places_for_which_somebody_waits_are_not_given_away_at_the_door(night: Event) -> None:
    comes("Ali", 4)
    comes("Sara", 2)
    becomes(night, capacity=6)  # as if the line had not been served yet
    with pytest.raises(PlacesTaken):
        walks_in()
    assert statuses() == ["confirmed", "waitlisted"]


@pytest.mark.parametrize(
    ("so", "refusal"),
    [
        ({"needs_approval": True}, PersonLooks),
        ({"under_attack": True}, PersonLooks),
        ({"closed_early": True}, ListShut),
        ({"status": "cancelled"}, NotTonight),
        ({"status": "postponed"}, NotTonight),
        ({"starts_at": dt.timedelta(hours=3, minutes=1)}, NotTonight),
        ({"starts_at": dt.timedelta(hours=-2), "ends_at": dt.timedelta()}, NotTonight),
    ],
)
def test_what_organizers_decide_the_door_does_not(
    night: Event, so: dict[str, object], refusal: type[Exception]
) -> None:
    becomes(night, **{key: clock.now() + one if isinstance(one, dt.timedelta) else one for key, one in so.items()})
    with pytest.raises(refusal):
        walks_in()
    assert (statuses(), trail()) == ([], [])


def test_signing_up_that_ended_by_itself_and_doors_that_open_early_let_people_in(night: Event) -> None:
    becomes(night, rsvp_closes_at=clock.now() - dt.timedelta(hours=1))
    walks_in()
    now = clock.now()
    late = {"starts_at": now + dt.timedelta(hours=5), "ends_at": now + dt.timedelta(hours=8)}
    becomes(night, **late, doors_at=now + dt.timedelta(hours=2))
    walks_in()
    becomes(night, largest_party=2, capacity=None)
    with pytest.raises(PartyTooLarge):
        walks_in(3)


@pytest.mark.usefixtures("night")
def test_a_slip_at_the_door_leaves_nothing_on_the_list() -> None:
    omid = walks_in(2).rsvp_id
    count_out(slug="berkeley", rsvp_id=omid, now=clock.now())
    assert (statuses(), arrivals(), seats()) == ([], [], 0)
    assert trail() == ["rsvp.added", "rsvp.taken-back"]


@pytest.mark.usefixtures("night")
def test_whom_an_organizer_has_seen_to_since_stays_on_the_list() -> None:
    omid = walks_in(2).rsvp_id
    said = ByHand(name="Omid", email=None, party_size=2, note="")
    reader = Reader({})  # nobody has an account yet: the vault keeps what was said
    change_by_hand(slug="berkeley", rsvp_id=omid, said=said, reader=reader, now=clock.now())
    count_out(slug="berkeley", rsvp_id=omid, now=clock.now())
    assert (statuses(), arrivals(), seats()) == (["confirmed"], [], 2)


def test_who_said_not_coming_is_let_in_where_a_place_is_free_and_gets_no_letter(night: Event) -> None:
    sara = says_no("Sara", 3, email="sara@example.org")
    comes("Ali", 2)
    letters = db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMail))
    assert [comes_after_all(sara, 2), comes_after_all(sara, 2)] == [True, False]
    assert arrivals() == [(sara, 2, "kian")]
    assert (seats(), statuses(), trail()) == (5, ["confirmed"] * 2, ["rsvp.let-in"])
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMail)) == letters
    before = db.session.get_one(Rsvp, sara).sequence_ahead
    count_out(slug="berkeley", rsvp_id=sara, now=clock.now())
    assert (statuses(), arrivals(), seats()) == (["confirmed", "not_coming"], [], 2)
    assert db.session.get_one(Rsvp, sara).sequence_ahead > before, "their own calendar takes it out again"
    assert heads(night.id).here == 0


@pytest.mark.usefixtures("night")
def test_who_said_not_coming_is_not_let_in_above_what_the_place_holds() -> None:
    sara = says_no("Sara", 3)
    comes("Ali", 3)
    with pytest.raises(PlacesTaken, match="Only 2 places are free"):
        comes_after_all(sara)
    assert (statuses(), arrivals(), seats()) == (["not_coming", "confirmed"], [], 3)


def test_who_said_not_coming_comes_back_only_as_far_as_organizers_let_them(night: Event) -> None:
    sara, omid = says_no(), says_no("Omid", email="omid@example.org")
    for so, refusal in (
        ({"under_attack": True}, PersonLooks),
        ({"closed_early": True}, ListShut),
        ({"status": "cancelled"}, NotTonight),
    ):
        becomes(night, **so)
        with pytest.raises(refusal):
            comes_after_all(sara)
        becomes(night, under_attack=False, closed_early=False, status="published", needs_approval=True)
    assert comes_after_all(sara), "they were on the list before a person had to look"
    becomes(night, confirms_address=True)
    with pytest.raises(AddressUnproven):
        comes_after_all(omid)
    cancel_rsvp(slug="berkeley", rsvp_id=omid, now=clock.now())
    with pytest.raises(StatusChanged):
        comes_after_all(omid)
    with pytest.raises(PartyUnknown):
        comes_after_all("nobody")
