"""What attendees fill in."""

from __future__ import annotations

from typing import Any

from wtforms import HiddenField
from wtforms.validators import NumberRange, ValidationError

from ..core.forms import EmailLine, Form, Needed, TextArea, TextLine, WholeNumber
from ..core.i18n import _, _l, format_number
from ..core.tokens import new_token
from .actions import Party

LONGEST_NAME = 100
LONGEST_NOTE = 500
SEED_LENGTH = 43


class AtMost(NumberRange):
    """A party of 1 to the event's largest."""

    def __init__(self) -> None:
        super().__init__(min=1)

    def __call__(self, form: Any, field: Any) -> None:
        """Check against the event the form was made for."""
        if field.data is None or not 1 <= field.data <= form.largest_party:
            raise ValidationError(
                _("Please give a number from 1 to %(largest)s.", largest=format_number(form.largest_party))
            )


class PartyForm(Form):
    """Name, size and note of a party."""

    largest_party = 1

    name = TextLine(
        _l("Name or alias"), [Needed(_l("Please write a name or an alias."))], longest=LONGEST_NAME,
        render_kw={"autocomplete": "name"},
    )  # fmt: skip
    party_size = WholeNumber(
        _l("How many are you?"),
        [Needed(_l("Please say how many you are, yourself included.")), AtMost()],
        default=1,
        render_kw={"inputmode": "numeric"},
    )
    note = TextArea(_l("Note"), longest=LONGEST_NOTE, render_kw={"rows": 3})


class RsvpForm(PartyForm):
    """A new RSVP. The seed is what makes a double submit one RSVP: the attendee's own link is derived from it."""

    email = EmailLine(_l("E-mail"), longest=254, render_kw={"autocomplete": "email", "inputmode": "email"})
    seed = HiddenField()

    def fresh_seed(self) -> str:
        """The seed this page was made with; a new one when it is missing or was tampered with."""
        if len(self.seed.data or "") != SEED_LENGTH:
            self.seed.data = new_token()
        return str(self.seed.data)

    def party(self, locale: str) -> Party:
        """Who comes."""
        return Party(
            name=self.name.data or "",
            email=self.email.data or None,
            party_size=self.party_size.data or 1,
            note=self.note.data or "",
            locale=locale,
        )


class ButtonForm(Form):
    """A button that acts."""


class SearchForm(Form):
    """A search by name. It is sent as POST: names do not belong into addresses."""

    q = TextLine(_l("Name, e-mail or note"), longest=LONGEST_NAME)
