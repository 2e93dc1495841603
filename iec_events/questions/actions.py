"""Adding, changing, moving and retiring questions. Each verb locks the event, so that nobody signs up in between."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import ClassVar

import sqlalchemy as sa

from ..core.db import atomic, db
from ..core.errors import Refusal
from ..core.i18n import _l
from ..core.tokens import new_id
from ..events.drafts import filled
from ..events.models import Event
from ..events.queries import EventUnknown
from ..organizers.audit import note
from .drafts import QuestionDraft, choices_of, objections
from .models import KINDS, MOST_QUESTIONS, WITH_CHOICES, Condition, Question, possible_answers
from .queries import QuestionUnknown, question_of, questions_of
from .ready_made import READY_MADE

ROW_ID = re.compile("[A-Za-z0-9_-]{16}")


class QuestionRefused(Refusal):
    """A draft that cannot be asked; `field` names what the sentence is about."""

    status: ClassVar[int] = 422

    def __init__(self, field: str, message: object) -> None:
        super().__init__(field)
        self.field = field
        self.message = message


class TooManyQuestions(Refusal):
    """Nobody answers more."""

    status: ClassVar[int] = 422
    message = _l("An event can ask 30 questions at most. Take one back first; each one fewer brings more answers.")


class QuestionChangedMeanwhile(Refusal):
    """Somebody else saved the question after this form was opened."""

    message = _l(
        "Somebody else changed this question while you were writing. Nothing of yours is lost: it is all below. "
        "Look at what they saved, then save again if yours should stand."
    )


class StillNeeded(Refusal):
    """Another question is asked only after this one."""

    message = _l("Another question is asked only after an answer to this one. Change or take back that one first.")


class AnswersLeft(Refusal):
    """It is asked, or somebody may have answered it."""

    message = _l("People have signed up, so answers to this question may be there. It goes when the event does.")


class OutOfOrder(Refusal):
    """It would be asked before the one it hangs on, or after one that hangs on it."""

    message = _l("One of these two questions hangs on the other, so they stay in this order.")


@atomic()
def add_question(*, slug: str, question_id: str, kind: str, draft: QuestionDraft, now: dt.datetime) -> None:
    """Ask something more, after everything else. The same id adds one question only once.

    Raises EventUnknown, TooManyQuestions, QuestionRefused.
    """
    event = _locked(slug)
    asked = questions_of(event.id)
    if not ROW_ID.fullmatch(question_id) or kind not in KINDS:
        raise QuestionRefused("texts", _l("Please open this page anew: it does not say what to ask."))
    if db.session.get(Question, question_id) is not None:
        return
    if len(asked) >= MOST_QUESTIONS:
        raise TooManyQuestions
    question = Question(id=question_id, event_id=event.id, kind=kind, position=_behind(event.id), choices=[])
    _write(question, draft, event, asked)
    question.version = 1
    db.session.add(question)
    note("questions.changed", f"event:{slug}", now=now)


@atomic()
def add_ready_made(*, slug: str, name: str, now: dt.datetime) -> None:
    """Ask one of the questions that many ask; one that is asked already, word for word, is not asked twice.

    Raises EventUnknown, TooManyQuestions; KeyError for an unknown name.
    """
    event, made = _locked(slug), READY_MADE[name]
    draft = made.draft(event.keep_days)
    if all((each.kind, each.texts) != (made.kind, draft.texts) for each in questions_of(event.id)):
        add_question(slug=slug, question_id=new_id(), kind=made.kind, draft=draft, now=now)


@atomic()
def revise_question(*, slug: str, question_id: str, draft: QuestionDraft, made_from: int, now: dt.datetime) -> None:
    """Change what is asked. `made_from`: its version when the form was made.

    Answers keep the term under which they were given; those given before stay with the organizers when the door is
    let in, because the people were told so. Raises EventUnknown, QuestionUnknown, QuestionChangedMeanwhile,
    QuestionRefused.
    """
    event = _locked(slug)
    question = question_of(event.id, question_id)
    if made_from != question.version:
        raise QuestionChangedMeanwhile
    _write(question, draft, event, questions_of(event.id))
    question.version += 1
    note("questions.changed", f"event:{slug}", now=now)


@atomic()
def move_question(*, slug: str, question_id: str, up: bool, now: dt.datetime) -> None:
    """Ask it one place earlier or later; at the end nothing happens. EventUnknown, QuestionUnknown, OutOfOrder."""
    event = _locked(slug)
    question, asked = question_of(event.id, question_id), list(questions_of(event.id))
    if question not in asked:
        return
    here = asked.index(question)
    there = here + (-1 if up else 1)
    if not 0 <= there < len(asked):
        return
    first, second = (asked[there], question) if up else (question, asked[there])
    if second.shown_if and second.shown_if["question"] == first.id:
        raise OutOfOrder
    asked[here], asked[there] = asked[there], asked[here]
    for position, each in enumerate(asked, 1):
        each.position = position
    note("questions.changed", f"event:{slug}", now=now)


@atomic()
def take_back(*, slug: str, question_id: str, now: dt.datetime) -> None:
    """Ask it no more; what was answered stays readable. EventUnknown, QuestionUnknown, StillNeeded."""
    event = _locked(slug)
    question, asked = question_of(event.id, question_id), questions_of(event.id)
    if question not in asked:
        return
    if any(each.shown_if and each.shown_if["question"] == question_id for each in asked):
        raise StillNeeded
    question.retired_on = now.date()
    question.version += 1
    note("questions.changed", f"event:{slug}", now=now)


@atomic()
def delete_question(*, slug: str, question_id: str, now: dt.datetime) -> None:
    """Delete a question that was taken back, while nobody can have answered it. EventUnknown, AnswersLeft."""
    event = _locked(slug)
    try:
        question = question_of(event.id, question_id)
    except QuestionUnknown:
        return
    if _answered(event) or question.retired_on is None:
        raise AnswersLeft
    db.session.delete(question)
    note("questions.changed", f"event:{slug}", now=now)


@atomic()
def ask_again(*, slug: str, question_id: str, now: dt.datetime) -> None:
    """Ask a retired question again, after everything else. EventUnknown, QuestionUnknown, TooManyQuestions."""
    event = _locked(slug)
    question, asked = question_of(event.id, question_id), questions_of(event.id)
    if question.retired_on is None:
        return
    if len(asked) >= MOST_QUESTIONS:
        raise TooManyQuestions
    question.shown_if = _still_possible(question.shown_if, asked)
    question.position = _behind(event.id)
    question.retired_on = None
    question.version += 1
    note("questions.changed", f"event:{slug}", now=now)


def _locked(slug: str) -> Event:
    """The event, read afresh and held until the end of the verb (SQLite holds the whole database instead)."""
    query = sa.select(Event).where(Event.slug == slug).with_for_update().execution_options(populate_existing=True)
    event = db.session.scalar(query)
    if event is None:
        raise EventUnknown
    return event


def _answered(event: Event) -> bool:
    """Whether anybody may have answered: what lies in the boxes, nobody here can see."""
    return event.lines_given > 0


def _still_possible(condition: Condition | None, asked: Sequence[Question]) -> Condition | None:
    """What is left of a condition by now; without any answer that can be given, everybody is asked."""
    on = next((each for each in asked if condition and each.id == condition["question"]), None)
    answers = [one for one in condition["answers"] if one in possible_answers(on)] if condition and on else []
    return Condition(question=on.id, answers=answers) if on and answers else None


def _behind(event_id: int) -> int:
    last = db.session.scalar(sa.select(sa.func.max(Question.position)).where(Question.event_id == event_id))
    return (last or 0) + 1


def _write(question: Question, draft: QuestionDraft, event: Event, asked: Sequence[Question]) -> None:
    earlier = [each for each in asked if each.position < question.position]
    later = [each for each in asked if each.shown_if and each.shown_if["question"] == question.id]
    for field, sentence in objections(draft, question.kind, earlier=earlier, later=later, list_days=event.keep_days):
        raise QuestionRefused(field, sentence)
    question.texts = filled(draft.texts)
    if question.kind in WITH_CHOICES:
        question.choices = choices_of(draft, question.choices, answered=_answered(event))
    question.required, question.seen_by = draft.required, draft.seen_by
    question.shown_if, question.keep_days = draft.shown_if, draft.keep_days
