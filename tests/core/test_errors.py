"""Errors: a page in the design and the language, and a log that names nobody."""

from __future__ import annotations

import logging
from typing import ClassVar

import pytest
import sqlalchemy as sa
from flask import Flask, abort, render_template_string
from flask.testing import FlaskClient

from iec_events.core.db import atomic, db
from iec_events.core.errors import PAGES, Refusal
from iec_events.core.i18n import _l
from iec_events.events.models import Event
from tests.factories import an_event

NAME, EMAIL, TOKEN = "Sima Kohzadi", "sima@example.org", "bF3-secret-token"
ASIDE = "/privacy?aside"  # a query, so that nothing kept answers


class OnlyHere(Refusal):
    """A refusal of these tests."""

    status: ClassVar[int] = 409
    message = _l("This can’t be done right now.")


class Gone(Refusal):
    """Another."""

    status: ClassVar[int] = 410
    message = _l("Nothing is here")


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture, app: Flask, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    """The log of an application that shows faults as pages."""
    monkeypatch.setattr(app, "testing", False)
    caplog.set_level(logging.DEBUG)
    return caplog


def names_nobody(log: pytest.LogCaptureFixture) -> None:
    everything = log.text + "".join(str(record.__dict__) for record in log.records if record.name != "asyncio")
    for secret in (NAME, "Sima", "Kohzadi", EMAIL, "sima", TOKEN):
        assert secret not in everything, secret


def integrity_error() -> str:
    an_event(slug=NAME)
    with atomic():
        db.session.execute(sa.insert(Event).values(slug=NAME, uid=EMAIL))
    return ""


def data_error() -> str:
    with atomic():
        db.session.execute(
            sa.text("INSERT INTO outbox (id, kind) VALUES (:name, :email)"), {"name": NAME, "email": EMAIL}
        )
    return ""


def statement_error() -> str:
    db.session.execute(sa.text("SELECT :name FROM nowhere"), {"name": NAME})
    return ""


def template_error() -> str:
    return render_template_string("{{ person.name.nothing.at_all }}", person={"name": NAME, "email": EMAIL})


def key_error() -> str:
    return {"a": "b"}[NAME]


def value_error() -> str:
    return str(int(f"{NAME} <{EMAIL}>"))


def chained_error() -> str:
    try:
        key_error()
    except KeyError as error:
        raise RuntimeError(f"could not seat {NAME}") from error
    return ""


def unicode_error() -> str:
    return f"{NAME}\ud800".encode().decode()


FAULTS = [
    integrity_error,
    data_error,
    statement_error,
    template_error,
    key_error,
    value_error,
    chained_error,
    unicode_error,
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize(("prefix", "language"), [("", "en"), ("/fa", "fa")])
def test_a_fault_is_our_page_and_a_log_without_names(
    app: Flask, client: FlaskClient, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
    fault: object, prefix: str, language: str,
) -> None:  # fmt: skip
    monkeypatch.setitem(app.view_functions, "front.privacy", fault)
    answer = client.get(f"{prefix}{ASIDE}={TOKEN}")
    assert answer.status_code == 500
    assert f'<html lang="{language}"' in answer.text
    assert 'class="foot"' in answer.text
    for secret in (NAME, EMAIL, TOKEN, "Traceback"):
        assert secret not in answer.text
    assert [record.getMessage() for record in log.records if " in front.privacy" in record.getMessage()]
    names_nobody(log)


def test_an_error_page_that_fails_itself_says_so_plainly(
    app: Flask, client: FlaskClient, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.view_functions, "front.privacy", key_error)
    monkeypatch.setattr("iec_events.core.errors.render_template", lambda *_args, **_more: key_error())
    answer = client.get(ASIDE)
    assert (answer.status_code, answer.text) == (500, "Something broke on our side. Please try again.\n")
    assert "KeyError" in log.text
    names_nobody(log)


@pytest.mark.parametrize("status", sorted(PAGES))
@pytest.mark.parametrize(("prefix", "language"), [("", "en"), ("/fa", "fa"), ("/es", "es")])
def test_every_status_has_a_page(
    app: Flask, client: FlaskClient, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
    status: int, prefix: str, language: str,
) -> None:  # fmt: skip
    del log
    monkeypatch.setitem(app.view_functions, "front.privacy", lambda: abort(status, f"about {NAME}"))
    answer = client.get(f"{prefix}{ASIDE}")
    assert answer.status_code == status
    assert f'<html lang="{language}"' in answer.text
    assert '<meta name="robots" content="noindex">' in answer.text
    assert NAME not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("status", "like"), [(418, 400), (451, 400), (414, 400), (501, 500), (504, 500)])
def test_other_statuses_are_told_like_the_general_one(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, status: int, like: int
) -> None:
    monkeypatch.setattr(app, "testing", False)
    monkeypatch.setitem(app.view_functions, "front.privacy", lambda: abort(status))
    answer = client.get(ASIDE)
    assert answer.status_code == status
    with app.test_request_context("/"):
        assert str(PAGES[like][0]).replace("’", "’") in answer.text.replace("&#39;", "’")


def test_a_wrong_method_says_which_are_right(client: FlaskClient) -> None:
    answer = client.post("/")
    assert answer.status_code == 405
    assert {one.strip() for one in answer.headers["Allow"].split(",")} == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("prefix", ["", "/fa"])
def test_a_refusal_that_nobody_caught_is_a_page_with_a_way_back_in_the_same_language(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    def refuse() -> str:
        raise OnlyHere

    monkeypatch.setitem(app.view_functions, "front.privacy", refuse)
    answer = client.get(f"{prefix}{ASIDE}")
    assert answer.status_code == 409
    assert f'href="{prefix}/privacy"' in answer.text
    assert str(OnlyHere()) == "This can’t be done right now."


def test_what_is_gone_is_told_like_what_is_unknown(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> str:
        raise Gone

    monkeypatch.setitem(app.view_functions, "front.privacy", refuse)
    answer = client.get(ASIDE)
    assert answer.status_code == 410
    assert "This is over" in answer.text


def test_a_database_that_leaves_in_the_middle_is_a_page_and_a_short_log(
    app: Flask, client: FlaskClient, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("about PostgreSQL")
    db.session.rollback()

    def leave() -> str:
        db.session.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid()), :name"), {"name": NAME})
        return ""

    monkeypatch.setitem(app.view_functions, "front.privacy", leave)
    answer = client.get(f"{ASIDE}={TOKEN}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    monkeypatch.undo()
    assert client.get("/").status_code == 200  # and it comes back
    names_nobody(log)
