"""Passkeys, with an authenticator in software that signs as a phone does (WebAuthn level 3, section 6)."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from html import unescape

import cbor2
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Flask
from flask.testing import FlaskClient

from iec_events.core import clock as real_clock
from iec_events.core.db import db
from iec_events.organizers.actions import SessionOver, invite, set_up_passkey, sign_in
from iec_events.organizers.models import AuditEntry, Passkey
from tests.conftest import Client, Installation
from tests.factories import PASSWORD, an_app, an_organizer, app_code
from tests.filling import hidden_fields, send

SIGN_IN, SECOND, NEW = "/organize/sign-in", "/organize/second", "/organize/account/passkeys/new"
ANYBODY = "nasrin@example.org"


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


class Phone:
    """A key for one address. `origin` and `counter` can be bent."""

    def __init__(self, origin: str = "http://localhost:8000") -> None:
        self.origin, self.counter = origin, 0
        self._key, self._id = ec.generate_private_key(ec.SECP256R1()), os.urandom(32)

    def makes(self, options: dict[str, object]) -> str:
        numbers = self._key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        known = bytes(16) + len(self._id).to_bytes(2, "big") + self._id + public
        data = self._data(0x41) + known
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options)
        return self._answer({"clientDataJSON": b64(client), "attestationObject": b64(attested)})

    def signs(self, options: dict[str, object]) -> str:
        self.counter += 1
        data, client = self._data(0x01), self._client("webauthn.get", options)
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        fields = {"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature)}
        return self._answer(fields)

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(b"localhost").digest() + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, object]) -> bytes:
        fields = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(fields).encode()

    def _answer(self, response: dict[str, str]) -> str:
        whole = {"id": b64(self._id), "rawId": b64(self._id), "type": "public-key", "response": response}
        return json.dumps({**whole, "clientExtensionResults": {}})


@pytest.fixture
def named(installation: Installation, app: Flask) -> Flask:
    """The service under a name, as passkeys need it."""
    del app
    return installation.make_app(PUBLIC_URL="http://localhost:8000")


def asked(page: str) -> dict[str, object]:
    found = re.search(r'data-options="([^"]+)"', page)
    assert found
    options: dict[str, object] = json.loads(unescape(found[1]))
    return options


def knock(app: Flask) -> FlaskClient:
    client = app.test_client()
    assert isinstance(client, Client)
    send(client, SIGN_IN, email=ANYBODY, password=PASSWORD)
    return client


def with_app(app: Flask) -> FlaskClient:
    an_app(an_organizer("Nasrin", ANYBODY))
    client = knock(app)
    send(client, SECOND, code=app_code())
    return client


def takes(client: FlaskClient, phone: Phone, name: str = "my phone") -> None:
    options = asked(client.get(NEW).text)
    assert send(client, NEW, name=name, answer=phone.makes(options)).status_code == 303


def test_the_password_alone_adds_none_to_an_account_that_has_a_second_factor(app: Flask) -> None:
    del app
    an_app(an_organizer("Nasrin", ANYBODY))
    half = sign_in(email=ANYBODY, password=PASSWORD, now=real_clock.now())
    with pytest.raises(SessionOver):
        set_up_passkey(token=half, name="thief", answer="{}", now=real_clock.now())


def test_a_passkey_signs_in_in_place_of_a_code(named: Flask) -> None:
    client, phone = with_app(named), Phone()
    takes(client, phone, "my <b>phone</b>")
    assert "my &lt;b&gt;phone&lt;/b&gt;" in client.get("/organize/account").text
    again = knock(named)
    answer = send(again, SECOND, answer=phone.signs(asked(again.get(SECOND).text)))
    assert (answer.status_code, answer.location) == (303, "/organize")
    assert again.get("/organize").status_code == 200
    db.session.rollback()
    assert db.session.scalars(sa.select(Passkey.sign_count)).one() == 1
    assert "passkey.added" in set(db.session.scalars(sa.select(AuditEntry.what)))
    assert b"phone" not in db.session.scalars(sa.select(Passkey.sealed)).one()


def test_the_first_factor_can_be_a_passkey_and_brings_recovery_codes(named: Flask) -> None:
    client, phone = named.test_client(), Phone()
    typed = {"name": "Nasrin", "email": ANYBODY, "password": PASSWORD, "password_again": PASSWORD}
    send(client, f"/organize/first/{invite(now=real_clock.now())}", **typed)
    assert "Take a passkey instead of an app" in client.get("/organize/set-up").text
    shown = send(client, NEW, name="key", answer=phone.makes(asked(client.get(NEW).text)))
    assert (shown.status_code, shown.text.count("<li>") >= 10) == (200, True)
    assert client.get("/organize").status_code == 200
    assert knock(named).get("/organize").location.startswith(SECOND)
    page = client.get("/organize/account").text
    (remove,) = re.findall(r'action="(/organize/account/passkeys/[^"]+/remove)"', page)
    send(client, "/organize/account", to=remove)
    assert "This is your only second factor." in client.get("/organize/account").text


def test_an_answer_counts_once_and_in_its_own_session_only(named: Flask) -> None:
    client, phone = with_app(named), Phone()
    takes(client, phone)
    one, other = knock(named), knock(named)
    answer = phone.signs(asked(one.get(SECOND).text))
    assert send(other, SECOND, answer=answer).status_code == 422
    assert send(one, SECOND, answer=answer).status_code == 303
    again = "/organize/confirm"
    refused = send(one, again, password=PASSWORD, answer=answer)
    assert (refused.status_code, 'id="passkey-taken" hidden' in refused.text) == (422, True)
    fresh = phone.signs(asked(one.get(again).text))
    waits = send(one, again, password="", answer=fresh)
    assert (waits.status_code, 'id="passkey-taken">' in waits.text) == (422, True)
    assert hidden_fields(waits.text)["answer"] == fresh
    assert send(one, again, password=PASSWORD, answer=fresh).status_code == 303


@pytest.mark.parametrize("bent", ["origin", "other phone", "counter", "nothing", "odd", "long"])
def test_what_is_not_the_passkeys_own_answer_is_refused(named: Flask, bent: str) -> None:
    client, phone = with_app(named), Phone()
    phone.counter = 7
    takes(client, phone)
    again = knock(named)
    options = asked(again.get(SECOND).text)
    if bent == "origin":
        phone.origin = "http://localhost.example.org:8000"
    if bent == "counter":
        phone.counter = 3  # a copy of the key that was left behind
    answer = Phone().signs(options) if bent == "other phone" else phone.signs(options)
    odd = {"nothing": "{}", "odd": '{"id": 7, "response": []}', "long": "[" * 100_000}
    refused = send(again, SECOND, answer=odd.get(bent, answer))
    assert refused.status_code == 422
    assert again.get("/organize").location.startswith(SECOND)


def test_a_passkey_of_somebody_else_opens_nothing(named: Flask) -> None:
    client, phone = with_app(named), Phone()
    takes(client, phone)
    an_app(an_organizer("Omid", "omid@example.org"))
    omid = named.test_client()
    send(omid, SIGN_IN, email="omid@example.org", password=PASSWORD)
    page = omid.get(SECOND).text
    assert "data-passkey" not in page
    again = knock(named)
    assert send(omid, SECOND, answer=phone.signs(asked(again.get(SECOND).text))).status_code == 422
    send(omid, SECOND, code=app_code())
    his = Phone()
    takes(omid, his)
    assert send(again, SECOND, answer=his.signs(asked(again.get(SECOND).text))).status_code == 422


def test_a_removed_passkey_opens_nothing(named: Flask) -> None:
    client, phone = with_app(named), Phone()
    takes(client, phone)
    again = knock(named)
    answer = phone.signs(asked(again.get(SECOND).text))
    (remove,) = re.findall(r'action="(/organize/account/passkeys/[^"]+/remove)"', client.get("/organize/account").text)
    assert send(client, "/organize/account", to=remove).status_code == 303
    assert send(again, SECOND, answer=answer).status_code == 422


def test_an_address_without_a_name_offers_none_and_says_which_one_does(app: Flask) -> None:
    client = with_app(app)
    assert client.get(NEW).status_code == 404
    page = client.get("/es/organize/account").text
    assert "http://localhost:8000/es/organize/account" in page
    page = client.get("/organize/account").text
    assert "Add a passkey" not in page
    assert "open http://localhost:8000/organize/account instead" in page
    assert "open http://localhost:8000/organize/account instead" in client.get("/organize/set-up").text


def test_ones_own_machine_offers_them_by_its_name_and_says_so_by_its_number(app: Flask) -> None:
    client, phone = with_app(app), Phone()
    by_name = {"base_url": "http://localhost:8000"}
    here = app.test_client()
    page = here.get(SIGN_IN, **by_name)
    here.post(SIGN_IN, data={**hidden_fields(page.text), "email": ANYBODY, "password": PASSWORD}, **by_name)
    page = here.get(SECOND, **by_name)
    here.post(SECOND, data={**hidden_fields(page.text), "code": app_code(steps=1)}, **by_name)
    page = here.get(NEW, **by_name)
    typed = {"name": "my phone", "answer": phone.makes(asked(page.text))}
    assert here.post(NEW, data={**hidden_fields(page.text), **typed}, **by_name).status_code == 303
    assert "my phone" in client.get("/organize/account").text
    again = knock(app)
    page = again.get(SECOND)
    assert "data-passkey" not in page.text
    assert "open http://localhost:8000/organize/account instead" in page.text


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("http://192.0.2.7:8000", "this one is a number"),
        ("http://[2001:db8::7]", "this one is a number"),
        ("http://events.example.org", "begins with https://"),
        ("https://events.example.org", None),
    ],
)
def test_what_an_address_lacks_is_said(
    installation: Installation, app: Flask, address: str, sentence: str | None
) -> None:
    del app
    client = with_app(installation.make_app(PUBLIC_URL=address))
    page = client.get("/organize/account").text
    assert ("Add a passkey" in page) is (sentence is None)
    assert sentence is None or sentence in page


def test_a_key_that_is_kept_already_is_refused_in_words(named: Flask) -> None:
    """Browsers leave out the keys that they are told of; who answers all the same meets no fault."""
    client, phone = with_app(named), Phone()
    takes(client, phone)
    again = send(client, NEW, name="once more", answer=phone.makes(asked(client.get(NEW).text)))
    assert again.status_code == 422
    assert "The passkey could not be made." in again.text
    db.session.rollback()
    assert len(db.session.scalars(sa.select(Passkey.id)).all()) == 1


def test_a_refused_passkey_does_not_stand_in_the_way_of_a_code(named: Flask) -> None:
    """The page that comes back is filled in further: what was refused must not go along with the code."""
    client, phone = with_app(named), Phone()
    takes(client, phone)
    again = knock(named)
    refused = send(again, SECOND, answer=Phone().signs(asked(again.get(SECOND).text)))
    assert "Try once more, or type a code." in refused.text
    typed = {**hidden_fields(refused.text), "code": app_code(steps=1)}
    assert again.post(SECOND, data=typed).location == "/organize"


def test_a_passkey_that_was_not_taken_is_not_sent_again(named: Flask) -> None:
    client = with_app(named)
    refused = send(
        client, NEW, name="my phone", answer=Phone("http://other.example.org").makes(asked(client.get(NEW).text))
    )
    assert (refused.status_code, hidden_fields(refused.text)["answer"]) == (422, "")
