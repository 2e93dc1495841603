"""Letters that nobody asked for by a deed: reminders, thanks, and news of events. Each once, and to nobody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from time_machine import Traveller

from iec_events.core import clock as our_clock
from iec_events.core.crypto import vault
from iec_events.core.db import atomic, db
from iec_events.core.i18n import speaking
from iec_events.events.actions import (
    cancel_event,
    follow_clocks,
    forget_versions,
    postpone_event,
    publish_event,
    reinstate,
    revise_event,
    withdraw_event,
)
from iec_events.events.drafts import draft_of
from iec_events.events.models import Event
from iec_events.mail.delivery import deliver_due
from iec_events.mail.letters import Letter
from iec_events.mail.models import OutboxMail
from iec_events.rsvps import actions
from iec_events.rsvps.actions import ByHand, telling
from iec_events.rsvps.boxes import NOBODY
from iec_events.rsvps.emails import LETTERS
from iec_events.rsvps.models import Rsvp
from iec_events.rsvps.queries import own_rsvp
from tests.events.new_clocks import changed_clocks
from tests.factories import an_event
from tests.rsvps.every_letter import becomes, somebody

pytestmark = pytest.mark.usefixtures("app")
HOUR, MINUTE, DAY = dt.timedelta(hours=1), dt.timedelta(minutes=1), dt.timedelta(days=1)
AFTER_ALL = {"event_changed", "event_postponed", "event_reinstated", "event_cancelled", "reminder", "thanks"}


def sent() -> list[str]:
    """Kinds of the letters that are not answers to a deed, in the order of posting."""
    db.session.rollback()
    kinds = db.session.scalars(sa.select(OutboxMail.kind).order_by(OutboxMail.posted_at, OutboxMail.id))
    return [kind.removeprefix("rsvps.") for kind in kinds if kind.removeprefix("rsvps.") in AFTER_ALL]


def newest() -> Letter | None:
    """The latest letter, as it would be written now; it counts as delivered."""
    row = db.session.scalars(sa.select(OutboxMail).order_by(OutboxMail.posted_at.desc())).first()
    assert row is not None
    content = vault().open("outbox", row.id, row.sealed or b"")
    with speaking(content["locale"]):
        letter = LETTERS[row.kind]({**content["facts"], "to": content["to"]})
    with atomic():
        db.session.execute(sa.update(OutboxMail).values(done_at=our_clock.now(), sealed=None))
    return letter


def delivered() -> None:
    """What was promised up to now is out."""
    with atomic():
        db.session.execute(sa.update(OutboxMail).values(done_at=our_clock.now(), sealed=None))


def revise(event: Event, **others: Any) -> None:
    draft = replace(draft_of(event), **others)
    revise_event(slug=event.slug, draft=draft, campaign_slug=None, now=our_clock.now())


def moved(event: Event, by: dt.timedelta) -> None:
    revise(event, starts_at=event.starts_at + by, ends_at=event.ends_at + by)


def told(rsvp_id: str) -> int:
    return db.session.get_one(Rsvp, rsvp_id, populate_existing=True).told_sequence


# --- Reminders


def test_each_reminder_goes_once_at_its_hour(clock: Traveller) -> None:
    event = an_event(reminders=[168, 24, 2])
    somebody(event)
    starts_at, heard = event.starts_at, []
    for hours in (169, 168, 167, 25, 24, 12, 3, 2, 1, 0):
        clock.move_to(starts_at - hours * HOUR)
        for _ in range(2):
            actions.send_reminders(our_clock.now())
        heard.append(len(sent()))
    assert heard == [0, 1, 1, 1, 2, 2, 2, 3, 3, 3]


@pytest.mark.parametrize("reminders", [[], [24], [168, 2]])
def test_an_event_reminds_as_it_says(clock: Traveller, reminders: list[int]) -> None:
    event = an_event(reminders=reminders)
    somebody(event)
    starts_at = event.starts_at
    for hours in (168, 24, 2):
        clock.move_to(starts_at - hours * HOUR)
        actions.send_reminders(our_clock.now())
    assert len(sent()) == len(reminders)


def test_missed_reminders_are_caught_up_but_never_two_at_once(clock: Traveller) -> None:
    event = an_event(reminders=[168, 24, 2])
    somebody(event)
    starts_at = event.starts_at
    clock.move_to(starts_at - 20 * HOUR)  # a week and a day before, nobody was at work
    for _ in range(2):
        actions.send_reminders(our_clock.now())
    assert sent() == ["reminder"]
    letter = newest()
    assert letter
    assert letter.subject == "Tomorrow: Berkeley"


def test_of_reminders_that_could_not_go_out_only_the_last_one_is_written(clock: Traveller) -> None:
    event = an_event(reminders=[24, 2])
    somebody(event)
    starts_at = event.starts_at
    for hours in (24, 2):
        clock.move_to(starts_at - hours * HOUR)
        actions.send_reminders(our_clock.now())
    first = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == "rsvps.reminder")).all()
    found = [vault().open("outbox", row.id, row.sealed or b"") for row in first]
    written = [LETTERS["rsvps.reminder"]({**one["facts"], "to": one["to"]}) for one in found]
    assert sum(letter is not None for letter in written) == 1


def test_who_was_told_after_that_point_is_not_reminded(clock: Traveller) -> None:
    event = an_event(reminders=[168, 24, 2])
    starts_at = event.starts_at
    clock.move_to(starts_at - 30 * HOUR)
    rsvp_id, token = somebody(event)
    actions.send_reminders(our_clock.now())
    assert sent() == [], "a week before is over already"
    clock.move_to(starts_at - 23 * HOUR)
    late, _token = somebody(event, email="late@example.org")
    actions.send_reminders(our_clock.now())
    assert sent() == ["reminder"]
    assert db.session.scalars(sa.select(OutboxMail.about).where(OutboxMail.kind == "rsvps.reminder")).all() == [
        f"rsvp:{rsvp_id}"
    ]
    clock.move_to(starts_at - 2 * HOUR)
    actions.withdraw_rsvp(token=token, now=our_clock.now())
    actions.send_reminders(our_clock.now())
    assert len(sent()) == 2
    assert late in str(db.session.scalars(sa.select(OutboxMail.about).where(OutboxMail.kind == "rsvps.reminder")).all())


def test_a_moved_event_reminds_of_its_new_start_after_the_change_was_told(clock: Traveller) -> None:
    event = an_event(reminders=[24])
    somebody(event)
    starts_at = event.starts_at
    clock.move_to(starts_at - 23 * HOUR)
    actions.send_reminders(our_clock.now())
    moved(event, 2 * DAY)
    actions.send_reminders(our_clock.now())
    assert sent() == ["reminder"], "nor of the new start before the change is told"
    clock.shift(5 * MINUTE)
    actions.tell_changes(our_clock.now())
    delivered()
    clock.move_to(starts_at + 2 * DAY - 24 * HOUR)
    actions.send_reminders(our_clock.now())
    assert sent() == ["reminder", "event_changed", "reminder"]
    moved(event, HOUR)
    clock.shift(5 * MINUTE)
    actions.tell_changes(our_clock.now())
    actions.send_reminders(our_clock.now())
    assert sent() == ["reminder", "event_changed", "reminder", "event_changed"], "the news said when it is"


def test_news_come_before_a_reminder_and_stand_for_it(clock: Traveller) -> None:
    event = an_event(reminders=[24, 2])
    unwanted, _token = somebody(event)
    actions.subscribe(rsvp_id=unwanted, what="reminders", wanted=False)
    somebody(event, email="ali@example.org")
    clock.move_to(event.starts_at - 24 * HOUR)
    revise(event, venue="La Peña")
    actions.send_reminders(our_clock.now())
    assert sent() == []
    clock.shift(5 * MINUTE)
    actions.tell_changes(our_clock.now())
    actions.send_reminders(our_clock.now())
    assert sent() == ["event_changed", "event_changed"], "to both: this is no reminder"
    clock.move_to(event.starts_at - 2 * HOUR)
    actions.send_reminders(our_clock.now())
    assert sent() == ["event_changed", "event_changed", "reminder"]


@pytest.mark.parametrize("what", ["wants", "status", "moved", "begun"])
def test_a_reminder_that_waits_is_not_written_when_it_is_true_no_more(clock: Traveller, what: str) -> None:
    event = an_event(reminders=[24])
    rsvp_id, _token = somebody(event)
    clock.move_to(event.starts_at - 24 * HOUR)
    actions.send_reminders(our_clock.now())
    if what == "wants":
        actions.subscribe(rsvp_id=rsvp_id, what="reminders", wanted=False)
    elif what == "status":
        cancel_event(slug=event.slug, now=our_clock.now())
    elif what == "moved":
        moved(event, DAY)
    else:
        clock.move_to(event.starts_at)
    assert newest() is None


def test_a_reminder_says_how_soon_and_how_to_end_reminders(clock: Traveller) -> None:
    event = an_event(reminders=[168, 24, 2])
    somebody(event)
    starts_at, subjects = event.starts_at, []
    for hours in (168, 24, 14, 2):
        clock.move_to(starts_at - hours * HOUR)
        actions.send_reminders(our_clock.now())
        letter = newest() if hours != 14 else None
        if letter:
            subjects.append(letter.subject)
            assert letter.unsubscribe
            assert letter.unsubscribe in letter.text
            assert letter.unsubscribe in letter.html
            assert b"METHOD:REQUEST" in (letter.calendar or b"")
    assert subjects == ["In 7 days: Berkeley", "Tomorrow: Berkeley", "Soon: Berkeley"]


# --- Thanks


def test_thanks_go_once_on_the_morning_after_to_those_who_came(clock: Traveller) -> None:
    event = an_event(thanks=True, starts_at=dt.datetime(2027, 3, 14, 3, tzinfo=dt.UTC))  # until 10 pm in Berkeley
    somebody(event)
    _gone, token = somebody(event, email="ali@example.org")
    actions.withdraw_rsvp(token=token, now=our_clock.now())
    unwanted, _token = somebody(event, email="mina@example.org")
    actions.subscribe(rsvp_id=unwanted, what="letters", wanted=False)
    waits, _token = somebody(event, email="omid@example.org")
    becomes(waits, "waitlisted")
    nine = dt.datetime(2027, 3, 14, 16, tzinfo=dt.UTC)  # clocks went forward in that night
    for moment, thanked in ((event.ends_at, 0), (nine, 0), (nine + HOUR, 1), (nine + 2 * HOUR, 1)):
        clock.move_to(moment)
        for _ in range(2):
            actions.send_thanks(our_clock.now())
        assert len(sent()) == thanked
    letter = newest()
    assert letter
    assert letter.subject == "Thank you: Berkeley"
    assert letter.calendar is None
    assert letter.unsubscribe
    assert "/stop/letters/" in letter.unsubscribe


@pytest.mark.parametrize(
    ("ends", "thanked"),
    [("20 22:00", "21"), ("21 02:00", "21"), ("21 04:59", "21"), ("21 06:00", "22"), ("21 12:00", "22")],
)
def test_the_morning_after_is_by_the_clocks_of_the_place(ends: str, thanked: str) -> None:
    ends_at = dt.datetime.fromisoformat(f"2027-05-{ends}-07:00")
    event = an_event(starts_at=ends_at - 3 * HOUR)
    assert actions.thanks_due(event).isoformat() == f"2027-05-{thanked}T10:00:00-07:00"


def test_an_event_that_did_not_take_place_thanks_nobody(clock: Traveller) -> None:
    for steps in ([cancel_event], [postpone_event], []):
        event = an_event(thanks=bool(steps))
        somebody(event)
        for step in steps:
            step(slug=event.slug, now=our_clock.now())
        clock.move_to(actions.thanks_due(event) + HOUR)
        actions.send_thanks(our_clock.now())
        clock.move_to(dt.datetime(2027, 1, 15, 12, tzinfo=dt.UTC))
    assert sent() == []


def test_addresses_wait_for_thanks_and_no_longer(clock: Traveller) -> None:
    event = an_event(thanks=True)
    rsvp_id, _token = somebody(event)
    other, _token = somebody(event, email="ali@example.org")
    waits, _token = somebody(event, email="omid@example.org")
    becomes(waits, "waitlisted")
    delivered()

    def kept() -> list[bool]:
        actions.erase_addresses(our_clock.now())
        rows = [db.session.get_one(Rsvp, one, populate_existing=True) for one in (rsvp_id, other, waits)]
        return [row.mailable is not None for row in rows]

    clock.move_to(event.ends_at)
    assert kept() == [True, True, False]
    actions.subscribe(rsvp_id=other, what="letters", wanted=False)
    assert kept() == [True, False, False], "who wants no letters is owed none"
    clock.move_to(actions.thanks_due(event))
    actions.send_thanks(our_clock.now())
    assert kept() == [True, False, False]
    delivered()
    assert kept() == [False, False, False]


def test_addresses_go_after_three_days_even_if_nobody_was_thanked(clock: Traveller) -> None:
    event = an_event(thanks=True)
    rsvp_id, _token = somebody(event)
    clock.move_to(event.ends_at + 3 * DAY)
    actions.erase_addresses(our_clock.now())
    assert db.session.get_one(Rsvp, rsvp_id, populate_existing=True).mailable is None
    actions.send_thanks(our_clock.now())
    assert sent() == []


# --- News


def test_changes_are_gathered_for_five_minutes_and_told_as_one(clock: Traveller) -> None:
    event = an_event()
    rsvp_id, _token = somebody(event)
    moved(event, DAY)
    for _ in range(2):
        clock.shift(4 * MINUTE)
        actions.tell_changes(our_clock.now())
        assert sent() == []
        revise(event, venue=f"La Peña {our_clock.now():%M}")
    clock.shift(5 * MINUTE)
    for _ in range(2):
        actions.tell_changes(our_clock.now())
    assert (sent(), told(rsvp_id)) == (["event_changed"], 3)
    letter = newest()
    assert letter
    text = " ".join(letter.text.split())
    assert "- Until now: Sunday 14 February 2027, 4–7 am (Berkeley time)" in text
    assert "- From now on: Monday 15 February 2027, 4–7 am (Berkeley time)" in text
    assert "- Until now: The Starry Plough, 3101 Shattuck Avenue" in text
    assert "- From now on: La Peña 08, 3101 Shattuck Avenue" in text
    assert b"SEQUENCE:3" in (letter.calendar or b"")


def test_who_goes_on_changing_keeps_nobody_waiting_longer_than_a_quarter_of_an_hour(clock: Traveller) -> None:
    event = an_event()
    somebody(event)
    for number in range(5):
        revise(event, venue=f"House {number}")
        actions.tell_changes(our_clock.now())
        assert sent() == []
        clock.shift(3 * MINUTE)
    actions.tell_changes(our_clock.now())
    assert sent() == ["event_changed"]


def test_a_slip_that_is_mended_is_told_to_nobody(clock: Traveller) -> None:
    event = an_event()
    rsvp_id, _token = somebody(event)
    moved(event, DAY)
    clock.shift(2 * MINUTE)
    moved(event, -DAY)
    clock.shift(DAY)
    actions.tell_changes(our_clock.now())
    assert (sent(), told(rsvp_id), event.sequence) == ([], 2, 2)


def test_a_cancellation_is_told_after_a_minute_and_undone_within_it_never(clock: Traveller) -> None:
    event = an_event()
    rsvp_id, _token = somebody(event)
    cancel_event(slug=event.slug, now=our_clock.now())
    clock.shift(50)
    actions.tell_changes(our_clock.now())
    reinstate(slug=event.slug, now=our_clock.now())
    clock.shift(DAY)
    actions.tell_changes(our_clock.now())
    assert sent() == []
    cancel_event(slug=event.slug, now=our_clock.now())
    clock.shift(MINUTE)
    actions.tell_changes(our_clock.now())
    assert (sent(), told(rsvp_id)) == (["event_cancelled"], 3)


def test_shortly_before_the_start_nobody_waits_five_minutes(clock: Traveller) -> None:
    event = an_event()
    somebody(event)
    clock.move_to(event.starts_at - 2 * HOUR)
    revise(event, venue="Next door")
    clock.shift(MINUTE)
    actions.tell_changes(our_clock.now())
    assert sent() == ["event_changed"]


def test_each_is_told_the_difference_to_what_they_knew(clock: Traveller) -> None:
    event = an_event()
    old, _token = somebody(event)
    revise(event, venue="La Peña")
    somebody(event, email="ali@example.org")
    moved(event, DAY)
    clock.shift(5 * MINUTE)
    actions.tell_changes(our_clock.now())
    db.session.rollback()
    rows = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == "rsvps.event_changed")).all()
    texts = {}
    for row in rows:
        content = vault().open("outbox", row.id, row.sealed or b"")
        letter = LETTERS[row.kind]({**content["facts"], "to": content["to"]})
        assert letter
        texts[row.about == f"rsvp:{old}"] = letter
    assert "Until now: The Starry Plough" in texts[True].text
    assert texts[True].subject == "Changed: Berkeley"
    assert "The Starry Plough" not in texts[False].text
    assert texts[False].subject == "New time: Berkeley"


def test_steps_have_words_of_their_own(clock: Traveller) -> None:
    event = an_event()
    somebody(event)
    story = [
        (postpone_event, "Postponed: Berkeley", "REQUEST"),
        (reinstate, "It takes place after all: Berkeley", "REQUEST"),
        (cancel_event, "Cancelled: Berkeley", "CANCEL"),
        (reinstate, "It takes place after all: Berkeley", "REQUEST"),
        (withdraw_event, "Cancelled: Berkeley", "CANCEL"),
        (publish_event, "It takes place after all: Berkeley", "REQUEST"),
    ]
    for number, (step, subject, method) in enumerate(story, 1):
        step(slug=event.slug, now=our_clock.now())
        clock.shift(5 * MINUTE)
        actions.tell_changes(our_clock.now())
        letter = newest()
        assert letter
        assert letter.subject == subject
        assert f"METHOD:{method}".encode() in (letter.calendar or b"")
        assert f"SEQUENCE:{number}".encode() in (letter.calendar or b"")
    assert len(sent()) == len(story)


def test_what_changes_while_it_is_off_is_told_when_it_takes_place_after_all(clock: Traveller) -> None:
    event = an_event()
    somebody(event)
    cancel_event(slug=event.slug, now=our_clock.now())
    clock.shift(5 * MINUTE)
    actions.tell_changes(our_clock.now())
    delivered()
    moved(event, DAY)
    clock.shift(HOUR)
    actions.tell_changes(our_clock.now())
    assert sent() == ["event_cancelled"], "it does not take place on another day"
    reinstate(slug=event.slug, now=our_clock.now())
    clock.shift(5 * MINUTE)
    actions.tell_changes(our_clock.now())
    letter = newest()
    assert letter
    assert letter.subject == "New time: Berkeley"
    assert "It takes place after all." in letter.text
    assert "Until now: Sunday 14 February 2027" in letter.text
    assert sent() == ["event_cancelled", "event_reinstated"]


def test_whoever_waits_for_the_new_date_is_told_of_it_as_long_as_the_list_is_kept(clock: Traveller) -> None:
    event = an_event()
    rsvp_id, _token = somebody(event)
    postpone_event(slug=event.slug, now=our_clock.now())
    clock.shift(6 * MINUTE)
    actions.tell_changes(our_clock.now())
    letter = newest()
    assert letter
    assert "If there is no new date by Sunday 28 February, what we keep about you is destroyed" in letter.text
    revise(event, venue="La Peña")
    clock.move_to(event.ends_at + 13 * DAY)
    forget_versions(our_clock.now())
    actions.erase_addresses(our_clock.now())
    moved(event, 30 * DAY)
    reinstate(slug=event.slug, now=our_clock.now())
    clock.shift(6 * MINUTE)
    actions.tell_changes(our_clock.now())
    letter = newest()
    assert letter
    assert (told(rsvp_id), letter.subject) == (4, "New time: Berkeley")
    assert "From now on: La Peña" in letter.text
    assert "There is a new date." in letter.text


def test_whoever_waits_for_a_new_date_is_told_that_there_will_be_none(clock: Traveller) -> None:
    event = an_event()
    rsvp_id, _token = somebody(event)
    postpone_event(slug=event.slug, now=our_clock.now())
    clock.shift(6 * MINUTE)
    actions.tell_changes(our_clock.now())
    delivered()
    clock.move_to(event.ends_at + 10 * DAY)
    cancel_event(slug=event.slug, now=our_clock.now())
    clock.shift(2 * MINUTE)
    for _ in range(2):
        forget_versions(our_clock.now())
        actions.erase_addresses(our_clock.now())
        actions.tell_changes(our_clock.now())
    assert sent() == ["event_postponed", "event_cancelled"]
    letter = newest()
    assert letter
    assert letter.subject == "Cancelled: Berkeley"
    actions.erase_addresses(our_clock.now())
    assert db.session.get_one(Rsvp, rsvp_id, populate_existing=True).mailable is None


def test_whoever_can_be_told_that_what_was_postponed_after_its_end_is_cancelled_is(clock: Traveller) -> None:
    event = an_event(thanks=True)  # else the address goes at the end
    rsvp_id, _token = somebody(event)
    clock.move_to(event.ends_at + HOUR)
    for step in (postpone_event, cancel_event):
        step(slug=event.slug, now=our_clock.now())
        clock.shift(2 * HOUR)
        for _ in range(2):
            actions.tell_changes(our_clock.now())
            forget_versions(our_clock.now())
            actions.erase_addresses(our_clock.now())
    assert sent() == ["event_cancelled"]
    letter = newest()
    assert letter
    assert letter.subject == "Cancelled: Berkeley"
    actions.erase_addresses(our_clock.now())
    assert db.session.get_one(Rsvp, rsvp_id, populate_existing=True).mailable is None


def test_nobody_is_told_that_a_night_which_took_place_is_cancelled(clock: Traveller) -> None:
    event = an_event()
    somebody(event)
    clock.move_to(event.ends_at + HOUR)
    cancel_event(slug=event.slug, now=our_clock.now())
    clock.shift(6 * MINUTE)
    actions.tell_changes(our_clock.now())
    assert sent() == []


def test_a_list_that_waits_for_more_news_is_not_gone_through_again_and_again(
    clock: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = an_event()
    somebody(event)
    postpone_event(slug=event.slug, now=our_clock.now())
    clock.shift(6 * MINUTE)
    actions.tell_changes(our_clock.now())
    moved(event, DAY)
    clock.shift(6 * MINUTE)
    gone_through: list[object] = []
    monkeypatch.setattr(telling, "_in_parts", gone_through.append)
    actions.tell_changes(our_clock.now())
    assert gone_through == []
    reinstate(slug=event.slug, now=our_clock.now())
    clock.shift(6 * MINUTE)
    actions.tell_changes(our_clock.now())
    assert len(gone_through) == 1


def test_a_letter_that_waits_tells_the_latest_and_no_second_one_follows(clock: Traveller) -> None:
    event = an_event()
    rsvp_id, _token = somebody(event)
    delivered()
    for venue in ("La Peña", "Ashkenaz"):  # the mail server is away
        revise(event, venue=venue)
        clock.shift(5 * MINUTE)
        actions.tell_changes(our_clock.now())
    assert (sent(), told(rsvp_id)) == (["event_changed"], 2)
    letter = newest()
    assert letter
    assert "Until now: The Starry Plough" in letter.text
    assert "From now on: Ashkenaz" in letter.text
    actions.tell_changes(our_clock.now() + DAY)
    assert sent() == ["event_changed"]


def goes_out(row: OutboxMail) -> str:
    """It is written and handed over now; its text."""
    content, now = vault().open("outbox", row.id, row.sealed or b""), our_clock.now()
    with speaking(content["locale"]):
        letter = LETTERS[row.kind]({**content["facts"], "to": content["to"]})
    gone = {"handed_at": now if letter else None, "done_at": now, "sealed": None}
    with atomic():
        db.session.execute(sa.update(OutboxMail).where(OutboxMail.id == row.id).values(**gone))
    return letter.text if letter else ""


@pytest.mark.parametrize("back", [False, True])
def test_what_a_slow_letter_told_already_is_not_told_again(clock: Traveller, *, back: bool) -> None:
    """Letters say what is so when they are written: with a slow mail server, more than when they were promised."""
    event = an_event()
    somebody(event)
    delivered()
    moved(event, DAY)
    clock.shift(6 * MINUTE)
    actions.tell_changes(our_clock.now())
    moved(event, -DAY if back else DAY)
    clock.shift(4 * MINUTE)
    [row] = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.done_at.is_(None))).all()
    assert ("Tuesday 16 February" in goes_out(row)) is not back
    for _ in range(3):
        clock.shift(6 * MINUTE)
        actions.tell_changes(our_clock.now())
    assert sent() == ["event_changed"]
    moved(event, HOUR)
    clock.shift(6 * MINUTE)
    actions.tell_changes(our_clock.now())
    assert sent() == ["event_changed"] * 2


@pytest.mark.parametrize("step", [cancel_event, postpone_event])
def test_no_letter_says_that_it_is_off_before_the_news_that_may_still_be_mended(clock: Traveller, step: Any) -> None:
    """Else who signed up in that moment would be told so, and never that it takes place after all."""
    event = an_event()
    somebody(event)
    [row] = db.session.scalars(sa.select(OutboxMail)).all()
    step(slug=event.slug, now=our_clock.now())
    for name, expected in (("put off", 0), ("mended", 1)):
        if name == "mended":
            reinstate(slug=event.slug, now=our_clock.now())
        clock.shift(40)
        assert deliver_due(now=our_clock.now(), writers=LETTERS) == expected, name
    assert db.session.get_one(OutboxMail, row.id, populate_existing=True).done_at
    clock.shift(DAY)
    actions.tell_changes(our_clock.now())
    assert sent() == []


@pytest.mark.parametrize("step", [cancel_event, postpone_event])
def test_no_letter_says_that_it_is_on_again_before_the_news_of_that(clock: Traveller, step: Any) -> None:
    """Else who read so in another letter would hear nothing when it is off again in the next moment."""
    event = an_event()
    _id, token = somebody(event)
    step(slug=event.slug, now=our_clock.now())
    clock.shift(5 * MINUTE)
    actions.tell_changes(our_clock.now())
    assert deliver_due(now=our_clock.now(), writers=LETTERS) == 2
    reinstate(slug=event.slug, now=our_clock.now())
    actions.change_rsvp(token=token, name="Sara", party_size=1, note="", now=our_clock.now())
    assert deliver_due(now=our_clock.now(), writers=LETTERS) == 0
    clock.shift(5 * MINUTE)
    actions.tell_changes(our_clock.now())
    assert deliver_due(now=our_clock.now(), writers=LETTERS) == 2


def test_a_letter_waits_for_the_news_and_no_longer(clock: Traveller) -> None:
    event = an_event()
    somebody(event)
    cancel_event(slug=event.slug, now=our_clock.now())
    assert deliver_due(now=our_clock.now(), writers=LETTERS) == 0
    clock.shift(MINUTE)
    actions.tell_changes(our_clock.now())
    assert deliver_due(now=our_clock.now(), writers=LETTERS) == 2


def test_a_letter_that_says_it_is_off_tells_of_no_move(clock: Traveller) -> None:
    event = an_event()
    somebody(event)
    delivered()
    cancel_event(slug=event.slug, now=our_clock.now())
    clock.shift(2 * MINUTE)
    actions.tell_changes(our_clock.now())
    moved(event, DAY)
    clock.shift(4 * MINUTE)
    [row] = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.done_at.is_(None))).all()
    goes_out(row)
    clock.shift(HOUR)
    reinstate(slug=event.slug, now=our_clock.now())
    clock.shift(6 * MINUTE)
    actions.tell_changes(our_clock.now())
    letter = newest()
    assert letter
    assert letter.subject == "New time: Berkeley"


def test_while_a_letter_is_being_written_the_next_one_waits(clock: Traveller) -> None:
    event = an_event(starts_at=our_clock.now() + 2 * HOUR)  # so that nobody waits five minutes
    rsvp_id, _token = somebody(event)
    delivered()
    revise(event, venue="La Peña")
    clock.shift(MINUTE)
    actions.tell_changes(our_clock.now())
    revise(event, venue="Ashkenaz")
    clock.shift(MINUTE)
    with atomic():
        mine = OutboxMail.done_at.is_(None)
        db.session.execute(sa.update(OutboxMail).where(mine).values(leased_until=our_clock.now() + MINUTE))
    actions.tell_changes(our_clock.now())
    assert (sent(), told(rsvp_id)) == (["event_changed"], 1)
    delivered()
    actions.tell_changes(our_clock.now())
    assert (sent(), told(rsvp_id)) == (["event_changed", "event_changed"], 2)


# --- Hidden places


def test_a_hidden_place_is_named_to_those_who_come_and_to_nobody_else(clock: Traveller) -> None:
    event = an_event(address_hidden=True, venue="Canary House", street="1 Canary Street", capacity=1)
    somebody(event, party_size=1)
    waits, _token = somebody(event, email="ali@example.org", party_size=1)
    delivered()
    revise(event, venue="Canary Hall", street="2 Canary Street")
    clock.shift(5 * MINUTE)
    actions.tell_changes(our_clock.now())
    assert (sent(), told(waits)) == (["event_changed"], 1), "who waits learned nothing of either"
    letter = newest()
    assert letter
    assert "Until now: Canary House" in letter.text
    moved(event, DAY)
    clock.shift(5 * MINUTE)
    actions.tell_changes(our_clock.now())
    db.session.rollback()
    (row,) = db.session.scalars(
        sa.select(OutboxMail).where(OutboxMail.about == f"rsvp:{waits}", OutboxMail.done_at.is_(None))
    )
    content = vault().open("outbox", row.id, row.sealed or b"")
    letter = LETTERS[row.kind]({**content["facts"], "to": content["to"]})
    assert letter
    assert "From now on: Monday" in letter.text
    assert "Canary" not in letter.text + letter.html
    assert letter.calendar is None


def test_who_gets_a_place_after_a_change_hears_of_it_with_that_letter_but_not_of_the_old_hidden_place(
    clock: Traveller,
) -> None:
    event = an_event(address_hidden=True, venue="Canary House", street="1 Canary Street", capacity=1)
    _first, token = somebody(event, party_size=1)
    waits, _token = somebody(event, email="ali@example.org", party_size=1)
    delivered()
    revise(
        event, venue="Finch Hall", street="2 Finch Street", starts_at=event.starts_at + DAY, ends_at=event.ends_at + DAY
    )
    clock.shift(MINUTE)
    actions.withdraw_rsvp(token=token, now=our_clock.now())
    assert told(waits) == 1
    clock.shift(DAY)
    actions.tell_changes(our_clock.now())
    assert sent() == []
    db.session.rollback()
    (row,) = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == "rsvps.promoted"))
    content = vault().open("outbox", row.id, row.sealed or b"")
    letter = LETTERS[row.kind]({**content["facts"], "to": content["to"]})
    assert letter
    assert "From now on: Monday 15 February" in letter.text
    assert "Finch Hall" in letter.text
    assert "Canary" not in letter.text + letter.html


# --- SEQUENCE, as one attendee's calendar sees it


def test_whoever_leaves_and_comes_back_gets_ever_higher_sequences(clock: Traveller) -> None:
    event = an_event()
    rsvp_id, token = somebody(event)
    heard = [sequence_of(newest())]
    for _ in range(2):
        for deed in (actions.say_not_coming, actions.come_back):
            clock.shift(MINUTE)
            deed(token=token, now=our_clock.now())
            heard.append(sequence_of(newest()))
    cancel_event(slug=event.slug, now=our_clock.now())
    clock.shift(MINUTE)
    actions.tell_changes(our_clock.now())
    heard.append(sequence_of(newest()))
    reinstate(slug=event.slug, now=our_clock.now())
    clock.shift(5 * MINUTE)
    actions.tell_changes(our_clock.now())
    heard.append(sequence_of(newest()))
    methods, numbers = zip(*heard, strict=True)
    assert methods == ("REQUEST", "CANCEL", "REQUEST", "CANCEL", "REQUEST", "CANCEL", "REQUEST")
    assert list(numbers) == sorted(set(numbers)), "each higher than the last"
    assert db.session.get_one(Rsvp, rsvp_id).sequence_ahead == 4


def test_who_never_had_an_invitation_gets_no_cancel() -> None:
    event = an_event(capacity=1)
    somebody(event, party_size=1)
    rsvp_id, token = somebody(event, email="ali@example.org", party_size=1)
    assert own_rsvp(token=token, slug=event.slug).status == "waitlisted"
    actions.withdraw_rsvp(token=token, now=our_clock.now())
    (row,) = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == "rsvps.withdrawn"))
    content = vault().open("outbox", row.id, row.sealed or b"")
    letter = LETTERS[row.kind]({**content["facts"], "to": content["to"]})
    assert letter
    assert letter.calendar is None
    assert row.about == f"rsvp:{rsvp_id}"


@pytest.mark.parametrize("quiet", [False, True])
def test_a_mailbox_that_letters_go_to_no_more_loses_the_entry(quiet: bool) -> None:  # noqa: FBT001
    event = an_event(address_hidden=True, venue="Canary Hall", street="1 Canary Street")
    rsvp_id, _token = somebody(event, quiet=quiet)
    assert sequence_of(newest()) == ("REQUEST", 0)
    for address in ("ali@example.org", "nika@example.org"):  # to the first of them nothing has gone out
        said = ByHand(name="Sara", email=address, party_size=2, note="")
        actions.change_by_hand(slug=event.slug, rsvp_id=rsvp_id, said=said, reader=NOBODY, now=our_clock.now())
    letters = waiting_letters()
    assert set(letters) == {"sara@example.org", "nika@example.org"}
    assert sequence_of(letters["sara@example.org"]) == ("CANCEL", 1)
    assert sequence_of(letters["nika@example.org"]) == ("REQUEST", 2)
    last = letters["sara@example.org"]
    whole = last.subject + last.text + last.html + (last.calendar or b"").decode()
    assert "Canary" not in whole
    assert "/rsvps/" not in last.text + last.html, "no link that opens anything"
    assert ("Berkeley" in whole) is not quiet
    assert (last.file_name == "appointment.ics") is quiet


def test_who_is_put_back_behind_others_learns_it_and_loses_the_entry() -> None:
    event = an_event(capacity=2)
    rsvp_id, _token = somebody(event)
    newest()
    removal = actions.remove_rsvps(slug=event.slug, rsvp_ids=[rsvp_id], now=our_clock.now())
    assert waiting_letters() == {}, "no letter to a flood"
    somebody(event, email="ali@example.org")
    delivered()
    actions.undo_removal(slug=event.slug, removal_id=removal or "", now=our_clock.now())
    letter = waiting_letters()["sara@example.org"]
    assert letter.subject == "You are on the waitlist: Berkeley"
    assert sequence_of(letter) == ("CANCEL", 1)
    delivered()
    with atomic():
        db.session.get_one(Event, event.id).capacity = 4
    actions.promote_rsvp(slug=event.slug, rsvp_id=rsvp_id, now=our_clock.now())
    assert sequence_of(waiting_letters()["sara@example.org"]) == ("REQUEST", 2)


def test_who_was_removed_before_the_first_letter_went_gets_it_after_an_undo() -> None:
    event = an_event()
    rsvp_id, _token = somebody(event)
    other, _token = somebody(event, email="ali@example.org")
    removal = actions.remove_rsvps(slug=event.slug, rsvp_ids=[rsvp_id, other], now=our_clock.now())
    first = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.about == f"rsvp:{rsvp_id}")).one()
    assert goes_out(first) == ""
    actions.undo_removal(slug=event.slug, removal_id=removal or "", now=our_clock.now())
    letters = waiting_letters()
    assert [letters[to].subject for to in ("ali@example.org", "sara@example.org")] == [
        "Your place is kept: Berkeley"
    ] * 2
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMail)) == 3, "to nobody twice"


def test_who_was_put_back_with_an_old_invitation_hears_that_all_is_off(clock: Traveller) -> None:
    event = an_event(capacity=2)
    rsvp_id, _token = somebody(event)
    newest()
    removal = actions.remove_rsvps(slug=event.slug, rsvp_ids=[rsvp_id], now=our_clock.now())
    somebody(event, email="ali@example.org")
    cancel_event(slug=event.slug, now=our_clock.now())
    delivered()
    actions.undo_removal(slug=event.slug, removal_id=removal or "", now=our_clock.now())
    delivered()
    clock.shift(MINUTE)
    actions.tell_changes(our_clock.now())
    letters = waiting_letters()
    assert sequence_of(letters["sara@example.org"]) == ("CANCEL", 3)


def waiting_letters() -> dict[str, Letter]:
    """Every letter that is to go out, as it would be written now, by the address it goes to."""
    db.session.rollback()
    rows = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.done_at.is_(None))).all()
    found = {}
    for row in rows:
        content = vault().open("outbox", row.id, row.sealed or b"")
        letter = LETTERS[row.kind]({**content["facts"], "to": content["to"]})
        if letter is not None:
            found[content["to"]] = letter
    return found


def sequence_of(letter: Letter | None) -> tuple[str, int]:
    assert letter
    lines = (letter.calendar or b"").decode().split("\r\n")
    (method,) = [line.removeprefix("METHOD:") for line in lines if line.startswith("METHOD:")]
    (number,) = [int(line.removeprefix("SEQUENCE:")) for line in lines if line.startswith("SEQUENCE:")]
    assert method == letter.method
    return method, number


def test_a_letter_to_somebody_deleted_is_not_written(app: Flask) -> None:
    del app
    event = an_event()
    rsvp_id, token = somebody(event)
    facts = {"rsvp_id": rsvp_id, "token": token, "to": "sara@example.org"}
    actions.erase_rsvp(rsvp_id=rsvp_id, now=our_clock.now())
    assert all(LETTERS[kind](facts) is None for kind in LETTERS)


# --- Clocks that a state changes


@pytest.fixture
def six(tmp_path: Path) -> Iterator[Event]:
    """At six in the evening in nine days; the clocks there are changed by law after people signed up."""
    event = an_event(slug="six", starts_at=dt.datetime(2027, 1, 25, 2, tzinfo=dt.UTC), reminders=[24])
    somebody(event)
    somebody(event, quiet=True)
    delivered()
    with changed_clocks(tmp_path):
        follow_clocks(our_clock.now())
        yield event


def test_nobody_is_written_to_that_the_hour_stayed_but_whose_entry_is_in_utc(six: Event, clock: Traveller) -> None:
    clock.shift(6 * MINUTE)
    actions.tell_changes(our_clock.now())
    assert sent() == ["event_changed"]
    letter = newest()
    assert letter is not None
    assert letter.subject == "Your appointment has changed"
    assert b"DTSTART:20270125T010000Z" in (letter.calendar or b"")
    assert set(db.session.scalars(sa.select(Rsvp.told_sequence))) == {six.sequence} == {1}
    actions.tell_changes(our_clock.now())
    assert sent() == ["event_changed"]


def test_a_later_change_is_told_beside_the_hour_that_was_announced(six: Event, clock: Traveller) -> None:
    moved(six, HOUR)
    clock.shift(6 * MINUTE)
    actions.tell_changes(our_clock.now())
    assert sent() == ["event_changed"], "in UTC it is where it was"
    letter = newest()
    assert letter is not None
    assert "Until now: Sunday 24 January 2027, 6–9 pm" in letter.text
    assert "From now on: Sunday 24 January 2027, 7–10 pm" in letter.text


def test_who_was_reminded_of_the_old_moment_is_reminded_of_the_new_one(clock: Traveller, tmp_path: Path) -> None:
    event = an_event(starts_at=our_clock.now() + 25 * HOUR, reminders=[24])
    somebody(event)
    delivered()
    clock.shift(2 * HOUR)
    actions.send_reminders(our_clock.now())
    assert sent() == ["reminder"]
    with changed_clocks(tmp_path):
        follow_clocks(our_clock.now())
        clock.shift(6 * MINUTE)
        actions.tell_changes(our_clock.now())
        actions.send_reminders(our_clock.now())
        assert sent() == ["reminder", "reminder"]
