"""The audit trail: every way of tampering with it shows, and honest use never does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.organizers import audit
from iec_events.organizers.audit import Noted, acting, hash_of, note, prune, trail, verify
from iec_events.organizers.models import AuditEntry, AuditHead
from tests.factories import an_organizer

DAY = dt.timedelta(days=1)
# printf '["iec-audit 1",1,1800014400,"operator","event.published","event:شب",""]' | sha256sum
GOLDEN = "77b6cf6122319d24a9a69869dd1b339a1f4b78ff7eacdff6c814769746173417"


def entries(count: int = 5) -> None:
    for number in range(count):
        note("event.revised", f"event:night-{number}", now=clock.now(), who="operator")


def told() -> list[tuple[int, str, str, str]]:
    db.session.rollback()
    query = sa.select(AuditEntry.id, AuditEntry.who, AuditEntry.what, AuditEntry.about).order_by(AuditEntry.id)
    return [(number, who, what, about) for number, who, what, about in db.session.execute(query)]


@atomic()
def note_and_fail() -> None:
    note("event.published", "event:berkeley", now=clock.now())
    raise RuntimeError


def change(number: int, **values: object) -> None:
    """What somebody with the database alone can do."""
    with atomic():
        db.session.execute(sa.update(AuditEntry).where(AuditEntry.id == number).values(**values))


def remove(*numbers: int) -> None:
    with atomic():
        db.session.execute(sa.delete(AuditEntry).where(AuditEntry.id.in_(numbers)))


def change_head(**values: object) -> None:
    with atomic():
        db.session.execute(sa.update(AuditHead).values(**values))


def test_notes_stand_in_order_with_who_acted(app: Flask) -> None:
    del app
    note("sign-in.refused", "", now=clock.now())
    acting("abcdefgh12345678")
    note("event.published", "event:berkeley", now=clock.now())
    note("event.revised", "event:berkeley", now=clock.now(), who="operator")
    assert told() == [
        (1, "stranger", "sign-in.refused", ""),
        (2, "abcdefgh12345678", "event.published", "event:berkeley"),
        (3, "operator", "event.revised", "event:berkeley"),
    ]
    verdict = verify()
    assert (verdict.count, verdict.number, verdict.broken) == (3, 3, None)


def test_the_first_hash_is_the_one_that_is_written_down(app: Flask) -> None:
    del app
    note("event.published", "event:شب", now=clock.now(), who="operator")
    assert verify().hash == GOLDEN
    noted = Noted(at=clock.now(), who="operator", what="event.published", about="event:شب")
    assert hash_of(1, noted, "") == verify().hash


def test_what_is_not_kept_is_not_noted(app: Flask) -> None:
    del app
    with pytest.raises(RuntimeError):
        note_and_fail()
    assert told() == []
    entries(1)
    assert told() == [(1, "operator", "event.revised", "event:night-0")]


def test_an_empty_trail_is_whole(app: Flask) -> None:
    del app
    verdict = verify()
    assert (verdict.count, verdict.broken) == (0, None)


@pytest.mark.parametrize(
    "changed",
    [{"who": "worker"}, {"what": "event.created"}, {"about": "event:other"}, {"at": clock.now() + DAY}, {"hash": "0"}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_changed_entry_shows(app: Flask, changed: dict[str, object]) -> None:
    del app
    entries()
    change(3, **changed)
    assert verify().broken == "Entry 3 was changed."


def test_a_changed_entry_with_a_hash_that_fits_shows_in_the_next(app: Flask) -> None:
    del app
    entries()
    row = db.session.get_one(AuditEntry, 3)
    forged = Noted(at=row.at, who="worker", what=row.what, about=row.about)
    change(3, who="worker", hash=hash_of(3, forged, row.previous))
    assert verify().broken is not None
    assert "Entry 4 does not follow" in str(verify().broken)


@pytest.mark.parametrize(
    ("gone", "sentence"),
    [
        ([1], "Entry 1 is missing."),
        ([3], "Entry 3 is missing."),
        ([4, 5], "Entry 4 is missing, and all after it up to entry 5."),
        ([1, 2, 3, 4, 5], "Entry 1 is missing, and all after it up to entry 5."),
    ],
)
def test_a_removed_entry_shows(app: Flask, gone: list[int], sentence: str) -> None:
    del app
    entries()
    remove(*gone)
    assert verify().broken == sentence


def test_entries_in_another_order_show(app: Flask) -> None:
    del app
    entries()
    for old, new in ((2, 99), (4, 2), (99, 4)):
        change(old, id=new)
    assert verify().broken == "Entry 2 was changed."


def test_an_end_cut_off_shows_even_when_the_head_is_moved_back(app: Flask) -> None:
    del app
    entries()
    third = db.session.scalar(sa.select(AuditEntry.hash).where(AuditEntry.id == 3))
    remove(4, 5)
    change_head(number=3, hash=third)
    assert verify().broken == "The head of the trail was changed by somebody without the server's key."


def test_a_whole_chain_written_anew_shows(app: Flask) -> None:
    del app
    entries(1)
    forged = Noted(at=clock.now(), who="worker", what="event.revised", about="event:night-0")
    change(1, who="worker", hash=hash_of(1, forged, ""))
    assert verify().broken == "Entry 1 is not the one that the head was sealed over."


def test_an_entry_put_behind_the_head_shows(app: Flask) -> None:
    del app
    entries(1)
    last = db.session.get_one(AuditEntry, 1)
    added = Noted(at=clock.now(), who="worker", what="event.revised", about="event:night-0")
    row = AuditEntry(id=2, previous=last.hash, hash=hash_of(2, added, last.hash), at=added.at, who=added.who)
    row.what, row.about = added.what, added.about
    with atomic():
        db.session.add(row)
    assert verify().broken == "Entry 2 was put there without the server's key."


def test_a_head_taken_away_stays_visible_whatever_is_noted_later(app: Flask) -> None:
    del app
    entries()
    remove(5)
    with atomic():
        db.session.execute(sa.delete(AuditHead))
    assert verify().broken == "The head of the trail is missing."
    entries(2)
    assert len(told()) == 6
    assert verify().broken == "The head of the trail was changed by somebody without the server's key."


def test_a_trail_wiped_out_shows_by_the_accounts_that_are_older(app: Flask, clock: time_machine.Traveller) -> None:
    del app
    an_organizer()
    clock.shift(2 * DAY)
    assert "The beginning of the trail is missing" in str(verify().broken)
    entries()
    assert "The beginning of the trail is missing" in str(verify().broken)


def test_a_year_later_entries_are_forgotten_and_the_rest_still_holds(app: Flask, clock: time_machine.Traveller) -> None:
    del app
    an_organizer()
    entries(3)
    clock.shift(300 * DAY)
    entries(2)
    prune(dt.datetime.now(dt.UTC))
    assert len(told()) == 5
    clock.shift(66 * DAY)
    prune(dt.datetime.now(dt.UTC))
    assert [row[0] for row in told()] == [4, 5]
    assert (verify().count, verify().number, verify().broken) == (2, 5, None)
    remove(4)
    assert verify().broken == "Entry 4 is missing."


def test_everything_can_be_forgotten_and_the_numbers_go_on(app: Flask, clock: time_machine.Traveller) -> None:
    del app
    entries(3)
    clock.shift(400 * DAY)
    prune(dt.datetime.now(dt.UTC))
    assert told() == []
    assert verify().broken is None
    entries(1)
    assert [row[0] for row in told()] == [4]
    assert verify().broken is None


def test_pruning_more_than_is_sealed_shows(app: Flask) -> None:
    del app
    entries()
    second = db.session.scalar(sa.select(AuditEntry.hash).where(AuditEntry.id == 2))
    remove(1, 2)
    change_head(pruned=2, pruned_hash=second)
    assert verify().broken == "The head of the trail was changed by somebody without the server's key."


def test_many_at_once_make_one_chain(app: Flask) -> None:
    def write(number: int) -> None:
        with app.app_context():
            for _ in range(5):
                note("event.revised", f"event:night-{number}", now=clock.now(), who="operator")

    with ThreadPoolExecutor(8) as writers:
        list(writers.map(write, range(8)))
    assert [row[0] for row in told()] == list(range(1, 41))
    assert verify().broken is None


def test_a_trail_that_grows_while_it_is_read_is_whole(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    entries(3)
    walk: Callable[..., audit.Verdict] = audit._walk
    grown: list[int] = []

    def write() -> None:
        with app.app_context():
            entries(1)

    def walk_and_be_disturbed(head: object) -> audit.Verdict:
        if not grown:
            grown.append(1)
            with ThreadPoolExecutor(1) as other:
                other.submit(write).result()
        return walk(head)

    monkeypatch.setattr(audit, "_walk", walk_and_be_disturbed)
    assert verify().broken is None


def test_the_page_of_one_person(app: Flask) -> None:
    del app
    nasrin = an_organizer()
    for _ in range(audit.PAGE):
        note("event.revised", "event:berkeley", now=clock.now(), who=nasrin.id)
    note("key.made", "", now=clock.now(), who="operator")
    found = trail(who=nasrin.id)
    assert (len(found.lines), found.pages) == (audit.PAGE, 1)
    assert {line.name for line in found.lines} == {"Nasrin"}
    assert (trail().pages, trail().lines[0].what, trail().lines[0].name) == (2, "key.made", None)
    assert [line.number for line in trail(page=2).lines] == [1]
    assert trail().people == {nasrin.id: "Nasrin", "operator": None}
