"""What an organizer may choose of a campaign or an event, typed and checked, before it becomes a row."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from ..core.i18n import LOCALES, _l
from .models import (
    LONGEST_HOLD_H,
    LONGEST_KEPT,
    LONGEST_OFFER_H,
    REMINDERS,
    USUAL_REMINDERS,
    Event,
    ProgrammeItem,
    Texts,
)

EVENT_TEXTS = {
    "title": 120,
    "city_name": 100,
    "summary": 400,
    "description": 20_000,
    "accessibility": 2_000,
    "gate_note": 1_000,
    "image_alt": 400,
}
CAMPAIGN_TEXTS = {"title": 120, "summary": 400, "description": 20_000}
LONGEST = 31  # days
MOST_ITEMS = 20
LONGEST_ITEM = 200
LARGEST_PARTY = 50
MOST_SEATS = 100_000
USUAL_HOURS = 24
NORTHMOST, EASTMOST = 90, 180
CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")
MINUTE = dt.timedelta(minutes=1)
Objection = tuple[str, object]


@dataclass(frozen=True, kw_only=True)
class CampaignDraft:
    """`texts`: language -> the keys of `CAMPAIGN_TEXTS`."""

    texts: Texts
    published: bool = False


@dataclass(frozen=True, kw_only=True)
class EventDraft:
    """`texts`: language -> the keys of `EVENT_TEXTS`. Moments are aware, in any zone; `time_zone` is the place's.

    With `needs_approval` the place is hidden, whatever was chosen: nobody is told it before somebody said yes.
    """

    texts: Texts
    time_zone: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    doors_at: dt.datetime | None = None
    all_day: bool = False
    programme: list[ProgrammeItem] = field(default_factory=list)
    venue: str = ""
    street: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None
    online_url: str = ""
    image_name: str | None = None
    contact: str = ""
    donation_url: str = ""
    capacity: int | None = None
    largest_party: int = 6
    rsvp_opens_at: dt.datetime | None = None
    rsvp_closes_at: dt.datetime | None = None
    keep_days: int = LONGEST_KEPT
    confirms_address: bool = False
    hold_hours: int = USUAL_HOURS
    offer_hours: int | None = None
    needs_approval: bool = False
    address_hidden: bool = False
    listed: bool = True
    asks_companions: bool = False
    asks_children: bool = False
    puzzle: bool = False
    reminders: list[int] = field(default_factory=lambda: [*USUAL_REMINDERS])
    thanks: bool = False

    def __post_init__(self) -> None:
        """Hide the place where somebody has to say yes first."""
        object.__setattr__(self, "address_hidden", self.address_hidden or self.needs_approval)


def draft_of(event: Event) -> EventDraft:
    """What the organizers chose of an event that exists."""
    return EventDraft(**{each.name: getattr(event, each.name) for each in fields(EventDraft)})


def columns_of(draft: EventDraft) -> dict[str, Any]:
    """Column -> value, with moments in UTC: only there can a repeated hour be compared."""
    chosen = {each.name: getattr(draft, each.name) for each in fields(draft)}
    chosen["texts"] = filled(draft.texts)
    chosen["reminders"] = [hours for hours in REMINDERS if hours in draft.reminders]
    return {name: _utc(value) if isinstance(value, dt.datetime) else value for name, value in chosen.items()}


def filled(texts: Texts) -> Texts:
    """Texts without the empty ones."""
    kept = {code: {key: text for key, text in said.items() if text} for code, said in texts.items()}
    return {code: said for code, said in kept.items() if said}


def moments_of(zone: str, local: dt.datetime) -> tuple[dt.datetime, ...]:
    """The moments at which the clocks of `zone` show this naive time: none in a spring gap, two in a repeated hour."""
    there = ZoneInfo(zone)
    found: dict[dt.datetime, dt.datetime] = {}
    for fold in (0, 1):
        moment = local.replace(tzinfo=there, fold=fold)
        if _utc(moment).astimezone(there).replace(tzinfo=None, fold=0) == local.replace(fold=0):
            found.setdefault(_utc(moment), moment)
    return tuple(found[moment] for moment in sorted(found))


def gap_around(zone: str, local: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """For a naive time that does not exist in `zone`: from when to when its clocks jump."""
    before = after = local.replace(second=0, microsecond=0)
    while not moments_of(zone, before - MINUTE):
        before -= MINUTE
    while not moments_of(zone, after):
        after += MINUTE
    return before, after


def day_begins(zone: str, day: dt.date) -> dt.datetime:
    """The first moment of a day in `zone`: where clocks jump at midnight, later; where it comes twice, the first."""
    midnight = dt.datetime.combine(day, dt.time())
    readings = moments_of(zone, midnight)
    return readings[0] if readings else gap_around(zone, midnight)[1].replace(tzinfo=ZoneInfo(zone))


def offset_name(moment: dt.datetime) -> str:
    """How far the clocks there are from UTC at this moment: `UTC-7`, `UTC+3:30`, `UTC`."""
    minutes = round((moment.utcoffset() or dt.timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    if not minutes:
        return "UTC"
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


def is_time_zone(name: str) -> bool:
    """Whether `name` is an IANA zone we know."""
    return name in available_timezones()


def objections(draft: EventDraft) -> list[Objection]:
    """What speaks against a draft: (name of the field, lazily translated sentence); empty when all is well."""
    return [
        *_about_times(draft),
        *_about_place(draft),
        *_about_texts(draft.texts),
        *_about_seats(draft),
        *_about_signing_up(draft),
        *_about_programme(draft),
    ]


def _about_times(draft: EventDraft) -> list[Objection]:
    found: list[Objection] = []
    starts, ends = _utc(draft.starts_at), _utc(draft.ends_at)
    if not is_time_zone(draft.time_zone):
        found.append(("time_zone", _l("Please choose a time zone from the list, such as America/Bogota.")))
    if draft.all_day:
        return found + _about_days(draft)
    if ends <= starts:
        found.append(("ends_at", _l("The end must come after the start.")))
    elif ends - starts > dt.timedelta(days=LONGEST):
        found.append(("ends_at", _l("An event can last 31 days at most. Please check the dates.")))
    if draft.doors_at and _utc(draft.doors_at) > starts:
        found.append(("doors_at", _l("Doors must open before the start, or at the same time.")))
    return found + _about_opening(draft)


def _about_days(draft: EventDraft) -> list[Objection]:
    """An event without hours goes from the first moment of a day to the first moment after another."""
    found: list[Objection] = []
    zone = ZoneInfo(draft.time_zone) if is_time_zone(draft.time_zone) else dt.UTC
    first, after = draft.starts_at.astimezone(zone).date(), draft.ends_at.astimezone(zone).date()
    if after <= first:
        found.append(("ends_at", _l("The last day can’t come before the first.")))
    elif after - first > dt.timedelta(days=LONGEST):
        found.append(("ends_at", _l("An event can last 31 days at most. Please check the dates.")))
    if draft.doors_at:
        found.append(("doors_at", _l("An event that lasts all day has no time for its doors. Leave it empty.")))
    for name, day in (("starts_at", first), ("ends_at", after)):
        if is_time_zone(draft.time_zone) and _utc(getattr(draft, name)) != _utc(day_begins(draft.time_zone, day)):
            found.append((name, _l("An event that lasts all day begins and ends at midnight there.")))
    return found + _about_opening(draft)


def _about_opening(draft: EventDraft) -> list[Objection]:
    found: list[Objection] = []
    ends = _utc(draft.ends_at)
    if draft.rsvp_closes_at and _utc(draft.rsvp_closes_at) > ends:
        found.append(("rsvp_closes_at", _l("RSVPs must close before the event ends.")))
    if draft.rsvp_opens_at and _utc(draft.rsvp_opens_at) >= _utc(draft.rsvp_closes_at or ends):
        found.append(("rsvp_opens_at", _l("RSVPs must open before they close.")))
    return found


def _about_place(draft: EventDraft) -> list[Objection]:
    found: list[Objection] = []
    if draft.country and not re.fullmatch("[A-Z]{2}", draft.country):
        found.append(("country", _l("Please choose a country from the list.")))
    if (draft.latitude is None) != (draft.longitude is None):
        missing = "latitude" if draft.latitude is None else "longitude"
        found.append((missing, _l("Coordinates need both numbers: latitude and longitude.")))
    if abs(draft.latitude or 0) > NORTHMOST:
        found.append(("latitude", _l("A latitude lies between -90 and 90.")))
    if abs(draft.longitude or 0) > EASTMOST:
        found.append(("longitude", _l("A longitude lies between -180 and 180.")))
    if draft.latitude == 0 and draft.longitude == 0:
        found.append(("latitude", _l("0, 0 is a place in the ocean. Leave both empty if you do not know them.")))
    return found + [
        (name, _l("A link must begin with https:// and name a site, such as https://example.org."))
        for name in ("online_url", "donation_url")
        if (address := getattr(draft, name)) and not is_safe_link(address)
    ]


def _about_texts(texts: Texts) -> list[Objection]:
    if any(code not in LOCALES or set(said) - set(EVENT_TEXTS) for code, said in texts.items()):
        return [("texts", _l("Texts can be in English, Farsi and Spanish."))]
    return []


def _about_seats(draft: EventDraft) -> list[Objection]:
    found: list[Objection] = []
    if draft.capacity is not None and not 1 <= draft.capacity <= MOST_SEATS:
        found.append(("capacity", _l("Please give a number of seats from 1 up, or leave it empty for no limit.")))
    if not 1 <= draft.largest_party <= LARGEST_PARTY:
        found.append(("largest_party", _l("The largest party must be from 1 to 50 people.")))
    if not 0 <= draft.keep_days <= LONGEST_KEPT:
        found.append(("keep_days", _l("The list can be kept for 0 to 14 days after the end.")))
    return found


def _about_signing_up(draft: EventDraft) -> list[Objection]:
    found: list[Objection] = []
    if not 1 <= draft.hold_hours <= LONGEST_HOLD_H:
        found.append(("hold_hours", _l("Places can be held for 1 to 48 hours until the address is confirmed.")))
    if draft.offer_hours is not None and not 1 <= draft.offer_hours <= LONGEST_OFFER_H:
        found.append(
            ("offer_hours", _l("An offered place can wait 1 to 168 hours. Leave it empty to give places at once."))
        )
    if not set(draft.reminders) <= set(REMINDERS):
        found.append(("reminders", _l("Reminders are sent 168, 24 or 2 hours before the start.")))
    if draft.largest_party == 1:
        sentence = _l("The largest party is one person, so there is nobody else to ask for.")
        found += [(name, sentence) for name in ("asks_companions", "asks_children") if getattr(draft, name)]
    return found


def _about_programme(draft: EventDraft) -> list[Objection]:
    found: list[Objection] = []
    if len(draft.programme) > MOST_ITEMS:
        found.append(("programme", _l("A programme can have 20 items at most.")))
    if any(item["at"] and not CLOCK.fullmatch(item["at"]) for item in draft.programme):
        found.append(("programme", _l("Times in the programme are written like 18:30.")))
    return found


def is_safe_link(address: str) -> bool:
    """Whether this is an https address with a host, and without a name or password in it."""
    try:
        parts = urlsplit(address)
        port_fits = parts.port != 0
    except ValueError:
        return False
    named = bool(parts.hostname) and "." in str(parts.hostname)
    return parts.scheme == "https" and named and port_fits and "@" not in parts.netloc and not re.search(r"\s", address)


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC)
