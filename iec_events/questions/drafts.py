"""A question as it is written in a form or a file, and what speaks against it. Nothing here knows the database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..core.i18n import _, _l, format_number
from ..core.tokens import new_id
from ..events.models import Texts
from .models import CONDITIONS, MOST_CHOICES, ORGANIZERS, WITH_CHOICES, Choice, Condition, Question, possible_answers

QUESTION_TEXTS = {"label": 200, "help": 400}
LONGEST_CHOICE = 100
FEWEST_CHOICES = 2
CHOICE_ID = re.compile("[A-Za-z0-9_-]{1,16}")
Objection = tuple[str, object]


@dataclass(frozen=True, kw_only=True)
class ChoiceDraft:
    """A choice; without an id it is new, and is given one."""

    id: str | None
    texts: Texts


@dataclass(frozen=True, kw_only=True)
class QuestionDraft:
    """What is chosen of a question; its kind stays what it is."""

    texts: Texts
    choices: Sequence[ChoiceDraft] = field(default_factory=list)
    required: bool = False
    shown_if: Condition | None = None
    seen_by: str = ORGANIZERS
    keep_days: int | None = None


def draft_of(question: Question) -> QuestionDraft:
    """The draft that would change nothing."""
    return QuestionDraft(
        texts=question.texts,
        choices=[ChoiceDraft(id=choice["id"], texts=choice["texts"]) for choice in question.offered],
        required=question.required,
        shown_if=question.shown_if,
        seen_by=question.seen_by,
        keep_days=question.keep_days,
    )


def objections(
    draft: QuestionDraft, kind: str, *, earlier: Sequence[Question], later: Sequence[Question], list_days: int
) -> Iterator[Objection]:
    """(field, sentence) for all that speaks against a draft.

    `earlier`: the questions asked before it. `later`: those that hang on it. `list_days`: how long the list is kept.
    """
    if not any(said.get("label") for said in draft.texts.values()):
        yield "texts", _l("Please write the question in at least one language.")
    if kind in WITH_CHOICES:
        yield from _about_choices(draft, later)
    if draft.shown_if is not None:
        yield from _about_condition(draft.shown_if, earlier)
    if draft.keep_days is not None and not 0 <= draft.keep_days < list_days:
        text = _("Write fewer days than the list itself is kept (%(days)s), or leave this empty.")
        yield "keep_days", text % {"days": format_number(list_days)}


def choices_of(draft: QuestionDraft, kept: Sequence[Choice], *, answered: bool) -> list[Choice]:
    """The choices as they are kept: once somebody may have answered, one that is taken out is retired."""
    chosen = [
        Choice(id=each.id if each.id and CHOICE_ID.fullmatch(each.id) else new_id(), texts=each.texts, retired=False)
        for each in draft.choices
    ]
    ids = {choice["id"] for choice in chosen}
    gone = [choice for choice in kept if choice["id"] not in ids]
    return chosen + (
        [Choice(id=choice["id"], texts=choice["texts"], retired=True) for choice in gone] if answered else []
    )


def _about_choices(draft: QuestionDraft, later: Sequence[Question]) -> Iterator[Objection]:
    if len(draft.choices) < FEWEST_CHOICES:
        yield "choices", _l("Please write at least two answers to choose from.")
    if len(draft.choices) > MOST_CHOICES:
        yield "choices", _l("These are too many answers to choose from. Please write at most 20.")
    ids = [each.id for each in draft.choices if each.id]
    if len(ids) != len(set(ids)):
        yield "choices", _l("Two of these answers are one and the same. Please open the page anew.")
    if any(each.shown_if and not {*each.shown_if["answers"]} <= {*ids} for each in later):
        yield "choices", _l("Another question is asked only after an answer that you take out. Change that one first.")


def _about_condition(condition: Condition, earlier: Sequence[Question]) -> Iterator[Objection]:
    hangs_on = next((each for each in earlier if each.id == condition["question"]), None)
    if hangs_on is None or hangs_on.kind not in CONDITIONS:
        yield "shown_if", _l("A question can only hang on one that is asked before it. Please choose again.")
    elif not condition["answers"] or not {*condition["answers"]} <= {*possible_answers(hangs_on)}:
        yield "shown_if", _l("This answer is not among those to choose from any more. Please choose again.")
