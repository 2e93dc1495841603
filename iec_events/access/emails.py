"""Letters to organizers about lists. They hold no name, of nobody."""

from __future__ import annotations

from typing import Any

from ..core import clock
from ..core.i18n import current_locale
from ..core.urls import public_url
from ..mail.letters import Letter, Writers, write_letter
from .queries import request_stands


def _release_asked(facts: dict[str, Any]) -> Letter | None:
    """There is nothing to say any more when a colleague was faster."""
    if not request_stands(facts["release"], now=clock.now()):
        return None
    link = public_url("access.answer", locale=current_locale(), slug=facts["slug"], release_id=facts["release"])
    return write_letter("access/emails/release_asked", link=link)


def _given(_facts: dict[str, Any]) -> Letter:
    return write_letter("access/emails/given", link=public_url("front_organizers.dashboard", locale=current_locale()))


LETTERS: Writers = {"access.given": _given, "access.release_asked": _release_asked}
