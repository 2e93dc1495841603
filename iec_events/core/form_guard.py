"""What slows programs down on a form without watching anybody: a signed time of opening, and a field for no one.

Nobody is turned away by it: the form comes back whole with a sentence (422), and a person just presses the button once
more. The time of opening is signed for one form and one thing it is about, so that it fits no other form.
"""

from __future__ import annotations

import hashlib
from typing import Any

from itsdangerous import BadSignature, TimestampSigner
from wtforms import HiddenField, StringField

from . import clock
from .config import settings
from .forms import Form
from .i18n import _, _l

LASTS_S = 24 * 3600


class Guarded(Form):
    """A form that notices when it is sent faster than people write, or with the field that people don't see.

    `about` names the form and what it is about, such as `rsvp berkeley`. The setting FORM_MIN_SECONDS is how long a
    person takes at least; 0 asks for no time. The page draws `trap(form)` of macros/guards.html beside `hidden_tag()`.
    """

    opened = HiddenField()
    website = StringField(_l("Leave this empty"))  # nobody sees this field; programs that fill in everything do

    def __init__(self, *given: Any, about: str, **options: Any) -> None:
        super().__init__(*given, **options)
        self._signer = _signer(about)
        self._open_for = self._seconds_open()
        if self._open_for is None:
            self.opened.data = self._signer.sign("1").decode()

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the fields, then how the form was sent."""
        fine = super().validate(extra_validators)
        complaints = [*self._too_quick(), *self._trapped()]
        self.form_errors.extend(complaints)
        return fine and not complaints

    def _seconds_open(self) -> int | None:
        """None when it was opened longer ago than a day, or the time is missing or not ours."""
        try:
            _one, at = self._signer.unsign((self.opened.data or "").encode(), return_timestamp=True)
        except BadSignature:
            return None
        seconds = int(clock.now().timestamp()) - int(at.timestamp())
        return seconds if seconds <= LASTS_S else None

    def _too_quick(self) -> list[str]:
        least = settings().form_min_seconds
        if not least:
            return []
        if self._open_for is None:
            return [_("This page was open for a long time. Nothing is lost: please look at it and send it once more.")]
        if self._open_for < least:
            return [_("That was very quick. Nothing is lost: please press the button once more.")]
        return []

    def _trapped(self) -> list[str]:
        if not self.website.data:
            return []
        self.website.data = ""
        return [_("This looked as if a program had filled it in. If you are a person, send it again.")]


class _Signer(TimestampSigner):
    """Takes the time from our clock."""

    def get_timestamp(self) -> int:
        """Seconds since 1970."""
        return int(clock.now().timestamp())


def _signer(about: str) -> _Signer:
    salt = f"iec-events form guard {about}"
    return _Signer(settings().secret_key, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256)
