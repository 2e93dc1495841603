"""What an organizer writes before it becomes a row, and what speaks against it."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.i18n import LOCALES, _l
from ..events.models import Texts
from .models import AUDIENCES, LONGEST_SUBJECT, LONGEST_TEXT

PARTS = {"subject": LONGEST_SUBJECT, "text": LONGEST_TEXT}
Objection = tuple[str, object]  # the field, and a sentence


@dataclass(frozen=True, kw_only=True)
class LetterDraft:
    """`texts`: language -> subject and text, without empty ones; `audience` is one of AUDIENCES."""

    audience: str
    texts: Texts


def objections(draft: LetterDraft) -> list[Objection]:
    """What speaks against keeping it."""
    found: list[Objection] = []
    if draft.audience not in AUDIENCES:
        found.append(("audience", _l("Please choose whom the letter is for.")))
    if not draft.texts:
        found.append(("texts", _l("Please write a subject and a text in at least one language.")))
    for code, words in draft.texts.items():
        if code not in LOCALES or set(words) - set(PARTS):
            found.append(("texts", _l("Texts can be in English, Farsi and Spanish.")))
        elif "text" not in words:
            found.append((f"text_{code}", _l("There is a subject in this language, and no text. Please write both.")))
        elif "subject" not in words:
            sentence = _l("There is a text in this language, and no subject. Please write both.")
            found.append((f"subject_{code}", sentence))
    return found
