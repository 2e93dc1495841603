"""Questions that many events ask, ready to be asked with one press, in every language we speak."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.i18n import LOCALES, _l, speaking
from ..events.models import Texts
from .drafts import QuestionDraft
from .models import DOOR, LONG, ORGANIZERS, YES_NO


@dataclass(frozen=True, kw_only=True)
class ReadyMade:
    """A question as it is offered; organizers can change it afterwards. `title` is what the button says."""

    title: object
    kind: str
    label: object
    help: object
    seen_by: str
    keep_days: int | None = None

    def draft(self, list_days: int) -> QuestionDraft:
        """The question for an event whose list is kept so many days."""
        keep_days = self.keep_days if self.keep_days is not None and self.keep_days < list_days else None
        return QuestionDraft(texts=self._texts(), seen_by=self.seen_by, keep_days=keep_days)

    def _texts(self) -> Texts:
        """In each language; one that has no translation yet is left out, so that readers are shown English as such."""
        texts: Texts = {}
        for code in LOCALES:
            with speaking(code):
                said = {"label": str(self.label), "help": str(self.help)}
            if code == "en" or said != texts["en"]:
                texts[code] = said
        return texts


READY_MADE = {
    "access": ReadyMade(
        title=_l("Access needs"),
        kind=LONG,
        label=_l("What do you need to take part with ease?"),
        help=_l("A wheelchair, a seat near the exit, an interpreter, a quiet corner: whatever helps."),
        seen_by=DOOR,
        keep_days=1,
    ),
    "photograph": ReadyMade(
        title=_l("May we photograph you?"),
        kind=YES_NO,
        label=_l("May we photograph you?"),
        help=_l("If you say no or say nothing, no camera is pointed at you."),
        seen_by=DOOR,
    ),
    "quote": ReadyMade(
        title=_l("May we quote you?"),
        kind=YES_NO,
        label=_l("May we quote you?"),
        help=_l("In what we write of the night, and never with your name."),
        seen_by=ORGANIZERS,
    ),
    "approval": ReadyMade(
        title=_l("What brings you here?"),
        kind=LONG,
        label=_l("What brings you here?"),
        help=_l("A sentence or two help us to know who comes. Name nobody who could be harmed by it."),
        seen_by=ORGANIZERS,
    ),
}
