"""Question: what an event asks of those who come. Nothing here is personal; the answers are sealed in rsvps.answers."""

from __future__ import annotations

import datetime as dt
from typing import TypedDict

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model
from ..events.models import LONGEST_KEPT, Texts

SHORT, LONG, ONE, SEVERAL, YES_NO, NUMBER = "short", "long", "one", "several", "yes_no", "number"
KINDS = (SHORT, LONG, ONE, SEVERAL, YES_NO, NUMBER)
WITH_CHOICES = (ONE, SEVERAL)
CONDITIONS = (ONE, SEVERAL, YES_NO)  # what another question can hang on
YES, NO = "yes", "no"
ORGANIZERS, DOOR = "organizers", "door"
MOST_QUESTIONS = 30
MOST_CHOICES = 20
LONGEST_SHORT, LONGEST_LONG = 200, 1000

# A text, a number, yes or no, the id of a choice, or several of them: what it is, the question's kind says.
Answer = str | int | bool | list[str]
Answers = dict[str, Answer]  # by the question's id


class Choice(TypedDict):
    """One of the answers to choose from. Its id never changes; one that is not offered any more is `retired`."""

    id: str
    texts: Texts
    retired: bool


class Condition(TypedDict):
    """Show a question only to those who gave one of these answers (ids of choices, `yes`, `no`) to an earlier one."""

    question: str
    answers: list[str]


class Question(Model):
    """One question. `texts`: language -> label, help. Its id and its kind never change.

    `seen_by` is who reads the answers: organizers only, or the door as well. Answers are erased `keep_days` after the
    event ends, or with the list where that is None. A question that is not asked any more is retired; once anybody has
    signed up it is not deleted, so that answers to it can still be read. `version` counts the times it was saved.
    """

    __tablename__ = "questions"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('short', 'long', 'one', 'several', 'yes_no', 'number')", name="kind_known"),
        sa.CheckConstraint("seen_by IN ('organizers', 'door')", name="reader_known"),
        sa.CheckConstraint("keep_days IS NULL OR keep_days BETWEEN 0 AND 13", name="answers_not_kept_long"),
    )

    id: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey("events.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(sa.String(7))
    texts: Mapped[Texts] = mapped_column(sa.JSON)
    choices: Mapped[list[Choice]] = mapped_column(sa.JSON, default=list)
    required: Mapped[bool] = mapped_column(default=False)
    shown_if: Mapped[Condition | None] = mapped_column(sa.JSON(none_as_null=True))
    seen_by: Mapped[str] = mapped_column(sa.String(10), default=ORGANIZERS)
    keep_days: Mapped[int | None]
    retired_on: Mapped[dt.date | None]
    version: Mapped[int] = mapped_column(default=1)

    @property
    def term(self) -> int:
        """Days after the event's end until answers go; no list is kept longer than the longest."""
        return LONGEST_KEPT if self.keep_days is None else self.keep_days

    @property
    def offered(self) -> list[Choice]:
        """The choices that can still be chosen."""
        return [choice for choice in self.choices if not choice["retired"]]


def possible_answers(question: Question) -> list[str]:
    """What another question can be shown for: the ids of choices, or yes and no."""
    if question.kind == YES_NO:
        return [YES, NO]
    return [choice["id"] for choice in question.choices] if question.kind in WITH_CHOICES else []


def given_as(answer: Answer | None) -> list[str]:
    """An answer in the words of conditions: the ids of choices, `yes`, `no`."""
    if isinstance(answer, bool):
        return [YES if answer else NO]
    if isinstance(answer, list):
        return answer
    return [answer] if isinstance(answer, str) else []


def is_shown(question: Question, answers: Answers) -> bool:
    """Whether the question is asked of those who gave these answers before; they hold no answer that is not asked."""
    condition = question.shown_if
    return condition is None or bool({*given_as(answers.get(condition["question"]))} & {*condition["answers"]})
