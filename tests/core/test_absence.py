"""A database that is away: told from a fault, not waited for without an end, and nothing typed is lost."""

from __future__ import annotations

import fcntl
import io
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from iec_events.core.absence import NOT_AT_ALL_S, is_away, patience
from iec_events.core.db import atomic, db, snapshot
from tests.factories import an_event
from tests.filling import hidden_fields


def of_sqlite(code: int) -> sa.exc.DBAPIError:
    said = sqlite3.OperationalError("told")
    said.sqlite_errorcode = code
    return sa.exc.OperationalError("SELECT 1", {}, said)


@pytest.mark.parametrize(
    ("code", "away"),
    [
        (sqlite3.SQLITE_BUSY, True),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, True),
        (sqlite3.SQLITE_FULL, True),
        (sqlite3.SQLITE_IOERR_READ, True),
        (sqlite3.SQLITE_CANTOPEN, True),
        (sqlite3.SQLITE_READONLY, True),
        (sqlite3.SQLITE_ERROR, False),
        (sqlite3.SQLITE_CORRUPT, False),
    ],
)
def test_of_sqlite_what_may_be_well_in_a_minute_is_absence(code: int, away: bool) -> None:  # noqa: FBT001
    assert is_away(of_sqlite(code)) is away


@pytest.mark.parametrize(
    ("said", "kind", "away"),
    [
        (psycopg.OperationalError("connection failed"), sa.exc.OperationalError, True),
        (psycopg.errors.AdminShutdown(), sa.exc.OperationalError, True),
        (psycopg.errors.TooManyConnections(), sa.exc.OperationalError, True),
        (psycopg.errors.DiskFull(), sa.exc.OperationalError, True),
        (psycopg.errors.LockNotAvailable(), sa.exc.OperationalError, True),
        (psycopg.errors.ReadOnlySqlTransaction(), sa.exc.InternalError, True),
        (psycopg.errors.UndefinedTable(), sa.exc.ProgrammingError, False),
        (psycopg.errors.UniqueViolation(), sa.exc.IntegrityError, False),
        (psycopg.errors.InsufficientPrivilege(), sa.exc.ProgrammingError, False),
    ],
    ids=lambda given: type(given).__name__,
)
def test_of_postgresql_likewise(said: psycopg.Error, kind: Any, away: bool) -> None:  # noqa: FBT001
    assert is_away(kind("SELECT 1", {}, said)) is away


def test_a_server_that_is_silent_is_given_up_and_the_next_page_has_a_new_connection(app: Flask) -> None:
    del app
    if db.engine.dialect.name != "postgresql":
        pytest.skip("about PostgreSQL")
    began = time.monotonic()
    with pytest.raises(sa.exc.OperationalError) as silence, patience(0.05):
        db.session.execute(sa.text("SELECT pg_sleep(5)"))
    assert time.monotonic() - began < 3
    assert is_away(silence.value)
    assert silence.value.connection_invalidated
    db.session.rollback()
    assert db.session.scalar(sa.text("SELECT 1")) == 1


def test_a_host_that_lost_its_power_holds_no_lock_for_long(app: Flask) -> None:
    del app
    if db.engine.dialect.name != "postgresql":
        pytest.skip("about PostgreSQL")
    ask = sa.text("SHOW idle_in_transaction_session_timeout")
    assert db.session.scalar(ask) == "5min"
    with snapshot() as connection:  # a backup onto a slow disk goes on
        assert connection.scalar(ask) == "0"


def test_a_server_that_was_silent_is_not_asked_again_at_once(app: Flask) -> None:
    del app
    if db.engine.dialect.name != "postgresql":
        pytest.skip("about PostgreSQL")
    assert db.session.scalar(sa.text("SELECT 1")) == 1
    for _with_a_connection_in_the_pool_and_without in range(2):
        db.session.rollback()
        with pytest.raises(sa.exc.TimeoutError) as given_up, patience(NOT_AT_ALL_S):
            db.session.execute(sa.text("SELECT 1"))
        assert is_away(given_up.value)
    assert db.session.scalar(sa.text("SELECT 1")) == 1


def test_a_primary_that_became_a_standby_is_left(app: Flask) -> None:
    del app
    if db.engine.dialect.name != "postgresql":
        pytest.skip("about PostgreSQL")
    db.session.rollback()
    db.session.execute(sa.text("SET TRANSACTION READ ONLY"))
    with pytest.raises(sa.exc.InternalError) as refused:
        db.session.execute(sa.text("UPDATE site_state SET generation = 1"))
    assert is_away(refused.value)
    assert refused.value.connection_invalidated


def test_who_waited_too_long_for_the_turn_to_write_does_not_begin(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    del app
    if db.engine.dialect.name != "sqlite":
        pytest.skip("about SQLite")
    flock = fcntl.flock

    def wait_long(handle: int, how: int) -> None:
        flock(handle, how)
        time.sleep(0.03)

    monkeypatch.setattr("fcntl.flock", wait_long)
    with pytest.raises(sa.exc.TimeoutError) as late, patience(0.02), atomic():
        pass
    assert is_away(late.value)
    monkeypatch.undo()
    with patience(0.02):
        time.sleep(0.03)  # what is done before one waits does not count
        with atomic():
            pass


@pytest.fixture
def leave(app: Flask) -> Callable[[pytest.MonkeyPatch], None]:
    """Have the database be away, until the patch is undone."""

    def fail(*_given: object, **_more: object) -> None:
        raise of_sqlite(sqlite3.SQLITE_BUSY)

    def go(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(app, "testing", False)
        for name in ("execute", "scalar", "scalars", "connection"):
            patch.setattr(f"sqlalchemy.orm.Session.{name}", fail)

    return go


def test_what_was_typed_is_sent_again_with_one_button(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, leave: Callable[[pytest.MonkeyPatch], None]
) -> None:
    an_event(slug="berkeley")
    page = client.get("/events/berkeley/rsvp")
    typed = {**hidden_fields(page.text), "name": 'Nasrin "<b>"', "party_size": "2", "note": "one\ntwo", "email": ""}
    with monkeypatch.context() as patch:
        leave(patch)
        answer = client.post("/events/berkeley/rsvp", data=typed)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Pictures" not in answer.text
    again = hidden_fields(answer.text)
    assert again == typed
    assert client.post("/events/berkeley/rsvp", data=again).status_code == 303


def test_of_files_it_says_that_they_have_to_be_chosen_again(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, leave: Callable[[pytest.MonkeyPatch], None]
) -> None:
    an_event(slug="berkeley")
    typed = hidden_fields(client.get("/events/berkeley/rsvp").text)
    leave(monkeypatch)
    monkeypatch.setitem(app.view_functions, "rsvps.place", lambda slug: db.session.scalar(sa.text(slug)))
    picture = (io.BytesIO(b"octets"), "night.jpg")
    answer = client.post(
        "/events/berkeley/rsvp", data={**typed, "picture": picture}, content_type="multipart/form-data"
    )
    assert (answer.status_code, hidden_fields(answer.text)) == (503, typed)
    assert "Pictures and other files are not kept" in answer.text


def test_pressing_again_uses_up_nothing_of_what_others_on_the_network_may(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iec_events.core.limits.NEW_RATES", ("1/hour",))
    monkeypatch.setattr("iec_events.core.limits.NEW_HEADS", ("2/hour",))
    an_event(slug="berkeley")
    typed = {**hidden_fields(client.get("/events/berkeley/rsvp").text), "name": "Nasrin", "party_size": "2"}

    def fail(_session: object) -> None:
        raise of_sqlite(sqlite3.SQLITE_FULL)

    with monkeypatch.context() as patch:
        patch.setattr(app, "testing", False)
        patch.setattr("sqlalchemy.orm.Session.commit", fail)
        assert [client.post("/events/berkeley/rsvp", data=typed).status_code for _ in range(2)] == [503, 503]
    assert client.post("/events/berkeley/rsvp", data=typed).status_code == 303
    another = {**typed, "seed": typed["seed"][::-1], "name": "Sara"}
    assert client.post("/events/berkeley/rsvp", data=another).status_code == 429


@pytest.mark.parametrize(("name", "csrf"), [("password", True), ("words", True), ("note", False)])
def test_secrets_and_what_other_sites_send_stand_in_no_page(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch,
    leave: Callable[[pytest.MonkeyPatch], None], name: str, csrf: bool,  # noqa: FBT001
) -> None:  # fmt: skip
    an_event(slug="berkeley")
    typed = hidden_fields(client.get("/events/berkeley/rsvp").text)
    given = {name: "Zw4kTq", "csrf_token": typed["csrf_token"] if csrf else "x"}
    leave(monkeypatch)
    monkeypatch.setitem(app.view_functions, "rsvps.place", lambda slug: db.session.scalar(sa.text(slug)))
    answer = client.post("/events/berkeley/rsvp", data=given)
    assert answer.status_code == 503
    assert "Zw4kTq" not in answer.text
    assert "<form" not in answer.text
