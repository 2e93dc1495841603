"""Who can open which list: keys given, taken and changed, and the recovery key on paper.

Whoever gives access must be able to open what they give: the private keys come from their own session, and nobody can
become a holder without one who is.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

import sqlalchemy as sa

from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _l
from ...events.keys import (
    DOOR,
    ROSTER,
    SCOPES,
    add_key,
    give,
    hold_copies,
    key_in_use,
    keys_for,
    may_hold,
    only_copies,
    openers,
    private_keys,
    take_away,
)
from ...events.models import Campaign, Event, EventKey, KeyCopy
from ...events.queries import EventUnknown
from ...organizers.actions import tell
from ...organizers.audit import note
from ...organizers.keys import RECOVERY, PhraseRefused, new_phrase, pair_of_phrase
from ...organizers.models import OrganizerKey, RecoveryKey, RoleGrant
from ...organizers.queries import grants_of, organizer_by_email
from ...organizers.roles import DOOR as DOORKEEPER
from ...organizers.roles import EVERYWHERE, READERS, of_campaign, of_event
from ...organizers.roles import reach as reach_of
from ...rsvps.answers import seal_anew
from ...rsvps.boxes import Reader, seal, seal_remark
from ...rsvps.models import Rsvp
from ..models import ListRelease
from ..queries import HolderUnknown, recovery_mark

RELEASES_KEPT = dt.timedelta(days=7)


class KeyMissing(Refusal):
    """The session at hand opens nothing, so nothing can be given on."""

    message = _l("You hold no key yourself, so you can’t give one. Ask a colleague who can read the lists.")


class LastHolder(Refusal):
    """Nobody could open the lists any more."""

    message = _l(
        "Nobody else can open these lists. Give somebody access first, or make a recovery key and check its words."
    )


class OnlyOnPaper(Refusal):
    """A new recovery key would lose the lists that only the present one opens."""

    message = _l(
        "Some lists open only with the words you have on paper, and not with your own key: new words would lose them. "
        "First have an operator bring these lists back with the old words."
    )


class MadeMeanwhile(Refusal):
    """The page was loaded again, or a colleague was faster: words that somebody is writing down stay good."""

    message = _l(
        "A recovery key was made in the meantime, perhaps by this very button. Its words are not shown again: "
        "check those on your paper, or make a new one."
    )


class PhraseWrong(Refusal):
    """The words are no recovery key, or not the one of this place."""

    status: ClassVar[int] = 422
    message = _l("These are not the words of the recovery key. Please compare each one with your paper.")


class NotReadable(Refusal):
    """Some boxes of the list open with none of the keys at hand; a new key would lose them."""

    message = _l("You can’t read all of this list, so its key can’t be changed by you.")


@dataclass(frozen=True)
class Holder:
    """Who acts: an organizer's id (or `recovery`) and the private key of their session."""

    id: str
    private: bytes | None

    def keys(self) -> dict[str, bytes]:
        """Every event key this holder can open; KeyMissing without a private key."""
        if self.private is None:
            raise KeyMissing
        return private_keys(self.id, self.private)


@atomic()
def make_recovery_key(*, by: Holder, instead_of: str | None = None, now: dt.datetime) -> str:
    """A new recovery key, to which all lists the maker can open are sealed; its words, to be shown once.

    `instead_of`: the `recovery_mark` that the maker saw. MadeMeanwhile when it is another by now; KeyMissing;
    OnlyOnPaper when a list would be left without anybody who opens it.
    """
    hold_copies()
    if instead_of is not None and instead_of != recovery_mark():
        raise MadeMeanwhile
    keys, phrase = by.keys(), new_phrase()
    if only_copies(RECOVERY) - keys.keys():
        raise OnlyOnPaper
    pair = pair_of_phrase(phrase)
    take_away(RECOVERY)
    db.session.merge(RecoveryKey(id=1, public=pair.public, made_at=now.replace(microsecond=0), checked_at=None))
    _tell_holders(_give_all(keys, RECOVERY, pair.public), RECOVERY, now)
    note("recovery.made", "recovery", now=now)
    return phrase


@atomic()
def check_recovery_key(*, phrase: str, now: dt.datetime) -> None:
    """Note that somebody has the words on paper. PhraseWrong."""
    hold_copies()
    row = db.session.get(RecoveryKey, 1)
    if row is None or _pair(phrase) != row.public:
        raise PhraseWrong
    row.checked_at = now.replace(microsecond=0)
    note("recovery.checked", "recovery", now=now)


@atomic()
def give_access(*, organizer_id: str, by: Holder, now: dt.datetime) -> int:
    """Seal to somebody every list, or door, that the giver can open and that is theirs to read; how many keys.

    HolderUnknown, also for those who neither organize nor stand at a door anywhere; KeyMissing, also for who opens none
    of theirs.
    """
    hold_copies()
    account, held = db.session.get(OrganizerKey, organizer_id), by.keys()
    grants = grants_of(organizer_id, now=now)
    if account is None or not reach_of(grants, DOORKEEPER):
        raise HolderUnknown
    mine = keys_for(grants)
    keys = {key_id: private for key_id, private in held.items() if key_id in mine}
    if mine and not keys:
        raise KeyMissing
    _tell_holders(_give_all(keys, organizer_id, account.public), organizer_id, now)
    note("access.given", f"organizer:{organizer_id}", now=now)
    return len(keys)


@atomic()
def take_access(*, organizer_id: str, now: dt.datetime) -> None:
    """Delete an organizer's copies of all list keys. LastHolder when some list would be left without a holder.

    They may have seen the lists before; `new_list_key` keeps them out of what comes in from then on.
    """
    hold_copies()
    if only_copies(organizer_id):
        raise LastHolder
    take_away(organizer_id)
    note("access.taken", f"organizer:{organizer_id}", now=now)


@atomic()
def new_list_key(*, slug: str, by: Holder, now: dt.datetime) -> None:
    """Give a list new keys, for those who hold the old ones, and seal everyone on it anew. NotReadable, KeyMissing."""
    event = held_event(slug)
    hold_copies()
    reader = Reader(openers(by.keys()))
    before = set(db.session.scalars(sa.select(EventKey.id).where(EventKey.event_id == event.id)))
    for scope in SCOPES:
        add_key(event.id, scope, _present_holders(event.id, scope, now), now)
    parties = db.session.scalars(sa.select(Rsvp).where(Rsvp.event_id == event.id).with_for_update()).all()
    for rsvp in parties:
        words = reader.words(rsvp)
        if words is None:
            raise NotReadable
        remark = reader.remark(rsvp)
        if rsvp.remark is not None and not remark:
            raise NotReadable
        seal(rsvp, words, now)
        seal_remark(rsvp, remark, now)
    if not seal_anew(event.id, [rsvp.id for rsvp in parties], reader, now):
        raise NotReadable
    db.session.flush()
    db.session.execute(sa.delete(EventKey).where(EventKey.id.in_(before)))
    note("list.key-changed", f"event:{slug}", now=now)


@atomic()
def recover(*, phrase: str, email: str, now: dt.datetime) -> int:
    """With the words of the recovery key, seal every list to the account with this address; how many keys.

    PhraseWrong, HolderUnknown.
    """
    row, account = db.session.get(RecoveryKey, 1), organizer_by_email(email)
    if row is None or _pair(phrase) != row.public:
        raise PhraseWrong
    if account is None:
        raise HolderUnknown
    private = pair_of_phrase(phrase).private
    note("recovery.used", f"organizer:{account.id}", now=now)
    return give_access(organizer_id=account.id, by=Holder(RECOVERY, private), now=now)


@atomic()
def take_ended_keys(now: dt.datetime) -> None:
    """Take door keys from those whose role at that door ended; forget requests of a week ago. For the worker.

    Who reads the event's whole list keeps its door key; being an organizer of another event does not count. A last
    copy stays, also beside a recovery key whose words nobody has checked.
    """
    hold_copies()
    at_the_door = sa.exists().where(
        RoleGrant.organizer_id == KeyCopy.holder,
        RoleGrant.role == DOORKEEPER,
        RoleGrant.place == sa.literal(of_event("")) + Event.slug,
        RoleGrant.expires_at > now,
    )
    places = (
        sa.literal(EVERYWHERE),
        sa.literal(of_event("")) + Event.slug,
        sa.literal(of_campaign("")) + Campaign.slug,
    )
    reads = sa.exists().where(
        RoleGrant.organizer_id == KeyCopy.holder, RoleGrant.role.in_(READERS), RoleGrant.place.in_(places)
    )
    ended = (
        sa.select(KeyCopy.holder, KeyCopy.event_key_id)
        .join(EventKey, EventKey.id == KeyCopy.event_key_id)
        .join(Event, Event.id == EventKey.event_id)
        .outerjoin(Campaign, Campaign.id == Event.campaign_id)
        .where(EventKey.scope == DOOR, KeyCopy.holder != RECOVERY, ~reads, ~at_the_door)
    )
    for holder, key_id in db.session.execute(ended).all():
        if not only_copies(holder, [key_id]):
            take_away(holder, [key_id])
    db.session.execute(sa.delete(ListRelease).where(ListRelease.asked_at < now - RELEASES_KEPT))


def held_event(slug: str) -> Event:
    """The event's row, held until the end: two who ask, answer or take at once do it one after the other."""
    event = db.session.scalar(sa.select(Event).where(Event.slug == slug).with_for_update())
    if event is None:
        raise EventUnknown
    return event


def _give_all(keys: dict[str, bytes], holder: str, public: bytes) -> set[str]:
    """The keys of which the holder had no copy before."""
    had = set(db.session.scalars(sa.select(KeyCopy.event_key_id).where(KeyCopy.holder == holder)))
    for key_id, private in keys.items():
        give(key_id, private, {holder: public})
    return keys.keys() - had


def _tell_holders(keys: set[str], newcomer: str, now: dt.datetime) -> None:
    """Whoever can open one of these lists, the giver too, hears that somebody else can; of a door nobody does."""
    lists = sa.select(EventKey.id).where(EventKey.id.in_(keys), EventKey.scope == ROSTER)
    holders = sa.select(KeyCopy.holder).distinct().where(KeyCopy.event_key_id.in_(lists))
    for holder in sorted(set(db.session.scalars(holders)) - {newcomer, RECOVERY}):
        tell(holder, "access.given", now=now)


def _present_holders(event_id: int, scope: str, now: dt.datetime) -> dict[str, bytes]:
    """Those who hold the key in use, with their public keys of today."""
    key, known = key_in_use(event_id, scope), may_hold(event_id, scope, now)
    if key is None:
        return known
    held_by = db.session.scalars(sa.select(KeyCopy.holder).where(KeyCopy.event_key_id == key.id))
    return {holder: known[holder] for holder in held_by if holder in known}


def _pair(phrase: str) -> bytes | None:
    try:
        return pair_of_phrase(phrase).public
    except PhraseRefused:
        return None
