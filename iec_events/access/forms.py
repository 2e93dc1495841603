"""What is filled in about keys."""

from __future__ import annotations

from wtforms import HiddenField, StringField
from wtforms.validators import AnyOf

from ..core.forms import Form, Needed, TextArea
from ..core.i18n import _l

LONGEST_PHRASE = 400


class ButtonForm(Form):
    """A button that acts."""


class RecoveryForm(Form):
    """The button that makes a recovery key, with the mark of the one that stood there when the page was made."""

    instead_of = HiddenField()


class AnswerForm(Form):
    """Yes or no, each a button of its own."""

    answer = StringField(validators=[AnyOf(("yes", "no"), message=_l("Please press one of the two buttons."))])


class PhraseForm(Form):
    """The words of the recovery key, as they stand on paper."""

    phrase = TextArea(
        _l("The 24 words, in their order"),
        [Needed(_l("Please write all 24 words from your paper."))],
        longest=LONGEST_PHRASE,
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "rows": 4, "dir": "ltr"},
    )
