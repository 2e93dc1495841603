"""Every address the application has is walked: which doors are shut, and which pages leave nothing in the browser."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import AnyConverter, Rule
from werkzeug.routing.converters import NumberConverter

from iec_events.core import clock
from iec_events.core.db import db
from iec_events.organizers.doors import DOORS, WAY_IN
from tests.events.serial import a_vigil
from tests.factories import a_campaign, an_event, an_organizer, an_organizer_session

OPEN = {"organizers.sign_in", "organizers.first", "team.begin_anew"}
# Rooms and single pages that ask for password and code again.
DANGEROUS = {"access", "team", "reports", "privacy_organizers", "organizers.address", "organizers.set_up"}
DANGEROUS |= {f"organizers.{page}" for page in ("new_passkey", "remove_passkey", "recovery_codes", "rest")}
PUBLIC = {
    "front.home": "/",
    "front.campaign": "/campaigns/night",
    "front.event": "/events/berkeley",
    "front.poster": "/events/berkeley/poster",
    "front.privacy": "/privacy",
    "solidarity.wall": "/events/berkeley/messages",
    "calendars.event": "/events/berkeley.ics",
    "calendars.campaign": "/campaigns/night.ics",
    "calendars.everything": "/calendar.ics",
    "calendars.subscribe": "/subscribe",
    "calendars.city": "/cities/berkeley/upcoming.ics",
    "front.series": "/series/vigil",
    "calendars.series": "/series/vigil.ics",
}


@pytest.fixture(autouse=True)
def night(app: Flask) -> None:
    """One campaign with one event, so that addresses lead somewhere."""
    del app
    campaign = a_campaign(slug="night")
    an_event(slug="berkeley", campaign_id=campaign.id, capacity=10)
    a_vigil(campaign="night")


def addresses(app: Flask, method: str, *, organizers: bool) -> Iterator[tuple[Rule, str]]:
    """Every address that takes this method, with something plausible in its blanks."""
    adapter = app.url_map.bind("127.0.0.1")
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or ()) and rule.rule.startswith("/organize") == organizers:
            blanks = {name: blank(rule, name) for name in rule.arguments}
            yield rule, adapter.build(rule.endpoint, blanks, method=method)


def blank(rule: Rule, name: str) -> str:
    if name == "slug":
        return "night" if "campaign" in rule.rule else "vigil" if "/series/" in rule.rule else "berkeley"
    if name in (rule.defaults or {}):
        return str(rule.defaults[name])  # type: ignore[index]
    match rule._converters[name]:
        case AnyConverter() as some:
            return str(min(some.items))
        case NumberConverter():
            return "7"
    return "0123456789abcdef"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_organizers_pages_send_a_stranger_to_sign_in(app: Flask, client: FlaskClient, method: str) -> None:
    walked = [pair for pair in addresses(app, method, organizers=True) if pair[0].endpoint not in OPEN]
    assert walked
    for rule, address in walked:
        answer = client.open(address, method=method)
        assert (answer.status_code, answer.location.split("?")[0]) == (303, "/organize/sign-in"), rule


def test_nothing_is_done_without_the_forms_own_token(app: Flask, client: FlaskClient, organizer: FlaskClient) -> None:
    before = everything()
    walked = [*addresses(app, "POST", organizers=False), *addresses(app, "POST", organizers=True)]
    for rule, address in walked:
        for visitor in (client, organizer):
            answer = visitor.post(address, data={"name": "Sara", "party_size": "1", "text": "Freedom", "consent": "y"})
            assert answer.status_code in {303, 400, 404, 422}, (rule, answer.status_code)
            if answer.status_code == 303:  # sent elsewhere: to sign in, or away from an RSVP that is not theirs
                assert rule.rule.startswith("/organize") or "my-rsvp" in rule.rule, rule
    assert everything() == before


def everything() -> dict[str, int]:
    """How many rows each table has, those of sessions aside."""
    db.session.rollback()
    tables = [table for table in db.metadata.sorted_tables if table.name != "organizer_sessions"]
    return {t.name: db.session.scalar(sa.select(sa.func.count()).select_from(t)) or 0 for t in tables}


@pytest.mark.parametrize("prefix", ["", "/fa", "/es"])
def test_public_pages_leave_nothing_behind_and_can_be_kept(client: FlaskClient, prefix: str) -> None:
    for address in PUBLIC.values():
        answer = client.get(prefix + address)
        assert answer.status_code == 200, address
        assert "Set-Cookie" not in answer.headers, address
        assert "Cookie" not in answer.headers.get("Vary", ""), address
        assert answer.headers["Cache-Control"].startswith("public"), address
        again = client.get(prefix + address, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b""), address


def test_every_address_is_public_on_purpose_or_never_stored(app: Flask, client: FlaskClient) -> None:
    for rule, address in addresses(app, "GET", organizers=False):
        answer = client.get(address)
        assert answer.status_code < 500, rule
        if rule.endpoint not in PUBLIC and not answer.headers["Cache-Control"].startswith("public"):
            assert answer.headers["Cache-Control"] == "no-store", rule


def test_headers_shut_out_everything_foreign(app: Flask, client: FlaskClient) -> None:
    for _rule, address in addresses(app, "GET", organizers=False):
        headers = client.get(address).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "camera=()" in headers["Permissions-Policy"]


# --- Signed in, in one role

HALF = {"organizers.second", "organizers.first", "organizers.sign_in", "organizers.sign_out", "team.begin_anew"}
OWN = {f"organizers.{page}" for page in ("account", "password", "end_session", "end_others", "set_up", "confirm")}
OWN |= {"organizers.recovery_codes", "organizers.new_passkey", "organizers.remove_passkey"}
OWN |= {"organizers.name", "organizers.address", "organizers.take_address", "organizers.rest"}
WORDS = {f"solidarity_organizers.{verb}" for verb in ("review", "approve", "reject", "reconsider", "undo")}
WORDS |= {"solidarity_organizers.approve_many", "solidarity_organizers.reject_many"}
NIGHT = {"rsvps_organizers.roster", "rsvps_organizers.add", "rsvps_organizers.cancel", "reports.export"}
NIGHT |= {f"rsvps_organizers.{page}" for page in ("party", "change", "decline")}
NIGHT |= {f"rsvps_organizers.{verb}" for verb in ("remark", "approve", "seat", "mail_again", "choose", "undo")}
NIGHT |= {"rsvps_organizers.put_one_back"}
NIGHT |= {f"events_organizers.{page}" for page in ("edit_event", "confirm", "take", "list_events")}
NIGHT |= {"front_organizers.preview", "front_organizers.dashboard", "access.answer"}
CHECKIN = {f"checkin.{page}" for page in ("doors", "door", "here", "after_all", "walk_in", "undo")}
AT_THE_DOOR = CHECKIN - {"checkin.doors", "checkin.walk_in"}  # where codes are read
NIGHT |= CHECKIN
NIGHT |= {f"questions_organizers.{page}" for page in ("questions", "new_question", "edit_question", "add_ready_made")}
NIGHT |= {f"questions_organizers.{verb}" for verb in ("move", "take_back", "ask_again", "delete")}
NIGHT |= {
    f"broadcasts_organizers.{page}" for page in ("letters", "new_letter", "letter", "mail", "edit_letter", "send")
}
NIGHT |= {f"broadcasts_organizers.{verb}" for verb in ("test", "stop", "delete")}
NIGHT |= {"events_organizers.again"}
CAMPAIGN = {"events_organizers.new_event", "events_organizers.edit_campaign", "events_organizers.series"}
CAMPAIGN |= {f"events_organizers.{page}" for page in ("series_rule", "confirm_series", "take_series", "take_date")}
# Somebody's role and place, and every page and button that is theirs at /events/berkeley and /campaigns/night.
THEIRS: dict[tuple[str, str], set[str]] = {
    ("", ""): OWN,
    ("door", "event:berkeley"): OWN | CHECKIN,
    ("door", "event:paris"): OWN | {"checkin.doors"},
    ("moderator", ""): OWN | WORDS,
    ("moderator", "event:paris"): OWN | WORDS,
    ("organizer", ""): OWN | WORDS | NIGHT | CAMPAIGN | {"events_organizers.new_campaign"},
    ("organizer", "campaign:night"): OWN | WORDS | NIGHT | CAMPAIGN,
    ("organizer", "event:berkeley"): OWN | WORDS | NIGHT,
    ("organizer", "event:paris"): OWN
    | WORDS
    | {"events_organizers.list_events", "front_organizers.dashboard", "checkin.doors"},
}


def test_what_is_dangerous_is_not_done_on_an_old_sign_in(
    app: Flask, organizer: FlaskClient, clock: time_machine.Traveller
) -> None:
    clock.shift(dt.timedelta(minutes=21))
    for rule, address in addresses(app, "POST", organizers=True):
        if rule.endpoint in DANGEROUS or (rule.endpoint.split(".")[0] in DANGEROUS and rule.endpoint not in OPEN):
            answer = organizer.post(address)
            assert (answer.status_code, answer.location.split("?")[0]) == (303, "/organize/confirm"), rule


def test_every_page_of_the_area_says_who_may_open_it(app: Flask) -> None:
    area = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/organize")}
    assert area == set(DOORS) | WAY_IN, "every route stands in organizers/doors.py, and nothing else does"


@pytest.mark.parametrize(("role", "place"), list(THEIRS))
def test_a_role_opens_its_own_doors_and_no_other(app: Flask, role: str, place: str) -> None:
    an_event(slug="paris")
    until = clock.now() + dt.timedelta(days=90) if role == "door" else None
    somebody = an_organizer(email="somebody@example.org", role=role, place=place, until=until)
    visitor = app.test_client()
    with visitor.session_transaction() as session:
        session["organizer"] = an_organizer_session(somebody)
    for method in ("GET", "POST"):
        for rule, address in addresses(app, method, organizers=True):
            if rule.endpoint in HALF:
                continue
            answer = visitor.open(address, method=method)
            if rule.endpoint in THEIRS[role, place]:
                assert answer.status_code != 403, (rule, method)
            elif rule.endpoint == "front_organizers.dashboard":
                assert answer.status_code == 303, (rule, method)
            else:
                assert answer.status_code == 403, (rule, method)


def test_owners_open_every_door(app: Flask, organizer: FlaskClient) -> None:
    for method in ("GET", "POST"):
        for rule, address in addresses(app, method, organizers=True):
            if rule.endpoint not in HALF:
                answer = organizer.open(address, method=method)
                assert answer.status_code != 403, rule
                seeing = rule.endpoint in AT_THE_DOOR and answer.status_code in {200, 422}
                assert f"camera={'(self)' if seeing else '()'}," in answer.headers["Permissions-Policy"], rule
