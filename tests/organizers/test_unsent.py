"""Nothing typed is lost when somebody has to sign in first, whether idle or before something dangerous."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart
from wtforms import PasswordField

from iec_events.core import clock as real_clock
from iec_events.core.db import db
from iec_events.core.forms import Form
from iec_events.events.models import Event
from iec_events.organizers import actions
from iec_events.organizers.models import Organizer, UnsentForm
from iec_events.organizers.queries import unsent
from iec_events.organizers.unsent import NEVER_KEPT, SECRET
from tests.factories import PASSWORD, a_campaign, an_app, an_event, an_organizer, app_code
from tests.filling import hidden_fields, send

SIGN_IN, SECOND, CONFIRM = (f"/organize/{page}" for page in ("sign-in", "second", "confirm"))
NEW, INVITE = "/organize/events/new", "/organize/team/invite"
ANYBODY = "nasrin@example.org"
KEPT, BACK = "What you typed is kept", "This is what you typed before you had to sign in."
EVENING: dict[str, Any] = {
    "title_en": "An evening of “poems”",
    "title_fa": "شب شعر",
    "description_es": "Primera línea\r\ny segunda",
    "zone": "America/Los_Angeles",
    "starts_on": "2027-03-20",
    "starts_time": "18:00",
    "ends_time": "21:00",
    "programme-0-at": "18:30",
    "programme-0-title_en": "Setar",
    "capacity": "۸۰",
    "largest_party": "6",
    "keep_days": "14",
}


@pytest.fixture
def nasrin(app: Flask) -> Organizer:
    del app
    return an_app(an_organizer("Nasrin", ANYBODY))


@pytest.fixture
def desk(client: FlaskClient, nasrin: Organizer) -> FlaskClient:
    """Nasrin's, signed in."""
    del nasrin
    assert come_in(client, SIGN_IN).status_code == 303
    return client


def come_in(client: FlaskClient, address: str, email: str = ANYBODY) -> TestResponse:
    second = send(client, address, email=email, password=PASSWORD)
    return send(client, second.location, code=app_code())


def fields(**typed: Any) -> dict[str, Any]:
    return {name: text for name, text in {**EVENING, **typed}.items() if text is not None}


def late(
    client: FlaskClient, clock: time_machine.Traveller, page: str, minutes: int = 31, **typed: Any
) -> TestResponse:
    """Open a page, type for a long time, and send it."""
    hidden = hidden_fields(client.get(page).text)
    clock.shift(dt.timedelta(minutes=minutes))
    return client.post(page, data={**hidden, **typed})


def chosen(page: str) -> set[str]:
    """The values of what is selected or checked."""
    tags = re.findall(r"<(?:option|input)\b[^>]*(?:selected|checked)[^>]*>", page)
    return {re.findall(r'value="([^"]*)"', tag)[0] for tag in tags}


def rows() -> list[UnsentForm]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(UnsentForm)))


@pytest.mark.parametrize("prefix", ["", "/fa"])
def test_an_event_that_was_typed_until_the_session_was_over_comes_back_whole(
    desk: FlaskClient, clock: time_machine.Traveller, prefix: str
) -> None:
    page = f"{prefix}{NEW}"
    answer = late(desk, clock, page, **fields())
    assert (answer.status_code, answer.location) == (303, f"{prefix}{SIGN_IN}?next={NEW}")
    if not prefix:
        assert KEPT in desk.get(answer.location).text
    back = come_in(desk, answer.location)
    assert back.location == page
    for _look in range(2):
        shown = desk.get(page).text
        for typed in ("An evening of “poems”", "شب شعر", "y segunda", "18:30", "Setar", "۸۰", "2027-03-20"):
            assert typed in shown, typed
        assert prefix or BACK in shown
    assert db.session.scalars(sa.select(Event)).all() == []
    assert send(desk, page, **fields()).status_code == 303
    event = db.session.scalars(sa.select(Event)).one()
    assert (event.texts["fa"]["title"], event.capacity) == ("شب شعر", 80)
    assert rows() == []
    assert "شب شعر" not in desk.get(page).text


def test_an_invitation_that_was_typed_for_too_long_comes_back_after_confirming(
    desk: FlaskClient, clock: time_machine.Traveller
) -> None:
    a_campaign(slug="night")
    typed = {"role": "moderator", "place": "campaign:night", "email": "omid@example.org"}
    answer = late(desk, clock, INVITE, 21, **typed)
    assert (answer.status_code, answer.location) == (303, f"{CONFIRM}?next={INVITE}")
    assert KEPT in desk.get(answer.location).text
    assert send(desk, answer.location, password="wrong wrong wrong", code="").status_code == 422
    assert send(desk, answer.location, password=PASSWORD, code=app_code()).location == INVITE
    shown = desk.get(INVITE)
    assert shown.status_code == 200
    assert BACK in shown.text
    assert 'value="omid@example.org"' in shown.text
    assert chosen(shown.text) == {"moderator", "campaign:night"}
    assert "omid@example.org" not in answer.location + str(desk.get("/organize/team").text)


def test_pictures_are_said_to_be_chosen_again(desk: FlaskClient, clock: time_machine.Traveller) -> None:
    hidden = hidden_fields(desk.get(NEW).text)
    clock.shift(dt.timedelta(minutes=31))
    picture = FileStorage(io.BytesIO(b"\x89PNG" + b"0" * 7_000_000), "photo.png", "image")
    boundary, octets = encode_multipart({**hidden, **fields(), "image": picture})
    answer = desk.post(NEW, data=octets, content_type=f'multipart/form-data; boundary="{boundary}"')
    assert "please choose them again" in desk.get(answer.location).text
    assert come_in(desk, answer.location).location == NEW
    assert "شب شعر" in desk.get(NEW).text


def test_what_is_kept_is_read_by_who_typed_it_and_no_one_else(desk: FlaskClient, clock: time_machine.Traveller) -> None:
    an_app(an_organizer("Omid", "omid@example.org"))
    answer = late(desk, clock, NEW, **fields())
    (row,) = rows()
    everything = [str(one) for table in db.metadata.sorted_tables for one in db.session.execute(sa.select(table))]
    assert not [one for one in everything if "poems" in one or "شب شعر" in one]
    assert row.expires_at == real_clock.now() + dt.timedelta(hours=1)
    elsewhere = desk.application.test_client()
    come_in(elsewhere, SIGN_IN)
    assert "شب شعر" not in elsewhere.get(NEW).text
    come_in(desk, answer.location, "omid@example.org")
    shown = desk.get(NEW).text
    assert ("شب شعر" in shown, BACK in shown) == (False, False)


def test_it_is_forgotten_after_an_hour_and_at_signing_out(desk: FlaskClient, clock: time_machine.Traveller) -> None:
    come_in(desk, late(desk, clock, NEW, **fields()).location)
    clock.shift(dt.timedelta(minutes=29))
    assert "شب شعر" in desk.get(NEW).text
    clock.shift(dt.timedelta(minutes=29))
    desk.get("/organize")
    clock.shift(dt.timedelta(minutes=2))
    assert "شب شعر" not in desk.get(NEW).text
    actions.forget_expired(real_clock.now())
    assert rows() == []
    come_in(desk, late(desk, clock, NEW, **fields()).location)
    assert len(rows()) == 1
    send(desk, "/organize", to="/organize/sign-out")
    assert rows() == []


def test_strangers_and_foreign_pages_have_nothing_kept(
    app: Flask, desk: FlaskClient, clock: time_machine.Traveller
) -> None:
    stranger = app.test_client()
    hidden = hidden_fields(stranger.get(SIGN_IN).text)
    assert stranger.post(NEW, data={**hidden, **fields()}).status_code == 303
    clock.shift(dt.timedelta(minutes=31))
    assert desk.post(NEW, data=fields()).status_code == 303
    assert desk.post(NEW, data={**fields(), "csrf_token": hidden["csrf_token"]}).status_code == 303
    assert rows() == []


def test_it_has_bounds(desk: FlaskClient, nasrin: Organizer, clock: time_machine.Traveller) -> None:
    long = late(desk, clock, NEW, **fields(description_en="x" * 300_000))
    assert "could not be kept" in desk.get(long.location).text
    for number in range(7):
        assert keep(nasrin.id, f"/{number}", number)
    assert len(rows()) == 5
    assert not keep("nobody", "/", 8)


def keep(organizer_id: str, page: str, second: int) -> bool:
    now = real_clock.now() + dt.timedelta(seconds=second)
    return actions.keep_unsent(secret="s" * 40, organizer_id=organizer_id, page=page, typed=[("a", "b")], now=now)


@pytest.mark.parametrize("planted", [7, None, ["list"], "x" * 300])
def test_a_tampered_cookie_brings_nothing_back(organizer: FlaskClient, planted: object) -> None:
    with organizer.session_transaction() as session:
        session["unsent"] = planted
    assert organizer.get(NEW).status_code == 200


def test_passwords_codes_and_recovery_words_are_never_kept(desk: FlaskClient, clock: time_machine.Traveller) -> None:
    page = "/organize/account/password"
    answer = late(desk, clock, page, present=PASSWORD, password="a new one", password_again="a new one")
    assert answer.location == f"{SIGN_IN}?next={page}"
    come_in(desk, answer.location)
    assert late(desk, clock, "/organize/access/recovery/check", 21, phrase="abandon " * 24).status_code == 303
    assert rows() == []
    secret = {
        name
        for form in every_form(Form)
        for name, field in vars(form).items()
        if isinstance(getattr(field, "field_class", None), type) and issubclass(field.field_class, PasswordField)
    }
    assert len(secret) >= 3
    assert secret <= NEVER_KEPT


def test_what_opens_a_list_that_leaves_is_not_kept(
    desk: FlaskClient, nasrin: Organizer, clock: time_machine.Traveller
) -> None:
    an_event(slug="berkeley")
    page = "/organize/events/berkeley/rsvps/export"
    words = hidden_fields(desk.get(page).text)["locked-words"]
    typed: dict[str, Any] = {
        "locked-part": "confirmed",
        "locked-lock": "passphrase",
        "locked-passphrase": "eleven swans above a lake",
    }
    late(desk, clock, page, **{**typed, "locked-words": words, "do": "locked"})
    with desk.session_transaction() as session:
        secret = session[SECRET]
    kept = unsent(secret=secret, organizer_id=nasrin.id, page=page, now=real_clock.now())
    assert {"locked-part": "confirmed", "locked-lock": "passphrase"}.items() <= dict(kept or ()).items()
    assert not {"locked-passphrase", "locked-words"} & dict(kept or ()).keys()


def every_form(base: type[Form]) -> list[type[Form]]:
    return [base, *(form for child in base.__subclasses__() for form in every_form(child))]
