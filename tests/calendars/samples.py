"""Calendar events to test with."""

import datetime as dt
from typing import Any

from iec_events.calendars.entry import CalendarEvent

UTC = dt.UTC


def utc(*parts: int) -> dt.datetime:
    """A moment in UTC."""
    return dt.datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def the_night(**changes: Any) -> CalendarEvent:
    """The night of 24 February 2024 in Berkeley, which is 6 Esfand 1402 in Tehran."""
    night: dict[str, Any] = {
        "uid": "6f1f8a52-37a4-4a5f-9d0e-0d3c8f3f2a10@events.example.org",
        "sequence": 2,
        "stamp": utc(2024, 2, 1, 10),
        "created": utc(2024, 1, 5, 9, 30),
        "starts_at": utc(2024, 2, 25, 2),
        "ends_at": utc(2024, 2, 25, 5),
        "time_zone": "America/Los_Angeles",
        "status": "confirmed",
        "title": "A Night of Cultural Revolt",
        "description": "Poetry and song; then dancing.",
        "url": "https://events.example.org/events/berkeley",
        "locale": "en",
        "location": "Starry Plough, 3101 Shattuck Avenue, Berkeley",
        "venue_title": "Starry Plough",
        "geo": (37.8527, -122.2661),
        "categories": ("Poetry", "Song"),
        "organizer_name": "IEC Events",
        "organizer_email": "events@example.org",
    }
    return CalendarEvent(**night | changes)
