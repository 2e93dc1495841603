"""The second factor: setting it up, giving it, losing it; and being asked again before what is dangerous."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from iec_events.core import clock as real_clock
from iec_events.core.db import atomic, db
from iec_events.organizers import actions, factors
from iec_events.organizers.guard import TOKEN
from iec_events.organizers.keys import private_of_session
from iec_events.organizers.models import AuditEntry, AuthenticatorApp, Organizer, RecoveryCode
from iec_events.organizers.queries import organizer_by_email, session_of
from tests.conftest import Client
from tests.factories import PASSWORD, an_app, an_event, an_organizer, an_organizer_session, app_code
from tests.filling import hidden_fields, send

SIGN_IN, SECOND, SET_UP, CONFIRM = (f"/organize/{page}" for page in ("sign-in", "second", "set-up", "confirm"))
ANYBODY = "nasrin@example.org"


@pytest.fixture
def nasrin(app: Flask) -> Organizer:
    del app
    return an_app(an_organizer("Nasrin", ANYBODY))


def knock(client: FlaskClient, password: str = PASSWORD) -> TestResponse:
    return send(client, SIGN_IN, email=ANYBODY, password=password)


def noted() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(AuditEntry.what).order_by(AuditEntry.id)))


def codes_on(page: str) -> list[str]:
    return re.findall(r"<li>([a-z2-9-]{19})</li>", page)


def secret_on(page: str) -> str:
    found = re.search(r'class="secret" dir="ltr"><code>([A-Z2-7 ]+)</code>', page)
    assert found
    return found[1].replace(" ", "")


def test_after_the_password_nothing_is_seen_yet(client: FlaskClient, nasrin: Organizer) -> None:
    del nasrin
    an_event(slug="berkeley")
    assert knock(client).location == SECOND
    for page in ("/organize", "/organize/events/berkeley/rsvps", "/organize/access", "/organize/account", CONFIRM):
        assert client.get(page).location.startswith(SECOND), page
    assert client.get(SET_UP).location == SECOND
    assert "(optional)" not in client.get(SECOND).text
    assert send(client, SECOND, code=app_code()).location == "/organize"
    assert client.get("/organize").status_code == 200
    assert noted() == ["sign-in.password", "sign-in.accepted"]


def test_half_a_sign_in_lasts_half_an_hour(
    client: FlaskClient, nasrin: Organizer, clock: time_machine.Traveller
) -> None:
    del nasrin
    knock(client)
    for _look in range(2):
        clock.shift(dt.timedelta(minutes=14))
        assert client.get(SECOND).status_code == 200
    clock.shift(dt.timedelta(minutes=3))
    assert client.get(SECOND).location == SIGN_IN


def test_an_account_without_one_sets_it_up_first(app: Flask, client: FlaskClient) -> None:
    del app
    an_organizer("Nasrin", ANYBODY)
    assert knock(client).location == SECOND
    assert client.get(SECOND).location == SET_UP
    assert client.get("/organize/messages").location == f"{SET_UP}?next=/organize/messages"
    page = client.get(SET_UP)
    assert "<svg" in page.text
    assert 'href="/organize/events"' not in page.text
    assert 'action="/organize/sign-out"' in page.text
    secret = secret_on(page.text)
    assert secret == secret_on(client.get(SET_UP).text)
    shown = send(client, SET_UP, code=app_code(secret))
    assert shown.status_code == 200
    assert shown.headers["Cache-Control"] == "no-store"
    assert len(set(codes_on(shown.text))) == 10
    assert 'href="/organize/access/recovery"' in shown.text
    assert client.get("/organize").status_code == 200
    assert secret not in client.get(SET_UP).text


def test_a_wrong_code_sets_nothing_up(app: Flask, client: FlaskClient) -> None:
    del app
    an_organizer("Nasrin", ANYBODY)
    knock(client)
    before = secret_on(client.get(SET_UP).text)
    refused = send(client, SET_UP, code="000000")
    assert refused.status_code == 422
    assert "This code is not right" in refused.text
    assert secret_on(refused.text) == before
    assert db.session.scalars(sa.select(AuthenticatorApp)).all() == []


def test_two_sessions_are_offered_two_secrets(app: Flask) -> None:
    an_organizer("Nasrin", ANYBODY)
    offered = []
    for client in (app.test_client(), app.test_client()):
        knock(client)
        offered.append(secret_on(client.get(SET_UP).text))
    assert offered[0] != offered[1]


def test_the_password_alone_sets_up_the_first_factor_only(app: Flask) -> None:
    del app
    account = an_organizer("Nasrin", ANYBODY)
    one, other = (actions.sign_in(email=ANYBODY, password=PASSWORD, now=real_clock.now()) for _browser in range(2))
    secrets = [factors.offered_secret(token, account.id) for token in (one, other)]
    assert actions.set_up_app(token=one, code=app_code(secrets[0]), now=real_clock.now())
    with atomic():
        assert not factors.use_app_code(account.id, app_code(secrets[0]), now=real_clock.now())  # it was used for that
    for secret in (secrets[1], factors.offered_secret(other, account.id)):
        with pytest.raises(actions.SessionOver):
            actions.set_up_app(token=other, code=app_code(secret), now=real_clock.now())


@pytest.mark.parametrize("typed", ["", "000000", "12345", "abcd-efgh-jkmn-pqrs", "۱۲۳۴۵۶", "\u202e123456", "9" * 5000])
def test_wrong_codes_are_told_and_noted(client: FlaskClient, nasrin: Organizer, typed: str) -> None:
    del nasrin
    knock(client)
    refused = send(client, SECOND, code=typed)
    assert refused.status_code == 422
    assert client.get("/organize").location.startswith(SECOND)
    if typed == "000000":
        assert "This code is not right, or it was used already." in refused.text
        assert noted() == ["sign-in.password", "second-factor.refused"]


def test_a_code_counts_once_and_codes_before_it_not_at_all(
    app: Flask, nasrin: Organizer, clock: time_machine.Traveller
) -> None:
    del nasrin
    one, other = app.test_client(), app.test_client()
    knock(one)
    knock(other)
    seen_over_the_shoulder = app_code(steps=1)
    assert send(one, SECOND, code=seen_over_the_shoulder).status_code == 303
    assert send(other, SECOND, code=seen_over_the_shoulder).status_code == 422
    assert send(other, SECOND, code=app_code()).status_code == 422
    clock.shift(60)
    assert send(other, SECOND, code=app_code()).status_code == 303


def test_of_two_who_give_one_code_at_once_one_is_first(nasrin: Organizer, monkeypatch: pytest.MonkeyPatch) -> None:
    real, used = factors.fitting_step, list[bool]()

    def meanwhile(secret: str, typed: str, *, now: dt.datetime, after: int = 0) -> int | None:
        step = real(secret, typed, now=now, after=after)
        monkeypatch.setattr(factors, "fitting_step", real)
        used.append(factors.use_app_code(nasrin.id, typed, now=now))
        return step

    monkeypatch.setattr(factors, "fitting_step", meanwhile)
    with atomic():
        used.append(factors.use_app_code(nasrin.id, app_code(), now=real_clock.now()))
    assert used == [True, False]


@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phones_clock_may_be_off_by_half_a_minute(
    client: FlaskClient, nasrin: Organizer, steps: int, *, fits: bool
) -> None:
    del nasrin
    knock(client)
    assert (send(client, SECOND, code=app_code(steps=steps)).status_code == 303) is fits


def test_the_token_of_the_password_alone_opens_nothing_after_the_second_factor(
    app: Flask, client: FlaskClient, clock: time_machine.Traveller
) -> None:
    private = an_account_with_key()
    knock(client)
    seen = [token_of(client)]
    send(client, SECOND, code=app_code())
    seen.append(token_of(client))
    clock.shift(60)
    send(client, CONFIRM, password=PASSWORD, code=app_code())
    assert private_of_session(token_of(client)) == private
    assert len({*seen, token_of(client)}) == 3
    for old in seen:
        thief = app.test_client()
        with thief.session_transaction() as session:
            session[TOKEN] = old
        assert thief.get("/organize").location.startswith(SIGN_IN)
        assert private_of_session(old) is None
    assert client.get("/organize").status_code == 200
    twice = client.post(SECOND, data={"code": app_code()})  # the button was pressed twice
    assert (twice.status_code, twice.location) == (303, "/organize")


def an_account_with_key() -> bytes:
    """Nasrin with an app and a real key pair; her private key."""
    token = actions.accept_invitation(
        token=actions.invite(now=real_clock.now()),
        name="Nasrin",
        email=ANYBODY,
        password=PASSWORD,
        now=real_clock.now(),
    )
    private = private_of_session(token)
    account = organizer_by_email(ANYBODY)
    assert private
    assert account
    an_app(account)
    return private


def token_of(client: FlaskClient) -> str:
    assert isinstance(client, Client)
    with client.session_transaction() as session:
        return str(session[TOKEN])


def test_codes_may_be_typed_as_people_type_them(client: FlaskClient, nasrin: Organizer) -> None:
    del nasrin
    knock(client)
    code = app_code().translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    assert send(client, SECOND, code=f" {code[:3]} {code[3:]} ").status_code == 303


def test_tries_are_few_even_for_who_knows_the_password(
    app: Flask, nasrin: Organizer, clock: time_machine.Traveller
) -> None:
    del nasrin
    client = app.test_client()
    knock(client)
    answers = [send(client, SECOND, code="000000").status_code for _try in range(7)]
    assert answers == [422] * 6 + [429]
    clock.shift(61)
    answers = []
    for number in range(6):
        elsewhere = app.test_client()
        elsewhere.environ_base["REMOTE_ADDR"] = f"203.0.{number}.9"
        knock(elsewhere)
        answers.append(send(elsewhere, SECOND, code="000000").status_code)
    assert answers == [422] * 4 + [429] * 2
    assert "second-factor.slowed" in noted()
    clock.shift(dt.timedelta(minutes=10))
    assert send(client, SECOND, code=app_code()).status_code == 303


def test_the_owners_own_browser_is_not_shut_out_by_them(app: Flask, nasrin: Organizer) -> None:
    del nasrin
    owner, thief = app.test_client(), app.test_client()
    knock(owner)
    send(owner, SECOND, code=app_code())
    send(owner, "/organize", to="/organize/sign-out")
    knock(thief)
    while send(thief, SECOND, code="000000").status_code != 429:
        pass
    knock(owner)
    assert send(owner, SECOND, code=app_code(steps=1)).status_code == 303


def test_a_recovery_code_counts_once(app: Flask, nasrin: Organizer) -> None:
    with atomic():
        codes = factors.make_recovery_codes(nasrin.id)
    for number, typed in enumerate((codes[0], codes[1].upper().replace("-", " "))):
        client = app.test_client()
        knock(client)
        assert send(client, SECOND, code=typed).status_code == 303, number
    again = app.test_client()
    knock(again)
    assert send(again, SECOND, code=codes[0]).status_code == 422
    assert factors.codes_left(nasrin.id) == 8
    assert "8 recovery codes are left." in client.get("/organize/account").text


def test_neither_secret_nor_codes_stand_in_the_open(app: Flask, client: FlaskClient) -> None:
    del app
    an_organizer("Nasrin", ANYBODY)
    knock(client)
    secret = secret_on(client.get(SET_UP).text)
    codes = codes_on(send(client, SET_UP, code=app_code(secret)).text)
    rows = [str(row) for table in db.metadata.sorted_tables for row in db.session.execute(sa.select(table))]
    assert len(codes) == 10
    for word in (secret, *codes, *(code.replace("-", "") for code in codes)):
        assert not [row for row in rows if word in row]


def test_codes_of_one_account_are_worth_nothing_for_another(app: Flask, nasrin: Organizer) -> None:
    with atomic():
        codes = factors.make_recovery_codes(nasrin.id)
    an_app(an_organizer("Omid", "omid@example.org"))
    client = app.test_client()
    send(client, SIGN_IN, email="omid@example.org", password=PASSWORD)
    assert send(client, SECOND, code=codes[0]).status_code == 422
    assert factors.codes_left(nasrin.id) == 10


def test_an_app_moved_to_another_account_opens_nothing(app: Flask, nasrin: Organizer) -> None:
    omid = an_app(an_organizer("Omid", "omid@example.org"))
    with atomic():
        box = db.session.get_one(AuthenticatorApp, nasrin.id).sealed
        db.session.get_one(AuthenticatorApp, omid.id).sealed = box
    with app.app_context(), pytest.raises(Exception, match="altered, moved"):
        factors.use_app_code(omid.id, app_code(), now=real_clock.now())


# --- Asked again


@pytest.mark.parametrize(
    "page", ["/organize/access", "/organize/access/recovery/check", "/organize/events/berkeley/rsvps/export", SET_UP]
)
def test_dangerous_pages_ask_again_after_ten_minutes(
    client: FlaskClient, nasrin: Organizer, clock: time_machine.Traveller, page: str
) -> None:
    del nasrin
    an_event(slug="berkeley")
    knock(client)
    send(client, SECOND, code=app_code())
    assert client.get(page).status_code == 200
    clock.shift(dt.timedelta(minutes=10, seconds=1))
    asked = client.get(page)
    assert (asked.status_code, asked.location) == (303, f"{CONFIRM}?next={page}")
    assert client.get("/organize").status_code == 200
    refused = send(client, asked.location, password="not the password", code=app_code())
    assert (refused.status_code, "This is not your password." in refused.text) == (422, True)
    assert send(client, asked.location, password=PASSWORD, code="000000").status_code == 422
    answer = send(client, asked.location, password=PASSWORD, code=app_code())
    assert (answer.status_code, answer.location) == (303, page)
    assert client.get(page).status_code == 200


def test_a_form_that_was_opened_in_time_can_still_be_sent(
    client: FlaskClient, nasrin: Organizer, clock: time_machine.Traveller
) -> None:
    del nasrin
    knock(client)
    send(client, SECOND, code=app_code())
    form = client.get("/organize/recovery-codes").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
    assert token
    clock.shift(dt.timedelta(minutes=15))
    assert len(codes_on(client.post("/organize/recovery-codes", data={"csrf_token": token[1]}).text)) == 10
    clock.shift(dt.timedelta(minutes=6))
    late = client.post("/organize/recovery-codes", data={"csrf_token": token[1]})
    assert (late.status_code, late.location) == (303, f"{CONFIRM}?next=/organize/recovery-codes")


def test_a_page_of_codes_that_is_loaded_again_leaves_them_good(client: FlaskClient, nasrin: Organizer) -> None:
    knock(client)
    send(client, SECOND, code=app_code())
    sent = hidden_fields(client.get("/organize/recovery-codes").text)
    assert len(codes_on(client.post("/organize/recovery-codes", data=sent).text)) == 10
    mark = factors.codes_mark(nasrin.id)
    again = client.post("/organize/recovery-codes", data=sent)
    assert (again.status_code, codes_on(again.text), factors.codes_mark(nasrin.id)) == (409, [], mark)
    assert len(codes_on(client.post("/organize/recovery-codes", data=hidden_fields(again.text)).text)) == 10


def test_new_recovery_codes_end_the_old_ones(client: FlaskClient, nasrin: Organizer) -> None:
    with atomic():
        old = factors.make_recovery_codes(nasrin.id)
    knock(client)
    send(client, SECOND, code=app_code())
    new = codes_on(send(client, "/organize/recovery-codes").text)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(RecoveryCode)) == 10
    assert not set(old) & set(new)
    with atomic():
        assert not factors.use_recovery_code(nasrin.id, old[0])
        assert factors.use_recovery_code(nasrin.id, new[0])


def test_another_app_takes_the_place_of_the_first(
    client: FlaskClient, nasrin: Organizer, clock: time_machine.Traveller
) -> None:
    del nasrin
    knock(client)
    send(client, SECOND, code=app_code())
    page = client.get(SET_UP).text
    assert "takes the place of the old one" in page
    secret = secret_on(page)
    assert len(codes_on(send(client, SET_UP, code=app_code(secret)).text)) == 10
    clock.shift(60)
    again = client.application.test_client()
    knock(again)
    assert send(again, SECOND, code=app_code()).status_code == 422
    assert send(again, SECOND, code=app_code(secret)).status_code == 303


# --- The account page


def test_the_account_page_lists_sessions_and_ends_them(app: Flask, nasrin: Organizer) -> None:
    here, there, third = app.test_client(), app.test_client(), app.test_client()
    for number, client in enumerate((here, there, third)):
        knock(client)
        send(client, SECOND, code=app_code(steps=number - 1))
    stranger = an_app(an_organizer("Omid", "omid@example.org"))
    theirs = an_organizer_session(stranger)
    page = here.get("/organize/account").text
    assert (page.count("This browser"), page.count("Another browser")) == (1, 2)
    assert ANYBODY in page
    ends = re.findall(r'action="(/organize/account/sessions/[^"]+/end)"', page)
    assert not actions.end_session(organizer_id=stranger.id, session_id=ends[0].split("/")[4], now=real_clock.now())
    assert send(here, "/organize/account", to=ends[0]).status_code == 303
    assert sorted(c.get("/organize").status_code for c in (here, there, third)) == [200, 200, 303]
    assert send(here, "/organize/account", to="/organize/account/sessions/end").status_code == 303
    assert [c.get("/organize").status_code for c in (here, there, third)] == [200, 303, 303]
    assert session_of(theirs) is not None
    assert {"session.ended", "session.others-ended"} <= set(noted())
    del nasrin


def test_another_password_keeps_the_key_and_ends_other_sessions(app: Flask, client: FlaskClient) -> None:
    token = actions.accept_invitation(
        token=actions.invite(now=real_clock.now()),
        name="Nasrin",
        email=ANYBODY,
        password=PASSWORD,
        now=real_clock.now(),
    )
    account = db.session.scalars(sa.select(Organizer)).one()
    before = private_of_session(token)
    an_app(account)
    other = app.test_client()
    knock(client)
    send(client, SECOND, code=app_code())
    knock(other)
    address, fresh = "/organize/account/password", "five rivers and a wide sea"
    assert send(client, address, present="no", password=fresh, password_again=fresh).status_code == 422
    assert send(client, address, present=PASSWORD, password="short", password_again="short").status_code == 422
    assert send(client, address, present=PASSWORD, password=fresh, password_again=fresh).status_code == 303
    assert client.get("/organize").status_code == 200
    assert other.get("/organize").location == f"{SIGN_IN}?next=/organize"
    assert knock(app.test_client()).status_code == 422
    again = actions.sign_in(email=ANYBODY, password=fresh, now=real_clock.now())
    assert before is not None
    assert private_of_session(again) == before
    assert "password.changed" in noted()
