"""Recovery phrases: what a person kept on paper opens what it was made for, however they type it."""

from __future__ import annotations

import contextlib
import hashlib
import unicodedata
from collections.abc import Callable

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from mnemonic import Mnemonic

from iec_events.core.i18n import LOCALES, LocaleCode, speaking
from iec_events.core.phrases import PhraseRefused, _word_list, phrase_of, secret_from, secret_of, token_of
from iec_events.core.text import PERSIAN, folded
from iec_events.core.tokens import new_token

SECRET = bytes(range(16))
secrets = st.binary(min_size=16, max_size=16)
locales = st.sampled_from(list(LOCALES))


@given(secrets, locales)
def test_words_lead_back_to_their_secret(secret: bytes, locale: LocaleCode) -> None:
    words = phrase_of(secret, locale)
    assert len(words) == (14 if locale == "fa" else 12)
    assert secret_of(" ".join(words)) == secret


@given(secrets, locales, st.data())
def test_words_are_known_however_they_are_typed(secret: bytes, locale: LocaleCode, data: st.DataObject) -> None:
    ways: dict[str, Callable[[str], str]] = {
        "case": str.upper,
        "no accents": lambda word: unicodedata.normalize("NFD", word).replace("\u0301", "").replace("\u0303", "n"[:0]),
        "decomposed": lambda word: unicodedata.normalize("NFD", word),
        "Arabic letters": lambda word: word.replace("ی", "ي").replace("ک", "ك").replace("آ", "أ"),
        "points": lambda word: word.replace("ب", "بَ").replace("ا", "اـ") + "\u200c",
    }
    numbers = data.draw(st.sampled_from(["", "{0}. ", "{0}) ", "({0})\n", "۱۲ "]))
    between = data.draw(st.sampled_from([" ", "\n", "   ", ", ", "، ", "\t-\t"]))
    how = [ways[data.draw(st.sampled_from(sorted(ways)))] for _word in range(14)]
    typed = [
        numbers.format(place) + way(word)
        for place, (word, way) in enumerate(zip(phrase_of(secret, locale), how, strict=False), 1)
    ]
    assert secret_of(f" {between.join(typed)} ") == secret


@given(secrets, locales, st.data())
def test_a_wrong_word_never_passes_for_the_same_secret(secret: bytes, locale: LocaleCode, data: st.DataObject) -> None:
    words = phrase_of(secret, locale)
    place = data.draw(st.integers(0, len(words) - 1))
    others = [word for word in _word_list(locale).words if word != words[place]]
    words[place] = data.draw(st.sampled_from(others))
    with contextlib.suppress(PhraseRefused):
        assert secret_of(" ".join(words)) != secret


def test_most_typing_errors_are_noticed() -> None:
    for locale in LOCALES:
        words, missed, at_most = phrase_of(SECRET, locale), 0, 1 / 100 if locale == "fa" else 1 / 8
        others = [word for word in _word_list(locale).words[:500] if word != words[5]]
        for other in others:
            with contextlib.suppress(PhraseRefused):
                secret_of(" ".join([*words[:5], other, *words[6:]]))
                missed += 1
        assert missed <= at_most * len(others)


def test_english_and_spanish_are_those_of_bip_39() -> None:
    for locale, name in (("en", "english"), ("es", "spanish")):
        theirs = unicodedata.normalize("NFC", Mnemonic(name).to_mnemonic(SECRET))
        assert " ".join(phrase_of(SECRET, locale)) == theirs


def test_three_languages_stand_for_one_link_and_no_link_tells_another() -> None:
    tokens = {token_of(secret_of(" ".join(phrase_of(SECRET, locale)))) for locale in LOCALES}
    assert len(tokens) == 1
    token = new_token()
    assert secret_from(token) == secret_from(token)
    assert len({token, token_of(secret_from(token)), token_of(SECRET)}) == 3
    assert len(token_of(SECRET)) == len(token)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda _words: [], "These are not the words of a recovery phrase."),
        (lambda _words: ["qwerty"] * 12, "These are not the words of a recovery phrase."),
        (lambda words: [*words[:3], "qwerty", *words[4:]], "Word number 4 is not on our list."),
        (lambda words: words[:-1], "A phrase has 12 words, and here are 11."),
        (lambda words: [*words, "zoo"], "A phrase has 12 words, and here are 13."),
        (lambda words: [words[1], words[0], *words[2:]], "One of these words is another, or stands in another place."),
        (lambda words: [*words[:4], *phrase_of(SECRET, "fa")[4:12]], "Word number 1 is not on our list."),
    ],
    ids=["nothing", "foreign", "unknown word", "too few", "too many", "swapped", "two languages"],
)
def test_a_refusal_says_where_to_look_and_repeats_no_word(
    bare_app: Flask, change: Callable[[list[str]], list[str]], sentence: str
) -> None:
    words = phrase_of(SECRET, "en")
    typed = change(words)
    with bare_app.app_context(), pytest.raises(PhraseRefused) as refused:
        secret_of(" ".join(typed))
    assert str(refused.value).startswith(sentence)
    assert not set(typed) - {"another", "one", "list"} & set(str(refused.value).split())


def test_positions_are_told_in_the_readers_digits(bare_app: Flask) -> None:
    words = phrase_of(SECRET, "fa")
    with bare_app.app_context(), speaking("fa"), pytest.raises(PhraseRefused) as refused:
        secret_of(" ".join([*words[:6], "qwerty", *words[7:]]))
    assert "۷" in str(refused.value)


def test_only_16_bytes_make_a_phrase() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        phrase_of(SECRET + b"x", "en")


def test_the_farsi_list_can_be_typed_on_every_keyboard() -> None:
    words = _word_list("fa").words
    assert len(words) == len({folded(word) for word in words}) == 1024
    assert set("".join(words)) <= set(PERSIAN) | {"آ"}
    assert all(3 <= len(word) <= 8 for word in words)
    assert list(words) == sorted(words, key=lambda word: ["آ", *PERSIAN].index(word[0]))


def test_no_two_farsi_words_are_within_one_letter() -> None:
    seen: dict[str, str] = {}
    for word in (folded(word) for word in _word_list("fa").words):
        gaps = {word[:place] + "*" + word[place + 1 :] for place in range(len(word))}
        gaps |= {word[:place] + "*" + word[place:] for place in range(len(word) + 1)}
        for gap in gaps:
            assert seen.setdefault(gap, word) == word


def test_what_stands_on_paper_must_open_for_ever() -> None:
    assert (
        hashlib.sha256(" ".join(_word_list("fa").words).encode()).hexdigest()
        == "829b436abe6e48338d26f24895495b884cc96c87e6bfbc606b0e5cf0290d00ae"
    )
    assert token_of(SECRET) == "iEWsS5ByLN4PUrCh6Fxnw4eWxCkx-3xcB5bdMVZCZyk"
