"""What comes again: begun from a draft, changed for all its dates, called off; single dates taken out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from uuid import uuid4

import sqlalchemy as sa

from ...core.config import settings
from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _, _l
from ...core.tokens import new_id
from ...organizers.audit import note
from ...organizers.places import rename_place
from ...organizers.roles import of_event
from ..drafts import EventDraft, draft_of
from ..keys import hold_copies
from ..models import Campaign, Event, EventSeries
from ..patterns import changes, kept_pattern, pattern_of, with_changes
from ..queries import any_event
from ..recurrence import Course, Rule, on_the_wall
from ..series_queries import any_series, dates_of, is_listed
from ..slugs import is_secret
from ..times import day_month
from .rows import (
    after,
    all_stamped,
    clocks_are_read_of,
    is_left_out,
    leave_out,
    locked,
    locked_dates,
    take_from_left_out,
)
from .series_rows import Also, checked, date_slugs, make_dates, place_date, series_slug, stretches, write_date
from .steps import NotFromHere, cancel_event, publish_event, reinstate, withdraw_event
from .writing import (
    TOLD,
    CapacityBelowSeats,
    DraftRefused,
    EventChangedMeanwhile,
    KeptLonger,
    ListEndsNow,
    delete_draft,
    revise_event,
)


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
    hold_copies()  # roles are copied with the dates: none is taken meanwhile
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
        slug=event.slug if is_secret(event.slug) else series_slug(stem, secret=not draft.listed),
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
    names = date_slugs(series, [one.date() for one in moments])
    place_date(event, series, moments[0])
    rename_place(of_event(event.slug), of_event(names[0]))
    event.slug = names[0]
    write_date(event, pattern.draft(moments[0], series.time_zone), now)
    make_dates(series, moments[1:], names[1:], like=event, also=also, now=now)
    note("series.begun", f"series:{series.slug}", now=now)
    return str(series.slug)


@atomic()
def revise_dates(
    *,
    slug: str,
    draft: EventDraft,
    campaign_slug: str | None,
    made_from: dt.datetime,
    locale: str,
    like_others: bool = False,
    now: dt.datetime,
) -> str:
    """Change this date and with it all that are to come; what was changed singly before stays so. Gives its slug.

    `like_others`: so does what was changed of this one; the draft is what all of them shall have in common.
    EventChangedMeanwhile, DateRefuses, DraftRefused: when and by whose clocks the dates are is changed with the rule.
    """
    event = any_event(slug)
    if event.series is None:
        raise NotFromHere
    dates = locked_dates(event.series)
    if made_from != event.revised_at:
        raise EventChangedMeanwhile
    _refuse_other_times(event, draft)
    was, shared = draft_of(event), event.series
    before = kept_pattern(shared).draft(was.starts_at, was.time_zone) if like_others else was
    told = changes(pattern_of(before), pattern_of(draft))
    was_in = (shared if like_others else event).campaign
    campaign, campaign_before = campaign_slug, was_in.slug if was_in else None
    coming = [one for one in dates if one.ends_at > now or one.id == event.id]
    for date in coming:
        clocks_are_read_of(date)
    if not told and campaign == campaign_before:
        return slug
    if campaign != campaign_before:
        hold_copies()
    for date in coming:
        usual = kept_pattern(date.series) if date.series and (like_others or date.id != event.id) else None
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
        except (CapacityBelowSeats, KeptLonger, ListEndsNow, DraftRefused) as refusal:
            raise DateRefuses(date, refusal, locale) from refusal
    for series in stretches(event.series):
        pattern = with_changes(kept_pattern(series), told)
        series.revised_at = all_stamped(series, now)
        series.pattern, series.offsets = pattern.columns, pattern.offsets
        if campaign != campaign_before:
            series.campaign = db.session.scalar(sa.select(Campaign).where(Campaign.slug == campaign))
        series.sequence += bool({name for _kind, name, *_rest in told} & TOLD)
    slug = _hidden_if_wished(event.series)
    note("series.revised", f"series:{slug}", now=now)
    return event.slug


@atomic()
def publish_series(*, slug: str, now: dt.datetime) -> None:
    """Show every date that is to come and was not taken out. TitleMissing, PlaceMissing."""
    _all_coming(
        slug, publish_event, "series.published", lambda one: one.published_at is None and not is_left_out(one), now=now
    )


@atomic()
def cancel_series(*, slug: str, now: dt.datetime) -> None:
    """Cancel every date that is to come; whoever signed up for one is told."""
    _all_coming(slug, cancel_event, "series.cancelled", lambda one: one.status in {"published", "postponed"}, now=now)


@atomic()
def reinstate_series(*, slug: str, now: dt.datetime) -> None:
    """Every cancelled date that is to come takes place after all."""
    _all_coming(slug, reinstate, "series.reinstated", lambda one: one.status in {"cancelled", "postponed"}, now=now)


@atomic()
def delete_series(*, slug: str, now: dt.datetime) -> None:
    """Throw away a series of which nobody has seen a date. SeriesSeen, ListKept."""
    series = any_series(slug)
    dates = locked_dates(series)
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


def _all_coming(
    slug: str, step: Callable[..., None], noted: str, wanted: Callable[[Event], bool], *, now: dt.datetime
) -> None:
    """Take a step with all dates that are to come and are wanted."""
    found = [event for event in locked_dates(any_series(slug)) if event.ends_at > now and wanted(event)]
    for event in found:
        step(slug=event.slug, now=now)
    if found:
        note(noted, f"series:{slug}", now=now)


def _refuse_other_times(event: Event, draft: EventDraft) -> None:
    """The start of one date is that date's own; for all it is the rule's."""
    sentence = _l(
        "The day, the hour and the time zone of all dates are changed with the rule, on the page of the series."
    )
    if draft.starts_at.astimezone(dt.UTC) != event.starts_at or draft.all_day != event.all_day:
        raise DraftRefused("starts_at", sentence)
    if draft.time_zone != event.time_zone:
        raise DraftRefused("time_zone", sentence)


def _hidden_if_wished(series: EventSeries) -> str:
    """The slug of the series; one that nobody has seen and that its link only shall find gets a random tail."""
    latest = next(one for one in stretches(series) if one.slug)
    slug = str(latest.slug)
    seen = any(event.published_at is not None for event in dates_of(series))
    if not is_listed(latest) and not is_secret(slug) and not seen:
        latest.slug = series_slug(slug, secret=True)
    return str(latest.slug)
