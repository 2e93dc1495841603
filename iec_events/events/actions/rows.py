"""What the verbs of this room have in common: rows that are held, slugs that are free, columns that are written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar

import sqlalchemy as sa

from ...core.db import db
from ...core.errors import Refusal
from ...core.i18n import _l
from ...organizers.audit import OPERATOR, actor
from ..models import Campaign, Event, EventSeries
from ..queries import CampaignUnknown, EventUnknown
from ..series_queries import dates_of
from ..slugs import is_slug, numbered


class SlugTaken(Refusal):
    """Another page already has this address."""

    message = _l("This address is taken already. Please choose another.")


class SlugUnfit(Refusal):
    """Not something that can stand in an address."""

    status: ClassVar[int] = 422
    message = _l("An address is made of small Latin letters, digits and hyphens, such as berkeley-2027.")


def hold(which: sa.ColumnElement[bool]) -> Sequence[Event]:
    """These events, by their ids, read afresh and held until the end of the verb (SQLite holds the whole database).

    Everybody takes what they hold in one order, in which nobody waits for somebody who waits for them: the rules of
    series, since each date may change its own; then events, by their ids; then copies of keys (`keys.hold_copies`).
    """
    threads = sa.select(EventSeries.thread).join(Event, Event.series_id == EventSeries.id).where(which)
    rules = sa.select(EventSeries).where(EventSeries.thread.in_(threads)).order_by(EventSeries.id)
    events = sa.select(Event).where(which).order_by(Event.id)
    afresh = {"populate_existing": True}
    db.session.scalars(rules.with_for_update(key_share=True).execution_options(**afresh)).all()
    return db.session.scalars(events.with_for_update().execution_options(**afresh)).all()


def locked(slug: str) -> Event:
    """The event, held; EventUnknown."""
    for event in hold(Event.slug == slug):
        return event
    raise EventUnknown


def locked_dates(series: EventSeries) -> list[Event]:
    """Every date of the series, of former rules too, all of them held; soonest first."""
    hold(Event.series_id.in_(sa.select(EventSeries.id).where(EventSeries.thread == series.thread)))
    return dates_of(series)


def locked_campaign(slug: str) -> Campaign:
    """The campaign, likewise."""
    found = sa.select(Campaign).where(Campaign.slug == slug).with_for_update().execution_options(populate_existing=True)
    campaign = db.session.scalar(found)
    if campaign is None:
        raise CampaignUnknown
    return campaign


def free_slug(kind: type[Event | Campaign | EventSeries], typed: str | None, made: str) -> str:
    """The typed slug if it is free, else SlugTaken; or the made one, with a number behind it if need be."""
    wanted = made if typed is None else typed
    if not is_slug(wanted):
        raise SlugUnfit
    found = db.session.scalars(sa.select(kind.slug).where(kind.slug.startswith(wanted, autoescape=True)))
    taken = {slug for slug in found if slug}
    if typed is not None and typed in taken:
        raise SlugTaken
    return numbered(wanted, taken)


def is_left_out(event: Event) -> bool:
    """Whether a date was taken out of its series."""
    return bool(event.series and event.recurs_at and event.series.leaves_out(event.recurs_at))


def leave_out(event: Event) -> None:
    """Note that a date is taken out of its series, if it is one of a series."""
    if event.series is not None and event.recurs_at is not None and not is_left_out(event):
        event.series.left_out = [*event.series.left_out, event.recurs_at.isoformat()]


def take_from_left_out(event: Event) -> None:
    """Note that a date is in its series again."""
    if event.series is not None and event.recurs_at is not None:
        at = event.recurs_at.isoformat()
        event.series.left_out = [one for one in event.series.left_out if one != at]


def forget_if_empty(thread: str) -> None:
    """Delete a series that has no date any more."""
    db.session.flush()
    rules = sa.select(EventSeries.id).where(EventSeries.thread == thread)
    if db.session.scalar(sa.select(Event.id).where(Event.series_id.in_(rules)).limit(1)) is None:
        db.session.execute(sa.delete(EventSeries).where(EventSeries.thread == thread))


def write(row: Event | Campaign, columns: dict[str, Any]) -> set[str]:
    """Set what differs, and name it; untouched columns stay untouched, so that nothing changes for no change."""
    changed = {name for name, value in columns.items() if getattr(row, name) != value}
    for name in changed:
        setattr(row, name, columns[name])
    return changed


def clocks_are_read_of(event: Event) -> None:
    """Whoever saves it has read that a state changed its clocks; who loads a file has not, maybe every day."""
    if actor() != OPERATOR:
        event.clocks = ""


def stamped(event: Event, now: dt.datetime) -> dt.datetime:
    """Now, and later than all that its calendar entry was stamped with: it speaks of its series and campaign, too."""
    rows = (event, event.series, event.campaign)
    return after(max(row.revised_at for row in rows if row is not None), now)


def all_stamped(row: EventSeries | Campaign, now: dt.datetime) -> dt.datetime:
    """Now, and later than all that the entries of the events in a series or campaign were stamped with."""
    mine = Event.series_id == row.id if isinstance(row, EventSeries) else Event.campaign_id == row.id
    query = sa.select(sa.func.max(Event.revised_at), sa.func.max(EventSeries.revised_at)).where(mine)
    latest = db.session.execute(query.outerjoin(EventSeries, Event.series_id == EventSeries.id)).one()
    campaign = row.campaign if isinstance(row, EventSeries) else None
    return after(max([row.revised_at, *filter(None, latest), *([campaign.revised_at] if campaign else [])]), now)


def after(before: dt.datetime | None, now: dt.datetime) -> dt.datetime:
    """Now, in whole seconds as calendars and HTTP count them, and always later than before."""
    second = now.replace(microsecond=0)
    if before is None or second > before:
        return second
    return before.replace(microsecond=0) + dt.timedelta(seconds=1)
