"""What the door may do to a list on the night: put somebody on it who has no RSVP, and let in who was not coming.

Nobody is written to, and no key is needed. Never above capacity; what only organizers decide stays theirs.
`unseated` are people who are here without a place: somebody decided so, and the room holds no more for that.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _, _l, format_number, ngettext
from ...core.tokens import token_hash
from ...events.models import Event
from ...organizers import audit
from ..models import ACTIVE, CONFIRMED, NOT_COMING, OFFERED, UNCONFIRMED, Rsvp, RsvpLink, RsvpStep
from .lines import StatusChanged, join, just_told, locked, locked_rsvp, look_under_attack, note_step, offer_ends
from .own import erase_rsvp, leave
from .placing import Party, Placed, check_size, place_rsvp

WALKED_IN, LET_IN = "walked in", "let in"
BEFORE = dt.timedelta(hours=3)  # whoever holds a key to the door fills no place on the days before


class NotTonight(Refusal):
    """It is not the night, or the night is off."""

    message = _l(
        "Nobody can be put on the list here now. It goes from three hours before the doors open until the end of the "
        "night, if it takes place."
    )


class OrganizerDecides(Refusal):
    """Only an organizer can let them in: `call` says how."""

    call = _l("Call an organizer: whom they put on the list (RSVPs, Add by hand) stands here at once.")


class ListShut(OrganizerDecides):
    """An organizer ended signing up by hand."""

    message = _l("An organizer has closed this list.")


class PersonLooks(OrganizerDecides):
    """No person has said yes to this party yet."""

    message = _l("An organizer has to say yes to them first.")


class AddressUnproven(Refusal):
    """Nobody has shown that the address of this RSVP is theirs, so that it must get no more letters."""

    message = _l("They never confirmed their address. Count them in as somebody who has no RSVP.")


class PlacesTaken(OrganizerDecides):
    """More people than there are free places."""

    def __init__(self, free: int) -> None:
        super().__init__()
        self.free = free

    def __str__(self) -> str:
        """The sentence for the person."""
        if not self.free:
            return _("No place is free: all are taken, or kept for people on the list.")
        count = format_number(self.free)
        return ngettext("Only one place is free.", "Only %(count)s places are free.", self.free, count=count)


def why_no_walk_in(event: Event, now: dt.datetime, *, unseated: int) -> Refusal | None:
    """Why the door can put nobody on this list now; None when it can."""
    if shut := _shut(event, now):
        return shut
    if event.screened:
        return PersonLooks()
    return PlacesTaken(0) if free_places(event, unseated=unseated) == 0 else None


def free_places(event: Event, *, unseated: int) -> int | None:
    """How many places are free; None where there is room for all."""
    return None if event.capacity is None else max(0, event.capacity - event.seats_taken - unseated)


@atomic()
def place_at_door(*, slug: str, party: Party, token: str, now: dt.datetime, unseated: int = 0) -> Placed:
    """Put somebody on the list who stands at the door without an RSVP. The same token does it only once.

    EventUnknown, NotTonight, ListShut, PersonLooks, PlacesTaken, PartyTooLarge.
    """
    event = locked(Event.slug == slug)
    if db.session.get(RsvpLink, token_hash(token)) is not None:
        return place_rsvp(slug=slug, party=party, token=token, now=now, by_hand=True)
    if refusal := why_no_walk_in(event, now, unseated=unseated):
        raise refusal
    free = _room(event, party.party_size, unseated)
    check_size(event, party.party_size, by_hand=False)
    placed = place_rsvp(slug=slug, party=party, token=token, now=now, by_hand=True)
    if placed.status != CONFIRMED:  # the free places go to those who wait
        raise PlacesTaken(free)
    note_step(db.session.get_one(Rsvp, placed.rsvp_id), WALKED_IN, now, by=audit.actor())
    return placed


@atomic()
def let_in(*, slug: str, rsvp_id: str, now: dt.datetime, unseated: int = 0) -> None:
    """Somebody who said that they don't come is here after all, and gets a place. Twice does it once.

    LinkUnknown, StatusChanged, NotTonight, ListShut, PersonLooks, AddressUnproven, PlacesTaken.
    """
    event, rsvp = locked_rsvp(rsvp_id, slug=slug)
    if rsvp.status in ACTIVE:
        return
    if rsvp.status != NOT_COMING:
        raise StatusChanged
    if refusal := _shut(event, now):
        raise refusal
    look_under_attack(event, rsvp)
    if not rsvp.approved:
        raise PersonLooks
    if event.asks_for_proof and rsvp.mailable and not rsvp.address_confirmed:
        raise AddressUnproven
    free = _room(event, rsvp.party_size, unseated)
    event.lines_given += 1
    rsvp.line, rsvp.passed_over, rsvp.status_before = event.lines_given, 0, None
    join(event, rsvp, now)
    if rsvp.status != CONFIRMED:
        raise PlacesTaken(free)
    rsvp.told_sequence = event.sequence  # they are here: no letter has to tell them when and where
    just_told(event, rsvp, now)
    note_step(rsvp, LET_IN, now, by=audit.actor())
    audit.note("rsvp.let-in", f"rsvp:{rsvp.id}", now=now)


@atomic()
def take_back_at_door(*, slug: str, rsvp_id: str, now: dt.datetime) -> None:
    """What the door did to the list was a slip: who was put on it is erased, who was let in does not come again.

    What was kept for them because they were here is so no longer than for others. Nothing else happens if anything else
    was done to the party since. LinkUnknown.
    """
    event, rsvp = locked_rsvp(rsvp_id, slug=slug)
    if rsvp.status in {OFFERED, UNCONFIRMED} and rsvp.until is not None and rsvp.until >= event.ends_at:
        hours = event.offer_hours if rsvp.status == OFFERED else None
        rsvp.until, rsvp.warned = offer_ends(event, hours or event.hold_hours, now), False
    steps = sa.select(RsvpStep.what).where(RsvpStep.rsvp_id == rsvp.id).order_by(RsvpStep.id.desc())
    last = db.session.scalar(steps.limit(1))
    if last not in {WALKED_IN, LET_IN} or rsvp.status != CONFIRMED:
        return
    audit.note("rsvp.taken-back", f"rsvp:{rsvp.id}", now=now)
    if last == WALKED_IN:
        erase_rsvp(rsvp_id=rsvp.id, now=now)
    else:
        leave(event, rsvp, NOT_COMING, now)
        note_step(rsvp, "taken back", now, by=audit.actor())


def _room(event: Event, party_size: int, unseated: int) -> int:
    """How many places are free, 0 where nobody counts them; PlacesTaken when they are too few."""
    free = free_places(event, unseated=unseated)
    if free is not None and party_size > free:
        raise PlacesTaken(free)
    return free or 0


def _shut(event: Event, now: dt.datetime) -> Refusal | None:
    opens = (event.doors_at or event.starts_at) - BEFORE
    if event.status != "published" or not opens <= now < event.ends_at:
        return NotTonight()
    return ListShut() if event.closed_early else None
