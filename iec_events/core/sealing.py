"""Boxes that only the holder of a private key opens; and keys wrapped in passwords, sessions and links.

Sealed box, version 2: `0x02 | suite (1) | HPKE enc and ciphertext` (RFC 9180, base mode, single shot). Suite 1 is KEM
MLKEM768-X25519 (a box taken today must not be opened by a later machine), HKDF-SHA256, AES-256-GCM. `info` binds a
box to its purpose and its row, so that a box moved elsewhere does not open. Plaintext stands behind its length and is
padded to steps of 256 bytes.

Wrapped box, version 3: `0x03 | nonce (12) | AES-256-GCM ciphertext and tag`, under a key derived from a password, a
session or a link, with the same binding and padding.

A next version gets the next number; both `open_box` and `unwrap` refuse numbers they do not know.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .crypto import BoxRefused

SEALED, WRAPPED = b"\x02", b"\x03"
SUITE_1 = b"\x01"
STEP = 256
KEY_BYTES = 32
MLKEM_SEED, MLKEM_PUBLIC = 64, 1184
PRIVATE_BYTES, PUBLIC_BYTES = MLKEM_SEED + 32, MLKEM_PUBLIC + 32
# Argon2id takes 64 MiB each time: tries to sign in that come all at once must not take the memory of a small server.
dear = threading.BoundedSemaphore(2)
_suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True)
class KeyPair:
    """A private key (96 bytes: ML-KEM seed, X25519 scalar) and its public key (1,216 bytes)."""

    private: bytes
    public: bytes


def new_key_pair() -> KeyPair:
    """A fresh key pair."""
    return key_pair(os.urandom(PRIVATE_BYTES))


def key_pair(private: bytes) -> KeyPair:
    """The pair that belongs to a private key of 96 bytes; ValueError for any other length."""
    lattice, curve = _private_parts(private)
    public = lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
    return KeyPair(private, public)


def seal_box(public: bytes, bind: str, plaintext: bytes) -> bytes:
    """Close a box that opens only with the private half of `public`, and only where `bind` is the same."""
    lattice = MLKEM768PublicKey.from_public_bytes(public[:MLKEM_PUBLIC])
    curve = X25519PublicKey.from_public_bytes(public[MLKEM_PUBLIC:])
    holder = MLKEM768X25519PublicKey(lattice, curve)
    return SEALED + SUITE_1 + _suite.encrypt(_padded(plaintext), holder, info=_info(bind))


class Opener:
    """A private key made ready once, to open many boxes."""

    def __init__(self, private: bytes) -> None:
        self._key = MLKEM768X25519PrivateKey(*_private_parts(private))

    def open(self, bind: str, box: bytes) -> bytes:
        """What is in a box; BoxRefused when it is for another key or row, was altered, or is of a later version."""
        if box[:1] != SEALED or box[1:2] != SUITE_1:
            raise BoxRefused("unknown version")
        try:
            return _unpadded(_suite.decrypt(box[2:], self._key, info=_info(bind)))
        except (InvalidTag, ValueError) as error:
            raise BoxRefused("altered, moved, truncated or not for this key") from error


def wrap(key: bytes, bind: str, plaintext: bytes) -> bytes:
    """Wrap bytes under a symmetric key of 32 bytes."""
    nonce = os.urandom(12)
    return WRAPPED + nonce + AESGCM(key).encrypt(nonce, _padded(plaintext), _info(bind))


def unwrap(key: bytes, bind: str, box: bytes) -> bytes:
    """What was wrapped; BoxRefused for another key or place, or when it was altered."""
    if box[:1] != WRAPPED:
        raise BoxRefused("unknown version")
    try:
        return _unpadded(AESGCM(key).decrypt(box[1:13], box[13:], _info(bind)))
    except (InvalidTag, ValueError) as error:
        raise BoxRefused("altered, moved, truncated or not for this key") from error


def password_key(password: str, salt: bytes) -> bytes:
    """A key of 32 bytes from a password (Argon2id, RFC 9106: 64 MiB, 3 passes, 4 lanes)."""
    with dear:
        return hash_secret_raw(password.encode(), salt, 3, 64 * 1024, 4, KEY_BYTES, Type.ID)


def token_key(token: str, purpose: str) -> bytes:
    """A key of 32 bytes from a secret of full strength, such as a link's token; its own for each purpose."""
    kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"iec-events\0{purpose}".encode())
    return kdf.derive(token.encode())


def _private_parts(private: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    if len(private) != PRIVATE_BYTES:
        raise ValueError(f"A private key has {PRIVATE_BYTES} bytes.")
    lattice = MLKEM768PrivateKey.from_seed_bytes(private[:MLKEM_SEED])
    return lattice, X25519PrivateKey.from_private_bytes(private[MLKEM_SEED:])


def _info(bind: str) -> bytes:
    return f"iec-events 2\0{bind}".encode()


def _padded(plaintext: bytes) -> bytes:
    framed = len(plaintext).to_bytes(4, "big") + plaintext
    return framed + bytes(-len(framed) % STEP)


def _unpadded(framed: bytes) -> bytes:
    length = int.from_bytes(framed[:4], "big")
    return framed[4 : 4 + length]
