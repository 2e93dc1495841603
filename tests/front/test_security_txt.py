"""Whom to tell of a hole: RFC 9116, where an operator names an address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask, Response

from iec_events.core import clock

HERE = "/.well-known/security.txt"
CONTACT = "mailto:security@example.org"


@pytest.fixture
def asked(bare_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Response]:
    """The answer under other settings, past what is kept of earlier ones."""

    def ask(**chosen: str) -> Response:
        monkeypatch.setitem(bare_app.extensions, "settings", replace(bare_app.extensions["settings"], **chosen))
        with bare_app.test_request_context(HERE):
            return bare_app.full_dispatch_request()

    return ask


def test_it_says_whom_to_tell_in_which_languages_and_until_when(asked: Callable[..., Response]) -> None:
    answer = asked(public_url="https://events.example.org", security_contact=CONTACT)
    assert (answer.status_code, answer.content_type) == (200, "text/plain; charset=utf-8")
    assert "Set-Cookie" not in answer.headers
    assert answer.get_data(as_text=True).endswith("\n")
    fields = dict(line.split(": ", 1) for line in answer.get_data(as_text=True).splitlines())
    left = dt.datetime.fromisoformat(fields.pop("Expires")) - clock.now()
    assert dt.timedelta(days=30) < left < dt.timedelta(days=365)
    assert fields == {
        "Contact": CONTACT,
        "Preferred-Languages": "en, fa, es",
        "Canonical": f"https://events.example.org{HERE}",
    }


def test_it_calls_no_address_its_own_that_the_rfc_does_not_allow(asked: Callable[..., Response]) -> None:
    assert "Canonical" not in asked(public_url="http://night.onion", security_contact=CONTACT).get_data(as_text=True)


def test_where_nobody_is_named_there_is_none(asked: Callable[..., Response]) -> None:
    assert asked().status_code == 404
