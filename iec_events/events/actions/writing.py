"""Events: written, changed, and thrown away as long as nobody has seen them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, ClassVar
from uuid import NAMESPACE_OID, uuid4, uuid5

import sqlalchemy as sa

from ...core.config import settings
from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _l, format_number, ngettext
from ...organizers.audit import note
from ...organizers.places import forget_place, move_door, rename_place
from ...organizers.roles import of_event
from ..drafts import EventDraft, columns_of, objections
from ..keys import hold_copies, take_from_others
from ..models import Campaign, Event, Image
from ..queries import CampaignUnknown
from ..seats import availability
from ..slugs import event_slug, is_secret, with_tail
from ..versions import raise_sequence, said_by
from .pictures import NoSuchImage, drop_image
from .rows import after, clocks_are_read_of, forget_if_empty, free_slug, locked, stamped, write
from .steps import PlaceMissing

# Whoever has the event in a calendar must be told when one of these changes (RFC 5546 2.1.4).
TOLD = frozenset(
    {"starts_at", "ends_at", "all_day", "time_zone", "venue", "street", "city", "region", "country", "online_url"}
    | {"address_hidden"}
)


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


class MovedIntoPast(Refusal):
    """Whoever is on the list would find the event over, and the list would be destroyed at once or soon."""

    status: ClassVar[int] = 422
    message = _l("By these dates the event would be over already, and its list soon destroyed. Please check them.")


class ListEndsNow(Refusal):
    """A new term or end lies so that the list would be destroyed at once, by whoever may write the event."""

    status: ClassVar[int] = 422
    message = _l(
        "By this the list would be destroyed at once, and nobody could bring it back. "
        "If that is meant, an owner presses “Destroy it now” below the list."
    )


class EventChangedMeanwhile(Refusal):
    """Somebody else saved the event after this form was opened."""

    message = _l(
        "Somebody else changed this event while you were writing. Nothing of yours is lost: it is all below. "
        "Look at what they saved, then save again if yours should stand."
    )


class PublishedOnce(Refusal):
    """What people have seen is withdrawn or cancelled, not thrown away."""

    message = _l("This event was published, so it can’t be deleted. Withdraw its page instead.")


class ListKept(Refusal):
    """People stand on the event's list."""

    message = _l("Somebody is on the list of this event. Destroy the list first, then delete the draft.")


@atomic()
def create_event(
    *, draft: EventDraft, slug: str | None, campaign_slug: str | None, form: str = "", now: dt.datetime
) -> str:
    """Add an event as a draft and give its slug; None for `slug` makes one from its title, or its date and city.

    An event that is not listed gets a slug with a random tail, whatever was typed. What is sent twice from the same
    page, the `form` with this token, is one event.
    Raises SlugTaken, SlugUnfit, CampaignUnknown, NoSuchImage, DraftRefused.
    """
    columns = _fit(draft)
    words = repr((form, slug, campaign_slug, replace(draft, image_name=None)))  # browsers send no picture again
    uid = f"{uuid5(NAMESPACE_OID, words) if form else uuid4()}@{settings().host}"
    sent_before = db.session.scalar(sa.select(Event.slug).where(Event.uid == uid))
    if sent_before is not None:
        return sent_before
    slug = _hard_to_guess(free_slug(Event, slug, event_slug(draft)), draft)
    moment = after(None, now)
    event = Event(
        uid=uid,
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
) -> str:
    """Change what was chosen of an event. `made_from`: its `revised_at` when the form was made. Gives its slug.

    That changes only when an event which nobody has seen yet shall not be listed: then it gets a random tail. Raises
    EventChangedMeanwhile, CapacityBelowSeats, MovedIntoPast, KeptLonger, ListEndsNow, PlaceMissing, CampaignUnknown,
    NoSuchImage, DraftRefused.
    """
    event = locked(slug)
    if made_from is not None and made_from != event.revised_at:
        raise EventChangedMeanwhile
    columns = _fit(draft)
    if draft.capacity is not None and draft.capacity < event.seats_taken:
        raise CapacityBelowSeats(event.seats_taken)
    _mind_the_list(event, draft, now)
    if event.status != "draft" and not (draft.city or draft.online_url):
        raise PlaceMissing
    before, ended, said = event.image_name, event.ends_at, said_by(event)
    moment = stamped(event, now)  # later than what its entry says of the campaign that it may leave, too
    changed = write(event, {**columns, "campaign_id": _goes_to(event, campaign_slug)})
    clocks_are_read_of(event)
    if not changed:
        return slug
    if event.published_at is None:
        _rename(event, _hard_to_guess(slug, draft))
    event.availability = availability(event.capacity, event.seats_taken)
    event.revised_at = moment
    note("event.revised", f"event:{event.slug}", now=now)
    if changed & TOLD:
        raise_sequence(event, said, now)
    _take_along(event, changed, later=event.ends_at - ended, now=now)
    if "image_name" in changed and before is not None:
        drop_image(before)
    return event.slug


def _take_along(event: Event, changed: set[str], *, later: dt.timedelta, now: dt.datetime) -> None:
    """Roles at the door end with the night; whoever organizes its former campaign does not keep its keys."""
    move_door(of_event(event.slug), later=later)
    if "campaign_id" in changed:
        take_from_others(event.id, now)


@atomic()
def delete_draft(*, slug: str, now: dt.datetime) -> None:
    """Throw away an event that was never published. PublishedOnce, ListKept, EventUnknown."""
    event = locked(slug)
    if event.published_at is not None or event.status != "draft":
        raise PublishedOnce
    if event.lines_given:
        raise ListKept
    image = event.image_name
    thread = event.series.thread if event.series is not None else None
    db.session.delete(event)
    if thread is not None:
        forget_if_empty(thread)
    forget_place(of_event(slug))
    if image is not None:
        drop_image(image)
    note("event.deleted", f"event:{slug}", now=now)


def _mind_the_list(event: Event, draft: EventDraft, now: dt.datetime) -> None:
    if _left_behind(event, draft, now):
        raise MovedIntoPast
    if event.lines_given and draft.keep_days > event.keep_days:
        raise KeptLonger(event.keep_days)
    if event.lines_given and event.list_ends_at > now >= draft.ends_at + dt.timedelta(days=draft.keep_days):
        raise ListEndsNow


def _left_behind(event: Event, draft: EventDraft, now: dt.datetime) -> bool:
    """Whether an event that people know of is moved to where it is over; one that has begun may end early."""
    known = event.published_at is not None or event.lines_given
    moved = event.starts_at > now or draft.starts_at != event.starts_at
    return bool(known and moved and event.ends_at > now >= draft.ends_at)


def _hard_to_guess(slug: str, draft: EventDraft) -> str:
    return slug if draft.listed or is_secret(slug) else with_tail(slug)


def _rename(event: Event, slug: str) -> None:
    """Roles are given by slug, so they move along."""
    if slug != event.slug:
        rename_place(of_event(event.slug), of_event(slug))
        event.slug = slug


def _campaign_id(slug: str | None) -> int | None:
    if slug is None:
        return None
    found = db.session.scalar(sa.select(Campaign.id).where(Campaign.slug == slug))
    if found is None:
        raise CampaignUnknown
    return found


def _goes_to(event: Event, slug: str | None) -> int | None:
    """The campaign that the event shall be in; if that is another, nobody gives or takes keys until it is there.

    They wait before anything is written that they hold themselves, such as roles.
    """
    campaign_id = _campaign_id(slug)
    if campaign_id != event.campaign_id:
        hold_copies()
    return campaign_id


def _fit(draft: EventDraft) -> dict[str, Any]:
    for field, sentence in objections(draft):
        raise DraftRefused(field, sentence)
    if draft.image_name is not None and db.session.get(Image, draft.image_name) is None:
        raise NoSuchImage
    return columns_of(draft)
