"""Links into other people's calendars: right times, short, nothing private."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from iec_events.calendars.entry import CalendarEvent
from iec_events.calendars.links import (
    google_subscribe_url,
    google_url,
    outlook_subscribe_url,
    outlook_url,
    webcal_url,
    yahoo_url,
)
from iec_events.events.drafts import day_begins
from tests.calendars.samples import the_night, utc

FEED = "https://events.example.org/fa/calendar.ics"
LONG = {"title": "شب شعر و ترانه " * 20, "description": "شعر و ترانه، سپس رقص. " * 200, "location": "کافه ستاره، " * 15}


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, strict_parsing=True).items()}


def test_google_gets_the_time_on_the_wall_and_the_zone() -> None:
    url = google_url(the_night())
    assert url.startswith("https://calendar.google.com/calendar/render?action=TEMPLATE&")
    assert query(url) == {
        "action": "TEMPLATE",
        "text": "A Night of Cultural Revolt",
        "dates": "20240224T180000/20240224T210000",
        "ctz": "America/Los_Angeles",
        "details": "Poetry and song; then dancing.\n\nhttps://events.example.org/events/berkeley",
        "location": "Starry Plough, 3101 Shattuck Avenue, Berkeley",
    }


def test_google_gets_utc_for_an_hour_that_clocks_show_twice() -> None:
    night = the_night(starts_at=utc(2026, 11, 1, 6), ends_at=utc(2026, 11, 1, 9, 30))
    told = query(google_url(night))
    assert told["dates"] == "20261101T060000Z/20261101T093000Z"
    assert "ctz" not in told


@pytest.mark.parametrize(("kind", "host"), [("live", "outlook.live.com"), ("office", "outlook.office.com")])
def test_outlook_gets_utc_and_no_plus_signs(kind: str, host: str) -> None:
    url = outlook_url(the_night(), kind)
    assert url.startswith(f"https://{host}/calendar/deeplink/compose?path=/calendar/action/compose&rru=addevent&")
    assert "+" not in url
    told = query(url)
    assert (told["startdt"], told["enddt"]) == ("2024-02-25T02:00:00Z", "2024-02-25T05:00:00Z")
    assert told["subject"] == "A Night of Cultural Revolt"


def test_the_addresses_are_those_that_were_tried() -> None:
    plain = the_night(title="Night & Day", description="", location="Berkeley", url="https://x.example.org/n")
    assert outlook_url(plain, "office") == (
        "https://outlook.office.com/calendar/deeplink/compose?path=/calendar/action/compose&rru=addevent"
        "&startdt=2024-02-25T02:00:00Z&enddt=2024-02-25T05:00:00Z"
        "&subject=Night%20%26%20Day&body=https://x.example.org/n&location=Berkeley"
    )
    assert yahoo_url(plain) == (
        "https://calendar.yahoo.com/?v=60&title=Night%20%26%20Day&st=20240225T020000Z&et=20240225T050000Z"
        "&desc=https://x.example.org/n&in_loc=Berkeley"
    )


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "told"),
    [
        (utc(2026, 3, 8, 6), utc(2026, 3, 8, 13), ("20260308T060000Z", "20260308T130000Z")),  # clocks go forward
        (utc(2026, 11, 1, 6), utc(2026, 11, 1, 9, 30), ("20261101T060000Z", "20261101T093000Z")),  # and back
        (utc(2026, 12, 31, 20), utc(2027, 1, 3, 20), ("20261231T200000Z", "20270103T200000Z")),  # several days
    ],
)
def test_nights_over_midnight_and_over_changes_of_clocks_last_as_long_everywhere(
    starts_at: datetime, ends_at: datetime, told: tuple[str, str]
) -> None:
    night = the_night(starts_at=starts_at, ends_at=ends_at)
    yahoo, office = query(yahoo_url(night)), query(outlook_url(night, "office"))
    assert (yahoo["st"], yahoo["et"]) == told
    assert datetime.fromisoformat(office["enddt"]) - datetime.fromisoformat(office["startdt"]) == ends_at - starts_at


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tehran", "America/Bogota", "UTC", "Pacific/Kiritimati"])
def test_days_without_hours_are_the_same_days_everywhere(zone: str) -> None:
    first, after, over = (day_begins(zone, date(2026, 10, 31) + timedelta(days=days)) for days in (0, 1, 3))
    one = the_night(all_day=True, time_zone=zone, starts_at=first, ends_at=after)
    google, office, yahoo = (query(url) for url in (google_url(one), outlook_url(one, "office"), yahoo_url(one)))
    assert (google["dates"], "ctz" in google) == ("20261031/20261101", False)
    assert (office["startdt"], office["enddt"], office["allday"]) == ("2026-10-31", "2026-11-01", "true")
    assert (yahoo["st"], yahoo["dur"], "et" in yahoo) == ("20261031", "allday", False)
    some = the_night(all_day=True, time_zone=zone, starts_at=first, ends_at=over)
    google, live, yahoo = (query(url) for url in (google_url(some), outlook_url(some), yahoo_url(some)))
    assert google["dates"] == "20261031/20261103"
    assert (live["startdt"], live["enddt"]) == ("2026-10-31", "2026-11-03")
    assert (yahoo["st"], yahoo["et"], "dur" in yahoo) == ("20261031T000000", "20261102T235900", False)


@pytest.mark.parametrize("make", [google_url, outlook_url, yahoo_url])
def test_long_texts_are_cut_but_the_page_is_named(make: Callable[[CalendarEvent], str]) -> None:
    url = make(the_night(**LONG, time_zone="America/Argentina/Buenos_Aires"))
    assert len(url) < 2000
    assert url.isascii()
    told = query(url)
    details = told.get("details") or told.get("body") or told["desc"]
    assert details.endswith("https://events.example.org/events/berkeley")
    assert (told.get("text") or told.get("subject") or told["title"]).startswith("شب شعر")


@pytest.mark.parametrize("make", [google_url, outlook_url])
def test_a_text_is_cut_as_late_as_possible(make: Callable[[CalendarEvent], str]) -> None:
    assert len(make(the_night(description="word " * 1000))) > 1950
    assert query(make(the_night(description="word " * 20)))["text" if make == google_url else "subject"]


def test_subscribing() -> None:
    assert webcal_url(FEED) == "webcal://events.example.org/fa/calendar.ics"
    assert query(google_subscribe_url(FEED)) == {"cid": "webcal://events.example.org/fa/calendar.ics"}
    assert query(outlook_subscribe_url(FEED, "شب‌ها")) == {"url": FEED, "name": "شب‌ها"}
    assert outlook_subscribe_url(FEED, "x", "office").startswith("https://outlook.office.com/calendar/0/addfromweb?")
