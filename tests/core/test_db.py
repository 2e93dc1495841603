"""Transactions: all or nothing, one after the other, and counted when strangers' pages change."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from iec_events.core import clock as our_clock
from iec_events.core.db import Moment, SiteState, atomic, db, generation, key_check_fits, note_worker
from iec_events.events.models import Event
from tests.conftest import KEY, Installation, prepare_sqlite, settings_for
from tests.core.writing import add_up, write_for_a_while
from tests.factories import a_campaign, an_event
from tests.processes import forks

OTHER_KEY = KEY[::-1].replace("=", "") + "="


class Stop(Exception):
    """Something went wrong on the way."""


def city(event_id: int) -> str | None:
    db.session.rollback()
    return db.session.scalar(sa.select(Event.city).where(Event.id == event_id))


def info() -> set[str]:
    return set(db.session().info) & {"atomic", "public_change", "failed"}


# --- All or nothing


def test_what_is_done_is_kept_and_an_exception_undoes_all(app: Flask) -> None:
    del app
    event_id = an_event().id
    with atomic():
        db.session.get_one(Event, event_id).city = "Oakland"
    assert city(event_id) == "Oakland"
    with pytest.raises(Stop), atomic():  # noqa: PT012
        db.session.get_one(Event, event_id).city = "Bogotá"
        db.session.flush()
        raise Stop
    assert city(event_id) == "Oakland"
    assert info() == set()
    assert not db.session.new
    assert not db.session.dirty


def test_nested_ones_join_the_outermost(app: Flask) -> None:
    del app
    event_id = an_event().id
    with pytest.raises(Stop), atomic():  # noqa: PT012
        with atomic():
            db.session.get_one(Event, event_id).city = "Oakland"
        raise Stop
    assert city(event_id) == "Berkeley"
    with atomic(), atomic():
        db.session.get_one(Event, event_id).city = "Cali"
    assert city(event_id) == "Cali"


def test_half_of_a_failed_nested_verb_is_never_kept(app: Flask) -> None:
    del app
    event_id = an_event().id

    @atomic()
    def inner() -> None:
        db.session.get_one(Event, event_id).city = "Oakland"
        raise Stop

    def outer() -> None:
        with atomic(), suppress(Stop):
            inner()

    with pytest.raises(RuntimeError, match="half of what it did"):
        outer()
    assert city(event_id) == "Berkeley"
    assert info() == set()
    with atomic():  # and the next one is not held up by it
        db.session.get_one(Event, event_id).city = "Cali"
    assert city(event_id) == "Cali"


def test_it_decorates_verbs_again_and_again(app: Flask) -> None:
    del app
    event_id = an_event().id

    @atomic()
    def move(to: str) -> str:
        db.session.get_one(Event, event_id).city = to
        return to.upper()

    assert [move("Oakland"), move("Cali")] == ["OAKLAND", "CALI"]
    assert city(event_id) == "Cali"


def test_a_broken_constraint_undoes_all_and_tells_no_values(app: Flask) -> None:
    del app
    first, second = an_event(slug="one").id, an_event(slug="two").id
    with pytest.raises(sa.exc.IntegrityError) as broken, atomic():  # noqa: PT012
        db.session.get_one(Event, first).city = "Oakland"
        db.session.get_one(Event, second).slug = "one"
    assert city(first) == "Berkeley"
    assert "hide_parameters" in str(broken.value)
    with pytest.raises(sa.exc.IntegrityError), atomic():
        db.session.execute(sa.update(Event).values(capacity=1, seats_taken=2))


def test_rows_read_before_are_read_again_inside(app: Flask, installation: Installation) -> None:
    del app
    event = an_event()
    assert event.city == "Berkeley"
    with installation.engine.begin() as elsewhere:
        elsewhere.execute(sa.update(Event).values(city="Oakland"))
    with atomic():
        assert event.city == "Oakland"
        assert db.session.get_one(Event, event.id) is event


def test_what_was_changed_outside_is_not_swept_in(app: Flask) -> None:
    del app
    event = an_event()
    event.city = "Nowhere"
    with atomic():
        pass
    assert city(event.id) == "Berkeley"


def test_reading_holds_no_lock(app: Flask, installation: Installation) -> None:
    event_id = an_event().id
    with atomic():
        pass
    assert city(event_id) == "Berkeley"  # a transaction that reads is open now
    done: list[str] = []

    def write() -> None:
        with installation.app.app_context(), atomic():
            db.session.get_one(Event, event_id).city = "Oakland"
            done.append("written")

    writer = threading.Thread(target=write)
    writer.start()
    writer.join(10)
    assert done == ["written"]
    assert db.session.scalar(sa.select(Event.city)) in {"Berkeley", "Oakland"}
    assert app.testing


# --- One after the other


def test_threads_lose_nothing(installation: Installation, app: Flask) -> None:
    del app
    event_id, failed = an_event().id, []

    def work() -> None:
        try:
            with installation.app.app_context():
                add_up(event_id, 15)
        except Exception as fault:  # noqa: BLE001 - it is asserted on
            failed.append(fault)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert failed == []
    assert db.session.get_one(Event, event_id).seats_taken == 8 * 15


@pytest.mark.slow
@pytest.mark.real_time
def test_processes_lose_nothing_and_none_starves(installation: Installation, app: Flask) -> None:
    del app
    event_id, many = an_event().id, 4
    db.session.rollback()
    context = forks()
    begin, counts = context.Barrier(many), context.Queue()
    given = (settings_for(installation.folder, installation.database_url), event_id, begin, counts)
    writers = [context.Process(target=write_for_a_while, args=given) for _ in range(many)]
    for writer in writers:
        writer.start()
    written = [counts.get(timeout=60) for _writer in writers]
    for writer in writers:
        writer.join(30)
    assert [writer.exitcode for writer in writers] == [0] * many
    assert db.session.get_one(Event, event_id).seats_taken == sum(written)
    assert min(written) >= sum(written) / many / 4, written


def test_public_changes_at_once_do_not_lock_each_other_out(installation: Installation, app: Flask) -> None:
    del app
    ids, failed = [an_event().id for _ in range(4)], []
    before = generation()

    def work(own: int) -> None:
        try:
            with installation.app.app_context():
                for number in range(10):
                    with atomic():
                        db.session.get_one(Event, own, with_for_update=True).city = f"City {number}"
                    note_worker(our_clock.now())
        except Exception as fault:  # noqa: BLE001 - it is asserted on
            failed.append(fault)

    threads = [threading.Thread(target=work, args=(one,)) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert failed == []
    assert generation() == before + 40


# --- What strangers see


def bumps(action: Callable[[], object]) -> int:
    before = generation()
    with atomic():
        action()
    db.session.rollback()
    return generation() - before


def test_what_strangers_see_counts_once_for_each_commit(app: Flask) -> None:
    del app
    event, campaign = an_event(), a_campaign()
    event_id, campaign_id = event.id, campaign.id

    def change(**values: object) -> Callable[[], None]:
        def write() -> None:
            for name, value in values.items():
                setattr(db.session.get_one(Event, event_id), name, value)
                db.session.flush()

        return write

    assert bumps(change(city="Oakland")) == 1
    assert bumps(change(city="Oakland")) == 0
    assert bumps(change(seats_taken=3)) == 0
    assert bumps(change(seats_taken=4, availability="few")) == 1
    assert bumps(change(campaign_id=campaign_id)) == 1
    assert bumps(change(city="Cali", venue="La Casa")) == 1
    assert bumps(lambda: db.session.execute(sa.update(Event).values(seats_taken=5))) == 0
    assert bumps(lambda: note_worker(our_clock.now())) == 0
    assert bumps(lambda: db.session.delete(db.session.get_one(Event, event_id))) == 1


def test_what_is_rolled_back_does_not_count(app: Flask) -> None:
    heard: list[int] = []
    app.extensions["on_public_change"].append(lambda: heard.append(1))
    event_id, before = an_event().id, generation()
    assert heard == [1]
    with pytest.raises(Stop), atomic():  # noqa: PT012
        db.session.get_one(Event, event_id).city = "Oakland"
        db.session.flush()
        raise Stop
    with atomic():
        db.session.get_one(Event, event_id).seats_taken = 1
    db.session.rollback()
    assert (heard, generation()) == ([1], before)
    app.extensions["on_public_change"].pop()


def test_listeners_hear_of_it_after_the_commit(app: Flask, installation: Installation) -> None:
    seen: list[str] = []

    def look() -> None:
        with installation.engine.connect() as elsewhere:
            seen.append(elsewhere.execute(sa.select(Event.city)).scalar_one())

    an_event()
    app.extensions["on_public_change"].append(look)
    with atomic():
        db.session.scalars(sa.select(Event)).one().city = "Oakland"
    app.extensions["on_public_change"].pop()
    assert seen == ["Oakland"]


# --- Small things


def test_moments_are_aware_and_come_back_in_utc(app: Flask) -> None:
    del app
    local = dt.datetime(2024, 2, 24, 18, tzinfo=dt.timezone(dt.timedelta(hours=-8)))
    event_id = an_event(starts_at=local).id
    db.session.expire_all()
    kept = db.session.get_one(Event, event_id).starts_at
    assert (kept.isoformat(), kept) == ("2024-02-25T02:00:00+00:00", local)
    with pytest.raises(ValueError, match="needs a time zone"):
        Moment().process_bind_param(dt.datetime(2024, 2, 24, 18), db.engine.dialect)  # noqa: DTZ001


def test_another_vault_key_is_noticed(installation: Installation, app: Flask) -> None:
    with atomic():
        db.session.execute(sa.update(SiteState).values(key_check=None))
    assert key_check_fits()  # which leaves the mark
    assert key_check_fits()
    try:
        for keys, fits in [(KEY, False), (f"{KEY},{OTHER_KEY}", True)]:
            with installation.make_app(VAULT_KEYS=keys).app_context():
                assert key_check_fits() is fits
    finally:
        with atomic():
            db.session.execute(sa.update(SiteState).values(key_check=None))
    assert app.testing


def test_sqlite_is_careful_with_what_it_keeps(
    app: Flask, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    del app
    if db.engine.dialect.name != "sqlite":
        pytest.skip("about SQLite")
    monkeypatch.setattr("iec_events.core.connections._prepare_sqlite", prepare_sqlite)  # as it is for all but tests
    with installation.make_app().app_context():
        asked = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "trusted_schema", "temp_store")
        assert [db.session.scalar(sa.text(f"PRAGMA {name}")) for name in asked] == ["wal", 2, 1, 1, 0, 2]
    file = Path(str(db.engine.url.database) + ".turn")
    assert file.stat().st_mode & 0o077 == 0


def test_writers_begin_at_once_and_readers_later(
    app: Flask, queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    del app
    if db.engine.dialect.name != "sqlite":
        pytest.skip("about SQLite")
    with queries() as asked:
        generation()
        with atomic():
            pass
        generation()
    assert [statement for statement in asked if statement.startswith("BEGIN")] == ["BEGIN", "BEGIN IMMEDIATE", "BEGIN"]


def test_a_connection_that_rested_while_the_server_was_restarted_is_replaced(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    del app
    if db.engine.dialect.name == "sqlite":
        return  # there is no server to restart
    db.session.execute(sa.text("SELECT 1"))
    db.session.rollback()
    db.engine.dispose()  # the two below are all there are: none is left dead for a later test
    with db.engine.connect() as other, db.engine.connect() as one:
        backend = one.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        one.close()
        other.exec_driver_sql(f"SELECT pg_terminate_backend({backend})")
    monkeypatch.setattr("iec_events.core.connections.RESTED_S", 0.0)
    with db.engine.connect() as first, db.engine.connect() as second:
        assert first.exec_driver_sql("SELECT 1").scalar_one() == second.exec_driver_sql("SELECT 1").scalar_one() == 1
