"""ical.js and libical read what we write as we meant it, and alike."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iec_events.calendars.clean import clean, clean_line
from iec_events.calendars.entry import CalendarEvent, is_ambiguous
from iec_events.calendars.ical import calendar_bytes, invitation_bytes, vevent_bytes, zones_of
from iec_events.calendars.vtimezone import vtimezone
from tests.calendars.readers import IcalJs, LibIcal, Read
from tests.calendars.samples import the_night, utc
from tests.calendars.test_vtimezone import ZONES

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
FIRST, LAST = utc(2022, 7, 1), utc(2025, 1, 1)


@pytest.fixture(scope="module")
def node(ical_js: Path) -> IcalJs:
    return IcalJs(ical_js)


@pytest.fixture(scope="module")
def c(libical: Any) -> LibIcal:
    return LibIcal(libical)


@pytest.fixture(params=["node", "c"])
def reader(request: pytest.FixtureRequest) -> IcalJs | LibIcal:
    found: IcalJs | LibIcal = request.getfixturevalue(request.param)
    return found


def meant(event: CalendarEvent) -> Read:
    """What a reader should say about an event."""
    description = clean(event.description).strip()
    return Read(
        uid=event.uid,
        start=int(event.starts_at.timestamp()),
        end=int(event.ends_at.timestamp()),
        summary=clean_line(event.title),
        description=f"{description}\n\n{event.url}".strip(),
        location=clean_line(event.location) or None,
    )


def feed(events: list[CalendarEvent]) -> bytes:
    zones = zones_of((event.time_zone, event.starts_at, event.ends_at) for event in events)
    return calendar_bytes(name="Nights", zones=zones, vevents=map(vevent_bytes, events))


def nameless(octets: bytes) -> bytes:
    """The same with zones that no reader can know by name, so that only our VTIMEZONE tells it the time."""
    octets = octets.replace(b"\r\n ", b"")
    for number, key in enumerate(ZONES):
        octets = octets.replace(f"TZID:{key}\r".encode(), f"TZID:Zone-{number}\r".encode())
        octets = octets.replace(f"TZID={key}:".encode(), f"TZID=Zone-{number}:".encode())
    assert b"/" not in b"".join(line for line in octets.split(b"\r\n") if b"TZID" in line)
    return octets


def changes_of_clocks(key: str) -> list[dt.datetime]:
    """The hours in which a zone's clocks are changed, found by asking zoneinfo."""
    zone, moment, found = ZoneInfo(key), FIRST, []
    while moment < LAST:
        if moment.astimezone(zone).utcoffset() != (moment + HOUR).astimezone(zone).utcoffset():
            found.append(moment)
        moment += HOUR
    return found


def around_changes() -> Iterator[CalendarEvent]:
    """Events before, over and after each change of clocks in every zone, and in the middle of the seasons."""
    for key in ZONES:
        for change in [*changes_of_clocks(key), *(utc(2026, month, 1) for month in (1, 7))]:
            for number, start in enumerate((-26, -4, -2, -1, 0, 1, 23)):
                starts_at = change + start * HOUR
                uid = f"{key}-{change:%Y%m%d%H}-{number}@events.example.org"
                yield the_night(uid=uid, time_zone=key, starts_at=starts_at, ends_at=starts_at + 3 * HOUR)


@pytest.fixture(scope="module")
def big_feed() -> tuple[bytes, list[Read]]:
    """A feed of all these events, and what a reader should say about it."""
    events = list(around_changes())
    return nameless(feed(events)), [meant(event) for event in events]


def test_every_start_and_end_is_zoneinfos(reader: IcalJs | LibIcal, big_feed: tuple[bytes, list[Read]]) -> None:
    octets, said = big_feed
    assert len(said) > 700
    assert reader.events(octets) == said


@pytest.mark.parametrize("key", ZONES[::3])
def test_every_third_hour_of_two_years_is_zoneinfos(reader: IcalJs | LibIcal, key: str) -> None:
    zone = ZoneInfo(key)
    hours = (utc(2024, 1, 1) + n * 3 * HOUR for n in range(2 * 366 * 8))
    told = [moment for moment in hours if not is_ambiguous(moment, key)]
    local = [f"{moment.astimezone(zone):%Y-%m-%dT%H:%M:%S}" for moment in told]
    octets = vtimezone(key, told[0], told[-1]).replace(key.encode(), b"Zone-1")
    assert reader.seconds(octets, local) == [int(moment.timestamp()) for moment in told]


def test_the_night_in_three_languages(reader: IcalJs | LibIcal) -> None:
    events = [
        the_night(),
        the_night(
            locale="fa", title="شبِ شورشِ فرهنگی؛ شعر، ترانه", description="یکشنبه ۶ اسفند ۱۴۰۲\nمی‌خوانیم، می‌رقصیم"
        ),
        the_night(locale="es", title="Una noche; de rebelión, ¡y baile!", location="Café «El Ñu», Cali"),
    ]
    assert reader.events(feed(events)) == [meant(event) for event in events]


def test_an_invitation(reader: IcalJs | LibIcal) -> None:
    octets = invitation_bytes(the_night(organizer_name='"Shirin"; CN=x'), attendee_email="shirin@example.org")
    assert reader.events(octets) == [meant(the_night())]


def test_what_else_ical_js_sees(node: IcalJs) -> None:
    night = the_night(status="cancelled", categories=("Poetry, song", "Dance; more"))
    said = node.read(feed([night]))
    (event,) = said["events"]
    assert event["status"] == "CANCELLED"
    assert event["sequence"] == 2
    assert event["stamp"] == int(night.stamp.timestamp())
    assert event["categories"] == ["Poetry, song", "Dance; more"]
    assert said["properties"]["method"] == "PUBLISH"
    assert said["properties"]["name"] == said["properties"]["x-wr-calname"] == "Nights"
    assert said["zones"] == ["America/Los_Angeles"]


def test_an_empty_feed_is_read(reader: IcalJs | LibIcal) -> None:
    assert reader.events(feed([])) == []


HOSTILE = st.lists(st.text(max_size=120), min_size=30, max_size=30)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=HOSTILE)
def test_hostile_texts_come_out_as_they_went_in(node: IcalJs, c: LibIcal, texts: list[str]) -> None:
    events = [
        the_night(uid=f"{number}@events.example.org", title=f"x{text}", description=f"y{text}", location=f"z{text}")
        for number, text in enumerate(texts)
    ]
    for reader in (node, c):
        assert reader.events(feed(events)) == [meant(event) for event in events]
