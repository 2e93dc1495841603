"""What one entry of a calendar says, checked: facts in plain values, which `ical` writes down as octets."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from .clean import clean_line

PRODID = "-//IEC Events//IEC Events//EN"
MAX_SEQUENCE = 2**31 - 1
UTC_NAMES = {"UTC", "Etc/UTC", "Etc/UCT", "Etc/Zulu", "Etc/Universal", "UCT", "Zulu", "Universal"}

Status = Literal["confirmed", "tentative", "cancelled", "postponed"]

STATUS = {
    "confirmed": "CONFIRMED",
    "tentative": "TENTATIVE",
    "cancelled": "CANCELLED",
    "postponed": "TENTATIVE",  # iCalendar has no word for an event that waits for its new date
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEvent:
    """What one VEVENT says, in one language.

    Moments are aware and mean UTC; `time_zone` is the IANA name of the zone whose clocks the guests see.
    `stamp` is the time of the last change, never the present (DTSTAMP and LAST-MODIFIED). `title` and
    `description` are plain text as people shall read it: what is cancelled says so in its title.
    `private` asks programs that share a calendar to keep it back (CLASS, RFC 5545 3.8.1.3).
    An event that lasts `all_day` has no hours: its days are those on the clocks of its zone (RFC 5545 3.6.1).
    `prodid` names the program that made its calendar (RFC 5545 3.7.3), which quiet ones don't tell.
    A series has an `rrule`, and `exdates` on which there is nothing after all; one date of it that is told by itself a
    `recurrence_id`: when the rule put it. Both are what the clocks of `series_zone` show, or days with `series_days`.
    `location` is one line, `venue_title` its first part; `geo` is (latitude, longitude) in degrees.

    Raises ValueError for what no calendar could hold: naive or impossible times, an end before the start,
    an unknown status or zone, a negative sequence, coordinates off the globe.
    """

    uid: str
    sequence: int
    stamp: datetime
    created: datetime
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    status: Status
    title: str
    description: str
    url: str
    locale: str
    location: str = ""
    venue_title: str = ""
    geo: tuple[float, float] | None = None
    image_url: str | None = None
    conference_url: str | None = None
    categories: tuple[str, ...] = ()
    organizer_name: str = ""
    organizer_email: str | None = None
    private: bool = False
    prodid: str = PRODID
    all_day: bool = False
    rrule: str = ""
    exdates: tuple[datetime, ...] = ()
    recurrence_id: datetime | None = None
    series_zone: str = ""
    series_days: bool = False

    @property
    def spans(self) -> list[tuple[str, datetime, datetime]]:
        """The zones that it speaks of, each with the time for which it must be known."""
        own = [] if self.all_day else [(self.time_zone, self.starts_at, self.ends_at)]
        if not self.series_zone or self.series_days:
            return own
        named = [*self.exdates, *([self.recurrence_id] if self.recurrence_id else [])]
        there = [wall.replace(tzinfo=ZoneInfo(self.series_zone)) for wall in named]
        return [*own, *((self.series_zone, moment, moment) for moment in there)]

    @property
    def days(self) -> tuple[date, date]:
        """The first day at its place, and the one on which it is over."""
        zone = ZoneInfo(self.time_zone)
        return self.starts_at.astimezone(zone).date(), self.ends_at.astimezone(zone).date()

    def __post_init__(self) -> None:
        for moment in (self.stamp, self.created, self.starts_at, self.ends_at):
            _refuse_impossible(moment)
        if self.ends_at <= self.starts_at:
            raise ValueError("An event ends after it starts.")
        if self.status not in STATUS:
            raise ValueError(f"{self.status} is no status.")
        if not 0 <= self.sequence <= MAX_SEQUENCE:
            raise ValueError(f"{self.sequence} is no SEQUENCE.")
        if not self.uid or clean_line(self.uid) != self.uid:
            raise ValueError("A UID is one line of plain text.")
        if self.geo and not (abs(self.geo[0]) <= 90 and abs(self.geo[1]) <= 180):  # noqa: PLR2004
            raise ValueError(f"{self.geo} is not on the globe.")
        if self.days[0] == self.days[1] and self.all_day:
            raise ValueError("An event without hours lasts a day at least.")


def is_ambiguous(moment: datetime, time_zone: str) -> bool:
    """Tell whether the clocks of a zone show a moment's time twice, as when summer time ends."""
    local = moment.astimezone(ZoneInfo(time_zone))
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _refuse_impossible(moment: datetime) -> None:
    if moment.utcoffset() is None:
        raise ValueError("A moment without a zone is none.")
    there_and_back = moment.astimezone(UTC).astimezone(moment.tzinfo)
    if there_and_back.replace(tzinfo=None, fold=0) != moment.replace(tzinfo=None, fold=0):
        raise ValueError("Clocks skipped this moment.")
