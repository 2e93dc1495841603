"""Questions for tests, made in one line: `a_question(event, ONE, "How?", choices=["By bus", "On foot"])`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from iec_events.core import clock
from iec_events.core.db import db
from iec_events.core.tokens import new_id
from iec_events.events.models import Event
from iec_events.questions import actions
from iec_events.questions.drafts import ChoiceDraft, QuestionDraft
from iec_events.questions.models import Condition, Question


def a_draft(
    label: str, *, choices: Sequence[str] = (), after: tuple[str, list[str]] | None = None, **others: Any
) -> QuestionDraft:
    """What is asked in English; `after`: the id of a question and the answers to it."""
    return QuestionDraft(
        texts={"en": {"label": label}},
        choices=[ChoiceDraft(id=None, texts={"en": {"label": text}}) for text in choices],
        shown_if=Condition(question=after[0], answers=after[1]) if after else None,
        **others,
    )


def a_question(event: Event, kind: str, label: str = "Why?", **others: Any) -> Question:
    """A question of an event, asked after all others."""
    question_id = new_id()
    actions.add_question(
        slug=event.slug, question_id=question_id, kind=kind, draft=a_draft(label, **others), now=clock.now()
    )
    return db.session.get_one(Question, question_id)


def choice(question: Question, text: str) -> str:
    """The id of a choice."""
    return next(each["id"] for each in question.choices if each["texts"]["en"]["label"] == text)
