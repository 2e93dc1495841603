"""Addresses that look mistyped: offered once, never forced, and never for what is real."""

from __future__ import annotations

import pytest
from flask import Flask, render_template_string

from iec_events.core.address_hints import PROVIDERS, AddressAsked, suggestion
from iec_events.core.forms import EmailLine, Needed, TextLine


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("mgail.com", "gmail.com"),
        ("gmal.com", "gmail.com"),
        ("gmaill.com", "gmail.com"),
        ("gmai.com", "gmail.com"),
        ("GNAIL.con", None),
        ("gnail.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("gmail.ir", "gmail.com"),
        ("gmail.com.com", "gmail.com"),
        ("yaho.com", "yahoo.com"),
        ("yahho.com", "yahoo.com"),
        ("yahoo.con", "yahoo.com"),
        ("Hotmial.com", "hotmail.com"),
        ("outlok.com", "outlook.com"),
        ("iclod.com", "icloud.com"),
        ("protonmial.com", "protonmail.com"),
        ("prton.me", "proton.me"),
        ("tutanota.con", "tutanota.com"),
        ("tutanotta.com", "tutanota.com"),
        ("riseup.ent", None),
        ("risup.net", "riseup.net"),
        ("web.con", None),
    ],
)
def test_slips_of_well_known_names(typed: str, meant: str | None) -> None:
    assert suggestion(f"sara@{typed}") == (f"sara@{meant}" if meant else None)


@pytest.mark.parametrize(
    "domain",
    [
        *sorted(PROVIDERS),
        *["ymail.com", "mail.com", "email.com", "gail.com", "hail.com", "yahoo.fr", "yahoo.co.uk", "hotmail.de"],
        *["gmx.fr", "gmx.co.uk", "live.nl", "web.com", "wed.de", "aon.at", "me.org", "mac.de", "mailbox.com"],
        *["outlook.es", "tuta.org", "example.org", "berkeley.edu", "iran-emergency.org", "شب.example"],
        *["mail.gmail.com", "localhost", ""],
    ],
)  # fmt: skip
def test_real_names_are_left_alone(domain: str) -> None:
    assert suggestion(f"sara@{domain}") is None


def test_what_is_no_address_is_left_alone() -> None:
    for text in ("", "@", "gmial.com", "sara@", "\0@\0"):
        assert suggestion(text) is None
    assert suggestion("a@b@gmial.com") == "a@b@gmail.com"


class Sample(AddressAsked):
    """A form with an address."""

    name = TextLine("Name", [Needed("Please write a name.")])
    email = EmailLine("E-mail")


def sent(app: Flask, **fields: str) -> tuple[Sample, str]:
    """The form after it was sent, and how its question is drawn."""
    with app.test_request_context("/", method="POST", data={"name": "Sara", **fields}):
        form = Sample(meta={"csrf": False})
        form.validate_on_submit()
        form.errors  # noqa: B018 - texts are made while the request lasts
        macro = '{% from "macros/guards.html" import address_choice %}{{ address_choice(form) }}'
        return form, render_template_string(macro, form=form)


def test_it_is_asked_once_with_both_to_choose_from(bare_app: Flask) -> None:
    form, page = sent(bare_app, email="sara@gmial.com")
    (question,) = form.errors["email"]
    assert question == "Did you mean \u2066sara@gmail.com\u2069? Please choose below; either is fine."
    assert form.email.data == form.email_asked.data == "sara@gmial.com"
    assert '<bdi dir="ltr">sara@gmail.com</bdi>' in page
    assert '<bdi dir="ltr">sara@gmial.com</bdi>' in page
    assert page.count('type="radio"') == 2
    assert "checked" not in page


@pytest.mark.parametrize(
    ("choice", "kept"), [("suggested", "sara@gmail.com"), ("typed", "sara@gmial.com"), ("", "sara@gmial.com")]
)
def test_either_answer_is_taken_and_it_is_not_asked_again(bare_app: Flask, choice: str, kept: str) -> None:
    fields = {"email": "sara@gmial.com", "email_asked": "sara@gmial.com", "email_choice": choice}
    form, page = sent(bare_app, **fields)
    assert form.errors == {}
    assert (form.email.data, page) == (kept, "")
    form, _page = sent(bare_app, **fields, name="")  # something else is wrong: the answer stays
    assert set(form.errors) == {"name"}
    again = {"email": form.email.data or "", "email_asked": form.email_asked.data or "", "email_choice": choice}
    form, page = sent(bare_app, **again)
    assert form.errors == {}
    assert (form.email.data, page) == (kept, "")


def test_another_slip_is_another_question(bare_app: Flask) -> None:
    asked = {"email_asked": "sara@gmial.com", "email_choice": "suggested"}
    form, _page = sent(bare_app, email="sara@yaho.com", **asked)
    assert set(form.errors) == {"email"}
    assert form.email_asked.data == "sara@yaho.com"
    form, _page = sent(bare_app, email="sara@example.org", **asked)
    assert form.errors == {}
    assert form.email.data == "sara@example.org"


def test_no_address_and_a_broken_one_are_not_asked_about(bare_app: Flask) -> None:
    assert sent(bare_app, email="")[0].errors == {}
    (error,) = sent(bare_app, email="sara@@gmial.com")[0].errors["email"]
    assert "Did you mean" not in error
