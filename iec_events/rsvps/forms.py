"""What attendees fill in; what organizers do stands in `forms_organizers`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from wtforms import BooleanField, Field, HiddenField, RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import NumberRange, ValidationError

from ..core.address_hints import AddressAsked
from ..core.form_guard import Guarded
from ..core.forms import EmailLine, Form, Needed, TextArea, TextLine, WholeNumber
from ..core.i18n import LOCALES, _, _l, format_number, ngettext
from ..core.phrases import LONGEST_PHRASE, PhraseRefused, secret_of, token_of
from ..core.puzzle import Puzzled
from ..core.tokens import new_token
from ..events.models import Event
from ..questions.fields import Asking
from ..questions.models import Answers
from .actions import Details, Party
from .queries import RsvpView

LONGEST_NAME = 100
LONGEST_NOTE = 500
LONGEST_NAMES = 2000
SEED_LENGTH = 43
SWITCHES = ("wants_reminders", "wants_letters", "quiet")  # what one may choose of mails, where there are any


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

    name = TextLine(_l("Name or alias"), longest=LONGEST_NAME, render_kw={"autocomplete": "nickname"})
    party_size = WholeNumber(
        _l("How many are you?"),
        [Needed(_l("Please say how many you are, yourself included.")), AtMost()],
        default=1,
        render_kw={"inputmode": "numeric"},
    )
    note = TextArea(_l("Note"), longest=LONGEST_NOTE, render_kw={"rows": 3})


# --- What attendees fill in


class Company(PartyForm):
    """A party that says who comes along, as far as its event asks: `ask_for` takes away what it does not ask."""

    children = WholeNumber(_l("How many of you are children?"), default=0, render_kw={"inputmode": "numeric"})
    companions = TextArea(
        _l("Who comes with you?"), longest=LONGEST_NAMES, render_kw={"rows": 3, "autocomplete": "off"}
    )

    def ask_for(self, event: Event) -> None:
        """Leave the fields that this event asks for."""
        if not event.asks_children:
            del self.children
        if not event.asks_companions:
            del self.companions

    def validate_children(self, field: Field) -> None:
        """Children are counted in the size."""
        if field.data is not None and not 0 <= field.data <= (self.party_size.data or 0):
            raise ValidationError(_("Children are counted in the number above, so they cannot be more than that."))

    def validate_companions(self, field: Field) -> None:  # noqa: ARG002 - the library's signature
        """One name a line, and no more of them than people."""
        names, others = self.names, max(0, (self.party_size.data or 1) - 1)
        if any(len(name) > LONGEST_NAME for name in names):
            raise ValidationError(_("One of these names is too long. Please write one name a line."))
        if len(names) > others:
            raise ValidationError(
                ngettext(
                    "There is more than one name here, and you said that one person comes with you.",
                    "There are more names here than people who come with you: you said %(count)s.",
                    others,
                    count=format_number(others),
                )
                if others
                else _("Here are names, but you said that you come alone. Please look at the number above.")
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of those who come along."""
        typed = (self.companions.data or "") if "companions" in self else ""
        return tuple(filter(None, (line.strip() for line in typed.splitlines())))

    @property
    def small_ones(self) -> int:
        """How many are children."""
        return (self.children.data or 0) if "children" in self else 0


class SignUpForm(Guarded, Puzzled, AddressAsked, Asking, Company):
    """A new RSVP. The seed is what makes a double submit one RSVP: the attendee's own link is derived from it."""

    email = EmailLine(_l("E-mail"), longest=254, render_kw={"autocomplete": "email", "inputmode": "email"})
    quiet = BooleanField(_l("Quiet mails"))
    seed = HiddenField()

    def fresh_seed(self) -> str:
        """The seed this page was made with; a new one when it is missing or was tampered with."""
        if len(self.seed.data or "") != SEED_LENGTH:
            self.seed.data = new_token()
        return str(self.seed.data)

    def party(self, locale: str) -> Party:
        """Who comes. Who gives no name is a guest."""
        return Party(
            name=self.name.data or _("Guest"),
            email=self.email.data or None,
            party_size=self.party_size.data or 1,
            note=self.note.data or "",
            locale=locale,
            companions=self.names,
            children=self.small_ones,
            answers=self.answers(),
            quiet=bool(self.quiet.data),
        )


class ChangeForm(Asking, Company):
    """What an attendee may change. `seen` is what it was made from, so that an old tab overwrites nothing unseen."""

    locale = RadioField(_l("Language of mails to you"), choices=[SelectChoice(*pair) for pair in LOCALES.items()])
    wants_reminders = BooleanField(_l("Remind me by mail before the night"))
    wants_letters = BooleanField(_l("Letters of the organizers"))
    quiet = BooleanField(_l("Quiet mails"))
    seen = HiddenField()
    overtaken = False

    def take(self, rsvp: RsvpView, event: Event, answers: Answers) -> None:
        """Leave what can be changed of this RSVP with this link, and note what it said when the page was made."""
        self.ask_for(event)
        self.largest_party = max(event.largest_now, rsvp.party_size)
        if rsvp.name is None:  # this link came by a later mail and does not open what was written
            del self.name, self.note, self.locale
            for field in ("children", "companions"):
                if field in self:
                    del self[field]
        elif not rsvp.has_mail:
            del self.locale
        if not rsvp.has_mail:
            for switch in SWITCHES:
                del self[switch]
        now = said(rsvp, self.asked_of(answers))
        self.overtaken = bool(self.is_submitted() and self.seen.data and self.seen.data != now)
        self.seen.data = now

    def repeats(self, rsvp: RsvpView) -> bool:
        """Whether it says what stands there by now: it was sent before, and the answer to that was lost."""
        typed = {"party_size": self.party_size.data, **vars(self.details(rsvp))}
        answers = typed.pop("answers") or {}
        if rsvp.name is not None:
            typed |= {"name": self.name.data or _("Guest"), "note": self.note.data or ""}
        return bool(said(replace(rsvp, **typed), answers) == self.seen.data)

    def details(self, rsvp: RsvpView) -> Details:
        """Everything but name, size and note; what was not asked stays as it was."""
        return Details(
            companions=self.names if "companions" in self else rsvp.companions,
            children=self.small_ones if "children" in self else min(rsvp.children, self.party_size.data or 1),
            locale=self.locale.data if "locale" in self else rsvp.locale,
            **{switch: self[switch].data if switch in self else getattr(rsvp, switch) for switch in SWITCHES},
            answers=self.answers() if rsvp.name is not None else None,
        )


def said(rsvp: RsvpView, answers: Answers) -> str:
    """A short name for what an RSVP says, which changes whenever that does."""
    switches = [getattr(rsvp, switch) for switch in SWITCHES]
    parts = [rsvp.party_size, rsvp.name, rsvp.email, rsvp.note, rsvp.companions, rsvp.children, rsvp.locale, *switches]
    return hashlib.sha256(json.dumps([rsvp.id, *parts, answers], sort_keys=True).encode()).hexdigest()[:20]


def before(rsvp: RsvpView) -> dict[str, Any]:
    """What stands in the fields of ChangeForm at first."""
    return {
        "name": rsvp.name,
        "party_size": rsvp.party_size,
        "note": rsvp.note,
        "companions": "\n".join(rsvp.companions),
        "children": rsvp.children,
        "locale": rsvp.locale,
        **{switch: getattr(rsvp, switch) for switch in SWITCHES},
    }


class LostLinkForm(Guarded):
    """The address to which links are sent again."""

    email = EmailLine(
        _l("E-mail"),
        [Needed(_l("Please write the address that you gave when you signed up."))],
        longest=254,
        render_kw={"autocomplete": "email", "inputmode": "email"},
    )


class WordsForm(Form):
    """A recovery phrase, typed from paper."""

    words = TextArea(
        _l("Your recovery words"),
        [Needed(_l("Please write the words as you kept them."))],
        longest=LONGEST_PHRASE,
        render_kw={"rows": 4, "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )

    token = ""

    def validate_words(self, field: Field) -> None:
        """They must be a phrase of ours."""
        try:
            self.token = token_of(secret_of(field.data or ""))
        except PhraseRefused as refused:
            raise ValidationError(str(refused)) from None


class ButtonForm(Form):
    """A button that acts."""
