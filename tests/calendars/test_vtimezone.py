"""Whatever a VTIMEZONE of ours says must be what zoneinfo says, at every hour it is made for."""

import datetime as dt
import subprocess
import sys
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from icalendar import Calendar

from iec_events.calendars.vtimezone import vtimezone, vtimezones

UTC = dt.UTC
HOUR = dt.timedelta(hours=1)
FEBRUARY_2024 = dt.datetime(2024, 2, 25, 2, tzinfo=UTC)

ZONES = (
    "Africa/Cairo",  # last Thursday, 24:00: no RRULE can say it
    "Africa/Casablanca",  # an hour back in Ramadan
    "America/Bogota",
    "America/Los_Angeles",
    "America/Mexico_City",  # no summer time since 2022
    "America/Nuuk",  # Saturday 24:00 minus something; changed its standard time in 2023
    "America/Santiago",
    "America/Sao_Paulo",  # none since 2019
    "America/St_Johns",
    "America/Vancouver",
    "Asia/Gaza",
    "Asia/Jerusalem",
    "Asia/Kathmandu",
    "Asia/Tehran",  # none since 2022
    "Australia/Lord_Howe",  # half an hour
    "Europe/Berlin",
    "Europe/Dublin",  # winter is the exception in tzdata
    "Europe/Istanbul",  # summer for good since 2016
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Auckland",
)
PERIODS = ((2005, 2007), (2016, 2019), (2022, 2022), (2024, 2026))  # America changed its rule in 2007


class Reading:
    """A VTIMEZONE, read as RFC 5545 3.6.5 says, by code that shares nothing with the builder."""

    def __init__(self, octets: bytes, last_year: int) -> None:
        document = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\n" + octets + b"END:VCALENDAR\r\n"
        (zone,) = Calendar.from_ical(document).walk("VTIMEZONE")
        onsets = [onset for part in zone.subcomponents for onset in self._onsets(part, last_year)]
        self.onsets = sorted(onsets)

    @staticmethod
    def _onsets(part: Any, last_year: int) -> list[tuple[dt.datetime, dt.timedelta]]:
        start, before, after = part["DTSTART"].dt, part["TZOFFSETFROM"].td, part["TZOFFSETTO"].td
        local = [start]
        if "RRULE" in part:
            (month,), (byday,) = part["RRULE"]["BYMONTH"], part["RRULE"]["BYDAY"]
            week, day = int(byday[:-2]), ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].index(byday[-2:])
            local = [_nth(start, year, int(month), week, day) for year in range(start.year, last_year + 1)]
            assert local[0] == start, "DTSTART must be an instance of its rule"
        return [((moment - before).replace(tzinfo=UTC), after) for moment in local]

    def offset(self, moment: dt.datetime) -> dt.timedelta:
        return [after for onset, after in self.onsets if onset <= moment][-1]


def _nth(start: dt.datetime, year: int, month: int, week: int, day: int) -> dt.datetime:
    days = [dt.date(year, month, 1) + dt.timedelta(days=n) for n in range(31)]
    days = [date for date in days if date.month == month and date.weekday() == day]
    return dt.datetime.combine(days[week - 1 if week > 0 else week], start.time())


@pytest.mark.parametrize("years", PERIODS)
@pytest.mark.parametrize("key", ZONES)
def test_it_is_right_at_every_hour(key: str, years: tuple[int, int]) -> None:
    first, last = dt.datetime(years[0], 1, 1, tzinfo=UTC), dt.datetime(years[1], 12, 31, 23, tzinfo=UTC)
    reading = Reading(vtimezone(key, first, last), years[1] + 1)
    zone = ZoneInfo(key)
    onsets = iter([*reading.onsets[1:], (last + HOUR, dt.timedelta())])
    told, (change, following) = reading.onsets[0][1], next(onsets)
    assert reading.onsets[0][0] < first
    moment = first
    while moment <= last:
        while change <= moment:
            told, (change, following) = following, next(onsets)
        assert moment.astimezone(zone).utcoffset() == told, moment
        moment += HOUR


@pytest.mark.parametrize("key", ZONES)
def test_every_moment_it_is_made_for_comes_after_an_onset(key: str) -> None:
    for year in range(2015, 2030):
        new_year = dt.datetime(year, 1, 1, tzinfo=ZoneInfo(key))
        reading = Reading(vtimezone(key, new_year), year + 1)
        assert reading.offset(new_year) == new_year.utcoffset()


def test_a_yearly_rule_is_written_in_the_old_offset() -> None:
    assert vtimezone("America/Los_Angeles", FEBRUARY_2024).decode() == _lines(
        """
        BEGIN:VTIMEZONE
        TZID:America/Los_Angeles
        BEGIN:DAYLIGHT
        DTSTART:20230312T020000
        RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
        TZOFFSETFROM:-0800
        TZOFFSETTO:-0700
        TZNAME:PDT
        END:DAYLIGHT
        BEGIN:STANDARD
        DTSTART:20231105T020000
        RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
        TZOFFSETFROM:-0700
        TZOFFSETTO:-0800
        TZNAME:PST
        END:STANDARD
        END:VTIMEZONE
        """
    )


def test_zones_are_as_fresh_as_the_locked_tzdata_not_as_the_machine() -> None:
    december = dt.datetime(2026, 12, 1, 12, tzinfo=ZoneInfo("America/Vancouver"))
    assert december.utcoffset() == -7 * HOUR  # summer time for good since 2026
    assert b"RRULE" not in vtimezone("America/Vancouver", december)


def test_a_zone_without_summer_time_has_one_standard_and_no_rule() -> None:
    assert vtimezone("Asia/Tehran", FEBRUARY_2024).decode() == _lines(
        """
        BEGIN:VTIMEZONE
        TZID:Asia/Tehran
        BEGIN:STANDARD
        DTSTART:20230101T000000
        TZOFFSETFROM:+0330
        TZOFFSETTO:+0330
        TZNAME:+0330
        END:STANDARD
        END:VTIMEZONE
        """
    )


def test_years_that_the_rule_of_today_does_not_tell_are_written_out() -> None:
    octets = vtimezone("America/Mexico_City", dt.datetime(2022, 8, 1, tzinfo=UTC)).decode()
    assert "RRULE" not in octets
    assert octets.count("BEGIN:DAYLIGHT") == octets.count("BEGIN:STANDARD") == 2
    assert "BEGIN:DAYLIGHT\r\nDTSTART:20220403T020000\r\nTZOFFSETFROM:-0600\r\nTZOFFSETTO:-0500\r\n" in octets


def test_daylight_is_the_larger_offset_even_where_winter_is_the_exception() -> None:
    octets = vtimezone(ZoneInfo("Europe/Dublin"), FEBRUARY_2024).decode()
    assert "BEGIN:DAYLIGHT\r\nDTSTART:20230326T010000\r\n" in octets
    assert "TZOFFSETFROM:+0000\r\nTZOFFSETTO:+0100\r\nTZNAME:IST\r\nEND:DAYLIGHT" in octets


def test_nothing_is_written_that_some_program_reads_wrong() -> None:
    for key in ZONES:
        octets = vtimezone(key, dt.datetime(2016, 1, 1, tzinfo=UTC), dt.datetime(2027, 1, 1, tzinfo=UTC))
        assert b"RDATE" not in octets
        assert octets.count(b"BEGIN:STANDARD") >= 1
        assert all(len(line) <= 75 for line in octets.split(b"\r\n"))


def test_zones_are_sorted_and_reach_over_all_their_events() -> None:
    zones = vtimezones(
        [
            ("Europe/Berlin", FEBRUARY_2024, FEBRUARY_2024 + HOUR),
            ("America/Bogota", FEBRUARY_2024, FEBRUARY_2024 + HOUR),
            ("Europe/Berlin", FEBRUARY_2024.replace(year=2020), FEBRUARY_2024.replace(year=2020) + HOUR),
        ]
    )
    assert [zone.split(b"\r\n")[1] for zone in zones] == [b"TZID:America/Bogota", b"TZID:Europe/Berlin"]
    assert b"DTSTART:20190331T020000" in zones[1]


@pytest.mark.parametrize("seed", ["0", "1"])
def test_octets_are_the_same_in_every_process(seed: str) -> None:
    code = (
        "import datetime as dt, sys; from iec_events.calendars.vtimezone import vtimezone;"
        "sys.stdout.buffer.write(vtimezone('Europe/Berlin', dt.datetime(2024, 2, 25, tzinfo=dt.UTC)))"
    )
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True)
    assert done.stdout == vtimezone("Europe/Berlin", FEBRUARY_2024)


@pytest.mark.parametrize("key", ["Nowhere/Land", "../etc/passwd", ""])
def test_an_unknown_zone_is_refused(key: str) -> None:
    with pytest.raises((ZoneInfoNotFoundError, ValueError)):
        vtimezone(key, FEBRUARY_2024)


def _lines(text: str) -> str:
    return "".join(line.strip() + "\r\n" for line in text.strip().splitlines())
