"""What each kind of database needs of its connections, and whose turn it is to write.

SQLite writers wait for their turn on a lock file, first come first served: with `synchronous=FULL` and several
processes SQLite's own busy handler starves some of them. `BEGIN IMMEDIATE` then takes the write lock at once,
for what runs with the option `writes`.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from .absence import ASK_WAITS_S, ask_nothing_of_the_silent, bear_absence, is_too_late, patience

RESTED_S = 1.0


def tend(engine: sa.Engine) -> None:
    """Have each connection of this engine be as its kind of database needs it."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        bear_absence(engine)
        _try_rested_connections(engine)


def turn(engine: sa.Engine) -> Any:
    """The right to write: a lock file beside an SQLite database; other databases see to it themselves."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path or path == ":memory:":
        return nullcontext()
    return _locked(path + ".turn")


@contextmanager
def _locked(path: str) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        since = time.monotonic()
        fcntl.flock(handle, fcntl.LOCK_EX)
        if is_too_late(since):  # who waited in front found the database locked, each for a while
            raise sa.exc.TimeoutError("The turn to write came too late")
        yield
    finally:
        os.close(handle)


def _try_rested_connections(engine: sa.Engine) -> None:
    """Try a connection that lay unused before it is used again: the server may have been restarted meanwhile.

    SQLAlchemy's own `pool_pre_ping` asks before each use, which is one question in four for a busy service.
    """

    def note_rest(_connection: object, record: Any) -> None:
        record.info["rests_since"] = time.monotonic()

    def wake(connection: Any, record: Any, _proxy: object) -> None:
        ask_nothing_of_the_silent()
        since = record.info.get("rests_since")
        if since is None or time.monotonic() - since < RESTED_S:
            return
        try:
            with patience(ASK_WAITS_S):
                engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise sa.exc.DisconnectionError from error  # the pool opens a new one

    event.listen(engine, "checkin", note_rest)
    event.listen(engine, "checkout", wake)


def _prepare_sqlite(raw: Any, _record: object) -> None:
    raw.isolation_level = None  # SQLAlchemy says BEGIN, not the driver
    if not raw.execute("PRAGMA page_count").fetchone()[0]:
        raw.execute("PRAGMA auto_vacuum=FULL")  # before WAL and tables; later it does nothing, but waits for writers
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "trusted_schema=OFF",
        "temp_store=MEMORY",
    ):
        raw.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
