"""A CalDAV server that is not ours: Radicale, which reads with vobject and dateutil, in this process."""

from __future__ import annotations

import datetime as dt
import re
from base64 import b64encode
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from icalendar import Calendar
from werkzeug.test import Client

UTC_TIME = "%Y%m%dT%H%M%SZ"
DATA = "{urn:ietf:params:xml:ns:caldav}calendar-data"
XMLNS = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
QUERY = (
    f"<C:calendar-query {XMLNS}><D:prop><C:calendar-data/></D:prop>"
    '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
    '<C:time-range start="{start}" end="{end}"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>'
)
BUSY = f'<C:free-busy-query {XMLNS}><C:time-range start="{{start}}" end="{{end}}"/></C:free-busy-query>'
Moment = dt.datetime


class CalDav:
    """The calendars of one person. `calendar` names one of them; it is made by what is put into it."""

    def __init__(self, folder: Path) -> None:
        from radicale import config  # noqa: PLC0415 - slow, and needed by few
        from radicale.app import Application  # noqa: PLC0415

        chosen = config.load()
        chosen.update(
            {
                "storage": {"filesystem_folder": str(folder), "_filesystem_fsync": "False"},
                "auth": {"type": "none"},
                "rights": {"type": "owner_only"},
                "web": {"type": "none"},
                "logging": {"level": "critical"},
            },
            "tests",
            privileged=True,
        )
        self._client = Client(Application(chosen))
        self._who = {"Authorization": f"Basic {b64encode(b'sara:x').decode()}"}

    def put_all(self, calendar: str, octets: bytes) -> None:
        """A whole feed, in place of what the calendar held."""
        assert self._ask("PUT", f"/{calendar}/", octets).startswith("201")

    def put(self, calendar: str, name: str, octets: bytes) -> None:
        """One event, as a program puts it there that took a download or an invitation."""
        self._ask("MKCALENDAR", f"/{calendar}/")
        assert self._ask("PUT", f"/{calendar}/{name}.ics", octets).startswith("20")

    def within(self, calendar: str, start: Moment, end: Moment) -> list[Any]:
        """The VEVENTs that the server says lie in a range."""
        answer = self._report(calendar, QUERY, start, end)
        found = [element.text or "" for element in ET.fromstring(answer).iter(DATA)]  # noqa: S314 - from this process
        return [event for text in found for event in Calendar.from_ical(text).walk("VEVENT")]

    def busy(self, calendar: str, start: Moment, end: Moment) -> list[tuple[Moment, Moment]]:
        """When the server thinks that the person is busy, by its own reading of our zones."""
        answer = self._report(calendar, BUSY, start, end).replace("\r\n ", "")
        spans = [line.strip().split("/") for line in re.findall("^FREEBUSY[^:]*:(.*)$", answer, re.MULTILINE)]
        return sorted((_moment(first), _moment(last)) for first, last in spans)

    def _report(self, calendar: str, wish: str, start: Moment, end: Moment) -> str:
        asked = wish.format(start=f"{start.astimezone(dt.UTC):{UTC_TIME}}", end=f"{end.astimezone(dt.UTC):{UTC_TIME}}")
        status, _, body = self._ask("REPORT", f"/{calendar}/", asked.encode()).partition("\n")
        assert status.startswith("20"), body
        return body

    def _ask(self, method: str, path: str, body: bytes = b"") -> str:
        kind = "application/xml" if body[:1] == b"<" else "text/calendar"
        answer = self._client.open(f"/sara{path}", method=method, headers=self._who, data=body, content_type=kind)
        return f"{answer.status}\n{answer.data.decode()}"


def _moment(text: str) -> Moment:
    return dt.datetime.strptime(text, UTC_TIME).replace(tzinfo=dt.UTC)
