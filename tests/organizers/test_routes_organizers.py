"""The way in: what a person with an account, an invitation or neither meets."""

from __future__ import annotations

import datetime as dt
from urllib.parse import quote

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from iec_events.core import clock as real_clock
from iec_events.core.db import db
from iec_events.organizers import actions, tries
from iec_events.organizers.commands import organizer as organizer_command
from iec_events.organizers.models import AuditEntry
from iec_events.team import commands as team_commands
from tests.factories import PASSWORD, an_app, an_organizer, app_code
from tests.filling import hidden_fields, send

SIGN_IN, SECOND = "/organize/sign-in", "/organize/second"
WRONG = "seven winters and no spring"


@pytest.fixture
def nasrin(app: Flask) -> None:
    del app
    an_app(an_organizer("Nasrin", "nasrin@example.org"))


def noted() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(AuditEntry.what).order_by(AuditEntry.id)))


def come_in(client: FlaskClient, address: str = SIGN_IN, code: str | None = None) -> TestResponse:
    """Give password and code, as Nasrin does; the last answer."""
    answer = send(client, address, email="nasrin@example.org", password=PASSWORD)
    assert (answer.status_code, answer.location.split("?")[0].removeprefix("/fa")) == (303, SECOND)
    return send(client, answer.location, code=code or app_code())


def test_works(client: FlaskClient, nasrin: None) -> None:
    del nasrin
    answer = come_in(client)
    assert (answer.status_code, answer.location) == (303, "/organize")
    page = client.get("/organize")
    assert page.status_code == 200
    assert "Nasrin" in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_leads_back_to_the_page_that_was_wanted_in_its_language(client: FlaskClient, nasrin: None) -> None:
    del nasrin
    shut = client.get("/fa/organize/messages?status=approved")
    assert shut.status_code == 303
    assert shut.location == "/fa/organize/sign-in?next=/organize/messages?status%3Dapproved"
    answer = come_in(client, shut.location)
    assert answer.location == "/fa/organize/messages?status=approved"


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/organize",
        "//evil.example/organize",
        "/\\evil.example/organize",
        "\\\\evil.example",
        "/organize/../../evil",
        "/organizers",
        "/organize/no-such-page",
        "/organize@evil.example",
        "/organize/sign-out",
        "/organize/sign-in",
        "/organize/messages/approve",
        "javascript:alert(1)",
        "/\t/evil.example",
        "https:/organize",
        "http://[",
        "",
    ],
)
def test_never_leads_elsewhere(client: FlaskClient, nasrin: None, wanted: str) -> None:
    del nasrin
    answer = come_in(client, f"{SIGN_IN}?next={quote(wanted)}")
    assert (answer.status_code, answer.location) == (303, "/organize")


def test_a_button_pressed_without_a_session_leads_to_the_dashboard(client: FlaskClient, nasrin: None) -> None:
    del nasrin
    assert client.post("/organize/messages/approve").location == SIGN_IN


@pytest.mark.parametrize("email", ["nasrin@example.org", "nobody@example.org"])
def test_answers_alike_whether_or_not_the_account_exists(client: FlaskClient, nasrin: None, email: str) -> None:
    del nasrin
    answer = send(client, SIGN_IN, email=email, password=WRONG)
    assert answer.status_code == 422
    assert "do not belong together" in answer.text
    assert f'value="{email}"' in answer.text
    assert WRONG not in answer.text
    assert "Set-Cookie" not in answer.headers or "organizer" not in answer.headers["Set-Cookie"]


def test_says_beside_the_field_what_is_missing_in_the_visitors_language(client: FlaskClient) -> None:
    answer = send(client, SIGN_IN, email="nasrin", password="")
    assert answer.status_code == 422
    assert "It should be like name@example.org" in answer.text
    assert "Please write your password." in answer.text
    assert 'lang="es"' in send(client, f"/es{SIGN_IN}", email="", password="").text


def test_without_a_cookie_nothing_is_lost(client: FlaskClient) -> None:
    answer = client.post(SIGN_IN, data={"email": "nasrin@example.org", "password": PASSWORD})
    assert answer.status_code == 422
    assert "Nothing is lost" in answer.text


def test_is_slowed_after_six_tries_but_only_for_a_minute(
    client: FlaskClient, nasrin: None, clock: time_machine.Traveller
) -> None:
    del nasrin
    for _try in range(6):
        assert send(client, SIGN_IN, email="nasrin@example.org", password=WRONG).status_code == 422
    slowed = send(client, SIGN_IN, email="nasrin@example.org", password=PASSWORD)
    assert slowed.status_code == 429
    assert slowed.headers["Retry-After"] == "60"
    assert "Wait a minute" in slowed.text
    clock.shift(61)
    assert send(client, SIGN_IN, email="nasrin@example.org", password=PASSWORD).status_code == 303


def test_nobody_is_kept_out_for_more_than_ten_minutes(
    client: FlaskClient, nasrin: None, clock: time_machine.Traveller
) -> None:
    del nasrin
    for _minute in range(4):
        clock.shift(61)
        last = [send(client, SIGN_IN, email="nasrin@example.org", password=WRONG).status_code for _try in range(6)]
    assert last == [422, 422, 429, 429, 429, 429]
    clock.shift(dt.timedelta(minutes=10))
    assert send(client, SIGN_IN, email="nasrin@example.org", password=PASSWORD).status_code == 303


def test_a_stranger_elsewhere_cannot_use_up_the_owners_tries(app: Flask, nasrin: None) -> None:
    del nasrin
    stranger, owner = app.test_client(), app.test_client()
    stranger.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    owner.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    for _try in range(7):
        last = send(stranger, SIGN_IN, email="nasrin@example.org", password=WRONG)
    assert last.status_code == 429
    assert send(owner, SIGN_IN, email="nasrin@example.org", password=PASSWORD).status_code == 303


def test_a_stranger_behind_the_same_exit_cannot_either(app: Flask, nasrin: None) -> None:
    del nasrin
    stranger, owner = app.test_client(), app.test_client()
    come_in(owner)
    send(owner, "/organize", to="/organize/sign-out")
    for _try in range(7):
        last = send(stranger, SIGN_IN, email="nasrin@example.org", password=WRONG)
    assert last.status_code == 429
    assert send(owner, SIGN_IN, email="nasrin@example.org", password=PASSWORD).status_code == 303


def test_one_password_is_not_tried_at_one_account_after_the_other(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def tries_from(address: str, times: int) -> int:
        """How many tries at as many accounts are let through."""
        with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
            return sum(tries.may_try(f"{number}@example.org", request) for number in range(times))

    monkeypatch.setattr(tries, "PER_NETWORK", ("5/minute",))
    monkeypatch.setattr(tries, "EVERYWHERE", ("7/minute",))
    assert tries_from("203.0.113.9", 6) == 5
    assert tries_from("203.0.113.8", 1) == 0  # the same network
    assert tries_from("198.51.100.7", 3) == 2


def test_a_flood_by_the_onion_address_shuts_the_other_for_nobody(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def may_try(**came: object) -> bool:
        with app.test_request_context(environ_overrides={"REMOTE_ADDR": "203.0.113.9", **came}):
            return tries.may_try("nasrin@example.org", request)

    monkeypatch.setattr(tries, "BY_ONION", ("2/minute",))
    circuits = [{"iec.onion": True, "REMOTE_ADDR": f"fc00:dead:beef:4dad::{number}"} for number in range(3)]
    assert [may_try(**came) for came in circuits] == [True, True, False]
    assert may_try()


def test_a_forged_cookie_of_a_known_browser_is_worth_nothing(client: FlaskClient, nasrin: None) -> None:
    del nasrin
    client.set_cookie("iec-known", "WyJhIiwiYiJd.abc.def", domain="127.0.0.1")
    for _try in range(7):
        last = send(client, SIGN_IN, email="nasrin@example.org", password=WRONG)
    assert last.status_code == 429


def test_a_session_from_before_signing_in_is_not_carried_over(client: FlaskClient, nasrin: None) -> None:
    del nasrin
    with client.session_transaction() as session:
        session["organizer"] = "planted"
        session["other"] = "planted"
    send(client, SIGN_IN, email="nasrin@example.org", password=PASSWORD)
    with client.session_transaction() as session:
        assert session["organizer"] != "planted"
        assert "other" not in session


def test_a_tampered_session_is_no_session(client: FlaskClient) -> None:
    for planted in ("wrong", 7, None, ["list"], "x" * 3000):
        with client.session_transaction() as session:
            session["organizer"] = planted
        assert client.get("/organize").status_code == 303
    assert noted() == []
    name = client.application.config["SESSION_COOKIE_NAME"]
    client.set_cookie(name, "eyJvcmdhbml6ZXIiOiJ4In0.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb", domain="127.0.0.1")
    for page in ("/organize", "/organize/account", "/organize"):
        assert client.get(page).status_code == 303
    assert noted() == ["session.refused"]


def test_signing_out_shuts_the_door(organizer: FlaskClient) -> None:
    with organizer.session_transaction() as session:
        token = session["organizer"]
    answer = send(organizer, "/organize", to="/organize/sign-out")
    assert (answer.status_code, answer.location) == (303, SIGN_IN)
    assert "You are signed out." in organizer.get(SIGN_IN).text
    with organizer.session_transaction() as session:
        session["organizer"] = token  # somebody who kept the cookie
    assert organizer.get("/organize").status_code == 303


def test_working_keeps_a_session_awake(organizer: FlaskClient, clock: time_machine.Traveller) -> None:
    for _look in range(3):
        clock.shift(dt.timedelta(minutes=25))
        assert organizer.get("/organize").status_code == 200
    clock.shift(dt.timedelta(minutes=31))
    assert organizer.get("/organize").status_code == 303


def test_who_is_signed_in_already_goes_on(organizer: FlaskClient) -> None:
    assert organizer.get(f"{SIGN_IN}?next=/organize/messages").location == "/organize/messages"


@pytest.mark.parametrize("field", ["email", "password"])
@pytest.mark.parametrize(
    "typed", ["\x00", "\u202egro.elpmaxe@nirsan", "A" * 300_000, "<script>", "a\r\nBcc: b@example.org", "\ud83d"]
)
def test_hostile_input_is_an_ordinary_mistake(client: FlaskClient, field: str, typed: str) -> None:
    typed = typed.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    answer = send(client, SIGN_IN, **{"email": "nasrin@example.org", "password": WRONG, field: typed})
    assert answer.status_code == 422
    assert "<script>" not in answer.text


# --- The invitation


def invited() -> str:
    return f"/organize/first/{actions.invite(now=real_clock.now())}"


FILLED = {
    "name": "Nasrin",
    "email": "nasrin@example.org",
    "password": PASSWORD,
    "password_again": PASSWORD,
}


def test_an_invitation_works_once_and_looking_at_it_does_not_count(client: FlaskClient, app: Flask) -> None:
    address = invited()
    for _look in range(3):
        assert client.get(address).status_code == 200
        assert client.head(address).status_code == 200
    answer = send(client, address, **FILLED)
    assert (answer.status_code, answer.location) == (303, "/organize/set-up")
    assert "Welcome." in client.get("/organize/set-up").text
    assert app.test_client().get(address).status_code == 404


def test_wrong_used_and_expired_invitations_get_one_answer(
    client: FlaskClient, app: Flask, clock: time_machine.Traveller
) -> None:
    used, expired = invited(), invited()
    send(client, used, **FILLED)
    clock.shift(dt.timedelta(hours=73))
    stranger = app.test_client()
    pages = {stranger.get(address).text for address in (used, expired, "/organize/first/wrong", "/organize/first/%20")}
    assert len({page.replace("wrong", "").split("<main")[1] for page in pages}) == 1
    assert {stranger.get(a).status_code for a in (used, expired, "/organize/first/wrong")} == {404}
    assert "invitation.refused" not in noted(), "mail programs open links by themselves"
    typed = {**hidden_fields(stranger.get(SIGN_IN).text), **FILLED}
    for _again in range(2):
        assert {stranger.post(a, data=typed).status_code for a in (used, expired, "/organize/first/wrong")} == {404}
    assert noted().count("invitation.refused") == 1, "a flood of these does not drown the trail"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": ""}, "the other organizers know you by"),
        ({"email": "nasrin"}, "It should be like name@example.org"),
        ({"password": "short", "password_again": "short"}, "too short"),
        ({"password_again": "seven winters and a long sprint"}, "not the same"),
        ({"password": "my nasrin is best", "password_again": "my nasrin is best"}, "contains your e-mail address"),
    ],
)
def test_a_mistake_is_told_and_nothing_typed_is_lost(
    client: FlaskClient, app: Flask, changed: dict[str, str], sentence: str
) -> None:
    del app
    address = invited()
    answer = send(client, address, **{**FILLED, **changed})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert PASSWORD not in answer.text
    for name in ("name", "email"):
        assert {**FILLED, **changed}[name] in answer.text
    assert send(client, address, **FILLED).status_code == 303


def test_an_address_in_use_is_told_beside_the_field(client: FlaskClient, nasrin: None) -> None:
    del nasrin
    answer = send(client, invited(), **FILLED)
    assert answer.status_code == 422
    assert "exists already" in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_browsers_and_password_managers_can_help(client: FlaskClient, app: Flask) -> None:
    del app
    first, sign_in = client.get(invited()).text, client.get(SIGN_IN).text
    assert first.count('autocomplete="new-password"') == 2
    assert 'autocomplete="current-password"' in sign_in
    assert 'autocomplete="username"' in sign_in
    assert "onpaste" not in first + sign_in


def test_the_command_prints_a_link_that_works(app: Flask, client: FlaskClient) -> None:
    printed = app.test_cli_runner().invoke(organizer_command, ["invite"]).output.strip()
    assert printed.startswith("http://127.0.0.1:8000/organize/first/")
    assert client.get(printed.removeprefix("http://127.0.0.1:8000")).status_code == 200


def test_the_command_removes_an_account_at_once(app: Flask, client: FlaskClient, nasrin: None) -> None:
    del nasrin
    come_in(client)
    assert team_commands.COMMANDS == []  # they stand under `organizer`
    shell = app.test_cli_runner()
    shell.invoke(organizer_command, ["remove"], input="nasrin@example.org\nno\n")
    assert client.get("/organize").status_code == 200
    assert shell.invoke(organizer_command, ["remove", "--yes"], input="Nasrin@example.org\n").exit_code == 0
    assert client.get("/organize").status_code == 303
    again = shell.invoke(organizer_command, ["remove", "--yes", "--email", "nasrin@example.org"])
    assert (again.exit_code, "No account has" in again.output) == (1, True)


def test_forms_carry_no_token_of_another_visitor(app: Flask) -> None:
    one, other = app.test_client(), app.test_client()
    token = hidden_fields(one.get(SIGN_IN).text)["csrf_token"]
    other.get(SIGN_IN)
    assert other.post(SIGN_IN, data={**FILLED, "csrf_token": token}).status_code == 422
