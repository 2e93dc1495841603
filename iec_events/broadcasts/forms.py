"""What organizers fill in: the letter in each language, and when it goes."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from wtforms import BooleanField, HiddenField, RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from ..core.forms import Form, TextArea, TextLine
from ..core.i18n import LOCALES, _, _l, current_locale, format_number
from ..core.tokens import new_id
from ..events.drafts import filled, gap_around, moments_of, offset_name
from ..events.fields import Clock, Day
from ..events.models import Event, Texts
from ..events.times import day_month
from .drafts import PARTS, LetterDraft
from .models import ALL, COMING, TO_CONFIRM, WAITING, Broadcast
from .wording import texts_of

NOW, LATER = "now", "later"
LONGEST_VERSION = 9
AUDIENCE_WORDS = {
    COMING: _l("Those who have a place"),
    WAITING: _l("Those who wait: on the waitlist, with an offer, or for your yes"),
    TO_CONFIRM: _l("Those who have not confirmed their address yet"),
    ALL: _l("Everybody on the list: all three groups"),
}


class ButtonForm(Form):
    """A button that acts."""


class _Choice(RadioField):
    """One of a few; what is not offered is nothing."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was chosen."""
        self.data = valuelist[0] if valuelist else ""

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002 - the library's signature
        """Nothing else is taken."""
        if self.data not in {choice.value for choice in self.choices or ()}:
            self.data = ""
            if self.choices:
                raise ValidationError(_("Please choose one of these."))


class _Versioned(Form):
    """A form that was made from one version of the letter."""

    version = HiddenField()

    def note(self, name: str, sentence: object) -> None:
        """Put a sentence beside a field."""
        self[name].errors = [*self[name].errors, str(sentence)]

    @property
    def made_from(self) -> int:
        """That version; one that never was when it says nothing sensible."""
        said = self.version.data or ""
        return int(said) if said.isascii() and said.isdecimal() and len(said) < LONGEST_VERSION else -1


class _LetterTexts(_Versioned):
    """Filled below: subject and text in each language."""


for _code, _language in LOCALES.items():
    _label = _l("Subject (%(language)s)", language=_language)
    setattr(_LetterTexts, f"subject_{_code}", TextLine(_label, longest=PARTS["subject"]))
    _label = _l("Text (%(language)s)", language=_language)
    setattr(_LetterTexts, f"text_{_code}", TextArea(_label, longest=PARTS["text"]))


class LetterForm(_LetterTexts):
    """A letter; `new_id` makes a double submit one letter."""

    new_id = HiddenField()
    audience = _Choice(_l("Whom is it for?"), validate_choice=False)

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.audience.choices = [SelectChoice(code, str(words)) for code, words in AUDIENCE_WORDS.items()]

    @classmethod
    def fresh(cls, like: Broadcast | None = None) -> LetterForm:
        """The form for a new letter, with the words of another one if there is one to begin with."""
        return cls(data={**(_values(like) if like else {"audience": COMING}), "new_id": new_id()})

    @classmethod
    def of(cls, broadcast: Broadcast) -> LetterForm:
        """The form as it is first shown for a draft."""
        return cls(data={**_values(broadcast), "version": str(broadcast.version)})

    def draft(self) -> LetterDraft:
        """What was written."""
        texts: Texts = {code: {part: self[f"{part}_{code}"].data or "" for part in PARTS} for code in LOCALES}
        return LetterDraft(audience=self.audience.data or "", texts=filled(texts))

    def note(self, name: str, sentence: object) -> None:
        """Put what speaks against it beside the field it is about."""
        super().note(f"text_{current_locale()}" if name == "texts" else name, sentence)

    def speaks(self, code: str) -> bool:
        """Whether something is written, or wrong, in this language."""
        return any(self[f"{part}_{code}"].data or self[f"{part}_{code}"].errors for part in PARTS)


class SendForm(_Versioned):
    """When it goes; that a place may be named, where the letter seems to; and whether to other lists as well."""

    when = _Choice(_l("When does it go?"), validate_choice=False, default=NOW)
    day = Day(_l("Day"))
    clock = Clock(_l("Time"))
    which = _Choice(_l("Which of the two?"), validate_choice=False, choices=[])
    place_meant = BooleanField(_l("I mean it so: they may know it"))
    everywhere = BooleanField(_l("Also send it to the lists of all other events of this campaign"))

    def __init__(self, *, event: Event, **given: Any) -> None:
        super().__init__(**given)
        self._zone = event.time_zone
        self.when.choices = [SelectChoice(NOW, _("Now")), SelectChoice(LATER, _("Later"))]
        self.which.choices = [SelectChoice(str(i), text) for i, text in enumerate(self._doubled())]

    @classmethod
    def of(cls, broadcast: Broadcast, event: Event) -> SendForm:
        """The form as it is first shown."""
        return cls(event=event, data={"when": NOW, "version": str(broadcast.version)})

    @property
    def due_at(self) -> dt.datetime | None:
        """The moment that was chosen, None for now; only of a form that was found valid."""
        if self.when.data != LATER:
            return None
        readings = self._readings()
        return readings[int(self.which.data) if len(readings) > 1 else 0].astimezone(dt.UTC)

    def validate(self, extra_validators: Any = None) -> bool:
        """Check that the moment exists, once, on the clocks of the place."""
        later = self.when.data == LATER
        if not later:  # what stands in the fields of a moment counts for nothing then
            self.which.choices = []
            self["day"].process_errors = self["clock"].process_errors = []
        return super().validate(extra_validators) and (not later or self._moment_stands())

    def _moment_stands(self) -> bool:
        if self.day.data is None:
            self.note("day", _("Please choose the day."))
        if self.clock.data is None:
            self.note("clock", _("Please write the time, such as 18:00."))
        if self.day.data is None or self.clock.data is None:
            return False
        if not self._readings():
            self.note("clock", self._no_such_time())
            return False
        return True

    def _readings(self) -> tuple[dt.datetime, ...]:
        if self.day.data is None or self.clock.data is None:
            return ()
        return moments_of(self._zone, dt.datetime.combine(self.day.data, self.clock.data))

    def _doubled(self) -> list[str]:
        """The two moments at which the clocks there show what was typed; nothing when there is one."""
        readings = self._readings()
        if len(readings) < 2:  # noqa: PLR2004 - two
            return []
        named = [{"time": _shown(moment), "offset": format_number(offset_name(moment))} for moment in readings]
        return [_("The first %(time)s (%(offset)s)") % named[0], _("The second %(time)s (%(offset)s)") % named[1]]

    def _no_such_time(self) -> str:
        local = dt.datetime.combine(self.day.data, self.clock.data)
        before, after = gap_around(self._zone, local)
        return _(
            "On %(day)s the clocks there jump from %(before)s to %(after)s, so %(time)s does not exist.",
            day=day_month(local.date(), current_locale()),
            before=_shown(before),
            after=_shown(after),
            time=_shown(local),
        )


def _shown(moment: dt.datetime) -> str:
    return format_number(f"{moment:%H:%M}")


def first_day(event: Event, now: dt.datetime) -> dt.date:
    """Today on the clocks of the place."""
    return now.astimezone(ZoneInfo(event.time_zone)).date()


def _values(broadcast: Broadcast) -> dict[str, Any]:
    texts = {f"{part}_{code}": said.get(part, "") for code, said in texts_of(broadcast).items() for part in PARTS}
    return {**texts, "audience": broadcast.audience}
