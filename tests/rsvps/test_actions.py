"""Verbs on RSVPs, on both databases. Sara, Ali and Ñusta want to come; the sums must be right whatever they do."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from iec_events.core import clock
from iec_events.core.crypto import vault
from iec_events.core.db import atomic, db
from iec_events.core.tokens import new_token
from iec_events.events.actions import cancel_event, revise_event
from iec_events.events.drafts import draft_of
from iec_events.events.models import Event
from iec_events.mail.models import OutboxMail
from iec_events.rsvps import actions
from iec_events.rsvps.actions import (
    AlreadyCancelled,
    NotEnoughSeats,
    Party,
    PartyTooLarge,
    Placed,
    RsvpClosed,
    cancel_rsvp,
    change_rsvp,
    place_rsvp,
    withdraw_rsvp,
)
from iec_events.rsvps.models import Rsvp, RsvpLink
from iec_events.rsvps.queries import LinkUnknown, own_rsvp, place_in_line, rsvp_by_token
from iec_events.rsvps.rosters import Wanted, roster_page
from tests.factories import an_event, roster

pytestmark = pytest.mark.usefixtures("app")


def party(name: str = "Sara", size: int = 1, email: str | None = None, note: str = "") -> Party:
    return Party(name=name, email=email, party_size=size, note=note, locale="fa")


def place(event: Event, who: Party, *, token: str | None = None, **others: Any) -> tuple[Placed, str]:
    token = token or new_token()
    return place_rsvp(slug=event.slug, party=who, token=token, now=clock.now(), **others), token


def seats(event: Event) -> tuple[int, str]:
    db.session.expire_all()
    return event.seats_taken, event.availability


def letters() -> list[str]:
    """The kinds of letters that were promised, in their order."""
    return list(db.session.scalars(sa.select(OutboxMail.kind).order_by(OutboxMail.posted_at, OutboxMail.kind)))


def test_it_works() -> None:
    event = an_event(capacity=30)
    placed, token = place(event, party("سارا", 2, "sara@example.org", "ویلچر"))
    assert placed.new
    assert placed.status == "confirmed"
    assert seats(event)[0] == 2
    own = own_rsvp(token=token, slug=event.slug)
    assert (own.name, own.email, own.note, own.party_size, own.line) == ("سارا", "sara@example.org", "ویلچر", 2, 1)
    assert letters() == ["rsvps.confirmed"]


def test_names_notes_and_addresses_stand_nowhere_in_the_open() -> None:
    event = an_event()
    placed, token = place(event, party("Sara", 1, "sara@example.org", "wheelchair"))
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(sa.select(table)).mappings():
            told = repr([value for name, value in row.items() if name not in {"texts", "key_check"}])
            for secret in ("Sara", "sara@", "wheelchair", token):
                assert secret not in told, table.name
    rsvp = db.session.get_one(Rsvp, placed.rsvp_id)
    assert vault().open("rsvps.roster", rsvp.id, rsvp.sealed)["name"] == "Sara"


def test_the_same_form_sent_twice_makes_one_rsvp() -> None:
    event = an_event(capacity=5)
    first, token = place(event, party("Sara", 2, "sara@example.org"))
    second, _token = place(event, party("Sara B.", 3, "sara@example.org"), token=token)
    assert second == Placed(rsvp_id=first.rsvp_id, status="confirmed", new=False)
    assert seats(event)[0] == 2
    assert letters() == ["rsvps.confirmed"]


def test_a_full_event_puts_people_on_the_waitlist() -> None:
    event = an_event(capacity=2)
    place(event, party("Sara", 2))
    ali, token = place(event, party("Ali", 1, "ali@example.org"))
    assert ali.status == "waitlisted"
    assert seats(event) == (2, "full")
    assert place_in_line(own_rsvp(token=token, slug=event.slug), event.slug) == 1
    assert letters() == ["rsvps.waitlisted"]


def test_a_small_party_takes_the_seats_a_large_one_cannot_use() -> None:
    event = an_event(capacity=4)
    place(event, party("Sara", 3))
    assert place(event, party("Ali", 2))[0].status == "waitlisted"
    assert place(event, party("Ñusta", 1))[0].status == "confirmed"


def test_a_freed_seat_goes_to_the_first_that_fits_and_they_are_told() -> None:
    event = an_event(capacity=2)
    _sara, sara = place(event, party("Sara", 1))
    place(event, party("Omid", 1))
    _large, large = place(event, party("Large", 2, "large@example.org"))
    _ali, ali = place(event, party("Ali", 1, "ali@example.org"))
    withdraw_rsvp(token=sara, now=clock.now())
    assert own_rsvp(token=ali, slug=event.slug).status == "confirmed"
    assert own_rsvp(token=large, slug=event.slug).status == "waitlisted"
    assert seats(event)[0] == 2
    assert letters().count("rsvps.promoted") == 1


def test_the_letter_to_the_promoted_has_a_link_that_opens_their_rsvp() -> None:
    event = an_event(capacity=1)
    _sara, sara = place(event, party("Sara"))
    ali, _token = place(event, party("Ali", 1, "ali@example.org"))
    withdraw_rsvp(token=sara, now=clock.now())
    mail = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == "rsvps.promoted")).one()
    token = vault().open("outbox", mail.id, mail.sealed or b"")["facts"]["token"]
    assert rsvp_by_token(token).id == ali.rsvp_id


def test_withdrawing_twice_frees_the_seats_once() -> None:
    event = an_event(capacity=5)
    _sara, token = place(event, party("Sara", 2, "sara@example.org"))
    place(event, party("Ali", 1))
    withdraw_rsvp(token=token, now=clock.now())
    withdraw_rsvp(token=token, now=clock.now())
    assert seats(event)[0] == 1
    assert letters().count("rsvps.withdrawn") == 1


def test_growing_and_shrinking_a_party() -> None:
    event = an_event(capacity=4)
    _sara, sara = place(event, party("Sara", 2))
    _ali, ali = place(event, party("Ali", 1))
    _nusta, nusta = place(event, party("Ñusta", 2))
    with pytest.raises(NotEnoughSeats):
        change_rsvp(token=sara, name="Sara", party_size=4, note="", now=clock.now())
    assert own_rsvp(token=sara, slug=event.slug).party_size == 2
    assert change_rsvp(token=sara, name="Sara", party_size=1, note="later", now=clock.now()) == "confirmed"
    assert own_rsvp(token=nusta, slug=event.slug).status == "confirmed"
    assert seats(event) == (4, "full")
    assert own_rsvp(token=ali, slug=event.slug).party_size == 1


def test_a_waiting_party_that_gets_smaller_may_fit_at_once() -> None:
    event = an_event(capacity=3)
    place(event, party("Sara", 2))
    _ali, ali = place(event, party("Ali", 2, "ali@example.org"))
    assert change_rsvp(token=ali, name="Ali", party_size=1, note="", now=clock.now()) == "confirmed"
    assert seats(event)[0] == 3
    assert letters() == ["rsvps.promoted", "rsvps.waitlisted"]


def test_changing_nothing_writes_no_letter() -> None:
    event = an_event()
    _sara, token = place(event, party("Sara", 2, "sara@example.org"))
    change_rsvp(token=token, name="Sara", party_size=2, note="", now=clock.now())
    assert letters() == ["rsvps.confirmed"]


def test_a_cancelled_rsvp_cannot_be_changed() -> None:
    event = an_event()
    _sara, token = place(event, party())
    withdraw_rsvp(token=token, now=clock.now())
    with pytest.raises(AlreadyCancelled):
        change_rsvp(token=token, name="Sara", party_size=2, note="", now=clock.now())


def test_a_party_larger_than_one_rsvp_may_bring_is_refused() -> None:
    event = an_event(capacity=30, largest_party=4)
    with pytest.raises(PartyTooLarge) as refused:
        place(event, party(size=5))
    assert refused.value.largest == 4
    assert place(event, party(size=5), by_hand=True)[0].status == "confirmed"


def test_a_party_larger_than_the_place_cannot_even_wait() -> None:
    event = an_event(capacity=2)
    with pytest.raises(PartyTooLarge):
        place(event, party(size=3))


@pytest.mark.parametrize(
    "closed",
    [
        {"status": "draft"},
        {"status": "cancelled"},
        {"status": "postponed"},
        {"starts_at": dt.datetime(2026, 12, 1, tzinfo=dt.UTC)},
        {"rsvp_opens_at": dt.datetime(2027, 1, 15, 12, 1, tzinfo=dt.UTC)},
        {"rsvp_closes_at": dt.datetime(2027, 1, 15, 12, 0, tzinfo=dt.UTC)},
    ],
)
def test_a_closed_event_takes_no_rsvp(closed: dict[str, Any]) -> None:
    event = an_event(**closed)
    with pytest.raises(RsvpClosed):
        place(event, party())
    assert seats(event)[0] == 0


def test_an_organizer_may_add_someone_after_signing_up_closed() -> None:
    event = an_event(rsvp_closes_at=dt.datetime(2027, 1, 15, 11, tzinfo=dt.UTC))
    assert place(event, party(), by_hand=True)[0].status == "confirmed"


def test_an_organizer_cancels_only_in_the_event_at_hand() -> None:
    event, other = an_event(), an_event()
    sara, _token = place(event, party("Sara", 1, "sara@example.org"))
    with pytest.raises(LinkUnknown):
        cancel_rsvp(slug=other.slug, rsvp_id=sara.rsvp_id, now=clock.now())
    cancel_rsvp(slug=event.slug, rsvp_id=sara.rsvp_id, now=clock.now())
    cancel_rsvp(slug=event.slug, rsvp_id=sara.rsvp_id, now=clock.now())
    assert seats(event)[0] == 0
    assert letters().count("rsvps.cancelled") == 1


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "../../etc/passwd", "\0" * 43, "A" * 5000])
def test_wrong_links_are_all_refused_alike(token: str) -> None:
    with pytest.raises(LinkUnknown):
        rsvp_by_token(token)


def test_a_link_opens_only_in_its_own_event() -> None:
    event, other = an_event(), an_event()
    _sara, token = place(event, party())
    with pytest.raises(LinkUnknown):
        own_rsvp(token=token, slug=other.slug)


def test_the_database_itself_refuses_one_seat_too_many() -> None:
    event = an_event(capacity=1)
    place(event, party())
    with pytest.raises(IntegrityError), atomic():
        db.session.execute(sa.update(Event).where(Event.id == event.id).values(seats_taken=2))


def test_more_capacity_seats_those_who_wait_and_says_so_once() -> None:
    event = an_event(capacity=1)
    place(event, party("Sara"))
    _ali, ali = place(event, party("Ali", 1, "ali@example.org"))
    slug, draft = event.slug, draft_of(event)
    revise_event(slug=slug, draft=replace(draft, capacity=2), campaign_slug=None, now=clock.now())
    for _ in range(2):
        actions.refill_waitlists(clock.now())
    assert own_rsvp(token=ali, slug=slug).status == "confirmed"
    assert letters().count("rsvps.promoted") == 1


def test_a_change_of_place_is_told_once_to_everyone_who_knew_the_old_one() -> None:
    event = an_event(capacity=2)
    place(event, party("Sara", 2, "sara@example.org"))
    place(event, party("Ali", 1, "ali@example.org"))
    place(event, party("Silent", 1))
    slug, draft = event.slug, draft_of(event)
    revise_event(slug=slug, draft=replace(draft, venue="La Peña"), campaign_slug=None, now=clock.now())
    for minutes in (4, 5, 6):
        actions.tell_changes(clock.now() + dt.timedelta(minutes=minutes))
        assert letters().count("rsvps.event_changed") == (2 if minutes > 4 else 0), "gathered for five minutes"


def test_a_cancelled_event_is_told_and_seats_nobody_any_more() -> None:
    event = an_event(capacity=1)
    _sara, sara = place(event, party("Sara", 1, "sara@example.org"))
    _ali, ali = place(event, party("Ali", 1, "ali@example.org"))
    slug = event.slug
    cancel_event(slug=slug, now=clock.now())
    actions.tell_changes(clock.now() + dt.timedelta(minutes=1))
    withdraw_rsvp(token=sara, now=clock.now())
    assert own_rsvp(token=ali, slug=slug).status == "waitlisted"
    assert letters().count("rsvps.event_cancelled") == 2


def test_addresses_are_erased_when_no_mail_is_owed_any_more() -> None:
    event = an_event()
    sara, _token = place(event, party("Sara", 1, "sara@example.org"))
    actions.erase_addresses(event.ends_at + dt.timedelta(days=2))
    assert db.session.get_one(Rsvp, sara.rsvp_id, populate_existing=True).mailable is not None
    actions.erase_addresses(event.ends_at + dt.timedelta(days=4))
    assert db.session.get_one(Rsvp, sara.rsvp_id, populate_existing=True).mailable is None


def test_erasing_leaves_no_row_no_link_no_letter() -> None:
    event = an_event(capacity=1)
    sara, _token = place(event, party("Sara", 1, "sara@example.org"))
    _ali, ali = place(event, party("Ali"))
    actions.erase_rsvp(rsvp_id=sara.rsvp_id, now=clock.now())
    assert [one.name for one in roster(event.id)] == ["Ali"]
    assert own_rsvp(token=ali, slug=event.slug).status == "confirmed"
    assert letters() == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(RsvpLink)) == 2  # Ali's, and its words


def test_the_list_is_searched_by_folded_names() -> None:
    event = an_event()
    for name in ("علی کریمی", "Ñusta", "Sara"):
        place(event, party(name))
    assert [one.name for one in roster_page(event.id, Wanted(search="علي كريمي")).parties] == ["علی کریمی"]
    assert [one.name for one in roster_page(event.id, Wanted(search="ñUS")).parties] == ["Ñusta"]
    assert [one.line for one in roster(event.id)] == [1, 2, 3]


def test_pages_of_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iec_events.rsvps.rosters.PAGE", 2)
    event = an_event()
    for number in range(5):
        place(event, party(f"Guest {number}"))
    last = roster_page(event.id, Wanted(page=99))
    assert ([one.name for one in last.parties], last.page, last.pages, last.total) == (["Guest 4"], 3, 3, 5)
    found = roster_page(event.id, Wanted(search="guest"))
    assert (len(found.parties), found.total) == (2, 5)
    assert roster_page(event.id, Wanted(status="waitlisted")).parties == []


def test_the_list_finds_names_as_phones_write_them() -> None:
    event = an_event()
    place(event, party("علی\u200cرضا کریمی"))
    for sought in ("علیرضا", "کریمی علی رضا"):
        assert roster_page(event.id, Wanted(search=sought)).total == 1, sought


def test_the_order_of_arrival_survives_cancellation(app: Flask) -> None:
    del app
    event = an_event(capacity=1)
    _sara, sara = place(event, party("Sara"))
    _ali, ali = place(event, party("Ali"))
    _omid, omid = place(event, party("Omid"))
    withdraw_rsvp(token=ali, now=clock.now())
    withdraw_rsvp(token=sara, now=clock.now())
    assert rsvp_by_token(omid).status == "confirmed"
