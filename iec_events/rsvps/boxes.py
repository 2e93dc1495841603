"""What stands in an RSVP's boxes, and who opens which.

- `sealed` and `door_sealed` are sealed to the event's public keys: the web process writes them and cannot read them.
- `own` is the attendee's copy, under a key that only the token of their own link unwraps.
- While an event has no key holder at all (nobody has an account yet), `sealed` is a box of the server's vault instead;
  the worker seals it properly as soon as somebody can hold the key.
- `mailable` is a box of the server's vault: the address, for letters.

`mailable` and the keys to `own` are covered with the event's shred key: when the list is destroyed, they open from no
backup. (The event's own keys are, too: see events.keys.)
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from ..core.crypto import BoxRefused, vault
from ..core.db import db
from ..core.sealing import KEY_BYTES, Opener, seal_box, token_key, unwrap, wrap
from ..core.shreds import cover, is_covered, uncover
from ..events.keys import DOOR, ROSTER, openers, private_keys, sealing_key
from ..events.models import EventKey
from .models import Rsvp, RsvpLink

VAULT = "rsvps.roster"
MAIL = "rsvps.mail"
LINK = "rsvps.own"


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a party said of itself."""

    name: str
    email: str | None
    note: str
    locale: str


@dataclass(frozen=True)
class Reader:
    """Opens what is sealed to the event keys it was given (by id), and boxes of the vault."""

    openers: Mapping[str, Opener]

    def words(self, rsvp: Rsvp) -> Words | None:
        """What the party said; None when this reader has no key to it, or the box was touched."""
        try:
            if rsvp.roster_key_id is None:
                return Words(**vault().open(VAULT, rsvp.id, rsvp.sealed))
            opener = self.openers.get(rsvp.roster_key_id)
            return _words(opener.open(_of(ROSTER, rsvp), rsvp.sealed)) if opener else None
        except BoxRefused:
            return None


NOBODY = Reader({})


def reader_of(organizer_id: str, private: bytes | None, event_id: int) -> Reader:
    """What a signed-in organizer can read of an event's list; only vault boxes if they hold no copy of its keys."""
    if private is None:
        return NOBODY
    return Reader(openers(private_keys(organizer_id, private, event_id=event_id, scope=ROSTER)))


def seal(rsvp: Rsvp, words: Words, now: dt.datetime) -> None:
    """Fill the boxes that organizers and the door open."""
    roster, door = sealing_key(rsvp.event_id, ROSTER, now), sealing_key(rsvp.event_id, DOOR, now)
    if roster is None or door is None:
        rsvp.sealed, rsvp.roster_key_id = vault().seal(VAULT, rsvp.id, asdict(words)), None
        return
    rsvp.roster_key_id, rsvp.door_key_id = roster.id, door.id
    rsvp.sealed = seal_box(roster.public, _of(ROSTER, rsvp), _octets(asdict(words)))
    rsvp.door_sealed = seal_box(door.public, _of(DOOR, rsvp), _octets({"name": words.name}))


def keep_own(rsvp: Rsvp, words: Words, token: str) -> bytes:
    """Make the attendee's copy; the key to it, wrapped for the link with this token."""
    data_key = os.urandom(KEY_BYTES)
    rsvp.own = wrap(data_key, _of(LINK, rsvp), _octets(asdict(words)))
    return _covered(LINK, rsvp, wrap(token_key(token, LINK), _of(LINK, rsvp), data_key))


def keep_address(rsvp: Rsvp, words: Words) -> None:
    """Keep the address to which letters go, if there is one."""
    if words.email:
        box = vault().seal(MAIL, rsvp.id, {"to": words.email, "locale": words.locale})
        rsvp.mailable = _covered(MAIL, rsvp, box)


def address_of(rsvp: Rsvp) -> dict[str, str] | None:
    """`to` and `locale`; None when no address is kept, or none that opens."""
    if rsvp.mailable is None:
        return None
    try:
        return vault().open(MAIL, rsvp.id, _uncovered(MAIL, rsvp, rsvp.mailable))
    except BoxRefused:
        return None


def cover_late(rsvp: Rsvp, links: Iterable[RsvpLink]) -> None:
    """Cover what was written before the event had a key."""
    if rsvp.mailable and not is_covered(rsvp.mailable):
        rsvp.mailable = _covered(MAIL, rsvp, rsvp.mailable)
    for link in links:
        if link.own_key and not is_covered(link.own_key):
            link.own_key = _covered(LINK, rsvp, link.own_key)


def own_words(rsvp: Rsvp, link: RsvpLink, token: str) -> Words | None:
    """The attendee's own copy; None when this link came by a later mail and holds no key to it."""
    try:
        data_key = _data_key(rsvp, link, token)
        return _words(unwrap(data_key, _of(LINK, rsvp), rsvp.own)) if data_key and rsvp.own else None
    except BoxRefused:
        return None


def change_own(rsvp: Rsvp, link: RsvpLink, token: str, words: Words) -> None:
    """Replace what stands in the attendee's copy; other links that open it still do."""
    data_key = _data_key(rsvp, link, token)
    if data_key:
        rsvp.own = wrap(data_key, _of(LINK, rsvp), _octets(asdict(words)))


def _data_key(rsvp: Rsvp, link: RsvpLink, token: str) -> bytes | None:
    if not link.own_key:
        return None
    return unwrap(token_key(token, LINK), _of(LINK, rsvp), _uncovered(LINK, rsvp, link.own_key))


def _covered(what: str, rsvp: Rsvp, box: bytes) -> bytes:
    """A box covered with the event's shred key, if the event has keys already."""
    key = db.session.get(EventKey, rsvp.roster_key_id) if rsvp.roster_key_id else None
    return cover(key.shred_id, _of(what, rsvp), box) if key else box


def _uncovered(what: str, rsvp: Rsvp, box: bytes) -> bytes:
    return uncover(_of(what, rsvp), box) if is_covered(box) else box


def _of(scope: str, rsvp: Rsvp) -> str:
    return f"rsvps.{scope} {rsvp.event_id} {rsvp.id}"


def _octets(content: dict[str, str | None]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _words(octets: bytes) -> Words:
    return Words(**json.loads(octets))
