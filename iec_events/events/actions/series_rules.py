"""Another rule for what comes again, or another end: what becomes of the dates that are there."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import uuid4

from ...core.config import settings
from ...core.db import atomic, db
from ...organizers.audit import note
from ..drafts import draft_of
from ..keys import hold_copies
from ..models import Event, EventSeries
from ..patterns import course_of, pattern_of
from ..plans import Plan, plan_of
from ..recurrence import Course, Rule, on_the_wall
from ..series_queries import any_series
from .rows import all_stamped, is_left_out, leave_out, locked_dates, take_from_left_out
from .series_rows import Also, checked, date_slugs, make_dates, place_date, write_date
from .steps import cancel_event, publish_event, withdraw_event
from .writing import delete_draft

KEEP, CANCEL = "keep", "cancel"


@atomic()
def change_rule(
    *,
    slug: str,
    rule: Rule,
    at: dt.time | None,
    from_day: dt.date,
    until: dt.date,
    odd: str,
    also: Also | None = None,
    now: dt.datetime,
) -> None:
    """Give a series another rule from a day on, or another end. `plans` says what becomes of the dates.

    Where people have signed up for a date that is not in the new rule, `odd` says whether it takes place all the same
    (KEEP) or is cancelled (CANCEL); they are written to. RuleRefused, SeriesUnknown.
    """
    dates = locked_dates(any_series(slug))
    series = any_series(slug)  # the rule may have become another one meanwhile
    hold_copies()  # roles are copied with the dates: none is taken meanwhile
    from_day = not_before_today(series, from_day, now)
    course = new_course(series, rule=rule, at=at, from_day=from_day, until=until)
    checked(course, now=now, least=0 if any(one.lines_given or one.ends_at <= now for one in dates) else 2)
    plan = plan_of(series, dates, course, from_day, now)
    public = any(one.published_at is not None and one.status != "draft" for one in dates)
    like = max(dates, key=lambda one: one.starts_at)
    target = series if plan.in_place else _branch(series, course, now)
    if plan.in_place:
        _begin_anew(target, course)
    _move(plan, target, now)
    back = [one for one in (*plan.stays, *(event for event, _at in plan.moved)) if _was_dropped(one)]
    names = date_slugs(target, [one.date() for one in plan.added])
    make_dates(target, plan.added, names, like=like, also=also, now=now)
    for event in plan.dropped:  # after others were made like them
        _drop(event, now)
    for event in plan.odd if odd == CANCEL else ():
        if event.status in {"published", "postponed"}:
            cancel_event(slug=event.slug, now=now)
    for name in (*names, *(one.slug for one in back)) if public else ():
        publish_event(slug=name, now=now)
    _touch(series, now)
    note("series.rule-changed", f"series:{slug}", now=now)


def new_course(series: EventSeries, *, rule: Rule, at: dt.time | None, from_day: dt.date, until: dt.date) -> Course:
    """The course that a series would take from a day on; its weeks go on being counted where the rule is the same."""
    before = course_of(series)
    time = before.first.time() if at is None or before.all_day else at
    start = from_day
    if rule == before.rule:
        days = rule.days(before.first.date())
        start = before.first.date() if time == before.first.time() else next(day for day in days if day >= from_day)
    return replace(before, rule=rule, first=dt.datetime.combine(start, time), until=until)


def not_before_today(series: EventSeries, day: dt.date, now: dt.datetime) -> dt.date:
    """From when on a change holds: what is over stays what it was."""
    return max(day, on_the_wall(now, series.time_zone).date())


def _touch(series: EventSeries, now: dt.datetime) -> None:
    series.revised_at = all_stamped(series, now)
    series.sequence += 1


def _move(plan: Plan, target: EventSeries, now: dt.datetime) -> None:
    """Dates whose rule says another moment now. One that people signed up for stays what it is in their calendars."""
    for event, moment in plan.moved:
        own = event.starts_at != event.recurs_at  # it was moved singly, and stays where it was put
        if event.lines_given == 0:
            _hand_over(event, target, moment)
        if not own:
            mine = draft_of(event)
            write_date(event, pattern_of(mine).draft(moment, target.time_zone), now)
    for event in plan.stays:
        if event.series_id != target.id and event.lines_given == 0 and event.recurs_at is not None:
            _hand_over(event, target, event.recurs_at)


def _hand_over(event: Event, target: EventSeries, moment: dt.datetime) -> None:
    """Let a date be by another rule; one that was taken out stays so."""
    out = is_left_out(event)
    take_from_left_out(event)
    place_date(event, target, moment)
    if out:
        leave_out(event)


def _drop(event: Event, now: dt.datetime) -> None:
    """A date for which nobody signed up: forgotten if nobody saw it, else taken down; some later rule may want it."""
    if event.published_at is None:
        delete_draft(slug=event.slug, now=now)
    elif event.status != "draft":
        withdraw_event(slug=event.slug, now=now)
        take_from_left_out(event)


def _branch(series: EventSeries, course: Course, now: dt.datetime) -> EventSeries:
    """What comes after, by its own rule and under its own uid; it takes over the address."""
    slug, moment = series.slug, all_stamped(series, now)
    series.slug = None
    db.session.flush()
    moments = course.moments()
    branch = EventSeries(
        uid=f"{uuid4()}@{settings().host}",
        thread=series.thread,
        slug=slug,
        campaign_id=series.campaign_id,
        rule=course.rule.kept,
        time_zone=series.time_zone,
        starts_at=moments[0] if moments else course.first.replace(tzinfo=dt.UTC),
        until_on=course.until,
        pattern=series.pattern,
        offsets=series.offsets,
        created_at=moment,
        revised_at=moment,
    )
    db.session.add(branch)
    db.session.flush()
    return branch


def _was_dropped(event: Event) -> bool:
    """Whether another rule had taken it down, and no person did."""
    return event.status == "draft" and event.published_at is not None and not is_left_out(event)


def _begin_anew(series: EventSeries, course: Course) -> None:
    """The series itself takes the course."""
    moments = course.moments()
    series.rule, series.until_on = course.rule.kept, course.until
    if moments:
        series.starts_at = moments[0].astimezone(dt.UTC)
