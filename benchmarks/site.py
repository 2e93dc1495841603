"""A service to be measured: its data, its servers, and what its visitors do."""

from __future__ import annotations

import contextlib
import html
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from flask_migrate import upgrade

from benchmarks.load import Story, get, post
from iec_events.app import create_app
from iec_events.core.config import write_keys
from iec_events.core.db import atomic, db
from tests.factories import a_campaign, an_event

ROOT = Path(__file__).resolve().parent.parent
HIDDEN = re.compile(rb'<input[^>]*name="(csrf_token|seed)"[^>]*value="([^"]+)"')
EVENT = "/events/berkeley"
SEATS = 1_000_000
SERVERS = {
    "waitress": (
        "-m",
        "waitress",
        "--threads=8",
        "--no-clear-untrusted-proxy-headers",
        "--listen=127.0.0.1:{port}",
        "{app}",
    ),
    "gunicorn": (
        "-m",
        "gunicorn",
        "-w",
        "2",
        "-b",
        "127.0.0.1:{port}",
        "--no-control-socket",
        "--log-level",
        "warning",
        "{app}",
    ),
}


class Site:
    """An installation with one event that everybody wants, and a calendar of a thousand."""

    def __init__(self, folder: Path, database_url: str, *, events: int = 1000) -> None:
        self.port = free_port()
        write_keys(folder)
        self.settings: dict[str, str] = {
            "IEC_DATA_DIR": str(folder),
            "IEC_DATABASE_URL": database_url,
            "IEC_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "IEC_TRUSTED_PROXIES": "1",
            "IEC_FORM_MIN_SECONDS": "0",  # what stands here writes faster than people do
        }
        given = {name.removeprefix("IEC_"): text for name, text in self.settings.items()}
        app = create_app(given)
        with app.app_context():
            upgrade()
            self._fill(events)
            db.session.remove()
            db.engine.dispose()

    def _fill(self, events: int) -> None:
        words = "An evening against silence: verses, songs, and then the floor is ours. " * 12
        texts: dict[str, Any] = {
            code: {"title": "Berkeley", "summary": words[:140], "description": words} for code in ("en", "fa", "es")
        }
        with atomic():
            campaign = a_campaign(slug="night")
            db.session.flush()
            an_event(slug="berkeley", capacity=SEATS, campaign_id=campaign.id, texts=texts)
            for number in range(events - 1):
                an_event(slug=f"sister-{number}", texts=texts)

    def serve(self, server: str, app: str = "wsgi:app") -> Any:
        """Serve the site; yields its process id."""
        return serving(server, app, self.port, **self.settings)

    def page(self, path: str, **headers: str) -> bytes:
        """The bytes of a request for a page."""
        return get(self.port, path, **headers)

    def signup(self) -> Story:
        """Somebody opens the form, sends it, and reads what became of it."""
        network = {"X_Forwarded_For": ".".join(str(secrets.randbelow(254) + 1) for _ in range(4))}
        form = yield get(self.port, f"{EVENT}/rsvp", **network)
        fields = {name.decode(): html.unescape(text.decode()) for name, text in HIDDEN.findall(form.body)}
        fields |= {"name": "Sara", "party_size": "2", "email": "sara@example.org", "note": ""}
        sent = yield post(self.port, f"{EVENT}/rsvp", urlencode(fields), Cookie=form.cookies(), **network)
        if sent.status == 303:
            yield get(self.port, quote(sent.header("location")), Cookie=sent.cookies(), **network)


def hello(server: str, port: int) -> Any:
    """Serve the least that Flask can do."""
    return serving(server, "benchmarks.hello:app", port)


def worked(pid: int) -> float:
    """The seconds of processor that a process and its living children have used; 0 where /proc does not tell."""
    total, ticks = 0.0, os.sysconf("SC_CLK_TCK")
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if pid in {int(stat.parent.name), int(fields[1])}:
                total += (int(fields[11]) + int(fields[12])) / ticks
    return total


@contextmanager
def serving(server: str, app: str, port: int, **environ: str) -> Iterator[int]:
    """Start a server and wait until it listens; yields its process id and stops it at the end."""
    command = [part.format(port=port, app=app) for part in SERVERS[server]]
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
