"""Campaigns and events from a TOML file (docs/loading.md): all of it, or nothing and every mistake with its line.

Reading asks the whole file before anything is written. What it finds are the same drafts that organizers' forms make,
so the same rules and verbs apply, and loading an unchanged file again changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import sqlalchemy as sa
from flask import current_app

from ..core.db import atomic, db
from ..core.errors import Refusal
from ..core.toml_sheets import Table, read_sheet
from . import actions
from .actions.rows import hold
from .drafts import EventDraft
from .keys import hold_copies
from .models import Campaign, Event, EventSeries, Image
from .patterns import course_of, pattern_of
from .recurrence import on_the_wall
from .series_queries import any_series, dates_of
from .written_again import WrittenAgain
from .written_events import Written, WrittenCampaign, WrittenEvent, WrittenMessage, read_written

KEYS_REFUSED: dict[type[Refusal], str] = {
    actions.CapacityBelowSeats: "capacity",
    actions.KeptLonger: "keep_days",
    actions.ListEndsNow: "keep_days",
    actions.MovedIntoPast: "starts",
    actions.PlaceMissing: "city",
}
SAMPLE = Path(__file__).parent / "samples" / "night_of_cultural_revolt.toml"


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What a file did: the slugs of what is new, what changed, what was so already; and its messages, not stored."""

    created: list[str] = field(default_factory=list)
    revised: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    messages: list[WrittenMessage] = field(default_factory=list)


def load(file: Path, *, now: dt.datetime) -> Loaded:
    """Make campaigns and events as the file says, in one transaction; BadFile names every mistake and changes nothing.

    What exists under the same slug is revised. Dates that count from today count from `now`, its day in UTC.
    """
    sheet = read_sheet(file)
    with atomic():
        kept = db.session.scalars(sa.select(Campaign.slug)).all()
        written = read_written(sheet, folder=file.parent, campaigns_kept=kept, today=now.astimezone(dt.UTC).date())
        _hold(written)
        loaded = Loaded(messages=written.messages)
        for campaign in written.campaigns:
            with _told_by_line(campaign.table):
                _put_campaign(campaign, loaded, now)
        for event in written.events:
            with _told_by_line(event.table):
                _put_event(event, loaded, now)
    return loaded


def _hold(written: Written) -> None:
    """Hold all that the file may change before anything is: campaigns and keys come after every event."""
    slugs = [event.slug for event in written.events]
    threads = sa.select(EventSeries.thread).where(EventSeries.slug.in_(slugs))
    dates = sa.select(EventSeries.id).where(EventSeries.thread.in_(threads))
    hold(sa.or_(Event.slug.in_(slugs), Event.series_id.in_(dates)))
    hold_copies()


@contextmanager
def _told_by_line(table: Table) -> Iterator[None]:
    """What an action refuses is told like every other mistake of the file."""
    try:
        yield
    except Refusal as refusal:
        _refuse(table, KEYS_REFUSED.get(type(refusal)), str(refusal))


def _refuse(table: Table, key: str | None, reason: str) -> None:
    table.wrong(key, reason)
    table.sheet.refuse()


def _put_campaign(written: WrittenCampaign, loaded: Loaded, now: dt.datetime) -> None:
    before = db.session.scalar(sa.select(Campaign.revised_at).where(Campaign.slug == written.slug))
    if before is None:
        actions.create_campaign(draft=written.draft, slug=written.slug, now=now)
        loaded.created.append(written.slug)
        return
    actions.revise_campaign(slug=written.slug, draft=written.draft, now=now)
    after = db.session.scalar(sa.select(Campaign.revised_at).where(Campaign.slug == written.slug))
    (loaded.unchanged if after == before else loaded.revised).append(written.slug)


def _put_event(written: WrittenEvent, loaded: Loaded, now: dt.datetime) -> None:
    draft = replace(written.draft, image_name=_image_name(written, now))
    if written.again is not None:
        _put_series(written, written.again, draft, loaded, now)
        return
    before = _revised_at(written.slug)
    if before is None:
        if _series_revised_at(written.slug) is not None:
            _refuse(written.table, "slug", "this comes again; write [event.again] as it was, or another slug.")
        actions.create_event(draft=draft, slug=written.slug, campaign_slug=written.campaign_slug, now=now)
    else:
        actions.revise_event(slug=written.slug, draft=draft, campaign_slug=written.campaign_slug, now=now)
    if written.status is not None:
        _bring_to(written.slug, written.status, now)
    questions = current_app.extensions["written_questions"]
    asked = questions.put_questions(slug=written.slug, written=written.questions, now=now)
    if before is None:
        loaded.created.append(written.slug)
    else:
        same = _revised_at(written.slug) == before and not asked
        (loaded.unchanged if same else loaded.revised).append(written.slug)


def _put_series(
    written: WrittenEvent, again: WrittenAgain, draft: EventDraft, loaded: Loaded, now: dt.datetime
) -> None:
    """Make the dates of what is new; of what is there, change those to come, but never its rule."""
    slug, before = written.slug, _series_revised_at(written.slug)
    questions, also = current_app.extensions["written_questions"], current_app.extensions["copy_questions"]
    if before is None:
        actions.create_event(draft=draft, slug=slug, campaign_slug=written.campaign_slug, now=now)
        questions.put_questions(slug=slug, written=written.questions, now=now)
        with _told_by_line(again.table):
            actions.begin_series(slug=slug, rule=again.rule, until=again.until, also=also, now=now)
    else:
        _revise_series(written, again, draft, now)
    if written.status == "published":
        actions.publish_series(slug=slug, now=now)
    elif written.status == "cancelled":
        actions.cancel_series(slug=slug, now=now)
    if before is None:
        loaded.created.append(slug)
    else:
        (loaded.unchanged if _series_revised_at(slug) == before else loaded.revised).append(slug)


def _revise_series(written: WrittenEvent, again: WrittenAgain, draft: EventDraft, now: dt.datetime) -> None:
    series = any_series(written.slug)
    course, starts = course_of(series), on_the_wall(draft.starts_at, draft.time_zone)
    same_clocks = course.all_day or course.first.time() == starts.time()
    if course.rule != again.rule or not same_clocks or course.time_zone != draft.time_zone:
        _refuse(again.table, None, "it comes again by another rule already; change the rule on its page.")
    coming = [event for event in dates_of(series) if event.ends_at > now]
    if written.status == "draft" and any(event.status != "draft" for event in coming):
        _refuse(written.table, "status", "some of its dates are published; cancel them, or leave the line out.")
    for event in coming[:1]:
        actions.revise_dates(
            slug=event.slug,
            draft=pattern_of(draft).draft(event.starts_at, event.time_zone),
            campaign_slug=written.campaign_slug,
            made_from=event.revised_at,
            locale="en",
            like_others=True,
            now=now,
        )


def _series_revised_at(slug: str) -> dt.datetime | None:
    return db.session.scalar(sa.select(EventSeries.revised_at).where(EventSeries.slug == slug))


def _revised_at(slug: str) -> dt.datetime | None:
    return db.session.scalar(sa.select(Event.revised_at).where(Event.slug == slug))


def _bring_to(slug: str, status: str, now: dt.datetime) -> None:
    """Lead an event from the status it has to the one the file says, over those that lie between."""
    has = db.session.scalars(sa.select(Event.status).where(Event.slug == slug)).one()
    if has == status:
        return
    if status == "draft":
        actions.withdraw_event(slug=slug, now=now)
        return
    if has == "draft":
        actions.publish_event(slug=slug, now=now)
    elif (has, status) != ("postponed", "cancelled"):
        actions.reinstate(slug=slug, now=now)
    if status == "cancelled":
        actions.cancel_event(slug=slug, now=now)
    elif status == "postponed":
        actions.postpone_event(slug=slug, now=now)


def _image_name(written: WrittenEvent, now: dt.datetime) -> str | None:
    """The name under which the event's picture is kept; one that is kept already is not kept twice."""
    picture = written.picture
    if picture is None:
        return None
    same = db.session.scalar(sa.select(Image.name).where(Image.content == picture.content).limit(1))
    if same is not None:
        return same
    actions.keep_image(
        name=picture.name,
        content=picture.content,
        width=picture.width,
        height=picture.height,
        smaller=picture.smaller,
        now=now,
    )
    return picture.name
