"""Sealed and wrapped boxes: only the right key opens them, only where they belong, and for as long as they are kept."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.bindings._rust import openssl as rust_openssl
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given, settings
from hypothesis import strategies as st

from iec_events.core.crypto import BoxRefused
from iec_events.core.sealing import (
    PRIVATE_BYTES,
    PUBLIC_BYTES,
    Opener,
    key_pair,
    new_key_pair,
    password_key,
    seal_box,
    token_key,
    unwrap,
    wrap,
)
from iec_events.organizers.keys import pair_of_phrase

VECTORS = json.loads((Path(__file__).parent / "vectors" / "boxes.json").read_text())
PAIR = key_pair(bytes.fromhex(VECTORS["private"]))
OPENER = Opener(PAIR.private)
KEY = bytes.fromhex(VECTORS["wrap_key"])


@given(st.binary(max_size=2000), st.text(max_size=60))
@settings(deadline=None, max_examples=50)
def test_what_is_sealed_opens_with_the_private_key(plain: bytes, bind: str) -> None:
    bind = bind.encode("utf-8", "replace").decode()
    assert OPENER.open(bind, seal_box(PAIR.public, bind, plain)) == plain
    assert unwrap(KEY, bind, wrap(KEY, bind, plain)) == plain


def flipped(box: bytes, data: st.DataObject) -> bytes:
    bit = data.draw(st.integers(0, len(box) * 8 - 1))
    touched = bytearray(box)
    touched[bit // 8] ^= 1 << bit % 8
    return bytes(touched)


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_any_bit_flipped_is_refused(data: st.DataObject) -> None:
    sealed, wrapped = seal_box(PAIR.public, "a", b"Sara"), wrap(KEY, "a", b"Sara")
    with pytest.raises(BoxRefused):
        OPENER.open("a", flipped(sealed, data))
    with pytest.raises(BoxRefused):
        unwrap(KEY, "a", flipped(wrapped, data))


@given(st.integers(0, 1400))
@settings(deadline=None, max_examples=30)
def test_a_truncated_box_is_refused(length: int) -> None:
    box = seal_box(PAIR.public, "a", b"Sara")
    with pytest.raises(BoxRefused):
        OPENER.open("a", box[: min(length, len(box) - 1)])


def test_a_box_opens_nowhere_else_and_for_nobody_else() -> None:
    box = seal_box(PAIR.public, "rsvps.roster 7 sara", b"Sara")
    for bind in ("rsvps.roster 7 ali", "rsvps.roster 8 sara", "rsvps.door 7 sara", ""):
        with pytest.raises(BoxRefused):
            OPENER.open(bind, box)
    with pytest.raises(BoxRefused):
        Opener(new_key_pair().private).open("rsvps.roster 7 sara", box)
    with pytest.raises(BoxRefused):
        unwrap(b"\x12" * 32, "a", wrap(KEY, "a", b"Sara"))


@pytest.mark.parametrize("box", [b"", b"\x02", b"\x02\x01", b"\x01" * 400, b"\x09\x01" + b"x" * 1300, b"\x03" * 13])
def test_what_is_no_box_is_refused(box: bytes) -> None:
    with pytest.raises(BoxRefused):
        OPENER.open("a", box)
    with pytest.raises(BoxRefused):
        unwrap(KEY, "a", box)


def test_short_texts_of_different_lengths_make_boxes_of_one_size() -> None:
    assert len({len(seal_box(PAIR.public, "a", b"x" * length)) for length in (0, 1, 100, 252)}) == 1


def test_no_two_boxes_are_alike() -> None:
    assert seal_box(PAIR.public, "a", b"Sara") != seal_box(PAIR.public, "a", b"Sara")


def test_keys_have_their_sizes() -> None:
    pair = new_key_pair()
    assert (len(pair.private), len(pair.public)) == (PRIVATE_BYTES, PUBLIC_BYTES)
    with pytest.raises(ValueError, match="96 bytes"):
        key_pair(b"short")


@pytest.mark.costly
def test_boxes_of_the_past_still_open() -> None:
    plain = bytes.fromhex(VECTORS["plaintext"])
    assert hashlib.sha256(PAIR.public).hexdigest() == VECTORS["public_sha256"]
    assert OPENER.open(VECTORS["bind"], bytes.fromhex(VECTORS["sealed_box"])) == plain
    assert unwrap(KEY, "organizers.session", bytes.fromhex(VECTORS["wrapped_box"])) == plain
    assert password_key(VECTORS["password"], bytes.fromhex(VECTORS["salt"])).hex() == VECTORS["password_key"]
    assert token_key(VECTORS["token"], "rsvps.own").hex() == VECTORS["token_key"]
    assert pair_of_phrase(VECTORS["phrase"]).private.hex() == VECTORS["phrase_private"]


def test_the_library_opens_the_published_example() -> None:
    """RFC 9180, A.1.1: DHKEM(X25519), HKDF-SHA256, AES-128-GCM, base mode, sequence number 0.

    `cryptography` lets nobody choose the ephemeral key, so only opening can be held against the RFC; our own suite has
    no published example yet.
    """
    private = X25519PrivateKey.from_private_bytes(
        bytes.fromhex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8")
    )
    sent = bytes.fromhex(
        "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"
        "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a"
    )
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
    opened = rust_openssl.hpke._decrypt_with_aad(suite, sent, private, b"Ode on a Grecian Urn", b"Count-0")
    assert opened == b"Beauty is truth, truth beauty"
