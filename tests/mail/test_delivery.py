"""Letters on their way: a real SMTP server on loopback, a folder, and everything that can go wrong between."""

from __future__ import annotations

import datetime as dt
import logging
from email import message_from_bytes, policy
from typing import Any

import pytest
from flask import Flask

from iec_events.core import clock
from iec_events.core.config import ConfigError, Settings
from iec_events.mail.actions import claim, post
from iec_events.mail.delivery import deliver_due, transport
from iec_events.mail.letters import Letter, message_of
from iec_events.mail.queries import mail_health
from tests.conftest import Installation
from tests.servers import Mailbox, free_port

CALENDAR = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:شب فرهنگ\r\nEND:VCALENDAR\r\n".encode()


def plain(facts: dict[str, Any]) -> Letter | None:
    if facts.get("over"):
        return None
    if facts.get("broken"):
        raise RuntimeError("Sara could not be written to")
    return Letter(subject="جای شما", text="سلام سارا\n", html="<p>سلام</p>", calendar=facts.get("ics") and CALENDAR)


WRITERS = {"test": plain}


def promise(to: str = "sara@example.org", **facts: Any) -> str:
    return post(kind="test", about="rsvp:1", to=to, locale="fa", facts=facts, now=clock.now())


def test_a_letter_arrives(installation: Installation, smtp: Mailbox) -> None:
    app = installation.make_app(MAIL_URL=smtp.url)
    with app.app_context():
        mail_id = promise(ics=True)
        assert deliver_due(now=clock.now(), writers=WRITERS) == 1
        assert deliver_due(now=clock.now(), writers=WRITERS) == 0
    installation.clean()
    (letter,) = smtp.letters
    assert letter["To"] == "sara@example.org"
    assert letter["Subject"] == "جای شما"
    assert letter["Message-ID"] == f"<{mail_id}@127.0.0.1>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in letter.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]


def test_calendars_go_along_with_their_octets_as_they_are(app: Flask) -> None:
    settings: Settings = app.extensions["settings"]
    letter = Letter(subject="x", text="x", html="<p>x</p>", calendar=CALENDAR, method="REQUEST")
    made = message_of(letter, to="a@example.org", mail_id="m", locale="fa", now=clock.now(), chosen=settings)
    read = message_from_bytes(made.as_bytes(), policy=policy.SMTP)
    *_words, calendar, file = list(read.walk())
    assert calendar["Content-Type"].params["method"] == "REQUEST"
    assert calendar["Content-Type"].params["charset"] == "utf-8"
    assert calendar.get_payload(decode=True) == file.get_payload(decode=True) == CALENDAR
    assert file.get_filename() == "invite.ics"


def test_what_is_over_is_not_written_and_not_tried_again(installation: Installation, smtp: Mailbox) -> None:
    app = installation.make_app(MAIL_URL=smtp.url)
    with app.app_context():
        promise(over=True)
        assert deliver_due(now=clock.now(), writers=WRITERS) == 0
        assert mail_health(clock.now()).waiting == 0
    installation.clean()
    assert smtp.letters == []


def test_a_dead_server_loses_nothing(installation: Installation, smtp: Mailbox) -> None:
    dead = installation.make_app(MAIL_URL=f"smtp://127.0.0.1:{free_port()}")
    with dead.app_context():
        promise()
        assert deliver_due(now=clock.now(), writers=WRITERS) == 0
        assert mail_health(clock.now()).last_errors == ["ConnectionRefusedError"]
    alive = installation.make_app(MAIL_URL=smtp.url)
    with alive.app_context():
        assert deliver_due(now=clock.now() + dt.timedelta(minutes=1), writers=WRITERS) == 1
    installation.clean()
    assert len(smtp.letters) == 1


def test_one_bad_letter_keeps_no_other_and_tells_no_name(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    del app
    promise(broken=True)
    promise()
    with caplog.at_level(logging.DEBUG):
        assert deliver_due(now=clock.now(), writers=WRITERS) == 1
    assert "RuntimeError" in caplog.text
    assert "Sara" not in caplog.text
    assert "sara" not in caplog.text
    assert mail_health(clock.now()).waiting == 1


def test_a_worker_killed_in_between_leaves_the_letter_for_the_next(app: Flask) -> None:
    del app
    promise()
    now = clock.now()
    assert len(claim(now=now, how_many=5)) == 1  # and then the process dies
    assert deliver_due(now=now, writers=WRITERS) == 0
    assert deliver_due(now=now + dt.timedelta(minutes=3), writers=WRITERS) == 1


def test_letters_as_files_and_their_links_are_told(installation: Installation) -> None:
    said: list[str] = []
    link = "http://127.0.0.1:8000/rsvps/secret"
    writers = {"test": lambda _facts: Letter(subject="Hello", text=f"Open {link}\n", html="<p>x</p>")}
    app = installation.make_app()
    with app.app_context():
        promise()
        deliver_due(now=clock.now(), writers=writers, say=said.append)
    (file,) = (installation.folder / "mail").glob("*.eml")
    assert file.stat().st_mode & 0o077 == 0
    assert said == [f"mail: Hello (mail/{file.name})", f"      {link}"]
    installation.clean()


@pytest.mark.parametrize("url", ["", "mailto:x", "http://example.org", "/var/mail"])
def test_an_unknown_way_out_is_refused(url: str) -> None:
    with pytest.raises(ConfigError), transport(url):
        pass
