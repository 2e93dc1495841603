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
from iec_events.organizers import audit, audit_check
from iec_events.organizers.anchor import Anchor, keep_anchor, known_anchor
from iec_events.organizers.audit import Noted, acting, hash_of, note, trail
from iec_events.organizers.audit_check import NothingToAccept, ReasonRefused, accept, first_since, prune, verify
from iec_events.organizers.commands import audit_trail
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
    checked: Callable[..., audit_check.Verdict] = audit_check._checked
    grown: list[int] = []

    def write() -> None:
        with app.app_context():
            entries(1)

    def check_and_be_disturbed(*seen: object) -> audit_check.Verdict:
        if not grown:
            grown.append(1)
            with ThreadPoolExecutor(1) as other:
                other.submit(write).result()
        return checked(*seen)

    monkeypatch.setattr(audit_check, "_checked", check_and_be_disturbed)
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


# --- Damage that was accepted


def cut_out() -> None:
    remove(3, 4)


def rewrite() -> None:
    change(3, who="worker")


def cut_off() -> None:
    remove(5)


def behead() -> None:
    with atomic():
        db.session.execute(sa.delete(AuditHead))


def put_behind() -> None:
    row = AuditEntry(id=6, previous="", hash="", at=clock.now(), who="worker", what="event.revised", about="")
    with atomic():
        db.session.add(row)


@pytest.mark.parametrize(
    ("damage", "ranges"),
    [(cut_out, (3, 5)), (rewrite, (3, 5)), (cut_off, (5, 5)), (behead, (1, 5)), (put_behind, (6, 6))],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_damage_is_accepted_once_and_hides_no_later_one(
    app: Flask, damage: Callable[[], None], ranges: tuple[int, int]
) -> None:
    del app
    acting("operator")
    entries()
    damage()
    assert verify().broken
    (done,) = accept(reason=" the disk  was full ", now=clock.now())
    assert (done.first, done.last, done.who, done.reason) == (*ranges, "operator", "the disk was full")
    assert told()[-1][2:] == ("audit.accepted", f"trail:{ranges[0]}-{ranges[1]} the disk was full")
    entries(2)
    verdict = verify()
    assert (verdict.broken, verdict.accepted) == (None, [done])
    with pytest.raises(NothingToAccept):
        accept(reason="again", now=clock.now())
    if ranges[0] > 1:
        change(1, who="worker")
        assert verify().broken == "Entry 1 was changed."
        change(1, who="operator")
        assert verify().broken is None
    change(ranges[1] + 2, about="event:other")
    assert verify().broken == f"Entry {ranges[1] + 2} was changed."


def test_what_was_accepted_must_stay_as_it_is(app: Flask) -> None:
    del app
    entries()
    rewrite()
    accept(reason="a mistake", now=clock.now())
    change(4, about="event:other")
    assert verify().broken == "Entry 3 was changed."
    accept(reason="and another", now=clock.now())
    assert [(one.first, one.last) for one in verify().accepted] == [(3, 6)]


def test_an_acceptance_is_not_forged_without_the_key(app: Flask) -> None:
    del app
    entries()
    rewrite()
    row = db.session.get_one(AuditEntry, 5)
    forged = Noted(at=row.at, who="operator", what="audit.accepted", about="trail:3-4 all is well")
    previous = audit_check._checksum(3, 4)
    change(5, what=forged.what, about=forged.about, previous=previous, hash=hash_of(5, forged, previous))
    assert verify().broken == "Entry 5 is not the one that the head was sealed over."


def test_a_beginning_that_is_missing_can_be_accepted(app: Flask, clock: time_machine.Traveller) -> None:
    del app
    an_organizer()
    clock.shift(2 * DAY)
    (done,) = accept(reason="a fresh start", now=dt.datetime.now(dt.UTC))
    assert (done.first, done.last, verify().broken) == (0, 0, None)
    entries()
    remove(2)
    assert verify().broken == "Entry 2 is missing."


@pytest.mark.parametrize("reason", ["", " \n", "x" * 71])
def test_there_must_be_a_reason_and_not_a_story(app: Flask, reason: str) -> None:
    del app
    entries()
    rewrite()
    with pytest.raises(ReasonRefused):
        accept(reason=reason, now=clock.now())


def test_a_year_later_what_was_accepted_is_forgotten_too(app: Flask, clock: time_machine.Traveller) -> None:
    del app
    entries()
    remove(2)
    clock.shift(366 * DAY)
    prune(dt.datetime.now(dt.UTC))
    assert len(told()) == 4  # what is broken is no way to be rid of it
    accept(reason="seen too late", now=dt.datetime.now(dt.UTC))
    clock.shift(DAY)
    prune(dt.datetime.now(dt.UTC))
    assert ([row[0] for row in told()], verify().broken) == ([6], None)
    clock.shift(366 * DAY)
    prune(dt.datetime.now(dt.UTC))
    assert (told(), verify().broken) == ([], None)


# --- From an entry on


def test_from_an_entry_or_a_day_on(app: Flask, clock: time_machine.Traveller) -> None:
    del app
    entries(3)
    clock.shift(2 * DAY)
    entries(2)
    change(2, who="worker")
    assert verify().broken == "Entry 2 was changed."
    for since, count in ((3, 3), (4, 2), (5, 1), (6, 0), (99, 0)):
        verdict = verify(since=since)
        assert (verdict.broken, verdict.count, verdict.number) == (None, count, 5)
    assert [first_since(dt.datetime.now(dt.UTC) - days * DAY) for days in (-1, 0, 1, 3)] == [6, 4, 4, 1]
    change(5, who="worker")
    assert verify(since=4).broken == "Entry 5 was changed."
    remove(4)
    assert verify(since=4).broken == "Entry 4 is missing."


def test_the_command_takes_days_and_numbers_and_says_what_was_accepted(app: Flask) -> None:
    runner = app.test_cli_runner()
    acting("operator")
    entries(3)
    refused = runner.invoke(audit_trail, ["accept", "--reason", "nothing"])
    assert (refused.exit_code, refused.output) == (1, "Error: The trail is whole: there is nothing to accept.\n")
    change(2, who="worker")
    assert runner.invoke(audit_trail, ["verify", "--since", "3"]).output.startswith("OK: 1 entries, the last is ")
    assert runner.invoke(audit_trail, ["verify", "--since", "2027-01-16"]).output.startswith("OK: 0 entries")
    assert runner.invoke(audit_trail, ["verify", "--since", "soon"]).exit_code == 1
    accepted = "Entries 2 to 3: accepted as it is on 2027-01-15 by The operator, on the server: a test.\n"
    done = runner.invoke(audit_trail, ["accept", "--reason", "a test"])
    assert (done.exit_code, done.output) == (0, accepted)
    assert runner.invoke(audit_trail, ["verify"]).output.startswith(accepted + "OK: 2 entries, the last is number 4")


# --- An older database, put back


TABLES = [(name, db.metadata.tables[name]) for name in ("audit_entries", "audit_head")]


def kept() -> dict[str, list[dict[str, object]]]:
    """All of the trail, as in a copy of the database."""
    return {name: [dict(row) for row in db.session.execute(sa.select(table)).mappings()] for name, table in TABLES}


def put_back(copy: dict[str, list[dict[str, object]]]) -> None:
    with atomic():
        for name, table in TABLES:
            db.session.execute(sa.delete(table))
            db.session.execute(sa.insert(table), copy[name])
    db.session.remove()


def test_an_older_database_that_is_put_back_shows_whatever_is_noted_later(app: Flask) -> None:
    del app
    entries(3)
    copy = kept()
    entries(2)
    put_back(copy)
    assert "ends with entry 3, but the file `audit.head` in the key folder knows entry 5" in str(verify().broken)
    for number in range(4):
        note("event.published", f"event:{number}", now=clock.now(), who="operator")
    assert "Entry 5 is another one than the file" in str(verify().broken)
    (done,) = accept(reason="the disk broke", now=clock.now())
    assert (done.first, done.last, verify().broken) == (1, 7, None)


def test_an_older_database_can_be_accepted_and_numbers_are_not_used_twice(app: Flask) -> None:
    del app
    entries(3)
    copy = kept()
    entries(2)
    put_back(copy)
    (done,) = accept(reason="the disk broke", now=clock.now())
    assert (done.first, done.last) == (4, 5)
    assert [row[0] for row in told()] == [1, 2, 3, 6]
    entries(1)
    assert (verify().broken, known_anchor()) == (None, Anchor(7, verify().hash))


def test_the_file_lags_behind_without_harm_and_may_be_unreadable(app: Flask) -> None:
    file = app.extensions["settings"].key_dir / "audit.head"
    entries(2)
    assert file.stat().st_mode & 0o777 == 0o600
    behind = file.read_text()
    entries(2)
    file.write_text(behind)
    assert verify().broken is None
    entries(1)
    assert known_anchor() == Anchor(5, verify().hash)
    keep_anchor(Anchor(2, "0" * 64))
    assert known_anchor() == Anchor(5, verify().hash)
    file.write_text("gone mad")
    assert (known_anchor(), verify().broken) == (None, None)
    file.unlink()
    file.mkdir()
    entries(1)
    assert verify().broken is None
    file.rmdir()
