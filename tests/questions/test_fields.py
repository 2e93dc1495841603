"""Questions in a form: what people type becomes an answer, or a sentence beside the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from iec_events.core.forms import Needed, TextLine
from iec_events.core.i18n import speaking
from iec_events.events.models import Event
from iec_events.questions.fields import PREFIX, Asking, with_questions
from iec_events.questions.models import LONG, NUMBER, ONE, SEVERAL, SHORT, YES_NO, Answer, Question
from iec_events.questions.queries import questions_of
from iec_events.questions.views import answered
from tests.factories import an_event
from tests.questions.asking import a_question, choice


class Party(Asking):
    name = TextLine("Name", [Needed("Who?")])


def sent(
    app: Flask,
    event: Event,
    typed: Mapping[str, Any],
    *,
    locale: str = "en",
    before: Mapping[str, Answer] | None = None,
) -> tuple[bool, Party]:
    """Whether the form is valid with these answers (by question id), and the form."""
    data = MultiDict({"name": "Sara", **{PREFIX + key: value for key, value in typed.items()}})
    with app.test_request_context(method="POST", data=data), speaking(locale):
        form = with_questions(Party, questions_of(event.id), locale, before=before, meta={"csrf": False})
        return form.validate(), form


def errors(form: Party, question: Question) -> list[str]:
    return [str(error) for error in form[PREFIX + question.id].errors]


def all_kinds(event: Event, *, required: bool = False) -> Sequence[Question]:
    for kind in (SHORT, LONG, NUMBER, YES_NO):
        a_question(event, kind, required=required)
    for kind in (ONE, SEVERAL):
        a_question(event, kind, choices=["By bus", "On foot"], required=required)
    return questions_of(event.id)


def test_every_kind_is_read(app: Flask) -> None:
    event = an_event()
    short, long, number, yes_no, one, several = all_kinds(event)
    bus, foot = choice(one, "By bus"), [choice(several, "By bus"), choice(several, "On foot")]
    typed = {short.id: " سلام\u202e  دنیا ", long.id: "a\r\nb", number.id: "۱۲", yes_no.id: "no", one.id: bus}
    valid, form = sent(app, event, {**typed, several.id: [*foot, foot[0]]})
    assert valid
    assert form.answers() == {
        short.id: "سلام دنیا", long.id: "a\nb", number.id: 12, yes_no.id: False, one.id: bus, several.id: foot,
    }  # fmt: skip
    assert [one.text for one in answered(questions_of(event.id), form.answers(), "en")] == [
        "سلام دنیا", "a\nb", "12", "No", "By bus", "By bus, On foot",
    ]  # fmt: skip
    with app.test_request_context("/"), speaking("fa"):
        assert [one.text for one in answered(questions_of(event.id), {number.id: 12, several.id: foot}, "fa")] == [
            "۱۲", "By bus و On foot",
        ]  # fmt: skip


def test_nothing_is_an_answer_too_unless_one_is_needed(app: Flask) -> None:
    event, strict = an_event(), an_event()
    all_kinds(event)
    needed = all_kinds(strict, required=True)
    assert sent(app, event, {})[0]
    assert sent(app, event, {})[1].answers() == {}
    valid, form = sent(app, strict, {needed[0].id: "\u200b \u2066"})
    assert not valid
    assert [len(errors(form, question)) for question in needed] == [1] * 6
    assert form.name.data == "Sara"


@pytest.mark.parametrize(
    ("place", "typed"),
    [
        (0, "x" * 201),
        (1, "x" * 1001),
        (2, "-1"),
        (2, "many"),
        (3, "maybe"),
        (4, "0123456789abcdef"),
        (5, "yes"),
        (0, "a\x07"),
    ],
)
def test_what_does_not_fit_is_told_beside_its_field(app: Flask, place: int, typed: str) -> None:
    event = an_event()
    question = all_kinds(event)[place]
    valid, form = sent(app, event, {question.id: typed})
    assert not valid
    assert len(errors(form, question)) == 1
    assert errors(form, question)[0].endswith(".")


def test_what_is_not_shown_counts_for_nothing(app: Flask) -> None:
    event = an_event()
    how = a_question(event, ONE, "How?", choices=["By bus", "On foot"])
    rest = a_question(event, YES_NO, "A rest?", after=(how.id, [choice(how, "On foot")]), required=True)
    long = a_question(event, NUMBER, "How long?", after=(rest.id, ["yes"]), required=True)
    bus, foot = choice(how, "By bus"), choice(how, "On foot")
    valid, form = sent(app, event, {how.id: bus, rest.id: "yes", long.id: "many"})
    assert (valid, form.answers()) == (True, {how.id: bus})
    valid, form = sent(app, event, {how.id: foot})
    assert (valid, len(errors(form, rest)), errors(form, long)) == (False, 1, [])
    valid, form = sent(app, event, {how.id: foot, rest.id: "yes", long.id: "5"})
    assert (valid, form.answers()) == (True, {how.id: foot, rest.id: True, long.id: 5})


def test_who_chose_what_is_offered_no_more_may_keep_it(app: Flask) -> None:
    event = an_event()
    how = a_question(event, ONE, "How?", choices=["By bus", "On foot"])
    bus = choice(how, "By bus")
    how.choices = [{**each, "retired": each["id"] == bus} for each in how.choices]
    assert not sent(app, event, {how.id: bus})[0]
    valid, form = sent(app, event, {how.id: bus}, before={how.id: bus})
    assert (valid, form.answers()) == (True, {how.id: bus})


def test_the_fields_name_readers_terms_and_conditions(app: Flask) -> None:
    event = an_event()
    how = a_question(event, YES_NO, "May we film?", seen_by="door")
    a_question(event, SHORT, "From where?", after=(how.id, ["yes"]), keep_days=1)
    with app.test_request_context("/"):
        form = with_questions(Party, questions_of(event.id), "en", before={how.id: False})
        page = app.jinja_env.from_string(
            '{% from "macros/questions.html" import questions with context %}{{ questions(form) }}'
        ).render(form=form)
    assert "<legend><span" in page
    assert "Seen by the organizers and at the door." in page
    assert "Seen by the organizers only. Erased 1 day after the event." in page
    assert "Only if you answered “Yes” to “May we film?” above." in page
    assert f'data-after="{PREFIX}{how.id}" data-answers="yes"' in page
    assert page.count("checked") == 1
    assert "(optional)" in page
