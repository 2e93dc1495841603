"""Processes that are killed at a chosen step of a job of the worker: at its nth commit, or word to the mail server.

One process loads the application and forks a new one for each job, which is quick; being killed, it cleans nothing up.
"""

from __future__ import annotations

import datetime as dt
import gc
import os
import signal
import smtplib
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import time_machine

from tests.processes import forks

NEVER = -1


class Mortals:
    """`run("mail", now, 7)` does that job in a process that dies at its seventh step; without a number, it lives."""

    def __init__(self, settings: dict[str, object]) -> None:
        self._pipe, theirs = forks().Pipe()
        self._parent = forks().Process(target=_parent, args=(settings, theirs), daemon=True)
        self._parent.start()
        theirs.close()

    def run(self, job: str, now: dt.datetime, die_at: int = NEVER) -> tuple[bool, list[str]]:
        """Whether it died, and the steps that it made; at the last of them, if it died."""
        self._pipe.send((job, now, die_at))
        died, steps = self._pipe.recv()
        return died, steps

    def close(self) -> None:
        """End it."""
        self._pipe.close()
        self._parent.join(5)


def _parent(settings: dict[str, object], orders: Connection) -> None:
    from iec_events.app import create_app  # noqa: PLC0415 - loaded already where this was forked from
    from iec_events.worker import LETTERS  # noqa: PLC0415
    from tests import conftest  # noqa: F401, PLC0415 - which makes databases and templates quick

    app = create_app(settings)
    with app.app_context():  # so that it need not be made ready in each child
        LETTERS["organizers.address_changed"]({"at": "2027-01-15T12:00:00+00:00"})
    gc.freeze()
    with suppress(EOFError):
        while True:
            job, now, die_at = orders.recv()
            reader, writer = os.pipe()
            child = os.fork()
            if child == 0:
                os.close(reader)
                _live(app, job, now, _Steps(writer, die_at))
            os.close(writer)
            with os.fdopen(reader) as told:
                steps = told.read().splitlines()
            _pid, status = os.waitpid(child, 0)
            orders.send((os.WIFSIGNALED(status), steps if status in {0, signal.SIGKILL} else [f"status {status}"]))


class _Steps:
    """Tells each step to the parent, and dies at one."""

    def __init__(self, writer: int, die_at: int) -> None:
        self._writer, self._left = writer, die_at

    def __call__(self, what: str) -> None:
        os.write(self._writer, f"{what}\n".encode())
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _live(app: Any, job: str, now: dt.datetime, step: _Steps) -> None:
    from iec_events.core.db import db  # noqa: PLC0415
    from iec_events.worker import jobs  # noqa: PLC0415

    code = 1
    try:
        with time_machine.travel(now, tick=False), app.app_context():
            dialect = db.engine.dialect
            dialect.do_commit = _stepped(step, dialect.do_commit)  # type: ignore[method-assign]
            for name in ("send", "getreply"):
                setattr(smtplib.SMTP, name, _spoken(step, name, getattr(smtplib.SMTP, name)))
            for one in jobs():
                if one.name == job:
                    one.run(now)
            code = 0
    finally:
        os._exit(code)


def _stepped(step: _Steps, do: Callable[..., Any]) -> Callable[..., Any]:
    def commit(connection: Any) -> None:
        step("before commit")
        do(connection)
        step("after commit")

    return commit


def _spoken(step: _Steps, name: str, do: Callable[..., Any]) -> Callable[..., Any]:
    def spoken(self: smtplib.SMTP, *given: Any) -> Any:
        said = given[0] if given else b""
        said = said.encode() if isinstance(said, str) else said
        word = "the last line" if said == b".\r\n" else said[:4].decode(errors="replace").strip().lower()
        step(f"{name} {word}".strip())
        return do(self, *given)

    return spoken
