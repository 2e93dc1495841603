"""`iec-events`: the command for operators. Each room's own commands stand in its `commands.py`."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy.exc import DatabaseError, IntegrityError, SQLAlchemyError
from waitress.server import BaseWSGIServer, MultiSocketServer, create_server

from . import worker as worker_module
from .access.commands import COMMANDS as ACCESS_COMMANDS
from .app import create_app
from .core import clock
from .core.absence import is_away
from .core.config import OTHER_KEY, ConfigError, settings, write_keys
from .core.db import key_check_fits
from .core.logs import init_logs
from .core.memory import loading
from .core.revisions import AHEAD, misfit
from .events.actions import note_rules
from .events.commands import COMMANDS as EVENT_COMMANDS
from .front.samples import load_samples
from .mail.commands import COMMANDS as MAIL_COMMANDS
from .organizers.audit import OPERATOR, acting
from .organizers.commands import COMMANDS as ORGANIZER_COMMANDS
from .organizers.commands import invitation_link
from .organizers.queries import any_organizer
from .reports.commands import COMMANDS as REPORT_COMMANDS
from .team.commands import COMMANDS as TEAM_COMMANDS

THREADS = 8
# A browser leaves up to six connections open, and whoever means harm many more: the library's hundred, for two minutes
# each, are used up by twenty visitors. These, each with a file for what it sends, are less than 1024 files.
CONNECTIONS, IDLE_S = 400, 30
LARGEST_BODY = 24 * 1024 * 1024  # what the server takes in at all; far less is answered with a page of ours
WORKER_ENDS_S = 10  # longer than it waits for the answer of a mail server
WORKER_BACK_S = 2
PORT = click.IntRange(1, 65535)
log = logging.getLogger(__name__)


class Sentence(click.ClickException):
    """A failure told in one sentence."""


class Commands(click.Group):
    """Commands that say in one sentence that there is no database, or that a setting is unusable."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run what was asked for."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            raise Sentence(str(error)) from None
        except IntegrityError:
            raise
        except DatabaseError as error:
            then = "is it running, and is IEC_DATABASE_URL right?" if is_away(error) else "run `iec-events init` first."
            raise Sentence(f"The database cannot be read ({_reason(error)}): {then}") from None


@click.group(cls=Commands)
@click.pass_context
def main(context: click.Context) -> None:
    """Publish events, take RSVPs and messages, serve calendars."""
    os.umask(0o077)
    init_logs()
    if context.invoked_subcommand not in {"init", "demo"} and "--help" not in sys.argv:
        context.with_resource(_application().app_context())
        acting(OPERATOR)


@main.command()
def init() -> None:
    """Make the data folder and the secrets, and bring the database up to date. Safe to repeat."""
    with _prepare().app_context():
        _check_database()
    click.echo("Ready.")


@main.command()
def migrate() -> None:
    """Bring the database up to date."""
    _upgrade()


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, type=PORT, show_default=True, envvar="PORT")
@click.option("--worker/--no-worker", "with_worker", default=True, help="Run the worker beside the web server.")
def serve(host: str, port: int, *, with_worker: bool) -> None:
    """Serve people directly (waitress), with the worker beside."""
    _check_database()
    _serve(_current(), host, port, with_worker=with_worker)


@main.command()
@click.option("--once", is_flag=True, help="Do everything that is due, once.")
@click.option("--say", is_flag=True, hidden=True)
@click.option("--until-stdin-closes", is_flag=True, hidden=True)
def worker(*, once: bool, say: bool, until_stdin_closes: bool) -> None:
    """Deliver mail and do all timed things, until stopped."""
    _check_database()
    tell = _say if say else None
    if once:
        worker_module.run_all_once(_current(), tell)
        return
    stop = worker_module.stopped_by_signals()
    if until_stdin_closes:
        threading.Thread(target=_wait_for_end, args=(stop,), daemon=True).start()
    worker_module.run(_current(), say=tell, stop=stop)


def _wait_for_end(stop: threading.Event) -> None:
    """The other end of the pipe is held by the web server: it closes with that process, however that one ends."""
    while os.read(0, 100):
        pass
    stop.set()


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, type=PORT, show_default=True, envvar="PORT")
def demo(host: str, port: int) -> None:
    """Try everything: sample data, web and worker, mail as files. What is there already stays."""
    _refuse_busy_port(host, port)
    os.environ.setdefault("IEC_PUBLIC_URL", f"http://{host}:{port}")
    app = _prepare()
    with app.app_context():
        _check_database()
        acting(OPERATOR)
        load_samples(clock.now())
        _tell_where(host, port)
        _serve(app, host, port, with_worker=True, say=True)


def _prepare() -> Flask:
    """The data folder, the secrets and the tables."""
    folder = Path(os.environ.get("IEC_DATA_DIR", "var")).resolve()
    try:
        write_keys(folder, Path(own).resolve() if (own := os.environ.get("IEC_KEY_DIR")) else None)
    except OSError as error:
        raise Sentence(f"The folder {folder} cannot be written: {error.strerror}.") from None
    app = _application()
    with app.app_context():
        _upgrade()
    return app


def _upgrade() -> None:
    if misfit() == AHEAD:
        raise Sentence(AHEAD)
    try:
        upgrade()
    except SQLAlchemyError as error:
        then = ": stop the service first." if "lock" in _reason(error) else "."
        raise Sentence(f"The database cannot be brought up to date ({_reason(error)}){then}") from None


def _reason(error: SQLAlchemyError) -> str:
    """What the database says, in one line, without the statement."""
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]


def _application() -> Flask:
    try:
        with loading():
            return create_app()
    except ConfigError as error:
        raise Sentence(str(error)) from None
    except SQLAlchemyError:
        raise Sentence("IEC_DATABASE_URL is not the address of a database.") from None


def _current() -> Flask:
    from flask import current_app  # noqa: PLC0415 - the application itself, not its proxy

    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001
    return app


def _check_database() -> None:
    if wrong := misfit():
        raise Sentence(wrong)
    if not key_check_fits():
        raise Sentence(OTHER_KEY)
    note_rules()


def _refuse_busy_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Sentence(
                f"Port {port} is taken or not allowed ({error.strerror}): stop what uses it, or choose another, "
                f"for example PORT={port + 1}."
            ) from None


def _tell_where(host: str, port: int) -> None:
    _say(f"IEC Events is at http://{host}:{port}/ (also /fa/ and /es/). Ctrl-C stops it.")
    if not any_organizer():
        _say(f"Become the first organizer (works once): {invitation_link()}")
    if settings().mail_url.startswith("file:"):
        _say(f"Mail is written as files into {settings().mail_url.removeprefix('file:')}; its links appear here.")


def _serve(app: Flask, host: str, port: int, *, with_worker: bool, say: bool = False) -> None:
    """The web server in this process, the worker in one of its own; both end together."""
    try:
        direct = not settings().trusted_proxies  # then nobody but the visitor can have written these headers
        server = create_server(
            app,
            host=host,
            port=port,
            threads=THREADS,
            connection_limit=CONNECTIONS,
            channel_timeout=IDLE_S,
            cleanup_interval=IDLE_S // 3,
            asyncore_use_poll=True,
            ident=None,
            max_request_body_size=LARGEST_BODY,
            clear_untrusted_proxy_headers=direct,
        )
    except OSError as error:
        raise Sentence(f"{host}:{port} cannot be opened: {error.strerror}.") from None
    stop = threading.Event()
    keeper = threading.Thread(target=_keep_worker, args=(stop,), kwargs={"say": say})
    signal.signal(signal.SIGTERM, _leave)
    try:
        if with_worker:
            keeper.start()
        _run_until_told(server)
    finally:
        stop.set()
        if keeper.is_alive():
            keeper.join()


def _leave(*_args: object) -> None:
    raise SystemExit(0)


def _keep_worker(stop: threading.Event, *, say: bool) -> None:
    """Run the worker until told to stop; when it dies, start another. It ends by itself when this process dies."""
    command = [sys.executable, "-m", "iec_events", "worker", "--until-stdin-closes", *(["--say"] if say else [])]
    while not stop.is_set():
        try:
            ended: object = _run_worker(command, stop)
        except OSError as fault:  # no memory or no process left, perhaps by what ended the one before
            ended = type(fault).__name__
        if not stop.is_set():
            log.error("The worker ended by itself (%s); another is started.", ended)
            stop.wait(WORKER_BACK_S)


def _run_worker(command: list[str], stop: threading.Event) -> int | None:
    """One worker, until it ends or must; its exit code."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as helper:  # noqa: S603 - our own command, no input in it
        while helper.poll() is None and not stop.wait(0.2):
            pass
        helper.terminate()
        try:
            helper.wait(WORKER_ENDS_S)
        except subprocess.TimeoutExpired:
            helper.kill()
    return helper.returncode


def _run_until_told(server: MultiSocketServer | BaseWSGIServer) -> None:
    try:
        server.run()
    except (KeyboardInterrupt, SystemExit):
        server.close()


def _say(line: str) -> None:
    click.echo(line)
    sys.stdout.flush()


for command in (
    *EVENT_COMMANDS,
    *ORGANIZER_COMMANDS,
    *ACCESS_COMMANDS,
    *TEAM_COMMANDS,
    *MAIL_COMMANDS,
    *REPORT_COMMANDS,
):
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="iec-events")
