"""What letters to attendees say: facts in, texts out, in the language being spoken. No page, no database.

A letter is one headline, a few sentences, what changed, when and where it is, and the own link. Its HTML and its plain
text are made of the same pieces. It calls nobody by name.
"""

from __future__ import annotations

from dataclasses import replace

from ...core.i18n import _
from ...events.versions import CALLED_OFF
from ..models import ACTIVE
from ..wording import unless_dated
from . import decisions, signing_up, the_event
from .decisions import MOVED
from .pieces import Facts, Said, Sayings
from .the_event import NEWS, news_kind, nothing_new

__all__ = ["MOVED", "NEWS", "SAY", "Facts", "Said", "news_kind", "nothing_new", "said_of"]

SAY: Sayings = {**signing_up.SAY, **decisions.SAY, **the_event.SAY}


def said_of(kind: str, facts: Facts) -> Said:
    """What the letter of this kind says; of a day on which the event is not, it says no more than that."""
    said = SAY[kind](facts)
    if kind in {*NEWS, MOVED} or facts.event.status == "published":
        return said
    if facts.event.status in CALLED_OFF:
        return replace(said, words=(*said.words, _("This event is cancelled.")))
    stays = _("There is no new date yet. Your RSVP stays, and we write to you when there is one.")
    waits = (stays, unless_dated(facts.event)) if facts.rsvp.status in ACTIVE else ()
    off = " ".join((_("This event is postponed."), *waits))
    return replace(said, words=(*said.words, off), facts=False)
