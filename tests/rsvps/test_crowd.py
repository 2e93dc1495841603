"""Two hundred people want fifty seats at the same moment: no seat is given twice, and nobody is left without a word."""

from __future__ import annotations

import http.client
import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, repeat
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
import sqlalchemy as sa

from iec_events.core.db import db
from iec_events.events.models import Event
from iec_events.mail.models import OutboxMail
from iec_events.rsvps.models import Rsvp
from tests.conftest import Installation, settings_for
from tests.factories import an_event
from tests.processes import gunicorn
from tests.servers import free_port, served

PEOPLE, SEATS = 200, 50
ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.real_time]
SAID = {"Your place is kept.": "confirmed", "You are on the waitlist.": "waitlisted"}
HIDDEN = re.compile(r'<input[^>]*name="(csrf_token|seed)"[^>]*value="([^"]+)"')


def test_fifty_seats_for_two_hundred(installation: Installation, tmp_path: Path) -> None:
    """Half of them come to a server of threads, half to one of processes, on one database: all rivalries at once."""
    with installation.app.app_context():
        an_event(slug="berkeley", capacity=SEATS)
        db.session.remove()
    ports = free_port(), free_port()
    threads, processes = ({"PUBLIC_URL": f"http://127.0.0.1:{port}", "TRUSTED_PROXIES": 1} for port in ports)
    settings = settings_for(installation.folder, installation.database_url, **processes)
    environ = {f"IEC_{name}": str(value) for name, value in settings.items() if name != "TESTING"}
    try:
        with (
            served(installation.make_app(**threads), ports[0]) as one,
            gunicorn("wsgi:app", workers=3, folder=ROOT, port=ports[1], log=tmp_path / "log", **environ) as other,
        ):
            answers = crowd([one, other])
        assert Counter(answers) == {"confirmed": SEATS, "waitlisted": PEOPLE - SEATS}
        with installation.app.app_context():
            check_the_books()
    finally:
        installation.clean(certainly=True)


def crowd(addresses: list[str]) -> list[str]:
    """Everybody opens the form; when all have it, all send it. What each one's own page then says."""
    ready = threading.Barrier(PEOPLE)
    with ThreadPoolExecutor(PEOPLE) as people:
        return list(people.map(one_person, cycle(addresses), range(PEOPLE), repeat(ready)))


def one_person(address: str, number: int, ready: threading.Barrier) -> str:
    visitor = Visitor(address, f"10.{number}.0.1")
    form = dict(HIDDEN.findall(visitor.ask("GET", "/events/berkeley/rsvp")))
    ready.wait(60)
    form |= {"name": f"Guest {number}", "party_size": "1", "email": f"guest{number}@example.org"}
    visitor.ask("POST", "/events/berkeley/rsvp", form)
    page = visitor.ask("GET", "/events/berkeley/my-rsvp")
    return next(status for words, status in SAID.items() if words in page)


class Visitor:
    """A browser of the simplest kind: cookies and forms, one connection for each request."""

    def __init__(self, address: str, network: str) -> None:
        self.host = urlsplit(address).netloc
        self.headers = {"X-Forwarded-For": network}
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> str:
        """Make one request; anything but an answer or a redirect is a failure."""
        connection = http.client.HTTPConnection(self.host, timeout=60)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        body = urlencode(form) if form else None
        connection.request(method, path, body, {**self.headers, **kind, "Cookie": cookies})
        answer = connection.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        connection.close()
        assert answer.status in {200, 303}, f"{method} {path}: {answer.status}"
        return text


def check_the_books() -> None:
    """The event, the RSVPs and the letters tell the same story."""
    event = db.session.scalars(sa.select(Event)).one()
    assert event.seats_taken == SEATS
    parties = sa.select(Rsvp.status, sa.func.count(), sa.func.sum(Rsvp.party_size)).group_by(Rsvp.status)
    assert {tuple(row) for row in db.session.execute(parties)} == {
        ("confirmed", SEATS, SEATS),
        ("waitlisted", PEOPLE - SEATS, PEOPLE - SEATS),
    }
    lines = db.session.scalars(sa.select(Rsvp.line).where(Rsvp.status == "confirmed").order_by(Rsvp.line)).all()
    assert lines == list(range(1, SEATS + 1))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMail)) == PEOPLE
