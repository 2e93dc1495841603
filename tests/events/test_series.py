"""What comes again, on both databases: begun, changed for all or for one, given another rule, ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from iec_events.core import clock
from iec_events.core.errors import Refusal
from iec_events.events import actions
from iec_events.events.actions import (
    CANCEL,
    KEEP,
    DateRefuses,
    PeopleSignedUp,
    RuleRefused,
    SeenAlready,
    SeriesSeen,
    begin_series,
    cancel_series,
    change_rule,
    delete_series,
    put_back,
    revise_dates,
    take_out,
)
from iec_events.events.drafts import draft_of
from iec_events.events.models import Event
from iec_events.events.patterns import is_usual
from iec_events.events.queries import sister_events
from iec_events.events.recurrence import Rule
from iec_events.events.series_queries import SeriesUnknown, any_series
from iec_events.events.slugs import is_secret
from iec_events.organizers.queries import grants_of
from iec_events.organizers.roles import ORGANIZER
from tests.events.serial import HOUR, TUESDAYS, UNTIL, a_vigil, date, dates, days, series, somebody_comes
from tests.factories import a_campaign, an_event, an_organizer, three_languages

pytestmark = pytest.mark.usefixtures("app")
THIRD = "vigil-2027-02-16"


def revise_all(one: Event, **changes: Any) -> None:
    revise_dates(
        slug=one.slug,
        draft=replace(draft_of(one), **changes),
        campaign_slug=None,
        made_from=one.revised_at,
        locale="en",
        now=clock.now(),
    )


def rule_from(
    day: dt.date, rule: Rule = TUESDAYS, *, at: dt.time | None = None, until: dt.date = UNTIL, odd: str = KEEP
) -> None:
    change_rule(slug="vigil", rule=rule, at=at, from_day=day, until=until, odd=odd, now=clock.now())


def test_a_draft_comes_again_every_tuesday_at_six_whatever_the_clocks_do() -> None:
    slug = a_vigil(doors_at=None)
    found = dates()
    assert slug == "vigil"
    assert [one.slug for one in found][:2] == ["vigil-2027-02-02", "vigil-2027-02-09"]
    assert len(found) == 9
    local = {one.starts_at.astimezone(ZoneInfo("America/Los_Angeles")).strftime("%a %H:%M") for one in found}
    assert local == {"Tue 18:00"}
    assert {(one.ends_at - one.starts_at, one.capacity, one.status) for one in found} == {(HOUR, 20, "published")}
    assert [one.starts_at.hour for one in found] == [2] * 6 + [1] * 3
    assert all(is_usual(one, series()) for one in found)
    assert len({one.uid for one in found}) == 9


def test_what_was_seen_as_one_that_happens_once_stays_so() -> None:
    an_event(slug="seen")
    with pytest.raises(SeenAlready):
        begin_series(slug="seen", rule=TUESDAYS, until=UNTIL, now=clock.now())
    slug = a_vigil()
    with pytest.raises(SeenAlready):
        begin_series(slug=dates(slug)[1].slug, rule=TUESDAYS, until=UNTIL, now=clock.now())


@pytest.mark.parametrize(
    ("rule", "until", "said"),
    [
        (TUESDAYS, dt.date(2027, 2, 8), "no second date"),
        (TUESDAYS, dt.date(2029, 2, 8), "eighteen months"),
        (Rule(every="day"), dt.date(2027, 6, 1), "104"),
    ],
)
def test_a_rule_has_two_dates_and_not_too_many(rule: Rule, until: dt.date, said: str) -> None:
    with pytest.raises(RuleRefused, match=said):
        a_vigil(rule, until)
    with pytest.raises(SeriesUnknown):
        any_series("vigil")


def test_the_first_date_is_one_of_the_rule() -> None:
    a_vigil(Rule(every="month", nth=-1, weekdays=(4,)), dt.date(2027, 6, 30))
    assert days() == ["02-27 02", "03-27 01", "05-01 01", "05-29 01", "06-26 01"]


def test_all_that_are_to_come_change_but_what_was_changed_singly(clock: Any) -> None:
    a_vigil()
    third = date(THIRD)
    actions.revise_event(
        slug=THIRD, draft=replace(draft_of(third), texts=three_languages("For Narges"), capacity=5),
        campaign_slug=None, now=third.revised_at,
    )  # fmt: skip
    clock.shift(20 * 86400)  # one is over
    revise_all(date("vigil-2027-03-02"), city="Oakland", capacity=30, texts=three_languages("Vigil at the lake"))
    found = {one.slug[-5:]: (one.city, one.capacity, one.texts["es"]["title"]) for one in dates()}
    assert found["02-02"] == ("Berkeley", 20, "Vigil (español)"), "what is over stays what it was"
    assert found["02-16"] == ("Oakland", 5, "For Narges (español)")
    assert found["03-30"] == ("Oakland", 30, "Vigil at the lake (español)")
    assert series().sequence == 1
    assert [is_usual(one, series()) for one in dates()] == [False, True, False] + [True] * 6


def test_one_date_that_refuses_keeps_all_as_they_were() -> None:
    a_vigil()
    somebody_comes(THIRD)
    with pytest.raises(DateRefuses, match="Tuesday 16 February: 2 seats"):
        revise_all(date("vigil-2027-03-02"), capacity=1)
    assert {one.capacity for one in dates()} == {20}


def test_what_contradicts_one_date_alone_is_told_with_its_day() -> None:
    a_vigil()
    actions.revise_event(
        slug=THIRD, draft=replace(draft_of(date(THIRD)), largest_party=1), campaign_slug=None, now=clock.now()
    )
    with pytest.raises(DateRefuses, match="Tuesday 16 February: The largest party is one person"):
        revise_all(date("vigil-2027-03-02"), asks_companions=True)


def test_two_series_with_the_same_long_name_have_dates_on_the_same_days() -> None:
    title = "A vigil for all of the political prisoners of Iran and for their kindred"
    slugs = [a_vigil(texts=three_languages(title), until=dt.date(2027, 2, 16)) for _ in range(3)]
    named = [one.slug for slug in slugs for one in dates(slug)]
    assert len(set(named)) == 9
    assert max(map(len, named)) <= 80


@pytest.mark.parametrize("change", [{"starts_at": dt.timedelta(minutes=5)}, {"time_zone": "America/Bogota"}])
def test_the_hour_of_all_dates_is_their_rules(change: dict[str, Any]) -> None:
    a_vigil()
    third = date(THIRD)
    if "starts_at" in change:
        change = {"starts_at": third.starts_at + change["starts_at"]}
    with pytest.raises(actions.DraftRefused):
        revise_all(third, **change)


def test_a_date_is_taken_out_and_put_back(clock: Any) -> None:
    a_vigil()
    for verb, status, sequence in ((take_out, "draft", 1), (take_out, "draft", 1), (put_back, "published", 2)):
        clock.shift(60)
        verb(slug=THIRD, now=dt.datetime.now(dt.UTC))
        assert (date(THIRD).status, series().sequence) == (status, sequence)
    assert series().left_out == []
    somebody_comes(THIRD)
    with pytest.raises(PeopleSignedUp):
        take_out(slug=THIRD, now=dt.datetime.now(dt.UTC))


def test_what_was_taken_out_before_it_was_shown_is_not_shown_with_the_others() -> None:
    a_vigil(public=False)
    take_out(slug=THIRD, now=clock.now())
    actions.publish_series(slug="vigil", now=clock.now())
    assert date(THIRD).status == "draft"
    assert len(days(status="published")) == 8


def test_cancelling_all_spares_what_is_over(clock: Any) -> None:
    a_vigil()
    clock.shift(20 * 86400)
    cancel_series(slug="vigil", now=dt.datetime.now(dt.UTC))
    assert [one.status for one in dates()] == ["published"] + ["cancelled"] * 8
    assert [one.sequence for one in dates()] == [0] + [1] * 8
    actions.reinstate_series(slug="vigil", now=dt.datetime.now(dt.UTC))
    assert {one.status for one in dates()} == {"published"}


def test_a_longer_series_is_the_same_one() -> None:
    a_vigil()
    uid = series().uid
    rule_from(dt.date(2027, 2, 16), until=dt.date(2027, 4, 13))
    assert days(status="published")[-3:] == ["03-31 01", "04-07 01", "04-14 01"]
    assert (series().uid, series().sequence, len({one.series_id for one in dates()})) == (uid, 1, 1)


def test_a_picture_that_was_taken_from_each_date_alone_does_not_come_back() -> None:
    actions.keep_image(name="poster", content=b"RIFF", width=1, height=1, now=clock.now())
    a_vigil(until=dt.date(2027, 2, 9), image_name="poster")
    for one in dates():
        bare = replace(draft_of(one), image_name=None)
        actions.revise_event(slug=one.slug, draft=bare, campaign_slug=None, now=clock.now())
    rule_from(dt.date(2027, 2, 2), until=dt.date(2027, 2, 16))
    assert [one.image_name for one in dates()] == [None, None, None]


def test_a_draft_takes_any_other_rule() -> None:
    a_vigil(public=False)
    uid = series().uid
    rule_from(dt.date(2027, 2, 1), Rule(every="week", interval=2, weekdays=(3,)), at=dt.time(19), until=UNTIL)
    assert days() == ["02-05 03", "02-19 03", "03-05 03", "03-19 02"]
    assert (series().uid, {one.status for one in dates()}) == (uid, {"draft"})
    assert all(one.starts_at == one.recurs_at for one in dates())


def seen(rows: Sequence[Event]) -> dict[str, tuple[str, str, int]]:
    return {one.slug[-5:]: (one.status, f"{one.starts_at:%m-%d %H}", one.series_id or 0) for one in rows}


@pytest.mark.parametrize(("odd", "status", "sequence"), [(KEEP, "published", 0), (CANCEL, "cancelled", 1)])
def test_another_rule_from_a_day_on_drops_nobody_silently(odd: str, status: str, sequence: int) -> None:
    a_vigil()
    first = series()
    somebody_comes(THIRD)
    uid, number = first.uid, first.id
    rule_from(dt.date(2027, 2, 10), Rule(every="week", weekdays=(4,)), odd=odd)
    found, after = seen(dates()), series()
    assert found["02-02"] == ("published", "02-03 02", number)
    assert found["02-09"] == ("published", "02-10 02", number)
    assert found["02-16"] == (status, "02-17 02", number), "it stays what it is in people's calendars"
    assert date(THIRD).sequence == sequence
    assert found["02-23"][0] == "draft", "nobody signed up, so that its page is taken down"
    assert found["02-12"] == ("published", "02-13 02", after.id)
    assert len([one for one in found.values() if one[0] == "published" and one[2] == after.id]) == 7
    assert (after.slug, after.uid != uid) == ("vigil", True)
    assert {one.thread for one in (first, after)} == {after.thread}


def test_another_hour_moves_dates_and_people_with_them() -> None:
    a_vigil()
    number = series().id
    somebody_comes(THIRD)
    rule_from(dt.date(2027, 2, 10), at=dt.time(19))
    found, after = seen(dates()), series()
    assert found["02-09"] == ("published", "02-10 02", number)
    assert found["02-16"] == ("published", "02-17 03", number)
    assert (date(THIRD).sequence, date(THIRD).recurs_at) == (1, dt.datetime(2027, 2, 17, 2, tzinfo=dt.UTC))
    assert found["02-23"] == ("published", "02-24 03", after.id), "the same page, by the new rule"
    assert found["03-30"] == ("published", "03-31 02", after.id)
    assert len(found) == 9


def test_an_end_that_comes_earlier_and_then_later_after_all() -> None:
    a_vigil()
    somebody_comes("vigil-2027-03-30")
    rule_from(dt.date(2027, 2, 10), until=dt.date(2027, 2, 28), odd=CANCEL)
    assert days(status="published") == ["02-03 02", "02-10 02", "02-17 02", "02-24 02"]
    assert days(status="cancelled") == ["03-31 01"]
    rule_from(dt.date(2027, 2, 10), until=dt.date(2027, 3, 20))
    assert days(status="published")[-3:] == ["03-03 02", "03-10 02", "03-17 01"]
    assert len(series().left_out) == 0


def test_nothing_that_is_over_is_touched_by_a_rule(clock: Any) -> None:
    a_vigil()
    clock.shift(20 * 86400)
    rule_from(dt.date(2027, 1, 1), Rule(every="day"), until=dt.date(2027, 2, 14))
    assert seen(dates())["02-02"][:2] == ("published", "02-03 02")
    assert days(status="published") == ["02-03 02"] + [f"02-{day:02} 02" for day in range(5, 16)]


def test_a_series_that_nobody_saw_can_be_thrown_away() -> None:
    a_vigil(public=False)
    delete_series(slug="vigil", now=clock.now())
    with pytest.raises(SeriesUnknown):
        any_series("vigil")
    a_vigil()
    with pytest.raises(SeriesSeen):
        delete_series(slug="vigil", now=clock.now())


def test_whoever_has_a_role_for_the_draft_has_it_for_every_date() -> None:
    draft = draft_of(an_event(slug="like", starts_at=dt.datetime(2027, 2, 3, 2, tzinfo=dt.UTC)))
    slug = actions.create_event(draft=draft, slug="vigil", campaign_slug=None, now=clock.now())
    helper = an_organizer(email="helper@example.org", role=ORGANIZER, place="event:vigil")
    keeper = an_organizer(
        email="door@example.org", role="door", place="event:vigil", until=clock.now() + dt.timedelta(days=90)
    )
    helper_id, keeper_id = helper.id, keeper.id
    begin_series(slug=slug, rule=TUESDAYS, until=UNTIL, now=clock.now())
    places = {grant.place for grant in grants_of(helper_id, now=clock.now())}
    assert places == {f"event:{one.slug}" for one in dates()}
    doors = {grant.place for grant in grants_of(keeper_id, now=clock.now())}
    assert doors == {"event:vigil-2027-02-02"}, "who stands at one door stands at no other"


def test_what_its_link_only_finds_is_not_to_be_guessed() -> None:
    slug = a_vigil(listed=False)
    assert all(is_secret(name) for name in (slug, *(one.slug for one in dates(slug))))
    assert len({one.slug for one in dates(slug)}) == 9


def test_new_dates_of_a_series_that_left_the_lists_keep_its_name() -> None:
    a_vigil(until=dt.date(2027, 2, 16))
    revise_all(date(THIRD), listed=False)
    rule_from(dt.date(2027, 2, 2), until=dt.date(2027, 2, 23))
    new = dates()[-1].slug
    assert new.startswith("vigil-2027-02-23-")
    assert is_secret(new)


def test_dates_by_a_former_rule_are_no_sisters() -> None:
    a_campaign(slug="night")
    a_vigil(until=dt.date(2027, 3, 2), campaign="night")
    a_vigil(until=dt.date(2027, 3, 2), campaign="night", texts=three_languages("Songs"))
    somebody_comes("vigil-2027-02-09")
    rule_from(dt.date(2027, 2, 14), at=dt.time(19), until=dt.date(2027, 3, 2))
    assert {one.series_id for one in dates()} > {date(THIRD).series_id}
    assert {one.slug[:5] for one in sister_events(date(THIRD))} == {"songs"}


def test_refusals_are_sentences() -> None:
    for kind in (SeenAlready, PeopleSignedUp, SeriesSeen):
        assert issubclass(kind, Refusal)
        assert str(kind.message).endswith(".")


def test_the_last_date_takes_its_series_along() -> None:
    a_vigil(until=dt.date(2027, 2, 9), public=False)
    for one in [one.slug for one in dates()]:
        actions.delete_draft(slug=one, now=clock.now())
    with pytest.raises(SeriesUnknown):
        any_series("vigil")


def test_dates_of_another_rule_have_the_roles_and_questions_of_those_they_replace() -> None:
    a_vigil(public=False)
    helper = an_organizer(email="helper@example.org", role=ORGANIZER, place="event:vigil-2027-03-30")
    helper_id, asked = helper.id, list[int]()
    change_rule(
        slug="vigil",
        rule=Rule(every="week", weekdays=(3,)),
        at=None,
        from_day=dt.date(2027, 1, 1),
        until=UNTIL,
        odd=KEEP,
        also=lambda _one, others: asked.extend(others),
        now=clock.now(),
    )
    assert len(asked) == len(dates()) == 10
    assert {grant.place for grant in grants_of(helper_id, now=clock.now())} == {f"event:{one.slug}" for one in dates()}


def test_every_second_week_stays_the_same_weeks_at_another_hour() -> None:
    a_vigil(Rule(every="week", interval=2, weekdays=(1,)))
    rule_from(dt.date(2027, 2, 8), Rule(every="week", interval=2, weekdays=(1,)), at=dt.time(19))
    assert days() == ["02-03 02", "02-17 03", "03-03 03", "03-17 02", "03-31 02"]


@pytest.mark.parametrize("rule", [TUESDAYS, Rule(every="week", weekdays=(1, 4))])
def test_what_was_taken_out_stays_out_under_any_rule(rule: Rule) -> None:
    a_vigil()
    somebody_comes("vigil-2027-02-09")
    take_out(slug=THIRD, now=clock.now())
    rule_from(dt.date(2027, 2, 8), rule, at=None if rule.weekdays == (1, 4) else dt.time(20))
    assert date(THIRD).status == "draft"
    assert date("vigil-2027-02-23").status == "published"
    put_back(slug=THIRD, now=clock.now())
    assert date(THIRD).status == "published"
