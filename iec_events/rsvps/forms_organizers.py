"""What organizers fill in: a party by hand, a search, a choice of many, kind words."""

from __future__ import annotations

from typing import Any

from wtforms import HiddenField, SelectMultipleField

from ..core.forms import EmailLine, Needed, TextArea, TextLine, WholeNumber
from ..core.i18n import _l, current_locale
from ..core.tokens import new_token
from ..events.models import Event
from ..questions.fields import Asking, answer_in
from ..questions.models import Answers
from .actions import ByHand, Party
from .forms import LONGEST_NAME, LONGEST_NAMES, LONGEST_NOTE, SEED_LENGTH, AtMost, ButtonForm, Company, said
from .queries import RsvpView

APPROVE, CANCEL, REMOVE = "approve", "cancel", "remove"


class AskingByHand(Asking):
    """Questions that may all stay empty: who is on the phone cannot always answer them."""

    def validate(self, extra_validators: Any = None) -> bool:
        """Check all but whether something is missing."""
        super().validate(extra_validators)
        for one in self.asked:
            if one.question.required and answer_in(one.question, one.field.data) is None and not any(_typed(one.field)):
                one.field.errors = []
        return not self.errors


def _typed(field: Any) -> list[Any]:
    return field.raw_data or []


class PartyByHand(AskingByHand, Company):
    """A party, as an organizer writes it down."""

    name = TextLine(_l("Name or alias"), [Needed(_l("Please write a name or an alias."))], longest=LONGEST_NAME)
    party_size = WholeNumber(
        _l("How many are they?"),
        [Needed(_l("Please say how many they are.")), AtMost()],
        default=1,
        render_kw={"inputmode": "numeric"},
    )
    children = WholeNumber(_l("How many of them are children?"), default=0, render_kw={"inputmode": "numeric"})
    companions = TextArea(_l("Who comes with them?"), longest=LONGEST_NAMES, render_kw={"rows": 3})
    email = EmailLine(_l("E-mail"), longest=254, render_kw={"inputmode": "email"})


class ChangeByHandForm(PartyByHand):
    """What an organizer may change. `seen` is what it was made from, so that nothing unseen is overwritten."""

    seen = HiddenField()
    overtaken = False

    def take(self, rsvp: RsvpView, event: Event, answers: Answers) -> None:
        """Leave what this event asks, or this party said, and note what it said when the page was made."""
        if not (event.asks_children or rsvp.children):
            del self.children
        if not (event.asks_companions or rsvp.companions):
            del self.companions
        now = said(rsvp, self.asked_of(answers))
        self.overtaken = bool(self.is_submitted() and self.seen.data and self.seen.data != now)
        self.seen.data = now

    def said_by_hand(self) -> ByHand:
        """What the party says from now on."""
        return ByHand(
            name=self.name.data or "",
            email=self.email.data or None,
            party_size=self.party_size.data or 1,
            note=self.note.data or "",
            companions=self.names,
            children=self.small_ones,
            answers=self.answers() if self.asked else None,
        )


class RsvpForm(PartyByHand):
    """An RSVP by hand. The seed is what makes a double submit one RSVP."""

    seed = HiddenField()

    def fresh_seed(self) -> str:
        """The seed this page was made with; a new one when it is missing or was tampered with."""
        if len(self.seed.data or "") != SEED_LENGTH:
            self.seed.data = new_token()
        return str(self.seed.data)

    def party(self) -> Party:
        """Who comes."""
        return Party(
            name=self.name.data or "",
            email=self.email.data or None,
            party_size=self.party_size.data or 1,
            note=self.note.data or "",
            locale=current_locale(),
            companions=self.names,
            children=self.small_ones,
            answers=self.answers(),
        )


class SearchForm(ButtonForm):
    """A search by name. It is sent as POST: names do not belong into addresses."""

    q = TextLine(_l("Name, e-mail or note"), longest=LONGEST_NAME)


class RemarkForm(ButtonForm):
    """What organizers note about a party."""

    remark = TextArea(_l("Remark"), longest=LONGEST_NOTE, render_kw={"rows": 3})


class DeclineForm(ButtonForm):
    """Kind words for a party that is declined."""

    words = TextArea(_l("Your own words"), longest=LONGEST_NOTE, render_kw={"rows": 4})


class Chosen(SelectMultipleField):
    """The ids of parties that were ticked; those that are not on the list are passed over."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was ticked, but for what no database takes."""
        self.data = [one for one in valuelist if "\0" not in one]

    def pre_validate(self, form: Any) -> None:
        """Any id will do."""


class ChosenForm(ButtonForm):
    """Ticked parties, or everyone whom a filter shows, up to a line."""

    rsvp = Chosen(choices=[], validate_choice=False)
    everyone = HiddenField()
    last_line = WholeNumber()
