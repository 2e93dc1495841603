"""When an event is, told as people of each language tell it: the place's own time first, then Tehran's.

Moments come in as aware UTC; zones are IANA names. Jalali dates stand beside Gregorian ones in Farsi.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, get_timezone_location

from ..core.i18n import _, format_number, jalali_text
from .models import Event, city_of

TEHRAN = ZoneInfo("Asia/Tehran")
FULL_DATE = {"en": "EEEE d MMMM y", "fa": "EEEE d MMMM y", "es": "EEEE d 'de' MMMM 'de' y"}
DAY_MONTH = {"en": "EEEE d MMMM", "fa": "EEEE d LLLL", "es": "EEEE d 'de' MMMM"}
NOON = 12
INSTANT = dt.timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """The texts of a date and time, ready to be shown in one language.

    `time_text` stands behind the date: hours, or that it lasts all day, or until which day. `tehran_text` is empty
    where clocks there show the same days.
    """

    weekday: str
    day: str
    month: str
    year: str
    date_text: str
    time_text: str
    zone_label: str
    iso_start: str
    jalali_text: str | None
    tehran_text: str

    @property
    def both_text(self) -> str:
        """The date; in Farsi with the Jalali day behind it."""
        return f"{self.date_text} ({self.jalali_text})" if self.jalali_text else self.date_text


def occasion(event: Event, locale: str) -> Occasion:
    """When the event is, in the language being spoken (`locale` must be it)."""
    zone = ZoneInfo(event.time_zone)
    start, end = event.starts_at.astimezone(zone), event.ends_at.astimezone(zone)
    if event.all_day:
        return _days(event, locale)
    date = start.date()
    return Occasion(
        weekday=_part(date, "EEEE", locale),
        day=format_number(start.day, locale),
        month=_part(date, "LLLL", locale),
        year=format_number(start.year, locale),
        date_text=date_text(date, locale),
        time_text=time_span(start, end, locale),
        zone_label=zone_label(city_of(event, locale), event.time_zone, locale),
        iso_start=start.isoformat(),
        jalali_text=jalali_text(date) if locale == "fa" else None,
        tehran_text=tehran_text(event.starts_at, locale),
    )


def _days(event: Event, locale: str) -> Occasion:
    """An event without hours: its days, which are those of the place."""
    first, last = days_of(event.starts_at, event.ends_at, event.time_zone)
    several = first != last
    jalali = jalali_text(first)
    return Occasion(
        weekday=_part(first, "EEEE", locale),
        day=format_number(first.day, locale),
        month=_part(first, "LLLL", locale),
        year=format_number(first.year, locale),
        date_text=date_text(first, locale),
        time_text=_("until %(day)s", day=_last_day(first, last, locale)) if several else _("all day"),
        zone_label=zone_label(city_of(event, locale), event.time_zone, locale),
        iso_start=first.isoformat(),
        jalali_text=(f"{jalali} تا {jalali_text(last)}" if several else jalali) if locale == "fa" else None,
        tehran_text=tehran_days(event.starts_at, event.ends_at, locale),
    )


def _last_day(first: dt.date, last: dt.date, locale: str) -> str:
    same_year = first.year == last.year
    return _part(last, DAY_MONTH[locale], locale) if same_year else date_text(last, locale)


def days_of(starts_at: dt.datetime, ends_at: dt.datetime, time_zone: str) -> tuple[dt.date, dt.date]:
    """The first and the last day at the place of which the event has a moment; it is over at `ends_at`."""
    zone = ZoneInfo(time_zone)
    return starts_at.astimezone(zone).date(), (ends_at.astimezone(dt.UTC) - INSTANT).astimezone(zone).date()


def date_text(date: dt.date, locale: str) -> str:
    """`Saturday 24 February 2024`, as written in this language; Gregorian."""
    return _part(date, FULL_DATE[locale], locale)


def day_month(date: dt.date, locale: str) -> str:
    """`Saturday 24 February`; in Farsi the Jalali day as well."""
    text = _part(date, DAY_MONTH[locale], locale)
    return f"{text} ({jalali_text(date)})" if locale == "fa" else text


def clock_text(moment: dt.datetime, locale: str) -> str:
    """`6 pm`, `6:30 pm`; `۱۸:۳۰` and `18:30` in Farsi and Spanish."""
    if locale != "en":
        return format_number(f"{moment:%H:%M}", locale)
    minutes = f":{moment:%M}" if moment.minute else ""
    return f"{moment.hour % NOON or NOON}{minutes} {'pm' if moment.hour >= NOON else 'am'}"


def time_span(start: dt.datetime, end: dt.datetime, locale: str) -> str:
    """`6-9 pm`, `10 pm - Sunday 2 am`: local times from start to end, with an en dash."""
    first, last = clock_text(start, locale), clock_text(end, locale)
    if start.date() != end.date() and end - start > dt.timedelta(hours=NOON):
        last = f"{_part(end.date(), DAY_MONTH[locale], locale)} {last}"
    if locale == "fa":
        return f"{first} تا {last}"
    if locale == "en" and first[-2:] == last[-2:] and start.date() == end.date():
        first = first[:-3]
    return f"{first}–{last}" if " " not in first and last.count(" ") <= 1 else f"{first} – {last}"


def tehran_text(moment: dt.datetime, locale: str) -> str:
    """The same moment on Tehran's clocks, with its day there; the Jalali day in Farsi."""
    day, time = _in_tehran(moment, locale)
    return _("%(day)s, %(time)s in Tehran", day=day, time=time)


def tehran_days(starts_at: dt.datetime, ends_at: dt.datetime, locale: str) -> str:
    """From when to when the days of an event without hours last on Tehran's clocks; empty where days begin as there."""
    if starts_at.astimezone(TEHRAN).time() == ends_at.astimezone(TEHRAN).time() == dt.time():
        return ""
    first, last = (
        _("%(day)s, %(time)s", day=day, time=time)
        for day, time in (_in_tehran(starts_at, locale), _in_tehran(ends_at, locale))
    )
    return _("%(first)s to %(last)s in Tehran", first=first, last=last)


def _in_tehran(moment: dt.datetime, locale: str) -> tuple[str, str]:
    there = moment.astimezone(TEHRAN)
    if locale == "fa":
        day = f"{_part(there.date(), 'EEEE', locale)} {jalali_text(there.date())}"
    else:
        day = _part(there.date(), DAY_MONTH[locale], locale)
    return day, format_number(f"{there:%H:%M}", locale)


def zone_label(city: str, time_zone: str, locale: str) -> str:
    """`Berkeley time`: whose clocks these are; the zone's own city when the event has none."""
    if time_zone == "UTC":
        return _("UTC")
    return _("%(city)s time", city=city or _zone_city(time_zone, locale))


def local_text(moment: dt.datetime, time_zone: str, locale: str) -> str:
    """A moment as day and time of the place: for openings, closings and deadlines."""
    local = moment.astimezone(ZoneInfo(time_zone))
    return _("%(day)s, %(time)s", day=day_month(local.date(), locale), time=clock_text(local, locale))


def moment_text(moment: dt.datetime, event: Event, locale: str) -> str:
    """A moment as day and time of the event's place, with whose clocks these are: who reads it may be anywhere."""
    zone = zone_label(city_of(event, locale), event.time_zone, locale)
    return _("%(moment)s (%(zone)s)", moment=local_text(moment, event.time_zone, locale), zone=zone)


@cache
def _zone_city(time_zone: str, locale: str) -> str:
    return get_timezone_location(ZoneInfo(time_zone), locale=locale, return_city=True)


def _part(date: dt.date, pattern: str, locale: str) -> str:
    return format_number(format_date(date, pattern, locale=locale), locale)
