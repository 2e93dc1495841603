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
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

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
ADDRESS = "rsvps.address"
REMARK = "remark"


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a party said of itself."""

    name: str
    email: str | None
    note: str
    locale: str
    companions: tuple[str, ...] = ()
    children: int = 0


@dataclass(frozen=True)
class Reader:
    """Opens what is sealed to the event keys it was given (by id), and boxes of the vault."""

    openers: Mapping[str, Opener]

    def words(self, rsvp: Rsvp) -> Words | None:
        """What the party said; None when this reader has no key to it, or the box was touched."""
        try:
            if rsvp.roster_key_id is None:
                return _words(vault().open(VAULT, rsvp.id, rsvp.sealed))
            opener = self.openers.get(rsvp.roster_key_id)
            return _words(json.loads(opener.open(_of(ROSTER, rsvp), rsvp.sealed))) if opener else None
        except BoxRefused:
            return None

    def has_key_to(self, rsvp: Rsvp) -> bool:
        """Whether the box is for this reader; one that does not open all the same was touched, moved or cut."""
        return rsvp.roster_key_id is None or rsvp.roster_key_id in self.openers

    def remark(self, rsvp: Rsvp) -> str:
        """What organizers noted about the party; empty when there is nothing, or nothing that opens."""
        opener = self.openers.get(rsvp.remark_key_id or "")
        if rsvp.remark is None or opener is None:
            return ""
        try:
            return str(json.loads(opener.open(_of(REMARK, rsvp), rsvp.remark)))
        except BoxRefused:
            return ""


NOBODY = Reader({})


def reader_of(organizer_id: str, private: bytes | None, event_id: int) -> Reader:
    """What a signed-in organizer can read of an event's list; only vault boxes if they hold no copy of its keys."""
    if private is None:
        return NOBODY
    return Reader(openers(private_keys(organizer_id, private, event_id=event_id, scope=ROSTER)))


def seal(rsvp: Rsvp, words: Words, now: dt.datetime) -> None:
    """Fill the boxes that organizers and the door open."""
    roster = sealing_key(rsvp.event_id, ROSTER, now)
    door = sealing_key(rsvp.event_id, DOOR, now) if roster else None  # who may not read the list holds no door either
    if roster is None or door is None:
        rsvp.sealed, rsvp.roster_key_id = vault().seal(VAULT, rsvp.id, asdict(words)), None
        return
    rsvp.roster_key_id, rsvp.door_key_id = roster.id, door.id
    rsvp.sealed = seal_box(roster.public, _of(ROSTER, rsvp), _octets(asdict(words)))
    rsvp.door_sealed = seal_box(door.public, _of(DOOR, rsvp), _octets({"name": words.name}))


def seal_remark(rsvp: Rsvp, text: str, now: dt.datetime) -> bool:
    """Keep an organizer's remark, sealed like the list; False while nobody can hold the list's key."""
    roster = sealing_key(rsvp.event_id, ROSTER, now)
    if roster is None:
        return False
    rsvp.remark_key_id = roster.id if text else None
    rsvp.remark = seal_box(roster.public, _of(REMARK, rsvp), json.dumps(text).encode()) if text else None
    return True


def keep_own(rsvp: Rsvp, words: Words) -> bytes:
    """Make the attendee's copy; the key to it."""
    data_key = os.urandom(KEY_BYTES)
    rsvp.own = wrap(data_key, _of(LINK, rsvp), _octets(asdict(words)))
    return data_key


def own_key_for(rsvp: Rsvp, token: str, data_key: bytes) -> bytes:
    """The key to the attendee's copy, wrapped for the link with this token."""
    return _covered(LINK, rsvp, wrap(token_key(token, LINK), _of(LINK, rsvp), data_key))


def keep_address(rsvp: Rsvp, words: Words) -> None:
    """Keep the address to which letters go, if there is one, and by what a second RSVP with it is found."""
    if words.email:
        box = vault().seal(MAIL, rsvp.id, {"to": words.email, "locale": words.locale})
        rsvp.mailable = _covered(MAIL, rsvp, box)
        rsvp.address_index = index_of(rsvp.event_id, words.email)


def change_locale(rsvp: Rsvp, locale: str) -> None:
    """Write letters in another language from now on."""
    address = address_of(rsvp)
    if address is not None:
        box = vault().seal(MAIL, rsvp.id, {**address, "locale": locale})
        rsvp.mailable = _covered(MAIL, rsvp, box)


def index_of(event_id: int, email: str) -> str:
    """What finds RSVPs with this address at this event, and at no other."""
    return vault().fingerprint(ADDRESS, f"{event_id} {normal_address(email)}")


def normal_address(email: str) -> str:
    """The address as it is compared."""
    return unicodedata.normalize("NFKC", email).casefold().strip()


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
        data_key = own_key_of(rsvp, link, token)
        return _words(json.loads(unwrap(data_key, _of(LINK, rsvp), rsvp.own))) if data_key and rsvp.own else None
    except BoxRefused:
        return None


def change_own(rsvp: Rsvp, link: RsvpLink, token: str, words: Words) -> None:
    """Replace what stands in the attendee's copy; other links that open it still do."""
    data_key = own_key_of(rsvp, link, token)
    if data_key:
        rsvp.own = wrap(data_key, _of(LINK, rsvp), _octets(asdict(words)))


def own_key_of(rsvp: Rsvp, link: RsvpLink, token: str) -> bytes | None:
    """The key to the attendee's copy, as far as this link has it. BoxRefused when it was touched or destroyed."""
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


def _octets(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _words(content: dict[str, Any]) -> Words:
    return Words(**{**content, "companions": tuple(content.get("companions", ()))})
