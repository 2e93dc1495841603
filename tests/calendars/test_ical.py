"""The octets of our calendars, and what is refused or cleaned on the way into them."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from iec_events.calendars.clean import ascii_url, clean, clean_line
from iec_events.calendars.ical import calendar_bytes, invitation_bytes, vevent_bytes, zones_of
from tests.calendars.samples import the_night, utc

SIX_HOURS = dt.timedelta(hours=6)
HOSTILE = st.text(st.characters(exclude_categories=()), max_size=200)


def unfolded(octets: bytes) -> list[str]:
    """The lines of a document as they were before they were folded."""
    return octets.replace(b"\r\n ", b"").decode().split("\r\n")


def line(octets: bytes, name: str) -> str:
    """The only line of this name."""
    (found,) = [line for line in unfolded(octets) if re.split("[;:]", line)[0] == name]
    return found


def names(octets: bytes) -> set[str]:
    return {re.split("[;:]", line)[0] for line in unfolded(octets)}


# --- One event


def test_the_night_in_berkeley() -> None:
    assert unfolded(vevent_bytes(the_night())) == [
        "BEGIN:VEVENT",
        "SUMMARY;LANGUAGE=en:A Night of Cultural Revolt",
        "DTSTART;TZID=America/Los_Angeles:20240224T180000",
        "DTEND;TZID=America/Los_Angeles:20240224T210000",
        "DTSTAMP:20240201T100000Z",
        "UID:6f1f8a52-37a4-4a5f-9d0e-0d3c8f3f2a10@events.example.org",
        "SEQUENCE:2",
        "CATEGORIES:Poetry,Song",
        "CREATED:20240105T093000Z",
        r"DESCRIPTION;LANGUAGE=en:Poetry and song\; then dancing.\n\nhttps://events.example.org/events/berkeley",
        "GEO:37.852700;-122.266100",
        "LAST-MODIFIED:20240201T100000Z",
        r"LOCATION;LANGUAGE=en:Starry Plough\, 3101 Shattuck Avenue\, Berkeley",
        'ORGANIZER;CN="IEC Events":mailto:events@example.org',
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "URL:https://events.example.org/events/berkeley",
        'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-APPLE-RADIUS=100;X-TITLE="Starry Plough":geo:37.852700,-122.266100',
        "END:VEVENT",
        "",
    ]


def test_the_same_event_gives_the_same_octets() -> None:
    assert vevent_bytes(the_night()) == vevent_bytes(the_night())


@pytest.mark.parametrize(
    ("status", "written", "transparency"),
    [
        ("confirmed", "CONFIRMED", "OPAQUE"),
        ("tentative", "TENTATIVE", "OPAQUE"),
        ("cancelled", "CANCELLED", "TRANSPARENT"),
        ("postponed", "TENTATIVE", "TRANSPARENT"),
    ],
)
def test_status_and_whether_the_time_is_taken(status: str, written: str, transparency: str) -> None:
    octets = vevent_bytes(the_night(status=status))
    assert line(octets, "STATUS") == f"STATUS:{written}"
    assert line(octets, "TRANSP") == f"TRANSP:{transparency}"


def test_an_hour_that_clocks_show_twice_is_told_in_utc() -> None:
    second_half_past_one = utc(2026, 11, 1, 9, 30)
    assert second_half_past_one.astimezone(ZoneInfo("America/Los_Angeles")).fold == 1
    octets = vevent_bytes(the_night(starts_at=utc(2026, 11, 1, 4), ends_at=second_half_past_one))
    assert line(octets, "DTSTART") == "DTSTART;TZID=America/Los_Angeles:20261031T210000"
    assert line(octets, "DTEND") == "DTEND:20261101T093000Z"


def test_an_event_of_no_place_is_told_in_utc_without_a_zone() -> None:
    night = the_night(time_zone="UTC")
    assert line(vevent_bytes(night), "DTSTART") == "DTSTART:20240225T020000Z"
    assert zones_of([(night.time_zone, night.starts_at, night.ends_at)]) == []


@pytest.mark.parametrize(
    ("zone", "starts_at", "ends_at", "told"),
    [
        ("America/Los_Angeles", utc(2027, 3, 14, 8), utc(2027, 3, 15, 7), ("20270314", "20270315")),  # of 23 hours
        ("America/Los_Angeles", utc(2026, 10, 31, 7), utc(2026, 11, 2, 8), ("20261031", "20261102")),  # with one of 25
        ("America/Santiago", utc(2026, 9, 6, 4), utc(2026, 9, 7, 3), ("20260906", "20260907")),  # clocks skip midnight
        ("Asia/Tehran", utc(2027, 2, 19, 20, 30), utc(2027, 2, 22, 20, 30), ("20270220", "20270223")),
        ("America/Bogota", utc(2027, 12, 31, 5), utc(2028, 1, 1, 5), ("20271231", "20280101")),
    ],
)
def test_an_event_without_hours_has_the_days_of_its_place(
    zone: str, starts_at: dt.datetime, ends_at: dt.datetime, told: tuple[str, str]
) -> None:
    day = the_night(all_day=True, time_zone=zone, starts_at=starts_at, ends_at=ends_at)
    octets = invitation_bytes(day, attendee_email="sara@example.org")
    assert line(octets, "DTSTART") == f"DTSTART;VALUE=DATE:{told[0]}"
    assert line(octets, "DTEND") == f"DTEND;VALUE=DATE:{told[1]}", "the day after the last"
    assert b"TZID" not in octets
    (read,) = Calendar.from_ical(octets).walk("VEVENT")
    first, over = (read.decoded(name) for name in ("DTSTART", "DTEND"))
    assert (f"{first:%Y%m%d}", f"{over:%Y%m%d}") == told
    assert type(first) is dt.date


def test_a_night_over_the_change_of_clocks_ends_at_the_time_on_the_wall() -> None:
    octets = vevent_bytes(the_night(starts_at=utc(2026, 3, 8, 6), ends_at=utc(2026, 3, 8, 13)))
    assert line(octets, "DTSTART") == "DTSTART;TZID=America/Los_Angeles:20260307T220000"
    assert line(octets, "DTEND") == "DTEND;TZID=America/Los_Angeles:20260308T060000"


def test_optional_lines_are_left_out() -> None:
    bare = the_night(location="", venue_title="", geo=None, categories=(), organizer_email=None)
    assert names(vevent_bytes(bare)).isdisjoint(
        {
            "LOCATION",
            "GEO",
            "X-APPLE-STRUCTURED-LOCATION",
            "CATEGORIES",
            "ORGANIZER",
            "ATTENDEE",
            "IMAGE",
            "CONFERENCE",
        }
    )


def test_nought_nought_is_no_place() -> None:
    assert "GEO" not in names(vevent_bytes(the_night(geo=(0.0, 0.0))))


def test_picture_and_conference_are_addresses() -> None:
    octets = vevent_bytes(
        the_night(image_url="https://x.example.org/شب.webp", conference_url="https://meet.example.org/a b")
    )
    assert line(octets, "IMAGE") == "IMAGE;DISPLAY=BADGE;VALUE=URI:https://x.example.org/%D8%B4%D8%A8.webp"
    assert line(octets, "CONFERENCE") == "CONFERENCE;VALUE=URI:https://meet.example.org/a%20b"


def test_the_address_is_in_the_description_once() -> None:
    night = the_night(description="See https://events.example.org/events/berkeley now")
    assert line(vevent_bytes(night), "DESCRIPTION").count("https://") == 1


# --- What is refused


@pytest.mark.parametrize(
    "changes",
    [
        {"starts_at": dt.datetime(2024, 2, 25, 2)},  # noqa: DTZ001
        {"ends_at": utc(2024, 2, 25, 2)},
        {"starts_at": dt.datetime(2026, 3, 8, 2, 30, tzinfo=ZoneInfo("America/Los_Angeles"))},
        {"status": "CONFIRMED"},
        {"sequence": -1},
        {"sequence": 2**31},
        {"uid": ""},
        {"uid": "a\r\nb"},
        {"geo": (91.0, 0.0)},
        {"time_zone": "Nowhere/Land"},
        {"time_zone": ""},
    ],
)
def test_what_no_calendar_could_hold_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError)):
        the_night(**changes)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "events/berkeley", "https://", "webcal://x.example.org/y"])
def test_only_web_addresses_are_links(url: str) -> None:
    with pytest.raises(ValueError, match="link"):
        vevent_bytes(the_night(url=url))


@pytest.mark.parametrize("email", ["", "nobody", "a@b@c", "a b@example.org"])
def test_an_organizer_has_a_real_address(email: str) -> None:
    if email:
        with pytest.raises(ValueError, match="address"):
            vevent_bytes(the_night(organizer_email=email))
    else:
        assert "ORGANIZER" not in names(vevent_bytes(the_night(organizer_email=email)))


# --- What is cleaned


def test_a_title_is_one_line_and_keeps_what_was_typed() -> None:
    night = the_night(title="C:\\New;  a, b\r\nand\x0bmore \u202eloud\x00\x1b 🎉")
    assert line(vevent_bytes(night), "SUMMARY") == r"SUMMARY;LANGUAGE=en:C:\\New\; a\, b and more loud 🎉"


def test_joiners_and_balanced_isolates_stay() -> None:
    assert clean("می\u200cخواهم") == "می\u200cخواهم"
    assert clean("\u2068Berkeley\u2069") == "\u2068Berkeley\u2069"
    assert clean("\u2068Berkeley") == "Berkeley"
    assert clean("\u2069Berkeley\u2068") == "Berkeley"
    assert clean("a\u2028b\x85c\rd") == "a\nb\nc\nd"
    assert clean_line(" a\n\tb ") == "a b"


def test_quotes_in_a_name_cannot_break_a_parameter() -> None:
    octets = vevent_bytes(the_night(organizer_name='"x";CN=y:z^n\r\nEVIL:1'))
    assert line(octets, "ORGANIZER") == 'ORGANIZER;CN="’x’;CN=y:zˆn EVIL:1":mailto:events@example.org'


def test_addresses_become_ascii() -> None:
    assert ascii_url("https://müller.example.org/شب?q=a b#ü") == (
        "https://xn--mller-kva.example.org/%D8%B4%D8%A8?q=a%20b#%C3%BC"
    )
    assert ascii_url("https://x.example.org/%D8%B4") == "https://x.example.org/%D8%B4"
    assert ascii_url("https://x.example.org/a\r\nEVIL:1") == "https://x.example.org/aEVIL:1"


@settings(max_examples=150, deadline=None)
@given(title=HOSTILE, description=HOSTILE, location=HOSTILE, category=HOSTILE, name=HOSTILE)
def test_hostile_text_never_breaks_a_calendar(
    title: str, description: str, location: str, category: str, name: str
) -> None:
    night = the_night(
        title=title,
        description=description,
        location=location,
        venue_title=location,
        categories=(category,),
        organizer_name=name,
    )
    octets = calendar_bytes(name=name, description=description, zones=[], vevents=[vevent_bytes(night)])
    assert_wellformed(octets)
    (event,) = Calendar.from_ical(octets).walk("VEVENT")
    assert not event.errors
    assert names(octets) <= KNOWN
    assert line(octets, "SUMMARY").partition(":")[2] == escaped(clean_line(title))
    assert line(vevent_bytes(night), "DESCRIPTION").partition(":")[2].startswith(escaped(clean(description).strip()))


KNOWN = {
    *("", "BEGIN", "END", "VERSION", "PRODID", "CALSCALE", "METHOD", "NAME", "X-WR-CALNAME", "X-WR-CALDESC"),
    *("UID", "SEQUENCE", "DTSTAMP", "LAST-MODIFIED", "CREATED", "STATUS", "TRANSP", "DTSTART", "DTEND", "URL"),
    *("SUMMARY", "DESCRIPTION", "LOCATION", "GEO", "X-APPLE-STRUCTURED-LOCATION", "CATEGORIES", "ORGANIZER"),
    "TZID",
}


def escaped(text: str) -> str:
    """RFC 5545 3.3.11, character by character."""
    return "".join({"\\": r"\\", ";": r"\;", ",": r"\,", "\n": r"\n"}.get(sign, sign) for sign in text)


def assert_wellformed(octets: bytes) -> None:
    """CRLF alone, 75 octets at most, UTF-8 that no fold cuts, no control characters."""
    assert octets.endswith(b"\r\n")
    lines = octets.removesuffix(b"\r\n").split(b"\r\n")
    for part in lines:
        assert len(part) <= 75
        assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", part)
        part.decode()


# --- A whole calendar


def test_a_feed_begins_with_its_method_and_name() -> None:
    octets = calendar_bytes(
        name="A Night of Cultural Revolt",
        description="Sister events\nin many cities",
        color="crimson",
        refresh=SIX_HOURS,
        zones=zones_of([("America/Bogota", utc(2024, 2, 25), utc(2024, 2, 25, 3))]),
        vevents=[vevent_bytes(the_night()), vevent_bytes(the_night(uid="other@example.org"))],
    )
    assert_wellformed(octets)
    assert unfolded(octets)[:16] == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//IEC Events//IEC Events//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        r"DESCRIPTION;LANGUAGE=en:Sister events\nin many cities",
        r"X-WR-CALDESC:Sister events\nin many cities",
        "NAME;LANGUAGE=en:A Night of Cultural Revolt",
        "X-WR-CALNAME:A Night of Cultural Revolt",
        "COLOR:crimson",
        "REFRESH-INTERVAL;VALUE=DURATION:PT6H",
        "X-APPLE-CALENDAR-COLOR:#DC143C",
        "X-PUBLISHED-TTL:PT6H",
        "BEGIN:VTIMEZONE",
        "TZID:America/Bogota",
        "BEGIN:STANDARD",
    ]
    assert octets.count(b"BEGIN:VEVENT") == 2
    assert octets.endswith(b"END:VEVENT\r\nEND:VCALENDAR\r\n")


def test_an_empty_feed_still_holds_a_component() -> None:
    octets = calendar_bytes(name="Nothing yet", zones=[], vevents=[])
    assert octets.count(b"BEGIN:VTIMEZONE") == 1
    assert b"BEGIN:VEVENT" not in octets


# --- Mails


def test_an_invitation_is_for_one_guest_who_has_accepted() -> None:
    octets = invitation_bytes(the_night(), attendee_email="shirin@example.org")
    assert_wellformed(octets)
    assert "METHOD:REQUEST" in unfolded(octets)
    assert line(octets, "ATTENDEE") == (
        "ATTENDEE;CUTYPE=INDIVIDUAL;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT;RSVP=FALSE:mailto:shirin@example.org"
    )
    assert line(octets, "TZID") == "TZID:America/Los_Angeles"


def test_a_cancellation_keeps_the_uid_and_raises_the_sequence() -> None:
    octets = invitation_bytes(the_night(sequence=3), attendee_email="shirin@example.org", method="CANCEL")
    assert {"METHOD:CANCEL", "STATUS:CANCELLED", "SEQUENCE:3", "TRANSP:TRANSPARENT"} <= set(unfolded(octets))
    assert line(octets, "UID") == f"UID:{the_night().uid}"


def test_a_download_names_no_guest() -> None:
    octets = invitation_bytes(the_night(), attendee_email="shirin@example.org", method="PUBLISH")
    assert "METHOD:PUBLISH" in unfolded(octets)
    assert b"shirin" not in octets


def test_a_mail_needs_an_organizer_and_an_event_that_happens() -> None:
    with pytest.raises(ValueError, match="organizer"):
        invitation_bytes(the_night(organizer_email=None), attendee_email="shirin@example.org")
    with pytest.raises(ValueError, match="CANCEL"):
        invitation_bytes(the_night(status="cancelled"), attendee_email="shirin@example.org")
