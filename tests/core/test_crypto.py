"""Boxes open for their own purpose and row, with a key that is known, untouched; otherwise never."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from iec_events.core.crypto import BoxRefused, Vault, vault

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
VAULT = Vault([OLD])
PURPOSE, ROW = "rsvps.roster", "row-1"
NAME = "Sima Kohzadi"

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]))
payloads = st.dictionaries(texts, scalars | texts | st.lists(texts, max_size=3), max_size=5)


@given(payloads, texts, texts)
@settings(deadline=None)
def test_what_is_sealed_opens_again(payload: dict[str, Any], purpose: str, bind: str) -> None:
    assert VAULT.open(purpose, bind, VAULT.seal(purpose, bind, payload)) == payload


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_flipped_bit_is_refused(data: st.DataObject) -> None:
    box = bytearray(VAULT.seal(PURPOSE, ROW, {"name": NAME}))
    bit = data.draw(st.integers(0, len(box) * 8 - 1))
    box[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BoxRefused):
        VAULT.open(PURPOSE, ROW, bytes(box))


def test_every_truncation_and_every_tail_is_refused() -> None:
    box = VAULT.seal(PURPOSE, ROW, {"name": NAME})
    for wrong in (*(box[:length] for length in range(len(box))), box + b"\0", b"\0" + box):
        with pytest.raises(BoxRefused):
            VAULT.open(PURPOSE, ROW, wrong)


@pytest.mark.parametrize(
    ("purpose", "bind"),
    [
        ("rsvps.mail", ROW),
        (PURPOSE, "row-2"),
        (PURPOSE, ""),
        ("", ROW),
        (f"{PURPOSE}\0{ROW}", ""),
        ("rsvps", ".roster\0row-1"),
    ],
)
def test_a_box_does_not_open_elsewhere(purpose: str, bind: str) -> None:
    with pytest.raises(BoxRefused):
        VAULT.open(purpose, bind, VAULT.seal(PURPOSE, ROW, {"name": NAME}))


def test_where_purpose_ends_and_row_begins_is_no_matter_of_taste() -> None:
    with pytest.raises(BoxRefused):
        VAULT.open("a", "b\0c", VAULT.seal("a\0b", "c", {"name": NAME}))


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    before = VAULT.seal(PURPOSE, ROW, {"name": NAME})
    rotated = Vault([NEW, OLD])
    assert rotated.open(PURPOSE, ROW, before) == {"name": NAME}
    after = rotated.seal(PURPOSE, ROW, {"name": NAME})
    assert Vault([NEW]).open(PURPOSE, ROW, after) == {"name": NAME}
    with pytest.raises(BoxRefused):
        VAULT.open(PURPOSE, ROW, after)


def test_what_was_found_by_fingerprint_is_found_after_a_rotation() -> None:
    assert Vault([NEW, OLD]).fingerprint("organizers", "nasrin@example.org") == VAULT.fingerprint(
        "organizers", "nasrin@example.org"
    )


def test_a_fingerprint_depends_on_key_purpose_and_text_and_tells_none() -> None:
    prints = {
        VAULT.fingerprint("organizers", "nasrin@example.org"),
        VAULT.fingerprint("organizers", "sima@example.org"),
        VAULT.fingerprint("attendees", "nasrin@example.org"),
        Vault([NEW]).fingerprint("organizers", "nasrin@example.org"),
    }
    assert len(prints) == 4
    assert all(len(one) == 64 and set(one) <= set("0123456789abcdef") for one in prints)


def test_a_box_tells_neither_words_nor_length_nor_sameness() -> None:
    boxes = [VAULT.seal(PURPOSE, ROW, {"name": name}) for name in ("Al", "Al", NAME * 10)]
    assert len({len(box) for box in boxes}) == 1
    assert boxes[0] != boxes[1]
    assert NAME.encode() not in boxes[2]
    assert len(VAULT.seal(PURPOSE, ROW, {"note": "x" * 300})) - len(boxes[0]) == 256


@pytest.mark.parametrize("keys", [[], [b"short"], [OLD, b"x" * 31], [b"x" * 33]])
def test_a_vault_takes_only_whole_keys(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="keys of 32 bytes"):
        Vault(keys)


def test_no_refusal_quotes_what_was_inside() -> None:
    box = VAULT.seal(PURPOSE, ROW, {"name": NAME})
    with pytest.raises(BoxRefused) as refused:
        VAULT.open(PURPOSE, "row-2", box)
    assert NAME not in json.dumps([str(refused.value), repr(refused.value.__cause__)])


def test_the_application_has_one_vault(bare_app: Flask) -> None:
    with bare_app.app_context():
        assert vault().open("p", "b", vault().seal("p", "b", {"a": 1})) == {"a": 1}
