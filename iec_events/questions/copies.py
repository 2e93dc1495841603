"""The questions of one event asked at others too: each date of something that comes again asks for itself."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from ..core.db import db
from ..core.tokens import new_id
from .models import Condition, Question


def copy_questions(event_id: int, others: Sequence[int]) -> None:
    """Ask at these events what is asked at that one; the caller's transaction keeps it."""
    query = sa.select(Question).where(Question.event_id == event_id, Question.retired_on.is_(None))
    asked = db.session.scalars(query.order_by(Question.position)).all()
    for other in others:
        ids = {question.id: new_id() for question in asked}
        for question in asked:
            after = question.shown_if if question.shown_if and question.shown_if["question"] in ids else None
            db.session.add(
                Question(
                    id=ids[question.id],
                    event_id=other,
                    position=question.position,
                    kind=question.kind,
                    texts=question.texts,
                    choices=question.choices,
                    required=question.required,
                    shown_if=Condition(question=ids[after["question"]], answers=after["answers"]) if after else None,
                    seen_by=question.seen_by,
                    keep_days=question.keep_days,
                )
            )
