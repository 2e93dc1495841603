"""What is asked of questions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import ClassVar

import sqlalchemy as sa

from ..core.db import db
from ..core.errors import Refusal
from ..core.i18n import _l
from .models import Question


class QuestionUnknown(Refusal):
    """The event has no such question."""

    status: ClassVar[int] = 404
    message = _l("This question is not there any more. Go back to the list of questions.")


def questions_of(event_id: int, *, retired: bool = False) -> Sequence[Question]:
    """What an event asks, in order; with `retired` also what it asked once, at the end."""
    return db.session.scalars(_of_event(retired=retired), {"event": event_id}).all()


@cache  # asked for every form and every own page: it is put together once
def _of_event(*, retired: bool) -> sa.Select[Question]:
    query = sa.select(Question).where(Question.event_id == sa.bindparam("event"))
    if not retired:
        query = query.where(Question.retired_on.is_(None))
    return query.order_by(Question.retired_on.is_not(None), Question.position, Question.id)


def question_of(event_id: int, question_id: str) -> Question:
    """One question of an event, retired or not; QuestionUnknown."""
    found = db.session.get(Question, question_id)
    if found is None or found.event_id != event_id:
        raise QuestionUnknown
    return found
