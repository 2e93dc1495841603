"""The outbox on both databases: promised once, claimed once, tried again, erased on delivery."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from iec_events.core import clock
from iec_events.core.crypto import Vault
from iec_events.core.db import atomic, db
from iec_events.mail.actions import (
    ANSWER_LEASE,
    LEASE,
    claim,
    forget,
    hand_over,
    keep,
    note_delivered,
    note_failed,
    note_lapsed,
    note_trouble,
    pause_after,
    post,
    put_off,
    release,
    send_again,
    sweep,
    withdraw_part,
)
from iec_events.mail.models import OutboxMail
from iec_events.mail.queries import mail_health, open_letters, uncertain_letters
from iec_events.mail.wording import reason

MINUTE = dt.timedelta(minutes=1)
pytestmark = pytest.mark.usefixtures("app")


def promise(to: str = "sara@example.org", about: str = "rsvp:1", **facts: Any) -> str:
    return post(kind="test", about=about, to=to, locale="fa", facts=facts, now=clock.now())


def row(mail_id: str) -> OutboxMail:
    return db.session.get_one(OutboxMail, mail_id, populate_existing=True)


def test_it_works() -> None:
    mail_id = promise(name="سارا")
    claimed = claim(now=clock.now(), how_many=10)
    assert [(one.id, one.to, one.locale, one.facts) for one in claimed] == [
        (mail_id, "sara@example.org", "fa", {"name": "سارا"})
    ]
    note_delivered(mail_id=mail_id, now=clock.now())
    assert row(mail_id).sealed is None
    assert claim(now=clock.now() + 9 * LEASE, how_many=10) == []


def test_nothing_is_promised_when_the_transaction_fails() -> None:
    @atomic()
    def fail() -> None:
        promise()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert claim(now=clock.now(), how_many=10) == []


def test_a_leased_letter_is_nobody_elses_until_the_lease_runs_out() -> None:
    promise()
    now = clock.now()
    assert len(claim(now=now, how_many=10)) == 1
    assert claim(now=now + LEASE - MINUTE, how_many=10) == []
    again = claim(now=now + LEASE + MINUTE, how_many=10)
    assert [one.tries for one in again] == [2]


def test_no_more_are_claimed_than_asked_for() -> None:
    for _ in range(5):
        promise()
    assert len(claim(now=clock.now(), how_many=3)) == 3


def test_a_failed_letter_waits_longer_each_time() -> None:
    mail_id = promise()
    now = clock.now()
    (letter,) = claim(now=now, how_many=1)
    note_failed(letter=letter, error="Timeout", for_ever=False, now=now)
    assert claim(now=now, how_many=1) == []
    assert row(mail_id).due_at - now < MINUTE
    assert pause_after(1) < pause_after(3) < pause_after(6) < pause_after(40) < dt.timedelta(hours=5)


def test_a_letter_refused_for_good_is_given_up_and_its_address_erased() -> None:
    mail_id = promise()
    (letter,) = claim(now=clock.now(), how_many=1)
    note_failed(letter=letter, error="recipient refused 550", for_ever=True, now=clock.now())
    assert row(mail_id).sealed is None
    health = mail_health(clock.now())
    assert (health.given_up, health.waiting, list(health.last_errors)) == (1, 0, ["recipient refused 550"])


@pytest.mark.parametrize("begun", [dt.timedelta(0), dt.timedelta(days=3)])
def test_after_two_days_and_hours_of_trying_a_letter_is_given_up(begun: dt.timedelta) -> None:
    """Not for one "later" to whoever writes for the first time, once the worker is back."""
    mail_id = promise()
    now = clock.now() + begun
    while row(mail_id).given_up_at is None:
        now = max(now, row(mail_id).due_at)
        (letter,) = claim(now=now, how_many=1)
        note_failed(letter=letter, error="recipient refused 451", for_ever=False, now=now)
    lasted = now - clock.now()
    assert dt.timedelta(days=2) < lasted < dt.timedelta(days=2, hours=5) + begun
    assert lasted - begun > 180 * MINUTE


def test_a_stuck_letter_is_seen() -> None:
    promise()
    now = clock.now()
    for _ in range(3):
        (letter,) = claim(now=now, how_many=1)
        note_failed(letter=letter, error="ConnectionRefusedError", for_ever=False, now=now)
        now += dt.timedelta(hours=1)
    health = mail_health(now)
    assert (health.stuck, health.waiting, health.worker_silent) == (1, 1, True)


def test_forgetting_erases_what_was_not_sent_and_what_was() -> None:
    promise(about="rsvp:1")
    promise(about="rsvp:2")
    forget(about="rsvp:1")
    assert (open_letters("rsvp:1"), open_letters("rsvp:2")) == (0, 1)


def test_rows_of_delivered_letters_go_after_a_week() -> None:
    mail_id = promise()
    note_delivered(mail_id=mail_id, now=clock.now())
    sweep(clock.now() + dt.timedelta(days=6))
    assert row(mail_id).done_at is not None
    sweep(clock.now() + dt.timedelta(days=8))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMail)) == 0


def test_four_workers_claim_each_letter_once(app: Flask) -> None:
    for _ in range(60):
        promise()
    now, lock = clock.now(), threading.Lock()
    got: list[str] = []

    def work() -> None:
        with app.app_context():
            while letters := claim(now=now, how_many=7):
                with lock:
                    got.extend(letter.id for letter in letters)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(got) == len(set(got)) == 60


def promise_part(how_many: int, part_of: str = "b1") -> list[str]:
    now = clock.now() - MINUTE  # longer ago than all others
    return [
        post(kind="test", about="rsvp:1", to="a@example.org", locale="en", facts={}, now=now, part_of=part_of)
        for _ in range(how_many)
    ]


def test_a_broadcast_lets_all_others_go_first() -> None:
    parts = promise_part(3)
    urgent = promise()
    now = clock.now()
    assert [letter.id for letter in claim(now=now, how_many=1)] == [urgent]
    rest = claim(now=now, how_many=5)
    assert {letter.id for letter in rest} == set(parts)
    assert {letter.part_of for letter in rest} == {"b1"}


def test_of_a_broadcast_that_is_withdrawn_only_what_waits_is_erased() -> None:
    promise_part(6)
    now = clock.now()
    handed = claim(now=now, how_many=3)
    assert all(hand_over(letter=letter, now=now) for letter in handed)
    note_delivered(mail_id=handed[0].id, now=now)
    note_failed(letter=handed[1], error="recipient refused 550", for_ever=True, now=now)
    held = claim(now=now, how_many=2)
    note_delivered(mail_id=held[0].id, now=now)  # which had nothing to say
    promise_part(1, "b2")
    assert withdraw_part("b1") == 2
    note_lapsed(now + ANSWER_LEASE + MINUTE)
    left = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.part_of == "b1")).all()
    became = [bool(one.done_at) + 2 * bool(one.given_up_at) + 4 * bool(one.uncertain_at) for one in left]
    assert sorted(became) == [1, 1, 2, 4]
    assert [one.part_of for one in claim(now=now + ANSWER_LEASE + MINUTE, how_many=9)] == ["b2"]


@pytest.mark.parametrize("away", ["withdrawn", "forgotten", "another's", "done"])
def test_a_letter_that_was_taken_away_is_not_handed_over(away: str) -> None:
    (mail_id,) = promise_part(1)
    now = clock.now()
    (letter,) = claim(now=now, how_many=1)
    if away == "withdrawn":
        assert withdraw_part("b1") == 1
    elif away == "forgotten":
        forget(about="rsvp:1")
    elif away == "another's":
        now += LEASE + MINUTE
        (others,) = claim(now=now, how_many=1)
    else:
        note_delivered(mail_id=mail_id, now=now)
    assert not keep(letter=letter, now=now)
    assert not hand_over(letter=letter, now=now)
    note_failed(letter=letter, error="Timeout", for_ever=True, now=now)
    if away == "another's":
        assert hand_over(letter=others, now=now)


def test_a_letter_that_was_handed_over_is_not_claimed_again_but_uncertain_until_a_person_decides() -> None:
    mail_id = promise()
    now = clock.now()
    (letter,) = claim(now=now, how_many=1)
    assert hand_over(letter=letter, now=now)
    note_lapsed(now + LEASE + MINUTE)
    assert row(mail_id).uncertain_at is None  # the worker still waits for the answer
    later = now + ANSWER_LEASE + MINUTE
    assert claim(now=later, how_many=1) == []
    note_lapsed(later)
    assert (uncertain_letters("rsvp:1"), open_letters("rsvp:1")) == (1, 0)
    assert claim(now=later + 90 * MINUTE, how_many=1) == []
    assert send_again(now=later, about="rsvp:2") == 0
    assert send_again(now=later, about="rsvp:1") == 1
    assert [one.id for one in claim(now=later, how_many=1)] == [mail_id]


def test_an_uncertain_letter_is_given_up_when_nobody_decides_for_two_days() -> None:
    mail_id = promise()
    now = clock.now()
    hand_over(letter=claim(now=now, how_many=1)[0], now=now)
    note_lapsed(now + ANSWER_LEASE + MINUTE)
    sweep(now + dt.timedelta(days=2))
    assert (mail_health(now).uncertain, row(mail_id).sealed is None) == (1, False)
    sweep(now + dt.timedelta(days=2, hours=1))
    assert (mail_health(now).uncertain, mail_health(now).given_up, row(mail_id).sealed) == (0, 1, None)
    assert send_again(now=now) == 0


def test_letters_that_were_not_offered_go_back_as_they_were() -> None:
    mail_id = promise()
    now = clock.now()
    release(letters=claim(now=now, how_many=1))
    assert (row(mail_id).tries, len(claim(now=now, how_many=1))) == (0, 1)


def test_while_the_server_rests_nobody_claims_and_the_pauses_grow() -> None:
    promise()
    now, rests = clock.now(), []
    for _ in range(7):
        letters = claim(now=now, how_many=1)
        note_trouble(letters=letters, error="ConnectionRefusedError", now=now)
        assert claim(now=now + dt.timedelta(seconds=20), how_many=1) == []
        began = now
        while not (found := claim(now=now, how_many=1)):
            now += dt.timedelta(seconds=10)
        rests.append(now - began)
        release(letters=found)
    assert MINUTE / 3 < rests[0] < MINUTE < rests[2] < rests[4] < rests[6] + 2 * MINUTE < 14 * MINUTE
    health = mail_health(now)
    assert (health.trouble, health.trouble_since, health.stuck) == ("ConnectionRefusedError", clock.now(), 0)


def test_a_clock_that_was_wrong_for_a_while_silences_nobody_for_years() -> None:
    promise()
    wrong = clock.now() + dt.timedelta(days=1500)
    note_trouble(letters=claim(now=wrong, how_many=1), error="gaierror", now=wrong)
    assert len(claim(now=clock.now(), how_many=1)) == 1


def test_a_letter_whose_box_does_not_open_keeps_no_other() -> None:
    bad, good = promise(), promise()
    db.session.execute(sa.update(OutboxMail).where(OutboxMail.id == bad).values(sealed=b"x"))
    db.session.commit()
    assert [letter.id for letter in claim(now=clock.now(), how_many=5)] == [good]
    assert row(bad).last_error == "BoxRefused"
    assert row(bad).given_up_at is not None


def test_a_letter_under_a_key_that_only_other_workers_have_waits_for_them(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail_id, now = promise(), clock.now()
    with monkeypatch.context() as older:
        older.setitem(app.extensions, "vault", Vault([b"the key before the newest of all"]))
        assert claim(now=now, how_many=5) == []
    assert (row(mail_id).last_error, row(mail_id).given_up_at) == ("KeyUnknown", None)
    assert [letter.id for letter in claim(now=now + MINUTE, how_many=5)] == [mail_id]


def test_a_letter_whose_key_is_gone_is_told_of_and_given_up_in_time(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail_id, now = promise(), clock.now()
    monkeypatch.setitem(app.extensions, "vault", Vault([b"the key before the newest of all"]))
    while (letter := row(mail_id)).given_up_at is None and letter.tries < 25:
        if letter.tries == 3:
            assert mail_health(now).stuck == 1
        now = max(now, letter.due_at)
        assert claim(now=now, how_many=5) == []
    told = mail_health(now)
    assert (told.stuck, told.given_up) == (0, 1)
    assert [reason(one) for one in told.last_errors] == [
        "It is sealed with a server key that the worker does not have."
    ]


def test_letters_that_do_not_open_take_nothing_of_what_may_go_in_a_minute(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    for _ in range(2):
        promise()
    with monkeypatch.context() as older:
        older.setitem(app.extensions, "vault", Vault([b"the key before the newest of all"]))
        assert claim(now=now, how_many=5, per_minute=2) == []
    good = promise()
    assert [letter.id for letter in claim(now=now, how_many=5, per_minute=2)] == [good]


def test_no_more_leave_in_a_minute_than_was_set_and_a_fifth_is_kept_for_urgent_ones() -> None:
    parts = promise_part(20)
    now = clock.now()
    first = claim(now=now, how_many=50, per_minute=10)
    assert {letter.id for letter in first} < set(parts)
    assert len(first) == 8
    for _ in range(4):
        promise()
    assert len(claim(now=now + MINUTE / 2, how_many=50, per_minute=10)) == 2
    assert claim(now=now + MINUTE * 0.99, how_many=50, per_minute=10) == []
    assert claim(now=now - MINUTE / 10, how_many=50, per_minute=10) == []  # the clock of another machine
    assert len(claim(now=now + MINUTE, how_many=50, per_minute=10)) == 6  # two urgent ones, and two fewer than eight
    assert len(claim(now=now + 9 * MINUTE, how_many=50, per_minute=1)) == 1


def test_letters_with_nothing_to_say_take_nothing_of_what_may_go_in_a_minute() -> None:
    """What a flood left that was removed, and what is put off, holds up nobody's letter."""
    now = clock.now()
    for _ in range(4):
        promise()
    *gone, later = claim(now=now, how_many=9, per_minute=4)
    for letter in gone:
        note_delivered(mail_id=letter.id, now=now)
    put_off(letter=later, now=now)
    for _ in range(5):
        promise()
    claimed = claim(now=now, how_many=9, per_minute=4)
    assert len(claimed) == 4
    for letter in claimed[:2]:
        assert hand_over(letter=letter, now=now)
        note_delivered(mail_id=letter.id, now=now)
    assert claim(now=now, how_many=9, per_minute=4) == []


def test_who_puts_off_a_letter_that_is_another_workers_by_now_gives_nothing_back() -> None:
    now = clock.now()
    promise()
    (slow,) = claim(now=now, how_many=9, per_minute=1)
    later = now + LEASE + MINUTE
    assert len(claim(now=later, how_many=9, per_minute=1)) == 1
    put_off(letter=slow, now=later)
    promise()
    assert claim(now=later, how_many=9, per_minute=1) == []


def test_four_workers_keep_the_limit_together(app: Flask) -> None:
    for _ in range(40):
        promise()
    now, lock = clock.now(), threading.Lock()
    got: list[str] = []

    def work() -> None:
        with app.app_context():
            while letters := claim(now=now, how_many=3, per_minute=25):
                with lock:
                    got.extend(letter.id for letter in letters)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(got) == len(set(got)) == 25
