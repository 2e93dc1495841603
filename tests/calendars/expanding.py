"""What comes again, expanded to its dates by three readers that are not ours: ical.js, libical and dateutil."""

from __future__ import annotations

import ctypes
import datetime as dt
import json
import subprocess
from pathlib import Path
from typing import Any

from dateutil.rrule import rruleset, rrulestr  # type: ignore[import-untyped]
from icalendar import Calendar

from tests.calendars.readers import LibIcal, Time

SCRIPT = Path(__file__).with_name("expand_ical.mjs")
Date = tuple[int, int, str, str]  # start, end (seconds since 1970), STATUS, SUMMARY


def by_ical_js(folder: Path, octets: bytes) -> list[Date]:
    """The dates as Thunderbird and Nextcloud see them."""
    asked = json.dumps({"ics": octets.decode()})
    done = subprocess.run(
        ["node", SCRIPT, folder], input=asked, capture_output=True, text=True, check=True, timeout=120
    )
    return sorted((start, end, status, summary) for start, end, status, summary in json.loads(done.stdout))


def by_dateutil(octets: bytes) -> list[Date]:
    """The dates as Python's own rules see them, with times by zoneinfo; an override takes the place of its date."""
    events: list[Any] = list(Calendar.from_ical(octets).walk("VEVENT"))
    found: dict[tuple[str, Any], Date] = {}
    overrides: dict[tuple[str, Any], Date] = {}
    for event in events:
        uid, start, end = str(event["UID"]), event["DTSTART"].dt, event["DTEND"].dt
        if "RECURRENCE-ID" in event:
            overrides[uid, _plain(event["RECURRENCE-ID"].dt)] = _date(event, start, end)
        elif "RRULE" not in event:
            found[uid, None] = _date(event, start, end)
        else:
            found |= {(uid, _plain(each)): _date(event, each, _end(each, start, end)) for each in _expanded(event)}
    assert overrides.keys() <= found.keys() or not any(key[1] for key in found), "an override of a date that is none"
    return sorted((found | overrides).values())


class Span(ctypes.Structure):
    """`struct icaltime_span` of libical 3."""

    _fields_ = (("start", ctypes.c_long), ("end", ctypes.c_long), ("is_busy", ctypes.c_int))


def by_libical(library: Any, octets: bytes) -> list[Date]:
    """The dates as GNOME and KDE see them."""
    lib, found, overrides, zones = library, [], [], {}
    reader = LibIcal(library)
    seen = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(Span), ctypes.c_void_p)
    for name, result, *arguments in (
        ("icalcomponent_foreach_recurrence", None, ctypes.c_void_p, Time, Time, seen, ctypes.c_void_p),
        ("icalcomponent_get_recurrenceid", Time, ctypes.c_void_p),
        ("icalcomponent_get_status", ctypes.c_int, ctypes.c_void_p),
        ("icalproperty_status_to_string", ctypes.c_char_p, ctypes.c_int),
        ("icaltime_from_timet_with_zone", Time, ctypes.c_long, ctypes.c_int, ctypes.c_void_p),
    ):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, list(arguments)
    calendar = reader._parsed(octets)
    event = lib.icalcomponent_get_first_component(calendar, reader.vevent)
    while event:
        said = reader._event(event)
        status = lib.icalproperty_status_to_string(lib.icalcomponent_get_status(event)).decode()
        instead_of = lib.icalcomponent_get_recurrenceid(event)
        if instead_of.year:
            overrides.append((said["uid"], instead_of, (said["start"], said["end"], status, said["summary"])))
        else:
            zones[said["uid"]] = lib.icalcomponent_get_dtstart(event).zone
            spans: list[tuple[int, int]] = []
            note = seen(lambda _event, span, _data, spans=spans: spans.append((span[0].start, span[0].end)))
            first, last = (lib.icaltime_from_timet_with_zone(at, 0, None) for at in (0, 2**32))
            lib.icalcomponent_foreach_recurrence(event, first, last, note, None)
            found += [(said["uid"], (start, end, status, said["summary"])) for start, end in spans]
        event = lib.icalcomponent_get_next_component(calendar, reader.vevent)
    kept = {(uid, each[0]): each for uid, each in found}
    for uid, at, each in overrides:  # libical leaves a RECURRENCE-ID without its zone
        kept[uid, lib.icaltime_as_timet_with_zone(at, at.zone or zones.get(uid))] = each
    lib.icalcomponent_free(calendar)
    return sorted(kept.values())


def _expanded(event: Any) -> list[dt.datetime]:
    start = event["DTSTART"].dt
    zone = start.tzinfo if isinstance(start, dt.datetime) else None
    local = start.replace(tzinfo=None) if zone else dt.datetime.combine(start, dt.time())
    text = event["RRULE"].to_ical().decode()
    until = event["RRULE"]["UNTIL"][0]
    in_utc = until.astimezone(zone).replace(tzinfo=None) if zone else dt.datetime.combine(until, dt.time())
    parts = [part for part in text.split(";") if not part.startswith("UNTIL=")]
    dates = rruleset()
    dates.rrule(rrulestr(";".join([*parts, f"UNTIL={in_utc:%Y%m%dT%H%M%S}"]), dtstart=local))
    excluded = event.get("EXDATE", [])
    for each in excluded if isinstance(excluded, list) else [excluded]:
        for one in each.dts:
            dates.exdate(one.dt.replace(tzinfo=None) if zone else dt.datetime.combine(one.dt, dt.time()))
    return [each.replace(tzinfo=zone) if zone else each for each in dates]


def _end(each: dt.datetime, start: dt.date, end: dt.date) -> dt.datetime:
    """The exact length of the first, as RFC 5545 3.3.10 has it for DTEND."""
    if not isinstance(start, dt.datetime) or not isinstance(end, dt.datetime):
        return each + (end - start)
    length = end.astimezone(dt.UTC) - start.astimezone(dt.UTC)
    return each.astimezone(dt.UTC) + length


def _date(event: Any, start: Any, end: Any) -> Date:
    return _seconds(start), _seconds(end), str(event["STATUS"]), str(event["SUMMARY"])


def _seconds(moment: Any) -> int:
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime.combine(moment, dt.time())
    return int((moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp())


def _plain(moment: dt.date) -> dt.datetime:
    if not isinstance(moment, dt.datetime):
        return dt.datetime.combine(moment, dt.time())
    return moment.replace(tzinfo=None)
