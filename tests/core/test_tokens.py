"""Secrets in links: long, safe in addresses, kept as hashes."""

from __future__ import annotations

import hashlib
import re

from iec_events.core.tokens import derived_token, new_id, new_token, token_hash

IN_ADDRESSES = re.compile(r"[A-Za-z0-9_-]+")


def test_tokens_hold_256_bits_and_ids_96() -> None:
    tokens, ids = {new_token() for _ in range(500)}, {new_id() for _ in range(500)}
    assert len(tokens) == len(ids) == 500
    assert {len(token) for token in tokens} == {43}
    assert {len(one) for one in ids} == {16}
    assert all(IN_ADDRESSES.fullmatch(one) for one in tokens | ids)


def test_what_is_stored_does_not_tell_the_token() -> None:
    token = new_token()
    assert token_hash(token) == hashlib.sha256(token.encode()).hexdigest()
    assert token not in token_hash(token)
    assert token_hash("") != token_hash(" ")


def test_a_derived_token_needs_the_key_and_comes_again_from_the_same_seed() -> None:
    token = derived_token(b"k" * 32, "rsvp", "seed")
    assert token == derived_token(b"k" * 32, "rsvp", "seed")
    others = {
        derived_token(b"j" * 32, "rsvp", "seed"),
        derived_token(b"k" * 32, "rsvp by hand", "seed"),
        derived_token(b"k" * 32, "rsvp", "seeds"),
        derived_token(b"k" * 32, "rsvp\0s", "eed"),
    }
    assert token not in others
    assert len(others) == 4
    assert len(token) == 43
    assert IN_ADDRESSES.fullmatch(token)
