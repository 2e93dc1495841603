"""The worker: every timed thing, each safe to repeat and safe in several copies.

Mail has a thread of its own, since a slow mail server may keep it for minutes: nothing else waits for it.
A job that fails is noted by the class of its error (values may be personal) and tried again at its next time.
"""

from __future__ import annotations

import datetime as dt
import logging
import signal
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from flask import Flask

from .access.actions import take_ended_keys
from .access.emails import LETTERS as ACCESS_LETTERS
from .broadcasts.actions import erase_letters, post_letters
from .broadcasts.emails import LETTERS as BROADCAST_LETTERS
from .calendars.actions import make_vevents
from .checkin.actions import keep_places
from .core import clock
from .core.absence import is_away
from .core.db import note_worker
from .events.actions import follow_clocks
from .mail.delivery import Stop, deliver_due
from .organizers.audit import WORKER, acting
from .organizers.emails import LETTERS as ORGANIZER_LETTERS
from .privacy.retention import RULES
from .rsvps.actions import (
    answer_lost_links,
    note_refusals,
    refill_waitlists,
    run_deadlines,
    seal_vault_boxes,
    send_reminders,
    send_thanks,
    tell_changes,
    warn_holds,
)
from .rsvps.emails import LETTERS as RSVP_LETTERS

log = logging.getLogger(__name__)
LETTERS = {**RSVP_LETTERS, **ORGANIZER_LETTERS, **ACCESS_LETTERS, **BROADCAST_LETTERS}
Say = Callable[[str], None]
TICK_S = 0.5
AWAY_S = 5  # so long all jobs rest when one finds the database away
LAST_LETTER_S = 5  # so long after it was told to stop, the mail server may answer; who started us waits a little longer


class Job(NamedTuple):
    """A name, how often, and a function of now; `apart` if it may take long."""

    name: str
    every: dt.timedelta
    run: Callable[[dt.datetime], object]
    apart: bool = False


CLOCKS = Job("clocks", dt.timedelta(hours=1), follow_clocks)


def jobs(say: Say | None = None, stop: Stop = lambda: False) -> list[Job]:
    """Everything that happens by itself. Mail asks `stop` after each letter."""
    second = dt.timedelta(seconds=1)
    return [
        CLOCKS,
        Job("heartbeat", 15 * second, note_worker),
        Job("mail", second, lambda now: deliver_due(now=now, writers=LETTERS, say=say, stop=stop), apart=True),
        Job("deadlines", 5 * second, _deadlines),
        Job("deadlines near", 60 * second, warn_holds),
        Job("reminders", 60 * second, send_reminders),
        Job("thanks", 60 * second, send_thanks),
        Job("lost links", second, answer_lost_links),
        Job("waitlists", 5 * second, refill_waitlists),
        Job("changes", 20 * second, tell_changes),
        Job("seal", 5 * second, seal_vault_boxes),
        Job("calendars", 10 * second, make_vevents),
        Job("letters", second, post_letters),
        Job("erase letters", 60 * second, erase_letters),
        Job("refusals", 10 * second, note_refusals),
        Job("door keys", 60 * second, take_ended_keys),
        *(Job(rule.job, rule.every, rule.erase) for rule in RULES),
    ]


def _deadlines(now: dt.datetime) -> None:
    """Offers and holds that are over end, but for those who are here."""
    keep_places(now)
    run_deadlines(now)


def run(app: Flask, *, say: Say | None = None, stop: threading.Event | None = None) -> None:
    """Work until told to stop; SIGTERM and SIGINT end it after the job at hand, and soon.

    A mail server may think for ten minutes. The letter that it still has by then is left as by a worker that was
    killed: nobody sends it again by itself (docs/decisions/0010).
    """
    stop = stop or stopped_by_signals()
    doing = jobs(say, stop.is_set)
    _run_once(app, CLOCKS)  # before any letter says when something is
    apart = [threading.Thread(target=_work, args=(app, [job], stop), daemon=True) for job in doing if job.apart]
    for thread in apart:
        thread.start()
    _work(app, [job for job in doing if not job.apart], stop)
    last = time.monotonic() + LAST_LETTER_S
    for thread in apart:
        thread.join(max(0, last - time.monotonic()))


def _work(app: Flask, doing: list[Job], stop: threading.Event) -> None:
    """Do these jobs in their times, one after the other."""
    due = {job.name: 0.0 for job in doing}
    while not stop.is_set():
        for job in doing:
            if time.monotonic() >= due[job.name] and not stop.is_set():
                if not _run_once(app, job):
                    stop.wait(AWAY_S)
                due[job.name] = time.monotonic() + job.every.total_seconds()
        stop.wait(TICK_S)


def run_all_once(app: Flask, say: Say | None = None) -> None:
    """Every job, once, whether due or not: for tests and for `iec-events worker --once`."""
    for job in jobs(say):
        with app.app_context():
            acting(WORKER)
            job.run(clock.now())


def _run_once(app: Flask, job: Job) -> bool:
    """Do it; False when the database is away."""
    try:
        with app.app_context():
            acting(WORKER)
            job.run(clock.now())
    except Exception as fault:  # noqa: BLE001 - one failing job must not stop the others
        log.error("The job %r failed: %s", job.name, type(fault).__name__)  # noqa: TRY400 - a traceback may hold a name
        return not is_away(fault)
    return True


def stopped_by_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_args: stop.set())
    return stop
