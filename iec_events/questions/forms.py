"""What organizers fill in for a question. A form gives a draft; the rules of drafts are in `drafts`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField, FormField, HiddenField
from wtforms import Form as PlainForm
from wtforms.fields.choices import SelectChoice

from ..core.forms import Form, TextArea, TextLine, WholeNumber
from ..core.i18n import LOCALES, _, _l, current_locale
from ..core.tokens import new_id
from ..events.drafts import filled
from ..events.fields import Rows
from .drafts import LONGEST_CHOICE, QUESTION_TEXTS, ChoiceDraft, QuestionDraft
from .fields import OneOf, SomeOf
from .models import DOOR, MOST_CHOICES, ORGANIZERS, WITH_CHOICES, Condition, Question, possible_answers
from .views import QuestionView

BETWEEN = ":"  # a question and one of its answers, in the value of a box
BESIDE = {"shown_if": "after"}
NEW_ROWS = 2
LONGEST_INDEX = 3
LONGEST_VERSION = 9


class ButtonForm(Form):
    """A button that acts."""


class ChoiceForm(PlainForm):
    """One of the answers to choose from; its texts in each language stand below."""

    id = HiddenField()

    def draft(self) -> ChoiceDraft | None:
        """The choice; None for an empty row."""
        texts = filled({code: {"label": self[f"text_{code}"].data or ""} for code in LOCALES})
        return ChoiceDraft(id=self.id.data or None, texts=texts) if texts else None


class _QuestionTexts(Form):
    """Filled below: label and help in each language."""


for _code, _language in LOCALES.items():
    _label = _l("The question (%(language)s)", language=_language)
    setattr(_QuestionTexts, f"label_{_code}", TextLine(_label, longest=QUESTION_TEXTS["label"]))
    _label = _l("A hint below it (%(language)s)", language=_language)
    setattr(_QuestionTexts, f"help_{_code}", TextArea(_label, longest=QUESTION_TEXTS["help"]))
    _label = _l("Answer (%(language)s)", language=_language)
    setattr(ChoiceForm, f"text_{_code}", TextLine(_label, longest=LONGEST_CHOICE))


class QuestionForm(_QuestionTexts):
    """A question of one kind; `new_id` makes a double submit one question."""

    version = HiddenField()
    new_id = HiddenField()
    choices = Rows(FormField(ChoiceForm), _l("Answers to choose from"), max_entries=MOST_CHOICES)
    required = BooleanField(_l("Nobody can sign up without an answer"))
    seen_by = OneOf(_l("Who sees the answers?"), validate_choice=False, default=ORGANIZERS)
    keep_days = WholeNumber(_l("Days that the answers are kept after the end"))
    after = SomeOf(_l("Ask it only after one of these answers"), choices=[], validate_choice=False)

    def __init__(self, *, kind: str, earlier: Sequence[Question], **given: Any) -> None:
        super().__init__(**given)
        self.seen_by.choices = [
            SelectChoice(ORGANIZERS, _("Organizers only")),
            SelectChoice(DOOR, _("Organizers, and the helpers at the door")),
        ]
        self.after.choices = _boxes(earlier)
        if not self.after.choices:
            del self.after
        if kind not in WITH_CHOICES:
            del self.choices
        elif not self.is_submitted():
            while len(self.choices) < NEW_ROWS:
                self.choices.append_entry()

    @classmethod
    def fresh(cls, *, kind: str, earlier: Sequence[Question]) -> QuestionForm:
        """The form for a new question."""
        return cls(kind=kind, earlier=earlier, data={"new_id": new_id()})

    @classmethod
    def of(cls, question: Question, *, earlier: Sequence[Question]) -> QuestionForm:
        """The form as it is first shown for a question."""
        return cls(kind=question.kind, earlier=earlier, data=_values(question))

    @property
    def errors(self) -> dict[str | None, Any]:
        """Every error under the name of its field, those in the rows of answers too."""
        found = {field.name: field.errors for field in self._every_field() if field.errors}
        return {**found, None: self.form_errors} if self.form_errors else found

    def __contains__(self, name: object) -> bool:
        return name in self._fields or any(field.name == name for field in self._every_field())

    def __getitem__(self, name: str) -> Any:
        found = self._fields.get(name)
        return found if found is not None else next(each for each in self._every_field() if each.name == name)

    @property
    def made_from(self) -> int:
        """The version this form was made from; one that never was when it says nothing sensible."""
        said = self.version.data or ""
        return int(said) if said.isascii() and said.isdecimal() and len(said) < LONGEST_VERSION else -1

    def validate(self, extra_validators: Any = None) -> bool:
        """Check each field, and that one question at most is hung on."""
        super().validate(extra_validators)
        if "after" in self and len({box.partition(BETWEEN)[0] for box in self.after.data or []}) > 1:
            self.note("after", _("Please tick answers to one question only."))
        return not self.errors

    def note(self, name: str, sentence: object) -> None:
        """Put what speaks against the draft beside the field it is about; where there is none, above the form."""
        name = f"label_{current_locale()}" if name == "texts" else BESIDE.get(name, name)
        if name in self._fields:
            self[name].errors = [*self[name].errors, str(sentence)]
        else:
            self.form_errors.append(str(sentence))

    def rearrange(self, wish: str) -> bool:
        """Add, move or remove a row of answers if that is the wish (`add`, `up-3`, `down-3`, `remove-3`)."""
        what, _hyphen, index = wish.partition("-")
        if what not in {"add", "up", "down", "remove"} or "choices" not in self:
            return False
        known = index.isascii() and index.isdecimal() and len(index) < LONGEST_INDEX
        self.choices.rearrange(what, int(index) if known else MOST_CHOICES)
        return True

    def speaks(self, code: str) -> bool:
        """Whether something is written, or wrong, in this language."""
        return any(self[f"{key}_{code}"].data or self[f"{key}_{code}"].errors for key in QUESTION_TEXTS)

    def draft(self) -> QuestionDraft:
        """What was chosen; only of a form that was found valid."""
        rows = self.choices if "choices" in self else ()
        return QuestionDraft(
            texts=filled({code: {key: self[f"{key}_{code}"].data or "" for key in QUESTION_TEXTS} for code in LOCALES}),
            choices=[choice for row in rows if (choice := row.form.draft())],
            required=bool(self.required.data),
            shown_if=_condition(self.after.data) if "after" in self else None,
            seen_by=self.seen_by.data or ORGANIZERS,
            keep_days=self.keep_days.data,
        )

    def _every_field(self) -> list[Any]:
        fields: list[Any] = [field for field in self._fields.values() if field.name != "choices"]
        if "choices" not in self._fields:
            return fields
        rows = self._fields["choices"]
        own = [rows] if any(isinstance(error, str) for error in rows.errors) else []
        return [*fields, *own, *rows.each()]


def _boxes(earlier: Sequence[Question]) -> list[SelectChoice]:
    """Every answer to choose in the questions before."""
    views = [QuestionView(question, current_locale()) for question in earlier]
    return [
        SelectChoice(
            f"{view.id}{BETWEEN}{answer}",
            _("“%(question)s”: %(answer)s", question=view.label, answer=view.named(answer)),
        )
        for view in views
        for answer in possible_answers(view.question)
    ]


def _condition(ticked: list[str]) -> Condition | None:
    if not ticked:
        return None
    pairs = [box.partition(BETWEEN) for box in ticked]
    return Condition(question=pairs[0][0], answers=[answer for _question, _between, answer in pairs])


def _values(question: Question) -> dict[str, Any]:
    values: dict[str, Any] = {
        f"{key}_{code}": said.get(key, "") for code, said in question.texts.items() for key in QUESTION_TEXTS
    }
    values["choices"] = [
        {"id": choice["id"], **{f"text_{code}": said["label"] for code, said in choice["texts"].items()}}
        for choice in question.offered
    ]
    shown_if = question.shown_if
    values["after"] = [f"{shown_if['question']}{BETWEEN}{answer}" for answer in shown_if["answers"]] if shown_if else []
    others = ("required", "seen_by", "keep_days", "version")
    return values | {name: getattr(question, name) for name in others}
