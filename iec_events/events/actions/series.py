"""What comes again: begun from a draft, changed for all its dates, given another rule; single dates taken out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from uuid import uuid4

import sqlalchemy as sa

from ...core.config import settings
from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _, _l, format_number
from ...core.tokens import new_id
from ...organizers.audit import note
from ...organizers.places import copy_roles, rename_place
from ...organizers.roles import of_event
from ..drafts import EventDraft, draft_of
from ..models import Event, EventSeries
from ..patterns import Pattern, changes, course_of, kept_pattern, pattern_of, with_changes
from ..plans import Plan, plan_of
from ..recurrence import LONGEST_AHEAD, MOST_DATES, Course, Rule, on_the_wall
from ..seats import availability
from ..series_queries import any_series, dates_of, is_listed
from ..slugs import LONGEST, is_secret, numbered, with_tail
from ..times import day_month
from .rows import after, free_slug, is_left_out, leave_out, locked, take_from_left_out
from .steps import NotFromHere, cancel_event, publish_event, reinstate, withdraw_event
from .writing import (
    TOLD,
    CapacityBelowSeats,
    DraftRefused,
    EventChangedMeanwhile,
    KeptLonger,
    delete_draft,
    revise_event,
)

KEEP, CANCEL = "keep", "cancel"
DATED = len("-2027-02-02")
Also = Callable[[int, Sequence[int]], None]  # (event id, ids of its copies): what other rooms copy along


class RuleRefused(Refusal):
    """A rule that has no dates, or too many; `field` names what the sentence is about."""

    status: ClassVar[int] = 422

    def __init__(self, field: str, message: object) -> None:
        super().__init__(field)
        self.field = field
        self.message = message


class SeenAlready(Refusal):
    """An event that people have seen is in their calendars as one that happens once."""

    message = _l(
        "This event was published as one that happens once. Copy it as a new event, and let that one come again."
    )


class PeopleSignedUp(Refusal):
    """A date that people signed up for does not vanish."""

    message = _l("People have signed up for this date. Cancel it instead: then they are told.")


class SeriesSeen(Refusal):
    """A series that people have seen is cancelled, not thrown away."""

    message = _l("Some dates of this were published, so it can’t be deleted. Cancel it, or let it end, instead.")


class DateRefuses(Refusal):
    """One of the dates stands against a change of all."""

    def __init__(self, event: Event, reason: Refusal, locale: str) -> None:
        super().__init__(event.slug)
        day = day_month(on_the_wall(event.starts_at, event.time_zone).date(), locale)
        self.message = _("%(day)s: %(reason)s", day=day, reason=str(reason))
        self.reason = reason


@atomic()
def begin_series(*, slug: str, rule: Rule, until: dt.date, also: Also | None = None, now: dt.datetime) -> str:
    """Let a draft come again by this rule: it becomes the first date, and the others are made like it.

    Gives the slug of the series. SeenAlready, RuleRefused.
    """
    event = locked(slug)
    if event.published_at is not None or event.status != "draft" or event.lines_given or event.series_id is not None:
        raise SeenAlready
    draft = draft_of(event)
    first = on_the_wall(draft.starts_at, draft.time_zone)
    course = Course(rule=rule, time_zone=draft.time_zone, first=first, until=until, all_day=draft.all_day)
    moments = checked(course, now=now)
    pattern, moment = pattern_of(draft), after(None, now)
    stem = event.slug.rpartition("-")[0] if is_secret(event.slug) else event.slug
    series = EventSeries(
        uid=f"{uuid4()}@{settings().host}",
        thread=new_id(),
        slug=event.slug if is_secret(event.slug) else _series_slug(stem, secret=not draft.listed),
        campaign_id=event.campaign_id,
        rule=rule.kept,
        time_zone=draft.time_zone,
        starts_at=moments[0],
        until_on=until,
        pattern=pattern.columns,
        offsets=pattern.offsets,
        created_at=moment,
        revised_at=moment,
    )
    db.session.add(series)
    db.session.flush()
    names = _date_slugs(series, [one.date() for one in moments])
    _place(event, series, moments[0])
    rename_place(of_event(event.slug), of_event(names[0]))
    event.slug = names[0]
    _write(event, pattern.draft(moments[0], series.time_zone), now)
    _make_dates(series, moments[1:], names[1:], like=event, also=also, now=now)
    note("series.begun", f"series:{series.slug}", now=now)
    return str(series.slug)


@atomic()
def revise_dates(
    *, slug: str, draft: EventDraft, campaign_slug: str | None, made_from: dt.datetime, locale: str, now: dt.datetime
) -> str:
    """Change this date and with it all that are to come; what was changed singly before stays so. Gives its slug.

    EventChangedMeanwhile, DateRefuses, DraftRefused: when and by whose clocks the dates are is changed with the rule.
    """
    event = locked(slug)
    if event.series is None:
        raise NotFromHere
    if made_from != event.revised_at:
        raise EventChangedMeanwhile
    _refuse_other_times(event, draft)
    told = changes(pattern_of(draft_of(event)), pattern_of(draft))
    campaign, campaign_before = campaign_slug, event.campaign.slug if event.campaign else None
    if not told and campaign == campaign_before:
        return slug
    for date in [one for one in dates_of(event.series) if one.ends_at > now or one.id == event.id]:
        usual = kept_pattern(date.series) if date.series and date.id != event.id else None
        mine = draft_of(date)
        changed = with_changes(pattern_of(mine), told, usual).draft(mine.starts_at, mine.time_zone)
        theirs = date.campaign.slug if date.campaign else None
        try:
            revise_event(
                slug=date.slug,
                draft=changed,
                campaign_slug=campaign if theirs == campaign_before else theirs,
                now=now,
            )
        except (CapacityBelowSeats, KeptLonger) as refusal:
            raise DateRefuses(date, refusal, locale) from refusal
    for series in _stretches(event.series):
        pattern = with_changes(kept_pattern(series), told)
        series.pattern, series.offsets = pattern.columns, pattern.offsets
        if campaign != campaign_before:
            series.campaign_id = event.campaign_id
        series.revised_at = after(series.revised_at, now)
        series.sequence += bool({name for _kind, name, *_rest in told} & TOLD)
    slug = _hidden_if_wished(event.series)
    note("series.revised", f"series:{slug}", now=now)
    return event.slug


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
    series = any_series(slug)
    dates = [locked(one.slug) for one in dates_of(series)]
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
    names = _date_slugs(target, [one.date() for one in plan.added])
    _make_dates(target, plan.added, names, like=like, also=also, now=now)
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


def checked(course: Course, *, now: dt.datetime, least: int = 2) -> list[dt.datetime]:
    """The dates of a course; RuleRefused where there are too many, too far ahead, or fewer than `least`."""
    if course.until > max(course.first.date(), now.date()) + LONGEST_AHEAD:
        raise RuleRefused("until", _l("Dates can be made for eighteen months ahead. Please choose an earlier end."))
    moments = course.moments()
    if len(moments) < least:
        raise RuleRefused("until", _l("By this rule there would be no second date. Please choose a later end."))
    if len([moment for moment in moments if moment > now]) > MOST_DATES:
        sentence = _("That would be more than %(most)s dates. Please choose an earlier end.")
        raise RuleRefused("until", sentence % {"most": format_number(MOST_DATES)})
    return moments


@atomic()
def publish_series(*, slug: str, now: dt.datetime) -> None:
    """Show every date that is to come and was not taken out. TitleMissing, PlaceMissing."""
    unseen = [one for one in _coming(slug, now) if one.published_at is None and not is_left_out(one)]
    for event in unseen:
        publish_event(slug=event.slug, now=now)
    if unseen:
        _noted(slug, "series.published", now)


@atomic()
def cancel_series(*, slug: str, now: dt.datetime) -> None:
    """Cancel every date that is to come; whoever signed up for one is told."""
    standing = [one for one in _coming(slug, now) if one.status in {"published", "postponed"}]
    for event in standing:
        cancel_event(slug=event.slug, now=now)
    if standing:
        _noted(slug, "series.cancelled", now)


@atomic()
def reinstate_series(*, slug: str, now: dt.datetime) -> None:
    """Every cancelled date that is to come takes place after all."""
    off = [one for one in _coming(slug, now) if one.status in {"cancelled", "postponed"}]
    for event in off:
        reinstate(slug=event.slug, now=now)
    if off:
        _noted(slug, "series.reinstated", now)


@atomic()
def delete_series(*, slug: str, now: dt.datetime) -> None:
    """Throw away a series of which nobody has seen a date. SeriesSeen, ListKept."""
    series = any_series(slug)
    dates = dates_of(series)
    if any(event.published_at is not None for event in dates):
        raise SeriesSeen
    for event in dates:
        delete_draft(slug=event.slug, now=now)
    db.session.flush()
    db.session.execute(sa.delete(EventSeries).where(EventSeries.thread == series.thread))
    note("series.deleted", f"series:{slug}", now=now)


@atomic()
def take_out(*, slug: str, now: dt.datetime) -> None:
    """Take one date out of its series: there is nothing on that day. PeopleSignedUp; doing it twice does it once."""
    event = locked(slug)
    if event.series is None or event.recurs_at is None or event.ends_at <= now:
        raise NotFromHere
    if event.lines_given:
        raise PeopleSignedUp
    if event.status != "draft":
        withdraw_event(slug=slug, now=now)  # leaves it out
        return
    leave_out(event)
    note("series.date-taken-out", f"event:{slug}", now=now)


@atomic()
def put_back(*, slug: str, now: dt.datetime) -> None:
    """A date that was taken out takes place; it is shown again at once if it was before."""
    event = locked(slug)
    if event.series is None or event.recurs_at is None or event.ends_at <= now:
        raise NotFromHere
    if event.published_at is not None and event.status == "draft":
        publish_event(slug=slug, now=now)  # puts it back
        return
    take_from_left_out(event)
    note("series.date-put-back", f"event:{slug}", now=now)


def _coming(slug: str, now: dt.datetime) -> list[Event]:
    return [event for event in dates_of(any_series(slug)) if event.ends_at > now]


def _noted(slug: str, what: str, now: dt.datetime) -> None:
    note(what, f"series:{slug}", now=now)


def _refuse_other_times(event: Event, draft: EventDraft) -> None:
    """The start of one date is that date's own; for all it is the rule's."""
    sentence = _l(
        "The day, the hour and the time zone of all dates are changed with the rule, on the page of the series."
    )
    if draft.starts_at.astimezone(dt.UTC) != event.starts_at or draft.all_day != event.all_day:
        raise DraftRefused("starts_at", sentence)
    if draft.time_zone != event.time_zone:
        raise DraftRefused("time_zone", sentence)


def _stretches(series: EventSeries) -> Sequence[EventSeries]:
    """Every rule that the series has had."""
    return db.session.scalars(
        sa.select(EventSeries).where(EventSeries.thread == series.thread).order_by(EventSeries.id)
    ).all()


def _hidden_if_wished(series: EventSeries) -> str:
    """The slug of the series; one that nobody has seen and that its link only shall find gets a random tail."""
    latest = next(one for one in _stretches(series) if one.slug)
    slug = str(latest.slug)
    seen = any(event.published_at is not None for event in dates_of(series))
    if not is_listed(latest) and not is_secret(slug) and not seen:
        latest.slug = _series_slug(slug, secret=True)
    return str(latest.slug)


def _touch(series: EventSeries, now: dt.datetime) -> None:
    series.revised_at = after(series.revised_at, now)
    series.sequence += 1


def _place(event: Event, series: EventSeries, moment: dt.datetime) -> None:
    event.series = series
    event.recurs_at = moment.astimezone(dt.UTC)


def _write(event: Event, draft: EventDraft, now: dt.datetime) -> None:
    """Say of a date what the draft says; who signed up is told if that is another time."""
    campaign = event.campaign.slug if event.campaign else None
    db.session.flush()
    revise_event(slug=event.slug, draft=draft, campaign_slug=campaign, now=now)


def _move(plan: Plan, target: EventSeries, now: dt.datetime) -> None:
    """Dates whose rule says another moment now. One that people signed up for stays what it is in their calendars."""
    for event, moment in plan.moved:
        own = event.starts_at != event.recurs_at  # it was moved singly, and stays where it was put
        if event.lines_given == 0:
            _hand_over(event, target, moment)
        if not own:
            mine = draft_of(event)
            _write(event, pattern_of(mine).draft(moment, target.time_zone), now)
    for event in plan.stays:
        if event.series_id != target.id and event.lines_given == 0 and event.recurs_at is not None:
            _hand_over(event, target, event.recurs_at)


def _hand_over(event: Event, target: EventSeries, moment: dt.datetime) -> None:
    """Let a date be by another rule; one that was taken out stays so."""
    out = is_left_out(event)
    take_from_left_out(event)
    _place(event, target, moment)
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
    slug, moment = series.slug, after(None, now)
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


def _make_dates(
    series: EventSeries,
    moments: Sequence[dt.datetime],
    names: Sequence[str],
    *,
    like: Event,
    also: Also | None,
    now: dt.datetime,
) -> None:
    """Add dates as drafts; whoever has a role for the one they are like has it for them."""
    if not moments:
        return
    made, pattern, second = [], kept_pattern(series), after(None, now)
    for moment, name in zip(moments, names, strict=True):
        draft = pattern.draft(moment.astimezone(dt.UTC), series.time_zone)
        event = Event(
            uid=f"{uuid4()}@{settings().host}",
            slug=name,
            campaign_id=series.campaign_id,
            series_id=series.id,
            recurs_at=moment.astimezone(dt.UTC),
            status="draft",
            availability=availability(draft.capacity, 0),
            created_at=second,
            revised_at=second,
            **_columns(pattern, draft),
        )
        made.append(event)
    db.session.add_all(made)
    db.session.flush()
    copy_roles(of_event(like.slug), [of_event(event.slug) for event in made])
    if also is not None:
        also(like.id, [event.id for event in made])


def _columns(pattern: Pattern, draft: EventDraft) -> dict[str, Any]:
    moments = {name: getattr(draft, name) for name in ("starts_at", "time_zone", *pattern.offsets)}
    return {**pattern.columns, **moments}


def _series_slug(stem: str, *, secret: bool) -> str:
    stem = stem[: LONGEST - DATED].rstrip("-")
    if secret:
        return with_tail(stem)
    return free_slug(EventSeries, None, stem)


def _date_slugs(series: EventSeries, days: Sequence[dt.date]) -> list[str]:
    """`vigil-2027-02-02`; with a random tail where the series is found by its link only."""
    slug = str(series.slug)
    secret = not series.pattern.get("listed", True)
    stem = slug.rpartition("-")[0] if secret else slug
    taken = set(db.session.scalars(sa.select(Event.slug).where(Event.slug.startswith(stem, autoescape=True))))
    found = []
    for day in days:
        name = f"{stem[: LONGEST - DATED].rstrip('-')}-{day.isoformat()}"
        name = with_tail(name) if secret else numbered(name, taken)
        taken.add(name)
        found.append(name)
    return found
