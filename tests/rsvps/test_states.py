"""Holds, offers, approval, coming back, lost links: what the story of each needs beside the sums."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from flask import current_app

from iec_events.core import clock
from iec_events.core.crypto import Vault, vault
from iec_events.core.db import atomic, db
from iec_events.core.tokens import new_token
from iec_events.events.actions import cancel_event, defend_event, end_defence, postpone_event, reinstate
from iec_events.events.models import Event
from iec_events.mail.actions import post
from iec_events.mail.models import OutboxMail
from iec_events.rsvps import actions
from iec_events.rsvps.actions import ByHand, Details, NotByMail, Party, StatusChanged
from iec_events.rsvps.boxes import NOBODY, index_of
from iec_events.rsvps.models import LostLink, Rsvp, RsvpLink
from iec_events.rsvps.queries import opens, own_rsvp, rsvp_by_token, steps_of
from tests.factories import an_event, roster

pytestmark = pytest.mark.usefixtures("app")
HOUR = dt.timedelta(hours=1)


def place(event: Event, email: str | None = "sara@example.org", size: int = 1) -> tuple[str, str]:
    """Id and token of a new RSVP."""
    token = new_token()
    party = Party(name="Sara", email=email, party_size=size, note="", locale="fa")
    return actions.place_rsvp(slug=event.slug, party=party, token=token, now=clock.now()).rsvp_id, token


def status(token: str) -> str:
    db.session.expire_all()
    return rsvp_by_token(token).status


def letter(kind: str, rsvp_id: str) -> dict[str, object]:
    """What the latest letter of this kind to this party holds."""
    found = sa.select(OutboxMail).where(OutboxMail.about == f"rsvp:{rsvp_id}", OutboxMail.kind == f"rsvps.{kind}")
    row = db.session.scalars(found).all()[-1]
    opened: dict[str, object] = vault().open("outbox", row.id, row.sealed or b"")
    return opened


def token_in(kind: str, rsvp_id: str) -> str:
    facts = letter(kind, rsvp_id)["facts"]
    assert isinstance(facts, dict)
    return str(facts["token"])


def letters() -> list[str]:
    return sorted(kind.removeprefix("rsvps.") for kind in db.session.scalars(sa.select(OutboxMail.kind)))


def test_only_the_link_in_the_mail_confirms_an_address() -> None:
    event = an_event(capacity=2, confirms_address=True, hold_hours=12)
    rsvp_id, token = place(event)
    assert status(token) == "unconfirmed"
    assert event.seats_taken == 1
    with pytest.raises(NotByMail):
        actions.confirm_address(token=token, now=clock.now())
    by_mail = token_in("unconfirmed", rsvp_id)
    assert actions.confirm_address(token=by_mail, now=clock.now()) == "confirmed"
    assert actions.confirm_address(token=by_mail, now=clock.now()) == "confirmed"
    assert letters() == ["confirmed", "unconfirmed"]
    assert own_rsvp(token=by_mail, slug=event.slug).name == "Sara"


def test_without_an_address_a_person_looks_where_addresses_are_confirmed() -> None:
    event = an_event(confirms_address=True)
    _id, token = place(event, email=None)
    assert status(token) == "pending"


def test_a_hold_is_warned_of_once_then_lapses_and_the_seat_goes_on() -> None:
    event = an_event(capacity=1, confirms_address=True, hold_hours=12)
    _sara, sara = place(event)
    ali_id, ali = place(event, "ali@example.org")
    actions.confirm_address(token=token_in("unconfirmed", ali_id), now=clock.now())
    assert (status(sara), status(ali)) == ("unconfirmed", "waitlisted")
    actions.warn_holds(clock.now() + 8 * HOUR)
    assert "hold_ending" not in letters()
    for _ in range(2):
        actions.warn_holds(clock.now() + 10 * HOUR)
    assert letters().count("hold_ending") == 1
    for _ in range(2):
        actions.run_deadlines(clock.now() + 12 * HOUR)
    assert (status(sara), status(ali)) == ("lapsed", "confirmed")
    assert letters().count("promoted") == 1
    assert "lapsed" not in letters()  # nobody knows whose address it is


def test_a_hold_that_is_short_because_the_night_is_near_is_not_warned_of_at_once() -> None:
    event = an_event(starts_at=clock.now() + 4 * HOUR, confirms_address=True, hold_hours=24)
    place(event)
    for hours, warned in ((0, 0), (2.9, 0), (3, 1), (3.5, 1)):
        actions.warn_holds(clock.now() + hours * HOUR)
        assert letters().count("hold_ending") == warned


@pytest.mark.parametrize(("kind", "part_of"), [("broadcasts.letter", "b1"), ("rsvps.event_changed", None)])
def test_a_letter_to_everybody_puts_no_warning_off(kind: str, part_of: str | None) -> None:
    event = an_event(confirms_address=True, hold_hours=24)
    rsvp_id, _token = place(event)
    to: dict[str, Any] = {"about": f"rsvp:{rsvp_id}", "to": "sara@example.org", "locale": "en", "facts": {}}
    post(kind=kind, part_of=part_of, now=clock.now() + 17 * HOUR, **to)
    actions.warn_holds(clock.now() + 18 * HOUR)
    assert letters().count("hold_ending") == 1


def test_what_nobody_confirmed_is_erased_two_days_later() -> None:
    event = an_event(confirms_address=True, hold_hours=12)
    _id, sara = place(event)
    ali_id, ali = place(event, "ali@example.org")
    actions.confirm_address(token=token_in("unconfirmed", ali_id), now=clock.now())
    omid_id, omid = place(event, "omid@example.org")
    later = clock.now() + 12 * HOUR
    actions.run_deadlines(later)
    actions.confirm_address(token=token_in("unconfirmed", omid_id), now=later)  # too late for the place, and theirs
    actions.erase_unconfirmed(later + 47 * HOUR)
    assert (status(sara), status(omid)) == ("lapsed", "lapsed")
    actions.erase_unconfirmed(later + 48 * HOUR)
    assert set(db.session.scalars(sa.select(Rsvp.id))) == {ali_id, omid_id}
    assert status(ali) == "confirmed"


def test_an_offer_has_a_deadline_and_passes_on() -> None:
    event = an_event(capacity=1, offer_hours=2)
    _sara, sara = place(event)
    _ali, ali = place(event, "ali@example.org")
    omid_id, omid = place(event, "omid@example.org")
    actions.withdraw_rsvp(token=sara, now=clock.now())
    assert (status(ali), status(omid)) == ("offered", "waitlisted")
    actions.run_deadlines(clock.now() + 2 * HOUR)
    assert (status(ali), status(omid)) == ("lapsed", "offered")
    with pytest.raises(StatusChanged):
        actions.accept_offer(token=ali, now=clock.now() + 2 * HOUR)
    assert actions.accept_offer(token=omid, now=clock.now() + 3 * HOUR) == "confirmed"
    assert actions.come_back(token=ali, now=clock.now() + 3 * HOUR) == "waitlisted"
    assert [step.what for step in steps_of(omid_id)] == ["placed", "offered", "offer taken"]


def test_a_late_press_does_not_take_an_offer_that_the_worker_has_not_ended_yet() -> None:
    event = an_event(capacity=1, offer_hours=2)
    _sara, sara = place(event)
    _ali, ali = place(event, "ali@example.org")
    actions.withdraw_rsvp(token=sara, now=clock.now())
    with pytest.raises(StatusChanged):
        actions.accept_offer(token=ali, now=clock.now() + 2 * HOUR)


def test_an_offer_of_what_is_called_off_goes_to_nobody_else() -> None:
    """Nobody could take it. If the event takes place after all, they are the next again."""
    event = an_event(capacity=1, offer_hours=2)
    _sara, sara = place(event)
    _ali, ali = place(event, "ali@example.org")
    actions.withdraw_rsvp(token=sara, now=clock.now())
    cancel_event(slug=event.slug, now=clock.now())
    actions.warn_holds(clock.now() + dt.timedelta(minutes=100))
    actions.run_deadlines(clock.now() + 2 * HOUR)
    assert status(ali) == "waitlisted"
    assert not {"offer_ending", "lapsed"} & {*letters()}
    reinstate(slug=event.slug, now=clock.now() + 3 * HOUR)
    actions.refill_waitlists(clock.now() + 3 * HOUR)
    assert status(ali) == "offered"


def test_not_coming_is_kept_and_can_be_taken_back() -> None:
    event = an_event(capacity=1)
    rsvp_id, sara = place(event)
    _ali, ali = place(event, None)
    for _ in range(2):
        actions.say_not_coming(token=sara, now=clock.now())
    assert (status(sara), status(ali)) == ("not_coming", "confirmed")
    assert own_rsvp(token=sara, slug=event.slug).name == "Sara"
    for _ in range(2):
        assert actions.come_back(token=sara, now=clock.now()) == "waitlisted"
    assert [step.what for step in steps_of(rsvp_id)] == ["placed", "not coming", "came back"]
    assert letters() == ["confirmed", "not_coming", "waitlisted"]


def test_nothing_is_cancelled_that_was_declined_or_is_over() -> None:
    event = an_event(needs_approval=True)
    sara_id, sara = place(event)
    actions.decline_rsvp(slug=event.slug, rsvp_id=sara_id, words="", now=clock.now())
    with pytest.raises(StatusChanged):
        actions.withdraw_rsvp(token=sara, now=clock.now())
    event = an_event()
    _id, ali = place(event, "ali@example.org")
    for verb in (actions.withdraw_rsvp, actions.say_not_coming):
        with pytest.raises(StatusChanged):
            verb(token=ali, now=event.ends_at)
    assert (status(sara), status(ali)) == ("declined", "confirmed")


def test_an_offer_that_ran_out_while_removed_leaves_no_deadline() -> None:
    event = an_event(capacity=1, offer_hours=2)
    _sara, sara = place(event)
    ali_id, ali = place(event, "ali@example.org")
    actions.withdraw_rsvp(token=sara, now=clock.now())
    removal = actions.remove_rsvps(slug=event.slug, rsvp_ids=[ali_id], now=clock.now()) or ""
    place(event, "omid@example.org")
    actions.undo_removal(slug=event.slug, removal_id=removal, now=clock.now() + 3 * HOUR)
    assert status(ali) == "waitlisted"
    assert db.session.get_one(Rsvp, ali_id).until is None


@pytest.mark.parametrize("installation", ["postgresql"], indirect=True)
def test_a_flood_of_any_size_is_removed_at_once() -> None:
    event = an_event()
    placed = [place(event, None) for _ in range(2)]
    gone = [f"{number:016x}" for number in range(70_000)]  # more than PostgreSQL takes in one statement
    actions.remove_rsvps(slug=event.slug, rsvp_ids=[placed[1][0], *gone, placed[0][0]], now=clock.now())
    assert [status(token) for _id, token in placed] == ["removed", "removed"]


def test_screening_asks_a_person_and_approval_above_capacity_waits() -> None:
    event = an_event(capacity=1, needs_approval=True)
    sara_id, sara = place(event)
    ali_id, ali = place(event, "ali@example.org")
    assert (status(sara), event.seats_taken) == ("pending", 0)
    assert actions.approve_rsvp(slug=event.slug, rsvp_id=sara_id, now=clock.now()) == "confirmed"
    assert actions.approve_rsvp(slug=event.slug, rsvp_id=ali_id, now=clock.now()) == "waitlisted"
    actions.decline_rsvp(slug=event.slug, rsvp_id=place(event, "omid@example.org")[0], words="Sorry", now=clock.now())
    assert letters() == ["approved", "approved_waiting", "declined", "pending", "pending", "pending"]
    assert status(ali) == "waitlisted"


def test_under_attack_addresses_are_confirmed_and_everybody_is_looked_at() -> None:
    event = an_event(under_attack=True)
    rsvp_id, token = place(event, size=2)
    assert (status(token), event.seats_taken) == ("unconfirmed", 0)
    assert actions.confirm_address(token=token_in("unconfirmed", rsvp_id), now=clock.now()) == "pending"
    with pytest.raises(actions.PartyTooLarge):
        place(event, size=3)


def test_under_attack_the_waitlist_of_the_flood_gets_no_places_that_come_free() -> None:
    """Else each false party that is removed seats the next one, and tells it the place."""
    event = an_event(capacity=1)
    false, _token = place(event, None)
    waiting = [place(event, None)[1] for _ in range(2)]
    defend_event(slug=event.slug, now=clock.now())
    sara_id, sara = place(event, None)
    assert actions.approve_rsvp(slug=event.slug, rsvp_id=sara_id, now=clock.now()) == "waitlisted"
    actions.remove_rsvps(slug=event.slug, rsvp_ids=[false], now=clock.now())
    assert [status(one) for one in (*waiting, sara)] == ["waitlisted", "waitlisted", "confirmed"]
    actions.withdraw_rsvp(token=sara, now=clock.now())
    actions.refill_waitlists(clock.now())
    assert [status(one) for one in waiting] == ["waitlisted", "waitlisted"]
    end_defence(slug=event.slug, now=clock.now())
    actions.refill_waitlists(clock.now())
    assert [status(one) for one in waiting] == ["confirmed", "waitlisted"]


def test_under_attack_those_in_line_are_approved_before_a_place_is_free() -> None:
    event = an_event(capacity=1, offer_hours=12)
    (first_id, _first), (_id, flood), *real = [place(event, None) for _ in range(5)]
    defend_event(slug=event.slug, now=clock.now())
    for rsvp_id, _token in real[:1] * 2:
        assert actions.approve_rsvp(slug=event.slug, rsvp_id=rsvp_id, now=clock.now()) == "waitlisted"
    assert [step.what for step in steps_of(real[0][0])] == ["placed", "approved"]
    actions.remove_rsvps(slug=event.slug, rsvp_ids=[first_id], now=clock.now())
    assert [status(token) for token in (flood, real[0][1])] == ["waitlisted", "offered"]
    actions.withdraw_rsvp(token=real[0][1], now=clock.now())
    done = actions.approve_rsvps(slug=event.slug, rsvp_ids=[one for one, _token in real[1:]], now=clock.now())
    assert (done.coming, done.waiting, done.passed) == (1, 1, 0)
    assert [status(token) for token in (flood, real[1][1], real[2][1])] == ["waitlisted", "offered", "waitlisted"]


def test_under_attack_nobody_comes_back_past_the_person_who_looks() -> None:
    """The flood knows its links: who waits would say no, then yes, and be seated as somebody new."""
    event = an_event(capacity=1, confirms_address=True)
    false_id, false = place(event)
    unsure_id, _unsure = place(event, "unsure@example.org")
    actions.confirm_address(token=token_in("unconfirmed", false_id), now=clock.now())
    ali = new_token()
    party = Party(name="Ali", email=None, party_size=1, note="", locale="fa")
    actions.place_rsvp(slug=event.slug, party=party, token=ali, now=clock.now(), by_hand=True)
    defend_event(slug=event.slug, now=clock.now())
    actions.say_not_coming(token=ali, now=clock.now())
    actions.say_not_coming(token=false, now=clock.now())
    assert actions.come_back(token=false, now=clock.now()) == "pending"
    assert actions.confirm_address(token=token_in("unconfirmed", unsure_id), now=clock.now()) == "pending"
    assert actions.come_back(token=ali, now=clock.now()) == "confirmed"
    assert actions.approve_rsvp(slug=event.slug, rsvp_id=false_id, now=clock.now()) == "waitlisted"


def test_removing_many_is_silent_and_can_be_undone() -> None:
    event = an_event(capacity=2)
    parties = [place(event, f"guest-{number}@example.org") for number in range(3)]
    ids, tokens = [one for one, _ in parties], [token for _, token in parties]
    removal = actions.remove_rsvps(slug=event.slug, rsvp_ids=[*ids[:2], "unknown"], now=clock.now())
    assert removal
    assert [status(token) for token in tokens] == ["removed", "removed", "confirmed"]
    assert "cancelled" not in letters()
    undone = actions.undo_removal(slug=event.slug, removal_id=removal, now=clock.now())
    assert (undone.back, undone.waiting) == (1, 1)
    assert [status(token) for token in tokens] == ["confirmed", "waitlisted", "confirmed"]
    with pytest.raises(actions.RemovalUnknown):
        actions.undo_removal(slug=event.slug, removal_id=removal, now=clock.now())


def test_who_was_declined_unconfirmed_confirms_before_the_place_is_told() -> None:
    event = an_event(confirms_address=True, needs_approval=True)
    rsvp_id, token = place(event, "perhaps-not-mine@example.org")
    actions.decline_rsvp(slug=event.slug, rsvp_id=rsvp_id, words="", now=clock.now())
    assert actions.approve_rsvp(slug=event.slug, rsvp_id=rsvp_id, now=clock.now()) == "unconfirmed"
    assert letters() == ["unconfirmed", "unconfirmed"]
    by_mail = token_in("unconfirmed", rsvp_id)
    assert actions.confirm_address(token=by_mail, now=clock.now()) == "confirmed"
    assert status(token) == "confirmed"


def test_who_ran_out_of_time_is_that_again_after_an_undo() -> None:
    """Else what nobody confirmed is kept as long as the list, and its page speaks of an offer."""
    event = an_event(capacity=2, confirms_address=True, hold_hours=12, offer_hours=2)
    _sara, sara = place(event, size=2)
    ali_id, ali = place(event, "ali@example.org")
    actions.confirm_address(token=token_in("unconfirmed", ali_id), now=clock.now())
    actions.withdraw_rsvp(token=sara, now=clock.now())
    omid_id, omid = place(event, "omid@example.org")
    later = clock.now() + 12 * HOUR
    actions.run_deadlines(later)
    assert (status(ali), status(omid)) == ("lapsed", "lapsed")
    removal = actions.remove_rsvps(slug=event.slug, rsvp_ids=[ali_id, omid_id], now=later) or ""
    actions.undo_removal(slug=event.slug, removal_id=removal, now=later)
    found = [own_rsvp(token=token, slug=event.slug).lapsed_from for token in (ali, omid)]
    assert found == ["offered", "unconfirmed"]
    actions.erase_unconfirmed(later + 48 * HOUR)
    assert omid_id not in db.session.scalars(sa.select(Rsvp.id)).all()


@pytest.mark.parametrize("offer_hours", [None, 2])
def test_a_new_address_is_told_how_it_stands_and_once(offer_hours: int | None) -> None:
    """Nobody there asked for a link, and who gets places in that moment is told so."""
    event = an_event(capacity=2, offer_hours=offer_hours)
    place(event, None)
    rsvp_id, _token = place(event, "srara@example.org", size=2)
    told = []
    for size, email in ((2, "sarra@example.org"), (1, "sara@example.org"), (1, "sara.k@example.org")):
        said = ByHand(name="Sara", email=email, party_size=size, note="")
        actions.change_by_hand(slug=event.slug, rsvp_id=rsvp_id, said=said, reader=NOBODY, now=clock.now())
        told.append(letters())
    moved = [] if offer_hours else ["moved"]
    assert told[0] == ["waitlisted"]
    assert told[1] == ["offered" if offer_hours else "promoted"]
    assert [kind for kind in told[2] if kind not in moved] == ["offered" if offer_hours else "confirmed"]


def test_an_attendee_who_changes_a_word_brings_no_old_address_back() -> None:
    event = an_event()
    rsvp_id, token = place(event, "watched@example.org")
    said = ByHand(name="Sara", email="safe@example.org", party_size=1, note="spoke to her")
    actions.change_by_hand(slug=event.slug, rsvp_id=rsvp_id, said=said, reader=NOBODY, now=clock.now())
    for note in ("", "A wheelchair"):
        actions.change_rsvp(token=token, name="Sara", party_size=1, note=note, now=clock.now())
        [listed] = roster(event.id)
        assert (listed.email, listed.note) == ("safe@example.org", note or "spoke to her")
    assert own_rsvp(token=token, slug=event.slug).email == "safe@example.org"


def test_addresses_wait_for_the_new_date_of_what_is_postponed_as_long_as_a_list_is_kept_at_most() -> None:
    event = an_event()
    rsvp_id, _token = place(event)
    gone, token = place(event, "ali@example.org")
    actions.withdraw_rsvp(token=token, now=clock.now())
    postpone_event(slug=event.slug, now=clock.now())
    with atomic():
        db.session.execute(sa.update(OutboxMail).values(done_at=clock.now(), sealed=None))
    for late, kept in ((HOUR, True), (335 * HOUR, True), (336 * HOUR, False)):
        actions.erase_addresses(event.ends_at + late)
        rows = [db.session.get_one(Rsvp, one, populate_existing=True) for one in (rsvp_id, gone)]
        assert [row.mailable is not None for row in rows] == [kept, False]


def test_who_waits_for_the_new_date_of_what_is_postponed_gets_a_lost_link_again() -> None:
    event = an_event()
    place(event)
    postpone_event(slug=event.slug, now=clock.now())
    actions.ask_for_links(email="sara@example.org", now=event.ends_at)
    actions.answer_lost_links(event.ends_at + 100 * HOUR)
    assert letters() == ["confirmed", "link"]


def test_no_link_that_went_to_an_old_address_opens_anything_and_ones_own_goes_on() -> None:
    """Whatever one did with it: what somebody else reads in the old mailbox must open nothing."""
    event = an_event(capacity=2, offer_hours=2)
    _ali, ali = place(event, "ali@example.org")
    rsvp_id, token = place(event, "watched@example.org", size=2)
    actions.withdraw_rsvp(token=ali, now=clock.now())
    actions.accept_offer(token=token, now=clock.now())
    actions.change_rsvp(token=token, name="Sara K.", party_size=2, note="", now=clock.now())
    actions.say_not_coming(token=token, now=clock.now())
    actions.come_back(token=token, now=clock.now())
    sent = [token_in(kind, rsvp_id) for kind in ("waitlisted", "offered", "confirmed", "changed", "not_coming")]
    assert [own_rsvp(token=one, slug=event.slug).name for one in sent] == ["Sara K.", None, *["Sara K."] * 3]
    said = ByHand(name="Sara K.", email="safe@example.org", party_size=2, note="")
    actions.change_by_hand(slug=event.slug, rsvp_id=rsvp_id, said=said, reader=NOBODY, now=clock.now())
    assert [opens(one) for one in sent] == [False] * 5
    assert own_rsvp(token=token, slug=event.slug).name == "Sara K."


def test_what_was_removed_is_erased_after_seven_days() -> None:
    event = an_event()
    rsvp_id, _token = place(event)
    actions.remove_rsvps(slug=event.slug, rsvp_ids=[rsvp_id], now=clock.now())
    actions.erase_removed(clock.now() + dt.timedelta(days=6, hours=23))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Rsvp)) == 1
    actions.erase_removed(clock.now() + dt.timedelta(days=7))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Rsvp)) == 0
    assert letters() == []


def test_a_second_rsvp_with_an_address_is_told_only_to_that_address(monkeypatch: pytest.MonkeyPatch) -> None:
    event = an_event()
    first, _token = place(event, "sara@example.org")
    second, _token = place(event, "SARA@Example.org")
    elsewhere, _token = place(an_event(), "sara@example.org")
    told = {rsvp_id: letter("confirmed", rsvp_id)["facts"] for rsvp_id in (first, second, elsewhere)}
    assert [dict(facts)["twice"] for facts in told.values()] == [False, True, False]  # type: ignore[call-overload]
    ours = index_of(event.id, "sara@example.org")
    assert ours != index_of(event.id + 1, "sara@example.org")
    monkeypatch.setitem(current_app.extensions, "vault", Vault([b"a key that is in another house!!"]))
    assert ours != index_of(event.id, "sara@example.org"), "nobody tries addresses without the server's key"


def test_a_lost_link_goes_only_to_the_address_on_file_three_times_a_day() -> None:
    event = an_event()
    rsvp_id, token = place(event)
    for _ in range(5):
        actions.ask_for_links(email="Sara@example.org", now=clock.now())
        actions.ask_for_links(email="nobody@example.org", now=clock.now())
        actions.answer_lost_links(clock.now())
    assert letters() == ["confirmed", "link", "link", "link"]
    assert letter("link", rsvp_id)["to"] == "sara@example.org"
    assert rsvp_by_token(token_in("link", rsvp_id)).id == rsvp_id != token
    assert db.session.scalar(sa.select(sa.func.count()).select_from(LostLink)) == 0


def test_asking_for_links_writes_the_same_for_everybody() -> None:
    event = an_event()
    place(event)
    for email in ("sara@example.org", "nobo@example.org"):
        actions.ask_for_links(email=email, now=clock.now())
    rows = db.session.scalars(sa.select(LostLink)).all()
    assert len({len(row.sealed) for row in rows}) == 1
    assert letters() == ["confirmed"]


def test_language_reminders_and_companions_change_with_the_rest() -> None:
    event = an_event(asks_companions=True)
    rsvp_id, token = place(event, size=2)
    details = Details(companions=("Ali",), children=1, locale="es", wants_reminders=False)
    actions.change_rsvp(token=token, name="Sara", party_size=2, note="", now=clock.now(), details=details)
    own = own_rsvp(token=token, slug=event.slug)
    assert (own.companions, own.children, own.locale, own.wants_reminders) == (("Ali",), 1, "es", False)
    assert letter("changed", rsvp_id)["locale"] == "es"


def test_a_reminder_goes_once_a_day_before_to_those_who_come_and_want_it() -> None:
    event = an_event(capacity=2)
    _sara, sara = place(event)
    _ali, ali = place(event, "ali@example.org")
    place(event, "omid@example.org")  # waits
    quiet = Details(wants_reminders=False)
    actions.change_rsvp(token=ali, name="Sara", party_size=1, note="", now=clock.now(), details=quiet)
    starts_at = event.starts_at
    actions.send_reminders(starts_at - 25 * HOUR)
    assert "reminder" not in letters()
    for hours in (24, 23, 2):
        actions.send_reminders(starts_at - hours * HOUR)
    assert letters().count("reminder") == 1
    with atomic():
        db.session.execute(sa.update(Event).values(starts_at=starts_at + 20 * HOUR, ends_at=starts_at + 23 * HOUR))
    actions.send_reminders(starts_at)
    assert letters().count("reminder") == 2
    assert status(sara) == "confirmed"


def test_who_signs_up_on_the_last_day_is_not_reminded() -> None:
    event = an_event(starts_at=clock.now() + 20 * HOUR)
    place(event)
    actions.send_reminders(clock.now() + HOUR)
    assert letters() == ["confirmed"]


def test_the_database_itself_refuses_seats_without_a_place() -> None:
    event = an_event()
    rsvp_id, _token = place(event)
    with pytest.raises(sa.exc.IntegrityError), atomic():
        db.session.execute(sa.update(Rsvp).where(Rsvp.id == rsvp_id).values(status="waitlisted"))


def test_links_go_with_the_rsvp() -> None:
    event = an_event()
    rsvp_id, _token = place(event)
    actions.erase_rsvp(rsvp_id=rsvp_id, now=clock.now())
    assert db.session.scalar(sa.select(sa.func.count()).select_from(RsvpLink)) == 0
