"""`python -m benchmarks.letters`: a letter of organizers to 10,000 attendees: how fast, and with how much memory.

Each step has a process of its own, so that its peak memory is its own: counting whom it reaches, writing to everybody
(the worker's batches), and delivering to a mail server on loopback that takes everything. Beside it stands what the
same server takes from smtplib alone, with the same octets over one connection.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import smtplib
import socketserver
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade

from benchmarks.__main__ import database_at
from iec_events.app import create_app
from iec_events.broadcasts import actions
from iec_events.broadcasts.actions.posting import BATCHES, _post_batch
from iec_events.broadcasts.drafts import LetterDraft
from iec_events.broadcasts.models import COMING, Broadcast
from iec_events.broadcasts.queries import progress_of, reached
from iec_events.broadcasts.wording import texts_of
from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.core.i18n import LOCALES
from iec_events.core.tokens import new_id
from iec_events.events.models import Event
from iec_events.mail.delivery import deliver_due
from iec_events.organizers.actions import accept_invitation, invite
from iec_events.rsvps.boxes import Words, keep_address, seal
from iec_events.rsvps.models import Rsvp
from iec_events.worker import LETTERS
from tests.conftest import settings_for
from tests.factories import an_event
from tests.servers import free_port

MEGABYTE = 2**20 if sys.platform == "darwin" else 2**10  # of ru_maxrss
PARAGRAPH = "Please come half an hour earlier: we begin with a minute of silence.\n\n- Bring a candle\n\n"
TEXTS = {code: {"subject": "Doors open at half past five", "text": PARAGRAPH * 4} for code in ("en", "fa")}


def main() -> None:
    """Fill a list, write to everybody on it, deliver, and print what it took."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.letters")
    asked.add_argument("--size", type=int, default=10_000)
    asked.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    chosen = asked.parse_args()
    port = free_port()
    sink = multiprocessing.Process(target=take_everything, args=(port,), daemon=True)
    sink.start()
    for database in chosen.database or ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory() as folder, database_at(database, Path(folder)) as url:
            print(f"\n{database}, a letter to {chosen.size} attendees")
            for step in (fill, count, post, deliver, bare):
                alone(step, folder, url, port, chosen.size)
    sink.terminate()


def alone(step: Callable[..., None], *given: Any) -> None:
    """Run a step in a process of its own."""
    process = multiprocessing.get_context("spawn").Process(target=step, args=given)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"The step {step.__name__} failed.")


@contextmanager
def service(folder: str, url: str, port: int) -> Iterator[Flask]:
    """The application on this database, with its way out of mail."""
    app = create_app(settings_for(Path(folder), url, MAIL_URL=f"smtp://127.0.0.1:{port}"))
    with app.app_context():
        yield app


@contextmanager
def measured(what: str, many: int) -> Iterator[None]:
    """Print how long it took, and by how much the memory that this process ever used grew."""
    before, begun, worked = _peak(), time.perf_counter(), time.process_time()
    yield
    took, work = time.perf_counter() - begun, (time.process_time() - worked) * 1000 / many
    memory = f"peak memory {_peak():.0f} MB, of which {_peak() - before:.0f} MB came with it"
    print(f"  {what:32}{took:7.1f} s  {many / took:6.0f}/s  work {work:6.2f} ms each  {memory}", flush=True)


def _peak() -> float:
    """The most memory that this process ever used, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE


def fill(folder: str, url: str, port: int, size: int) -> None:
    """A list of so many, who read three languages, and a letter in two."""
    with service(folder, url, port):
        upgrade()
        accept_invitation(
            token=invite(now=clock.now()),
            name="Nasrin",
            email="nasrin@example.org",
            password="nine poems by the river",  # noqa: S106 - of an account that lives as long as this run
            now=clock.now(),
        )
        event = an_event()
        slug, event_id = event.slug, event.id
        for begun in range(0, size, 1000):
            with atomic():
                for line in range(begun + 1, min(begun + 1000, size) + 1):
                    db.session.add(_guest(event_id, line))
        letter_id = new_id()
        draft = LetterDraft(audience=COMING, texts=TEXTS)
        actions.keep_letter(slug=slug, letter_id=letter_id, draft=draft, now=clock.now())


def _guest(event_id: int, line: int) -> Rsvp:
    rsvp = Rsvp(id=new_id(), event_id=event_id, status="confirmed", holds_seats=True, line=line, party_size=1)
    rsvp.told_sequence, rsvp.placed_on, rsvp.wants_letters, rsvp.quiet = 0, clock.now().date(), True, line % 50 == 0
    locale = [*LOCALES][line % 3]
    words = Words(name=f"Guest {line}", email=f"guest{line}@example.org", note="", locale=locale)
    seal(rsvp, words, clock.now())
    keep_address(rsvp, words)
    return rsvp


def count(folder: str, url: str, port: int, size: int) -> None:
    """What the page before sending does."""
    with service(folder, url, port), measured("counted, by language", size):
        broadcast = db.session.scalars(sa.select(Broadcast)).one()
        if reached(broadcast.event_id, broadcast.audience, texts_of(broadcast)).by_mail != size:
            raise SystemExit("Not everybody is counted: the figures mean nothing.")


def post(folder: str, url: str, port: int, size: int) -> None:
    """What the worker does until everybody is written to; the longest turn is what other jobs wait for."""
    with service(folder, url, port):
        broadcast, slug = (
            db.session.scalars(sa.select(Broadcast)).one(),
            db.session.scalars(sa.select(Event.slug)).one(),
        )
        letter_id = broadcast.id
        actions.send_letter(
            slug=slug, letter_id=letter_id, made_from=1, due_at=None, place_meant=False, now=clock.now()
        )
        turns = []
        with measured("written to, in batches", size):
            more = True
            while more:
                begun = time.perf_counter()
                more = _post_batch(clock.now())
                turns.append(time.perf_counter() - begun)
        print(f"  {'':34}longest batch {max(turns) * 1000:.0f} ms; {BATCHES} of them are one turn of the worker")


def deliver(folder: str, url: str, port: int, size: int) -> None:
    """Until nothing waits; what the page about it then takes, too."""
    with service(folder, url, port):
        with measured("delivered over one connection", size):
            if deliver_due(now=clock.now(), writers=LETTERS) != size:
                raise SystemExit("Not everything went out: the figures mean nothing.")
        with measured("progress asked for", 1):
            progress = progress_of(db.session.scalars(sa.select(Broadcast)).one())
        print(f"  {'':34}handed over {progress.handed_over}, waiting {progress.waiting}, failed {progress.failed}")


def bare(_folder: str, _url: str, port: int, size: int) -> None:
    """The yardstick: smtplib, one connection, octets that are made already."""
    octets = b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n" * 120
    with smtplib.SMTP("127.0.0.1", port) as server, measured("smtplib alone", size):
        for line in range(size):
            server.sendmail("events@example.org", [f"guest{line}@example.org"], octets)


def take_everything(port: int) -> None:
    """A mail server that says yes."""
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", port), _Yes) as server:
        server.serve_forever()


class _Yes(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        in_text = False
        for line in self.rfile:
            word = line[:4].upper().strip()
            if in_text:
                in_text = line != b".\r\n"
                if in_text:
                    continue
            elif word == b"DATA":
                in_text = True
                self.wfile.write(b"354 go on\r\n")
                continue
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 yes\r\n")


if __name__ == "__main__":
    main()
