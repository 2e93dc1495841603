"""Drafts: clocks that jump, what speaks against a draft, and the slugs and steps made from it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from iec_events.events.drafts import (
    EventDraft,
    columns_of,
    day_begins,
    gap_around,
    is_safe_link,
    moments_of,
    objections,
    offset_name,
)
from iec_events.events.seats import availability
from iec_events.events.slugs import event_slug, is_secret, is_slug, numbered, slug_of, with_tail

CALIFORNIA = "America/Los_Angeles"
BERKELEY = EventDraft(
    texts={"en": {"title": "A Night of Cultural Revolt"}},
    time_zone=CALIFORNIA,
    starts_at=dt.datetime(2027, 2, 20, 18, tzinfo=dt.timezone(dt.timedelta(hours=-8))),
    ends_at=dt.datetime(2027, 2, 20, 21, tzinfo=dt.timezone(dt.timedelta(hours=-8))),
    city="Berkeley",
)


def naive(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def test_an_ordinary_time_is_one_moment() -> None:
    (moment,) = moments_of(CALIFORNIA, naive("2024-02-24 18:00"))
    assert moment.astimezone(dt.UTC) == dt.datetime(2024, 2, 25, 2, tzinfo=dt.UTC)
    assert offset_name(moment) == "UTC-8"


def test_a_time_in_the_spring_gap_is_none_and_the_gap_is_known() -> None:
    assert moments_of(CALIFORNIA, naive("2027-03-14 02:30")) == ()
    assert gap_around(CALIFORNIA, naive("2027-03-14 02:30")) == (naive("2027-03-14 02:00"), naive("2027-03-14 03:00"))
    assert gap_around("Pacific/Apia", naive("2011-12-30 12:00")) == (naive("2011-12-30"), naive("2011-12-31"))


def test_a_time_in_the_repeated_hour_is_two() -> None:
    moments = moments_of(CALIFORNIA, naive("2027-11-07 01:30"))
    assert [offset_name(moment) for moment in moments] == ["UTC-7", "UTC-8"]
    assert [offset_name(m) for m in moments_of("Asia/Tehran", naive("2022-09-21 23:30"))] == ["UTC+4:30", "UTC+3:30"]


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        (CALIFORNIA, "2027-02-20", "2027-02-20T00:00:00-08:00"),
        ("America/Santiago", "2026-09-06", "2026-09-06T01:00:00-03:00"),  # clocks jump at midnight
        ("America/Havana", "2026-11-01", "2026-11-01T00:00:00-04:00"),  # midnight comes twice
        ("Asia/Tehran", "2022-03-22", "2022-03-22T01:00:00+04:30"),
    ],
)
def test_a_day_begins_with_its_first_moment(zone: str, day: str, begins: str) -> None:
    assert day_begins(zone, dt.date.fromisoformat(day)).isoformat() == begins


@pytest.mark.parametrize(
    ("first", "last", "change", "field"),
    [
        ("2027-03-13", "2027-03-15", {}, None),  # clocks go forward within
        ("2027-10-15", "2027-11-14", {}, None),  # 31 days, and an hour more
        ("2027-10-15", "2027-11-15", {}, "ends_at"),
        ("2027-03-13", "2027-03-12", {}, "ends_at"),
        ("2027-03-13", "2027-03-13", {"doors_at": day_begins(CALIFORNIA, dt.date(2027, 3, 13))}, "doors_at"),
        ("2027-03-13", "2027-03-13", {"starts_at": BERKELEY.starts_at}, "starts_at"),
        ("2027-03-13", "2027-03-13", {"time_zone": "Berkeley"}, "time_zone"),
        (
            "2027-03-13",
            "2027-03-13",
            {"rsvp_closes_at": day_begins(CALIFORNIA, dt.date(2027, 3, 15))},
            "rsvp_closes_at",
        ),
        ("2027-03-13", "2027-03-13", {"reminders": [24, 3]}, "reminders"),
    ],
)
def test_an_event_without_hours_lasts_whole_days(
    first: str, last: str, change: dict[str, Any], field: str | None
) -> None:
    days = {
        "starts_at": day_begins(CALIFORNIA, dt.date.fromisoformat(first)),
        "ends_at": day_begins(CALIFORNIA, dt.date.fromisoformat(last) + dt.timedelta(days=1)),
    }
    found = objections(replace(BERKELEY, all_day=True, **{**days, **change}))
    assert [name for name, _sentence in found] == ([field] if field else [])


def test_reminders_are_kept_once_and_in_order() -> None:
    assert columns_of(replace(BERKELEY, reminders=[2, 168, 2]))["reminders"] == [168, 2]


@pytest.mark.usefixtures("app")
def test_an_end_in_the_second_half_of_a_repeated_hour_comes_after_the_first() -> None:
    first, second = moments_of(CALIFORNIA, naive("2027-11-07 01:30"))
    night = replace(BERKELEY, starts_at=first, ends_at=second)
    assert objections(night) == []
    assert columns_of(night)["ends_at"] - columns_of(night)["starts_at"] == dt.timedelta(hours=1)
    assert [name for name, _text in objections(replace(night, starts_at=second, ends_at=first))] == ["ends_at"]


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ends_at": BERKELEY.starts_at}, "ends_at"),
        ({"ends_at": BERKELEY.starts_at + dt.timedelta(days=90)}, "ends_at"),
        ({"time_zone": "Berkeley"}, "time_zone"),
        ({"doors_at": BERKELEY.starts_at + dt.timedelta(minutes=1)}, "doors_at"),
        ({"rsvp_opens_at": BERKELEY.ends_at}, "rsvp_opens_at"),
        ({"rsvp_closes_at": BERKELEY.ends_at + dt.timedelta(hours=1)}, "rsvp_closes_at"),
        ({"country": "usa"}, "country"),
        ({"latitude": 37.8}, "longitude"),
        ({"latitude": 91.0, "longitude": 3.0}, "latitude"),
        ({"latitude": 0.0, "longitude": 0.0}, "latitude"),
        ({"online_url": "http://example.org"}, "online_url"),
        ({"donation_url": "javascript:alert(1)"}, "donation_url"),
        ({"capacity": 0}, "capacity"),
        ({"largest_party": 0}, "largest_party"),
        ({"keep_days": -1}, "keep_days"),
        ({"keep_days": 15}, "keep_days"),
        ({"programme": [{"at": "25:00", "title": {}, "note": {}}]}, "programme"),
        ({"programme": [{"at": "", "title": {}, "note": {}}] * 21}, "programme"),
        ({"texts": {"de": {"title": "Nacht"}}}, "texts"),
    ],
)
def test_what_speaks_against_a_draft(change: dict[str, Any], field: str) -> None:
    found = objections(replace(BERKELEY, **change))
    assert [name for name, _sentence in found] == [field]
    assert all(str(sentence).endswith(".") for _name, sentence in found)


def test_links_lead_to_sites_over_https() -> None:
    assert is_safe_link("https://meet.example.org/night?x=1")
    for bad in (
        "http://example.org",
        "https://",
        "https://u:p@example.org",
        "https://[x",
        "https://a b.org",
        "//x.org",
    ):
        assert not is_safe_link(bad), bad


def test_slugs_take_off_accents_and_need_a_latin_letter() -> None:
    assert slug_of("Noche de rebelión: ¡Ñandú y canción!") == "noche-de-rebelion-nandu-y-cancion"
    assert slug_of("شب شورش فرهنگی") == ""
    assert slug_of("new") == ""
    assert len(slug_of("a long title " * 40)) <= 72
    farsi = replace(BERKELEY, texts={"fa": {"title": "شب شورش"}}, city="Bogotá")
    assert event_slug(farsi) == "2027-02-20-bogota"


def test_a_slug_fits_into_an_address() -> None:
    assert is_slug("berkeley-2027")
    for bad in ("", "new", "Berkeley", "a--b", "-a", "a/b", "a" * 81, "ñ"):
        assert not is_slug(bad), bad
    assert numbered("night", {"night", "night-2"}) == "night-3"


@pytest.mark.parametrize(
    ("capacity", "taken", "step"),
    [
        (None, 500, ""),
        (50, 0, "plenty"),
        (50, 25, "plenty"),
        (50, 26, "some"),
        (50, 40, "few"),
        (50, 50, "full"),
        (1000, 900, "some"),
        (1000, 975, "few"),
        (4, 3, ""),
        (4, 4, "full"),
    ],
)
def test_steps_are_coarse_and_silent_while_small(capacity: int | None, taken: int, step: str) -> None:
    assert availability(capacity, taken) == step


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"hold_hours": 0}, "hold_hours"),
        ({"hold_hours": 49}, "hold_hours"),
        ({"offer_hours": 0}, "offer_hours"),
        ({"offer_hours": 169}, "offer_hours"),
        ({"largest_party": 1, "asks_companions": True}, "asks_companions"),
        ({"largest_party": 1, "asks_children": True}, "asks_children"),
    ],
    ids=str,
)
def test_how_people_sign_up_must_not_contradict_itself(wrong: dict[str, Any], field: str) -> None:
    assert [name for name, _sentence in objections(replace(BERKELEY, **wrong))] == [field]


def test_every_way_of_signing_up_that_can_be_is_allowed() -> None:
    every: dict[str, Any] = {
        "confirms_address": True,
        "needs_approval": True,
        "asks_companions": True,
        "asks_children": True,
    }
    for hours in (1, 48):
        assert objections(replace(BERKELEY, **every, hold_hours=hours, offer_hours=hours, listed=False)) == []
    assert objections(replace(BERKELEY, offer_hours=168, largest_party=1, address_hidden=True, puzzle=True)) == []


def test_a_slug_with_a_tail_is_hard_to_guess_and_still_a_slug() -> None:
    for slug in ("night", "x" * 80, "2027-02-20-bogota"):
        made = with_tail(slug)
        assert (is_slug(made), is_secret(made)) == (True, True)
        assert made != with_tail(slug)
    for plain in ("night-of-cultural-revolution", "berkeley-2027", "a-1234567890", "k4w2mz7"):
        assert not is_secret(plain)
