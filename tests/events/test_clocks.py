"""A state changes its clocks after an event was announced: the hour on the wall stays, on both databases."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from iec_events.core import clock
from iec_events.core.db import SiteState, atomic, db, generation
from iec_events.events import actions
from iec_events.events.actions import (
    EventChangedMeanwhile,
    follow_clocks,
    note_rules,
    revise_dates,
    revise_event,
    take_out,
)
from iec_events.events.commands import load_file
from iec_events.events.drafts import draft_of
from iec_events.events.models import Event
from iec_events.events.patterns import course_of, is_usual
from iec_events.events.plans import plan_of
from iec_events.events.recurrence import Rule
from iec_events.events.walls import MOMENTS, wall_of
from iec_events.organizers.audit import OPERATOR, acting
from iec_events.organizers.models import AuditEntry
from tests.events.new_clocks import AHEAD, LOS_ANGELES, changed_clocks
from tests.events.serial import a_vigil, date, dates, series
from tests.events.test_at_once import REST, at_once, slow
from tests.factories import an_event

pytestmark = pytest.mark.usefixtures("app")
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
SIX = dt.datetime(2027, 2, 15, 2, tzinfo=dt.UTC)  # 18:00 on 14 February in Berkeley


def there(moment: dt.datetime | None, zone: str = LOS_ANGELES) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%d %H:%M}" if moment else ""


def shown(event: Event) -> list[str]:
    return [there(getattr(event, name)) for name in MOMENTS]


def agree(event: Event) -> bool:
    own = {name: wall_of(moment, event.time_zone) for name in MOMENTS if (moment := getattr(event, name))}
    return {name: wall for name, wall in event.walls.items() if name in MOMENTS} == own


def follow() -> int:
    db.session.rollback()
    found = follow_clocks(clock.now())
    db.session.rollback()
    return found


def revise(slug: str, *, made_from: dt.datetime | None = None, **others: Any) -> None:
    draft = replace(draft_of(date(slug)), **others)
    revise_event(slug=slug, draft=draft, campaign_slug=None, made_from=made_from, now=clock.now())


def test_every_way_of_writing_a_time_keeps_what_the_clocks_show() -> None:
    event = an_event(starts_at=SIX, slug="one")
    assert event.walls["starts_at"] == ["2027-02-14T18:00:00", 0]
    assert agree(event)
    revise("one", doors_at=SIX - HOUR, rsvp_closes_at=SIX)
    assert agree(date("one"))
    revise("one", rsvp_closes_at=None, time_zone="America/Bogota")
    assert agree(date("one"))
    assert set(date("one").walls) == {"starts_at", "ends_at", "doors_at"}
    a_vigil()
    assert series().walls == {"starts_at": ["2027-02-02T18:00:00", 0]}
    assert {one.walls["recurs_at"][0][11:] for one in dates()} == {"18:00:00"}
    assert all(agree(one) for one in dates())


def test_an_event_stays_at_the_hour_that_was_announced(tmp_path: Path) -> None:
    an_event(
        slug="one", starts_at=SIX, doors_at=SIX - HOUR, rsvp_opens_at=SIX - 10 * DAY, rsvp_closes_at=SIX - 2 * HOUR
    )
    before, revised_at, pages = shown(date("one")), date("one").revised_at, generation()
    with changed_clocks(tmp_path):
        assert shown(date("one")) != before
        assert follow() == 1
        event = date("one")
        assert shown(event) == before
        assert event.starts_at == SIX - HOUR
        assert (event.sequence, event.clocks, agree(event)) == (1, "kept", True)
        assert event.revised_at > revised_at
        assert generation() > pages
        noted = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert noted is not None
        assert (noted.what, noted.about) == ("event.clocks-followed", "event:one")
        assert follow() == 0
        assert date("one").sequence == 1


def test_nothing_moves_while_the_clocks_stay(tmp_path: Path) -> None:
    an_event(slug="one", starts_at=SIX)
    a_vigil()
    assert follow() == 0
    with changed_clocks(tmp_path, like=LOS_ANGELES):
        assert follow() == 0
    assert {one.sequence for one in (date("one"), *dates())} == {0}


def test_what_is_past_stays_and_what_has_begun_ends_when_it_was_to_end(tmp_path: Path) -> None:
    now = clock.now()
    an_event(slug="over", starts_at=now - 3 * DAY)
    an_event(slug="on", starts_at=now - 3 * DAY, ends_at=now + 3 * DAY)
    with changed_clocks(tmp_path):
        assert follow() == 1
        assert date("over").starts_at == now - 3 * DAY
        assert date("over").revised_at == now
        assert (date("on").starts_at, date("on").ends_at) == (now - 3 * DAY, now + 3 * DAY - HOUR)
        assert follow() == 0


def test_of_an_hour_that_comes_twice_the_second_stays_the_second(tmp_path: Path) -> None:
    second = dt.datetime(2027, 11, 7, 9, 30, tzinfo=dt.UTC)
    an_event(slug="late", starts_at=second)
    an_event(slug="early", starts_at=second - HOUR)
    assert [date(slug).walls["starts_at"] for slug in ("early", "late")] == [
        ["2027-11-07T01:30:00", 0],
        ["2027-11-07T01:30:00", 1],
    ]
    with changed_clocks(tmp_path, like=AHEAD):
        follow()
        assert [date(slug).starts_at for slug in ("early", "late")] == [second - 2 * HOUR, second - HOUR]


def test_what_stays_at_its_moment_is_not_changed(tmp_path: Path) -> None:
    """The hour came twice, and by the new rules comes once, where the second was."""
    an_event(slug="late", starts_at=dt.datetime(2027, 11, 7, 9, 30, tzinfo=dt.UTC))
    with changed_clocks(tmp_path, like="Etc/GMT+8"):
        assert follow() == 0
        assert (date("late").sequence, date("late").clocks) == (0, "")


def test_an_hour_that_the_new_clocks_skip_is_said_to_organizers(tmp_path: Path, organizer: FlaskClient) -> None:
    bogota = "America/Bogota"
    at = dt.datetime(2027, 3, 14, 2, 30, tzinfo=ZoneInfo(bogota))
    an_event(slug="night", starts_at=at, ends_at=at + HOUR / 4, doors_at=at, time_zone=bogota)
    with changed_clocks(tmp_path, like="America/New_York", zone=bogota):
        follow()
        event = date("night")
        assert (there(event.starts_at, bogota), there(event.ends_at, bogota)) == ("14 03:30", "14 03:45")
        assert event.doors_at == event.starts_at
        assert (event.clocks, agree(event)) == ("skipped", True)
        page = organizer.get("/organize/events/night").text
        assert "leave out an hour that was announced" in page
        revise("night", made_from=event.revised_at)
        assert "changed by law" not in organizer.get("/organize/events/night").text
        assert follow() == 0


def test_what_belongs_together_stays_so_around_a_skipped_hour(tmp_path: Path) -> None:
    bogota = "America/Bogota"
    at = dt.datetime(2027, 3, 14, 2, 30, tzinfo=ZoneInfo(bogota))
    an_event(slug="short", starts_at=at, ends_at=at + HOUR / 2, time_zone=bogota)
    an_event(slug="doors", starts_at=at + HOUR / 2, doors_at=at, time_zone=bogota)
    with changed_clocks(tmp_path, like="America/New_York", zone=bogota):
        follow()
        short, doors = date("short"), date("doors")
        assert short.ends_at == short.starts_at + HOUR / 2
        assert (there(doors.starts_at, bogota), there(doors.doors_at, bogota)) == ("14 03:00", "14 01:30")


def test_a_day_begins_with_its_midnight_once_clocks_do_not_skip_it_any_more(tmp_path: Path) -> None:
    havana = "America/Havana"
    first = dt.datetime(2027, 3, 14, 5, tzinfo=dt.UTC)
    an_event(slug="days", starts_at=first, ends_at=first + 23 * HOUR, all_day=True, time_zone=havana)
    assert there(date("days").starts_at, havana) == "14 01:00"
    with changed_clocks(tmp_path, like="America/Costa_Rica", zone=havana):
        follow()
        event = date("days")
        assert (there(event.starts_at, havana), there(event.ends_at, havana)) == ("14 00:00", "15 00:00")
        assert event.clocks == "kept"


def test_an_island_that_moves_over_the_date_line_takes_its_dates_along(tmp_path: Path) -> None:
    apia = "Pacific/Apia"
    a_vigil(Rule(every="day"), dt.date(2027, 2, 7), time_zone=apia)
    before = [one.starts_at for one in dates()]
    with changed_clocks(tmp_path, like="Pacific/Pago_Pago", zone=apia):
        follow()
        assert [one.starts_at for one in dates()] == [one.recurs_at for one in dates()] == [one + DAY for one in before]


def test_days_stay_days(tmp_path: Path) -> None:
    first = dt.datetime(2027, 2, 20, 8, tzinfo=dt.UTC)
    an_event(slug="days", starts_at=first, ends_at=first + 2 * DAY, all_day=True)
    with changed_clocks(tmp_path):
        follow()
        event = date("days")
        assert (there(event.starts_at), there(event.ends_at), event.clocks) == ("20 00:00", "22 00:00", "kept")


def test_all_dates_of_a_series_stay_at_its_hour(tmp_path: Path) -> None:
    a_vigil()
    take_out(slug="vigil-2027-02-16", now=clock.now())
    revise("vigil-2027-02-23", starts_at=date("vigil-2027-02-23").starts_at + HOUR / 2)
    before, summer = (
        [shown(one) for one in dates()],
        [one.starts_at for one in dates() if one.starts_at.month == 3][-2:],
    )
    sequence, left_out = series().sequence, series().left_out
    with changed_clocks(tmp_path):
        follow()
        found = dates()
        assert [shown(one) for one in found] == before
        assert [one.starts_at for one in found][-2:] == summer
        assert {there(one.recurs_at)[3:] for one in found} == {there(series().starts_at)[3:]} == {"18:00"}
        usual = {one.slug[-5:] for one in found if is_usual(one, series())}
        assert usual == {one.slug[-5:] for one in found} - {"02-16", "02-23"}
        assert series().leaves_out(date("vigil-2027-02-16").recurs_at or SIX)
        assert series().left_out != left_out
        assert series().sequence == sequence + 1
        plan = plan_of(series(), dates(), course_of(series()), dt.date(2027, 1, 1), clock.now())
        assert (len(plan.stays), plan.moved, plan.odd, plan.dropped, plan.added) == (9, [], [], [], [])
        assert follow() == 0


def test_who_has_older_rules_moves_nothing_back(tmp_path: Path) -> None:
    an_event(slug="one", starts_at=SIX)
    with changed_clocks(tmp_path):
        follow()
    assert follow() == 0
    assert date("one").starts_at == SIX - HOUR
    assert db.session.scalar(sa.select(SiteState.tzdata)) == "2027.10"
    with changed_clocks(tmp_path, like=LOS_ANGELES, release="2027.9"):
        assert follow() == 0
    with changed_clocks(tmp_path, like=LOS_ANGELES, release="2028.1"):
        assert follow() == 1


def test_what_was_written_by_newer_rules_is_not_moved_by_a_worker_with_older_ones(tmp_path: Path) -> None:
    with changed_clocks(tmp_path):
        assert note_rules()  # as every server does that starts
        an_event(slug="one", starts_at=SIX)
    assert follow() == 0
    assert date("one").starts_at == SIX


def test_who_loads_a_file_says_by_which_rules(tmp_path: Path) -> None:
    with changed_clocks(tmp_path):
        assert CliRunner().invoke(load_file, [str(tmp_path / "none.toml")]).exit_code == 1
    assert db.session.scalar(sa.select(SiteState.tzdata)) == "2027.10"


def test_saving_all_dates_takes_the_note_from_all(tmp_path: Path) -> None:
    slug = a_vigil()
    with changed_clocks(tmp_path):
        follow()
        assert {one.clocks for one in dates(slug)} == {"kept", ""}
        for who, notes in ((OPERATOR, {"kept", ""}), ("nasrin", {""})):
            acting(who)  # a file that is loaded is read by nobody
            first = dates(slug)[0]
            revise_dates(
                slug=first.slug,
                draft=draft_of(first),
                campaign_slug=None,
                made_from=first.revised_at,
                locale="en",
                now=clock.now(),
            )
            revise(first.slug)
            assert {one.clocks for one in dates(slug)} == notes


def test_whoever_saves_an_event_that_was_moved_meanwhile_is_told(tmp_path: Path) -> None:
    an_event(slug="one", starts_at=SIX)
    opened = date("one").revised_at
    with changed_clocks(tmp_path):
        follow()
        with pytest.raises(EventChangedMeanwhile):
            revise("one", made_from=opened, city="Oakland")


def test_what_an_organizer_saves_at_that_moment_is_not_lost(app: Flask, tmp_path: Path) -> None:
    an_event(slug="one", starts_at=SIX)
    now = clock.now()
    draft = replace(draft_of(date("one")), starts_at=SIX + HOUR, ends_at=SIX + 5 * HOUR, city="Oakland")  # by new rules

    def save() -> None:
        actions.revise_event(slug="one", draft=draft, campaign_slug=None, now=now)

    with changed_clocks(tmp_path):
        wrong = at_once(app, (slow(save), REST), (lambda: follow_clocks(now), "event_series.id IN"))
        event = date("one")
        assert not wrong
        assert (event.starts_at, event.city, agree(event)) == (SIX + HOUR, "Oakland", True)


def test_an_hour_saved_before_its_event_was_moved_moves_by_its_own_wall(tmp_path: Path) -> None:
    an_event(slug="one", starts_at=SIX)
    with changed_clocks(tmp_path):
        revise("one", city="Oakland")  # nothing of its times
        assert follow() == 1
        assert there(date("one").starts_at) == "14 18:00"


def test_an_old_row_without_a_wall_is_left_alone(tmp_path: Path) -> None:
    an_event(slug="one", starts_at=SIX)
    with atomic():
        db.session.execute(sa.update(Event).values(walls={}))
    with changed_clocks(tmp_path):
        assert follow() == 0
