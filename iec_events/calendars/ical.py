"""iCalendar documents as octets (RFC 5545, 5546, 7986): one VEVENT, a whole calendar, an invitation.

`icalendar` folds, escapes and quotes; what it lets pass is refused or cleaned here. Every function gives
the same octets for the same values in every process, so that they can be stored and compared.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event
from icalendar.prop import vCalAddress, vCategory, vDate, vDatetime, vDuration, vText, vUri

from .clean import ascii_url, clean, clean_line
from .entry import PRODID, STATUS, UTC_NAMES, CalendarEvent, is_ambiguous
from .vtimezone import vtimezone, vtimezones

COLORS = {"crimson": "#DC143C"}  # RFC 7986 wants the CSS name, Apple the number
END_OF_CALENDAR = b"END:VCALENDAR\r\n"
FREE_TIME = {"cancelled", "postponed"}
Method = Literal["PUBLISH", "REQUEST", "CANCEL"]


class Text(vText):
    r"""TEXT (RFC 5545 3.3.11) that keeps a typed `\N`, which icalendar 7.3 turns into a line break."""

    __slots__ = ()

    def to_ical(self) -> bytes:
        r"""Return the text with `\`, `;` and `,` escaped once and line breaks as `\n`."""
        escaped = self.replace("\\", r"\\").replace(";", r"\;").replace(",", r"\,")
        return escaped.replace("\n", r"\n").encode("utf-8")


def vevent_bytes(event: CalendarEvent, *, attendee_email: str | None = None) -> bytes:
    """Return one VEVENT as folded octets with CRLF, ready to be joined into a calendar."""
    vevent = Event()
    _add_identity(vevent, event)
    _add_times(vevent, event)
    _add_words(vevent, event)
    _add_place(vevent, event)
    if event.organizer_email:
        vevent["ORGANIZER"] = _address(event.organizer_email, event.organizer_name)
    if attendee_email:
        vevent["ATTENDEE"] = _attendee(attendee_email)
    octets: bytes = vevent.to_ical()
    return octets


def calendar_bytes(  # noqa: PLR0913 - a calendar says all of this of itself
    *,
    zones: Iterable[bytes],
    vevents: Iterable[bytes],
    name: str = "",
    description: str = "",
    color: str = "",
    refresh: timedelta | None = None,
    locale: str = "en",
    method: Method | None = "PUBLISH",
    prodid: str = PRODID,
) -> bytes:
    """Return a whole VCALENDAR around VTIMEZONE and VEVENT octets that are already made.

    `color` is a name from COLORS; `refresh` is how often subscribers shall ask again. A calendar without
    any event still holds a VTIMEZONE, since it needs a component (RFC 5545 3.6).
    """
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", prodid)
    calendar.add("CALSCALE", "GREGORIAN")
    if method:
        calendar.add("METHOD", method)
    for text, standard, older in (
        (name, "NAME", "X-WR-CALNAME"),
        (description, "DESCRIPTION", "X-WR-CALDESC"),
    ):
        if text:
            calendar[standard] = Text(clean(text), params={"LANGUAGE": locale})
            calendar[older] = Text(clean(text))
    if color:
        calendar["COLOR"] = Text(color)
        calendar["X-APPLE-CALENDAR-COLOR"] = Text(COLORS[color])
    if refresh:
        calendar["REFRESH-INTERVAL"] = vDuration(refresh, params={"VALUE": "DURATION"})
        calendar["X-PUBLISHED-TTL"] = vDuration(refresh)
    head = calendar.to_ical().removesuffix(END_OF_CALENDAR)
    components = [*zones, *vevents] or [vtimezone("Etc/UTC", datetime(2000, 1, 1, tzinfo=UTC))]
    return b"".join([head, *components, END_OF_CALENDAR])


def invitation_bytes(event: CalendarEvent, *, attendee_email: str, method: Method = "REQUEST") -> bytes:
    """Return the calendar for one guest's mail (RFC 5546 3.2), or with PUBLISH for their own download.

    REQUEST says that they have accepted, as they did on our page. CANCEL takes the event out of their
    calendar; it needs a higher SEQUENCE than the guest was ever told. PUBLISH names no guest.

    Raises ValueError for a mail without an organizer, and for a REQUEST to a cancelled event.
    """
    if method == "PUBLISH":
        return _single(event, vevent_bytes(event), method)
    if not event.organizer_email:
        raise ValueError(f"METHOD:{method} needs an organizer.")
    if method == "REQUEST" and event.status == "cancelled":
        raise ValueError("A cancelled event is told with METHOD:CANCEL.")
    told = replace(event, status="cancelled") if method == "CANCEL" else event
    return _single(told, vevent_bytes(told, attendee_email=attendee_email), method)


def zones_of(spans: Iterable[tuple[str, datetime, datetime]]) -> list[bytes]:
    """Return the VTIMEZONEs that events need, given as (zone, start, end); UTC needs none."""
    return vtimezones(span for span in spans if span[0] not in UTC_NAMES)


def _add_identity(vevent: Event, event: CalendarEvent) -> None:
    vevent["UID"] = Text(event.uid)
    vevent.add("SEQUENCE", event.sequence)
    vevent["DTSTAMP"] = vDatetime(event.stamp.astimezone(UTC))
    vevent["LAST-MODIFIED"] = vDatetime(event.stamp.astimezone(UTC))
    vevent["CREATED"] = vDatetime(event.created.astimezone(UTC))
    vevent["STATUS"] = Text(STATUS[event.status])
    if event.private:
        vevent["CLASS"] = Text("PRIVATE")
    vevent["TRANSP"] = Text("TRANSPARENT" if event.status in FREE_TIME else "OPAQUE")


def _add_times(vevent: Event, event: CalendarEvent) -> None:
    _add_own_times(vevent, event)
    if event.rrule:
        first = event.starts_at.astimezone(ZoneInfo(event.time_zone)).replace(tzinfo=None)
        vevent["DTSTART"] = _by_rule(first, event)  # a rule counts on the clocks, also where they show a time twice
        vevent["RRULE"] = vUri(event.rrule)
        vevent["EXDATE"] = [_by_rule(wall, event) for wall in event.exdates]
    if event.recurrence_id is not None:
        vevent["RECURRENCE-ID"] = _by_rule(event.recurrence_id, event)


def _by_rule(wall: datetime, event: CalendarEvent) -> vUri:
    """One date of a series as its rule puts it, always in the form of the DTSTART of the rule (RFC 5545 3.8.4.4)."""
    if event.series_days:
        return vUri(f"{wall:%Y%m%d}", params={"VALUE": "DATE"})
    if event.series_zone in UTC_NAMES:
        return vUri(f"{wall:%Y%m%dT%H%M%SZ}")
    return vUri(f"{wall:%Y%m%dT%H%M%S}", params={"TZID": event.series_zone})


def _add_own_times(vevent: Event, event: CalendarEvent) -> None:
    if event.all_day:  # the last day does not count (RFC 5545 3.8.2.2)
        vevent["DTSTART"], vevent["DTEND"] = (vDate(day, params={"VALUE": "DATE"}) for day in event.days)
        return
    vevent["DTSTART"] = _wall_time(event.starts_at, event.time_zone)
    vevent["DTEND"] = _wall_time(event.ends_at, event.time_zone)


def _add_words(vevent: Event, event: CalendarEvent) -> None:
    language = {"LANGUAGE": event.locale}
    url = ascii_url(event.url)
    description = clean(event.description).strip()
    if url not in description:  # Google shows no URL property
        description = f"{description}\n\n{url}".strip()
    vevent["SUMMARY"] = Text(clean_line(event.title), params=language)
    vevent["DESCRIPTION"] = Text(description, params=language)
    vevent["URL"] = vUri(url)
    categories: list[str] = [Text(word) for word in map(clean_line, event.categories) if word]
    if categories:
        vevent["CATEGORIES"] = vCategory(categories)
    if event.image_url:
        vevent["IMAGE"] = vUri(ascii_url(event.image_url), params={"VALUE": "URI", "DISPLAY": "BADGE"})
    if event.conference_url:
        vevent["CONFERENCE"] = vUri(ascii_url(event.conference_url), params={"VALUE": "URI"})


def _add_place(vevent: Event, event: CalendarEvent) -> None:
    location = clean_line(event.location)
    if location:
        vevent["LOCATION"] = Text(location, params={"LANGUAGE": event.locale})
    if not event.geo or event.geo == (0, 0):  # a form that was left at nought, not a place in the sea
        return
    latitude, longitude = (f"{degrees:.6f}" for degrees in event.geo)
    vevent["GEO"] = vUri(f"{latitude};{longitude}")
    title = _parameter(event.venue_title or location)
    if title:
        params = {"VALUE": "URI", "X-APPLE-RADIUS": "100", "X-TITLE": title}
        vevent["X-APPLE-STRUCTURED-LOCATION"] = vUri(f"geo:{latitude},{longitude}", params=params)


def _address(email: str, name: str) -> vCalAddress:
    email = clean_line(email)
    if email.count("@") != 1 or " " in email:
        raise ValueError("An organizer or attendee has one e-mail address.")
    address = vCalAddress(f"mailto:{quote(email, safe='@!#$&*+/=?^_`{|}~.-')}")
    if _parameter(name):
        address.params["CN"] = _parameter(name)
    return address


def _attendee(email: str) -> vCalAddress:
    attendee = _address(email, "")
    attendee.params.update({"CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"})
    return attendee


def _parameter(text: str) -> str:
    """Clean a parameter's value; most programs show the escapes of RFC 6868 as they stand."""
    return clean_line(text).replace('"', "’").replace("^", "ˆ")


def _wall_time(moment: datetime, time_zone: str) -> vDatetime:
    """Return a moment on the clocks of its zone, or in UTC where those clocks show it twice."""
    if time_zone in UTC_NAMES or is_ambiguous(moment, time_zone):
        return vDatetime(moment.astimezone(UTC))
    return vDatetime(moment.astimezone(ZoneInfo(time_zone)))


def _single(event: CalendarEvent, vevent: bytes, method: Method) -> bytes:
    zones = zones_of(event.spans)
    return calendar_bytes(zones=zones, vevents=[vevent], locale=event.locale, method=method, prodid=event.prodid)
