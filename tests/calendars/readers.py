"""Two readers of calendars that are not ours, made to say the same things: ical.js (Node) and libical (C)."""

import ctypes
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

SCRIPT = Path(__file__).with_name("read_ical.mjs")


class Read(TypedDict):
    """What a reader saw of one event; times in seconds since 1970, UTC."""

    uid: str
    start: int
    end: int
    summary: str
    description: str | None
    location: str | None


class Time(ctypes.Structure):
    """`struct icaltimetype` of libical 3."""

    _fields_ = (
        *((name, ctypes.c_int) for name in ("year", "month", "day", "hour", "minute", "second")),
        ("is_date", ctypes.c_int),
        ("is_daylight", ctypes.c_int),
        ("zone", ctypes.c_void_p),
    )


class IcalJs:
    """ical.js, as Thunderbird and Nextcloud use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, octets: bytes, times: Sequence[str] = ()) -> dict[str, Any]:
        """Return everything that read_ical.mjs says about a calendar."""
        asked = json.dumps({"ics": octets.decode(), "times": list(times)})
        done = subprocess.run(
            ["node", SCRIPT, self.folder], input=asked, capture_output=True, text=True, check=True, timeout=120
        )
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def events(self, octets: bytes) -> list[Read]:
        """Return the events of a calendar, in its order."""
        kept = Read.__required_keys__
        return [Read(**{key: event[key] for key in kept}) for event in self.read(octets)["events"]]  # type: ignore[typeddict-item]

    def seconds(self, vtimezone: bytes, times: Sequence[str]) -> list[int]:
        """Return what local times mean in a VTIMEZONE."""
        seconds: list[int] = self.read(_around(vtimezone), times)["seconds"]
        return seconds


class LibIcal:
    """libical, as GNOME, KDE and Apache's friends use it."""

    def __init__(self, library: Any) -> None:
        self.library = library
        for name, result, *arguments in (
            ("icalparser_parse_string", ctypes.c_void_p, ctypes.c_char_p),
            ("icalcomponent_string_to_kind", ctypes.c_int, ctypes.c_char_p),
            ("icalcomponent_count_errors", ctypes.c_int, ctypes.c_void_p),
            ("icalcomponent_get_first_component", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int),
            ("icalcomponent_get_next_component", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int),
            ("icalcomponent_new_clone", ctypes.c_void_p, ctypes.c_void_p),
            ("icalcomponent_free", None, ctypes.c_void_p),
            ("icalcomponent_get_uid", ctypes.c_char_p, ctypes.c_void_p),
            ("icalcomponent_get_summary", ctypes.c_char_p, ctypes.c_void_p),
            ("icalcomponent_get_description", ctypes.c_char_p, ctypes.c_void_p),
            ("icalcomponent_get_location", ctypes.c_char_p, ctypes.c_void_p),
            ("icalcomponent_get_dtstart", Time, ctypes.c_void_p),
            ("icalcomponent_get_dtend", Time, ctypes.c_void_p),
            ("icaltime_as_timet_with_zone", ctypes.c_long, Time, ctypes.c_void_p),
            ("icaltime_from_string", Time, ctypes.c_char_p),
            ("icaltimezone_new", ctypes.c_void_p),
            ("icaltimezone_set_component", ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p),
            ("icaltimezone_free", None, ctypes.c_void_p, ctypes.c_int),
        ):
            function = getattr(library, name)
            function.restype, function.argtypes = result, list(arguments)
        self.vevent = library.icalcomponent_string_to_kind(b"VEVENT")
        self.vtimezone = library.icalcomponent_string_to_kind(b"VTIMEZONE")

    def events(self, octets: bytes) -> list[Read]:
        """Return the events of a calendar, in its order; an octet that libical calls an error is one."""
        lib, calendar = self.library, self._parsed(octets)
        events, event = [], lib.icalcomponent_get_first_component(calendar, self.vevent)
        while event:
            events.append(self._event(event))
            event = lib.icalcomponent_get_next_component(calendar, self.vevent)
        lib.icalcomponent_free(calendar)
        return events

    def seconds(self, vtimezone: bytes, times: Sequence[str]) -> list[int]:
        """Return what local times mean in a VTIMEZONE."""
        lib, calendar = self.library, self._parsed(_around(vtimezone))
        zone = lib.icaltimezone_new()
        component = lib.icalcomponent_new_clone(lib.icalcomponent_get_first_component(calendar, self.vtimezone))
        assert lib.icaltimezone_set_component(zone, component)
        plain = (time.replace("-", "").replace(":", "").encode() for time in times)
        seconds = [lib.icaltime_as_timet_with_zone(lib.icaltime_from_string(time), zone) for time in plain]
        lib.icaltimezone_free(zone, 1)
        lib.icalcomponent_free(calendar)
        return seconds

    def _parsed(self, octets: bytes) -> Any:
        calendar = self.library.icalparser_parse_string(octets)
        assert calendar, "libical read nothing"
        assert self.library.icalcomponent_count_errors(calendar) == 0
        return calendar

    def _event(self, event: Any) -> Read:
        lib = self.library

        def text(name: str) -> str | None:
            found = getattr(lib, f"icalcomponent_get_{name}")(event)
            return None if found is None else found.decode()

        def seconds(time: Time) -> int:
            found: int = lib.icaltime_as_timet_with_zone(time, time.zone)
            return found

        return Read(
            uid=text("uid") or "",
            start=seconds(lib.icalcomponent_get_dtstart(event)),
            end=seconds(lib.icalcomponent_get_dtend(event)),
            summary=text("summary") or "",
            description=text("description"),
            location=text("location"),
        )


def _around(vtimezone: bytes) -> bytes:
    return b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\n" + vtimezone + b"END:VCALENDAR\r\n"
