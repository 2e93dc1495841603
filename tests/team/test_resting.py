"""Accounts at rest: nothing opens them, and nothing is lost."""

from __future__ import annotations

import datetime as dt
import threading
from contextlib import suppress
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from time_machine import Traveller

from iec_events.core import clock as real_clock
from iec_events.core.db import atomic, db
from iec_events.organizers.actions import CodeRefused, SessionOver, forget_expired, keep_unsent, rest, set_up_app, wake
from iec_events.organizers.commands import organizer as organizer_command
from iec_events.organizers.models import AuditEntry, Organizer, OrganizerSession, UnsentForm
from iec_events.organizers.queries import reset_stands
from iec_events.organizers.roles import OWNER
from iec_events.team import actions, commands
from tests.factories import PASSWORD, an_app, an_organizer, an_organizer_session
from tests.filling import send

NASRIN, OMID = "nasrin@example.org", "omid@example.org"


def browser_of(app: Flask, token: str) -> FlaskClient:
    client = app.test_client()
    with client.session_transaction() as session:
        session["organizer"] = token
    return client


@pytest.fixture
def omid(app: Flask) -> Organizer:
    """An owner with an authenticator app."""
    del app
    return an_app(an_organizer("Omid", OMID))


def tries(app: Flask, email: str = OMID, path: str = "") -> tuple[int, str]:
    answer = send(app.test_client(), f"{path}/organize/sign-in", email=email, password=PASSWORD)
    return answer.status_code, unescape(answer.text)


def noted() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(AuditEntry.what).order_by(AuditEntry.id)))


def test_a_colleague_lets_it_rest_and_wakes_it(app: Flask, organizer: FlaskClient, omid: Organizer) -> None:
    his = browser_of(app, an_organizer_session(omid))
    assert his.get("/organize").status_code == 200
    page = f"/organize/team/{omid.id}"
    assert send(organizer, f"{page}/rest").status_code == 303
    assert his.get("/organize").status_code == 303
    status, said = tries(app)
    assert (status, "This account rests. You cannot wake it" in said) == (403, True)
    assert "at rest" in organizer.get("/organize/team").text
    assert "Wake it" in organizer.get(page).text
    assert send(organizer, page, to=f"{page}/wake").status_code == 303
    assert his.get("/organize").status_code == 303  # it does not come back with the account
    assert tries(app)[0] == 303
    assert {"organizer.rests", "sign-in.at-rest", "organizer.woken"} <= set(noted())


def test_who_does_not_know_the_password_learns_nothing_of_it(app: Flask, omid: Organizer) -> None:
    rest(organizer_id=omid.id, until=None, now=real_clock.now())
    answer = send(app.test_client(), "/organize/sign-in", email=OMID, password="something else entirely")
    assert answer.status_code == 422
    assert "rests" not in answer.text


def test_ones_own_rests_until_its_time(app: Flask, clock: Traveller, omid: Organizer) -> None:
    his, other = (browser_of(app, an_organizer_session(omid)) for _ in range(2))
    assert "No other owner could wake it" in his.get("/organize/account/rest").text
    answer = send(his, "/organize/account/rest", days="3")
    assert (answer.status_code, answer.location) == (303, "/organize/sign-in")
    assert "Your account rests" in his.get(answer.location).text
    assert other.get("/organize").status_code == 303
    assert "until \u20662027-01-18 12:00\u2069 (UTC)" in tries(app)[1]
    assert "۲۰۲۷-۰۱-۱۸ ۱۲:۰۰\u2069 – ۲۸ دی ۱۴۰۵ (UTC)" in tries(app, path="/fa")[1]
    clock.shift(dt.timedelta(days=3))
    assert tries(app)[0] == 303
    forget_expired(real_clock.now())
    db.session.rollback()
    assert db.session.scalars(sa.select(Organizer.rests_since)).all() == [None]


@pytest.mark.parametrize("days", ["", "2", "-1", "9999"])
def test_for_how_long_must_be_one_of_those_offered(app: Flask, omid: Organizer, days: str) -> None:
    his = browser_of(app, an_organizer_session(omid))
    answer = send(his, "/organize/account/rest", days=days)
    assert (answer.status_code, "Please choose for how long." in answer.text) == (422, True)
    assert his.get("/organize").status_code == 200


def test_a_session_that_began_in_that_moment_opens_nothing(app: Flask, omid: Organizer) -> None:
    rest(organizer_id=omid.id, until=None, now=real_clock.now())
    late = browser_of(app, an_organizer_session(omid))
    assert late.get("/organize").status_code == 303
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OrganizerSession)) == 1


def test_no_link_to_begin_anew_opens_it(app: Flask, organizer: FlaskClient, omid: Organizer) -> None:
    made = actions.make_reset_link(organizer_id=omid.id, now=real_clock.now())
    rest(organizer_id=omid.id, until=None, now=real_clock.now())
    assert app.test_client().get(f"/organize/again/{made}").status_code == 404
    answer = send(organizer, f"/organize/team/{omid.id}/reset")
    assert (answer.status_code, "Wake it first" in answer.text) == (409, True)


def test_for_good_it_ends_the_links_that_it_may_have_made_for_others(omid: Organizer) -> None:
    parvin = an_organizer("Parvin", "parvin@example.org", role=OWNER)
    made = actions.make_reset_link(organizer_id=parvin.id, now=real_clock.now())
    rest(organizer_id=omid.id, until=real_clock.now() + dt.timedelta(days=1), now=real_clock.now())
    assert reset_stands(made, now=real_clock.now())
    actions.rest_person(organizer_id=omid.id, now=real_clock.now())
    assert not reset_stands(made, now=real_clock.now())


def test_who_begins_anew_waits_for_the_account_before_taking_the_link(app: Flask, omid: Organizer) -> None:
    made, organizer_id = actions.make_reset_link(organizer_id=omid.id, now=real_clock.now()), omid.id
    answers: list[object] = []

    def begin() -> None:
        with app.app_context():
            try:
                answers.append(actions.begin_anew(token=made, password=PASSWORD, now=real_clock.now()))
            except actions.LinkUnknown as refusal:
                answers.append(refusal)

    beginning = threading.Thread(target=begin)
    with atomic():
        db.session.execute(sa.update(Organizer).values(rests_since=real_clock.now()))
        beginning.start()
        beginning.join(0.1)
        rest(organizer_id=organizer_id, until=None, now=real_clock.now())
    beginning.join()
    assert isinstance(answers[0], actions.LinkUnknown)


def test_colleagues_let_it_rest_for_good_while_its_own_time_runs(organizer: FlaskClient, omid: Organizer) -> None:
    now, page = real_clock.now(), f"/organize/team/{omid.id}"
    rest(organizer_id=omid.id, until=now + dt.timedelta(days=1), now=now)
    assert f'href="{page}/rest"' in organizer.get(page).text, "they were arrested at the border"
    assert "Look at the open invitations" in organizer.get(f"{page}/rest").text, "an owner may have made some"
    assert send(organizer, f"{page}/rest").status_code == 303
    assert f'href="{page}/rest"' not in organizer.get(page).text


def test_an_own_time_that_comes_late_ends_no_rest_for_good(omid: Organizer) -> None:
    now = real_clock.now()
    rest(organizer_id=omid.id, until=None, now=now)
    assert not rest(organizer_id=omid.id, until=now + dt.timedelta(days=1), now=now)
    db.session.rollback()
    assert db.session.scalars(sa.select(Organizer.rests_until)).all() == [None]


def test_nothing_typed_is_kept_for_an_account_at_rest(omid: Organizer) -> None:
    now, typed = real_clock.now(), {"secret": "s" * 40, "page": "/organize", "typed": [("note", "Mina comes")]}
    assert keep_unsent(organizer_id=omid.id, now=now, **typed)  # type: ignore[arg-type]
    rest(organizer_id=omid.id, until=None, now=now)
    assert not keep_unsent(organizer_id=omid.id, now=now, **typed)  # type: ignore[arg-type]
    assert db.session.scalars(sa.select(UnsentForm)).all() == []


def test_an_owner_at_rest_is_no_owner_to_leave_it_all_to(omid: Organizer) -> None:
    parvin = an_organizer("Parvin", "parvin@example.org", role=OWNER)
    rest(organizer_id=parvin.id, until=None, now=real_clock.now())
    with pytest.raises(actions.LastOwner):
        actions.remove_person(organizer_id=omid.id, now=real_clock.now())
    with pytest.raises(actions.LastOwner):
        actions.rest_person(organizer_id=omid.id, now=real_clock.now())
    assert wake(organizer_id=parvin.id, now=real_clock.now())
    actions.rest_person(organizer_id=omid.id, now=real_clock.now())


def test_ones_own_is_not_let_rest_without_an_end(organizer: FlaskClient) -> None:
    mine = db.session.scalars(sa.select(Organizer.id)).one()
    assert organizer.get(f"/organize/team/{mine}/rest").location == "/organize/account/rest"
    db.session.rollback()
    assert db.session.scalars(sa.select(Organizer.rests_since)).one() is None


@pytest.mark.usefixtures("omid")
def test_operators_do_it_too(app: Flask) -> None:
    assert commands.COMMANDS == []  # they stand under `organizer`
    run = app.test_cli_runner().invoke
    assert "The account rests" in run(organizer_command, ["rest", "--email", OMID]).output
    assert tries(app)[0] == 403
    assert "Wake it first" in run(organizer_command, ["reset", "--email", OMID, "--yes"]).output
    assert "awake." in run(organizer_command, ["wake", "--email", OMID]).output
    assert "already" in run(organizer_command, ["wake", "--email", OMID]).output
    assert tries(app)[0] == 303


def test_of_two_owners_who_let_each_other_rest_one_stays_awake(
    app: Flask, omid: Organizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, hers = omid.id, an_organizer("Parvin", "parvin@example.org", role=OWNER).id
    refused: list[Exception] = []

    def hers_rests_me() -> None:
        with app.app_context():
            try:
                actions.rest_person(organizer_id=mine, now=real_clock.now())
            except actions.LastOwner as refusal:
                refused.append(refusal)

    other = threading.Thread(target=hers_rests_me)

    def meanwhile(*, organizer_id: str, until: dt.datetime | None, now: dt.datetime) -> bool:
        if not other.ident:
            other.start()
            other.join(0.1)
        return rest(organizer_id=organizer_id, until=until, now=now)

    monkeypatch.setattr(actions, "rest", meanwhile)
    actions.rest_person(organizer_id=hers, now=real_clock.now())
    other.join()
    assert len(refused) == 1


def test_who_sets_up_a_second_factor_at_that_moment_does_not_disturb_it(app: Flask, omid: Organizer) -> None:
    token, organizer_id, answers = an_organizer_session(omid), omid.id, []

    def sets_up() -> None:
        with app.app_context(), suppress(SessionOver, CodeRefused):
            answers.append(set_up_app(token=token, code="123456", now=real_clock.now()))

    setting_up = threading.Thread(target=sets_up)
    with atomic():
        db.session.execute(sa.update(Organizer).values(rests_since=real_clock.now()))
        setting_up.start()
        setting_up.join(0.1)
        rest(organizer_id=organizer_id, until=None, now=real_clock.now())
    setting_up.join()
    assert answers == []
