"""The sample campaign: true to the night it tells of, always ahead of whoever tries it, and never moved by itself."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from persiantools.jdatetime import JalaliDate

from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.core.i18n import LOCALES
from iec_events.events.models import Campaign, Event, Image
from iec_events.front.samples import SAMPLE_CAMPAIGN, load_samples
from iec_events.solidarity.models import Message

pytestmark = pytest.mark.usefixtures("app")


def event(slug: str) -> Event:
    db.session.rollback()
    return db.session.scalars(sa.select(Event).where(Event.slug == slug)).one()


def count(kind: type[Campaign | Event | Image | Message]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(kind)) or 0


def local(slug: str) -> str:
    found = event(slug)
    return clocks(found.starts_at, found.time_zone)


def clocks(moment: dt.datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def test_the_golden_case() -> None:
    """Berkeley 24 February 2024 18:00 is Bogotá 21:00 and Tehran 05:30 on the 25th, which is 6 Esfand 1402."""
    load_samples(clock.now())
    starts = event("berkeley-2024").starts_at

    assert clocks(starts, "America/Los_Angeles") == "2024-02-24 18:00"
    assert clocks(starts, "America/Bogota") == "2024-02-24 21:00"
    assert clocks(starts, "Asia/Tehran") == "2024-02-25 05:30"
    tehran = starts.astimezone(ZoneInfo("Asia/Tehran")).date()
    assert JalaliDate.to_jalali(tehran) == JalaliDate(1402, 12, 6)


@pytest.mark.parametrize("days", range(7))
def test_the_coming_nights_are_on_the_first_weekend_three_weeks_ahead(days: int) -> None:
    now = clock.now() + dt.timedelta(days=days)
    load_samples(now)

    saturday = dt.date.fromisoformat(local("berkeley")[:10])
    assert saturday.weekday() == 5
    assert 21 <= (saturday - now.date()).days <= 27
    for slug in ("bogota", "cali", "online"):
        assert local(slug)[:10] == f"{saturday + dt.timedelta(days=1)}"
    once = sa.select(Event.slug).where(Event.series_id.is_(None))
    assert db.session.scalars(once.order_by(Event.starts_at)).all() == [
        "berkeley-2024",
        "berkeley",
        "online",
        "bogota",
        "cali",
    ]


def test_the_vigil_comes_every_tuesday_once_the_nights_are_over(client: FlaskClient) -> None:
    load_samples(clock.now())
    dates = db.session.scalars(sa.select(Event).where(Event.series_id.is_not(None)).order_by(Event.starts_at)).all()
    assert len(dates) == 12
    assert {f"{one.starts_at.astimezone(ZoneInfo('Europe/Berlin')):%A %H:%M}" for one in dates} == {"Tuesday 18:00"}
    assert dates[0].starts_at > event("cali").ends_at
    home = client.get("/").text
    assert home.count("/events/vigil-") == 1, "once, with its next date"
    assert "Every Tuesday at 6 pm" in home


def test_the_sample_speaks_three_languages_everywhere() -> None:
    load_samples(clock.now())

    for found in [*db.session.scalars(sa.select(Event)), *db.session.scalars(sa.select(Campaign))]:
        assert set(found.texts) == set(LOCALES)
        assert len({frozenset(said) - {"city_name"} for said in found.texts.values()}) == 1
        assert {"title", "summary", "description"} <= set(found.texts["en"])
    for found in db.session.scalars(sa.select(Event)):
        for item in found.programme:
            assert set(item["title"]) == set(LOCALES)
            assert set(item["note"]) in (set(), set(LOCALES))


def test_the_sample_shows_every_kind_of_room() -> None:
    load_samples(clock.now())
    assert dict(db.session.execute(sa.select(Event.slug, Event.capacity).where(Event.series_id.is_(None))).all()) == {
        "berkeley-2024": None,
        "berkeley": 120,
        "online": None,
        "bogota": 60,
        "cali": 12,
    }


def test_the_walls_hold_samples_in_many_languages() -> None:
    load_samples(clock.now())

    walls = db.session.scalars(sa.select(Message)).all()
    past = [message for message in walls if message.event_id == event("berkeley-2024").id]
    assert 12 <= len(past) <= 14
    assert {"en", "fa", "es", "ku", "ar", "de", "fr"} == {message.language for message in past}
    assert all(message.sample and message.status == "approved" for message in walls)
    assert any(message.signature is None for message in past)


def test_a_second_start_moves_nothing_even_weeks_later() -> None:
    load_samples(clock.now())
    rows = count(Event), count(Message), count(Image)
    starts, revised_at = event("berkeley").starts_at, event("berkeley").revised_at

    load_samples(clock.now() + dt.timedelta(days=40))

    assert (count(Event), count(Message), count(Image)) == rows
    assert (event("berkeley").starts_at, event("berkeley").revised_at) == (starts, revised_at)


def test_the_sample_is_not_loaded_over_what_an_organizer_made_of_it() -> None:
    load_samples(clock.now())
    with atomic():
        event("cali").venue = "Elsewhere"

    load_samples(clock.now())

    assert event("cali").venue == "Elsewhere"
    assert db.session.scalars(sa.select(Campaign.slug)).one() == SAMPLE_CAMPAIGN
