"""What is chosen when a list leaves the service."""

from __future__ import annotations

from typing import Any

from wtforms import HiddenField, RadioField, SelectChoice
from wtforms.validators import StopValidation

from ..core.forms import Form, TextLine
from ..core.i18n import _, _l
from ..organizers.passwords import objection
from .lists import ALL, ONLY_CONFIRMED, WAITING
from .locks import KeyRefused, locked_for, new_words

WORDS, PASSPHRASE, KEY = "words", "passphrase", "key"
SHORTEST, LONGEST = 12, 200
SECRET = "AGE-SECRET-KEY-"  # noqa: S105 - how a key begins that nobody should ever type here


def _choice(value: str, label: Any) -> SelectChoice:
    return SelectChoice(value, label)


class ChoiceForm(Form):
    """Who, and as what."""

    part = RadioField(
        _l("Who"),
        choices=[
            _choice(ALL, _l("Everybody on the list")),
            _choice(ONLY_CONFIRMED, _l("Only the confirmed")),
            _choice(WAITING, _l("Only those who wait: for a place, an answer, or with an address to confirm")),
        ],
        default=ALL,
    )
    kind = RadioField(
        _l("As what"),
        choices=[
            _choice("xlsx", _l("XLSX, for LibreOffice, Excel and other spreadsheets")),
            _choice("csv", _l("CSV, plain text for any program")),
        ],
        default="xlsx",
    )


class LockedForm(ChoiceForm):
    """A copy under a lock. The words were made with the page, and come back with it."""

    lock = RadioField(
        _l("What opens it"),
        choices=[
            _choice(WORDS, _l("The seven words below")),
            _choice(PASSPHRASE, _l("A passphrase of mine")),
            _choice(KEY, _l("An age key: only its owner opens the file")),
        ],
        default=WORDS,
    )
    words = HiddenField()
    passphrase = TextLine(
        _l("Your passphrase"),
        longest=LONGEST,
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )
    public_key = TextLine(
        _l("The public key"),
        longest=LONGEST,
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "dir": "ltr"},
    )

    def fresh_words(self) -> str:
        """The words this page was made with; new ones when they are missing or too short to be ours."""
        if len((self.words.data or "").split()) != len(new_words().split()):
            self.words.data = new_words()
        return str(self.words.data)

    def validate_passphrase(self, field: Any) -> None:
        """Long enough, and not what everybody guesses first, where it is what locks."""
        if self.lock.data != PASSPHRASE:
            return
        if len(field.data or "") < SHORTEST:
            raise StopValidation(
                _("Please write at least 12 characters. Five or more words that nobody connects are easy to keep.")
            )
        guessed = objection(field.data)
        if guessed:
            raise StopValidation(guessed)

    def validate_public_key(self, field: Any) -> None:
        """A public key, where it is what locks; a secret one is not even shown again."""
        typed = field.data or ""
        if SECRET in typed.upper():
            field.data, field.raw_data = "", None
            raise StopValidation(
                _("That was the secret half of a key, which opens everything locked for it. Never type it anywhere.")
            )
        if self.lock.data != KEY:
            return
        try:
            locked_for(typed, b"")
        except KeyRefused:
            raise StopValidation(
                _("This is no public key of age. It begins with age1 and has 62 signs: please copy it again.")
            ) from None


class PlainForm(ChoiceForm):
    """A copy without a lock."""
