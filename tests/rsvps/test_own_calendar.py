"""An attendee's own calendar: a secret address that only its owner makes and takes back, and that follows the RSVP."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar
from time_machine import Traveller
from werkzeug.test import TestResponse

from iec_events.core import clock as our_clock
from iec_events.core.db import atomic, db
from iec_events.core.tokens import token_hash
from iec_events.events.actions import cancel_event, postpone_event, reinstate, revise_event, withdraw_event
from iec_events.events.drafts import draft_of
from iec_events.events.models import Event
from iec_events.rsvps.models import Rsvp, RsvpCalendar
from tests.factories import an_event, three_languages
from tests.filling import hidden_fields, send

MINE = "/events/berkeley/my-rsvp"
HOUSE, STREET = "Canary House", "77 Canary Wharf"
GATE = "Ring twice at the blue parrot"
SHOWN = re.compile(r'value="http://127\.0\.0\.1:8000((?:/fa)?/my-calendar/[\w-]{43}\.ics)"')


@pytest.fixture
def event(app: Flask) -> Event:
    """A night in a hidden house, with a page looked at by nobody."""
    del app
    return an_event(slug="berkeley", uid="night@x", capacity=9, address_hidden=True, venue=HOUSE, street=STREET)


@pytest.fixture
def address(client: FlaskClient, event: Event) -> str:
    """Of somebody who comes, and asked for it."""
    del event
    send(client, "/events/berkeley/rsvp", name="Sara", party_size="1")
    return made(client)


def press(client: FlaskClient, deed: str) -> TestResponse:
    return client.post(f"{MINE}/{deed}", data=hidden_fields(client.get(f"{MINE}/delete").text))


def made(client: FlaskClient) -> str:
    assert press(client, "make-calendar").status_code == 303
    found = SHOWN.search(unescape(client.get(MINE).text))
    assert found
    return found[1]


def read(client: FlaskClient, address: str) -> Any:
    answer = client.get(address)
    assert answer.status_code == 200
    (found,) = Calendar.from_ical(answer.data).walk("VEVENT")
    return found


def test_nobody_has_an_address_who_did_not_ask(client: FlaskClient, event: Event) -> None:
    del event
    send(client, "/events/berkeley/rsvp", name="Sara", party_size="1")
    page = unescape(client.get(MINE).text)
    assert "Make a secret address" in page
    assert "/my-calendar/" not in page
    assert client.get(f"{MINE}/make-calendar").status_code == 303, "opened as a page, it leads back"
    assert not rows()


def test_the_page_shows_it_again_and_only_a_hash_is_kept(client: FlaskClient, address: str) -> None:
    page = unescape(client.get(MINE).text)
    assert f'value="http://127.0.0.1:8000{address}"' in page
    assert f"webcal://127.0.0.1:8000{address}" not in page, "programs may take it for plain http"
    assert SHOWN.search(unescape(client.get(f"/fa{MINE}").text))
    (row,) = rows()
    token = address.removeprefix("/my-calendar/").removesuffix(".ics")
    assert row.token_hash == token_hash(token)
    assert token not in row.seed


def test_it_tells_those_who_come_the_hidden_place_and_names_nobody(client: FlaskClient, address: str) -> None:
    own, public = read(client, address), read(client, "/events/berkeley.ics")
    assert str(own["LOCATION"]).startswith(f"{HOUSE}, {STREET}")
    assert HOUSE not in str(public)
    assert (str(own["UID"]), own["SEQUENCE"]) == (str(public["UID"]), public["SEQUENCE"]) == ("night@x", 0)
    assert (str(own["STATUS"]), str(own["CLASS"])) == ("CONFIRMED", "PRIVATE")
    assert "Sara" not in client.get(address).text
    assert "ATTENDEE" not in own
    assert str(read(client, f"/fa{address}")["SUMMARY"]) == "Berkeley (فارسی)"


def test_the_note_for_the_gate_is_told_to_those_who_come_as_long_as_they_do(
    client: FlaskClient, event: Event, address: str
) -> None:
    plain = three_languages("Berkeley")
    noted = replace(draft_of(event), texts={**plain, "en": {**plain["en"], "gate_note": GATE}})
    revise_event(slug="berkeley", draft=noted, campaign_slug=None, now=our_clock.now())
    assert f"At the gate: {GATE}" in str(read(client, address)["DESCRIPTION"])
    assert GATE in str(read(client, f"/es{address}")["DESCRIPTION"]), "the words there are, rather than none"
    assert GATE in str(read(client, f"{MINE}/calendar.ics")["DESCRIPTION"])
    assert GATE in client.get(MINE).text
    for stranger in (read(client, "/events/berkeley.ics"), read(client, "/calendar.ics")):
        assert GATE not in str(stranger)
    press(client, "not-coming")
    for mine in (address, f"{MINE}/calendar.ics", MINE):
        assert GATE not in client.get(mine).text.replace("\r\n ", "")


def test_it_is_answered_to_one_person_only_and_keeps_off_search_engines(app: Flask, address: str) -> None:
    program = app.test_client()  # which brings no cookie
    answer = program.get(address)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8; method=PUBLISH"
    assert answer.headers["Content-Disposition"] == 'inline; filename="calendar.ics"'
    assert "Set-Cookie" not in answer.headers
    etag = answer.headers["ETag"]
    for asked in (etag, f'"other", W/{etag}', "*"):
        again = program.get(address, headers={"If-None-Match": asked})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    assert program.get(address, headers={"If-None-Match": '"other"'}).status_code == 200
    odd = [("Range", "bytes=0-9"), ("If-Range", etag), ("Accept", "text/html"), ("Accept-Encoding", "gzip;q=0, *;q=0")]
    for header, text in (*odd, ("If-None-Match", '"'), ("If-Modified-Since", "some day"), ("If-Modified-Since", "")):
        again = program.get(address, headers={header: text})
        assert (again.status_code, again.data, again.headers["ETag"]) == (200, answer.data, etag), header
    head = program.head(address)
    assert (head.data, head.headers["ETag"], head.headers["Content-Length"]) == (b"", etag, str(len(answer.data)))
    assert "/my-calendar" not in program.get("/robots.txt").text, "Google's calendar asks there first"


def test_a_new_address_ends_the_old_one_and_none_ends_all(client: FlaskClient, address: str) -> None:
    newer = made(client)
    assert newer != address
    assert client.get(address).status_code == 404
    assert read(client, newer)
    assert press(client, "forget-calendar").status_code == 303
    assert press(client, "forget-calendar").status_code == 303
    assert client.get(newer).status_code == 404
    assert "leads nowhere any more" in client.get(MINE).text
    assert not rows()


def test_who_does_not_come_can_still_take_the_address_back(client: FlaskClient, address: str) -> None:
    press(client, "not-coming")
    assert f"{MINE}/forget-calendar" in client.get(MINE).text
    press(client, "forget-calendar")
    assert client.get(address).status_code == 404
    assert "forget-calendar" not in client.get(MINE).text


def test_whoever_gives_up_their_place_loses_the_address_but_not_the_news(
    client: FlaskClient, address: str, clock: Traveller
) -> None:
    first = read(client, address)
    clock.shift(dt.timedelta(days=1))
    press(client, "not-coming")
    gone = read(client, address)
    assert (str(gone["STATUS"]), str(gone["TRANSP"])) == ("CANCELLED", "TRANSPARENT")
    assert str(gone["SUMMARY"]) == "Not coming: Berkeley"
    assert "Canary" not in str(gone)
    assert gone["UID"] == first["UID"]
    assert press(client, "make-calendar").status_code == 409
    press(client, "come-back")
    back = read(client, address)
    assert (str(back["STATUS"]), str(back["SUMMARY"])) == ("CONFIRMED", "Berkeley")
    assert first["DTSTAMP"].dt < gone["DTSTAMP"].dt < back["DTSTAMP"].dt
    assert HOUSE in str(back["LOCATION"])


def test_it_is_gone_with_its_owner(client: FlaskClient, address: str) -> None:
    send(client, f"{MINE}/cancel")
    assert str(read(client, address)["STATUS"]) == "CANCELLED"
    send(client, f"{MINE}/delete")
    assert client.get(address).status_code == 404
    assert not rows()


def test_it_follows_the_event(client: FlaskClient, address: str) -> None:
    seen = [read(client, address)]
    for number, step in enumerate((postpone_event, reinstate, cancel_event, reinstate), 1):
        step(slug="berkeley", now=our_clock.now() + dt.timedelta(minutes=number))
        seen.append(read(client, address))
    assert [str(one["STATUS"]) for one in seen] == ["CONFIRMED", "TENTATIVE", "CONFIRMED", "CANCELLED", "CONFIRMED"]
    assert [one["SEQUENCE"] for one in seen] == [0, 1, 2, 3, 4]
    assert sorted({one["DTSTAMP"].dt for one in seen}) == [one["DTSTAMP"].dt for one in seen]


@pytest.mark.parametrize("quiet", [False, True])
def test_what_was_taken_down_is_struck_through_for_eight_weeks(
    client: FlaskClient,
    event: Event,
    address: str,
    clock: Traveller,
    quiet: bool,  # noqa: FBT001
) -> None:
    with atomic():
        db.session.execute(sa.update(Rsvp).values(quiet=quiet))
    withdraw_event(slug="berkeley", now=our_clock.now())
    gone = read(client, address)
    assert (str(gone["UID"]), str(gone["STATUS"]), gone["SEQUENCE"]) == ("night@x", "CANCELLED", 1)
    assert "Canary" not in str(gone)
    assert ("Berkeley" in str(gone["SUMMARY"])) is not quiet
    clock.move_to(event.ends_at + dt.timedelta(weeks=8, seconds=-1))
    assert read(client, address)
    clock.shift(dt.timedelta(seconds=2))
    assert client.get(address).status_code == 410


@pytest.mark.parametrize("token", ["x", "A" * 43, "a" * 5000, "%00", "ی"])
def test_what_was_never_an_address_opens_nothing(client: FlaskClient, event: Event, token: str) -> None:
    del event
    answer = client.get(f"/my-calendar/{token}.ics")
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


def rows() -> list[RsvpCalendar]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(RsvpCalendar)))
