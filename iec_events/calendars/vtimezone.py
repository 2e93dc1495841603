"""VTIMEZONE components that every calendar reads alike (RFC 5545 3.6.5).

Offsets come from `zoneinfo`; only the shape of the yearly rule comes from the POSIX footer (RFC 8536 3.3)
of the zone's file in `tzdata`. Where the rule does not tell the truth about the years asked for, every
onset is written out as an observance of its own. RDATE lists are never written: several programs read them
an hour wrong. docs/decisions/0006-own-vtimezone.md tells why this is not left to a library.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
STRIDE = timedelta(days=6)  # no zone changed its clocks twice within six days since 1970
WEEKDAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
LAST_WEEK = 5
DEFAULT_HOUR = "2"  # a rule that names no time means 02:00
FOOTER_RULE = re.compile(r",M(\d+)\.(\d)\.(\d)(?:/([+-]?\d+)(?::(\d+))?(?::(\d+))?)?")


@dataclass(frozen=True, slots=True)
class Onset:
    """A moment at which a zone's clocks are changed; `at` is the time on the clocks before the change."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str


@dataclass(frozen=True, slots=True)
class YearlyRule:
    """The nth weekday of a month, as in `M3.2.0/2`; week 5 means the last, weekday 0 is Sunday."""

    month: int
    week: int
    weekday: int
    time: timedelta

    def on(self, year: int) -> datetime:
        """Return the rule's moment in a year, as a time on the clocks before the change."""
        first = date(year, self.month, 1)
        day = 1 + (self.weekday - first.isoweekday()) % 7 + 7 * (self.week - 1)
        if self.week == LAST_WEEK and day > _days_in(year, self.month):
            day -= 7
        return datetime(year, self.month, day) + self.time  # noqa: DTZ001  (a time on the wall, before any zone)

    def rrule(self) -> str:
        """Return the rule as an RRULE line with one BYDAY, the only form that every importer knows."""
        week = -1 if self.week == LAST_WEEK else self.week
        return f"RRULE:FREQ=YEARLY;BYMONTH={self.month};BYDAY={week}{WEEKDAYS[self.weekday]}"


def vtimezones(spans: Iterable[tuple[str, datetime, datetime]]) -> list[bytes]:
    """Return one VTIMEZONE for each zone named in `spans` (zone, start, end), sorted by name."""
    reach: dict[str, tuple[datetime, datetime]] = {}
    for zone, start, end in spans:
        first, last = reach.get(zone, (start, end))
        reach[zone] = (min(first, start), max(last, end))
    return [vtimezone(zone, *reach[zone]) for zone in sorted(reach)]


def vtimezone(zone: ZoneInfo | str, first: datetime, last: datetime | None = None) -> bytes:
    """Return the VTIMEZONE that is right for every moment from `first` to `last` (both aware).

    Raises ValueError for a zone without a name or with one that is unknown.
    """
    key = zone if isinstance(zone, str) else zone.key
    if not key:
        raise ValueError("A VTIMEZONE needs a named zone.")
    first_year = (first.astimezone(UTC) - DAY).year
    last_year = ((last or first).astimezone(UTC) + DAY).year
    return _vtimezone(key, first_year, last_year)


@lru_cache(maxsize=512)
def _vtimezone(key: str, first_year: int, last_year: int) -> bytes:
    zone = ZoneInfo(key)
    years = range(first_year - 1, last_year + 2)
    onsets = list(_onsets(zone, years))
    rules = _yearly_rules(key)
    if onsets and _rules_hold(rules, onsets, years):
        observances = _by_rule(rules, onsets)
    else:
        observances = _one_by_one(zone, onsets, first_year, last_year)
    lines = ["BEGIN:VTIMEZONE", f"TZID:{key}", *observances, "END:VTIMEZONE", ""]
    return "\r\n".join(lines).encode("ascii")


def _onsets(zone: ZoneInfo, years: range) -> Iterator[Onset]:
    """Ask zoneinfo in strides where the offset changes, then narrow each change down to its second."""
    moment, end = datetime(years[0], 1, 1, tzinfo=UTC), datetime(years[-1] + 1, 1, 1, tzinfo=UTC)
    before = _offset(zone, moment)
    while moment < end:
        after = _offset(zone, moment + STRIDE)
        if after != before:
            onset = _first_second(zone, moment, moment + STRIDE)
            name = onset.astimezone(zone).tzname() or ""
            yield Onset((onset + before).replace(tzinfo=None), before, after, name)
        moment, before = moment + STRIDE, after


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    if offset is None:  # pragma: no cover  (zoneinfo always knows)
        raise ValueError(f"{zone.key} has no offset.")
    return offset


def _first_second(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """Return the first second between `low` and `high` at which the offset is the one of `high`."""
    after = _offset(zone, high)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // timedelta(seconds=2) * timedelta(seconds=1)
        if _offset(zone, middle) == after:
            high = middle
        else:
            low = middle
    return high


def _yearly_rules(key: str) -> tuple[YearlyRule, ...]:
    """Return the two rules of a zone's footer, or none where an RRULE of one BYDAY cannot say them."""
    rules = []
    for found in FOOTER_RULE.finditer(_footer(key)):
        month, week, weekday = (int(part) for part in found.group(1, 2, 3))
        hours, minutes, seconds = (int(part or 0) for part in (found[4] or DEFAULT_HOUR, found[5], found[6]))
        time = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        rules.append(YearlyRule(month, week, weekday, time))
    if any(not timedelta(0) <= rule.time < DAY for rule in rules):
        return ()
    return tuple(rules)


def _footer(key: str) -> str:
    try:
        content = files("tzdata").joinpath("zoneinfo", *key.split("/")).read_bytes()
    except OSError:
        return ""
    return content.rstrip(b"\n").rpartition(b"\n")[2].decode("ascii", "replace")


def _rules_hold(rules: tuple[YearlyRule, ...], onsets: list[Onset], years: range) -> bool:
    expected = sorted(rule.on(year) for year in years for rule in rules)
    return expected == [onset.at for onset in onsets] and len({onset.after for onset in onsets}) == len(rules)


def _by_rule(rules: tuple[YearlyRule, ...], onsets: list[Onset]) -> Iterator[str]:
    summer = max(onset.after for onset in onsets)
    for onset in sorted(onsets[:2], key=lambda onset: onset.after, reverse=True):
        rule = next(rule for rule in rules if rule.on(onset.at.year) == onset.at)
        yield from _observance("DAYLIGHT" if onset.after == summer else "STANDARD", onset, rule.rrule())


def _one_by_one(zone: ZoneInfo, onsets: list[Onset], first_year: int, last_year: int) -> Iterator[str]:
    """Yield an observance for each onset up to the end of the last year, and one that precedes them all."""
    if not any(onset.at.year < first_year for onset in onsets):
        yield from _observance("STANDARD", _standing(zone, first_year - 1))
    for onset, following in zip(onsets, [*onsets[1:], None], strict=False):
        if onset.at.year <= last_year:
            yield from _observance("DAYLIGHT" if _is_summer(onset, following) else "STANDARD", onset)


def _standing(zone: ZoneInfo, year: int) -> Onset:
    start = datetime(year, 1, 1, tzinfo=UTC)
    offset = _offset(zone, start)
    return Onset(start.replace(tzinfo=None), offset, offset, start.astimezone(zone).tzname() or "")


def _is_summer(onset: Onset, following: Onset | None) -> bool:
    """Tell whether clocks go forward now and back within a year: tzdata's own mark is reversed for Dublin."""
    if onset.after <= onset.before or following is None:
        return False
    return following.after < following.before and following.at - onset.at < 366 * DAY


def _observance(kind: str, onset: Onset, *rrule: str) -> Iterator[str]:
    yield f"BEGIN:{kind}"
    yield f"DTSTART:{onset.at:%Y%m%dT%H%M%S}"
    yield from rrule
    yield f"TZOFFSETFROM:{_signed(onset.before)}"
    yield f"TZOFFSETTO:{_signed(onset.after)}"
    yield f"TZNAME:{onset.name}"
    yield f"END:{kind}"


def _signed(offset: timedelta) -> str:
    seconds = int(offset.total_seconds())
    minutes, rest = divmod(abs(seconds), 60)
    odd_seconds = f"{rest:02}" if rest else ""
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02}{minutes % 60:02}{odd_seconds}"


def _days_in(year: int, month: int) -> int:
    return (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days
