"""The life of one event as its calendars tell it: announced, moved, renamed, called off, on again, longer and online.

Each step is a file in `golden/`; `GOLDEN=write` writes them anew, to be read before they are kept.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask.testing import FlaskClient
from icalendar import Calendar

from iec_events.core.db import db
from iec_events.events.actions import cancel_event, reinstate, revise_event
from iec_events.events.drafts import draft_of
from iec_events.events.models import Event
from tests.calendars.readers import IcalJs, LibIcal
from tests.calendars.samples import utc
from tests.conftest import NOW
from tests.factories import an_event, three_languages

GOLDEN = Path(__file__).with_name("golden")
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
Step = Callable[[dt.datetime], None]


def changed(**changes: Any) -> Step:
    """Organizers save the form with this in it."""

    def step(now: dt.datetime) -> None:
        draft = draft_of(db.session.scalars(sa.select(Event)).one())
        revise_event(slug="berkeley", draft=replace(draft, **changes), campaign_slug=None, now=now)

    return step


STEPS: dict[str, Step] = {
    "1-announced": lambda now: None,  # noqa: ARG005
    "2-moved": changed(starts_at=utc(2027, 3, 14, 6), ends_at=utc(2027, 3, 14, 13)),  # its clocks skip an hour
    "3-renamed": changed(texts=three_languages("Dawn; with songs, and 🎉")),
    "4-called-off": lambda now: cancel_event(slug="berkeley", now=now),
    "5-on-again": lambda now: reinstate(slug="berkeley", now=now),
    "6-longer-and-online": changed(ends_at=utc(2027, 3, 17, 6), online_url="https://meet.example.org/dawn"),
}


def vevent(octets: bytes) -> bytes:
    start, end = octets.index(b"BEGIN:VEVENT"), octets.index(b"END:VEVENT")
    return octets[start:end]


def read(octets: bytes) -> list[Any]:
    return list(Calendar.from_ical(octets).walk("VEVENT"))


def test_a_life(client: FlaskClient, ical_js: Path, libical: Any) -> None:
    an_event(slug="berkeley", uid="night@events.example.org", starts_at=utc(2027, 2, 21, 2), online_url="")
    told = []
    for number, (name, step) in enumerate(STEPS.items()):
        step(NOW + dt.timedelta(hours=number))
        octets = client.get("/events/berkeley.ics").data
        if os.environ.get("GOLDEN") == "write":
            (GOLDEN / f"{name}.ics").write_bytes(octets)
        assert octets == (GOLDEN / f"{name}.ics").read_bytes(), name
        assert vevent(client.get("/calendar.ics").data) == vevent(octets), "a feed says the very same"
        (event,) = read(octets)
        told.append((str(event["STATUS"]), event["SEQUENCE"], str(event["UID"]), event["DTSTAMP"].dt))
        db.session.rollback()
        start, end = db.session.execute(sa.select(Event.starts_at, Event.ends_at)).one()
        assert (event["DTSTART"].dt, event["DTEND"].dt) == (start.astimezone(LOS_ANGELES), end.astimezone(LOS_ANGELES))
        for reader in (IcalJs(ical_js), LibIcal(libical)):
            (seen,) = reader.events(octets)
            assert (seen["start"], seen["end"]) == (start.timestamp(), end.timestamp()), name
    assert [status for status, *_ in told] == [
        "CONFIRMED",
        "CONFIRMED",
        "CONFIRMED",
        "CANCELLED",
        "CONFIRMED",
        "CONFIRMED",
    ]
    assert [sequence for _, sequence, *_ in told] == [0, 1, 1, 2, 3, 4], "a new name is no new appointment"
    assert {uid for _, _, uid, _ in told} == {"night@events.example.org"}
    stamps = [stamp for *_, stamp in told]
    assert stamps == sorted(set(stamps)), "whatever changes, programs see that it did"
