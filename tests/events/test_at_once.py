"""Two who change events at once, on both databases: neither waits for the other for ever, nothing of either is lost."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from iec_events.access.actions import Holder, LastHolder, give_access, take_access
from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.core.sealing import new_key_pair
from iec_events.core.tokens import new_token
from iec_events.events import actions
from iec_events.events.drafts import draft_of
from iec_events.events.models import Event, EventKey, KeyCopy
from iec_events.organizers.models import OrganizerKey, RoleGrant
from iec_events.organizers.roles import DOOR, ORGANIZER, OWNER, of_campaign, of_event
from iec_events.rsvps.actions import Party, place_rsvp
from iec_events.team.actions import take_role
from tests.events.serial import HOUR, TUESDAYS, a_vigil, date, dates, series, somebody_comes
from tests.factories import a_campaign, an_event, an_organizer

pytestmark = pytest.mark.usefixtures("app")
Verb = Callable[[], object]
LONG_ENOUGH_S = 0.06
REST, HELD, TURN = "SELECT 'at rest'", "FOR UPDATE", "pg_advisory_xact_lock("
SECOND, THIRD = "vigil-2027-02-09", "vigil-2027-02-16"
SHORT = dt.date(2027, 2, 16)


def at_once(app: Flask, *meeting: tuple[Verb, str]) -> list[Exception]:
    """Run verbs in threads; each waits for the others a moment once it said a statement with its words. What broke."""
    meet, mine, wrong = threading.Barrier(len(meeting)), threading.local(), list[Exception]()

    def wait(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        words = getattr(mine, "words", "")
        if words and words in statement:
            mine.words = ""
            with suppress(threading.BrokenBarrierError):
                meet.wait(LONG_ENOUGH_S)

    def run(verb: Verb, words: str) -> None:
        mine.words = words
        with app.app_context():
            try:
                verb()
            except Exception as error:  # noqa: BLE001 - it is looked at in the other thread
                wrong.append(error)

    db.session.remove()
    engine, threads = db.engine, [threading.Thread(target=run, args=each) for each in meeting]
    sa.event.listen(engine, "after_cursor_execute", wait)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sa.event.remove(engine, "after_cursor_execute", wait)
    return wrong


def slow(verb: Verb) -> Verb:
    """The verb, which comes to rest before it is kept."""

    def run() -> None:
        with atomic():
            verb()
            db.session.flush()
            db.session.execute(sa.text(REST))

    return run


def holding(name: str, role: str = OWNER, place: str = "") -> Holder:
    """Somebody with a key pair and this role."""
    account, pair = an_organizer(name, f"{name.lower()}@example.org", role=role, place=place), new_key_pair()
    with atomic():
        db.session.add(OrganizerKey(organizer_id=account.id, public=pair.public, salt=b"", wrapped=b""))
    return Holder(account.id, pair.private)


def comes(slug: str) -> None:
    party = Party(name="Sara", email=None, party_size=1, note="", locale="en")
    place_rsvp(slug=slug, party=party, token=new_token(), now=clock.now())


def goes_to(slug: str, campaign: str, *, later: dt.timedelta = dt.timedelta()) -> Verb:
    """The event is moved to another campaign."""
    draft = draft_of(date(slug))
    moved = replace(draft, starts_at=draft.starts_at + later, ends_at=draft.ends_at + later)
    return lambda: actions.revise_event(slug=slug, draft=moved, campaign_slug=campaign, now=clock.now())


def held_by(slug: str) -> set[str]:
    mine = sa.select(EventKey.id).join(Event).where(Event.slug == slug)
    return set(db.session.scalars(sa.select(KeyCopy.holder).where(KeyCopy.event_key_id.in_(mine))))


def test_two_dates_taken_out_at_once_are_both_out(app: Flask) -> None:
    a_vigil(until=SHORT)
    before = series().sequence

    def out(slug: str) -> Verb:
        return slow(lambda: actions.take_out(slug=slug, now=clock.now()))

    assert at_once(app, (out(SECOND), REST), (out(THIRD), REST)) == []
    left_out = [one.slug for one in dates() if one.recurs_at and series().leaves_out(one.recurs_at)]
    assert left_out == [SECOND, THIRD]
    assert series().sequence == before + 2


def revise_all(slug: str, campaign: str | None = None, **changes: Any) -> Verb:
    """All dates are changed by way of this one."""
    draft, made_from = replace(draft_of(date(slug)), **changes), date(slug).revised_at
    return lambda: actions.revise_dates(
        slug=slug, draft=draft, campaign_slug=campaign, made_from=made_from, locale="en", now=clock.now()
    )


def test_all_dates_are_changed_and_cancelled_at_once_from_both_ends(app: Flask) -> None:
    a_vigil(until=SHORT)

    def cancel() -> None:
        actions.cancel_series(slug="vigil", now=clock.now())

    wrong = at_once(app, (revise_all(THIRD, venue="La Peña"), HELD), (cancel, HELD))
    assert [type(one) for one in wrong] in ([], [actions.EventChangedMeanwhile])
    assert {one.status for one in dates()} == {"cancelled"}
    assert len({one.venue for one in dates()}) == 1


def test_who_is_given_keys_while_an_event_leaves_their_campaign_has_none(app: Flask) -> None:
    a_campaign(slug="river")
    an_event(slug="berkeley", campaign_id=a_campaign(slug="night").id)
    nasrin = holding("Nasrin")
    comes("berkeley")
    omid = holding("Omid", ORGANIZER, of_campaign("night"))

    def give() -> None:
        give_access(organizer_id=omid.id, by=nasrin, now=clock.now())

    assert at_once(app, (slow(goes_to("berkeley", "river")), REST), (slow(give), REST)) == []
    assert held_by("berkeley") == {nasrin.id}


def test_an_event_that_leaves_its_campaign_keeps_a_holder_whoever_loses_access_meanwhile(app: Flask) -> None:
    a_campaign(slug="river")
    an_event(slug="berkeley", campaign_id=a_campaign(slug="night").id)
    nasrin = holding("Nasrin")
    omid = holding("Omid", ORGANIZER, of_campaign("night"))
    comes("berkeley")
    assert held_by("berkeley") == {nasrin.id, omid.id}

    def take() -> None:
        take_access(organizer_id=nasrin.id, now=clock.now())

    wrong = at_once(app, (slow(goes_to("berkeley", "river")), REST), (slow(take), REST))
    assert held_by("berkeley") == ({nasrin.id} if wrong else {omid.id})
    assert {type(one) for one in wrong} <= {LastHolder}


def test_all_dates_leave_their_campaign_while_somebody_is_the_first_to_come_to_one(app: Flask) -> None:
    a_campaign(slug="river")
    nasrin = holding("Nasrin")
    a_vigil(until=SHORT)

    def come() -> None:
        comes(SECOND)

    assert at_once(app, (revise_all(THIRD, "river"), TURN), (come, HELD)) == []
    assert {one.campaign.slug for one in dates() if one.campaign} == {"river"}
    assert held_by(SECOND) == {nasrin.id}


def test_a_role_at_the_door_is_taken_while_the_event_moves_elsewhere(app: Flask) -> None:
    a_campaign(slug="river")
    an_event(slug="berkeley")
    later = clock.now() + dt.timedelta(days=40)
    omid = an_organizer("Omid", "omid@example.org", role=DOOR, place=of_event("berkeley"), until=later).id
    grant_id = db.session.scalars(sa.select(RoleGrant.id)).one()

    def take() -> None:
        take_role(organizer_id=omid, grant_id=grant_id, now=clock.now())

    assert at_once(app, (goes_to("berkeley", "river", later=HOUR), "UPDATE role_grants"), (take, TURN)) == []
    assert db.session.scalars(sa.select(RoleGrant.id)).all() == []


def test_a_rule_is_changed_twice_at_once(app: Flask) -> None:
    a_vigil(until=SHORT)
    somebody_comes(SECOND)

    def at(hour: int) -> Verb:
        return lambda: actions.change_rule(
            slug="vigil",
            rule=TUESDAYS,
            at=dt.time(hour),
            from_day=dt.date(2027, 2, 2),
            until=SHORT,
            odd=actions.KEEP,
            now=clock.now(),
        )

    assert at_once(app, (at(17), "FROM event_series"), (at(20), "FROM event_series")) == []
    free = [one for one in dates() if one.status == "published" and not one.lines_given]
    assert {one.series_id for one in free} == {series().id}, "the rule with the address is the one of the dates"
    assert {one.starts_at.time() for one in free} == {series().starts_at.time()}
