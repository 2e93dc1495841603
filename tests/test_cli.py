"""The commands as an operator runs them: real processes, on folders of their own."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import runpy
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar
from importlib.metadata import version
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from iec_events import cli
from iec_events.core.config import ConfigError
from iec_events.core.crypto import Vault
from iec_events.core.db import SiteState, atomic, db
from tests.conftest import KEY
from tests.processes import Command, gunicorn, run_command
from tests.servers import free_port, get, wait_until

pytestmark = pytest.mark.real_time
ROOT = Path(__file__).resolve().parent.parent
Start = Callable[..., "Service"]


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IEC_")}
    quick = {"IEC_FORM_MIN_SECONDS": "0"}  # who signs up here writes faster than people do
    return {**kept, **quick, "IEC_DATA_DIR": str(folder / "var"), "LC_ALL": "C.UTF-8", **more}


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """One command, run to its end."""
    return run_command(*arguments, folder=folder, environ=environment(folder, **more))


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The sentence of a command that refused."""
    assert done.returncode == 1, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("Error: ")
    return lines[0].removeprefix("Error: ")


class Service:
    """A running `demo` or `serve`."""

    def __init__(self, folder: Path, *arguments: str, port: int | None = None, **more: str) -> None:
        self.folder, self.port = folder, port or free_port()
        self.log = folder / f"log-{self.port}.txt"
        self.process = Command(
            *arguments, "--port", str(self.port),
            folder=folder, environ=environment(folder, **more), out=self.log, err=self.log,
        )  # fmt: skip
        self.address = f"http://127.0.0.1:{self.port}"
        self.workers_seen: set[int] = set()

    def __str__(self) -> str:
        return self.log.read_text()

    def wait(self) -> Service:
        """Until it answers, and the worker runs."""
        wait_until(lambda: self.process.poll() is not None or (self.answers() and self.worker()), 40)
        assert self.process.poll() is None, str(self)
        return self

    def answers(self) -> bool:
        with contextlib.suppress(OSError):
            return bool(get(f"{self.address}/"))
        return False

    def worker(self) -> int | None:
        """The process of its worker."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").parent.parent.glob("*/children")
        for file in children:
            with contextlib.suppress(OSError):
                for child in file.read_text().split():
                    self.workers_seen.add(int(child))
                    if alive(int(child)):
                        return int(child)
        return None

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; how it ended."""
        self.worker()
        self.process.send_signal(number)
        code = self.process.wait(25)
        wait_until(lambda: not any(alive(one) for one in self.workers_seen), 15)
        return code


def alive(process: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts services, and ends what is left of them."""
    running: list[Service] = []

    def begin(*arguments: str, port: int | None = None, **more: str) -> Service:
        running.append(Service(tmp_path, *arguments, port=port, **more))
        return running[-1]

    yield begin
    for service in running:
        if service.process.poll() is None:
            service.worker()
            service.process.kill()
            service.process.wait(10)
        for child in service.workers_seen:
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGKILL)


def sign_up(address: str, name: str) -> str:
    """Place an RSVP as a browser does; the address that the answer led to."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    slug = re.findall(r'href="/events/([a-z0-9-]+)"', browser.open(address).read().decode())[0]
    page = browser.open(f"{address}/events/{slug}/rsvp").read().decode()
    hidden = dict(re.findall(r'name="(csrf_token|seed)"[^>]*value="([^"]*)"', page))
    fields = {**hidden, "name": name, "email": "sima@example.org", "party_size": "2", "note": ""}
    answer: str = browser.open(f"{address}/events/{slug}/rsvp", urlencode(fields).encode()).geturl()
    return answer


def letters(folder: Path) -> int:
    return len(list((folder / "var" / "mail").glob("*.eml")))


def rows(folder: Path, table: str) -> int:
    with contextlib.closing(sqlite3.connect(folder / "var" / "iec_events.db")) as database:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


# --- Refusals


def test_a_busy_port_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])
        sentence = refused(run(tmp_path, "demo", "--port", port))
        assert sentence.startswith(f"Port {port} is taken or not allowed (Address already in use): stop what uses it")
        assert not (tmp_path / "var").exists()
        assert run(tmp_path, "init").returncode == 0
        sentence = refused(run(tmp_path, "serve", "--port", port))
        assert sentence == f"127.0.0.1:{port} cannot be opened: Address already in use."


@pytest.mark.parametrize("port", ["0", "70000", "-1", "http"])
def test_an_impossible_port_is_told(tmp_path: Path, port: str) -> None:
    done = run(tmp_path, "demo", "--port", port)
    assert done.returncode == 2
    assert "Invalid value for '--port'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where a folder should be")
    assert refused(run(tmp_path, "demo", "--port", str(free_port()))) == (
        f"The folder {tmp_path / 'var'} cannot be written: File exists."
    )
    done = run(tmp_path, "init", IEC_DATA_DIR="/proc/nowhere")
    assert refused(done) == "The folder /proc/nowhere cannot be written: No such file or directory."


def test_missing_readable_and_weak_keys_are_told(tmp_path: Path) -> None:
    assert refused(run(tmp_path, "serve")) == (
        "No secret found: set IEC_SECRET_KEY or run `iec-events init`, which writes secret.key."
    )
    assert run(tmp_path, "init").stdout == "Ready.\n"
    file = tmp_path / "var" / "keys" / "secret.key"
    file.chmod(0o644)
    assert refused(run(tmp_path, "worker", "--once")) == f"{file} can be read by others: run `chmod 600` on it."
    file.chmod(0o600)
    file.write_text("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=")
    assert refused(run(tmp_path, "serve")) == "IEC_SECRET_KEY must hold 32 random bytes in base64."
    assert refused(run(tmp_path, "demo", "--port", str(free_port()))) == (
        "IEC_SECRET_KEY must hold 32 random bytes in base64."
    )


def test_another_vault_key_is_refused_by_every_command_that_serves(tmp_path: Path) -> None:
    assert run(tmp_path, "init").returncode == 0
    keys = tmp_path / "var" / "keys" / "vault.keys"
    before = keys.read_text()
    keys.unlink()
    for command in (["init"], ["serve"], ["worker", "--once"], ["demo", "--port", str(free_port())]):
        assert refused(run(tmp_path, *command)) == (
            "The vault key is not the one this database was begun with: put the old key file back."
            if keys.exists()
            else "No secret found: set IEC_VAULT_KEYS or run `iec-events init`, which writes vault.keys."
        ), command
    keys.write_text(before)
    assert run(tmp_path, "worker", "--once").returncode == 0
    keys.write_text(keys.read_text() + before)
    assert run(tmp_path, "init").returncode == 0


def test_another_vault_key_or_older_tables_are_refused_under_other_servers_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "basicConfig", lambda **_settings: None)
    for name, value in (("DATA_DIR", str(tmp_path)), ("SECRET_KEY", KEY), ("VAULT_KEYS", KEY)):
        monkeypatch.setenv(f"IEC_{name}", value)
    found = runpy.run_path(str(ROOT / "wsgi.py"))  # there is no database yet
    app, checked = found["app"], found["checked"]
    with app.app_context():
        SiteState.metadata.create_all(db.engine, [SiteState.metadata.tables["site_state"]])
        with atomic():
            db.session.add(SiteState(id=1, generation=0))
    for _start in range(2):
        assert checked(app) is app
    with app.app_context():
        assert db.session.scalar(sa.select(SiteState.tzdata)) == version("tzdata")  # by whose rules times are written
    key, app.extensions["vault"] = app.extensions["vault"], Vault([b"another key, which opens nothing"])
    with pytest.raises(ConfigError, match="The vault key is not the one this database was begun with"):
        checked(app)
    app.extensions["vault"] = key
    with app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0001')")
    with pytest.raises(ConfigError, match="The database is behind this version"):
        checked(app)


def test_gunicorn_logs_neither_who_asked_nor_for_which_page(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    environ = {"IEC_DATA_DIR": str(tmp_path), "IEC_SECRET_KEY": KEY, "IEC_VAULT_KEYS": KEY}
    with (
        gunicorn("wsgi:app", workers=1, folder=ROOT, port=port, log=log, **environ),
        socket.create_connection(("127.0.0.1", port), timeout=10) as visitor,
    ):
        visitor.sendall(b"GET /rsvps/Zw4kTq\r\n\r\n")  # no HTTP at all
        assert visitor.recv(100).startswith(b"HTTP/1.1 400 ")
    said = log.read_text()
    assert '"level": "warning", "logger": "gunicorn.error", "message": "glogging.py:' in said
    assert "Zw4kTq" not in said
    assert "127.0.0.1" not in said.replace(f"http://127.0.0.1:{port}", "")


def test_a_database_without_tables_or_with_older_ones_is_told(tmp_path: Path) -> None:
    assert run(tmp_path, "init").returncode == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "var" / "iec_events.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '0001'")
        database.execute("ALTER TABLE site_state DROP COLUMN tzdata")
    for command in (["serve", "--port", str(free_port())], ["worker", "--once"]):
        behind = "The database is behind this version of IEC Events: run `iec-events init` first."
        assert refused(run(tmp_path, *command)) == behind
    with contextlib.closing(sqlite3.connect(tmp_path / "var" / "iec_events.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    for command in (["worker", "--once"], ["init"]):
        assert refused(run(tmp_path, *command)).startswith("The database is newer than this version of IEC Events: ")
    for file in (tmp_path / "var").glob("iec_events.db*"):
        file.unlink()
    for command, table in ((["serve"], "site_state"), (["organizer", "invite"], "organizers")):
        sentence = refused(run(tmp_path, *command))
        assert sentence == f"The database cannot be read (no such table: {table}): run `iec-events init` first."
    nowhere = f"sqlite:///{tmp_path}/no/folder/x.db"
    assert "unable to open database file" in refused(run(tmp_path, "init", IEC_DATABASE_URL=nowhere))
    away = "(unable to open database file): is it running, and is IEC_DATABASE_URL right?"
    assert away in refused(run(tmp_path, "serve", IEC_DATABASE_URL=nowhere))


def test_the_module_of_the_commands_is_one_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["cli.py", "--help"])
    monkeypatch.delitem(sys.modules, "iec_events.cli")
    with pytest.raises(SystemExit):
        runpy.run_module("iec_events.cli", run_name="__main__")
    assert capsys.readouterr().out.startswith("Usage: iec-events ")


def test_help_needs_no_keys(tmp_path: Path) -> None:
    for done in (run(tmp_path, "serve", "--help"), run(tmp_path, "organizer", "invite", "--help")):
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Usage:")


def test_no_command_waits_for_what_only_passkeys_need(tmp_path: Path) -> None:
    by_its_name = [sys.executable, "-X", "importtime", "-m", "iec_events", "--help"]
    done = subprocess.run(
        by_its_name, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout[:6]) == (0, "Usage:")
    assert "iec_events.organizers.passkeys" in done.stderr
    assert "webauthn" not in done.stderr


# --- Life


def test_init_makes_everything_for_its_owner_only(tmp_path: Path) -> None:
    assert run(tmp_path, "init").returncode == 0
    made = [tmp_path / "var", *(tmp_path / "var").rglob("*")]
    assert {path.name for path in made} >= {"iec_events.db", "secret.key", "vault.keys"}
    assert [path.name for path in made if path.stat().st_mode & 0o077] == []
    keys = (tmp_path / "var" / "keys" / "vault.keys").read_text()
    assert run(tmp_path, "init").stdout == "Ready.\n"
    assert (tmp_path / "var" / "keys" / "vault.keys").read_text() == keys


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_demo_tells_where_ends_cleanly_and_keeps_data(tmp_path: Path, start: Start, number: int) -> None:
    service = start("demo").wait()
    assert f"IEC Events is at {service.address}/" in str(service)
    assert re.search(
        rf"Become the first organizer \(works once\): {service.address}/organize/first/[\w-]{{43}}\n", str(service)
    )
    assert f"Mail is written as files into {tmp_path}/var/mail" in str(service)
    assert sign_up(service.address, "Sima").endswith("/my-rsvp")
    wait_until(lambda: letters(tmp_path) == 1)
    assert service.end(number) == 0
    assert "Traceback" not in str(service)
    assert "Sima" not in str(service)
    events = rows(tmp_path, "events")
    again = start("demo").wait()
    assert (rows(tmp_path, "events"), rows(tmp_path, "rsvps"), letters(tmp_path)) == (events, 1, 1)
    assert again.end() == 0


@pytest.mark.slow
def test_a_killed_web_server_takes_its_worker_along_and_loses_nothing(tmp_path: Path, start: Start) -> None:
    service = start("demo").wait()
    sign_up(service.address, "Sima")
    service.worker()
    assert service.end(signal.SIGKILL) == -signal.SIGKILL
    again = start("demo").wait()
    wait_until(lambda: letters(tmp_path) == 1)
    assert rows(tmp_path, "rsvps") == 1
    assert again.end() == 0


@pytest.mark.slow
def test_a_killed_worker_is_replaced_and_every_letter_goes_out(tmp_path: Path, start: Start) -> None:
    service = start("demo").wait()
    first = service.worker()
    assert first is not None
    os.kill(first, signal.SIGKILL)
    sign_up(service.address, "Sima")
    wait_until(lambda: service.worker() not in {None, first}, 20)
    wait_until(lambda: letters(tmp_path) == 1, 20)
    assert "The worker ended by itself (-9); another is started." in str(service)
    assert service.end() == 0


def test_a_worker_that_cannot_be_started_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, tries = threading.Event(), count(1)

    def refuse(*_given: object, **_more: object) -> None:
        if next(tries) == 2:
            stop.set()
        raise OSError(errno.ENOMEM, "no memory")

    monkeypatch.setattr(cli, "WORKER_BACK_S", 0.01)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    cli._keep_worker(stop, say=False)
    assert next(tries) == 3


@pytest.mark.slow
def test_serve_alone_and_worker_alone(tmp_path: Path, start: Start) -> None:
    assert run(tmp_path, "init").returncode == 0
    service = start("serve", "--no-worker", IEC_PUBLIC_URL="http://127.0.0.1")
    wait_until(service.answers, 30)
    assert service.worker() is None
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(urllib.request.Request(service.address, headers={"Host": "evil.example"}), timeout=10)
    with contextlib.ExitStack() as silent:  # forty browsers that leave theirs open, or somebody who means harm
        for _connection in range(240):
            silent.enter_context(socket.create_connection(("127.0.0.1", service.port))).sendall(b"GET / HTTP/1.1\r\n")
        assert service.answers()
    assert service.end() == 0
    began = time.monotonic()
    assert run(tmp_path, "worker", "--once").returncode == 0
    assert time.monotonic() - began < 30
    link = run(tmp_path, "organizer", "invite").stdout.strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/organize/first/[\w-]{43}", link)
