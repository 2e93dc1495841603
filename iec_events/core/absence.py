"""A database that is away, full, locked or silent: how that is told from a fault, and how long it is waited for.

Nobody should look at an empty window for minutes: while a page is made, a silent PostgreSQL is given up after a while
(`patience`), and its connection closed. Jobs and commands wait as long as it takes, but for a new connection.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

PAGE_WAITS_S = 15.0  # less than what proxies and gunicorn wait for us
CONNECT_WAITS_S = 5.0
ASK_WAITS_S = 3.0  # to learn whether it is there, and until it is
NOT_AT_ALL_S = 0.0  # when it was silent just now: a crowd that waits would have those wait who need no database
# What is not in the address of the database: without these a host that lost its power is waited for for hours.
NETWORK = {
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
# Nor does the server wait for ever for one of our hosts that lost its power with a locked event in its hands.
LETS_GO_AFTER = "5min"
READ_ONLY = "25006"
PASSING = {READ_ONLY, "40001", "40P01", "55P03"}  # a standby; somebody was faster, or is not ready yet
AWAY_CLASSES = {"08", "53", "57", "58"}  # connection, too little of something, an operator's hand, the system
SQLITE_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
_seconds: ContextVar[float | None] = ContextVar("seconds", default=None)


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Inside, no single answer of the database is waited for longer than that, nor is one's turn to write."""
    before = _seconds.set(seconds)
    try:
        yield
    finally:
        _seconds.reset(before)


def is_too_late(waits_since: float) -> bool:
    """Whether who waits since then (`time.monotonic`) has waited longer than one answer may take."""
    seconds = _seconds.get()
    return seconds is not None and time.monotonic() - waits_since > seconds


def ask_nothing_of_the_silent() -> None:
    """Raise TimeoutError where nothing is to be waited for, not even a connection."""
    if _seconds.get() == NOT_AT_ALL_S:
        raise sa.exc.TimeoutError("The database was silent a moment ago")


def is_away(fault: BaseException) -> bool:
    """Whether the database could not be reached or could not do it now, so that it may go well in a minute."""
    if isinstance(fault, sa.exc.TimeoutError):  # of the pool, of one's turn, or our own above
        return True
    if not isinstance(fault, sa.exc.DBAPIError):
        return False
    said = fault.orig
    if isinstance(said, sqlite3.Error):
        return getattr(said, "sqlite_errorcode", 0) & 0xFF in SQLITE_AWAY
    state = getattr(said, "sqlstate", None)
    if state is None:
        return fault.connection_invalidated or isinstance(fault, sa.exc.OperationalError)
    return fault.connection_invalidated or state[:2] in AWAY_CLASSES or state in PASSING


def bear_absence(engine: sa.Engine) -> None:
    """Have the connections of this engine to PostgreSQL be patient as said above, and leave a standby."""

    def connect(dialect: Any, _record: object, given: list[Any], options: dict[str, Any]) -> Any:
        ask_nothing_of_the_silent()
        soon = {"connect_timeout": str(int(min(CONNECT_WAITS_S, _seconds.get() or CONNECT_WAITS_S)))}
        raw = _patient(dialect.loaded_dbapi).connect(*given, **(NETWORK | soon | options))
        raw.autocommit = True
        raw.execute(f"SET idle_in_transaction_session_timeout = '{LETS_GO_AFTER}'")
        raw.autocommit = False
        return raw

    def leave_standby(context: Any) -> None:
        if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
            context.is_disconnect = True  # after a change of primaries, new connections may find the right one

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "handle_error", leave_standby)


@cache
def _patient(driver: Any) -> Any:
    class Patient(driver.Connection):  # type: ignore[misc] # known at run time only
        """A connection that is closed when its server was silent for too long."""

        def wait(self, gen: Any, *given: Any, timeout: float | None = None, **options: Any) -> Any:
            """Wait for the server."""
            try:
                return super().wait(gen, *given, timeout=_seconds.get() if timeout is None else timeout, **options)
            except driver.OperationalError:
                if self.pgconn.transaction_status == driver.pq.TransactionStatus.ACTIVE:
                    self.close()  # the answer may still come, and nobody reads it
                raise

    return Patient
