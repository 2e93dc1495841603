"""The words of a letter: their box, in which language somebody reads them, what they tell of a hidden place."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from urllib.parse import urlsplit

from ..core.crypto import vault
from ..core.i18n import LOCALES
from ..core.text import ascii_digits, folded
from ..events.models import Event, Texts
from .models import COMING, Broadcast

PURPOSE = "broadcasts"
SHORTEST_TELLING = 5  # fewer letters stand in any text
CODE = re.compile(r"[0-9][0-9-]{2,}")  # of a gate


def sealed(broadcast_id: str, texts: Texts, copy_of: str = "") -> bytes:
    """The box with a letter's words, and with the id of the letter to another list that it is a copy of."""
    return vault().seal(PURPOSE, broadcast_id, {"texts": texts, "copy_of": copy_of})


def texts_of(broadcast: Broadcast) -> Texts:
    """Language -> subject and text."""
    texts: Texts = vault().open(PURPOSE, broadcast.id, broadcast.sealed)["texts"]
    return texts


def first_of(broadcast: Broadcast) -> str:
    """The id of the letter that this one is a copy of, or its own."""
    return vault().open(PURPOSE, broadcast.id, broadcast.sealed).get("copy_of") or broadcast.id


def copy_id(letter_id: str, event_id: int) -> str:
    """The id of a letter's copy for the list of another event: always the same, so that there is one at most."""
    return urlsafe_b64encode(hashlib.sha256(f"{letter_id} {event_id}".encode()).digest()[:12]).decode()


def language_for(texts: Texts, locale: str) -> str:
    """The language in which who reads `locale` gets the letter: their own, else English, else what there is."""
    return next(code for code in (locale, "en", *LOCALES) if code in texts)


def tells_place(texts: Texts, event: Event, audience: str) -> bool:
    """Whether the letter seems to tell those who must not know it where the event is, or what stands in its gate note.

    It finds the place as it is written in the event, in any case and any digits; no program finds every hint.
    """
    if audience == COMING:
        return False
    said = folded(" ".join(text for words in texts.values() for text in words.values()))
    return any(needle in said for needle in _needles(event))


def _needles(event: Event) -> set[str]:
    notes = [words.get("gate_note", "") for words in event.texts.values()]
    secrets = [line for note in notes for line in note.splitlines()]
    found = {code for note in notes for code in CODE.findall(ascii_digits(note))}
    if event.address_hidden:
        street = folded(event.street)
        secrets += [event.venue, street, " ".join(re.sub(r"\b[0-9]\S*", " ", street).split())]
        link = urlsplit(event.online_url)
        secrets.append(f"{link.netloc}{link.path}".rstrip("/") if link.path.strip("/") else event.online_url)
    return found | {needle for secret in secrets if len(needle := folded(secret)) >= SHORTEST_TELLING}
