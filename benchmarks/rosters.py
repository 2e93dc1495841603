"""`python -m benchmarks.rosters`: how long a signed-in organizer waits for a sealed list, beside Flask's hello.

The goal (issue of the sealed lists): 300 parties well under a second, 10,000 in a few seconds.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade

from iec_events.app import create_app
from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.core.tokens import new_id
from iec_events.organizers.actions import accept_invitation, invite
from iec_events.organizers.keys import private_of_session
from iec_events.organizers.queries import organizer_by_email
from iec_events.rsvps.boxes import Reader, Words, keep_address, reader_of, seal
from iec_events.rsvps.models import Rsvp
from iec_events.rsvps.rosters import BY_NAME, Wanted, roster_page
from tests.conftest import settings_for
from tests.factories import an_event, roster

EMAIL = "nasrin@example.org"
PASSWORD = "nine poems by the river"  # noqa: S105 - of an account that lives as long as this run

ASKED = {
    "the first page": Wanted(),
    "the last page": Wanted(page=100),
    "the largest parties": Wanted(sort="size"),
    "those with the same address": Wanted(twice=True),
    "a search": Wanted(search="guest 77"),
    "a page by name": Wanted(sort=BY_NAME),
    "those with a note": Wanted(needs=True),
}


def main() -> None:
    """Fill lists of both sizes, read them, and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(settings_for(Path(folder), f"sqlite:///{folder}/rosters.db"))
        with app.app_context():
            upgrade()
            token = accept_invitation(
                token=invite(now=clock.now()), name="Nasrin", email=EMAIL, password=PASSWORD, now=clock.now()
            )
            print(f"Flask hello, one request in this process: {median_ms(lambda: HELLO.get('/'), 50):.3f} ms")
            for size in (300, 10_000):
                event_id = fill(size)
                whole = median_ms(partial(read, event_id, token), 3)
                print(f"{size:6} parties: all opened in {whole:.0f} ms ({whole / size:.3f} each)")
                for asked, wanted in ASKED.items():
                    page = median_ms(partial(read_page, event_id, token, wanted), 3)
                    print(f"{size:6} parties: {asked} in {page:.0f} ms")


def fill(size: int) -> int:
    """The id of an event with so many sealed parties."""
    event_id = an_event().id
    with atomic():
        for line in range(1, size + 1):
            rsvp = Rsvp(id=new_id(), event_id=event_id, status="confirmed", holds_seats=True, line=line, party_size=1)
            rsvp.told_sequence, rsvp.placed_on = 0, clock.now().date()
            words = Words(
                name=f"Guest {line}",
                email=f"guest{line}@example.org",
                note="A seat near the door" if line % 10 == 0 else "",
                locale="en",
            )
            seal(rsvp, words, clock.now())
            keep_address(rsvp, words)
            db.session.add(rsvp)
    return event_id


def read(event_id: int, token: str) -> None:
    """What the CSV and a search do: everyone is opened."""
    found = roster(event_id, reader=_reader(event_id, token))
    if any(one.name is None for one in found):
        raise SystemExit("A party could not be read: the figures mean nothing.")


def read_page(event_id: int, token: str, wanted: Wanted) -> None:
    """What a page of the list does."""
    roster_page(event_id, wanted, reader=_reader(event_id, token))


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


def _reader(event_id: int, token: str) -> Reader:
    account = organizer_by_email(EMAIL)
    return reader_of(account.id if account else "", private_of_session(token), event_id)


_hello = Flask("hello")
_hello.add_url_rule("/", view_func=lambda: "hello")
HELLO = _hello.test_client()

if __name__ == "__main__":
    main()
