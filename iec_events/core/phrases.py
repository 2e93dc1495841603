"""Recovery phrases: a secret of 128 bits as words that a person can keep on paper, say, and type again.

The bits of the secret and some of its SHA-256 stand for the numbers of words on a list. English and Spanish are the
lists of BIP 39 (12 words, 4 bits of checksum). Farsi is a list of our own, as BIP 39 has none: 1024 words (14 words,
12 bits of checksum), of which no two are within one letter of each other. A phrase says by itself which list it is of.

    token of a link  --secret_from-->  secret  <--secret_of / phrase_of-->  words
                                       secret  --token_of-->  the token of the link that the words stand for
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from mnemonic import Mnemonic

from .errors import Refusal
from .i18n import LocaleCode, _, as_locale, format_number
from .text import folded

SECRET_BYTES = 16
TOKEN_BYTES = 32
LONGEST_PHRASE = 400  # characters: twice the longest one, for fields
WORD = re.compile(r"[^\W\d_]+")
FARSI = Path(__file__).with_name("words_fa.txt")
PURPOSE = "iec-events recovery phrase 1: "


class PhraseRefused(Refusal):
    """What was typed is no phrase; the sentence says what to look at, and repeats none of the words."""

    status = 422

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.message = sentence


@dataclass(frozen=True)
class _WordList:
    """The words as they are shown, and the number of each by its folded form."""

    words: tuple[str, ...]
    numbers: dict[str, int]

    @property
    def bits(self) -> int:
        """What one word stands for."""
        return len(self.words).bit_length() - 1

    @property
    def length(self) -> int:
        """Words in a phrase: all bits of the secret, and at least four of the checksum."""
        return -(-(SECRET_BYTES * 8 + 4) // self.bits)


def secret_from(token: str) -> bytes:
    """The secret behind a link's phrase: whoever holds the link can have the words shown, as often as they like."""
    return _derived(token.encode(), "secret", SECRET_BYTES)


def token_of(secret: bytes) -> str:
    """The token of the link that a phrase stands for, the same in every language; it tells nothing of the words."""
    return base64.urlsafe_b64encode(_derived(secret, "token", TOKEN_BYTES)).rstrip(b"=").decode()


def phrase_of(secret: bytes, locale: str) -> list[str]:
    """The words for a secret of 16 bytes, in this language."""
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"A phrase is made of {SECRET_BYTES} bytes")
    words = _word_list(as_locale(locale))
    number = _with_checksum(secret, words)
    places = range(words.length - 1, -1, -1)
    return [words.words[number >> words.bits * place & len(words.words) - 1] for place in places]


def secret_of(text: str) -> bytes:
    """The secret of a typed phrase, in whichever of our languages; PhraseRefused.

    Case, accents, Arabic against Persian letters, numbers before the words and what stands between them do not count.
    """
    typed = WORD.findall(folded(text[: LONGEST_PHRASE * 4]))
    lists = [_word_list(locale) for locale in ("en", "fa", "es")]
    found = [secret for words in lists if (secret := _secret(typed, words)) is not None]
    if not found:
        raise PhraseRefused(_complaint(typed, max(lists, key=lambda words: _known(typed, words))))
    return found[0]


def _secret(typed: list[str], words: _WordList) -> bytes | None:
    """None when this is no phrase of that list."""
    if len(typed) != words.length or not all(word in words.numbers for word in typed):
        return None
    number = 0
    for word in typed:
        number = number << words.bits | words.numbers[word]
    secret = (number >> words.length * words.bits - SECRET_BYTES * 8).to_bytes(SECRET_BYTES, "big")
    return secret if _with_checksum(secret, words) == number else None


def _with_checksum(secret: bytes, words: _WordList) -> int:
    """The secret's bits and, behind them, the first bits of its hash that fill up the last word."""
    spare = words.length * words.bits - SECRET_BYTES * 8
    digest = int.from_bytes(hashlib.sha256(secret).digest(), "big")
    return int.from_bytes(secret, "big") << spare | digest >> 256 - spare


def _known(typed: list[str], words: _WordList) -> int:
    return sum(word in words.numbers for word in typed)


def _complaint(typed: list[str], words: _WordList) -> str:
    """What to look at; said of the list that knows the most of these words."""
    needed, position = format_number(words.length), _first_unknown(typed, words)
    if not _known(typed, words):
        return _("These are not the words of a recovery phrase. Please write them as you kept them, in their order.")
    if position:
        return _(
            "Word number %(position)s is not on our list. Please compare it with what you kept.",
            position=format_number(position),
        )
    if len(typed) != words.length:
        return _(
            "A phrase has %(needed)s words, and here are %(count)s. Please look whether one is missing or double.",
            needed=needed,
            count=format_number(len(typed)),
        )
    return _("One of these words is another, or stands in another place. Please compare them with what you kept.")


def _first_unknown(typed: list[str], words: _WordList) -> int:
    """Its position, counted from one; 0 when all are known."""
    return next((place for place, word in enumerate(typed, 1) if word not in words.numbers), 0)


@cache
def _word_list(locale: LocaleCode) -> _WordList:
    if locale == "fa":
        shown = FARSI.read_text(encoding="utf-8").split()
    else:
        shown = [
            unicodedata.normalize("NFC", word) for word in Mnemonic("spanish" if locale == "es" else "english").wordlist
        ]
    return _WordList(tuple(shown), {folded(word): number for number, word in enumerate(shown)})


def _derived(key: bytes, what: str, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=(PURPOSE + what).encode()).derive(key)
