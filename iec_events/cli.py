"""`iec-events`: the command for operators. Each room's own commands stand in its `commands.py`."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import click
from flask import Flask
from flask_migrate import upgrade
from waitress.server import BaseWSGIServer, MultiSocketServer, create_server

from . import worker as worker_module
from .app import create_app
from .core import clock
from .core.config import ConfigError, settings, write_keys
from .core.db import key_check_fits
from .events.commands import COMMANDS as EVENT_COMMANDS
from .front.samples import load_samples
from .organizers.commands import COMMANDS as ORGANIZER_COMMANDS
from .organizers.commands import invitation_link
from .organizers.queries import any_organizer

THREADS = 8


class Sentence(click.ClickException):
    """A failure told in one sentence."""


@click.group()
@click.pass_context
def main(context: click.Context) -> None:
    """Publish events, take RSVPs and messages, serve calendars."""
    os.umask(0o077)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    context.obj = context.invoked_subcommand
    if context.invoked_subcommand not in {"init", "demo"}:
        context.with_resource(_application().app_context())


@main.command()
def init() -> None:
    """Make the data folder and the secrets, and bring the database up to date. Safe to repeat."""
    _prepare()
    click.echo("Ready.")


@main.command()
def migrate() -> None:
    """Bring the database up to date."""
    upgrade()


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, envvar="PORT")
@click.option("--worker/--no-worker", "with_worker", default=True, help="Run the worker beside the web server.")
def serve(host: str, port: int, *, with_worker: bool) -> None:
    """Serve people directly (waitress), with the worker beside."""
    _check_keys()
    _serve(_current(), host, port, with_worker=with_worker)


@main.command()
@click.option("--once", is_flag=True, help="Do everything that is due, once.")
@click.option("--say", is_flag=True, hidden=True)
def worker(*, once: bool, say: bool) -> None:
    """Deliver mail and do all timed things, until stopped."""
    _check_keys()
    tell = _say if say else None
    if once:
        worker_module.run_all_once(_current(), tell)
    else:
        worker_module.run(_current(), say=tell)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, envvar="PORT")
def demo(host: str, port: int) -> None:
    """Try everything: sample data, web and worker, mail as files. What is there already stays."""
    _refuse_busy_port(host, port)
    os.environ.setdefault("IEC_PUBLIC_URL", f"http://{host}:{port}")
    app = _prepare()
    with app.app_context():
        _check_keys()
        load_samples(clock.now())
        _tell_where(host, port)
        _serve(app, host, port, with_worker=True, say=True)


def _prepare() -> Flask:
    """The data folder, the secrets and the tables."""
    folder = Path(os.environ.get("IEC_DATA_DIR", "var")).resolve()
    try:
        write_keys(folder)
    except OSError as error:
        raise Sentence(f"The folder {folder} cannot be written: {error.strerror}.") from None
    app = _application()
    with app.app_context():
        upgrade()
    return app


def _application() -> Flask:
    try:
        return create_app()
    except ConfigError as error:
        raise Sentence(str(error)) from None


def _current() -> Flask:
    from flask import current_app  # noqa: PLC0415 - the application itself, not its proxy

    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001
    return app


def _check_keys() -> None:
    if not key_check_fits():
        raise Sentence("The vault key is not the one this database was begun with: put the old key file back.")


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
            app, host=host, port=port, threads=THREADS, ident=None, clear_untrusted_proxy_headers=direct
        )
    except OSError as error:
        raise Sentence(f"{host}:{port} cannot be opened: {error.strerror}.") from None
    helper = _start_worker(say=say) if with_worker else None
    try:
        _run_until_told(server)
    finally:
        if helper is not None:
            helper.terminate()
            helper.wait(30)


def _start_worker(*, say: bool) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "iec_events.cli", "worker", *(["--say"] if say else [])]
    return subprocess.Popen(command, start_new_session=True)  # noqa: S603 - our own command, no input in it


def _run_until_told(server: MultiSocketServer | BaseWSGIServer) -> None:
    def leave(*_args: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, leave)
    try:
        server.run()
    except (KeyboardInterrupt, SystemExit):
        server.close()


def _say(line: str) -> None:
    click.echo(line)
    sys.stdout.flush()


for command in (*EVENT_COMMANDS, *ORGANIZER_COMMANDS):
    main.add_command(command)

if __name__ == "__main__":
    main()
