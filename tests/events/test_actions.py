"""The verbs of events, on both databases: what is written, what is refused, what calendars are told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.events import actions
from iec_events.events.drafts import CampaignDraft, EventDraft, draft_of
from iec_events.events.models import Campaign, Event, Image, Rendition
from iec_events.events.queries import CampaignUnknown, EventUnknown
from iec_events.events.slugs import is_secret
from iec_events.organizers.queries import grants_of
from iec_events.organizers.roles import ORGANIZER
from tests.factories import an_event, an_organizer

pytestmark = pytest.mark.usefixtures("app")
STARTS = dt.datetime(2027, 2, 21, 2, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
DRAFT = EventDraft(
    texts={"en": {"title": "A Night of Cultural Revolt", "summary": ""}},
    time_zone="America/Los_Angeles",
    starts_at=STARTS,
    ends_at=STARTS + dt.timedelta(hours=3),
    city="Berkeley",
    capacity=50,
)


def created(**changes: Any) -> Event:
    slug = actions.create_event(draft=replace(DRAFT, **changes), slug=None, campaign_slug=None, now=clock.now())
    return event(slug)


def event(slug: str) -> Event:
    db.session.rollback()
    return db.session.scalars(sa.select(Event).where(Event.slug == slug)).one()


def revise(night: Event, **changes: Any) -> Event:
    slug, draft = night.slug, replace(draft_of(night), **changes)
    actions.revise_event(slug=slug, draft=draft, campaign_slug=None, now=clock.now())
    return event(slug)


def test_an_event_begins_as_a_draft_with_a_uid_of_its_own() -> None:
    night = created()
    assert (night.status, night.published_at, night.sequence, night.availability) == ("draft", None, 0, "plenty")
    assert night.uid.endswith("@127.0.0.1")
    assert night.slug == "a-night-of-cultural-revolt"
    assert night.texts == {"en": {"title": "A Night of Cultural Revolt"}}
    assert night.starts_at == STARTS


def test_a_made_slug_gets_a_number_and_a_typed_one_is_refused() -> None:
    assert [created().slug, created().slug] == ["a-night-of-cultural-revolt", "a-night-of-cultural-revolt-2"]
    with pytest.raises(actions.SlugTaken):
        actions.create_event(draft=DRAFT, slug="a-night-of-cultural-revolt", campaign_slug=None, now=clock.now())
    with pytest.raises(actions.SlugUnfit):
        actions.create_event(draft=DRAFT, slug="../etc", campaign_slug=None, now=clock.now())


def test_publishing_for_the_first_time_leaves_the_sequence_and_needs_a_title() -> None:
    night = created()
    actions.publish_event(slug=night.slug, now=clock.now())
    night = event(night.slug)
    assert (night.status, night.published_at, night.sequence) == ("published", clock.now(), 0)
    nameless = created(texts={})
    with pytest.raises(actions.TitleMissing):
        actions.publish_event(slug=nameless.slug, now=clock.now())


@pytest.mark.parametrize(
    "change",
    [
        {"starts_at": STARTS + dt.timedelta(minutes=30)},
        {"ends_at": STARTS + dt.timedelta(hours=4)},
        {"time_zone": "America/Phoenix"},
        {"venue": "La Peña"},
        {"street": "3105 Shattuck Avenue"},
        {"city": "Oakland"},
        {"region": "California"},
        {"country": "MX"},
        {"online_url": "https://meet.example.org"},
        {"address_hidden": True},
    ],
)
def test_calendars_are_told_of_time_and_place(change: dict[str, Any]) -> None:
    night = created()
    assert revise(night, **change).sequence == 1


def test_an_event_that_people_know_of_is_not_moved_to_where_it_is_over() -> None:
    now = clock.now()
    night = an_event(lines_given=1)
    past: dict[str, Any] = {"starts_at": now - 26 * HOUR, "ends_at": now - 24 * HOUR}
    with pytest.raises(actions.MovedIntoPast):
        revise(night, **past)
    running = an_event(starts_at=now - 2 * HOUR, ends_at=now + HOUR)
    revise(running, ends_at=now - HOUR)
    over = an_event(starts_at=now - 9 * HOUR, ends_at=now - 6 * HOUR)
    revise(over, ends_at=now - 5 * HOUR)
    draft = an_event(status="draft", published_at=None)
    revise(draft, **past)


@pytest.mark.parametrize("change", [{"keep_days": 0}, {"ends_at": -15 * 24 * HOUR, "starts_at": -15 * 25 * HOUR}])
def test_no_save_destroys_a_list_at_once(change: dict[str, Any]) -> None:
    now = clock.now()
    wanted = {name: value if name == "keep_days" else now + value for name, value in change.items()}
    over = an_event(starts_at=now - 9 * HOUR, ends_at=now - 6 * HOUR, lines_given=1)
    with pytest.raises(actions.ListEndsNow):
        revise(over, **wanted)
    revise(over, keep_days=1)
    revise(an_event(starts_at=now - 9 * HOUR, ends_at=now - 6 * HOUR), **wanted)  # nobody is on this one


def test_other_changes_raise_only_the_time_of_revision() -> None:
    night = created()
    uid, before = night.uid, night.revised_at
    night = revise(night, contact="berkeley@example.org", doors_at=STARTS)
    assert (night.sequence, night.uid) == (0, uid)
    assert night.revised_at > before
    unchanged = night.revised_at
    assert revise(night).revised_at == unchanged


def test_the_time_of_revision_rises_by_whole_seconds_when_the_clock_stands_still() -> None:
    night = created()
    seen = [night.revised_at]
    for name in ("one", "two", "three"):
        night = revise(night, contact=name)
        seen.append(night.revised_at)
    assert [later - earlier for earlier, later in pairwise(seen)] == [dt.timedelta(seconds=1)] * 3


def test_status_changes_raise_the_sequence_and_repeating_one_does_not() -> None:
    slug = created().slug
    verbs: list[Callable[..., None]] = [actions.publish_event, actions.postpone_event, actions.reinstate]
    verbs += [actions.cancel_event, actions.reinstate, actions.withdraw_event, actions.publish_event]
    told = []
    for verb in verbs:
        verb(slug=slug, now=clock.now())
        verb(slug=slug, now=clock.now())
        night = event(slug)
        told.append((night.status, night.sequence))
    assert told == [
        ("published", 0),
        ("postponed", 1),
        ("published", 2),
        ("cancelled", 3),
        ("published", 4),
        ("draft", 5),
        ("published", 6),
    ]


def test_what_is_postponed_beyond_its_day_needs_a_new_date_before_it_takes_place() -> None:
    night = created()
    for verb in (actions.publish_event, actions.postpone_event):
        verb(slug=night.slug, now=clock.now())
    over = event(night.slug).ends_at
    with pytest.raises(actions.NotFromHere, match="Save the new date first"):
        actions.reinstate(slug=night.slug, now=over)
    actions.reinstate(slug=night.slug, now=over - dt.timedelta(minutes=1))


@pytest.mark.parametrize(
    ("off", "on_again"),
    [(actions.withdraw_event, actions.publish_event), (actions.cancel_event, actions.reinstate)],
)
def test_what_waits_for_a_date_does_not_become_a_night_that_was_by_a_step_and_back(
    off: Callable[..., None], on_again: Callable[..., None]
) -> None:
    night = created()
    for verb in (actions.publish_event, actions.postpone_event):
        verb(slug=night.slug, now=clock.now())
    over = event(night.slug).ends_at
    off(slug=night.slug, now=over)
    later = over + dt.timedelta(days=4)  # nobody is told of changes any more
    actions.forget_versions(later)
    on_again(slug=night.slug, now=later)
    assert event(night.slug).status == "postponed"


def test_a_night_that_was_postponed_by_a_slip_after_its_end_is_one_that_was_again() -> None:
    night = created()
    actions.publish_event(slug=night.slug, now=clock.now())
    for verb in (actions.postpone_event, actions.reinstate):
        verb(slug=night.slug, now=night.ends_at)
    assert event(night.slug).status == "published"


def test_a_night_that_was_can_be_published_and_withdrawn_and_published_again() -> None:
    night = created()
    for verb in (actions.publish_event, actions.withdraw_event, actions.publish_event):
        verb(slug=night.slug, now=night.ends_at)
    assert event(night.slug).status == "published"


def test_a_withdrawn_event_remembers_that_it_was_published() -> None:
    slug = created().slug
    actions.publish_event(slug=slug, now=clock.now())
    actions.withdraw_event(slug=slug, now=clock.now())
    assert event(slug).published_at == clock.now()


@pytest.mark.parametrize("verb", [actions.cancel_event, actions.postpone_event, actions.reinstate])
def test_a_draft_cannot_be_called_off(verb: Callable[..., None]) -> None:
    with pytest.raises(actions.NotFromHere):
        verb(slug=created().slug, now=clock.now())


def test_a_capacity_below_the_seats_taken_is_refused_with_their_number() -> None:
    night = created()
    with atomic():
        event_row = db.session.get_one(Event, night.id)
        event_row.seats_taken = 41
    with pytest.raises(actions.CapacityBelowSeats, match="41 seats are taken already"):
        revise(event(night.slug), capacity=40)
    assert revise(event(night.slug), capacity=41).availability == "full"
    assert revise(event(night.slug), capacity=None).availability == ""


def test_a_save_from_an_old_form_is_refused() -> None:
    night = created()
    slug, mine, made_from = night.slug, replace(draft_of(night), contact="mine"), night.revised_at
    revise(night, contact="theirs")
    with pytest.raises(actions.EventChangedMeanwhile):
        actions.revise_event(slug=slug, draft=mine, campaign_slug=None, made_from=made_from, now=clock.now())
    assert event(slug).contact == "theirs"


def test_a_contradiction_is_refused_and_nothing_is_written() -> None:
    with pytest.raises(actions.DraftRefused, match="end must come after") as refused:
        created(ends_at=STARTS)
    assert refused.value.field == "ends_at"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Event)) == 0


def test_a_replaced_picture_is_dropped_unless_another_event_shows_it() -> None:
    for name in ("one", "two"):
        actions.keep_image(name=name, content=b"webp", width=1, height=1, now=clock.now())
    first, second = created(image_name="one"), created(image_name="one")
    revise(event(first.slug), image_name="two")
    assert set(db.session.scalars(sa.select(Image.name))) == {"one", "two"}
    revise(event(second.slug), image_name=None)
    assert set(db.session.scalars(sa.select(Image.name))) == {"two"}
    with pytest.raises(actions.NoSuchImage):
        created(image_name="three")


def test_a_campaign_gathers_events() -> None:
    texts = {"es": {"title": "Una noche de rebelión cultural"}}
    slug = actions.create_campaign(draft=CampaignDraft(texts=texts, published=True), slug=None, now=clock.now())
    assert slug == "una-noche-de-rebelion-cultural"
    actions.create_event(draft=DRAFT, slug="berkeley", campaign_slug=slug, now=clock.now())
    night = event("berkeley")
    assert night.campaign is not None
    assert night.campaign.slug == slug
    with pytest.raises(CampaignUnknown):
        actions.create_event(draft=DRAFT, slug="cali", campaign_slug="none", now=clock.now())
    with pytest.raises(EventUnknown):
        actions.publish_event(slug="nowhere", now=clock.now())


def test_a_campaign_is_revised_from_its_newest_form_only() -> None:
    draft = CampaignDraft(texts={"en": {"title": "One"}})
    slug = actions.create_campaign(draft=draft, slug="one", now=clock.now())
    made_from = db.session.scalars(sa.select(Campaign.revised_at)).one()
    actions.revise_campaign(slug=slug, draft=replace(draft, published=True), made_from=made_from, now=clock.now())
    with pytest.raises(actions.CampaignChangedMeanwhile):
        actions.revise_campaign(slug=slug, draft=draft, made_from=made_from, now=clock.now())
    assert db.session.scalars(sa.select(Campaign.published)).one()


def test_of_eight_organizers_saving_the_same_form_at_once_one_is_heard(app: Flask) -> None:
    night = created()
    slug, draft, made_from = night.slug, draft_of(night), night.revised_at

    def save(contact: str) -> str:
        with app.app_context():
            try:
                actions.revise_event(
                    slug=slug,
                    draft=replace(draft, contact=contact),
                    campaign_slug=None,
                    made_from=made_from,
                    now=clock.now(),
                )
            except actions.EventChangedMeanwhile:
                return ""
            return contact

    with ThreadPoolExecutor(8) as pool:
        heard = [contact for contact in pool.map(save, "abcdefgh") if contact]
    assert heard == [event(slug).contact]


def test_a_list_is_closed_early_and_opened_again_with_its_planned_times_as_they_were() -> None:
    closes = clock.now() + dt.timedelta(days=20)
    night = published(rsvp_closes_at=closes)
    for _ in range(2):
        actions.close_list(slug=night.slug, now=clock.now())
    assert not event(night.slug).takes_rsvps(clock.now())
    revised_at = event(night.slug).revised_at
    for _ in range(2):
        actions.open_list(slug=night.slug, now=clock.now())
    found = event(night.slug)
    assert (found.takes_rsvps(clock.now()), found.rsvp_closes_at, found.revised_at) == (True, closes, revised_at)


def test_opening_takes_out_the_time_that_stands_against_it() -> None:
    now = clock.now()
    night = published(rsvp_opens_at=now + dt.timedelta(days=1), rsvp_closes_at=now + dt.timedelta(days=9))
    actions.open_list(slug=night.slug, now=now)
    assert (event(night.slug).rsvp_opens_at, event(night.slug).rsvp_closes_at) == (None, night.rsvp_closes_at)
    later = now + dt.timedelta(days=10)
    actions.close_list(slug=night.slug, now=later)
    actions.open_list(slug=night.slug, now=later)
    assert event(night.slug).takes_rsvps(later)
    assert event(night.slug).rsvp_closes_at is None


def test_only_a_published_event_that_is_not_over_is_closed_and_opened() -> None:
    night = created()
    for verb in (actions.close_list, actions.open_list):
        with pytest.raises(actions.NotFromHere):
            verb(slug=night.slug, now=clock.now())
    actions.publish_event(slug=night.slug, now=clock.now())
    with pytest.raises(actions.NotFromHere):
        actions.open_list(slug=night.slug, now=night.ends_at)


def test_under_attack_everybody_is_looked_at_and_parties_are_small_until_it_is_over() -> None:
    night = published(largest_party=8)
    actions.defend_event(slug=night.slug, now=clock.now())
    found = event(night.slug)
    assert (found.screened, found.asks_for_proof, found.largest_now, found.largest_party) == (True, True, 2, 8)
    assert draft_of(found) == draft_of(night), "what was chosen stays"
    actions.end_defence(slug=night.slug, now=clock.now())
    found = event(night.slug)
    assert (found.screened, found.asks_for_proof, found.largest_now) == (False, False, 8)


def test_a_calendar_that_says_who_is_told_the_place_is_made_again_under_attack() -> None:
    night = published(address_hidden=True)
    before = night.revised_at
    actions.defend_event(slug=night.slug, now=clock.now())
    assert event(night.slug).revised_at > before


def published(**changes: Any) -> Event:
    night = created(**changes)
    actions.publish_event(slug=night.slug, now=clock.now())
    return event(night.slug)


def test_an_event_that_is_nowhere_is_not_published_and_does_not_become_so() -> None:
    night = created(city="")
    with pytest.raises(actions.PlaceMissing):
        actions.publish_event(slug=night.slug, now=clock.now())
    night = revise(night, online_url="https://example.org/night")
    actions.publish_event(slug=night.slug, now=clock.now())
    with pytest.raises(actions.PlaceMissing):
        revise(event(night.slug), online_url="")


def test_an_event_by_link_has_an_address_that_cannot_be_guessed() -> None:
    night = created(listed=False)
    assert is_secret(night.slug)
    assert night.slug.startswith("a-night-of-cultural-revolt-")
    typed = actions.create_event(
        draft=replace(DRAFT, listed=False), slug="berkeley", campaign_slug=None, now=clock.now()
    )
    assert is_secret(typed)
    assert revise(night, venue="Elsewhere").slug == night.slug


def test_a_draft_gets_such_an_address_and_roles_move_along_but_what_was_public_keeps_its_own() -> None:
    organizer = an_organizer(role=ORGANIZER, place="event:a-night-of-cultural-revolt")
    night = created()
    called = actions.revise_event(
        slug=night.slug, draft=replace(DRAFT, listed=False), campaign_slug=None, now=clock.now()
    )
    assert is_secret(called)
    assert [grant.place for grant in grants_of(organizer.id, now=clock.now())] == [f"event:{called}"]
    seen = published()
    revise(seen, listed=False)
    assert not event(seen.slug).listed


def test_a_draft_that_nobody_saw_is_deleted_with_its_picture_and_its_roles() -> None:
    actions.keep_image(name="poster", content=b"RIFF", width=900, height=600, smaller={480: b"RIFF"}, now=clock.now())
    night = created(image_name="poster")
    organizer = an_organizer(role=ORGANIZER, place=f"event:{night.slug}")
    actions.delete_draft(slug=night.slug, now=clock.now())
    db.session.rollback()
    for table in (Event, Image, Rendition):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(table)) == 0
    assert not grants_of(organizer.id, now=clock.now())
    with pytest.raises(EventUnknown):
        actions.delete_draft(slug=night.slug, now=clock.now())


def test_what_people_have_seen_or_signed_up_for_is_not_deleted() -> None:
    night = published()
    actions.withdraw_event(slug=night.slug, now=clock.now())
    with pytest.raises(actions.PublishedOnce):
        actions.delete_draft(slug=night.slug, now=clock.now())
    other = an_event(status="draft", published_at=None, lines_given=1)
    with pytest.raises(actions.ListKept):
        actions.delete_draft(slug=other.slug, now=clock.now())
