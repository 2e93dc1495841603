"""Questions from TOML: the same file asks the same, and every mistake has its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.core.toml_sheets import BadFile
from iec_events.events.loader import Loaded, load
from iec_events.events.models import Event
from iec_events.events.queries import any_event
from iec_events.questions import actions
from iec_events.questions.models import Question
from iec_events.questions.queries import questions_of

pytestmark = pytest.mark.usefixtures("app")

NIGHT = """\
[[event]]
slug = "bogota"
time_zone = "America/Bogota"
starts = 2027-02-20T18:00:00
ends = "21:00"
keep_days = 7
text.es.title = "Noche"
"""
ASKED = """\
[[event.question]]
name = "arrival"
kind = "one"
required = true
seen_by = "door"
keep_days = 2
text.en = { label = "How do you come?", help = "So that we know where the bicycles go." }
text.fa = { label = "چطور می‌آیید؟" }
[[event.question.choice]]
name = "bus"
text = { en = "By bus", fa = "با اتوبوس" }
[[event.question.choice]]
name = "foot"
text = { en = "On foot" }

[[event.question]]
name = "stop"
kind = "short"
after = { question = "arrival", answers = ["bus"] }
text.en = { label = "Which stop?" }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "nights.toml"


def loaded(file: Path, text: str) -> Loaded:
    file.write_text(text, "utf-8")
    return load(file, now=clock.now())


def asked() -> list[Question]:
    db.session.rollback()
    return list(questions_of(any_event("bogota").id))


def test_are_asked_and_loading_them_again_changes_nothing(file: Path) -> None:
    assert loaded(file, NIGHT + ASKED).created == ["bogota"]
    arrival, stop = asked()
    assert (arrival.kind, arrival.required, arrival.seen_by, arrival.keep_days) == ("one", True, "door", 2)
    assert arrival.texts["fa"] == {"label": "چطور می‌آیید؟"}
    assert [each["texts"]["en"]["label"] for each in arrival.choices] == ["By bus", "On foot"]
    assert stop.shown_if == {"question": arrival.id, "answers": ["bus"]}
    assert loaded(file, NIGHT + ASKED).unchanged == ["bogota"]
    assert [each.version for each in asked()] == [1, 1]


def test_names_are_no_addresses(file: Path) -> None:
    loaded(file, NIGHT + ASKED.replace('"foot"', '"new"'))
    assert [choice["id"] for choice in asked()[0].choices] == ["bus", "new"]


def test_a_change_in_the_file_keeps_ids_and_what_was_answered(file: Path) -> None:
    loaded(file, NIGHT + ASKED)
    ids = [each.id for each in asked()]
    with atomic():
        db.session.get_one(Event, any_event("bogota").id).lines_given = 1
    changed = ASKED.replace('name = "foot"', 'name = "bike"').replace("On foot", "By bicycle")
    assert loaded(file, NIGHT + changed).revised == ["bogota"]
    assert [each.id for each in asked()] == ids
    kept = [(each["texts"]["en"]["label"], each["retired"]) for each in asked()[0].choices]
    assert kept == [("By bus", False), ("By bicycle", False), ("On foot", True)]
    assert loaded(file, NIGHT + ASKED).revised == ["bogota"]
    assert [each["id"] for each in asked()[0].offered] == ["bus", "foot"]


def test_what_was_taken_back_is_asked_again_and_what_the_file_does_not_name_stays(file: Path) -> None:
    loaded(file, NIGHT + ASKED)
    stop = asked()[1]
    actions.take_back(slug="bogota", question_id=stop.id, now=clock.now())
    actions.add_ready_made(slug="bogota", name="quote", now=clock.now())
    assert loaded(file, NIGHT).unchanged == ["bogota"]
    assert [each.kind for each in asked()] == ["one", "yes_no"]
    assert loaded(file, NIGHT + ASKED).revised == ["bogota"]
    assert [each.kind for each in asked()] == ["one", "yes_no", "short"]
    assert asked()[2].shown_if is not None


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        ('name = "stop"', 'name = "arrival"', 'line 24, event[1].question[2].name: "arrival" is taken by line 9'),
        ('name = "bus"', 'name = "By bus"', "line 17, event[1].question[1].choice[1].name:"),
        ('name = "foot"', 'name = "bus"', 'choice[2].name: "bus" is there twice'),
        (
            'kind = "one"',
            'kind = "onee"',
            'line 10, event[1].question[1].kind: "onee" is not known; did you mean "one"?',
        ),
        ('kind = "one"\n', "", "the kind is missing; write one of short, long, one"),
        ('kind = "one"', 'kind = "short"', "only one and several have answers to choose from"),
        (
            'answers = ["bus"]',
            'answers = ["boat"]',
            "line 26, event[1].question[2].after: write answers = [...] with some",
        ),
        ('question = "arrival"', 'question = "arival"', 'did you mean "arrival"?'),
        ('"door"', '"everyone"', "event[1].question[1].seen_by"),
        ("keep_days = 2", "keep_days = 7", "event[1].question[1].keep_days: write fewer days"),
        ('text.en = { label = "Which stop?" }', "", "what to ask is missing"),
        ("text.fa = { label", "text.fa = { lable", 'did you mean "label"?'),
        ("text.fa = { label", "text.de = { label", "write en or fa or es"),
    ],
    ids=lambda value: value[:24],
)
def test_mistakes_are_told_with_their_line_and_nothing_is_changed(
    file: Path, right: str, wrong: str, sentence: str
) -> None:
    assert right in ASKED
    with pytest.raises(BadFile) as refused:
        loaded(file, NIGHT + ASKED.replace(right, wrong))
    assert sentence in str(refused.value)
    db.session.rollback()
    assert db.session.query(Event).count() == 0


def test_a_question_does_not_turn_into_another(file: Path) -> None:
    loaded(file, NIGHT + ASKED)
    with pytest.raises(BadFile, match='this was "short" before'):
        loaded(file, NIGHT + ASKED.replace('kind = "short"', 'kind = "long"'))
