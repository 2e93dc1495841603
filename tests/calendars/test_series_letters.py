"""One date of a series as its attendee is told it: in letters, in a calendar of their own; and on a CalDAV server."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar
from time_machine import Traveller

from iec_events.core import clock as our_clock
from iec_events.core.tokens import new_token
from iec_events.events import actions
from iec_events.events.drafts import draft_of
from iec_events.rsvps.actions import Party, make_calendar, place_rsvp
from iec_events.rsvps.own_calendar import own_calendar
from iec_events.rsvps.queries import calendar_token_of
from tests.calendars.caldav import CalDav
from tests.calendars.test_life import delivered, file_in
from tests.conftest import Installation
from tests.events.serial import HOUR, TUESDAYS, UNTIL, a_vigil, date, dates, series

SPRING = "vigil-2027-03-16"


def read(octets: bytes) -> Any:
    (event,) = Calendar.from_ical(octets).walk("VEVENT")
    return event


def test_letters_and_feeds_speak_of_the_same_entry(
    app: Flask, client: FlaskClient, installation: Installation, clock: Traveller
) -> None:
    a_vigil()
    uid, token = series().uid, new_token()
    party = Party(name="Sara", email="sara@example.org", party_size=1, note="", locale="en")
    placed = place_rsvp(slug=SPRING, party=party, token=token, now=our_clock.now())
    told = []
    steps: list[Any] = [
        lambda _now: None,
        lambda now: actions.revise_event(
            slug=SPRING, draft=replace(draft_of(date(SPRING)), starts_at=date(SPRING).starts_at + HOUR / 2),
            campaign_slug=None, now=now),
        lambda now: actions.change_rule(
            slug="vigil", rule=TUESDAYS, at=dt.time(20), from_day=dt.date(2027, 3, 1), until=UNTIL,
            odd=actions.KEEP, now=now),
        lambda now: actions.cancel_series(slug="vigil", now=now),
    ]  # fmt: skip
    for step in steps:
        step(our_clock.now())
        clock.shift(HOUR)
        for letter in delivered(app, installation):
            method, octets = file_in(letter)
            event = read(octets)
            assert (str(event["UID"]), event["RECURRENCE-ID"].to_ical()) == (uid, b"20270316T180000")
            assert b"TZID:America/Los_Angeles" in octets
            told.append((method, event["SEQUENCE"]))
            feed = client.get("/calendar.ics").data
            events: list[Any] = list(Calendar.from_ical(feed).walk("VEVENT"))
            same = [
                each
                for each in events
                if (str(each["UID"]), each.get("RECURRENCE-ID")) == (uid, event["RECURRENCE-ID"])
            ]
            for each in same:
                assert (each["SEQUENCE"], each["DTSTART"].dt) == (event["SEQUENCE"], event["DTSTART"].dt)
            assert bool(same) == (len(told) > 1), "as the rule has it at first, then by itself"
    assert [method for method, _sequence in told] == ["REQUEST", "REQUEST", "CANCEL"], "moved singly, it stays put"
    sequences = [sequence for _method, sequence in told]
    assert sequences == sorted(set(sequences))
    assert placed.rsvp_id


def test_an_attendees_own_calendar_names_the_date_likewise(app: Flask) -> None:
    del app
    a_vigil()
    token = new_token()
    party = Party(name="Sara", email=None, party_size=1, note="", locale="en")
    place_rsvp(slug=SPRING, party=party, token=token, now=our_clock.now())
    secret = calendar_token_of(make_calendar(token=token, now=our_clock.now()))
    assert secret
    event = read(own_calendar(secret, "en", our_clock.now()))
    assert (str(event["UID"]), event["RECURRENCE-ID"].to_ical()) == (series().uid, b"20270316T180000")


def test_a_server_finds_every_date_where_it_is(client: FlaskClient, tmp_path: Path) -> None:
    a_vigil()
    actions.take_out(slug="vigil-2027-02-16", now=our_clock.now())
    moved = date("vigil-2027-03-02")
    actions.revise_event(
        slug=moved.slug,
        draft=replace(draft_of(moved), starts_at=moved.starts_at + 24 * HOUR, ends_at=moved.ends_at + 24 * HOUR),
        campaign_slug=None,
        now=our_clock.now(),
    )
    server = CalDav(tmp_path)
    server.put_all("vigils", client.get("/series/vigil.ics").data)
    shown = [one for one in dates() if one.status != "draft"]
    assert len(shown) == 8
    for one in shown:
        assert server.within("vigils", one.starts_at, one.ends_at), one.slug
        assert not server.within("vigils", one.ends_at + HOUR, one.ends_at + 2 * HOUR), one.slug
    gone = date("vigil-2027-02-16")
    assert not server.within("vigils", gone.starts_at, gone.ends_at)
