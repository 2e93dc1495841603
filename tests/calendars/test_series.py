"""What comes again as calendars tell it, expanded by others to exactly the dates of the pages."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from icalendar import Calendar

from iec_events.core import clock
from iec_events.core.db import atomic
from iec_events.events import actions
from iec_events.events.drafts import CampaignDraft, draft_of
from iec_events.events.models import Event
from iec_events.events.recurrence import Rule
from tests.calendars.expanding import Date, by_dateutil, by_ical_js, by_libical
from tests.calendars.test_life import is_golden
from tests.conftest import Installation
from tests.events.serial import TUESDAYS, a_vigil, date, dates, series, somebody_comes
from tests.factories import a_campaign, an_event, three_languages

BERKELEY, BOGOTA, TEHRAN, SANTIAGO = "America/Los_Angeles", "America/Bogota", "Asia/Tehran", "America/Santiago"
HOUR = dt.timedelta(hours=1)
STATUS = {"published": "CONFIRMED", "cancelled": "CANCELLED", "postponed": "TENTATIVE"}


@pytest.fixture
def readers(installation: Installation, ical_js: Path, libical: Any) -> dict[str, Any]:
    """Those who expand calendars. Octets of the other database are read by the quickest: they are to be the same."""
    if installation.engine.dialect.name != "sqlite":
        return dict.fromkeys(("dateutil", "ical.js", "libical"), by_dateutil)
    return {
        "dateutil": by_dateutil,
        "ical.js": lambda octets: by_ical_js(ical_js, octets),
        "libical": lambda octets: by_libical(libical, octets),
    }


def on_the_pages(found: list[Event]) -> list[Date]:
    """What readers should come to: the dates as they are kept."""
    shown = [one for one in found if one.status != "draft"]
    return sorted(
        (int(one.starts_at.timestamp()), int(one.ends_at.timestamp()), STATUS[one.status], _title(one)) for one in shown
    )


def _title(one: Event) -> str:
    marks = {"cancelled": "Cancelled: ", "postponed": "Postponed: "}
    return marks.get(one.status, "") + one.texts["en"]["title"]


def said(octets: bytes) -> list[Any]:
    return list(Calendar.from_ical(octets).walk("VEVENT"))


def at_place(zone: str, *parts: int) -> dt.datetime:
    local = dt.datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


def revise(slug: str, **changes: Any) -> None:
    draft = replace(draft_of(date(slug)), **changes)
    actions.revise_event(slug=slug, draft=draft, campaign_slug=None, now=clock.now())


RULES = {
    "weekly": (TUESDAYS, dt.date(2027, 12, 28)),
    "fortnightly": (Rule(every="week", interval=2, weekdays=(0, 4, 6)), dt.date(2028, 1, 30)),
    "last Sunday": (Rule(every="month", nth=-1, weekdays=(6,)), dt.date(2028, 6, 30)),
    "daily": (Rule(every="day"), dt.date(2027, 4, 20)),
}


@pytest.mark.parametrize(
    ("zone", "rule"),
    [(BERKELEY, "weekly"), (BOGOTA, "last Sunday"), (TEHRAN, "daily"), (SANTIAGO, "fortnightly")],
)
def test_readers_come_to_the_dates_of_the_pages(
    client: FlaskClient, readers: dict[str, Any], rule: str, zone: str
) -> None:
    start = at_place(zone, 2027, 2, 2, 18)
    a_vigil(*RULES[rule], time_zone=zone, starts_at=start, ends_at=start + HOUR)
    octets, expected = client.get("/series/vigil.ics").data, on_the_pages(dates())
    assert len(said(octets)) == 1
    for name, read in readers.items():
        assert read(octets) == expected, name
    walls = {dt.datetime.fromtimestamp(start, ZoneInfo(zone)).time() for start, *_rest in expected}
    assert walls == {dt.time(18)}


@pytest.mark.parametrize(
    ("zone", "first", "until"),
    [
        (BERKELEY, (2027, 3, 11, 2, 30), dt.date(2027, 3, 17)),  # skipped on the 14th
        (BERKELEY, (2027, 11, 5, 1, 30), dt.date(2027, 11, 10)),  # twice on the 7th
        (BERKELEY, (2027, 11, 5, 22, 0), dt.date(2027, 11, 10)),  # over that night
        (SANTIAGO, (2027, 4, 1, 23, 30), dt.date(2027, 4, 6)),  # twice on the 3rd
        (SANTIAGO, (2027, 9, 2, 0, 30), dt.date(2027, 9, 8)),  # skipped on the 5th
        ("Europe/London", (2027, 3, 27, 0, 30), dt.date(2027, 3, 30)),
    ],
)
def test_nights_on_which_clocks_change(
    client: FlaskClient, readers: dict[str, Any], zone: str, first: tuple[int, ...], until: dt.date
) -> None:
    start = at_place(zone, *first)
    a_vigil(Rule(every="day"), until, time_zone=zone, starts_at=start, ends_at=start + 6 * HOUR)
    octets, expected = client.get("/series/vigil.ics").data, on_the_pages(dates())
    skips = len(expected) < (until - wall(zone, int(start.timestamp())).date()).days + 1
    for name, read in readers.items():
        if name == "libical" and skips:  # it takes the day after the gap to be an hour late as well
            assert [wall(zone, each[0]).date() for each in read(octets)] == [
                wall(zone, each[0]).date() for each in expected
            ]
        else:
            assert read(octets) == expected, name
    length = {wall(zone, end) - wall(zone, start) for start, end, *_rest in expected}
    assert length == {6 * HOUR}, "on the clocks"


def test_a_date_that_clocks_show_twice_says_which_it_is(client: FlaskClient) -> None:
    start = at_place(BERKELEY, 2027, 11, 5, 1, 30)
    a_vigil(Rule(every="day"), dt.date(2027, 11, 9), starts_at=start, ends_at=start + HOUR)
    _master, first_of_two = said(client.get("/series/vigil.ics").data)
    assert first_of_two["RECURRENCE-ID"].to_ical() == b"20271107T013000"
    assert first_of_two["DTSTART"].to_ical() == b"20271107T083000Z"


def wall(zone: str, seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, ZoneInfo(zone)).replace(tzinfo=None)


def test_dates_moved_renamed_cancelled_and_taken_out(client: FlaskClient, readers: dict[str, Any], clock: Any) -> None:
    a_vigil(until=dt.date(2027, 5, 25))
    steps: list[tuple[str, Any]] = [
        ("moved", lambda _now: revise("vigil-2027-02-09", starts_at=at_place(BERKELEY, 2027, 2, 10, 19),
                                     ends_at=at_place(BERKELEY, 2027, 2, 10, 20))),
        ("over the change", lambda _now: revise("vigil-2027-03-09", starts_at=at_place(BERKELEY, 2027, 3, 14, 1),
                                               ends_at=at_place(BERKELEY, 2027, 3, 14, 4))),
        ("renamed", lambda _now: revise("vigil-2027-03-30", texts=three_languages("Vigil for Narges"))),
        ("cancelled", lambda now: actions.cancel_event(slug="vigil-2027-02-02", now=now)),
        ("taken out", lambda now: actions.take_out(slug="vigil-2027-05-25", now=now)),
        ("taken out", lambda now: actions.take_out(slug="vigil-2027-03-16", now=now)),
        ("reinstated", lambda now: actions.reinstate(slug="vigil-2027-02-02", now=now)),
        ("put back", lambda now: actions.put_back(slug="vigil-2027-03-16", now=now)),
        ("all elsewhere", lambda now: actions.revise_dates(
            slug="vigil-2027-02-16", draft=replace(draft_of(date("vigil-2027-02-16")), city="Oakland"),
            campaign_slug=None, made_from=date("vigil-2027-02-16").revised_at, locale="en", now=now)),
        ("another hour", lambda now: actions.change_rule(
            slug="vigil", rule=TUESDAYS, at=dt.time(20), from_day=dt.date(2027, 4, 1), until=dt.date(2027, 5, 25),
            odd=actions.KEEP, now=now)),
        ("all cancelled", lambda now: actions.cancel_series(slug="vigil", now=now)),
    ]  # fmt: skip
    somebody_comes("vigil-2027-04-20")
    before: dict[tuple[str, Any], tuple[int, dt.datetime]] = {}
    for number, (name, step) in enumerate(steps, start=1):
        clock.shift(60)
        step(dt.datetime.now(dt.UTC))
        octets, expected = client.get("/series/vigil.ics").data, on_the_pages(dates())
        assert is_golden(f"series-{number:02}-{name.replace(' ', '-')}", with_plain_uids(octets)), name
        for reader, read in readers.items():
            if reader != "ical.js" or name in {"over the change", "another hour", "all cancelled"}:  # it takes its time
                assert read(octets) == expected, (name, reader)
        assert said(client.get("/calendar.ics").data) == said(octets), "a feed says the very same"
        told = {
            (str(event["UID"]), str(event["RECURRENCE-ID"].dt) if "RECURRENCE-ID" in event else ""): (
                event["SEQUENCE"],
                event["DTSTAMP"].dt,
            )
            for event in said(octets)
        }
        for key in told.keys() & before.keys():
            assert told[key] >= before[key], (name, key)
        before |= told
        masters = {uid: sequence for (uid, instead), (sequence, _at) in told.items() if not instead}
        assert all(sequence >= masters[uid] for (uid, _instead), (sequence, _at) in told.items()), name
    assert len({uid for uid, _instead in before}) == 2, "what comes after another rule has a uid of its own"


def with_plain_uids(octets: bytes) -> bytes:
    """With UIDs that are the same in each run: `1@`, `2@` and so on, as they first appear."""
    for number, uid in enumerate(dict.fromkeys(re.findall(rb"(?<=\r\nUID:)[^@]+(?=@)", octets)), start=1):
        octets = octets.replace(uid, b"%d" % number)
    return octets


def test_a_date_by_itself_is_the_date_of_the_feed(client: FlaskClient) -> None:
    a_vigil()
    (event,) = said(client.get("/events/vigil-2027-03-16.ics").data)
    uid = series().uid
    assert (event["UID"], event["RECURRENCE-ID"].to_ical()) == (uid, b"20270316T180000")
    assert event["RECURRENCE-ID"].params["TZID"] == event["DTSTART"].params["TZID"] == BERKELEY
    assert "RRULE" not in event
    actions.cancel_event(slug="vigil-2027-03-16", now=clock.now())
    for address in ("/events/vigil-2027-03-16.ics", "/calendar.ics", "/series/vigil.ics"):
        one = next(each for each in said(client.get(address).data) if "RECURRENCE-ID" in each)
        assert (one["STATUS"], one["SEQUENCE"], str(one["UID"])) == ("CANCELLED", 1, uid), address


def test_the_lines_are_those_that_programs_take(client: FlaskClient) -> None:
    a_vigil(until=dt.date(2027, 4, 6))
    actions.take_out(slug="vigil-2027-02-16", now=clock.now())
    actions.take_out(slug="vigil-2027-03-16", now=clock.now())
    lines = client.get("/series/vigil.ics").data.decode().split("\r\n")
    assert "DTSTART;TZID=America/Los_Angeles:20270202T180000" in lines
    assert "DTEND;TZID=America/Los_Angeles:20270202T190000" in lines
    assert "RRULE:FREQ=WEEKLY;UNTIL=20270407T010000Z;BYDAY=TU" in lines
    assert [line for line in lines if line.startswith("EXDATE")] == [
        "EXDATE;TZID=America/Los_Angeles:20270216T180000",
        "EXDATE;TZID=America/Los_Angeles:20270316T180000",
    ]
    assert sum(line == "TZID:America/Los_Angeles" for line in lines) == 1


@pytest.mark.parametrize("locale", ["en", "fa", "es"])
def test_each_language_says_the_rule_in_its_words(client: FlaskClient, locale: str) -> None:
    a_vigil()
    prefix = "" if locale == "en" else f"/{locale}"
    (master,) = said(client.get(f"{prefix}/series/vigil.ics").data)
    assert str(master["URL"]) == f"http://127.0.0.1:8000{prefix}/series/vigil"
    description = str(master["DESCRIPTION"])
    days = {"en": "Tuesday", "fa": "سه‌شنبه", "es": "martes"}
    assert days[locale] in description.partition("\n")[0]
    if locale == "fa":
        assert "۱۰ فروردین ۱۴۰۶" in description, "the last day in the Persian calendar, in Persian digits"


def test_windows_cities_and_campaigns_hold_what_is_theirs(
    client: FlaskClient, readers: dict[str, Any], clock: Any
) -> None:
    campaign = a_campaign(slug="night")
    a_vigil(campaign="night", until=dt.date(2027, 6, 29))
    an_event(slug="once", starts_at=at_place(BERKELEY, 2027, 2, 20, 18), campaign_id=campaign.id)
    revise_one = draft_of(date("vigil-2027-05-04"))
    actions.revise_event(
        slug="vigil-2027-05-04", draft=replace(revise_one, city="Bogotá"), campaign_slug="night",
        now=dt.datetime.now(dt.UTC),
    )  # fmt: skip
    found = dates()
    clock.move_to(at_place(BERKELEY, 2027, 4, 14, 12))
    weeks = dt.datetime.now(dt.UTC) - dt.timedelta(weeks=8)
    everything = [*found, date("once")]
    for address, wanted in {
        "/campaigns/night.ics": everything,
        "/calendar/upcoming.ics": [one for one in everything if one.ends_at > weeks],
        "/calendar/past.ics": [one for one in everything if one.ends_at <= dt.datetime.now(dt.UTC)],
        "/cities/berkeley.ics": [one for one in everything if one.city == "Berkeley"],
        "/cities/bogota.ics": [one for one in everything if one.city == "Bogotá"],
    }.items():
        octets = client.get(address).data
        assert by_dateutil(octets) == on_the_pages(wanted), address
        assert readers["libical"](octets) == on_the_pages(wanted), address


def test_unlisted_dates_stand_in_no_feed_but_their_own(client: FlaskClient) -> None:
    a_vigil()
    revise("vigil-2027-03-16", listed=False)
    for address in ("/calendar.ics", "/series/vigil.ics"):
        assert len(by_dateutil(client.get(address).data)) == 8, address
    slug = a_vigil(listed=False)
    assert len(by_dateutil(client.get("/calendar.ics").data)) == 8
    answer = client.get(f"/series/{slug}.ics")
    assert len(by_dateutil(answer.data)) == 9
    assert "noindex" in answer.headers["X-Robots-Tag"]


def test_days_without_hours_come_again_as_days(client: FlaskClient, readers: dict[str, Any]) -> None:
    start = at_place("Africa/Cairo", 2027, 4, 23, 0)  # clocks jump at midnight on the 30th
    a_vigil(
        Rule(every="week", weekdays=(4,)), dt.date(2027, 5, 21), all_day=True, time_zone="Africa/Cairo",
        starts_at=start, ends_at=at_place("Africa/Cairo", 2027, 4, 25, 0),
    )  # fmt: skip
    actions.take_out(slug="vigil-2027-05-07", now=clock.now())
    octets = client.get("/series/vigil.ics").data
    text = octets.decode()
    for line in ("DTSTART;VALUE=DATE:20270423", "DTEND;VALUE=DATE:20270425", "EXDATE;VALUE=DATE:20270507"):
        assert f"{line}\r\n" in text
    assert "UNTIL=20270521;BYDAY=FR" in text
    days = [dt.datetime.fromtimestamp(start, dt.UTC).day for start, *_rest in readers["dateutil"](octets)]
    assert days == [23, 30, 14, 21]
    assert len(readers["libical"](octets)) == len(readers["ical.js"](octets)) == 4


def test_a_calendar_is_the_same_until_something_changes(client: FlaskClient, clock: Any) -> None:
    a_vigil()
    first = client.get("/series/vigil.ics")
    clock.shift(3600)
    again = client.get("/series/vigil.ics", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    revise("vigil-2027-03-16", capacity=30)
    other = client.get("/series/vigil.ics")
    before, after = (re.findall(rb"DTSTAMP:(\S+)", answer.data)[0] for answer in (first, other))
    assert after > before, "whatever changes, programs see that it did"


def test_dates_are_told_whose_state_changed_its_clocks_after_they_were_made(
    client: FlaskClient, readers: dict[str, Any]
) -> None:
    slug = a_vigil(until=dt.date(2027, 3, 30))
    with atomic():
        for one in dates(slug)[-3:]:  # made when there was no summer time
            one.starts_at, one.ends_at, one.recurs_at = (
                moment + HOUR for moment in (one.starts_at, one.ends_at, one.recurs_at or one.starts_at)
            )
    octets = client.get("/calendar.ics").data
    for reader, expand in readers.items():
        assert expand(octets) == on_the_pages(dates(slug)), reader
    told = {each.get("RECURRENCE-ID").dt.hour for each in said(octets) if each.get("RECURRENCE-ID")}
    assert told == {18}, "as the rule has it"


@pytest.mark.parametrize(("hour", "later"), [(0, -HOUR), (23, HOUR)])
def test_dates_are_told_whose_clocks_went_over_midnight_since(
    client: FlaskClient, hour: int, later: dt.timedelta
) -> None:
    start = dt.datetime(2027, 2, 2, hour, 30, tzinfo=ZoneInfo("America/Los_Angeles")).astimezone(dt.UTC)
    slug = a_vigil(starts_at=start, ends_at=start + HOUR, until=dt.date(2027, 3, 2))
    with atomic():
        for one in dates(slug)[-3:]:
            one.starts_at, one.ends_at, one.recurs_at = (
                moment + later for moment in (one.starts_at, one.ends_at, one.recurs_at or one.starts_at)
            )
    octets = client.get("/calendar.ics").data
    assert by_dateutil(octets) == on_the_pages(dates(slug))
    told = {each["RECURRENCE-ID"].dt.strftime("%a %H") for each in said(octets) if each.get("RECURRENCE-ID")}
    assert told == {f"Tue {hour:02}"}, "the day of the rule, not the one before or after"


def test_what_changes_soon_after_much_else_did_is_told(client: FlaskClient) -> None:
    a_campaign("Night", slug="night")
    a_vigil(campaign="night")
    day, until = dt.date(2027, 2, 2), dt.date(2027, 2, 23)
    actions.change_rule(
        slug="vigil", rule=TUESDAYS, at=None, from_day=day, until=until, odd=actions.KEEP, now=clock.now()
    )
    second = dates()[1]
    before = stamp_of(client, second.slug)
    moved = replace(draft_of(second), venue="La Peña")
    actions.revise_event(slug=second.slug, draft=moved, campaign_slug="night", now=clock.now())
    assert "La Peña" in client.get(f"/events/{second.slug}.ics").text
    assert before < stamp_of(client, second.slug)
    unseen = CampaignDraft(texts=three_languages("Night"), published=False)
    actions.revise_campaign(slug="night", draft=unseen, now=clock.now())
    assert "CATEGORIES" not in client.get(f"/events/{second.slug}.ics").text


def test_what_a_campaign_changes_in_an_entry_stamps_it_and_so_does_leaving_the_campaign(client: FlaskClient) -> None:
    """Within a second, too: an entry that was made before stays while its stamp does."""
    an_event(slug="berkeley", campaign_id=a_campaign("Night", slug="night").id)
    a_vigil(campaign="night", until=dt.date(2027, 2, 16))
    named: list[tuple[list[str], dt.datetime]] = []
    for name in ("Night", "Day", "Dawn"):
        draft = CampaignDraft(texts=three_languages(name), published=True)
        actions.revise_campaign(slug="night", draft=draft, now=clock.now())
        rule = next(each for each in said(client.get("/series/vigil.ics").data) if each.get("RRULE"))
        named.append(([str(one) for one in rule["CATEGORIES"].cats], rule["DTSTAMP"].dt))
    assert [names for names, _at in named] == [["Night"], ["Day"], ["Dawn"]]
    assert named[0][1] < named[1][1] < named[2][1]
    before = stamp_of(client, "berkeley")
    actions.revise_event(slug="berkeley", draft=draft_of(date("berkeley")), campaign_slug=None, now=clock.now())
    assert "CATEGORIES" not in client.get("/events/berkeley.ics").text
    assert before < stamp_of(client, "berkeley")


def stamp_of(client: FlaskClient, slug: str) -> dt.datetime:
    stamp: dt.datetime = said(client.get(f"/events/{slug}.ics").data)[0]["DTSTAMP"].dt
    return stamp
