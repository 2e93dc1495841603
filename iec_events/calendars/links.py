"""Addresses that open somebody's own calendar: "add this event" and "subscribe to this feed".

They leave for other people's servers, so they hold nothing but what is public, and stay under 2,000
characters, beyond which some browsers and mail programs cut.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from string import ascii_letters, digits
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from .clean import ascii_url, clean, clean_line
from .entry import UTC_NAMES, CalendarEvent, is_ambiguous

MOST_CHARACTERS = 1990
MOST_IN_A_LINE = 120
DAY = timedelta(days=1)
KEPT = 512  # addresses stay the same until their event changes
UNQUOTED = frozenset(ascii_letters + digits + "_.-~/:")
OUTLOOK_HOSTS = {"live": "outlook.live.com", "office": "outlook.office.com"}


@lru_cache(maxsize=KEPT)
def google_url(event: CalendarEvent) -> str:
    """Return the address that offers an event to Google Calendar, on the clocks of its place."""

    def address(event: CalendarEvent, details: str) -> str:
        query = {"action": "TEMPLATE", "text": clean_line(event.title), **_google_dates(event)}
        return "https://calendar.google.com/calendar/render?" + _query(
            query | {"details": details, "location": clean_line(event.location)}
        )

    return _short(address, event)


@lru_cache(maxsize=KEPT)
def outlook_url(event: CalendarEvent, kind: str = "live") -> str:
    """Return the address that offers an event to Outlook: `live` for private accounts, `office` for work."""

    def address(event: CalendarEvent, details: str) -> str:
        query = {
            "path": "/calendar/action/compose",
            "rru": "addevent",
            **_outlook_dates(event),
            "subject": clean_line(event.title),
            "body": details,
            "location": clean_line(event.location),
        }
        return f"https://{OUTLOOK_HOSTS[kind]}/calendar/deeplink/compose?" + _query(query)

    return _short(address, event)


@lru_cache(maxsize=KEPT)
def yahoo_url(event: CalendarEvent) -> str:
    """Return the address that offers an event to Yahoo Calendar, in UTC: it knows no parameter for a zone."""

    def address(event: CalendarEvent, details: str) -> str:
        query = {
            "v": "60",
            "title": clean_line(event.title),
            **_yahoo_dates(event),
            "desc": details,
            "in_loc": clean_line(event.location),
        }
        return "https://calendar.yahoo.com/?" + _query(query)

    return _short(address, event)


def webcal_url(feed_url: str) -> str:
    """Return a feed's address as `webcal:`, which calendar programs register for; always show https beside it."""
    return "webcal:" + ascii_url(feed_url).partition(":")[2]


def google_subscribe_url(feed_url: str) -> str:
    """Return the address that subscribes Google Calendar; it refuses https here, and even so is unreliable."""
    return "https://calendar.google.com/calendar/r?" + _query({"cid": webcal_url(feed_url)})


def outlook_subscribe_url(feed_url: str, name: str, kind: str = "live") -> str:
    """Return the address that subscribes Outlook on the web to a feed."""
    query = _query({"url": ascii_url(feed_url), "name": clean_line(name)[:MOST_IN_A_LINE]})
    return f"https://{OUTLOOK_HOSTS[kind]}/calendar/0/addfromweb?{query}"


def _google_dates(event: CalendarEvent) -> dict[str, str]:
    if event.all_day:
        return {"dates": "/".join(f"{day:%Y%m%d}" for day in event.days)}
    moments = (event.starts_at, event.ends_at)
    if event.time_zone in UTC_NAMES or any(is_ambiguous(moment, event.time_zone) for moment in moments):
        return {"dates": "/".join(f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}" for moment in moments)}
    return {"dates": "/".join(_wall(moment, event.time_zone) for moment in moments), "ctz": event.time_zone}


def _outlook_dates(event: CalendarEvent) -> dict[str, str]:
    if event.all_day:
        return {"startdt": f"{event.days[0]}", "enddt": f"{event.days[1]}", "allday": "true"}
    start, end = (f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for moment in (event.starts_at, event.ends_at))
    return {"startdt": start, "enddt": end}


def _yahoo_dates(event: CalendarEvent) -> dict[str, str]:
    """It knows single days; of several, it is told hours on the clocks of whoever adds them."""
    if event.all_day:
        first, last = event.days[0], event.days[1] - DAY
        if first == last:
            return {"st": f"{first:%Y%m%d}", "dur": "allday"}
        return {"st": f"{first:%Y%m%d}T000000", "et": f"{last:%Y%m%d}T235900"}
    return {
        "st": f"{event.starts_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        "et": f"{event.ends_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
    }


def _wall(moment: datetime, time_zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(time_zone)):%Y%m%dT%H%M%S}"


def _short(address: Callable[[CalendarEvent, str], str], event: CalendarEvent) -> str:
    """Return the longest address that fits: first the description is cut, then the title and the place."""
    url = ascii_url(event.url)
    description = clean(event.description).replace(url, "").strip()
    for most in (MOST_CHARACTERS, MOST_IN_A_LINE, MOST_IN_A_LINE // 3):
        told = replace(event, title=_cut(clean_line(event.title), most), location=_cut(event.location, most))
        if len(address(told, url)) <= MOST_CHARACTERS:
            break
    room = MOST_CHARACTERS - len(address(told, _details("", 0, url))) - len(quote("…\n\n"))
    return address(told, _details(description, _fitting(description, room), url))


def _fitting(text: str, room: int) -> int:
    """Return how many characters of a text fit into so many of a query."""
    sizes = accumulate(
        1 if character in UNQUOTED else 3 * len(character.encode()) for character in text[: max(room, 0)]
    )
    return sum(size <= room for size in sizes)


def _details(description: str, length: int, url: str) -> str:
    return f"{_cut(description, length)}\n\n{url}".strip()


def _cut(text: str, length: int) -> str:
    """Return the beginning of a text, up to a whole word if there is one, with a sign that it goes on."""
    if len(text) <= length:
        return text
    words = text[:length].rpartition(" ")[0] or text[:length]
    return f"{words.rstrip()}…" if words.strip() else ""


def _query(parameters: dict[str, str]) -> str:
    """Return a query with blanks as %20: Outlook shows a plus sign as it stands."""
    return urlencode(parameters, quote_via=quote, safe="/:")
