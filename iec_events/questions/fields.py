"""An event's questions as fields of a form, in the reader's language.

    class PartyForm(Asking): ...

    form = with_questions(PartyForm, questions_of(event.id), locale, before=answers_of_this_person)
    if form.validate_on_submit():
        form.answers()  # {question id: answer}, only what was asked and answered

In the template: `{% from "macros/questions.html" import questions, questions_script %}`, then `{{ questions(form) }}`
among the fields and `{{ questions_script(form) }}` in the block `scripts`.

An answer to a question that is not shown, because of another answer, is dropped, whatever was typed; `required` and all
other rules count only for what is shown. The browser hides and shows by the same rule (static/js/questions.js); without
JavaScript everything is there, with the condition in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from wtforms import Field, RadioField, SelectMultipleField
from wtforms import Form as PlainForm
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput

from ..core.forms import Form, TextArea, TextLine, WholeNumber
from ..core.i18n import _
from .models import (
    LONG,
    LONGEST_LONG,
    LONGEST_SHORT,
    NO,
    NUMBER,
    SEVERAL,
    SHORT,
    YES,
    YES_NO,
    Answer,
    Answers,
    Question,
    given_as,
    is_shown,
)
from .views import QuestionView, choice_text, views_of

PREFIX = "q_"  # before the question's id, in the name of its field
LARGEST = 999_999_999


class OneOf(RadioField):
    """One of a few, or nothing, which is the empty text."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was chosen."""
        self.data = valuelist[0] if valuelist else ""

    def pre_validate(self, form: PlainForm) -> None:  # noqa: ARG002 - the library's signature
        """Refuse what is not offered."""
        if self.data and self.data not in {choice.value for choice in self.choices or ()}:
            self.data = ""
            raise ValidationError(_("This answer is not offered any more. Please choose again."))


class SomeOf(SelectMultipleField):
    """Any number of a few, as boxes to tick."""

    option_widget: Any = CheckboxInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was ticked, each once."""
        self.data = list(dict.fromkeys(valuelist))

    def pre_validate(self, form: PlainForm) -> None:  # noqa: ARG002 - the library's signature
        """Refuse what is not offered."""
        offered = {choice.value for choice in self.choices or ()}
        if not {*self.data} <= offered:
            self.data = [value for value in self.data if value in offered]
            raise ValidationError(_("One of these answers is not offered any more. Please choose again."))


@dataclass(frozen=True)
class Asked:
    """A question and its field in a form."""

    view: QuestionView
    field: Any

    @property
    def question(self) -> Question:
        """The question."""
        return self.view.question

    @property
    def after(self) -> str:
        """The name of the field it hangs on; empty when it hangs on none that is asked."""
        shown_if = self.question.shown_if
        return PREFIX + shown_if["question"] if shown_if and self.view.condition else ""

    @property
    def after_answers(self) -> str:
        """The values of that field for which it is shown, with blanks between."""
        return " ".join(self.question.shown_if["answers"]) if self.question.shown_if else ""

    @property
    def optional(self) -> bool:
        """Whether it may stay empty even where it is shown."""
        return not self.question.required


class Asking(Form):
    """A form that can ask an event's questions; without `with_questions` it asks none."""

    asked: Sequence[Asked] = ()

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the form, then the questions one after the other: each decides on what is shown below it."""
        super().validate(extra_validators)
        given: Answers = {}
        for one in self.asked:
            if not is_shown(one.question, given):
                one.field.errors = []  # what is not asked cannot be wrong
                continue
            answer = answer_in(one.question, one.field.data)
            if answer is not None:
                given[one.question.id] = answer
            elif one.question.required and not one.field.errors:
                one.field.errors = [_say_what_is_missing(one.question)]
        return not self.errors

    def asked_of(self, answers: Answers) -> Answers:
        """Those of these answers that are to questions asked here."""
        return {one.question.id: answers[one.question.id] for one in self.asked if one.question.id in answers}

    def answers(self) -> Answers:
        """What was answered, by the question's id; only of a form that was found valid."""
        given: Answers = {}
        for one in self.asked:
            answer = answer_in(one.question, one.field.data)
            if answer is not None and is_shown(one.question, given):
                given[one.question.id] = answer
        return given


AnyAsking = TypeVar("AnyAsking", bound=Asking)


def with_questions(
    form_class: type[AnyAsking],
    questions: Sequence[Question],
    locale: str,
    *,
    before: Mapping[str, Answer] | None = None,
    **options: Any,
) -> AnyAsking:
    """A form of this class that also asks these questions; `options` are for the form itself (`obj`, `data`).

    `before`: what this person answered, to be shown and, if it is not offered any more, still to be chosen by them:
    give it with every request, not only the first.
    """
    before = before or {}
    views = [view for view in views_of(questions, locale) if not view.retired]
    fields = {PREFIX + view.id: _field(view, before.get(view.id)) for view in views}
    data = {PREFIX + view.id: _shown(before[view.id]) for view in views if view.id in before}
    maker: Any = type(form_class)
    made = maker(form_class.__name__, (form_class,), fields) if fields else form_class
    form: AnyAsking = made(**{**options, "data": {**(options.get("data") or {}), **data}})
    form.asked = [Asked(view, form[PREFIX + view.id]) for view in views]
    return form


def answer_in(question: Question, data: Any) -> Answer | None:
    """What a field holds, as an answer; None for nothing."""
    if data is None or data in ("", []):
        return None
    if question.kind == YES_NO:
        return {YES: True, NO: False}.get(str(data))
    answer: Answer = data
    return answer


def _shown(answer: Answer) -> Any:
    """An answer as its field holds it."""
    return given_as(answer)[0] if isinstance(answer, bool) else answer


def _field(view: QuestionView, before: Answer | None) -> Any:
    kind = view.question.kind
    if kind == SHORT:
        return TextLine(view.label, longest=LONGEST_SHORT)
    if kind == LONG:
        return TextArea(view.label, longest=LONGEST_LONG, render_kw={"rows": 3})
    if kind == NUMBER:
        return WholeNumber(view.label, [_not_below_nothing], render_kw={"inputmode": "numeric"})
    choices = _choices(view, before)
    if kind == SEVERAL:
        return SomeOf(view.label, choices=choices, validate_choice=False)
    if not view.question.required:
        choices.append(SelectChoice("", _("No answer")))
    return OneOf(view.label, choices=choices, validate_choice=False, default="")


def _choices(view: QuestionView, before: Answer | None) -> list[SelectChoice]:
    if view.question.kind == YES_NO:
        return [SelectChoice(YES, _("Yes")), SelectChoice(NO, _("No"))]
    theirs = given_as(before)
    offered = [each for each in view.question.choices if not each["retired"] or each["id"] in theirs]
    return [SelectChoice(each["id"], choice_text(each, view.locale)[0]) for each in offered]


def _not_below_nothing(form: PlainForm, field: Field) -> None:  # noqa: ARG001 - the library's signature
    if field.data is not None and not 0 <= field.data <= LARGEST:
        raise ValidationError(_("Please write a number from 0 on."))


def _say_what_is_missing(question: Question) -> str:
    if question.kind in {SHORT, LONG}:
        return _("Please write an answer here.")
    if question.kind == NUMBER:
        return _("Please write a number here.")
    return _("Please choose an answer here.")
