"""Organizers' key pairs and the recovery key: how they are made, wrapped and opened again.

The private key of an organizer exists in the open only while a request of a signed-in organizer needs it: at sign-in
the password unwraps it, and it is wrapped again in the secret of the browser's cookie. Neither the database nor the
cookie opens anything alone.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable
from contextlib import suppress
from functools import cache

import sqlalchemy as sa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from mnemonic import Mnemonic

from ..core.crypto import BoxRefused
from ..core.db import db
from ..core.sealing import PRIVATE_BYTES, KeyPair, key_pair, new_key_pair, password_key, token_key, unwrap, wrap
from ..core.tokens import token_hash
from .models import OrganizerKey, OrganizerSession, RecoveryKey, RoleGrant
from .passwords import in_normal_form, ways_to_write
from .roles import DOOR, EVERYWHERE, READERS

RECOVERY = "recovery"
SALT_BYTES = 16
PHRASE_BYTES = 32
SESSION = "organizers.session"
_words = Mnemonic("english")


class PhraseRefused(ValueError):
    """These words are no recovery key: one is mistyped, missing or in the wrong place."""


def made_key(organizer_id: str, password: str) -> tuple[OrganizerKey, bytes]:
    """A new key pair for an organizer, not yet in the database, and its private half."""
    pair, salt = new_key_pair(), os.urandom(SALT_BYTES)
    wrapped = _wrapped(organizer_id, password, salt, pair.private)
    return OrganizerKey(organizer_id=organizer_id, public=pair.public, salt=salt, wrapped=wrapped), pair.private


def unlocked(key: OrganizerKey, password: str) -> bytes:
    """The private key; BoxRefused for another password, or when its box was touched."""
    bind = _of_organizer(key.organizer_id)
    for written in ways_to_write(password):  # keys were wrapped in it as it was typed, at first
        with suppress(BoxRefused):
            return unwrap(password_key(written, key.salt), bind, key.wrapped)
    raise BoxRefused


def rewrapped(key: OrganizerKey, password: str, new_password: str) -> tuple[bytes, bytes]:
    """A new salt, and the same private key wrapped in a new password; BoxRefused when the old one is wrong."""
    private, salt = unlocked(key, password), os.urandom(SALT_BYTES)
    return salt, _wrapped(key.organizer_id, new_password, salt, private)


def wrapped_for_session(token: str, private: bytes) -> bytes:
    """The private key, for as long as this session lasts."""
    return wrap(token_key(token, SESSION), SESSION, private)


def private_of_session(token: str) -> bytes | None:
    """The private key of the organizer whose session this is; None when the session carries none."""
    query = sa.select(OrganizerSession.wrapped_key).where(OrganizerSession.token_hash == token_hash(token))
    wrapped = db.session.scalar(query)
    try:
        return unwrap(token_key(token, SESSION), SESSION, wrapped) if wrapped else None
    except BoxRefused:
        return None


def holders(places: Iterable[str] = (EVERYWHERE,)) -> dict[str, bytes]:
    """Who may hold the keys of a list that lies in these places: organizer id, or `recovery`, to public key.

    Owners and organizers only. Their grants do not end by themselves, so the clock is not asked.
    """
    readers = db.session.scalars(_readers(), {"places": list(places)})
    found = {key.organizer_id: key.public for key in readers}
    recovery = db.session.get(RecoveryKey, 1)
    return found | ({RECOVERY: recovery.public} if recovery else {})


@cache  # asked for every signup to a list that has no key yet: it is put together once
def _readers() -> sa.Select[OrganizerKey]:
    may_read = sa.exists().where(
        RoleGrant.organizer_id == OrganizerKey.organizer_id,
        RoleGrant.role.in_(READERS),
        RoleGrant.place.in_(sa.bindparam("places", expanding=True)),
    )
    return sa.select(OrganizerKey).where(may_read)


def doorkeepers(place: str, *, now: dt.datetime) -> dict[str, bytes]:
    """Who stands at the door of this event as long as their role lasts: organizer id to public key."""
    at_the_door = sa.exists().where(
        RoleGrant.organizer_id == OrganizerKey.organizer_id,
        RoleGrant.role == DOOR,
        RoleGrant.place == place,
        RoleGrant.expires_at > now,
    )
    return {key.organizer_id: key.public for key in db.session.scalars(sa.select(OrganizerKey).where(at_the_door))}


def recovery_is_checked() -> bool:
    """Whether somebody has typed the words of the present recovery key from paper."""
    return db.session.scalar(sa.select(RecoveryKey.checked_at)) is not None


def new_phrase() -> str:
    """Twenty-four words for a new recovery key (BIP 39, English: its words differ in their first four letters)."""
    return str(_words.to_mnemonic(os.urandom(PHRASE_BYTES)))


def pair_of_phrase(phrase: str) -> KeyPair:
    """The recovery key that belongs to the words, whatever their case and blanks; PhraseRefused."""
    try:
        seed = bytes(_words.to_entropy(phrase.lower().split()))
    except (ValueError, LookupError) as error:
        raise PhraseRefused from error
    if len(seed) != PHRASE_BYTES:
        raise PhraseRefused
    stretch = HKDF(algorithm=SHA256(), length=PRIVATE_BYTES, salt=None, info=b"iec-events recovery key 1")
    return key_pair(stretch.derive(seed))


def _wrapped(organizer_id: str, password: str, salt: bytes, private: bytes) -> bytes:
    return wrap(password_key(in_normal_form(password), salt), _of_organizer(organizer_id), private)


def _of_organizer(organizer_id: str) -> str:
    return f"organizers.key {organizer_id}"
