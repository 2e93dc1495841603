"""What an event said before is kept as long as somebody may be told of the difference."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pytest
import sqlalchemy as sa

from iec_events.core import clock
from iec_events.core.db import db
from iec_events.core.i18n import LocaleCode, speaking
from iec_events.core.paths import PACKAGE
from iec_events.events.actions import cancel_event, forget_versions, reinstate, revise_event
from iec_events.events.actions.writing import TOLD
from iec_events.events.drafts import EventDraft, draft_of
from iec_events.events.models import Event, EventVersion
from iec_events.events.versions import SAID, Change, as_said, differences, said_by, versions_since
from iec_events.events.views import EventView
from tests.factories import an_event

pytestmark = pytest.mark.usefixtures("app")
HOUR = dt.timedelta(hours=1)


def revise(event: Event, **others: object) -> None:
    draft: EventDraft = replace(draft_of(event), **others)  # type: ignore[arg-type]
    revise_event(slug=event.slug, draft=draft, campaign_slug=None, now=clock.now())


def since(event: Event, sequence: int, locale: LocaleCode = "en", *, entitled: bool = True) -> list[Change]:
    old = as_said(event, versions_since(event.id, sequence)[0].said)
    with speaking(locale):
        views = [EventView(one, locale, clock.now(), entitled=entitled) for one in (old, event)]
        return list(differences(*views))


def test_each_version_is_kept_and_compared_with_what_is_true_now() -> None:
    event = an_event()
    revise(event, venue="La Peña", street="3105 Shattuck Avenue")
    revise(event, online_url="https://example.org/live")
    assert [one.sequence for one in versions_since(event.id, 0)] == [0, 1]
    place = Change(
        what="place",
        old="The Starry Plough, 3101 Shattuck Avenue, Berkeley, CA, United States",
        new="La Peña, 3105 Shattuck Avenue, Berkeley, CA, United States",
    )
    online = Change(what="online", old="", new="https://example.org/live")
    assert (since(event, 0), since(event, 1)) == ([place, online], [online])
    revise(event, venue="The Starry Plough", street="3101 Shattuck Avenue", online_url="")
    assert since(event, 0) == []


def test_times_are_told_in_the_readers_language_with_the_jalali_day() -> None:
    event = an_event(starts_at=dt.datetime(2027, 3, 20, 2, tzinfo=dt.UTC))
    revise(event, starts_at=event.starts_at + 24 * HOUR, ends_at=event.ends_at + 24 * HOUR)
    (change,) = since(event, 0)
    assert (change.old, change.new) == (
        "Friday 19 March 2027, 7–10 pm (Berkeley time)",
        "Saturday 20 March 2027, 7–10 pm (Berkeley time)",
    )
    (change,) = since(event, 0, "fa")
    assert "(۲۸ اسفند ۱۴۰۵)" in change.old
    assert "(۲۹ اسفند ۱۴۰۵)" in change.new


def test_the_same_clocks_in_another_zone_are_another_time() -> None:
    event = an_event()
    revise(event, time_zone="America/Denver", starts_at=event.starts_at - HOUR, ends_at=event.ends_at - HOUR)
    (change,) = since(event, 0)
    assert change.old != change.new
    assert "in Tehran" in change.old


def test_a_hidden_place_old_or_new_is_in_no_difference_for_those_who_may_not_know_it() -> None:
    event = an_event(address_hidden=True, venue="Canary House", street="1 Canary Street")
    revise(event, venue="Canary Hall", street="2 Canary Street")
    assert since(event, 0, entitled=False) == []
    assert "Canary House" in since(event, 0)[0].old
    revise(event, city="Oakland")
    assert "Canary" not in str(since(event, 0, entitled=False))


def test_a_place_that_is_hidden_now_is_named_no_more_and_one_that_is_shown_now_is_news() -> None:
    event = an_event(venue="Canary House", street="1 Canary Street")
    revise(event, address_hidden=True)
    assert since(event, 0, entitled=False) == since(event, 0) == [], "nothing that one should be told"
    revise(event, address_hidden=False)
    assert since(event, 1) == []
    (change,) = since(event, 1, entitled=False)
    assert "Canary" not in change.old
    assert "Canary House" in change.new


def test_steps_are_kept_too_and_drafts_nobody_saw_are_not() -> None:
    event = an_event()
    cancel_event(slug=event.slug, now=clock.now())
    reinstate(slug=event.slug, now=clock.now())
    assert [one.said["status"] for one in versions_since(event.id, 0)] == ["published", "cancelled"]
    draft = an_event(status="draft", published_at=None)
    revise(draft, city="Oakland")
    assert draft.sequence == 1
    assert versions_since(draft.id, 0) == []


def test_what_was_said_comes_back_as_it_was() -> None:
    event = an_event(texts={"en": {"title": "Night", "city_name": "Berkeley!"}})
    again = as_said(event, said_by(event))
    assert [getattr(again, name) for name in SAID] == [getattr(event, name) for name in SAID]
    assert again.texts == event.texts
    assert again not in db.session
    assert db.session.scalar(sa.select(sa.func.count()).select_from(EventVersion)) == 0


def test_whatever_raises_sequence_keeps_what_was_said() -> None:
    assert TOLD | {"status"} <= set(SAID)
    raised = re.compile(r"\bevent\.sequence\s*\+?=[^=]")
    places = [file.name for file in sorted((PACKAGE / "events").rglob("*.py")) if raised.search(file.read_text())]
    assert places == ["versions.py"]


def test_they_are_forgotten_when_the_event_is_over() -> None:
    event = an_event()
    revise(event, venue="La Peña")
    forget_versions(event.ends_at - HOUR)
    assert len(versions_since(event.id, 0)) == 1
    forget_versions(event.ends_at)
    assert versions_since(event.id, 0) == []
