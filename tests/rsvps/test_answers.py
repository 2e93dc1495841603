"""Answers in their boxes: who reads which, what stays readable, and when they go."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from time_machine import Traveller

from iec_events.core import clock as our_clock
from iec_events.core.crypto import BoxRefused
from iec_events.core.db import atomic, db
from iec_events.core.sealing import KEY_BYTES, Opener
from iec_events.core.shreds import is_covered
from iec_events.core.tokens import new_token
from iec_events.events.keys import DOOR, SCOPES, add_key, key_in_use, openers, private_keys, shreds_of
from iec_events.events.models import Event, EventKey
from iec_events.organizers.actions import accept_invitation, invite
from iec_events.organizers.keys import holders, private_of_session
from iec_events.organizers.queries import organizer_by_email
from iec_events.privacy.actions import destroy_list
from iec_events.questions import actions
from iec_events.questions.drafts import draft_of
from iec_events.questions.models import LONG, SHORT, YES_NO, Answers
from iec_events.questions.queries import questions_of
from iec_events.rsvps.actions import Party, erase_rsvp, place_rsvp, seal_vault_boxes
from iec_events.rsvps.answer_boxes import STEP
from iec_events.rsvps.answers import (
    erase_answers,
    keep_answers,
    own_answers,
    read_answers,
    seal_anew,
    shreds_of_terms,
    with_earlier,
)
from iec_events.rsvps.boxes import NOBODY, Reader, reader_of
from iec_events.rsvps.models import Rsvp, RsvpAnswers
from tests.factories import an_event
from tests.questions.asking import a_question

pytestmark = pytest.mark.usefixtures("app")
DATA_KEY = bytes(range(KEY_BYTES))


class Account:
    """An organizer with a real key."""

    def __init__(self) -> None:
        password = "nine poems by the river"
        link = invite(now=our_clock.now())
        token = accept_invitation(
            token=link, name="Nasrin", email="nasrin@example.org", password=password, now=our_clock.now()
        )
        account, private = organizer_by_email("nasrin@example.org"), private_of_session(token)
        assert account is not None
        assert private is not None
        self.id, self.private = account.id, private

    def reads(self, event: Event) -> Reader:
        return reader_of(self.id, self.private, event.id)

    def reads_at_the_door(self, event: Event) -> Reader:
        return Reader(openers(private_keys(self.id, self.private, event_id=event.id, scope=DOOR)))


def comes(event: Event, answers: Answers, *, data_key: bytes | None = DATA_KEY) -> Rsvp:
    party = Party(name="سارا", email=None, party_size=1, note="", locale="fa")
    placed = place_rsvp(slug=event.slug, party=party, token=new_token(), now=our_clock.now())
    rsvp = db.session.get_one(Rsvp, placed.rsvp_id)
    with atomic():  # what placing kept, under a key of its own
        db.session.execute(sa.delete(RsvpAnswers).where(RsvpAnswers.rsvp_id == rsvp.id))
    answer(rsvp, answers, data_key=data_key)
    return rsvp


def answer(rsvp: Rsvp, answers: Answers, *, data_key: bytes | None = DATA_KEY) -> None:
    with atomic():
        keep_answers(rsvp, answers, questions_of(rsvp.event_id, retired=True), data_key, our_clock.now())


def rows() -> list[RsvpAnswers]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(RsvpAnswers).order_by(RsvpAnswers.rsvp_id, RsvpAnswers.keep_days)))


def revise(event: Event, question_id: str, **changes: Any) -> None:
    question = next(each for each in questions_of(event.id) if each.id == question_id)
    actions.revise_question(
        slug=event.slug, question_id=question_id, draft=replace(draft_of(question), **changes),
        made_from=question.version, now=our_clock.now(),
    )  # fmt: skip


def test_organizers_read_all_the_door_reads_its_own_and_the_server_nothing() -> None:
    nasrin, event = Account(), an_event()
    needs, photo = a_question(event, LONG, keep_days=1), a_question(event, YES_NO, seen_by="door")
    said: Answers = {needs.id: "ویلچر", photo.id: False, "not-asked-at-all": "x"}
    rsvp = comes(event, said)
    known = {needs.id: "ویلچر", photo.id: False}
    assert read_answers([rsvp.id], nasrin.reads(event)) == {rsvp.id: known}
    assert read_answers([rsvp.id], nasrin.reads_at_the_door(event)) == {rsvp.id: {photo.id: False}}
    assert read_answers([rsvp.id], nasrin.reads(event), door=True) == {rsvp.id: {photo.id: False}}
    assert read_answers([rsvp.id], NOBODY) == {rsvp.id: {}}
    assert own_answers(rsvp, DATA_KEY) == known
    assert own_answers(rsvp, bytes(KEY_BYTES)) == own_answers(rsvp, None) == {}
    for row in rows():
        assert "ویلچر".encode() not in row.sealed + (row.door_sealed or b"") + (row.own or b"")


def test_who_answered_nothing_has_the_same_rows_of_the_same_size() -> None:
    Account()
    event = an_event()
    needs, name = a_question(event, LONG, keep_days=1), a_question(event, SHORT, seen_by="door")
    first = comes(event, {needs.id: "x" * 300, name.id: "y" * 200})
    second = comes(event, {})
    sizes: dict[str, list[tuple[int, ...]]] = {first.id: [], second.id: []}
    for row in rows():
        sizes[row.rsvp_id].append((row.keep_days, *(len(box or b"") for box in (row.sealed, row.door_sealed, row.own))))
    assert sizes[first.id] == sizes[second.id]
    assert [days for days, *_sizes in sizes[first.id]] == [1, 14]
    assert sizes[first.id][0][1] > STEP


def test_boxes_open_in_no_other_row_and_of_no_other_term() -> None:
    nasrin, event = Account(), an_event()
    short, long = a_question(event, SHORT, keep_days=1), a_question(event, SHORT)
    for text in ("Sara", "Ali"):
        comes(event, {short.id: text, long.id: text})
    with atomic():
        query = sa.select(RsvpAnswers).order_by(RsvpAnswers.rsvp_id, RsvpAnswers.keep_days)
        one, _one_too, _two_too, two = db.session.scalars(query).all()
        for column in ("sealed", "door_sealed", "own"):
            mine, theirs = getattr(one, column), getattr(two, column)
            setattr(one, column, theirs)
            setattr(two, column, mine)
    found = read_answers([row.rsvp_id for row in rows()], nasrin.reads(event))
    assert sorted(len(said) for said in found.values()) == [1, 1]
    assert all(len(own_answers(db.session.get_one(Rsvp, rsvp_id), DATA_KEY)) == 1 for rsvp_id in found)


def test_what_is_answered_anew_takes_the_place_of_what_was() -> None:
    nasrin, event = Account(), an_event()
    why, how = a_question(event, SHORT), a_question(event, SHORT, "How?", keep_days=2)
    rsvp = comes(event, {why.id: "poetry", how.id: "by bus"})
    answer(rsvp, {why.id: "song"}, data_key=None)
    assert read_answers([rsvp.id], nasrin.reads(event)) == {rsvp.id: {why.id: "song"}}
    assert own_answers(rsvp, DATA_KEY) == {why.id: "poetry", how.id: "by bus"}
    assert [row.keep_days for row in rows()] == [2, 14]


def test_an_answer_to_a_question_that_was_taken_back_stays() -> None:
    nasrin, event = Account(), an_event()
    why, how = a_question(event, SHORT), a_question(event, SHORT, "How?")
    rsvp = comes(event, {why.id: "poetry", how.id: "by bus"})
    actions.take_back(slug=event.slug, question_id=why.id, now=our_clock.now())
    every = questions_of(event.id, retired=True)
    answer(rsvp, with_earlier({how.id: "on foot"}, own_answers(rsvp, DATA_KEY), every))
    assert read_answers([rsvp.id], nasrin.reads(event)) == {rsvp.id: {why.id: "poetry", how.id: "on foot"}}


def test_the_door_never_reads_more_than_people_were_told() -> None:
    nasrin, event = Account(), an_event()
    told, untold = a_question(event, SHORT, seen_by="door"), a_question(event, SHORT)
    rsvp = comes(event, {told.id: "a", untold.id: "b"})
    revise(event, told.id, seen_by="organizers")
    revise(event, untold.id, seen_by="door")
    for round_ in range(2):
        assert read_answers([rsvp.id], nasrin.reads_at_the_door(event)) == {rsvp.id: {}}, round_
        assert read_answers([rsvp.id], nasrin.reads(event), door=True) == {rsvp.id: {}}, round_
        with atomic():
            assert seal_anew(event.id, [rsvp.id], nasrin.reads(event), our_clock.now())


@pytest.mark.parametrize("by_hand", [False, True])
def test_what_is_saved_again_unchanged_stays_with_those_who_were_named(*, by_hand: bool) -> None:
    nasrin, event = Account(), an_event()
    same, other = a_question(event, SHORT), a_question(event, SHORT)
    rsvp = comes(event, {same.id: "a", other.id: "b"})
    for question in (same, other):
        revise(event, question.id, seen_by="door")
    with atomic():
        questions = questions_of(event.id, retired=True)
        key, reader = (None, nasrin.reads(event)) if by_hand else (DATA_KEY, None)
        keep_answers(rsvp, {same.id: "a", other.id: "c"}, questions, key, our_clock.now(), reader)
    assert read_answers([rsvp.id], nasrin.reads_at_the_door(event)) == {rsvp.id: {other.id: "c"}}
    assert read_answers([rsvp.id], nasrin.reads(event)) == {rsvp.id: {same.id: "a", other.id: "c"}}


def test_a_new_key_of_the_list_opens_the_answers_and_the_old_one_does_not() -> None:
    nasrin, event = Account(), an_event()
    why = a_question(event, SHORT, seen_by="door")
    rsvp = comes(event, {why.id: "poetry"})
    before, roster = nasrin.reads(event), key_in_use(event.id, "roster")
    assert roster is not None
    old_id, old_box = roster.id, rows()[0].sealed
    with atomic():
        old = set(db.session.scalars(sa.select(EventKey.id)))
        for scope in SCOPES:
            add_key(event.id, scope, holders(("",)), our_clock.now())
        assert not seal_anew(event.id, [rsvp.id], NOBODY, our_clock.now())
        assert seal_anew(event.id, [rsvp.id], before, our_clock.now())
        with db.session.no_autoflush:
            rsvp.roster_key_id = rsvp.door_key_id = None
        db.session.flush()
        db.session.execute(sa.delete(EventKey).where(EventKey.id.in_(old)))
    assert read_answers([rsvp.id], before) == {rsvp.id: {}}
    assert read_answers([rsvp.id], nasrin.reads(event)) == {rsvp.id: {why.id: "poetry"}}
    assert read_answers([rsvp.id], nasrin.reads_at_the_door(event)) == {rsvp.id: {why.id: "poetry"}}
    opener: Opener = before.openers[old_id]
    for box in (rows()[0].sealed, old_box + b"x"):
        with pytest.raises(BoxRefused):
            opener.open(f"rsvps.answers.roster {event.id} {rsvp.id} 14", box)


def test_what_came_before_anybody_could_hold_a_key_is_sealed_as_soon_as_somebody_can() -> None:
    event = an_event()
    why, photo = a_question(event, SHORT, keep_days=1), a_question(event, YES_NO, seen_by="door")
    rsvp = comes(event, {why.id: "poetry", photo.id: True})
    assert read_answers([rsvp.id], NOBODY) == {rsvp.id: {why.id: "poetry", photo.id: True}}
    assert read_answers([rsvp.id], NOBODY, door=True) == {rsvp.id: {photo.id: True}}
    nasrin = Account()
    for _ in range(2):
        seal_vault_boxes(our_clock.now())
    assert read_answers([rsvp.id], NOBODY) == {rsvp.id: {}}
    assert read_answers([rsvp.id], nasrin.reads(event)) == {rsvp.id: {why.id: "poetry", photo.id: True}}
    assert read_answers([rsvp.id], nasrin.reads_at_the_door(event)) == {rsvp.id: {photo.id: True}}
    assert own_answers(rsvp, DATA_KEY) == {why.id: "poetry", photo.id: True}
    assert [is_covered(row.own or b"") for row in rows()] == [True, False]


def test_what_ends_before_the_list_opens_from_no_backup_afterwards(clock: Traveller) -> None:
    nasrin, event = Account(), an_event()
    short, long = a_question(event, SHORT, keep_days=1, seen_by="door"), a_question(event, SHORT, seen_by="door")
    rsvp = comes(event, {short.id: "a", long.id: "b"})
    shreds = shreds_of(event.id)
    assert len(shreds_of_terms(shreds)) == 1
    row = rows()[0]
    backup = {column.name: getattr(row, column.name) for column in RsvpAnswers.__table__.columns}
    clock.move_to(event.ends_at + dt.timedelta(days=1))
    erase_answers(our_clock.now())
    assert shreds_of_terms(shreds) == set()
    with atomic():
        db.session.execute(sa.insert(RsvpAnswers).values(backup))
    assert len(rows()) == 2
    assert read_answers([rsvp.id], nasrin.reads(event)) == {rsvp.id: {long.id: "b"}}
    assert read_answers([rsvp.id], nasrin.reads_at_the_door(event)) == {rsvp.id: {long.id: "b"}}
    assert own_answers(rsvp, DATA_KEY) == {long.id: "b"}


def test_the_key_of_a_term_ends_with_it_also_when_all_who_answered_are_gone(clock: Traveller) -> None:
    Account()
    event = an_event()
    early, late = (a_question(event, SHORT, keep_days=days) for days in (1, 2))
    rsvp = comes(event, {early.id: "a", late.id: "b"})
    shreds = shreds_of(event.id)
    erase_rsvp(rsvp_id=rsvp.id, now=our_clock.now())
    for day in range(3):
        clock.move_to(event.ends_at + dt.timedelta(days=day))
        erase_answers(our_clock.now())
        assert len(shreds_of_terms(shreds)) == 2 - day


def test_the_keys_of_terms_go_with_a_list_that_is_destroyed_early() -> None:
    Account()
    event = an_event()
    comes(event, {a_question(event, SHORT, keep_days=days).id: "a" for days in (0, 13)})
    shreds = shreds_of(event.id)
    assert len(shreds_of_terms(shreds)) == 2
    destroy_list(slug=event.slug, now=our_clock.now())
    assert shreds_of_terms(shreds) == set()
    assert rows() == []


def test_each_term_is_kept_and_moves_with_the_event(clock: Traveller) -> None:
    event = an_event()
    for days in (0, 2, None):
        a_question(event, SHORT, keep_days=days)
    rsvp = comes(event, {})
    ends_at = event.ends_at
    for moment, left in (
        (ends_at - dt.timedelta(seconds=1), [0, 2, 14]),
        (ends_at, [2, 14]),
        (ends_at + dt.timedelta(days=2, seconds=-1), [2, 14]),
        (ends_at + dt.timedelta(days=2), [14]),
        (ends_at + dt.timedelta(days=20), [14]),
    ):
        clock.move_to(moment)
        for _ in range(2):
            erase_answers(our_clock.now())
        assert [row.keep_days for row in rows()] == left
    with atomic():
        db.session.delete(db.session.get_one(Rsvp, rsvp.id))
    assert rows() == []


def test_reading_many_asks_as_often_as_reading_one(queries: Callable[[], AbstractContextManager[list[str]]]) -> None:
    nasrin, event = Account(), an_event()
    why = a_question(event, SHORT, seen_by="door")
    ids = [comes(event, {why.id: str(number)}).id for number in range(8)]
    asked = []
    for some in (ids[:1], ids):
        reader = nasrin.reads(event)
        db.session.rollback()
        with queries() as said:
            found = read_answers(some, reader, door=True)
        asked.append(len(said))
    assert asked[0] == asked[1] <= 3
    assert [found[rsvp_id][why.id] for rsvp_id in ids] == [str(number) for number in range(8)]
    assert json.dumps(found)
