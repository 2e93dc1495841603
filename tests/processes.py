"""`iec-events` in real processes, forked from one that has loaded the code: that takes longer than most commands do."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from tests.servers import answering

Program = tuple[str, str, str]  # as it calls itself; its module and function
OUR_OWN: Program = ("iec-events", "iec_events.__main__", "main")
GUNICORN: Program = ("gunicorn", "gunicorn.app.wsgiapp", "run")


@cache
def forks() -> ForkServerContext:
    """What forks from a process that has loaded the service, and nothing else."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["iec_events.__main__"])
    return context


class Command:
    """A running command, with a session, a folder and an environment of its own; it has no input."""

    def __init__(
        self,
        *arguments: str,
        folder: Path,
        environ: Mapping[str, str],
        out: Path,
        err: Path,
        program: Program = OUR_OWN,
    ) -> None:
        given = (arguments, str(folder), dict(environ), str(out), str(err), program)
        self._process: ForkServerProcess = forks().Process(target=_become, args=given, daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """How it ended, if it did; a negative number names the signal that killed it."""
        return self._process.exitcode

    def wait(self, seconds: float) -> int:
        """How it ended, as soon as it did; TimeoutError after so many seconds."""
        self._process.join(seconds)
        code = self._process.exitcode
        if code is None:
            raise TimeoutError(f"not ended within {seconds} s")
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def run_command(
    *arguments: str, folder: Path, environ: Mapping[str, str], seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    """One command, run to its end, with what it said."""
    with tempfile.TemporaryDirectory() as said:
        out, err = Path(said) / "out", Path(said) / "err"
        command = Command(*arguments, folder=folder, environ=environ, out=out, err=err)
        try:
            code = command.wait(seconds)
        finally:
            command.kill()
        return subprocess.CompletedProcess(arguments, code, out.read_text(), err.read_text())


@contextmanager
def serving(*, folder: Path, port: int, **environ: str) -> Iterator[str]:
    """`iec-events serve` and its worker, until the end."""
    log = folder / "serve.log"
    given = os.environ | environ
    process = Command("serve", "--port", str(port), folder=folder, environ=given, out=log, err=log)
    with answering(process, f"http://127.0.0.1:{port}", log.read_text) as address:
        yield address


@contextmanager
def gunicorn(app: str, *, workers: int, folder: Path, port: int, log: Path, **environ: str) -> Iterator[str]:
    """gunicorn and its processes, which are forked from it when it has loaded `app` in `folder`."""
    bound = ("--preload", "--no-control-socket", "--workers", str(workers), "--bind", f"127.0.0.1:{port}")
    given = os.environ | environ
    process = Command(*bound, app, folder=folder, environ=given, out=log, err=log, program=GUNICORN)
    with answering(process, f"http://127.0.0.1:{port}", log.read_text) as address:
        yield address


def _become(
    arguments: tuple[str, ...], folder: str, environ: dict[str, str], out: str, err: str, program: Program = OUR_OWN
) -> None:
    """In the new process: be what the shell would have started."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored when tests run in the background of a shell
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    for path, number in ((os.devnull, 0), (out, 1), (err, 2)):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    name, module, begin = program
    sys.argv = [name, *arguments]
    getattr(importlib.import_module(module), begin)()  # our own is loaded already where this was forked from
