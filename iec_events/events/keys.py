"""Event keys: made without anybody being signed in, opened only by those to whom they were sealed.

The web process can make a key pair and seal its private half to the holders' public keys; then it has forgotten it.
Every copy is covered with the event's shred key as well (core.shreds): without that file nobody opens it, from whatever
backup and with whatever other key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import cache

import sqlalchemy as sa

from ..core.crypto import BoxRefused
from ..core.db import db
from ..core.sealing import Opener, new_key_pair, seal_box
from ..core.shreds import cover, has_shred, make_shred, uncover
from ..core.tokens import new_id
from ..organizers.keys import RECOVERY, doorkeepers, holders, recovery_is_checked
from ..organizers.roles import DOOR as DOORKEEPER
from ..organizers.roles import EVERYWHERE, ORGANIZER, Grant, of_campaign, of_event
from ..organizers.roles import reach as reach_of
from .models import Campaign, Event, EventKey, KeyCopy
from .queries import reached

ROSTER, DOOR = "roster", "door"
SCOPES = (ROSTER, DOOR)
TURN = 0x1EC_0001  # the number of the lock by which PostgreSQL lets verbs on copies run one by one


def key_in_use(event_id: int, scope: str) -> EventKey | None:
    """The newest key; None while nobody could open what is sealed."""
    return _newest(event_id, scope)[0]


def add_key(event_id: int, scope: str, to: dict[str, bytes], now: dt.datetime) -> EventKey:
    """A new version of an event's key, sealed to its holders; the caller's transaction keeps it."""
    pair, before = new_key_pair(), key_in_use(event_id, scope)
    key = EventKey(
        id=new_id(),
        event_id=event_id,
        scope=scope,
        version=before.version + 1 if before else 1,
        public=pair.public,
        shred_id=_shred(event_id),
        made_at=now.replace(microsecond=0),
    )
    db.session.add(key)
    db.session.flush()
    give(key.id, pair.private, to)
    return key


def give(event_key_id: str, private: bytes, to: dict[str, bytes]) -> None:
    """Seal a copy of an event's private key to each holder: id to public key. Copies they have are made anew."""
    shred_id = db.session.get_one(EventKey, event_key_id).shred_id
    for holder, public in to.items():
        bind = _of_copy(event_key_id, holder)
        sealed = cover(shred_id, bind, seal_box(public, bind, private))
        db.session.merge(KeyCopy(event_key_id=event_key_id, holder=holder, sealed=sealed))


def sealing_key(event_id: int, scope: str, now: dt.datetime) -> EventKey | None:
    """The key to seal to, made on the spot if there are holders now and was none before, or it opens no more.

    That is so when its file is gone, or everybody who had a copy: what is sealed from then on can be read again.
    """
    found, held = _newest(event_id, scope)
    if found is not None and held and has_shred(found.shred_id):
        return found
    await_copies()
    to = may_hold(event_id, scope, now)
    return add_key(event_id, scope, to, now) if to else None


def may_hold(event_id: int, scope: str, now: dt.datetime) -> dict[str, bytes]:
    """Who may hold an event's key of this scope: organizer id, or `recovery`, to public key.

    Who stands at the door holds its key besides, while their role lasts; they alone hold none.
    """
    everywhere, event, *campaign = places_of(event_id)
    found = holders((everywhere, event, *campaign))
    if found and scope == DOOR:
        found |= doorkeepers(event, now=now)
    return found


def places_of(event_id: int) -> tuple[str, ...]:
    """The places in which a role must be held to concern this event: everywhere, its campaign, itself."""
    query = sa.select(Event.slug, Campaign.slug).outerjoin(Campaign, Event.campaign_id == Campaign.id)
    event, campaign = db.session.execute(query.where(Event.id == event_id)).one()
    return (EVERYWHERE, of_event(event), *((of_campaign(campaign),) if campaign else ()))


def private_keys(holder: str, private: bytes, *, event_id: int | None = None, scope: str = "") -> dict[str, bytes]:
    """Event key id -> private key, for every copy this holder has (of one event and scope, if given)."""
    query = sa.select(KeyCopy).join(EventKey).where(KeyCopy.holder == holder)
    if event_id is not None:
        query = query.where(EventKey.event_id == event_id)
    if scope:
        query = query.where(EventKey.scope == scope)
    opener, found = Opener(private), {}
    for copy in db.session.scalars(query):
        try:
            bind = _of_copy(copy.event_key_id, holder)
            found[copy.event_key_id] = opener.open(bind, uncover(bind, copy.sealed))
        except BoxRefused:  # sealed to a key this holder had before, or the shred key is gone
            continue
    return found


def openers(keys: dict[str, bytes]) -> dict[str, Opener]:
    """Private keys made ready to open boxes."""
    return {key_id: Opener(private) for key_id, private in keys.items()}


def holders_of(event_id: int, scope: str) -> set[str]:
    """Who has a copy of the key in use."""
    key = key_in_use(event_id, scope)
    if key is None:
        return set()
    return set(db.session.scalars(sa.select(KeyCopy.holder).where(KeyCopy.event_key_id == key.id)))


def keys_for(grants: Iterable[Grant]) -> set[str]:
    """The ids of the keys that somebody with these roles may hold: of whole lists, or for the door alone."""
    held = tuple(grants)
    reader, doorkeeper = reach_of(held, ORGANIZER), reach_of(held, DOORKEEPER)
    theirs = sa.or_(reached(reader), sa.and_(EventKey.scope == DOOR, reached(doorkeeper)))
    return set(db.session.scalars(sa.select(EventKey.id).join(Event).where(theirs)))


def hold_copies() -> None:
    """Begin a verb that gives or takes copies: until it ends, no other one does, so that of two last copies one stays.

    SQLite's verbs run one by one anyway.
    """
    if db.engine.dialect.name == "postgresql":
        db.session.execute(sa.select(sa.func.pg_advisory_xact_lock(TURN)))


def await_copies() -> None:
    """Before a list's first copies: no role is being taken now, and none is until these are there to be taken along.

    Who holds an event does so before, here and in verbs on copies. Any number of lists may get their first at once.
    """
    if db.engine.dialect.name == "postgresql":
        db.session.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(TURN)))


def only_copies(holder: str, event_key_ids: Iterable[str] | None = None, *, beside_paper: bool = False) -> set[str]:
    """The keys, of all or of those named, of which nobody but this holder has a copy.

    A recovery key whose words nobody has checked is no other holder: perhaps they stand on no paper. `beside_paper`:
    one that was checked is none, either.
    """
    others = sa.select(KeyCopy.event_key_id).where(KeyCopy.holder != holder)
    if beside_paper or not recovery_is_checked():
        others = others.where(KeyCopy.holder != RECOVERY)
    query = sa.select(KeyCopy.event_key_id).where(KeyCopy.holder == holder, KeyCopy.event_key_id.not_in(others))
    if event_key_ids is not None:
        query = query.where(KeyCopy.event_key_id.in_(list(event_key_ids)))
    return set(db.session.scalars(query))


def leaves_paper_only(holder: str, *, keeping: Iterable[str] = ()) -> bool:
    """Whether some list would open with the words of the recovery key alone, had this holder no keys but these."""
    return bool(only_copies(holder, beside_paper=True) - only_copies(holder) - set(keeping))


def take_away(holder: str, event_key_ids: Iterable[str] | None = None) -> None:
    """Delete a holder's copies, all of them or those named."""
    query = sa.delete(KeyCopy).where(KeyCopy.holder == holder)
    if event_key_ids is not None:
        query = query.where(KeyCopy.event_key_id.in_(list(event_key_ids)))
    db.session.execute(query)


def take_from_others(event_id: int, now: dt.datetime) -> None:
    """After the event went elsewhere: whoever may hold its keys no more loses their copies. A last one stays.

    So it does beside a recovery key whose words nobody has checked. The caller began with `hold_copies`.
    """
    on_trust = set() if recovery_is_checked() else {RECOVERY}
    for scope in SCOPES:
        allowed = may_hold(event_id, scope, now).keys()
        mine = sa.select(EventKey.id).where(EventKey.event_id == event_id, EventKey.scope == scope)
        for key_id in db.session.scalars(mine).all():
            holders_now = set(db.session.scalars(sa.select(KeyCopy.holder).where(KeyCopy.event_key_id == key_id)))
            for holder in holders_now - allowed if (holders_now & allowed) - on_trust else ():
                take_away(holder, [key_id])


def shreds_of(event_id: int) -> set[str]:
    """The names of the key files without which nothing of this event's list opens."""
    return set(db.session.scalars(sa.select(EventKey.shred_id).where(EventKey.event_id == event_id)))


def _newest(event_id: int, scope: str) -> tuple[EventKey | None, bool]:
    """The newest key, and whether anybody has a copy of it."""
    row = db.session.execute(_newest_of(), {"event": event_id, "scope": scope}).one_or_none()
    return (row[0], bool(row[1])) if row else (None, False)


@cache  # asked twice for every signup: it is put together once
def _newest_of() -> sa.Select[EventKey, bool]:
    held = sa.exists().where(KeyCopy.event_key_id == EventKey.id)
    ours = (EventKey.event_id == sa.bindparam("event"), EventKey.scope == sa.bindparam("scope"))
    return sa.select(EventKey, held).where(*ours).order_by(EventKey.version.desc()).limit(1)


def _shred(event_id: int) -> str:
    """The event's shred key; a new one when it has none, or the file is gone."""
    for known in shreds_of(event_id):
        if has_shred(known):
            return known
    fresh = new_id()
    make_shred(fresh)
    return fresh


def _of_copy(event_key_id: str, holder: str) -> str:
    return f"events.key {event_key_id} {holder}"
