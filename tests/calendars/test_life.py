"""The life of one event as its calendars tell it: announced, moved, renamed, called off, on again, longer and online.

In download, feed and the worker's letters; read by icalendar, ical.js, libical and Radicale.

Each step is a file in `golden/`; `GOLDEN=write` writes them anew, to be read before they are kept.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar
from time_machine import Traveller

from iec_events.core import clock as our_clock
from iec_events.core.db import db
from iec_events.core.tokens import new_token
from iec_events.events.actions import cancel_event, reinstate, revise_event
from iec_events.events.drafts import draft_of
from iec_events.events.models import Event
from iec_events.rsvps.actions import Party, place_rsvp
from iec_events.worker import jobs
from tests.calendars.caldav import CalDav
from tests.calendars.readers import IcalJs, LibIcal
from tests.calendars.samples import utc
from tests.conftest import NOW, Installation
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


HOUR = dt.timedelta(hours=1)
# What goes out at each step: the method, SEQUENCE and STATUS of the file. A new name alone is not worth a letter.
MAILED = {
    "1-announced": ("REQUEST", 0, "CONFIRMED"),
    "2-moved": ("REQUEST", 1, "CONFIRMED"),
    "4-called-off": ("CANCEL", 2, "CANCELLED"),
    "5-on-again": ("REQUEST", 3, "CONFIRMED"),
    "6-longer-and-online": ("REQUEST", 4, "CONFIRMED"),
}


def vevent(octets: bytes) -> bytes:
    start, end = octets.index(b"BEGIN:VEVENT"), octets.index(b"END:VEVENT")
    return octets[start:end]


def read(octets: bytes) -> list[Any]:
    return list(Calendar.from_ical(octets).walk("VEVENT"))


def is_golden(name: str, octets: bytes) -> bool:
    if os.environ.get("GOLDEN") == "write":
        (GOLDEN / f"{name}.ics").write_bytes(octets)
    return octets == (GOLDEN / f"{name}.ics").read_bytes()


def times() -> tuple[dt.datetime, dt.datetime]:
    """Of the event as it is kept now, by the clocks there."""
    db.session.rollback()
    start, end = db.session.execute(sa.select(Event.starts_at, Event.ends_at)).one()
    return start.astimezone(LOS_ANGELES), end.astimezone(LOS_ANGELES)


def test_a_life(client: FlaskClient) -> None:
    an_event(slug="berkeley", uid="night@events.example.org", starts_at=utc(2027, 2, 21, 2), online_url="")
    told = []
    for number, (name, step) in enumerate(STEPS.items()):
        step(NOW + number * HOUR)
        octets = client.get("/events/berkeley.ics").data
        assert is_golden(name, octets), name
        assert vevent(client.get("/calendar.ics").data) == vevent(octets), "a feed says the very same"
        (event,) = read(octets)
        told.append((str(event["STATUS"]), event["SEQUENCE"], str(event["UID"]), event["DTSTAMP"].dt))
        assert (event["DTSTART"].dt, event["DTEND"].dt) == times()
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


def test_a_life_in_letters(app: Flask, installation: Installation, clock: Traveller) -> None:
    an_event(slug="berkeley", uid="night@events.example.org", starts_at=utc(2027, 2, 21, 2), online_url="")
    sara = Party(name="Sara", email="sara@example.org", party_size=2, note="", locale="en")
    place_rsvp(slug="berkeley", party=sara, token=new_token(), now=NOW, trusted=True)
    for number, (name, step) in enumerate(STEPS.items()):
        step(NOW + number * HOUR)
        clock.shift(HOUR)  # changes are gathered for a while
        letters = delivered(app, installation)
        assert len(letters) == (name in MAILED), name
        for letter in letters:
            method, octets = file_in(letter)
            assert is_golden(f"mail-{name}", octets), name
            (event,) = read(octets)
            assert (method, event["SEQUENCE"], str(event["STATUS"])) == MAILED[name]
            assert str(event["UID"]) == "night@events.example.org"
            assert octets.replace(b"\r\n ", b"").count(b"\r\nATTENDEE;") == 1
            assert str(event["ATTENDEE"]) == "mailto:sara@example.org"
            assert event["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"
            assert (event["DTSTART"].dt, event["DTEND"].dt) == times()


def delivered(app: Flask, installation: Installation) -> list[EmailMessage]:
    """What the worker sends now."""
    named = {job.name: job for job in jobs()}
    for name in ("changes", "mail"):
        with app.app_context():
            named[name].run(our_clock.now())
    files = sorted(Path(installation.folder, "mail").glob("[!.]*.eml"))
    letters = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    for file in files:
        file.unlink()
    return letters


def file_in(letter: EmailMessage) -> tuple[str, bytes]:
    """The method and the octets of its calendar, which is there twice: for programs to read, and to be saved."""
    (inline,) = (part for part in letter.walk() if part.get_content_type() == "text/calendar")
    (attached,) = letter.iter_attachments()
    method, octets = inline.get_param("method"), inline.get_payload(decode=True)
    assert attached.get_filename() == "invite.ics"
    assert octets == attached.get_payload(decode=True)
    assert isinstance(octets, bytes)
    assert str(Calendar.from_ical(octets)["METHOD"]) == method
    return str(method), octets


def test_other_programs_read_each_step_alike(ical_js: Path, libical: Any, tmp_path: Path) -> None:
    server = CalDav(tmp_path)
    for name in (*STEPS, *(f"mail-{name}" for name in MAILED)):
        octets = (GOLDEN / f"{name}.ics").read_bytes()
        (event,) = read(octets)
        start, end = event["DTSTART"].dt, event["DTEND"].dt
        for reader in (IcalJs(ical_js), LibIcal(libical)):
            (seen,) = reader.events(octets)
            assert (seen["start"], seen["end"]) == (start.timestamp(), end.timestamp()), name
            assert seen["summary"] == str(event["SUMMARY"])
        server.put("nights", "night", octets)
        (kept,) = server.within("nights", start, start + HOUR)
        assert (kept["DTSTART"].dt, kept["DTEND"].dt) == (start, end), name
        for said in ("UID", "SEQUENCE", "STATUS", "SUMMARY", "LOCATION"):
            assert kept[said] == event[said], name
        assert server.within("nights", end, end + HOUR) == server.within("nights", start - HOUR, start) == []
