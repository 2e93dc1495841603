"""Slugs: the part of an address that names a campaign or an event. They never change once it was published."""

from __future__ import annotations

import re
import secrets
import unicodedata

from .drafts import EventDraft
from .models import Texts

LONGEST = 80
LONGEST_OF_SERIES = LONGEST - len("-2027-02-02")  # dates have their day behind it
SHAPE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
TAIL = 12  # signs of base32: 60 bits
SIGNS = "abcdefghijklmnopqrstuvwxyz234567"
SECRET = re.compile("(?=.*[2-7])(?=.*[a-z])[a-z2-7]{10,}")
RESERVED = frozenset({"new"})
LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "’": "", "'": ""})


def is_slug(text: str) -> bool:
    """Whether this may stand in an address: small Latin letters, digits, single hyphens, and no word of ours."""
    return len(text) <= LONGEST and text not in RESERVED and SHAPE.fullmatch(text) is not None


def slug_of(title: str) -> str:
    """A slug from a title, its accents taken off; empty when no Latin letter or digit is in it."""
    plain = unicodedata.normalize("NFKD", title.casefold().translate(LETTERS))
    words = re.findall("[a-z0-9]+", "".join(sign for sign in plain if not unicodedata.combining(sign)))
    slug = ""
    for word in words:
        if len(slug) + len(word) >= LONGEST - 8:  # room for a number behind it
            break
        slug = f"{slug}-{word}" if slug else word
    return slug if slug not in RESERVED else ""


def title_slug(texts: Texts) -> str:
    """A slug from the English title, or the Spanish, or any."""
    return next((slug for code in ("en", "es", *texts) if (slug := slug_of(texts.get(code, {}).get("title", "")))), "")


def event_slug(draft: EventDraft) -> str:
    """A slug from a title; for one without Latin letters, from the date and the city: `2027-02-20-bogota`."""
    return title_slug(draft.texts) or slug_of(f"{draft.starts_at:%Y-%m-%d} {draft.city or 'online'}")


def numbered(slug: str, taken: set[str]) -> str:
    """The slug, or the first free one with a number behind it."""
    number, free = 1, slug
    while free in taken:
        number += 1
        free = f"{slug}-{number}"
    return free


def with_tail(slug: str) -> str:
    """The slug with random signs behind it, so that nobody finds the page by guessing."""
    stem = slug[: LONGEST - TAIL - 1].rstrip("-")
    while True:
        tail = "".join(secrets.choice(SIGNS) for _ in range(TAIL))
        if is_secret(tail):
            return f"{stem}-{tail}"


def is_secret(slug: str) -> bool:
    """Whether its last word looks random: ten or more small letters and digits from 2 to 7, both of them."""
    return SECRET.fullmatch(slug.rpartition("-")[2]) is not None
