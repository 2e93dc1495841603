"""Letters about one's own account: when they go, and what they do not say."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask

from iec_events.core import clock as real_clock
from iec_events.core.i18n import speaking
from iec_events.organizers import actions
from iec_events.organizers.emails import LETTERS
from iec_events.organizers.models import Organizer
from iec_events.worker import run_all_once
from tests.conftest import Installation
from tests.factories import PASSWORD, an_app, an_organizer, app_code
from tests.filling import send

SIGN_IN, SECOND = "/organize/sign-in", "/organize/second"


@pytest.fixture
def nasrin(app: Flask) -> Organizer:
    del app
    return an_app(an_organizer("Nasrin", "nasrin@example.org"))


def letters(app: Flask, installation: Installation) -> list[EmailMessage]:
    """What has been delivered since."""
    run_all_once(app)
    files = sorted(Path(installation.folder, "mail").glob("[!.]*.eml"))
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def words(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_a_warning_in_farsi_tells_the_jalali_day_too(nasrin: Organizer) -> None:
    facts = {"to": "nasrin@example.org", "at": "2027-01-15T12:00:00+00:00", "organizer": nasrin.id}
    with speaking("fa"):
        letter = LETTERS["organizers.signed_in"](facts)
    assert letter is not None
    for said in (letter.text, letter.html):
        assert "۲۰۲۷-۰۱-۱۵ (۲۵ دی ۱۴۰۵) ۱۲:۰۰" in said


def test_every_sign_in_is_told_of_and_whether_the_browser_is_known(
    app: Flask, nasrin: Organizer, installation: Installation
) -> None:
    client = app.test_client()
    send(client, f"/es{SIGN_IN}", email="nasrin@example.org", password=PASSWORD)
    assert letters(app, installation) == []  # the password alone opens nothing
    send(client, f"/es{SECOND}", code=app_code())
    (letter,) = letters(app, installation)
    assert letter["To"] == "nasrin@example.org"
    assert "2027-01-15 12:00" in words(letter)
    assert "http://127.0.0.1:8000/es/organize/account" in words(letter)
    assert "127.0.0.1:" not in words(letter).replace("http://127.0.0.1:8000", "")
    send(client, "/organize", to="/organize/sign-out")
    send(client, SIGN_IN, email="nasrin@example.org", password=PASSWORD)
    send(client, SECOND, code=app_code(steps=1))
    (again,) = [one for one in letters(app, installation) if one["Message-ID"] != letter["Message-ID"]]
    assert "from a browser that you used before" in words(again)
    assert nasrin.id


def test_signing_in_for_the_first_time_and_by_passkey_or_paper_is_told_of_too(
    app: Flask, installation: Installation
) -> None:
    account = an_organizer("Nasrin", "nasrin@example.org")
    client = app.test_client()
    send(client, SIGN_IN, email="nasrin@example.org", password=PASSWORD)
    secret = re.search(r'dir="ltr"><code>([A-Z2-7 ]+)</code>', client.get("/organize/set-up").text)
    assert secret
    page = send(client, "/organize/set-up", code=app_code(secret[1].replace(" ", ""))).text
    assert ["from a browser that we did not know" in words(one) for one in letters(app, installation)] == [True]
    code = re.search(r"<li>([a-z2-9-]{19})</li>", page)
    assert code
    elsewhere = app.test_client()
    send(elsewhere, SIGN_IN, email="nasrin@example.org", password=PASSWORD)
    send(elsewhere, SECOND, code=code[1])
    assert len(letters(app, installation)) == 2
    assert account.id


def test_being_asked_again_is_no_new_sign_in(app: Flask, nasrin: Organizer, installation: Installation) -> None:
    client = app.test_client()
    send(client, SIGN_IN, email="nasrin@example.org", password=PASSWORD)
    send(client, SECOND, code=app_code())
    send(client, "/organize/confirm", password=PASSWORD, code=app_code(steps=1))
    assert len(letters(app, installation)) == 1
    assert nasrin.id


def test_another_password_is_told_of(app: Flask, nasrin: Organizer, installation: Installation) -> None:
    token = actions.sign_in(email="nasrin@example.org", password=PASSWORD, now=real_clock.now())
    fresh = "five rivers and a wide sea"
    actions.change_password(token=token, password=PASSWORD, new_password=fresh, now=real_clock.now())
    (letter,) = letters(app, installation)
    assert letter["Subject"] == "Your password was changed"
    assert "Nasrin" not in letter.as_string()
    assert nasrin.id


def test_an_invitation_that_was_used_is_not_sent_any_more(app: Flask, installation: Installation) -> None:
    token = actions.invite(now=real_clock.now(), email="omid@example.org")
    actions.accept_invitation(
        token=token, name="Omid", email="omid@example.org", password=PASSWORD, now=real_clock.now()
    )
    assert letters(app, installation) == []
