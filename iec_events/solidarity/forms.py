"""What people fill in to leave a message, and organizers to decide on some."""

from __future__ import annotations

import re
from typing import Any

from wtforms import BooleanField, HiddenField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from ..core.forms import Form, Needed, TextArea, TextLine
from ..core.i18n import _, _l, current_locale
from ..core.tokens import new_token
from .models import APPROVED, PENDING, REJECTED

LONGEST = 1000
STATUSES = (PENDING, APPROVED, REJECTED)

# Each language by its own name: who writes in it reads it.
LANGUAGES = {
    "en": "English",
    "fa": "فارسی",
    "es": "Español",
    "ar": "العربية",
    "az": "Azərbaycanca",
    "de": "Deutsch",
    "fr": "Français",
    "he": "עברית",
    "hi": "हिन्दी",
    "hy": "Հայերեն",
    "it": "Italiano",
    "ja": "日本語",
    "ku": "Kurdî / کوردی",
    "nl": "Nederlands",
    "ps": "پښتو",
    "pt": "Português",
    "sv": "Svenska",
    "tr": "Türkçe",
    "uk": "Українська",
    "ur": "اردو",
    "zh": "中文",
}
WIDE_GAP = re.compile(r"\n{3,}")


class Words(TextArea):
    """A message: at most one empty line in a row, so that no message pushes the others off the wall."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was typed."""
        super().process_formdata(valuelist)
        self.data = WIDE_GAP.sub("\n\n", self.data or "")


class MessageForm(Form):
    """A message of solidarity."""

    text = Words(
        _l("Your message"), [Needed(_l("Please write your message: a single line is enough."))], longest=LONGEST
    )
    language = SelectField(
        _l("Language of the message"),
        [Needed(_l("Please choose the language of your message from the list."))],
        choices=[SelectChoice(*pair) for pair in LANGUAGES.items()],
        validate_choice=False,
    )
    signature_name = TextLine(_l("Name"), longest=80)
    signature_place = TextLine(_l("Place"), longest=80)
    consent_publish = BooleanField(
        _l("My message may be published."),
        [Needed(_l("A message can only be left for everyone to read. Tick this if it may be published."))],
    )
    consent_read_aloud = BooleanField(_l("My message may also be read aloud on the night."))
    subject = StringField(_l("Leave this empty"))  # nobody sees this field; programs that fill in everything do
    seed = HiddenField()

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.seed.data = (self.seed.data or "")[:64] or new_token()
        if not self.is_submitted():
            self.language.data = current_locale()

    def validate_language(self, field: SelectField) -> None:
        """Refuse what is not on the list."""
        if field.data not in LANGUAGES:
            raise ValidationError(_("Please choose the language of your message from the list."))

    def validate_subject(self, field: StringField) -> None:
        """Ask those who look like a program once more; a person whose browser filled it in just sends again."""
        if field.data:
            field.data = ""
            raise ValidationError(
                _("This looked as if a program had filled it in. If you are a person, send it again.")
            )


class DecisionForm(Form):
    """Messages, and the status in which they were seen."""

    seen = StringField()
    message = SelectMultipleField(validate_choice=False)
    event = StringField()

    def validate_message(self, field: SelectMultipleField) -> None:
        """Leave out what can be no id: PostgreSQL takes no NUL."""
        field.data = [one for one in field.data or [] if one.isprintable()]

    def validate_seen(self, field: StringField) -> None:
        """Refuse what is no status."""
        if field.data not in STATUSES:
            raise ValidationError(_("Please open the list of messages again."))
