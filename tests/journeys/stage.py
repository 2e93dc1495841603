"""Where people meet in journeys: the served application, its post, and a worker that works when it is told to."""

from __future__ import annotations

import datetime as dt
from email.message import EmailMessage

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from iec_events.core import clock
from iec_events.organizers.guard import TOKEN
from iec_events.worker import run_all_once
from tests.checkin.people import an_account
from tests.conftest import Installation
from tests.journeys.people import Person, Post, Tongue

NOW = clock.now


class Stage:
    """The service as it is served, its database within reach, and its time in our hands."""

    def __init__(
        self, browser: Browser, installation: Installation, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.browser, self.address = browser, address
        self.app: Flask = installation.make_app(PUBLIC_URL=address)
        self.post = Post(installation.folder / "mail")
        self.people: list[Person] = []
        self._ahead = dt.timedelta()
        monkeypatch.setattr(clock, "now", lambda: NOW() + self._ahead)

    def later(self, **more: float) -> None:
        """Let so much time pass for everybody: `later(hours=5)`. The worker does what is due by then."""
        self._ahead += dt.timedelta(**more)
        self.work()

    def work(self) -> None:
        """Let the worker do everything once, the mail included."""
        run_all_once(self.app)

    def mail(self, to: str) -> EmailMessage:
        """Let the worker deliver; the newest letter to somebody."""
        self.work()
        return self.post.letters(to)[-1]

    def guest(self, locale: str = "en", *, script: bool = True, screen: dict[str, int] | None = None) -> Person:
        """Somebody with a phone."""
        return self._here(Person(self.browser, self.address, Tongue(locale), script=script, phone=True, screen=screen))

    def organizer(
        self, name: str = "Nasrin", locale: str = "en", *, account: tuple[str, str] | None = None, phone: bool = False
    ) -> Person:
        """Somebody who is signed in, an owner with a key of their own if no account is given."""
        with self.app.app_context():
            signed_in = account or an_account(name)
        person = self._here(Person(self.browser, self.address, Tongue(locale), phone=phone))
        cookie = cookie_of(self.app.test_client(), signed_in[1])
        person.context.add_cookies([{"name": "iec", "value": cookie, "url": self.address}])
        return person

    def everybody_leaves(self) -> None:
        """Close the browsers."""
        for person in self.people:
            person.leave()

    def _here(self, person: Person) -> Person:
        self.people.append(person)
        return person


def cookie_of(visitor: FlaskClient, token: str) -> str:
    """The cookie of a browser in which somebody is signed in."""
    with visitor.session_transaction() as session:
        session[TOKEN] = token
    cookie = visitor.get_cookie("iec", "127.0.0.1")
    assert cookie is not None
    return cookie.value
