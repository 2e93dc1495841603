"""What programs get at our addresses: the right events, in the language of the address, with honest validators."""

import datetime as dt
import gzip
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email.utils import format_datetime, parsedate_to_datetime
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.robotparser import RobotFileParser
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar

from iec_events.calendars.actions import make_vevents
from iec_events.calendars.views import campaign_buttons, event_buttons
from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.core.i18n import speaking
from iec_events.events.actions import cancel_event, postpone_event, withdraw_event
from iec_events.events.drafts import day_begins
from iec_events.events.models import Campaign, Event
from iec_events.events.views import CampaignView, EventView
from tests.calendars.readers import IcalJs, LibIcal
from tests.calendars.samples import utc
from tests.conftest import NOW, Installation
from tests.factories import a_campaign, an_event

PREFIXES = ("", "/fa", "/es")
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
ONLINE = "https://meet.example.org/night"


@pytest.fixture(autouse=True)
def _app(app: Flask) -> None:
    """All of it needs the application."""


def the_berkeley_night(**others: Any) -> Event:
    return an_event(
        "Berkeley",
        slug="berkeley",
        starts_at=utc(2024, 2, 25, 2),
        created_at=utc(2024, 1, 1),
        revised_at=utc(2024, 1, 2),
        latitude=37.8527,
        longitude=-122.2661,
        **others,
    )


def octets_of(client: FlaskClient, address: str) -> bytes:
    answer = client.get(address)
    assert answer.status_code == 200
    octets: bytes = answer.data
    return octets


def read(client: FlaskClient, address: str) -> list[Any]:
    """The events in a calendar."""
    return list(Calendar.from_ical(octets_of(client, address)).walk("VEVENT"))


def unfolded(octets: bytes) -> str:
    return octets.decode().replace("\r\n ", "")


def uids(client: FlaskClient, address: str) -> list[str]:
    return [str(event["UID"]) for event in read(client, address)]


@contextmanager
def elsewhere(installation: Installation, **settings: object) -> Iterator[FlaskClient]:
    """A visitor of another process on the same data."""
    other = installation.make_app(**settings)
    yield other.test_client()
    with other.app_context():
        db.engine.dispose()


def later(clock: time_machine.Traveller | None, **by: int) -> None:
    """Let time pass."""
    assert clock is not None
    clock.shift(dt.timedelta(**by))


# --- What is in them


def test_one_event_in_three_languages_is_one_event(client: FlaskClient) -> None:
    the_berkeley_night(uid="night@example.org", sequence=3)
    told = {prefix: read(client, f"{prefix}/events/berkeley.ics") for prefix in PREFIXES}
    assert {str(event["UID"]) for (event,) in told.values()} == {"night@example.org"}
    assert {event["SEQUENCE"] for (event,) in told.values()} == {3}
    assert [str(event["SUMMARY"]) for (event,) in told.values()] == [
        "Berkeley",
        "Berkeley (فارسی)",
        "Berkeley (español)",
    ]
    assert [str(event["URL"]) for (event,) in told.values()] == [
        f"http://127.0.0.1:8000{prefix}/events/berkeley" for prefix in PREFIXES
    ]


def test_times_are_those_of_the_place(client: FlaskClient) -> None:
    the_berkeley_night()
    octets = octets_of(client, "/events/berkeley.ics")
    assert b"\r\nDTSTART;TZID=America/Los_Angeles:20240224T180000\r\n" in octets
    assert b"\r\nDTEND;TZID=America/Los_Angeles:20240224T210000\r\n" in octets
    assert octets.count(b"BEGIN:VTIMEZONE") == 1
    assert octets.index(b"METHOD:PUBLISH") < octets.index(b"BEGIN:VTIMEZONE") < octets.index(b"BEGIN:VEVENT")


def test_in_farsi_the_jalali_day_comes_first_and_tehrans_time_with_it(client: FlaskClient) -> None:
    the_berkeley_night()
    (event,) = read(client, "/fa/events/berkeley.ics")
    lines = str(event["DESCRIPTION"]).split("\n")
    assert lines[0] == "۵ اسفند ۱۴۰۲"
    assert "۲۴ فوریهٔ ۲۰۲۴" in lines[1]
    assert "۱۸:۰۰" in lines[1]
    assert "۶ اسفند ۱۴۰۲" in lines[2]
    assert "۰۵:۳۰" in lines[2]
    assert re.search(
        rb"DTSTART;TZID=America/Los_Angeles:20240224T180000\r\n", octets_of(client, "/fa/events/berkeley.ics")
    )


def test_the_description_is_plain_text(client: FlaskClient) -> None:
    texts = {"en": {"title": "Night", "description": "**Poetry** and [song](https://x.example.org/).\n\n- one\n- two"}}
    the_berkeley_night(
        texts=texts,
        programme=[{"at": "18:30", "title": {"en": "Toomaj’s verses"}, "note": {}}],
        contact="hello@example.org",
        online_url="https://meet.example.org/night",
        doors_at=utc(2024, 2, 25, 1, 30),
    )
    (event,) = read(client, "/events/berkeley.ics")
    description = str(event["DESCRIPTION"])
    assert "Poetry and song (https://x.example.org/).\n\n• one\n• two\n\n6:30 pm · Toomaj’s verses\n\n" in description
    assert description.endswith("\n\nhttp://127.0.0.1:8000/events/berkeley")
    assert "Doors open at 5:30 pm." in description
    assert "Contact: hello@example.org" in description
    assert str(event["CONFERENCE"]) == "https://meet.example.org/night"
    assert str(event["LOCATION"]) == "The Starry Plough, 3101 Shattuck Avenue, Berkeley, CA, United States"


def test_a_campaign_has_its_own_events_soonest_first_with_their_zones(client: FlaskClient) -> None:
    night, other = a_campaign("A Night", slug="night"), a_campaign("Another", slug="another")
    an_event("Cali", uid="cali@x", campaign_id=night.id, time_zone="America/Bogota", starts_at=NOW + 9 * DAY)
    an_event("Berlin", uid="berlin@x", campaign_id=night.id, time_zone="Europe/Berlin", starts_at=NOW + 8 * DAY)
    an_event("Elsewhere", uid="elsewhere@x", campaign_id=other.id)
    octets = octets_of(client, "/es/campaigns/night.ics")
    assert uids(client, "/es/campaigns/night.ics") == ["berlin@x", "cali@x"]
    assert re.findall(rb"\r\nTZID:(.*)\r\n", octets) == [b"America/Bogota", b"Europe/Berlin"]
    assert "NAME;LANGUAGE=es:A Night (español)\r\nX-WR-CALNAME:A Night (español)\r\n".encode() in octets
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT6H\r\n" in octets
    assert b"X-PUBLISHED-TTL:PT6H\r\n" in octets


def test_everything_is_everything_that_is_public(client: FlaskClient) -> None:
    night = a_campaign(slug="night")
    an_event(uid="in@x", campaign_id=night.id)
    an_event(uid="alone@x", starts_at=NOW - 700 * DAY)
    an_event(uid="draft@x", status="draft", published_at=None)
    an_event(uid="withdrawn@x", status="draft")
    assert uids(client, "/calendar.ics") == ["alone@x", "in@x"]


def test_a_city_has_its_own_events_under_a_name_that_can_be_typed(client: FlaskClient) -> None:
    named = {"fa": {"title": "شب", "city_name": "بوگوتا"}}
    an_event(uid="bogota@x", city="Bogotá", time_zone="America/Bogota", texts=named)
    an_event(uid="again@x", city="Bogota", address_hidden=True, venue="Canary House", starts_at=NOW + 60 * DAY)
    an_event(uid="quiet@x", city="Bogotá", listed=False)
    an_event(uid="draft@x", city="Rome", status="draft")
    an_event(uid="shahr@x", city="برلین")
    an_event(uid="nowhere@x", city="", online_url="https://meet.example.org/night")
    assert uids(client, "/cities/bogota.ics") == ["bogota@x", "again@x"]
    assert "Canary" not in unfolded(octets_of(client, "/cities/bogota.ics"))
    assert uids(client, "/cities/برلین.ics") == ["shahr@x"]
    assert "X-WR-CALNAME:IEC Events: بوگوتا" in unfolded(octets_of(client, "/fa/cities/bogota.ics"))
    for unknown in ("rome", "berkeley", "new", "-"):
        assert client.get(f"/cities/{unknown}.ics").status_code == 404


def test_windows(client: FlaskClient, clock: time_machine.Traveller) -> None:
    night = a_campaign("A Night", slug="night")
    an_event(uid="old@x", starts_at=NOW - 70 * DAY, campaign_id=night.id)
    an_event(uid="new@x", starts_at=NOW - 7 * DAY, campaign_id=night.id)
    an_event(uid="next@x", starts_at=NOW + 7 * DAY, campaign_id=night.id)
    an_event(uid="other@x", starts_at=NOW + 8 * DAY, city="Cali")
    an_event(uid="off@x", starts_at=NOW + 9 * DAY, status="cancelled")
    assert uids(client, "/calendar/upcoming.ics") == ["new@x", "next@x", "other@x", "off@x"]
    assert uids(client, "/calendar/past.ics") == ["old@x", "new@x"]
    assert uids(client, "/fa/campaigns/night/upcoming.ics") == ["new@x", "next@x"]
    assert uids(client, "/cities/cali/upcoming.ics") == ["other@x"]
    assert uids(client, "/cities/cali/past.ics") == []
    assert client.get("/calendar/other.ics").status_code == 404
    last = client.get("/calendar/past.ics").headers["Last-Modified"]
    later(clock, days=8)
    for forget in client.application.extensions["on_public_change"]:
        forget()
    answer = client.get("/calendar/past.ics")
    assert b"next@x" in answer.data
    assert answer.headers["Last-Modified"] != last, "what passes changes a calendar without anybody changing it"


def test_an_empty_calendar_is_one_too(client: FlaskClient) -> None:
    octets = octets_of(client, "/calendar.ics")
    assert b"BEGIN:VTIMEZONE" in octets
    assert b"BEGIN:VEVENT" not in octets


def test_what_is_not_public_is_not_there(client: FlaskClient) -> None:
    an_event(slug="draft", status="draft", published_at=None)
    an_event(slug="withdrawn", status="draft")
    a_campaign(slug="hidden", published=False)
    assert client.get("/events/draft.ics").status_code == 404
    assert client.get("/events/withdrawn.ics").status_code == 410
    assert client.get("/events/nothing.ics").status_code == 404
    assert client.get("/campaigns/hidden.ics").status_code == 404
    assert client.post("/calendar.ics").status_code == 405


def test_a_cancelled_event_stays_eight_weeks(client: FlaskClient, clock: time_machine.Traveller) -> None:
    an_event("Cali", slug="cali", uid="cali@x", starts_at=NOW + 10 * DAY)
    octets_of(client, "/calendar.ics")
    cancel_event(slug="cali", now=NOW)
    (event,) = read(client, "/calendar.ics")
    assert (str(event["STATUS"]), str(event["TRANSP"]), event["SEQUENCE"]) == ("CANCELLED", "TRANSPARENT", 1)
    assert str(event["SUMMARY"]) == "Cancelled: Cali"
    later(clock, days=10 + 55)
    assert uids(client, "/fa/calendar.ics") == ["cali@x"]
    later(clock, days=2)
    assert uids(client, "/es/calendar.ics") == []
    assert uids(client, "/es/events/cali.ics") == ["cali@x"]


def test_a_postponed_event_does_not_take_the_time(client: FlaskClient) -> None:
    an_event("Cali", slug="cali")
    postpone_event(slug="cali", now=NOW)
    (event,) = read(client, "/events/cali.ics")
    assert (str(event["STATUS"]), str(event["TRANSP"])) == ("TENTATIVE", "TRANSPARENT")
    assert str(event["SUMMARY"]) == "Postponed: Cali"


def test_a_renamed_campaign_changes_the_stamp_of_its_events(client: FlaskClient) -> None:
    campaign = a_campaign("Night", slug="night")
    an_event(campaign_id=campaign.id)
    (before,) = read(client, "/calendar.ics")
    with atomic():
        campaign = db.session.get_one(Campaign, campaign.id)
        campaign.texts = {"en": {"title": "Dawn"}}
        campaign.revised_at = NOW + dt.timedelta(seconds=90)
    (after,) = read(client, "/calendar.ics")
    assert before["CATEGORIES"].to_ical() == b"Night"
    assert after["CATEGORIES"].to_ical() == b"Dawn"
    assert after["DTSTAMP"].dt == after["LAST-MODIFIED"].dt == NOW + dt.timedelta(seconds=90)


# --- How they are answered


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    "path", ["/events/berkeley.ics", "/campaigns/night.ics", "/calendar.ics", "/cities/berkeley/upcoming.ics"]
)
def test_headers(client: FlaskClient, prefix: str, path: str) -> None:
    the_berkeley_night(campaign_id=a_campaign("A Night", slug="night").id)
    answer = client.get(prefix + path, headers={"Accept": ""})
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8; method=PUBLISH"
    assert re.fullmatch(
        r"inline; filename=\"[a-z]+\.ics\"; filename\*=UTF-8''[A-Za-z0-9%._~-]+\.ics",
        answer.headers["Content-Disposition"],
    )
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"].startswith("public, max-age=")
    assert re.fullmatch(r'"[0-9a-f]{32}"', answer.headers["ETag"])
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert parsedate_to_datetime(answer.headers["Last-Modified"]) == NOW
    assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_head_says_the_same_without_the_octets(client: FlaskClient) -> None:
    the_berkeley_night()
    got, head = client.get("/calendar.ics"), client.head("/calendar.ics")
    assert head.data == b""
    assert dict(head.headers) == dict(got.headers)


def test_gzip_is_another_representation(client: FlaskClient) -> None:
    the_berkeley_night()
    plain = client.get("/calendar.ics")
    packed = client.get("/calendar.ics", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]


def test_what_is_unchanged_is_not_sent_again(client: FlaskClient) -> None:
    the_berkeley_night()
    first = client.get("/calendar.ics")
    etag, last = first.headers["ETag"], first.headers["Last-Modified"]
    early = format_datetime(NOW - DAY, usegmt=True)
    for headers, status in (
        ({"If-None-Match": etag}, 304),
        ({"If-None-Match": f'"other", W/{etag}'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"other"', "If-Modified-Since": last}, 200),
        ({"If-None-Match": etag, "If-Modified-Since": early}, 304),
        ({"If-Modified-Since": last}, 304),
        ({"If-Modified-Since": early}, 200),
        ({"If-Modified-Since": "yesterday"}, 200),
    ):
        answer = client.get("/calendar.ics", headers=headers)
        assert answer.status_code == status, headers
        assert answer.headers["ETag"] == etag
        assert (answer.data == b"") == (status == 304)


# What is asked with, and what comes back: a status, or 200 with plain or packed octets. ETAG is the calendar's own.
ODD = (
    ("Accept", "text/html", 200),
    ("Accept", "application/json;q=1, */*;q=0", 200),
    ("Accept", ";;;,", 200),
    ("Accept-Language", "fa-IR", 200),
    ("Accept-Charset", "iso-8859-1", 200),
    ("Range", "bytes=0-99", 200),
    ("Range", "bytes=9-1,-", 200),
    ("If-Range", '"other"', 200),
    ("Accept-Encoding", "gzip;q=0", "plain"),
    ("Accept-Encoding", "gzip;\tq=0.000, br", "plain"),
    ("Accept-Encoding", "identity;q=1, *;q=0", "plain"),
    ("Accept-Encoding", "br, zstd, compress", "plain"),
    ("Accept-Encoding", ',;;q=,"', "plain"),
    ("Accept-Encoding", "*", "packed"),
    ("Accept-Encoding", "GZIP;q=0.001", "packed"),
    ("Accept-Encoding", "deflate, x-gzip", "packed"),
    ("If-None-Match", "", 200),
    ("If-None-Match", '"', 200),
    ("If-None-Match", ",,,W/", 200),
    ("If-None-Match", '"*"', 200),
    ("If-None-Match", '"x", *', 200),
    ("If-None-Match", 'W/"ETAG-gz"', 304),
    ("If-None-Match", '"a b",\t"ETAG"', 304),
    ("If-None-Match", '"' + "x" * 4000 + '"', 200),
    ("If-Modified-Since", "Fri, 31 Feb 2027 99:00:00 GMT", 200),
    ("If-Modified-Since", "Mon, 01 Jan 0001 00:00:00 +2359", 200),
    ("If-Modified-Since", "٢٠٢٧", 200),
    ("If-Modified-Since", "", 200),
    ("If-Modified-Since", "Friday, 15-Jan-27 12:00:00 GMT", 304),
    ("If-Modified-Since", "Fri Jan 15 12:00:00 2027", 304),
)


@pytest.mark.parametrize("prefix", ["", "/fa", "/es"])
def test_robots_may_fetch_every_calendar_and_nobodys_page(client: FlaskClient, prefix: str) -> None:
    """Google's and Microsoft's calendars ask there first."""
    rules = RobotFileParser()
    rules.parse(client.get("/robots.txt").text.splitlines())
    for rule in client.application.url_map.iter_rules():
        if rule.rule.endswith(".ics") and "my-rsvp" not in rule.rule:
            assert rules.can_fetch("Google-Calendar-Importer", prefix + re.sub("<[^>]*>", "x", rule.rule)), rule
    for shut in ("/organize", "/organize/sign-in", "/rsvps/x", "/messages/x"):
        assert not rules.can_fetch("Googlebot", prefix + shut)


def test_odd_headers_get_right_answers(client: FlaskClient) -> None:
    the_berkeley_night()
    plain = client.get("/calendar.ics")
    for method, (header, text, answered) in product(("GET", "HEAD"), ODD):
        asked = text.replace("ETAG", plain.headers["ETag"].strip('"')).encode().decode("latin-1")
        answer, packed = client.open("/calendar.ics", method=method, headers={header: asked}), answered == "packed"
        assert answer.status_code == (answered if isinstance(answered, int) else 200), (header, text)
        assert ("Content-Encoding" in answer.headers) == answer.headers["ETag"].endswith('-gz"') == packed, text
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert not {"Set-Cookie", "Content-Range", "Accept-Ranges"} & {*answer.headers.keys()}
        told = b"" if method == "HEAD" or answer.status_code == 304 else plain.data
        assert (gzip.decompress(answer.data) if packed and told else answer.data) == told
        if answer.status_code == 200:
            assert answer.headers["Content-Type"] == plain.headers["Content-Type"]


def test_last_modified_never_moves_back(client: FlaskClient, clock: time_machine.Traveller) -> None:
    an_event(slug="cali", revised_at=NOW - DAY)
    an_event(slug="berlin", revised_at=NOW)
    seen = []
    for number in range(3):
        if number == 1:
            withdraw_event(slug="berlin", now=NOW + DAY)
        answer = client.get("/calendar.ics")
        seen.append((answer.headers["Last-Modified"], answer.headers["ETag"]))
        later(clock, minutes=5)
    moments = [parsedate_to_datetime(last) for last, _etag in seen]
    assert moments == [NOW, NOW + dt.timedelta(minutes=5), NOW + dt.timedelta(minutes=5)]
    assert seen[0][1] != seen[1][1]
    assert seen[1][1] == seen[2][1]


def test_two_changes_in_one_second_have_two_dates(client: FlaskClient) -> None:
    an_event(slug="cali")
    first = client.get("/calendar.ics").headers["Last-Modified"]
    cancel_event(slug="cali", now=NOW)
    second = client.get("/calendar.ics").headers["Last-Modified"]
    assert parsedate_to_datetime(second) > parsedate_to_datetime(first)


def test_another_process_gives_the_same_octets(client: FlaskClient, installation: Installation) -> None:
    the_berkeley_night()
    here = client.get("/fa/calendar.ics")
    with elsewhere(installation) as other:
        there = other.get("/fa/calendar.ics")
    assert there.data == here.data
    assert dict(there.headers) == dict(here.headers)


# --- How people get there


def test_buttons_lead_to_the_calendars_of_their_language(app: Flask) -> None:
    campaign = a_campaign(slug="night")
    event = the_berkeley_night(campaign_id=campaign.id)
    with app.test_request_context(), speaking("fa"):
        one = event_buttons(EventView(event, "fa", NOW))
        all_of_it = campaign_buttons(CampaignView(campaign, "fa"))
    assert one.download_url == "http://127.0.0.1:8000/fa/events/berkeley.ics"
    assert one.https_url == all_of_it.https_url == "http://127.0.0.1:8000/fa/campaigns/night.ics"
    assert one.webcal_url == all_of_it.webcal_url == "webcal://127.0.0.1:8000/fa/campaigns/night.ics"
    assert "dates=20240224T180000/20240224T210000&ctz=America/Los_Angeles" in one.google_url
    assert "startdt=2024-02-25T02:00:00Z&enddt=2024-02-25T05:00:00Z" in one.outlook_url
    assert "&st=20240225T020000Z&et=20240225T050000Z&" in (one.yahoo_url or "")
    assert one.office_url == one.outlook_url.replace("live", "office")
    assert all_of_it.yahoo_url is None
    assert all_of_it.google_url.endswith("cid=webcal://127.0.0.1:8000/fa/campaigns/night.ics")


@pytest.mark.parametrize(
    ("place", "zone", "wall"),
    [
        ("Berkeley", "America/Los_Angeles", "2027-03-13T22:00"),  # over the change of clocks
        ("Bogotá", "America/Bogota", "2027-03-13T18:00"),
        ("Tehran", "Asia/Tehran", "2027-03-21T00:30"),
        ("", "UTC", "2027-03-13T18:00"),
    ],
)
def test_every_button_tells_the_same_hours(client: FlaskClient, place: str, zone: str, wall: str) -> None:
    start = dt.datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone))
    online = {} if place else {"venue": "", "street": "", "region": "", "country": "", "online_url": ONLINE}
    row = an_event(
        slug="night", city=place, time_zone=zone, starts_at=start, ends_at=start.astimezone(dt.UTC) + 8 * HOUR, **online
    )
    with speaking("en"):
        buttons = event_buttons(EventView(row, "en", NOW))
    google, live, office, yahoo = (
        {name: values[0] for name, values in parse_qs(urlsplit(url or "").query).items()}
        for url in (buttons.google_url, buttons.outlook_url, buttons.office_url, buttons.yahoo_url)
    )
    first, last = google["dates"].split("/")
    there = ZoneInfo(google["ctz"]) if place else dt.UTC
    told = [
        tuple(dt.datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=there) for text in (first, last)),
        *(
            (dt.datetime.fromisoformat(one["startdt"]), dt.datetime.fromisoformat(one["enddt"]))
            for one in (live, office)
        ),
        tuple(dt.datetime.strptime(yahoo[name], "%Y%m%dT%H%M%S%z") for name in ("st", "et")),
    ]
    for address in (buttons.download_url, buttons.https_url, buttons.webcal_url.replace("webcal:", "http:")):
        (event,) = read(client, urlsplit(address).path)
        told.append((event["DTSTART"].dt, event["DTEND"].dt))
        assert ("CONFERENCE" in event, str(event["LOCATION"]) == "Online") == (not place, not place)
    assert [(one.astimezone(dt.UTC), two.astimezone(dt.UTC)) for one, two in told] == [(row.starts_at, row.ends_at)] * 7


@pytest.mark.parametrize("last", [13, 15])
def test_every_button_tells_the_same_days(client: FlaskClient, last: int) -> None:
    zone, first, over = "America/Los_Angeles", dt.date(2027, 3, 13), dt.date(2027, 3, last + 1)
    row = an_event(
        slug="days", all_day=True, time_zone=zone, starts_at=day_begins(zone, first), ends_at=day_begins(zone, over)
    )
    with speaking("en"):
        buttons = event_buttons(EventView(row, "en", NOW))
    assert f"dates=20270313/{over:%Y%m%d}&" in buttons.google_url
    for url in (buttons.outlook_url, buttons.office_url):
        assert f"startdt=2027-03-13&enddt={over}&allday=true&" in url
    yahoo = "dur=allday" if last == first.day else "et=20270315T235900"
    assert yahoo in (buttons.yahoo_url or "")
    assert "&st=20270313" in (buttons.yahoo_url or "")
    for address in (buttons.download_url, buttons.https_url):
        octets = octets_of(client, urlsplit(address).path)
        (event,) = Calendar.from_ical(octets).walk("VEVENT")
        assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (first, over)
        assert b"TZID=" not in octets


@pytest.mark.parametrize("last", [13, 15])
def test_days_without_hours_are_named_without_an_hour_in_farsi(client: FlaskClient, last: int) -> None:
    """What stands behind the date is then no hour: "all day", or until which day."""
    zone, first, over = "America/Los_Angeles", dt.date(2027, 3, 13), dt.date(2027, 3, last + 1)
    an_event(
        slug="days", all_day=True, time_zone=zone, starts_at=day_begins(zone, first), ends_at=day_begins(zone, over)
    )
    (event,) = read(client, "/fa/events/days.ics")
    pages = [client.get(address).text for address in ("/fa/", "/fa/events/days")]
    for text in (str(event["DESCRIPTION"]), *pages):
        assert "ساعت تا" not in text
        assert "ساعت تمام" not in text
        assert ("تمام روز" in text) == (last == 13)


def test_an_impossible_online_address_spoils_nothing(client: FlaskClient) -> None:
    the_berkeley_night(online_url=f"https://{'ü' * 80}.example.org/")
    (event,) = read(client, "/events/berkeley.ics")
    assert "CONFERENCE" not in event


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_page_names_the_calendars_and_what_to_expect(client: FlaskClient, prefix: str) -> None:
    an_event(city="Bogotá", campaign_id=a_campaign("Night", slug="night").id)
    page = client.get(f"{prefix}/subscribe").text
    for feed in ("/calendar/upcoming.ics", "/campaigns/night.ics", "/cities/bogota/upcoming.ics"):
        assert f"webcal://127.0.0.1:8000{prefix}{feed}" in page
        assert f'value="http://127.0.0.1:8000{prefix}{feed}"' in page
        assert client.get(prefix + feed).status_code == 200
    assert f'href="{prefix}/subscribe"' in client.get(f"{prefix}/campaigns/night").text
    if not prefix:
        assert "Every 8 to 24 hours." in page


# --- What they cost


def test_a_feed_costs_the_same_queries_for_one_and_for_thirty(
    client: FlaskClient, queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    asked = []
    for number in (1, 29):
        for _ in range(number):
            an_event()
        make_vevents(clock.now())
        client.get("/calendar.ics")  # notes the change
        an_event(status="draft", published_at=None)  # has the kept octets forgotten
        with queries() as statements:
            client.get("/calendar.ics")
        asked.append([statement for statement in statements if "FROM events" in statement or "calendar" in statement])
    assert len(asked[0]) == len(asked[1]) == 3  # VEVENTs, zones, the date of the last change


def test_vevents_are_made_once_and_again_after_a_change() -> None:
    an_event(slug="cali")
    an_event(slug="draft", status="draft")
    assert make_vevents(NOW) == 3
    assert make_vevents(NOW) == 0
    cancel_event(slug="cali", now=NOW)
    assert make_vevents(NOW) == 3


def test_other_settings_make_other_vevents(client: FlaskClient, installation: Installation) -> None:
    the_berkeley_night()
    assert b"http://127.0.0.1:8000/events/berkeley" in octets_of(client, "/calendar.ics")
    with elsewhere(installation, PUBLIC_URL="https://night.example.org", MAIL_NAME="The Night") as moved:
        octets = octets_of(moved, "/calendar.ics")
    assert b"URL:https://night.example.org/events/berkeley\r\n" in octets
    assert b'ORGANIZER;CN="The Night":mailto:events@example.org\r\n' in octets


# --- Who reads them


def test_ical_js_and_libical_read_the_feeds_alike(client: FlaskClient, ical_js: Path, libical: Any) -> None:
    campaign = a_campaign("Night; of, revolt\\N", slug="night")
    events = [
        an_event(f"{zone}; \\New, 🎉", time_zone=zone, starts_at=start, campaign_id=campaign.id)
        for zone in ("America/Los_Angeles", "America/Bogota", "Europe/Berlin", "Asia/Tehran", "UTC", "Africa/Cairo")
        for start in (utc(2024, 2, 25, 2), utc(2024, 3, 10, 8), utc(2026, 10, 25, 0), utc(2026, 11, 1, 8, 30), NOW)
    ]
    for address in ("/calendar.ics", "/fa/calendar.ics", "/es/campaigns/night.ics"):
        octets = octets_of(client, address)
        seen = IcalJs(ical_js).events(octets)
        assert seen == LibIcal(libical).events(octets)
        assert {one["uid"]: (one["start"], one["end"]) for one in seen} == {
            event.uid: (int(event.starts_at.timestamp()), int(event.ends_at.timestamp())) for event in events
        }
