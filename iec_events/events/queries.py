"""What is asked of campaigns and events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from ..core.db import db
from ..core.errors import Refusal
from ..core.i18n import _l
from ..organizers.roles import ALL, Reach
from .models import LONGEST_KEPT, Campaign, Event, EventSeries, Image, Rendition

SISTERS_WITHIN = dt.timedelta(days=8)
PAST_SHOWN = 24
CANCELLED_TOLD = dt.timedelta(days=3)
NEWS_KEPT = dt.timedelta(days=LONGEST_KEPT)  # by then their list is gone, on the day that everybody was told
LISTED = (Event.status != "draft", Event.listed)  # what strangers find without knowing its address


class EventUnknown(Refusal):
    """No event, or none that strangers may see, has this slug."""

    status: ClassVar[int] = 404
    message = _l("There is no event at this address. It may have been moved, or the address was copied wrong.")


class EventGone(Refusal):
    """The event was published once and has been taken down."""

    status: ClassVar[int] = 410
    message = _l("This event has been taken down by the people who organize it.")


class CampaignUnknown(Refusal):
    """No published campaign has this slug."""

    status: ClassVar[int] = 404
    message = _l("There is no campaign at this address.")


def waits_for_date(now: dt.datetime) -> sa.ColumnElement[bool]:
    """Whether those on an event's list wait for news of it, over or not: postponed, or then cancelled in three days."""
    lately = sa.and_(Event.status == "cancelled", Event.revised_at > now - CANCELLED_TOLD)
    return sa.and_(sa.or_(Event.status == "postponed", lately), Event.ends_at > now - NEWS_KEPT)


def public_event(slug: str) -> Event:
    """The published (or cancelled, or postponed) event; EventUnknown, or EventGone when it was withdrawn."""
    event = db.session.scalar(EVENT_BY_SLUG, {"slug": slug})
    if event is None or (event.status == "draft" and event.published_at is None):
        raise EventUnknown
    if event.status == "draft":
        raise EventGone
    return event


def any_event(slug: str) -> Event:
    """The event in whatever status, for organizers; EventUnknown."""
    event = db.session.scalar(EVENT_BY_SLUG, {"slug": slug})
    if event is None:
        raise EventUnknown
    return event


def public_campaign(slug: str) -> Campaign:
    """The published campaign; CampaignUnknown."""
    campaign = db.session.scalar(sa.select(Campaign).where(Campaign.slug == slug, Campaign.published))
    if campaign is None:
        raise CampaignUnknown
    return campaign


def public_campaigns() -> Sequence[Campaign]:
    """Every published campaign, by slug."""
    return db.session.scalars(sa.select(Campaign).where(Campaign.published).order_by(Campaign.slug)).all()


def upcoming_events(now: dt.datetime) -> Sequence[Event]:
    """What is listed and not over, soonest first."""
    query = _listed_events().where(Event.ends_at > now).order_by(Event.starts_at, Event.id)
    return db.session.scalars(query).all()


def past_events(now: dt.datetime, limit: int = PAST_SHOWN) -> Sequence[Event]:
    """What is listed and over, latest first; of a series its latest date only, so that it leaves room for others."""
    latest_first = (Event.starts_at.desc(), Event.id)
    series = sa.func.coalesce(EventSeries.thread, sa.cast(Event.id, sa.String))
    place = sa.func.row_number().over(partition_by=series, order_by=latest_first).label("place")
    over = sa.select(Event.id, place).outerjoin(EventSeries, Event.series_id == EventSeries.id)
    ranked = over.where(*LISTED, Event.ends_at <= now).subquery()
    query = _events().join(ranked, ranked.c.id == Event.id).where(ranked.c.place == 1)
    return db.session.scalars(query.order_by(*latest_first).limit(limit)).all()


def campaign_events(campaign_id: int) -> Sequence[Event]:
    """The campaign's listed events on one line of time."""
    query = _listed_events().where(Event.campaign_id == campaign_id).order_by(Event.starts_at, Event.id)
    return db.session.scalars(query).all()


def nights_of_campaigns() -> dict[int, int]:
    """How many listed events each campaign has, by its id; campaigns without any are left out."""
    query = sa.select(Event.campaign_id, sa.func.count()).where(*LISTED, Event.campaign_id.is_not(None))
    return {number: count for number, count in db.session.execute(query.group_by(Event.campaign_id)) if number}


def sister_events(event: Event) -> Sequence[Event]:
    """The other listed events of the campaign around the same days; of its own series none, whatever rule it had."""
    if event.campaign_id is None:
        return []
    thread = event.series.thread if event.series is not None else ""
    own = sa.select(EventSeries.id).where(EventSeries.thread == thread)
    query = _listed_events().where(
        Event.campaign_id == event.campaign_id,
        Event.id != event.id,
        sa.or_(Event.series_id.is_(None), Event.series_id.not_in(own)),
        Event.starts_at.between(event.starts_at - SISTERS_WITHIN, event.starts_at + SISTERS_WITHIN),
    )
    return db.session.scalars(query.order_by(Event.starts_at, Event.id)).all()


def all_events(reach: Reach = ALL) -> Sequence[Event]:
    """Every event in reach in every status, latest first, for organizers."""
    return db.session.scalars(_events().where(reached(reach)).order_by(Event.starts_at.desc(), Event.id)).all()


def all_campaigns(reach: Reach = ALL) -> Sequence[Campaign]:
    """Every campaign in reach, for organizers."""
    mine = sa.true() if reach.everywhere else Campaign.slug.in_(reach.campaigns)
    return db.session.scalars(sa.select(Campaign).where(mine).order_by(Campaign.slug)).all()


def reached(reach: Reach) -> sa.ColumnElement[bool]:
    """The condition that an event is in reach."""
    if reach.everywhere:
        return sa.true()
    campaigns = sa.select(Campaign.id).where(Campaign.slug.in_(reach.campaigns))
    return sa.or_(Event.slug.in_(reach.events), Event.campaign_id.in_(campaigns))


def campaign_of(slug: str) -> str | None:
    """The slug of the campaign that an event is in, if any."""
    return db.session.scalar(sa.select(Campaign.slug).join(Event).where(Event.slug == slug))


def any_campaign(slug: str) -> Campaign:
    """The campaign, published or not, for organizers; CampaignUnknown."""
    campaign = db.session.scalar(sa.select(Campaign).where(Campaign.slug == slug))
    if campaign is None:
        raise CampaignUnknown
    return campaign


def campaign_zone(slug: str) -> str:
    """The time zone of the campaign's latest event, a first guess for the next; empty if there is none."""
    query = sa.select(Event.time_zone).join(Campaign).where(Campaign.slug == slug)
    return db.session.scalar(query.order_by(Event.starts_at.desc()).limit(1)) or ""


def still_there(kind: str, slugs: Collection[str]) -> set[str]:
    """Which of these slugs lead to an "event", a "campaign" or a "series" of today, for organizers."""
    columns: dict[str, Any] = {"event": Event.slug, "campaign": Campaign.slug, "series": EventSeries.slug}
    return set(db.session.scalars(sa.select(columns[kind]).where(columns[kind].in_(slugs))))


def image_octets(name: str) -> bytes | None:
    """A picture's WebP octets."""
    return db.session.scalar(sa.select(Image.content).where(Image.name == name))


def image_rendition(name: str, width: int) -> bytes | None:
    """The WebP octets of a picture that is so many pixels wide."""
    return db.session.scalar(sa.select(Rendition.content).where(Rendition.image_name == name, Rendition.width == width))


def _events() -> sa.Select[Event]:
    return sa.select(Event).options(joinedload(Event.campaign), joinedload(Event.image), selectinload(Event.series))


def _listed_events() -> sa.Select[Event]:
    return _events().where(*LISTED)


EVENT_BY_SLUG = _events().where(Event.slug == sa.bindparam("slug"))  # asked on every page: put together once
