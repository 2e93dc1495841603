"""What tests stand on: both databases, a clock, a mailbox, a browser, and a guard against the wide world.

A test that takes `app` (or `client`, which uses it) runs twice: on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import atexit
import base64
import contextvars
import datetime as dt
import gc
import importlib
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
import sqlalchemy as sa
import time_machine
from argon2 import PasswordHasher
from argon2.low_level import Type, hash_secret_raw
from flask import Flask, has_app_context
from flask.sessions import SessionMixin
from flask.testing import FlaskClient
from flask_migrate import upgrade
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.test import TestResponse

from iec_events.app import create_app
from iec_events.core import connections, pages, sealing, statics
from iec_events.core.db import db
from iec_events.core.limits import limiter
from iec_events.core.paths import PACKAGE
from iec_events.events import written_events
from iec_events.events.images import read_image
from iec_events.organizers import passwords
from iec_events.reports import locks
from tests import factories
from tests.factories import an_organizer_session
from tests.servers import Mailbox, free_port, postgres, served

if TYPE_CHECKING:
    from contextlib import _GeneratorContextManager

    from playwright.sync_api import Browser

NOW = dt.datetime(2027, 1, 15, 12, tzinfo=dt.UTC)
NOT_RUN = "NOT RUN: "
KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
QUICK_NOBODY = QUICK.hash("a password that nobody knows")
TOOLS = Path(__file__).resolve().parent.parent / ".tools"
MEMORY, ROOM = Path("/dev/shm"), 2 * 2**30  # noqa: S108 - names in it are made by tempfile


def _in_memory() -> None:
    """Let databases and folders of tests lie in memory where there is room: nothing here must outlive the machine."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK | os.X_OK):
        return
    found = os.statvfs(MEMORY)
    if found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(MEMORY)  # which processes that run tests, and what they start, take over
        tempfile.tempdir = None


_in_memory()

for _file in sorted(PACKAGE.glob("*/models.py")):  # the tables of rooms that the application may not ask for
    importlib.import_module(f"iec_events.{_file.parent.name}.models")


class Compiled(BytecodeCache):
    """Templates as they were compiled the first time, for every application of this process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """What is kept of this very text."""
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        self._kept[bucket.key, bucket.checksum] = bucket.code


Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": Compiled()}
prepare_sqlite = connections._prepare_sqlite


def _prepare_carelessly(raw: Any, _record: object) -> None:
    """Nobody pulls the plug on tests: what the system was given to write need not reach the disk."""
    prepare_sqlite(raw, _record)
    raw.execute("PRAGMA synchronous=OFF")


connections._prepare_sqlite = _prepare_carelessly
compressed = statics._compressed


static_files = tempfile.TemporaryDirectory(prefix="static")
atexit.register(static_files.cleanup)  # else it is said aloud at the end


@cache
def _static_files(digest: str) -> Path | None:
    return compressed(Path(static_files.name) / digest)


def _copied(folder: Path) -> Path | None:
    """The static files as they were compressed the first time: it is the same work in every data folder."""
    if (done := _static_files(folder.name)) and not folder.is_dir():
        with suppress(OSError):  # then the real one fails, too
            shutil.copytree(done, folder)
            for made in (folder.parent, folder):
                made.chmod(0o700)
    return compressed(folder)


statics._compressed = _copied


made_anew = cache(read_image)
# The samples' picture is made anew once for each process; whoever loads them gets it under a name of its own.
written_events.read_image = lambda octets: replace(  # type: ignore[attr-defined]
    made_anew(octets), name=secrets.token_urlsafe(16)
)


def missing(what: str) -> None:
    """Skip a test for want of a tool, loudly; where everything should be there, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing here", pytrace=False)
    pytest.skip(NOT_RUN + what)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: [bool(item.get_closest_marker(name)) for name in ("journey", "slow")], reverse=True)


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collector of garbage need not walk through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    static_files.cleanup()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say at the end what did not run, and for want of what."""
    wanted: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", ()):
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        if NOT_RUN in reason:
            what = reason.split(NOT_RUN, 1)[1]
            wanted[what] = wanted.get(what, 0) + 1
    for what, count in wanted.items():
        terminalreporter.write_sep("!", f"{count} tests did NOT run: no {what}", red=True, bold=True)


# --- The application, on both databases


class Client(FlaskClient):
    """A visitor. Its requests see nothing of the test's own application context, and end the test's own reading."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Make one request to the address that the application thinks it has."""
        kwargs.setdefault("base_url", self.application.extensions["settings"].public_url)
        try:
            return contextvars.Context().run(super().open, *args, **kwargs)
        finally:
            if has_app_context():
                db.session.rollback()

    def session_transaction(self, *args: Any, **kwargs: Any) -> _GeneratorContextManager[SessionMixin]:
        """What the visitor's cookie holds, to look at or to change."""
        kwargs.setdefault("base_url", self.application.extensions["settings"].public_url)
        return super().session_transaction(*args, **kwargs)

    def sign_in(self) -> Self:
        """Become an organizer, without the form."""
        token = an_organizer_session()
        with self.session_transaction() as session:
            session["organizer"] = token
        return self


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """One real PostgreSQL for each process that runs tests."""
    with postgres() as url:
        yield url


@pytest.fixture(scope="session")
def installations() -> Iterator[dict[str, Installation]]:
    """Those that are made already: tests of one database and of the other may come in any order."""
    made: dict[str, Installation] = {}
    yield made
    for one in made.values():
        one.close()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def installation(
    request: pytest.FixtureRequest, installations: dict[str, Installation], tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    """An installed service with its tables made by the migrations; kept for the whole run."""
    if request.param not in installations:
        folder = tmp_path_factory.mktemp(request.param)
        sqlite = f"sqlite:///{folder / 'test.db'}"
        url = sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_url")
        installations[request.param] = Installation(folder, url)
    return installations[request.param]


class Installation:
    """A data folder, a database and an application on them."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.database_url = database_url
        self._others: list[Flask] = []
        self.app = self.make_app()
        with self.app.app_context():
            upgrade()
            self.engine = db.engine
            self._emptying = self._prepare_emptying()
        self._others.clear()
        self._touched = False
        sa.event.listen(self.engine, "commit", self._touch)

    def make_app(self, **settings: object) -> Flask:
        """Another application on the same data, with settings of its own."""
        app = create_app(settings_for(self.folder, self.database_url, **settings))
        app.test_client_class = Client
        self._others.append(app)
        self._touched = True  # its writes are not seen from here
        return app

    def clean(self, *, certainly: bool = False) -> None:
        """Back to what the migrations left; free of charge when this process wrote nothing, unless others may have."""
        while self._others:
            with self._others.pop().app_context():
                db.engine.dispose()
        for file in (self.folder / "mail").glob("*"):
            file.unlink()
        if not (self._touched or certainly):
            return
        self._run(self._emptying)
        (self.folder / "keys" / "audit.head").unlink(missing_ok=True)
        for forget in self.app.extensions.get("on_public_change", ()):
            forget()
        self._touched = False

    def _prepare_emptying(self) -> str:
        """What leaves the rows that the migrations made; PostgreSQL keeps it as a function, planned once.

        The site's own row only counts up: pages kept by number must not come back.
        """
        kept = db.metadata.tables["site_state"]
        tables = [table for table in reversed(db.metadata.sorted_tables) if table is not kept]
        deletes = [f"DELETE FROM {table.name}" for table in tables]  # noqa: S608 - our own names
        written = [insert for table in reversed(tables) for insert in self._inserts(table)]
        written.append("UPDATE site_state SET generation = generation + 1, tzdata = NULL")
        if self.engine.dialect.name == "sqlite":
            return f"BEGIN IMMEDIATE; {'; '.join([*deletes, *written])}; COMMIT"
        guarded = [
            f"IF EXISTS (SELECT 1 FROM {table.name}) THEN {delete}; END IF"  # noqa: S608
            for table, delete in zip(tables, deletes, strict=True)
        ]
        body = "; ".join([*guarded, *written])
        self._run(f"CREATE FUNCTION clean_for_tests() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {body}; END $$")
        return "SELECT clean_for_tests()"

    def _inserts(self, table: sa.Table) -> list[str]:
        """What makes the rows again that a table has now."""
        quoted = "quote({})" if self.engine.dialect.name == "sqlite" else "quote_nullable({}::text)"
        names = [column.name for column in table.columns]
        with self.engine.connect() as connection:
            columns: list[Any] = [sa.literal_column(quoted.format(name)) for name in names]
            rows: list[Any] = list(connection.execute(sa.select(*columns).select_from(table)))
        into = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES"
        return [f"{into} ({', '.join(row)})" for row in rows]

    def _run(self, statements: str) -> None:
        raw = self.engine.raw_connection()
        try:
            if self.engine.dialect.name == "sqlite":
                raw.driver_connection.executescript(statements)  # type: ignore[union-attr]
            else:
                raw.driver_connection.execute(statements)  # type: ignore[union-attr]
                raw.commit()
        finally:
            raw.close()

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def _touch(self, _connection: sa.Connection) -> None:
        self._touched = True


def settings_for(folder: Path, database_url: str, **others: object) -> dict[str, object]:
    """The settings of an installation for tests."""
    return {
        "TESTING": True,
        "DATA_DIR": folder,
        "DATABASE_URL": database_url,
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "SECRET_KEY": KEY,
        "VAULT_KEYS": KEY[::-1].replace("=", "") + "=",
        "MAIL_URL": f"file:{folder / 'mail'}",
        "FORM_MIN_SECONDS": 0,  # the clock stands still; what the time is for, tests/core/test_form_guard.py tries
        **others,
    }


@pytest.fixture(scope="session")
def bare_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application that needs no tables: for tests of templates, addresses and settings."""
    folder = tmp_path_factory.mktemp("bare")
    return create_app(settings_for(folder, f"sqlite:///{folder / 'none.db'}"))


@pytest.fixture
def app(installation: Installation) -> Iterator[Flask]:
    """The application with an empty database, and its context: actions and queries can be called at once."""
    with installation.app.app_context():
        yield installation.app
        db.session.rollback()
    installation.clean()
    limiter.reset()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Somebody without a past."""
    return app.test_client()


@pytest.fixture
def organizer(app: Flask) -> FlaskClient:
    """Somebody who is signed in as an organizer."""
    visitor = app.test_client()
    assert isinstance(visitor, Client)
    return visitor.sign_in()


@pytest.fixture
def queries(
    app: Flask, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], AbstractContextManager[list[str]]]:
    """`with queries() as asked:` gathers the SQL that is run inside.

    Whether kept pages are still true is asked once a second, by whoever comes next: here it is asked by nobody.
    """
    del app
    monkeypatch.setattr(pages, "ASK_EVERY_S", dt.timedelta.max.total_seconds())

    @contextmanager
    def gather() -> Iterator[list[str]]:
        asked: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
            asked.append(statement)

        gc.disable()  # a row that it takes away meanwhile may be asked for again
        sa.event.listen(installation.engine, "before_cursor_execute", note)
        try:
            yield asked
        finally:
            sa.event.remove(installation.engine, "before_cursor_execute", note)
            gc.enable()

    return gather


@pytest.fixture
def serve(installation: Installation) -> Iterator[Callable[..., str]]:
    """`serve(**settings)` serves the same data through waitress on a port of its own and gives its address."""
    with ExitStack() as running:

        def start(*, threads: int = 8, **settings: object) -> str:
            port = free_port()
            app = installation.make_app(PUBLIC_URL=f"http://127.0.0.1:{port}", **settings)
            return running.enter_context(served(app, port, threads=threads))

        yield start
    installation.clean(certainly=True)
    limiter.reset()


# --- Time, mail, the world


@pytest.fixture(autouse=True)
def clock(request: pytest.FixtureRequest) -> Iterator[time_machine.Traveller | None]:
    """It is noon (UTC) on 15 January 2027 and stays so; `clock.shift(seconds)` and `clock.move_to(moment)` move it.

    Real servers and browsers, and tests marked `real_time`, keep the real time.
    """
    if {"serve", "browser"} & set(request.fixturenames) or request.node.get_closest_marker("real_time"):
        yield None
        return
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _quick_passwords(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Argon2 and scrypt at their least, a thousand times quicker; tests marked `costly` keep their real price."""
    if not request.node.get_closest_marker("costly"):
        monkeypatch.setattr(locks, "WORK", 7)
        monkeypatch.setattr(passwords, "_hasher", QUICK)
        monkeypatch.setattr(passwords, "NOBODY", QUICK_NOBODY)
        monkeypatch.setattr(sealing, "hash_secret_raw", _quick_key)
        yield
        return
    factories._hashed.cache_clear()
    yield
    factories._hashed.cache_clear()


def _quick_key(password: bytes, salt: bytes, *_cost: object) -> bytes:
    return hash_secret_raw(password, salt, 1, 8, 1, sealing.KEY_BYTES, Type.ID)


@pytest.fixture
def smtp() -> Iterator[Mailbox]:
    """A mailbox that speaks SMTP on loopback; `smtp.url` is for MAIL_URL, `smtp.letters` is what came."""
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def smtp_allowed() -> None:
    """The test brings a mail server of its own."""


@pytest.fixture(autouse=True)
def _at_home(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail every test that reaches for another machine, or sends mail without a mailbox to receive it."""
    strayed: list[object] = []
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in {
            "127.0.0.1",
            "::1",
            "localhost",
        }:
            strayed.append(address)
            raise OSError(f"A test reached for {address}")
        connect(self, address)

    def no_mail(*_args: object, **_kwargs: object) -> None:
        strayed.append("SMTP")
        raise OSError("A test sent mail without the fixture `smtp`")

    monkeypatch.setattr(socket.socket, "connect", guarded)
    if not {"smtp", "smtp_allowed"} & set(request.fixturenames):
        monkeypatch.setattr("smtplib.SMTP.connect", no_mail)
    yield
    assert not strayed, f"reached for {strayed}"


# --- Tools from elsewhere


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium: what IEC_CHROMIUM names, or one that is installed; without windows it works half as much."""
    known = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("IEC_CHROMIUM") or next(filter(None, map(shutil.which, known)), None)
    if not found:
        missing("Chromium (set IEC_CHROMIUM to one)")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - slow, and needed by few

    flags = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
    ]
    flags += ["--disable-component-update", "--disable-sync"]
    # A page is gone before it pays to compile axe; only the hashes of the puzzle (static/js/puzzle.js) are made quick.
    flags += ["--js-flags=--no-maglev,--turbo-filter=firstWord"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=flags)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def ical_js() -> Path:
    """The folder of ical.js for Node, which `make test` fetches; a reader of calendars that is not ours."""
    folder = TOOLS / "node_modules" / "ical.js"
    if not folder.is_dir() or not shutil.which("node"):
        missing("ical.js (npm and Node are needed)")
    return folder


@pytest.fixture(scope="session")
def libical() -> Any:
    """Debian's libical through ctypes; another reader of calendars that is not ours."""
    import ctypes  # noqa: PLC0415
    import ctypes.util  # noqa: PLC0415

    name = ctypes.util.find_library("ical")
    if not name:
        missing("libical (Debian's package libical3)")
    return ctypes.CDLL(name)
