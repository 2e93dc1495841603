"""Asking, changing and taking back: old answers stay readable, and no promise about an answer is broken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.core.errors import Refusal
from iec_events.core.i18n import speaking
from iec_events.core.tokens import new_id
from iec_events.events.models import Event
from iec_events.questions import actions
from iec_events.questions.drafts import QuestionDraft, draft_of
from iec_events.questions.models import LONG, MOST_QUESTIONS, NUMBER, ONE, SHORT, YES_NO, Question
from iec_events.questions.queries import QuestionUnknown, question_of, questions_of
from iec_events.questions.views import QuestionView
from tests.factories import an_event
from tests.questions.asking import a_draft, a_question, choice

pytestmark = pytest.mark.usefixtures("app")


def labels(event: Event, *, retired: bool = False) -> list[str]:
    db.session.rollback()
    return [question.texts["en"]["label"] for question in questions_of(event.id, retired=retired)]


def revise(event: Event, question: Question, draft: QuestionDraft) -> None:
    actions.revise_question(
        slug=event.slug, question_id=question.id, draft=draft, made_from=question.version, now=clock.now()
    )


def somebody_signed_up(event: Event) -> None:
    with atomic():
        event.lines_given = 1


def test_are_asked_in_order_and_move() -> None:
    event = an_event()
    for label in ("One?", "Two?", "Three?"):
        a_question(event, SHORT, label)
    third = questions_of(event.id)[2]
    for up in (True, True, True, False):
        actions.move_question(slug=event.slug, question_id=third.id, up=up, now=clock.now())
    assert labels(event) == ["One?", "Three?", "Two?"]


def test_the_same_form_sent_twice_asks_once() -> None:
    event, question_id = an_event(), new_id()
    for _ in range(2):
        actions.add_question(
            slug=event.slug, question_id=question_id, kind=SHORT, draft=a_draft("Why?"), now=clock.now()
        )
        actions.add_ready_made(slug=event.slug, name="access", now=clock.now())
    assert len(questions_of(event.id)) == 2


def test_taken_back_it_can_be_deleted_until_somebody_signed_up() -> None:
    event = an_event()
    first, second = a_question(event, SHORT, "One?"), a_question(event, SHORT, "Two?")
    for question in (first, second):
        actions.take_back(slug=event.slug, question_id=question.id, now=clock.now())
    actions.delete_question(slug=event.slug, question_id=first.id, now=clock.now())
    assert (labels(event), labels(event, retired=True)) == ([], ["Two?"])
    somebody_signed_up(event)
    with pytest.raises(actions.AnswersLeft):
        actions.delete_question(slug=event.slug, question_id=second.id, now=clock.now())
    actions.ask_again(slug=event.slug, question_id=second.id, now=clock.now())
    assert labels(event) == ["Two?"]


def test_what_is_asked_cannot_be_deleted() -> None:
    event = an_event()
    question = a_question(event, SHORT)
    with pytest.raises(actions.AnswersLeft):
        actions.delete_question(slug=event.slug, question_id=question.id, now=clock.now())


@pytest.mark.parametrize("answered", [False, True])
def test_a_choice_that_is_taken_out_stays_readable_once_somebody_signed_up(*, answered: bool) -> None:
    event = an_event()
    question = a_question(event, ONE, choices=["By bus", "On foot", "By boat"])
    boat = choice(question, "By boat")
    if answered:
        somebody_signed_up(event)
    draft = draft_of(question)
    revise(event, question, replace(draft, choices=draft.choices[:2]))
    assert [each["retired"] for each in question.choices] == [False, False, *([True] if answered else [])]
    assert QuestionView(question, "en").said(boat) == ("By boat" if answered else "")


def test_ids_stay_when_texts_change() -> None:
    event = an_event()
    question = a_question(event, ONE, choices=["By bus", "On foot"])
    before = [each["id"] for each in question.choices]
    draft = draft_of(question)
    revise(event, question, replace(draft, choices=list(reversed(draft.choices)), texts={"en": {"label": "How then?"}}))
    assert [each["id"] for each in question.choices] == before[::-1]


def test_what_others_hang_on_stays_above_them_and_there() -> None:
    event = an_event()
    how = a_question(event, ONE, "How?", choices=["By bus", "On foot", "By boat"])
    when = a_question(event, SHORT, "When?", after=(how.id, [choice(how, "By bus")]))
    with pytest.raises(actions.StillNeeded):
        actions.take_back(slug=event.slug, question_id=how.id, now=clock.now())
    for question, up in ((how, False), (when, True)):
        with pytest.raises(actions.OutOfOrder):
            actions.move_question(slug=event.slug, question_id=question.id, up=up, now=clock.now())
    draft = draft_of(how)
    with pytest.raises(actions.QuestionRefused, match="asked only after an answer"):
        revise(event, how, replace(draft, choices=draft.choices[1:]))
    assert labels(event) == ["How?", "When?"]


def test_the_conditions_sentence_names_question_and_answers() -> None:
    event = an_event()
    how = a_question(event, ONE, "How?", choices=["By bus", "On foot"])
    when = a_question(event, SHORT, "When?", after=(how.id, [each["id"] for each in how.choices]))
    view = QuestionView(when, "en", {how.id: how})
    assert view.condition == "Only if you answered “By bus or On foot” to “How?” above."


def test_what_a_farsi_condition_quotes_in_latin_letters_keeps_its_own_direction() -> None:
    event = an_event()
    how = a_question(event, ONE, "How?", choices=["By bus", "با قطار"])
    when = a_question(event, SHORT, "When?", after=(how.id, [each["id"] for each in how.choices]))
    with speaking("fa"):
        told = QuestionView(when, "fa", {how.id: how}).condition
    assert "\u2068How?\u2069" in told
    assert "\u2068By bus\u2069" in told
    assert "\u2068با قطار" not in told


def test_a_question_saved_elsewhere_meanwhile_is_not_overwritten() -> None:
    event = an_event()
    question = a_question(event, SHORT)
    with pytest.raises(actions.QuestionChangedMeanwhile):
        actions.revise_question(
            slug=event.slug, question_id=question.id, draft=a_draft("What?"), made_from=0, now=clock.now()
        )
    assert labels(event) == ["Why?"]


@pytest.mark.parametrize(
    ("kind", "others", "field"),
    [
        (SHORT, {"label": ""}, "texts"),
        (ONE, {"choices": ["Only one"]}, "choices"),
        (ONE, {"choices": [f"Choice {number}" for number in range(21)]}, "choices"),
        (SHORT, {"keep_days": 3}, "keep_days"),
        (SHORT, {"keep_days": -1}, "keep_days"),
        (SHORT, {"after": ("0123456789abcdef", ["yes"])}, "shown_if"),
    ],
    ids=[
        "no text",
        "one choice",
        "too many choices",
        "kept as long as the list",
        "kept before the end",
        "nothing above",
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_field(kind: str, others: dict[str, Any], field: str) -> None:
    event = an_event(keep_days=3)
    with pytest.raises(actions.QuestionRefused) as refused:
        a_question(event, kind, **{"label": "Why?", **others})
    assert refused.value.field == field
    assert str(refused.value).endswith(".")
    assert labels(event) == []


def test_hangs_on_answers_to_choose_of_its_own_event_only() -> None:
    event, other = an_event(), an_event()
    number, elsewhere = a_question(event, NUMBER), a_question(other, YES_NO)
    yes_no = a_question(event, YES_NO)
    for question, answer in ((number, "1"), (elsewhere, "yes"), (yes_no, "maybe")):
        with pytest.raises(actions.QuestionRefused):
            a_question(event, SHORT, after=(question.id, [answer]))
    with pytest.raises(QuestionUnknown):
        question_of(event.id, elsewhere.id)


def test_thirty_questions_and_no_more() -> None:
    event = an_event()
    for _ in range(MOST_QUESTIONS):
        a_question(event, SHORT)
    with pytest.raises(actions.TooManyQuestions):
        a_question(event, SHORT)
    with pytest.raises(Refusal):
        actions.add_ready_made(slug=event.slug, name="quote", now=clock.now())


def test_ready_made_ones_know_when_the_list_goes() -> None:
    event, brief = an_event(), an_event(keep_days=0)
    for one in (event, brief):
        actions.add_ready_made(slug=one.slug, name="access", now=clock.now())
    kept = [questions_of(one.id)[0] for one in (event, brief)]
    assert [(one.kind, one.seen_by, one.keep_days, one.required) for one in kept] == [
        (LONG, "door", 1, False),
        (LONG, "door", None, False),
    ]


def test_what_is_asked_again_hangs_on_no_answer_that_is_gone() -> None:
    """Else nobody would ever be asked it, and organizers would wait for answers."""
    event = an_event()
    how = a_question(event, ONE, "How?", choices=["By bus", "On foot", "By boat"])
    bus, boat = choice(how, "By bus"), choice(how, "By boat")
    line = a_question(event, SHORT, "Which line?", after=(how.id, [bus, boat]))
    for gone, left in ((boat, [bus]), (bus, None)):
        actions.take_back(slug=event.slug, question_id=line.id, now=clock.now())
        draft = draft_of(how)
        chosen = [one for one in draft.choices if one.id != gone] + list(a_draft("", choices=["By car"]).choices)
        revise(event, how, replace(draft, choices=chosen))
        actions.ask_again(slug=event.slug, question_id=line.id, now=clock.now())
        asked = question_of(event.id, line.id).shown_if
        assert (asked["answers"] if asked else None) == left
