"""The database: the base of all tables, the type of moments, and the one way to write: `atomic()`.

What a verb reads is what it decides on: on SQLite it has the write lock from its beginning (`connections`); on
PostgreSQL verbs lock the rows they decide on instead.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import sqlalchemy as sa
from flask import Flask, current_app
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Mapped, PassiveFlag, Session, UOWTransaction, mapped_column
from sqlalchemy.orm.attributes import get_history

from .connections import tend, turn
from .crypto import BoxRefused, vault
from .paths import bundled

NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table. `shown` says that strangers' pages show it; `unseen` names columns they do not show.

    This counts for rows of a session. A statement (`sa.update(...)`) is silent, for verbs that change nothing shown.
    """

    metadata = sa.MetaData(naming_convention=NAMES)
    shown: ClassVar[bool] = False
    unseen: ClassVar[frozenset[str]] = frozenset()


CHECK, LOOKUPS = "key check", "lookups"
LOCKED_S = 5  # so long a writer waits for programs that do not queue for their turn, or a reader for a connection
db = SQLAlchemy(model_class=Base)
migrate = Migrate()

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


class Moment(sa.types.TypeDecorator[dt.datetime]):
    """An aware moment, kept in UTC; naive ones are refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """To the database, in UTC; SQLite keeps no offset."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment needs a time zone")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:  # noqa: ARG002
        """From the database, always aware and in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class SiteState(Model):
    """One row: how often what strangers see has changed, a check value of the server's keys, and so on.

    `tzdata`: the newest rules of time zones that times were kept by.
    """

    __tablename__ = "site_state"
    __table_args__ = {"info": {"born_with_a_row": True}}  # noqa: RUF012 - SQLAlchemy reads it, nobody writes

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    generation: Mapped[int] = mapped_column(sa.BigInteger)
    key_check: Mapped[bytes | None]
    worker_seen_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    tzdata: Mapped[str | None] = mapped_column(sa.String(20))


def changed(row: Base) -> set[str]:
    """The attributes of a row that hold something else than at the last flush."""
    state: Any = sa.inspect(row)
    touched = set(state.mapper.attrs.keys()) - state.unmodified
    return {name for name in touched if get_history(row, name, PassiveFlag.PASSIVE_NO_INITIALIZE).has_changes()}


def on_public_change(app: Flask, action: Callable[[], None]) -> None:
    """Have `action` called after each commit of this process that changed what strangers see."""
    app.extensions.setdefault("on_public_change", []).append(action)


def generation() -> int:
    """How often what strangers see has changed, in any process."""
    return db.session.scalar(sa.select(SiteState.generation)) or 0


def note_worker(now: dt.datetime) -> None:
    """Note that the worker is alive."""
    with atomic():
        db.session.execute(sa.update(SiteState).values(worker_seen_at=now))


def key_check_fits() -> bool:
    """Whether the server's vault key is the one this database was begun with; the first start leaves the mark."""
    state = db.session.get(SiteState, 1)
    if state is not None and state.key_check is None:
        with atomic():
            box = vault().seal(CHECK, "1", {"is": "right"})
            db.session.execute(sa.update(SiteState).values(key_check=box))
        return True
    try:
        return state is None or state.key_check is None or bool(vault().open(CHECK, "1", state.key_check))
    except BoxRefused:
        return False


def kept_lookup_keys() -> dict[str, str]:
    """The keys of fingerprints, once the vault key that they came from was to go; else empty."""
    box = db.session.scalar(sa.select(SiteState.key_check))
    kept: dict[str, str] = vault().open(CHECK, "1", box).get(LOOKUPS, {}) if box else {}
    return kept


def renew_key_check() -> None:
    """Seal the check value with the first vault key, and the keys of fingerprints with it, in the caller's verb."""
    keep = {"is": "right", LOOKUPS: dict(vault().lookup_keys())}
    db.session.execute(sa.update(SiteState).values(key_check=vault().seal(CHECK, "1", keep)))


def leave_no_trace() -> bool:
    """Empty SQLite's write-ahead log into the database file, so that erased rows stand in neither; whether it worked.

    Readers that are at work keep it from doing so: it waits for a second, and the worker comes again. PostgreSQL keeps
    its log by its own rules.
    """
    if db.engine.dialect.name != "sqlite":
        return True
    db.session.rollback()
    raw = db.engine.raw_connection()
    try:
        raw.driver_connection.execute("PRAGMA busy_timeout=1000")  # type: ignore[union-attr]
        busy = raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]  # type: ignore[union-attr]
        raw.driver_connection.execute(f"PRAGMA busy_timeout={LOCKED_S}000")  # type: ignore[union-attr]
    finally:
        raw.close()
    return not busy


def init_db(app: Flask, url: str) -> None:
    """Bind the application to its database."""
    if url.startswith("sqlite:"):
        options: dict[str, Any] = {"connect_args": {"timeout": LOCKED_S}}
    else:
        options = {"pool_size": 10, "max_overflow": 20, "pool_timeout": LOCKED_S}
    options["hide_parameters"] = True  # an error must not tell names
    app.config.update(SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_ENGINE_OPTIONS=options)
    app.extensions["vault"].find_lookup_keys = kept_lookup_keys
    db.init_app(app)
    migrate.init_app(app, db, directory=str(bundled("migrations")), render_as_batch=True, compare_server_default=False)
    with app.app_context():
        tend(db.engine)


@contextmanager
def atomic() -> Iterator[None]:
    """One transaction around a verb: all of it or nothing. Nested ones join the outermost, and when one fails, all do.

    Rows read before it are read again inside, so decisions rest on what is true now.
    """
    session = db.session()
    if session.info.get("atomic"):
        with _joined(session):
            yield
        return
    session.rollback()
    with turn(session.get_bind().engine):
        session.info.update(atomic=True, public_change=False, failed=False)
        try:
            session.connection(execution_options={"writes": True})
            yield
            changed = _count_public_change(session)
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            for name in ("atomic", "public_change", "failed"):
                session.info.pop(name, None)
    if changed:
        for action in current_app.extensions.get("on_public_change", ()):
            action()


@contextmanager
def snapshot() -> Iterator[sa.Connection]:
    """A connection that reads one and the same moment of the whole database, however long it takes and who writes."""
    engine = db.engine
    if engine.dialect.name != "sqlite":
        engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with engine.connect() as connection, connection.begin():
        if engine.dialect.name != "sqlite":
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")  # the disk may be slow
        yield connection


@contextmanager
def overhaul(lock_wait_s: int) -> Iterator[sa.Connection]:
    """One transaction, outside any session, that may drop and make tables; foreign keys are judged at its end.

    SQLite counts the removal of a table as a removal of its rows, so its keys must be let go before. PostgreSQL waits
    for others who use a table for `lock_wait_s` at most, then raises OperationalError.
    """
    db.session.remove()
    engine = db.engine
    with turn(engine), engine.connect() as connection:
        connection.detach()  # what is set on it goes with it
        sqlite = engine.dialect.name == "sqlite"
        if sqlite:
            connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        connection.execution_options(writes=True)
        with connection.begin():
            if not sqlite:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{lock_wait_s:d}s'")
            yield connection
            if sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise sa.exc.IntegrityError("foreign_key_check", None, ValueError("a row points at none"))


@contextmanager
def _joined(session: Session) -> Iterator[None]:
    try:
        yield
    except BaseException:
        session.info["failed"] = True
        raise


def _count_public_change(session: Session) -> bool:
    if session.info.get("failed"):
        raise RuntimeError("A verb inside this transaction failed: half of what it did must not be kept")
    session.flush()
    if not session.info.get("public_change"):
        return False
    session.execute(sa.update(SiteState).values(generation=SiteState.generation + 1))
    return True


@event.listens_for(Session, "before_flush")
def _note_public_change(session: Session, _context: UOWTransaction, _instances: object) -> None:
    for row in (*session.new, *session.deleted, *session.dirty):
        if getattr(row, "shown", False) and (row not in session.dirty or _loud(row)):
            session.info["public_change"] = True


def _loud(row: Base) -> bool:
    return bool(changed(row) - row.unseen)
