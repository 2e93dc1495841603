"""What passes as a new password, and how passwords are kept."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from flask import Flask

from iec_events.core import sealing
from iec_events.organizers import passwords
from iec_events.organizers.passwords import NOBODY, fits, hash_password, is_outdated, objection


@pytest.fixture(autouse=True)
def _speaking(bare_app: Flask) -> object:
    with bare_app.app_context():
        yield


@pytest.mark.parametrize(
    "password",
    [
        "seven winters and a long spring",
        "گل سرخ در دل زمستان بلند",
        "x7#Kq!v9Tz2$mW",
        "mango-tram-lantern-42",
        "  padded by blanks  ",
        "🌹🔥🕊🎶🌙⭐🌊🍉🌻🍇🥁🎺",
        "p" * 3 + "aq4v8zt0bn1m",
        "orange tiger guitar winter",
    ],
)
def test_good_ones_pass(password: str) -> None:
    assert objection(password, "nasrin@example.org") is None


@pytest.mark.parametrize(
    ("password", "because"),
    [
        ("", "too short"),
        ("elevenchars", "too short"),
        ("x" * 201, "too long"),
        ("aaaaaaaaaaaaaa", "guessed first"),
        ("password1234", "guessed first"),
        ("P@ssw0rd!!!!", "guessed first"),
        ("Qwertyuiop123", "guessed first"),
        ("123456789012", "guessed first"),
        ("987654321098", "guessed first"),
        ("24.02.2024 18:00", None),
        ("1357 9246 8013", "guessed first"),
        ("abcabcabcabc", "guessed first"),
        ("abcdefghijklmn", "guessed first"),
        ("letmein1234567", "guessed first"),
        ("ZanZendegiAzadi!1401", "guessed first"),
        ("زن‌زندگی‌آزادی۱۴۰۱", "guessed first"),
        ("qazwsxedcrfv", "guessed first"),
        ("1q2w3e4r5t6y7u", "guessed first"),
        ("1qazxsw23edc", "guessed first"),
        ("asdf1234asdf", "guessed first"),
        ("JesusChrist1!", "guessed first"),
        ("letmein-letmein", "guessed first"),
        ("Barcelona2024!", "guessed first"),
        ("Mahsa.Amini.1401", "guessed first"),
        ("iran1401azadi", "guessed first"),
        ("doostetdaram1", "guessed first"),
        ("مهسا امینی ۱۴۰۱", "guessed first"),
        ("teamomucho123", "guessed first"),
        ("nasrin@example.org", "your e-mail address"),
        ("my nasrin is best", "your e-mail address"),
    ],
)
def test_bad_ones_are_refused_with_a_reason(password: str, because: str | None) -> None:
    words = objection(password, "nasrin@example.org")
    assert words is None if because is None else because in (words or "")


def test_is_found_again_whatever_the_keyboard() -> None:
    kept = hash_password("contraseña más larga")
    assert fits(unicodedata.normalize("NFD", "contraseña más larga"), kept)
    assert not fits("contrasena mas larga", kept)


@pytest.mark.costly
def test_of_nobody_never_fits_and_costs_the_same() -> None:
    assert not is_outdated(NOBODY)
    assert not fits("", None)
    assert not fits("anything at all", None)


def test_no_more_than_two_are_worked_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes 64 MiB: eight strangers at once took half a gigabyte."""
    working, most = [0], [0]

    def works(*_given: object) -> None:
        working[0] += 1
        most[0] = max(most[0], working[0])
        time.sleep(0.005)
        working[0] -= 1

    monkeypatch.setattr(passwords, "_hasher", SimpleNamespace(verify=works, hash=works))
    monkeypatch.setattr(sealing, "hash_secret_raw", works)
    deeds: list[Callable[[], object]] = [
        lambda: fits("anything", None),
        lambda: hash_password("anything"),
        lambda: sealing.password_key("anything", b""),
    ]
    with ThreadPoolExecutor(9) as pool:
        for done in [pool.submit(deed) for deed in deeds * 3]:
            done.result()
    assert most == [2]


def test_in_an_unreadable_hash_fits_nothing() -> None:
    assert not fits("anything", "not a hash")
