"""`python -m benchmarks.rosters`: how long a signed-in organizer waits for a sealed list, beside Flask's hello.

The goal (issue of the sealed lists): 300 parties well under a second, 10,000 in a few seconds.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade

from iec_events.app import create_app
from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.core.tokens import new_id
from iec_events.events.models import Event
from iec_events.organizers.actions import accept_invitation, invite
from iec_events.organizers.keys import private_of_session
from iec_events.organizers.queries import organizer_by_email
from iec_events.rsvps.boxes import Reader, Words, reader_of, seal
from iec_events.rsvps.models import Rsvp
from iec_events.rsvps.queries import roster, roster_page
from tests.conftest import settings_for
from tests.factories import an_event

EMAIL = "nasrin@example.org"


def main() -> None:
    """Fill lists of both sizes, read them, and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(settings_for(Path(folder), f"sqlite:///{folder}/rosters.db"))
        with app.app_context():
            upgrade()
            token = accept_invitation(
                token=invite(now=clock.now()), name="Nasrin", email=EMAIL, password="nine poems by the river", now=clock.now()
            )  # fmt: skip
            hello = median_ms(hello_request, 50)
            print(f"Flask hello, one request in this process: {hello:.3f} ms")
            for size in (300, 10_000):
                event = fill(size)
                whole = median_ms(lambda event=event: read(event, token), 3)
                page = median_ms(lambda event=event: read_page(event, token), 5)
                print(
                    f"{size:6} parties: all opened in {whole:8.1f} ms ({whole / size:.3f} ms each); a page in {page:.1f} ms"
                )


def fill(size: int) -> Event:
    """An event with so many sealed parties."""
    event = an_event()
    with atomic():
        for line in range(1, size + 1):
            rsvp = Rsvp(id=new_id(), event_id=event.id, status="confirmed", line=line, party_size=1)
            rsvp.told_sequence, rsvp.placed_on = 0, clock.now().date()
            seal(rsvp, Words(name=f"Guest {line}", email=f"guest{line}@example.org", note="", locale="en"), clock.now())
            db.session.add(rsvp)
    db.session.expunge_all()
    return db.session.scalars(sa.select(Event).where(Event.id == event.id)).one()


def read(event: Event, token: str) -> None:
    """What the CSV and a search do: everyone is opened."""
    found = roster(event.id, reader=_reader(event, token))
    if any(one.name is None for one in found):
        raise SystemExit("A party could not be read: the figures mean nothing.")


def read_page(event: Event, token: str) -> None:
    """What the first page of the list does."""
    roster_page(event.id, reader=_reader(event, token))


def hello_request() -> None:
    """The yardstick."""
    HELLO.get("/")


def median_ms(act: Callable[[], object], times: int) -> float:
    """The median of some runs, in milliseconds."""
    act()
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        act()
        taken.append((time.perf_counter() - begun) * 1000)
        db.session.rollback()
    return statistics.median(taken)


def _reader(event: Event, token: str) -> Reader:
    account = organizer_by_email(EMAIL)
    return reader_of(account.id if account else "", private_of_session(token), event.id)


_hello = Flask("hello")
_hello.add_url_rule("/", view_func=lambda: "hello")
HELLO = _hello.test_client()

if __name__ == "__main__":
    main()
