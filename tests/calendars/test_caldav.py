"""A CalDAV server takes our downloads, feeds and invitations, and reads their times as zoneinfo does."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from iec_events.calendars.entry import CalendarEvent
from iec_events.calendars.ical import invitation_bytes
from iec_events.core import clock
from iec_events.events import actions
from iec_events.events.actions.series import take_out
from iec_events.events.drafts import day_begins, draft_of
from tests.calendars.caldav import CalDav
from tests.calendars.samples import the_night, utc
from tests.calendars.test_other_readers import FIRST, HOUR, LAST, changes_of_clocks, feed, nameless
from tests.events.serial import a_vigil, dates

DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> CalDav:
    return CalDav(tmp_path_factory.mktemp("radicale"))


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "America/Santiago", "Asia/Tehran", "Australia/Lord_Howe"])
def test_every_start_and_end_is_zoneinfos(server: CalDav, zone: str) -> None:
    """Ends within the hour that comes twice are left to the other readers: of those, this one errs by an hour."""
    spans = sorted(
        (change + start * HOUR, change + (start + long) * HOUR)
        for change in [*changes_of_clocks(zone), utc(2023, 1, 15), utc(2023, 7, 15)]
        for start, long in ((-27, 2), (-5, 2), (-2, 6), (24, 2))  # the day before, just before, over it, a day after
    )
    nights = [
        the_night(uid=f"{starts_at:%Y%m%d%H}@x", time_zone=zone, starts_at=starts_at, ends_at=ends_at)
        for starts_at, ends_at in spans
    ]
    server.put_all("zone", nameless(feed(nights)))
    assert server.busy("zone", FIRST, LAST + 9 * DAY) == spans


ODD_ONES = {
    "over midnight and the change of clocks": the_night(starts_at=utc(2026, 3, 8, 6), ends_at=utc(2026, 3, 8, 13)),
    "into the hour that comes twice": the_night(starts_at=utc(2026, 11, 1, 6), ends_at=utc(2026, 11, 1, 10, 30)),
    "several days": the_night(starts_at=utc(2026, 10, 30, 17), ends_at=utc(2026, 11, 2, 4)),
    "online": the_night(time_zone="UTC", location="Online", geo=None, conference_url="https://meet.example.org/n"),
    "no address": the_night(location="", venue_title="", geo=None),
}


@pytest.mark.parametrize("name", ODD_ONES)
def test_what_is_put_there_is_found_when_it_is_and_not_before_or_after(server: CalDav, name: str) -> None:
    night = ODD_ONES[name]
    server.put("odd", "night", invitation_bytes(night, attendee_email="sara@example.org"))
    (found,) = server.within("odd", night.starts_at - DAY, night.ends_at + DAY)
    assert (found["DTSTART"].dt, found["DTEND"].dt) == (night.starts_at, night.ends_at)
    assert str(found["ATTENDEE"]) == "mailto:sara@example.org"
    assert server.within("odd", night.starts_at - HOUR, night.starts_at) == []
    assert server.within("odd", night.ends_at, night.ends_at + HOUR) == []
    assert len(server.within("odd", night.ends_at - HOUR / 60, night.ends_at)) == 1


@pytest.mark.parametrize("last", [0, 2])
def test_days_without_hours_are_found_on_their_days(server: CalDav, last: int) -> None:
    first, zone = dt.date(2026, 10, 31), "America/Los_Angeles"
    day = the_night(all_day=True, starts_at=day_begins(zone, first), ends_at=day_begins(zone, first + (last + 1) * DAY))
    server.put("days", "day", invitation_bytes(day, attendee_email="sara@example.org"))
    floats = utc(2026, 10, 31)  # days float; a server takes them in its own zone, this one in UTC
    (found,) = server.within("days", floats, floats + DAY)
    assert (found["DTSTART"].dt, found["DTEND"].dt) == (first, first + (last + 1) * DAY)
    assert server.within("days", floats - DAY, floats) == []
    assert server.within("days", floats + (last + 1) * DAY, floats + (last + 2) * DAY) == []


def test_a_cancellation_takes_the_place_of_the_invitation(server: CalDav) -> None:
    night, who = the_night(), "sara@example.org"
    server.put("told", "night", invitation_bytes(night, attendee_email=who))
    server.put("told", "night", invitation_bytes(the_night(sequence=3), attendee_email=who, method="CANCEL"))
    (found,) = server.within("told", night.starts_at, night.ends_at)
    assert (str(found["UID"]), str(found["STATUS"]), found["SEQUENCE"]) == (night.uid, "CANCELLED", 3)


def test_a_feed_of_all_kinds_is_kept_whole(server: CalDav) -> None:
    nights: list[CalendarEvent] = [
        the_night(**{name: getattr(night, name) for name in ("starts_at", "ends_at", "time_zone")}, uid=f"{number}@x")
        for number, night in enumerate(ODD_ONES.values())
    ]
    server.put_all("feed", feed(nights))
    kept = {
        str(one["UID"]): (one["DTSTART"].dt, one["DTEND"].dt) for one in server.within("feed", FIRST, utc(2030, 1, 1))
    }
    assert kept == {night.uid: (night.starts_at, night.ends_at) for night in nights}


def test_what_comes_again_keeps_it_busy_on_its_dates(server: CalDav, client: FlaskClient) -> None:
    slug = a_vigil()  # every Tuesday, over the change of clocks
    moved, off, out = dates(slug)[1:4]
    draft = replace(draft_of(moved), starts_at=moved.starts_at + 26 * HOUR, ends_at=moved.ends_at + 27 * HOUR)
    actions.revise_event(slug=moved.slug, draft=draft, campaign_slug=None, now=clock.now())
    actions.cancel_event(slug=off.slug, now=clock.now())
    take_out(slug=out.slug, now=clock.now())
    server.put_all("series", client.get(f"/series/{slug}.ics").data)
    kept = [(one.starts_at, one.ends_at) for one in dates(slug) if one.status == "published"]
    assert len(kept) == 7
    assert server.busy("series", utc(2027, 1, 1), utc(2028, 1, 1)) == sorted(kept)
    for start, end in kept:
        assert len(server.within("series", start, end)) >= 1
