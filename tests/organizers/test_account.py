"""Another name, another address: what changes, who is told, and what strangers can do with the links."""

from __future__ import annotations

import datetime as dt
import re
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from iec_events.core import clock as real_clock
from iec_events.core.db import db
from iec_events.organizers import actions
from iec_events.organizers.models import AuditEntry, EmailChange, Organizer
from iec_events.organizers.queries import organizer_by_email
from iec_events.worker import run_all_once
from tests.conftest import Installation
from tests.factories import PASSWORD, an_app, an_organizer, app_code
from tests.filling import hidden_fields, send

ACCOUNT, NAME, ADDRESS = (f"/organize/account{page}" for page in ("", "/name", "/address"))
OLD, NEW = "nasrin@example.org", "nasrin.new@example.org"
LINK = re.compile(r"http://127.0.0.1:8000(/(?:es/)?organize/account/address/[\w-]+)")


@pytest.fixture
def nasrin(app: Flask, client: FlaskClient) -> FlaskClient:
    """Her browser, signed in."""
    del app
    an_app(an_organizer("Nasrin", OLD))
    send(client, "/organize/sign-in", email=OLD, password=PASSWORD)
    send(client, "/organize/second", code=app_code())
    return client


def letters(app: Flask, installation: Installation) -> dict[str, str]:
    """Subject and text of every letter by its address, but those about signing in."""
    run_all_once(app)
    found = {}
    for file in sorted(Path(installation.folder, "mail").glob("[!.]*.eml")):
        letter = message_from_bytes(file.read_bytes(), policy=policy.default)
        body = letter.get_body(("plain",))
        if "Somebody signed in" not in letter["Subject"] and body is not None:
            found[letter["To"]] = f"{letter['Subject']}\n{body.get_content()}"
    return found


def noted() -> set[str]:
    db.session.rollback()
    return set(db.session.scalars(sa.select(AuditEntry.what)))


def test_another_name_is_seen_at_once(nasrin: FlaskClient) -> None:
    assert 'value="Nasrin"' in nasrin.get(NAME).text
    refused = send(nasrin, NAME, name=" ")
    assert (refused.status_code, "the other organizers know you by" in refused.text) == (422, True)
    assert send(nasrin, NAME, name="Parvin <b>").location == ACCOUNT
    page = nasrin.get("/organize/team").text
    assert ("Parvin &lt;b&gt;" in page, "Nasrin" in page) == (True, False)
    assert "name.changed" in noted()


def test_another_address_counts_once_its_reader_says_so_and_the_old_one_is_told(
    app: Flask, nasrin: FlaskClient, installation: Installation
) -> None:
    assert send(nasrin, f"/es{ADDRESS}", email=NEW).location == f"/es{ACCOUNT}"
    told = letters(app, installation)
    assert set(told) == {NEW}
    link = LINK.search(told[NEW])
    assert link
    assert app.test_client().get(link[1]).location.startswith("/es/organize/sign-in")
    for _look in range(2):
        assert NEW in nasrin.get(link[1]).text
    assert organizer_by_email(NEW) is None
    assert send(nasrin, link[1]).status_code == 303
    assert nasrin.get(ACCOUNT).text.count(NEW) == 1
    told = letters(app, installation)
    assert set(told) == {OLD, NEW}
    assert NEW not in told[OLD]
    assert {"address.asked", "address.changed"} <= noted()
    gone = nasrin.get(link[1])
    assert (gone.status_code, db.session.scalars(sa.select(EmailChange)).all()) == (404, [])
    elsewhere = app.test_client()
    assert send(elsewhere, "/organize/sign-in", email=OLD, password=PASSWORD).status_code == 422
    assert send(elsewhere, "/organize/sign-in", email=NEW, password=PASSWORD).status_code == 303


def test_asking_needs_a_fresh_sign_in_and_has_bounds(nasrin: FlaskClient, clock: time_machine.Traveller) -> None:
    assert send(nasrin, ADDRESS, email="nowhere").status_code == 422
    answers = [send(nasrin, ADDRESS, email=NEW).status_code for _try in range(4)]
    assert answers == [303, 303, 303, 429]
    assert "Several links were sent already." in send(nasrin, ADDRESS, email=NEW).text
    clock.shift(dt.timedelta(minutes=11))
    assert nasrin.get(ADDRESS).location == f"/organize/confirm?next={ADDRESS}"


def test_a_link_is_for_one_account_one_day_and_until_the_next(
    app: Flask, nasrin: FlaskClient, installation: Installation, clock: time_machine.Traveller
) -> None:
    send(nasrin, ADDRESS, email="first@example.org")
    first = LINK.search(letters(app, installation)["first@example.org"])
    send(nasrin, ADDRESS, email=NEW)
    second = LINK.search(letters(app, installation)[NEW])
    assert first
    assert second
    omid = app.test_client()
    an_app(an_organizer("Omid", "omid@example.org"))
    send(omid, "/organize/sign-in", email="omid@example.org", password=PASSWORD)
    send(omid, "/organize/second", code=app_code())
    for client, link in ((nasrin, first[1]), (omid, second[1]), (nasrin, f"{ADDRESS}/wrong")):
        answer = client.get(link)
        assert (answer.status_code, "is not for this account" in answer.text) == (404, True)
        button = hidden_fields(client.get(ACCOUNT).text)
        assert client.post(link, data=button).status_code == 404
    found = db.session.scalars(sa.select(AuditEntry.what).where(AuditEntry.what == "address.refused"))
    assert len(found.all()) == 1, "one of a flood is enough"
    assert nasrin.get(second[1]).status_code == 200
    account = organizer_by_email(OLD)
    assert account
    clock.shift(dt.timedelta(hours=24))
    with pytest.raises(actions.AddressLinkUnknown):
        actions.take_address(organizer_id=account.id, token=second[1].rpartition("/")[2], now=real_clock.now())
    actions.forget_expired(real_clock.now())
    assert not db.session.scalars(sa.select(EmailChange)).all()


def test_an_address_of_another_account_is_answered_alike_until_its_reader_confirms(
    app: Flask, nasrin: FlaskClient, installation: Installation
) -> None:
    an_organizer("Omid", "omid@example.org")
    assert send(nasrin, ADDRESS, email="Omid@example.org").location == ACCOUNT
    link = LINK.search(letters(app, installation)["Omid@example.org"])
    assert link
    refused = send(nasrin, link[1])
    assert (refused.status_code, "exists already" in refused.text) == (422, True)
    assert organizer_by_email(OLD)
    assert len(db.session.scalars(sa.select(Organizer)).all()) == 2


def test_neither_address_stands_in_the_open(nasrin: FlaskClient) -> None:
    send(nasrin, ADDRESS, email="canary@example.org")
    db.session.rollback()
    rows = [str(row) for table in db.metadata.sorted_tables for row in db.session.execute(sa.select(table))]
    assert not [row for row in rows if "canary" in row]
