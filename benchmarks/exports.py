"""`python -m benchmarks.exports`: how long 10,000 parties take to leave as a file, and to stand at the door.

Beside it what opening their boxes alone takes, which nothing can be faster than.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from flask_migrate import upgrade

from benchmarks.rosters import EMAIL, PASSWORD, fill, median_ms
from iec_events.app import create_app
from iec_events.checkin.queries import door_view, heads
from iec_events.core import clock
from iec_events.core.db import db
from iec_events.organizers.actions import accept_invitation, invite
from iec_events.organizers.keys import private_of_session
from iec_events.organizers.queries import organizer_by_email
from iec_events.reports.lists import list_sheet
from iec_events.reports.locks import locked_with
from iec_events.reports.sheets import csv_octets, xlsx_octets
from iec_events.rsvps.boxes import Reader, reader_of
from iec_events.rsvps.door_boxes import DoorReader, door_reader_of
from iec_events.rsvps.models import Rsvp
from tests.conftest import settings_for

SIZE = 10_000


def main() -> None:
    """Fill a list, take it out in every way, and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(settings_for(Path(folder), f"sqlite:///{folder}/exports.db"))
        with app.app_context():
            upgrade()
            now = clock.now()
            token = accept_invitation(token=invite(now=now), name="Nasrin", email=EMAIL, password=PASSWORD, now=now)
            account = organizer_by_email(EMAIL)
            event_id = fill(SIZE)
            me = (account.id if account else "", private_of_session(token), event_id)
            measure(event_id, reader_of(*me), door_reader_of(*me))


def measure(event_id: int, reader: Reader, door: DoorReader) -> None:
    """Print a line for each step; the times of the parts add up to those of the whole."""
    sheet = list_sheet(event_id, reader)
    if any(row[2] == "sealed" for row in sheet.rows):
        raise SystemExit("A party could not be read: the figures mean nothing.")
    octets = csv_octets(sheet)
    show("boxes alone", median_ms(partial(opened, event_id, reader), 3))
    show("the table", median_ms(partial(list_sheet, event_id, reader), 3))
    show("the table as CSV", median_ms(partial(csv_octets, sheet), 3), len(octets))
    show("the table as XLSX", median_ms(partial(xlsx_octets, sheet), 3), len(xlsx_octets(sheet)))
    show("a lock of words", median_ms(partial(locked_with, "seven words", octets), 3))
    show("the first page at the door", median_ms(partial(door_view, event_id, door), 3))
    show("a search at the door", median_ms(partial(door_view, event_id, door, search="guest 77"), 3))
    show("the numbers at the door", median_ms(partial(heads, event_id), 3))


def opened(event_id: int, reader: Reader) -> None:
    """Read every row and open its box."""
    for rsvp in db.session.query(Rsvp).filter(Rsvp.event_id == event_id):
        reader.words(rsvp)


def show(what: str, taken: float, size: int | None = None) -> None:
    """One line."""
    print(f"{SIZE} parties, {what:28}{taken:8.0f} ms{f'  {size / 1e6:.1f} MB' if size else ''}", flush=True)


if __name__ == "__main__":
    main()
