"""The organizers' pages of questions: everything typed stays, and what is wrong is said beside its field."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.events.models import Event
from iec_events.questions import actions
from iec_events.questions.models import ONE, SHORT, YES_NO, Question
from iec_events.questions.queries import questions_of
from tests.factories import an_event
from tests.filling import hidden_fields, send
from tests.questions.asking import a_question, choice

LIST = "/organize/events/berkeley/questions"


@pytest.fixture
def night(app: object) -> Event:
    del app
    return an_event(slug="berkeley")


def asked(event: Event, *, retired: bool = False) -> list[Question]:
    db.session.rollback()
    return list(questions_of(event.id, retired=retired))


def said(answer: TestResponse) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", answer.text)))


def press(organizer: FlaskClient, address: str) -> TestResponse:
    """Press a button of the list, and come back to it."""
    answer = send(organizer, LIST, f"{LIST}/{address}")
    assert (answer.status_code, answer.location) == (303, LIST)
    return organizer.get(LIST)


def test_writes_a_question_with_choices_in_three_languages(organizer: FlaskClient, night: Event) -> None:
    typed = {
        "label_en": "How do you come?",
        "label_fa": "چطور می‌آیید؟",
        "help_es": "Para contar las bicicletas",
        "choices-0-text_en": "By bus",
        "choices-0-text_fa": "با اتوبوس",
        "choices-1-text_en": "",
        "choices-2-text_en": "On foot",
        "required": "y",
        "seen_by": "door",
        "keep_days": "۲",
    }
    answer = send(organizer, f"{LIST}/new/one", **typed)
    assert (answer.status_code, answer.location) == (303, LIST)
    question = asked(night)[0]
    assert question.texts == {
        "en": {"label": "How do you come?"},
        "fa": {"label": "چطور می‌آیید؟"},
        "es": {"help": "Para contar las bicicletas"},
    }
    assert [each["texts"] for each in question.choices] == [
        {"en": {"label": "By bus"}, "fa": {"label": "با اتوبوس"}},
        {"en": {"label": "On foot"}},
    ]
    assert (question.kind, question.required, question.seen_by, question.keep_days) == ("one", True, "door", 2)
    page = said(organizer.get(LIST))
    assert "How do you come?" in page
    assert "Seen by the organizers and at the door. Erased 2 days after the event." in page
    assert "چطور می‌آیید؟" in said(organizer.get(f"/fa{LIST}"))


def test_opened_and_saved_again_nothing_changes(organizer: FlaskClient, night: Event) -> None:
    how = a_question(night, ONE, "How?", choices=["By bus", "On foot"])
    when = a_question(night, SHORT, "When?", after=(how.id, [choice(how, "On foot")]), keep_days=0)
    before = [(each.texts, each.choices, each.shown_if, each.keep_days) for each in asked(night)]
    for question in (how.id, when.id):
        page = organizer.get(f"{LIST}/{question}").text
        boxes = re.findall(r"<input[^>]*\bchecked\b[^>]*>", page)
        ticked = {re.search('name="([^"]+)"', box)[1]: re.search('value="([^"]+)"', box)[1] for box in boxes}  # type: ignore[index]
        lines = re.findall(r'<input[^>]*type="text"[^>]*>', page)
        texts = {re.search('name="([^"]+)"', box)[1]: re.search('value="([^"]*)"', box)[1] for box in lines}  # type: ignore[index]
        answer = organizer.post(f"{LIST}/{question}", data={**hidden_fields(page), **texts, **ticked})
        assert answer.status_code == 303
    assert [(each.texts, each.choices, each.shown_if, each.keep_days) for each in asked(night)] == before
    assert [each.version for each in asked(night)] == [2, 2]


@pytest.mark.parametrize(
    ("kind", "typed", "sentence", "field"),
    [
        ("short", {"label_en": ""}, "Please write the question in at least one language.", "label_en"),
        ("short", {"label_fa": "x" * 201}, "This is too long: 201 characters, and 200 fit.", "label_fa"),
        ("short", {"label_en": "Why?\x07"}, "There were invisible control characters", "label_en"),
        ("several", {"label_en": "Why?"}, "Please write at least two answers to choose from.", "choices"),
        ("one", {"label_en": "?", "choices-1-text_es": "x" * 101}, "This is too long: 101", "choices-1-text_es"),
        ("short", {"label_en": "Why?", "keep_days": "14"}, "Write fewer days than the list itself", "keep_days"),
        ("short", {"label_en": "Why?", "keep_days": "soon"}, "Please write a whole number", "keep_days"),
        ("short", {"label_en": "Why?", "seen_by": "everyone"}, "This answer is not offered any more.", "seen_by"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else "",
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    organizer: FlaskClient, night: Event, kind: str, typed: dict[str, Any], sentence: str, field: str
) -> None:
    answer = send(organizer, f"{LIST}/new/{kind}", **{"help_en": "All that I typed", **typed})
    assert answer.status_code == 422
    assert said(answer).count(sentence) == 2, "above the form, and beside the field"
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}-error"' in answer.text
    assert "All that I typed" in answer.text
    assert asked(night) == []


def test_rows_are_added_moved_and_removed_without_saving(organizer: FlaskClient, night: Event) -> None:
    typed = {"label_en": "How?", "choices-0-text_en": "By bus", "choices-1-text_en": "On foot"}
    rows = re.compile(r'name="choices-(\d)-text_en"[^>]*value="([^"]*)"')
    for wish, left in (
        ("add", ["By bus", "On foot", ""]),
        ("up-1", ["On foot", "By bus"]),
        ("remove-0", ["On foot"]),
        ("down-٣", ["By bus", "On foot"]),
    ):
        answer = send(organizer, f"{LIST}/new/one", **typed, do=wish)
        assert answer.status_code == 200
        assert [text for _number, text in rows.findall(answer.text)] == left
    assert asked(night) == []


def test_one_question_only_can_be_hung_on(organizer: FlaskClient, night: Event) -> None:
    film, photo = a_question(night, YES_NO, "May we film?"), a_question(night, YES_NO, "A photograph?")
    both = [f"{film.id}:yes", f"{photo.id}:no"]
    answer = send(organizer, f"{LIST}/new/short", label_en="From where?", after=both)
    assert answer.status_code == 422
    assert "Please tick answers to one question only." in said(answer)
    answer = send(organizer, f"{LIST}/new/short", label_en="From where?", after=both[0])
    assert answer.status_code == 303
    page = organizer.get(LIST)
    assert "Only if you answered “Yes” to “May we film?” above." in said(page)
    assert "js/questions" in page.text
    assert "Another question is asked only after an answer to this one." in said(
        press(organizer, f"{film.id}/take-back")
    )


def test_ready_made_ones_take_one_press(organizer: FlaskClient, night: Event) -> None:
    for name in ("access", "photograph", "quote", "approval"):
        assert "It is asked now." in said(press(organizer, f"ready-made/{name}"))
    assert len(asked(night)) == 4
    assert not any(each.required for each in asked(night))


def test_order_taking_back_asking_again_and_deleting(organizer: FlaskClient, night: Event) -> None:
    first, second = a_question(night, SHORT, "One?").id, a_question(night, SHORT, "Two?").id
    press(organizer, f"{second}/up")
    assert [each.id for each in asked(night)] == [second, first]
    assert "It is asked no more." in said(press(organizer, f"{second}/take-back"))
    assert [each.id for each in asked(night)] == [first]
    assert "It is asked again" in said(press(organizer, f"{second}/ask-again"))
    press(organizer, f"{second}/take-back")
    with atomic():
        db.session.get_one(Event, night.id).lines_given = 1
    assert "People have signed up" in said(press(organizer, f"{second}/delete"))
    with atomic():
        db.session.get_one(Event, night.id).lines_given = 0
    for _ in range(2):
        assert "It is deleted." in said(press(organizer, f"{second}/delete"))
    assert [each.id for each in asked(night, retired=True)] == [first]


def test_a_page_that_somebody_else_overtook_keeps_what_was_typed(organizer: FlaskClient, night: Event) -> None:
    question = a_question(night, SHORT, "Why?")
    page = organizer.get(f"{LIST}/{question.id}").text
    press(organizer, f"{question.id}/take-back")
    typed = {**hidden_fields(page), "label_en": "Why not?"}
    answer = organizer.post(f"{LIST}/{question.id}", data=typed)
    assert answer.status_code == 409
    assert "Somebody else changed this question" in said(answer)
    assert 'value="Why not?"' in answer.text
    again = organizer.post(f"{LIST}/{question.id}", data={**hidden_fields(answer.text), "label_en": "Why not?"})
    assert again.status_code == 303


def test_questions_of_another_event_are_not_there(organizer: FlaskClient, night: Event) -> None:
    question = a_question(an_event(slug="paris"), SHORT)
    assert organizer.get(f"{LIST}/{question.id}").status_code == 404
    assert send(organizer, LIST, f"{LIST}/{question.id}/take-back").status_code == 404
    assert night.id != question.event_id


def test_the_list_asks_as_often_for_many_as_for_one(organizer: FlaskClient, night: Event, queries: Any) -> None:
    asked_of_database = []
    for _round in range(2):
        actions.add_ready_made(slug=night.slug, name="access", now=clock.now())
        organizer.get(LIST)
        with queries() as statements:
            organizer.get(LIST)
        of_the_list = [one for one in statements if "site_state" not in one]  # which is asked once a second, for all
        asked_of_database.append(len(of_the_list))
        for _ in range(5):
            a_question(night, SHORT)
    assert asked_of_database[0] == asked_of_database[1]
