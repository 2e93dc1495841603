"""A question and what was answered to it, in one language: facts in, texts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from babel.lists import format_list

from ..core.i18n import _, direction, format_number, ngettext
from ..core.text import isolated
from ..events.models import text_of
from .models import DOOR, NO, YES, YES_NO, Answer, Answers, Choice, Question, given_as


@dataclass(frozen=True)
class QuestionView:
    """A question in one language, which must be the one being spoken. `others`: those it may hang on, by id."""

    question: Question
    locale: str
    others: Mapping[str, Question] = field(default_factory=dict, compare=False)

    @property
    def id(self) -> str:
        """Its id, which never changes."""
        return self.question.id

    @cached_property
    def label(self) -> str:
        """What is asked."""
        return text_of(self.question.texts, "label", self.locale)[0]

    @cached_property
    def text_locale(self) -> str:
        """The language that is really in."""
        return text_of(self.question.texts, "label", self.locale)[1]

    @cached_property
    def help(self) -> str:
        """A hint below it, if there is one in this language."""
        return self.question.texts.get(self.text_locale, {}).get("help", "")

    @property
    def retired(self) -> bool:
        """Whether it is asked no more."""
        return self.question.retired_on is not None

    @cached_property
    def seen_by(self) -> str:
        """Who will see the answer, and until when, in full sentences."""
        if self.question.seen_by == DOOR:
            who = _("Seen by the organizers and at the door.")
        else:
            who = _("Seen by the organizers only.")
        return f"{who} {self.kept}".strip()

    @cached_property
    def kept(self) -> str:
        """When the answer is erased, where that is before the list is."""
        days = self.question.keep_days
        if days is None:
            return ""
        if days == 0:
            return _("Erased when the event ends.")
        return ngettext(
            "Erased %(days)s day after the event.",
            "Erased %(days)s days after the event.",
            days,
            days=format_number(days),
        )

    @cached_property
    def condition(self) -> str:
        """To whom it is shown, in a sentence; empty when to everybody."""
        shown_if = self.question.shown_if
        before = self.others.get(shown_if["question"]) if shown_if else None
        if shown_if is None or before is None:
            return ""
        above, way = QuestionView(before, self.locale), direction(self.locale)
        answers = [isolated(above.named(answer), way) for answer in shown_if["answers"]]
        return _(
            "Only if you answered “%(answer)s” to “%(question)s” above.",
            answer=format_list(answers, style="or", locale=self.locale) if answers else "",
            question=isolated(above.label, way),
        )

    def named(self, answer_id: str) -> str:
        """What an answer to choose is called: the text of a choice, Yes or No."""
        if self.question.kind == YES_NO:
            return {YES: _("Yes"), NO: _("No")}.get(answer_id, "")
        choice = next((each for each in self.question.choices if each["id"] == answer_id), None)
        return choice_text(choice, self.locale)[0] if choice else ""

    def said(self, answer: Answer | None) -> str:
        """An answer in words, one that is not offered any more too; empty for none."""
        if answer is None:
            return ""
        if isinstance(answer, int) and not isinstance(answer, bool):
            return format_number(answer, self.locale)
        if self.question.choices or self.question.kind == YES_NO:
            named = [text for each in given_as(answer) if (text := self.named(each))]
            return format_list(named, style="unit", locale=self.locale) if named else ""
        return str(answer)


@dataclass(frozen=True)
class Answered:
    """A question and what somebody answered, in words."""

    question: QuestionView
    text: str


def choice_text(choice: Choice, locale: str) -> tuple[str, str]:
    """What a choice is called in this language, else in English, else in any; and the language it is in."""
    return text_of(choice["texts"], "label", locale)


def views_of(questions: Sequence[Question], locale: str) -> list[QuestionView]:
    """Each of them, knowing those it may hang on."""
    others = {question.id: question for question in questions}
    return [QuestionView(question, locale, others) for question in questions]


def answered(questions: Sequence[Question], answers: Answers, locale: str) -> list[Answered]:
    """What somebody answered, in the order of the questions (give it the retired ones too); without the unanswered."""
    views = views_of(questions, locale)
    return [Answered(view, text) for view in views if (text := view.said(answers.get(view.id)))]
