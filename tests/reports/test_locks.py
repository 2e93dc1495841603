"""Locked files open with age itself (pyrage), and with nothing else."""

from __future__ import annotations

import pyrage
import pytest

from iec_events.reports.locks import CHUNK, KeyRefused, locked_for, locked_with, new_words


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1])
def test_a_passphrase_opens_what_it_locked(size: int) -> None:
    octets = bytes(size)
    box = locked_with("seven winters und ein Frühling", octets)
    assert pyrage.passphrase.decrypt(box, "seven winters und ein Frühling") == octets
    assert box.count(b"\0" * 32) == 0


@pytest.mark.costly
def test_at_its_real_price_too() -> None:
    assert pyrage.passphrase.decrypt(locked_with("seven winters", b"Sara"), "seven winters") == b"Sara"


def test_another_passphrase_and_a_cut_file_open_nothing() -> None:
    box = locked_with("seven winters", b"Sara" * CHUNK)
    for wrong, passphrase in (
        (box, "seven winter"),
        (box[:-20], "seven winters"),
        (box[: -CHUNK - 16], "seven winters"),
    ):
        with pytest.raises(pyrage.DecryptError):
            pyrage.passphrase.decrypt(wrong, passphrase)


def test_the_owner_of_a_key_opens_what_was_locked_for_it() -> None:
    nasrin, omid = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    box = locked_for(str(nasrin.to_public()), b"Sara")
    assert pyrage.decrypt(box, [nasrin]) == b"Sara"
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(box, [omid])


@pytest.mark.parametrize("key", ["", "age1", "age1" + "q" * 58, "ssh-ed25519 AAAA", "سارا", "x" * 200])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(KeyRefused):
        locked_for(key, b"")


def test_words_are_seven_and_never_the_same() -> None:
    made = {new_words() for _ in range(50)}
    assert len(made) == 50
    assert {len(words.split()) for words in made} == {7}
