"""Sealed boxes for personal data: one column holds them, and it never holds plain text.

Format, version 1: `0x01 | key id (4) | nonce (12) | AES-256-GCM ciphertext and tag`. The plaintext is JSON behind
its length, padded to steps of 256 bytes; the associated data binds a box to its purpose and its row, so that a
box moved elsewhere does not open. Each purpose has its own key, derived by HKDF from the server's vault key. A later
version seals to organizers' public keys instead; the version byte tells them apart.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

VERSION = b"\x01"
KEY_ID = slice(1, 5)
STEP = 256
KEY_BYTES = 32
ROOT = ""
# Their keys were derived one by one from the vault key; those of later purposes come from a root of their own.
FIRST_LOOKUPS = ("messages.submission", "organizers.email", "organizers.recovery-code")


class BoxRefused(Exception):
    """A box did not open: altered, moved to another row, truncated, or of an unknown key or version."""


class KeyUnknown(BoxRefused):
    """A box is of a key that this process does not have; another one may."""


class Vault:
    """Seals with the first key, opens with any: put a new key in front to rotate.

    What rows are found by (`fingerprint`) can't be sealed anew: it keeps its own keys. They are derived from the oldest
    vault key, and once that one is to go, they are kept in a box (`lookup_keys`), which `find_lookup_keys` opens.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"A vault needs keys of {KEY_BYTES} bytes")
        self._keys = {hashlib.sha256(b"key id" + key).digest()[:4]: key for key in keys}
        self._first, self._oldest = next(iter(self._keys)), list(self._keys)[-1]
        self._ciphers: dict[tuple[bytes, str], AESGCM] = {}
        self._lookup_keys: Mapping[str, str] | None = None
        self.find_lookup_keys: Callable[[], Mapping[str, str]] = dict

    def seal(self, purpose: str, bind: str, payload: dict[str, Any]) -> bytes:
        """Close `payload` (anything JSON holds) into a box that opens only for this purpose and row."""
        nonce = os.urandom(12)
        sealed = self._cipher(self._first, purpose).encrypt(nonce, _padded(payload), _bound(purpose, bind))
        return VERSION + self._first + nonce + sealed

    def open(self, purpose: str, bind: str, box: bytes) -> dict[str, Any]:
        """The payload of a box; BoxRefused when it is not for this purpose and row, or was touched."""
        if box[:1] != VERSION:
            raise BoxRefused("unknown version")
        if box[KEY_ID] not in self._keys:
            raise KeyUnknown("unknown key")
        try:
            plain = self._cipher(box[KEY_ID], purpose).decrypt(box[5:17], box[17:], _bound(purpose, bind))
        except (InvalidTag, ValueError) as error:
            raise BoxRefused("altered, moved or truncated") from error
        return _unpadded(plain)

    def fingerprint(self, purpose: str, text: str) -> str:
        """A keyed hash (64 hexadecimal characters) to find a row by a value that is not kept in the open.

        It is the same after a rotation: what was stored before must be found.
        """
        if self._lookup_keys is None:
            self._lookup_keys = self.find_lookup_keys() or self._derived_lookup_keys()
        kept = self._lookup_keys.get(purpose)
        key = bytes.fromhex(kept) if kept else _derived(bytes.fromhex(self._lookup_keys[ROOT]), purpose)
        return hmac.digest(key, text.encode(), "sha256").hex()

    def lookup_keys(self) -> Mapping[str, str]:
        """The keys of fingerprints, to be kept in a box."""
        return self.find_lookup_keys() or self._derived_lookup_keys()

    def needs_older_key(self, box: bytes) -> bool:
        """Whether this is a box of a vault, but not of the first key."""
        return box[:1] == VERSION and box[KEY_ID] in self._keys and box[KEY_ID] != self._first

    def sign(self, purpose: str, text: str, *, key_id: bytes | None = None) -> str:
        """A keyed hash that shows changes, under the first key or another of the vault's."""
        key = _derived(self._keys[key_id or self._first], "fingerprint " + purpose)
        return hmac.digest(key, text.encode(), "sha256").hex()

    def signer(self, purpose: str, text: str, signature: str) -> bytes | None:
        """The id of the key that signed this text; None when it was none of the vault's."""
        signed = (key_id for key_id in self._keys if self._fits(self.sign(purpose, text, key_id=key_id), signature))
        return next(signed, None)

    @property
    def first_id(self) -> bytes:
        """The id of the key that seals."""
        return self._first

    @staticmethod
    def _fits(one: str, other: str) -> bool:
        return hmac.compare_digest(one.encode(), other.encode())

    def _derived_lookup_keys(self) -> Mapping[str, str]:
        oldest = self._keys[self._oldest]
        kept = {purpose: _derived(oldest, "fingerprint " + purpose).hex() for purpose in FIRST_LOOKUPS}
        return {**kept, ROOT: _derived(oldest, "fingerprints").hex()}

    def _cipher(self, key_id: bytes, purpose: str) -> AESGCM:
        """Deriving and scheduling a key costs more than sealing: keep the few that are in use."""
        found = self._ciphers.get((key_id, purpose))
        if found is None:
            found = AESGCM(_derived(self._keys[key_id], "box " + purpose))
            self._ciphers[key_id, purpose] = found
        return found


def vault() -> Vault:
    """The vault of the running application."""
    return cast("Vault", current_app.extensions["vault"])


def _derived(key: bytes, info: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info.encode()).derive(key)


def _bound(purpose: str, bind: str) -> bytes:
    return f"iec-events\0{purpose}\0{bind}".encode()


def _padded(payload: dict[str, Any]) -> bytes:
    plain = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    framed = len(plain).to_bytes(4, "big") + plain
    return framed + bytes(-len(framed) % STEP)


def _unpadded(framed: bytes) -> dict[str, Any]:
    length = int.from_bytes(framed[:4], "big")
    payload: dict[str, Any] = json.loads(framed[4 : 4 + length])
    return payload
