"""The worker: each job in its time, none stopped by another's failure, an end that comes soon."""

from __future__ import annotations

import datetime as dt
import logging
import os
import signal
import threading
import time

import pytest
import sqlalchemy as sa
from flask import Flask

from iec_events import worker
from iec_events.cli import WORKER_ENDS_S
from iec_events.core.db import SiteState, db
from iec_events.worker import LAST_LETTER_S, TICK_S, Job, jobs, run, run_all_once, stopped_by_signals

SECOND = dt.timedelta(seconds=1)


def run_for(app: Flask, seconds: float, doing: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the worker do these jobs for a while."""
    monkeypatch.setattr(worker, "jobs", lambda _say=None, _stop=None: doing)
    monkeypatch.setattr(worker, "TICK_S", 0.02)
    stop = threading.Event()
    runner = threading.Thread(target=run, args=(app,), kwargs={"stop": stop})
    runner.start()
    time.sleep(seconds)
    stop.set()
    runner.join(5)
    assert not runner.is_alive()


def test_every_job_can_be_done_on_an_empty_database_again_and_again(app: Flask) -> None:
    for _time in range(2):
        run_all_once(app)
    seen = db.session.scalar(sa.select(SiteState.worker_seen_at))
    assert seen is not None
    assert seen.isoformat() == "2027-01-15T12:00:00+00:00"


def test_jobs_have_names_of_their_own_and_sensible_pauses() -> None:
    found = jobs()
    assert len({job.name for job in found}) == len(found)
    assert all(SECOND <= job.every <= dt.timedelta(days=1) for job in found)
    assert {"heartbeat", "mail"} <= {job.name for job in found}


@pytest.mark.real_time
def test_all_rest_a_while_when_one_finds_the_database_away(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def fail(_now: dt.datetime) -> None:
        done.append("away")
        raise sa.exc.OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(worker, "AWAY_S", 0.05)
    run_for(app, 0.12, [Job("a", 0 * SECOND, fail), Job("b", 0 * SECOND, fail)], monkeypatch)
    assert 1 < len(done) < 5


@pytest.mark.real_time
def test_clocks_are_looked_at_before_any_letter_is_written(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(worker, "CLOCKS", Job("clocks", SECOND, lambda _now: done.append("clocks")))
    run_for(app, 0.1, [Job("mail", SECOND, lambda _now: done.append("mail"), apart=True)], monkeypatch)
    assert done == ["clocks", "mail"]


@pytest.mark.real_time
def test_each_job_comes_in_its_own_time(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    often, seldom = (
        Job("often", SECOND / 10, lambda _now: done.append("often")),
        Job("seldom", 60 * SECOND, lambda _now: done.append("seldom")),
    )
    run_for(app, 0.75, [often, seldom], monkeypatch)
    assert done[:2] == ["often", "seldom"]
    assert done.count("seldom") == 1
    assert 3 <= done.count("often") <= 8


@pytest.mark.real_time
def test_a_job_that_fails_stops_no_other_and_tells_no_name(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    done: list[dt.datetime] = []

    def fail(_now: dt.datetime) -> None:
        raise LookupError("Sima Kohzadi <sima@example.org>")

    run_for(app, 0.5, [Job("bad", SECOND / 10, fail), Job("good", SECOND / 10, done.append)], monkeypatch)
    assert len(done) >= 2
    assert all(moment.tzinfo is not None for moment in done)
    assert "The job 'bad' failed: LookupError" in caplog.text
    assert "Sima" not in caplog.text
    assert "example.org" not in caplog.text


@pytest.mark.real_time
def test_a_slow_mail_server_keeps_nothing_else_waiting(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [job.name for job in jobs() if job.apart] == ["mail"]
    answers = threading.Event()
    mail = Job("mail", SECOND, lambda _now: answers.wait(5), apart=True)
    other = Job("other", SECOND, lambda _now: answers.set())
    before = time.monotonic()
    run_for(app, 0.05, [mail, other], monkeypatch)
    assert answers.is_set()
    assert time.monotonic() - before < 4


@pytest.mark.real_time
def test_a_mail_server_that_never_answers_does_not_keep_it_from_ending(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert TICK_S + LAST_LETTER_S < WORKER_ENDS_S  # then `serve` kills it
    monkeypatch.setattr(worker, "LAST_LETTER_S", 0.05)
    answers = threading.Event()
    before = time.monotonic()
    try:
        run_for(app, 0.05, [Job("mail", SECOND, lambda _now: answers.wait(9), apart=True)], monkeypatch)
        assert time.monotonic() - before < 4
    finally:
        answers.set()


@pytest.mark.real_time
def test_it_ends_after_the_job_at_hand(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def slow(_now: dt.datetime) -> None:
        time.sleep(0.4)
        done.append("slow")

    never = Job("never", SECOND, lambda _now: done.append("never"))
    run_for(app, 0.1, [Job("slow", SECOND, slow), never], monkeypatch)
    assert done == ["slow"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_tell_it_to_stop(number: int) -> None:
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        stop = stopped_by_signals()
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        assert stop.wait(2)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
