"""The outbox on both databases: promised once, claimed once, tried again, erased on delivery."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.mail.actions import LEASE, claim, forget, note_delivered, note_failed, pause_after, post, sweep
from iec_events.mail.models import OutboxMail
from iec_events.mail.queries import mail_health, open_letters

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


def test_after_two_days_a_letter_is_given_up() -> None:
    promise()
    later = clock.now() + dt.timedelta(days=2, minutes=1)
    (letter,) = claim(now=later, how_many=1)
    note_failed(letter=letter, error="Timeout", for_ever=False, now=later)
    assert mail_health(later).given_up == 1


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
