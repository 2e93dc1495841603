"""Creating, revising, publishing and calling off. Each verb locks its event, and repeating one changes nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar
from uuid import uuid4

import sqlalchemy as sa

from ..core.config import settings
from ..core.db import atomic, db
from ..core.errors import Refusal
from ..core.i18n import _l, format_number, ngettext
from ..organizers.audit import note
from .drafts import CampaignDraft, EventDraft, columns_of, filled, objections
from .models import Campaign, Event, Image
from .queries import CampaignUnknown, EventUnknown
from .seats import availability
from .slugs import event_slug, is_slug, numbered, title_slug

# Whoever has the event in a calendar must be told when one of these changes (RFC 5546 2.1.4).
TOLD = frozenset({"starts_at", "ends_at", "time_zone", "venue", "street", "city", "online_url"})

# What a change of status is called in the audit trail where it is not the new status itself.
STEPS_NOTED = {
    ("published", "draft"): "event.withdrawn",
    ("postponed", "draft"): "event.withdrawn",
    ("cancelled", "draft"): "event.withdrawn",
    ("postponed", "published"): "event.reinstated",
    ("cancelled", "published"): "event.reinstated",
}


UNUSED_IMAGE_KEPT = dt.timedelta(days=1)


class SlugTaken(Refusal):
    """Another page already has this address."""

    message = _l("This address is taken already. Please choose another.")


class SlugUnfit(Refusal):
    """Not something that can stand in an address."""

    status: ClassVar[int] = 422
    message = _l("An address is made of small Latin letters, digits and hyphens, such as berkeley-2027.")


class DraftRefused(Refusal):
    """A draft that contradicts itself; `field` names what the sentence is about."""

    status: ClassVar[int] = 422

    def __init__(self, field: str, message: object) -> None:
        super().__init__(field)
        self.field = field
        self.message = message


class CapacityBelowSeats(Refusal):
    """More seats are taken than the capacity would be."""

    def __init__(self, seats_taken: int) -> None:
        super().__init__(seats_taken)
        self.message = ngettext(
            "%(seats)s seat is taken already. The capacity cannot be less than that.",
            "%(seats)s seats are taken already. The capacity cannot be less than that.",
            seats_taken,
            seats=format_number(seats_taken),
        )


class KeptLonger(Refusal):
    """Whoever signed up was told when the list is destroyed: from then on the term only gets shorter."""

    def __init__(self, keep_days: int) -> None:
        super().__init__(keep_days)
        self.message = ngettext(
            "People have signed up and were told that the list is destroyed %(days)s day after the end. "
            "It can be kept shorter, but not longer.",
            "People have signed up and were told that the list is destroyed %(days)s days after the end. "
            "It can be kept shorter, but not longer.",
            keep_days,
            days=format_number(keep_days),
        )


class EventChangedMeanwhile(Refusal):
    """Somebody else saved the event after this form was opened."""

    message = _l(
        "Somebody else changed this event while you were writing. Nothing of yours is lost: it is all below. "
        "Look at what they saved, then save again if yours should stand."
    )


class CampaignChangedMeanwhile(Refusal):
    """Somebody else saved the campaign after this form was opened."""

    message = _l(
        "Somebody else changed this campaign while you were writing. Nothing of yours is lost: it is all below. "
        "Look at what they saved, then save again if yours should stand."
    )


class TitleMissing(Refusal):
    """An event without a title in any language cannot be published."""

    status: ClassVar[int] = 422
    message = _l("To be published, the event needs a title in at least one language.")


class NotFromHere(Refusal):
    """The event's status does not allow this step."""

    message = _l("The event’s status has changed meanwhile, so this can’t be done now.")


class NoSuchImage(Refusal):
    """The picture is not kept here."""

    status: ClassVar[int] = 422
    message = _l("The picture did not arrive. Please choose it again.")


@atomic()
def create_campaign(*, draft: CampaignDraft, slug: str | None, now: dt.datetime) -> str:
    """Add a campaign and give its slug; None for `slug` makes one from its title. SlugTaken, SlugUnfit."""
    slug = _free_slug(Campaign, slug, title_slug(draft.texts) or f"campaign-{now:%Y-%m-%d}")
    db.session.add(
        Campaign(slug=slug, published=draft.published, texts=filled(draft.texts), revised_at=_after(None, now))
    )
    note("campaign.created", f"campaign:{slug}", now=now)
    return slug


@atomic()
def revise_campaign(*, slug: str, draft: CampaignDraft, made_from: dt.datetime | None = None, now: dt.datetime) -> None:
    """Change a campaign. `made_from`: its `revised_at` when the form was made; CampaignChangedMeanwhile if older."""
    campaign = _locked_campaign(slug)
    if made_from is not None and made_from != campaign.revised_at:
        raise CampaignChangedMeanwhile
    if _write(campaign, {"texts": filled(draft.texts), "published": draft.published}):
        campaign.revised_at = _after(campaign.revised_at, now)
        note("campaign.revised", f"campaign:{slug}", now=now)


@atomic()
def create_event(*, draft: EventDraft, slug: str | None, campaign_slug: str | None, now: dt.datetime) -> str:
    """Add an event as a draft and give its slug; None for `slug` makes one from its title, or its date and city.

    Raises SlugTaken, SlugUnfit, CampaignUnknown, NoSuchImage, DraftRefused.
    """
    columns = _fit(draft)
    slug = _free_slug(Event, slug, event_slug(draft))
    moment = _after(None, now)
    event = Event(
        uid=f"{uuid4()}@{settings().host}",
        slug=slug,
        campaign_id=_campaign_id(campaign_slug),
        status="draft",
        availability=availability(draft.capacity, 0),
        created_at=moment,
        revised_at=moment,
        **columns,
    )
    db.session.add(event)
    note("event.created", f"event:{slug}", now=now)
    return slug


@atomic()
def revise_event(
    *,
    slug: str,
    draft: EventDraft,
    campaign_slug: str | None,
    made_from: dt.datetime | None = None,
    now: dt.datetime,
) -> None:
    """Change what was chosen of an event. `made_from`: its `revised_at` when the form was made.

    Raises EventChangedMeanwhile, CapacityBelowSeats, KeptLonger, CampaignUnknown, NoSuchImage, DraftRefused.
    """
    event = _locked(slug)
    if made_from is not None and made_from != event.revised_at:
        raise EventChangedMeanwhile
    columns = _fit(draft)
    if draft.capacity is not None and draft.capacity < event.seats_taken:
        raise CapacityBelowSeats(event.seats_taken)
    if event.lines_given and draft.keep_days > event.keep_days:
        raise KeptLonger(event.keep_days)
    before = event.image_name
    changed = _write(event, {**columns, "campaign_id": _campaign_id(campaign_slug)})
    if not changed:
        return
    event.availability = availability(event.capacity, event.seats_taken)
    event.revised_at = _after(event.revised_at, now)
    note("event.revised", f"event:{slug}", now=now)
    if changed & TOLD:
        event.sequence += 1
    if "image_name" in changed and before is not None:
        _drop_image(before)


@atomic()
def publish_event(*, slug: str, now: dt.datetime) -> None:
    """Show a draft to everyone. TitleMissing without a title; the first time nobody has an older version to replace."""
    event = _locked(slug)
    if not any(said.get("title") for said in event.texts.values()):
        raise TitleMissing
    first = event.published_at is None
    _turn(event, {"draft"}, "published", now, told=not first)
    if first:
        event.published_at = _after(None, now)


@atomic()
def withdraw_event(*, slug: str, now: dt.datetime) -> None:
    """Make it a draft again. `published_at` stays, by which its address knows to answer that it is gone."""
    _turn(_locked(slug), {"published", "postponed", "cancelled"}, "draft", now)


@atomic()
def cancel_event(*, slug: str, now: dt.datetime) -> None:
    """Call it off; it stays visible as cancelled, in pages and calendars."""
    _turn(_locked(slug), {"published", "postponed"}, "cancelled", now)


@atomic()
def postpone_event(*, slug: str, now: dt.datetime) -> None:
    """Put it off to a date not known yet; RSVPs stay."""
    _turn(_locked(slug), {"published"}, "postponed", now)


@atomic()
def reinstate(*, slug: str, now: dt.datetime) -> None:
    """It takes place after all."""
    _turn(_locked(slug), {"postponed", "cancelled"}, "published", now)


@atomic()
def keep_image(
    *, name: str, content: bytes, width: int, height: int, now: dt.datetime, instead_of: str | None = None
) -> None:
    """Keep a picture that `images.read_image` made, under its random name; drop the one before if none shows it."""
    db.session.add(Image(name=name, content=content, width=width, height=height, created_on=now.date()))
    if instead_of:
        _drop_image(instead_of)


@atomic()
def erase_unused_images(now: dt.datetime) -> None:
    """Erase pictures that no event shows and that were sent more than a day ago; the worker runs this."""
    used = sa.select(Event.image_name).where(Event.image_name.is_not(None))
    old = Image.created_on < now.date() - UNUSED_IMAGE_KEPT
    db.session.execute(sa.delete(Image).where(old, Image.name.not_in(used)))


def _locked(slug: str) -> Event:
    """The event, read afresh and held until the end of the verb (SQLite holds the whole database instead)."""
    found = sa.select(Event).where(Event.slug == slug).with_for_update().execution_options(populate_existing=True)
    event = db.session.scalar(found)
    if event is None:
        raise EventUnknown
    return event


def _locked_campaign(slug: str) -> Campaign:
    found = sa.select(Campaign).where(Campaign.slug == slug).with_for_update().execution_options(populate_existing=True)
    campaign = db.session.scalar(found)
    if campaign is None:
        raise CampaignUnknown
    return campaign


def _campaign_id(slug: str | None) -> int | None:
    if slug is None:
        return None
    found = db.session.scalar(sa.select(Campaign.id).where(Campaign.slug == slug))
    if found is None:
        raise CampaignUnknown
    return found


def _free_slug(kind: type[Event | Campaign], typed: str | None, made: str) -> str:
    """The typed slug if it is free, else SlugTaken; or the made one, with a number behind it if need be."""
    wanted = made if typed is None else typed
    if not is_slug(wanted):
        raise SlugUnfit
    taken = set(db.session.scalars(sa.select(kind.slug).where(kind.slug.startswith(wanted, autoescape=True))))
    if typed is not None and typed in taken:
        raise SlugTaken
    return numbered(wanted, taken)


def _fit(draft: EventDraft) -> dict[str, Any]:
    for field, sentence in objections(draft):
        raise DraftRefused(field, sentence)
    if draft.image_name is not None and db.session.get(Image, draft.image_name) is None:
        raise NoSuchImage
    return columns_of(draft)


def _write(row: Event | Campaign, columns: dict[str, Any]) -> set[str]:
    """Set what differs, and name it; untouched columns stay untouched, so that nothing changes for no change."""
    changed = {name for name, value in columns.items() if getattr(row, name) != value}
    for name in changed:
        setattr(row, name, columns[name])
    return changed


def _turn(event: Event, sources: set[str], target: str, now: dt.datetime, *, told: bool = True) -> None:
    if event.status == target:
        return
    if event.status not in sources:
        raise NotFromHere
    note(STEPS_NOTED.get((event.status, target), f"event.{target}"), f"event:{event.slug}", now=now)
    event.status = target
    event.revised_at = _after(event.revised_at, now)
    event.sequence += told


def _after(before: dt.datetime | None, now: dt.datetime) -> dt.datetime:
    """Now, in whole seconds as calendars and HTTP count them, and always later than before."""
    second = now.replace(microsecond=0)
    if before is None or second > before:
        return second
    return before.replace(microsecond=0) + dt.timedelta(seconds=1)


def _drop_image(name: str) -> None:
    db.session.flush()
    if db.session.scalar(sa.select(Event.id).where(Event.image_name == name).limit(1)) is None:
        db.session.execute(sa.delete(Image).where(Image.name == name))
