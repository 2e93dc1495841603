"""A state changes its clocks: calendars go on telling the hour that was announced, by the new rules."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from iec_events.core import clock
from iec_events.events.actions import follow_clocks
from tests.events.new_clocks import changed_clocks
from tests.events.serial import a_vigil
from tests.factories import an_event

pytestmark = pytest.mark.usefixtures("app")
OTHER = re.compile(r"(?:SEQUENCE|DTSTAMP|LAST-MODIFIED|CREATED|UNTIL|X-|DESCRIPTION).*|;UNTIL=\w+| .*")
ZONE = re.compile(r"BEGIN:VTIMEZONE.*?END:VTIMEZONE", re.DOTALL)


def lines(client: FlaskClient, address: str) -> list[str]:
    """What a program reads, but for zones, stamps and Tehran's time in the description."""
    text = ZONE.sub("", client.get(address).text.replace("\r\n", "\n"))
    return [OTHER.sub("", line) for line in text.split("\n")]


def test_an_event_and_a_series_are_told_at_their_hour(client: FlaskClient, tmp_path: Path) -> None:
    an_event(slug="one", starts_at=dt.datetime(2027, 2, 15, 2, tzinfo=dt.UTC))
    a_vigil()
    addresses = ("/events/one.ics", "/series/vigil.ics", "/calendar.ics", "/events/vigil-2027-02-09.ics")
    before = {address: lines(client, address) for address in addresses}
    assert "DTSTART;TZID=America/Los_Angeles:20270214T180000" in before["/events/one.ics"]
    assert "6–9 pm" in client.get("/events/one").text
    with changed_clocks(tmp_path):
        follow_clocks(clock.now())
        assert {address: lines(client, address) for address in addresses} == before
        text = client.get("/events/one.ics").text
        assert "TZOFFSETTO:-0700" in text
        assert "SEQUENCE:1\r\n" in text
        assert "6–9 pm" in client.get("/events/one").text
