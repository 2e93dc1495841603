"""Fields: what is typed is cleaned, kept, and refused with a sentence beside it."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
from flask import Flask, session
from flask.sessions import SecureCookieSessionInterface
from markupsafe import Markup
from wtforms.validators import Optional

from iec_events.core.forms import EmailLine, Form, Needed, TextArea, TextLine, WholeNumber, attributes


class Sample(Form):
    """Every kind of field."""

    name = TextLine("Name", [Needed("Please write a name.")], longest=20)
    note = TextArea("Note", longest=50)
    email = EmailLine("E-mail", [Optional()], longest=254)
    size = WholeNumber("Size", [Optional()])  # type: ignore[no-untyped-call]


def sent(app: Flask, **fields: str) -> Sample:
    """The form as it stands after it was sent, without asking for a token."""
    with app.test_request_context("/", method="POST", data={"name": "Sara", **fields}):
        form = Sample(meta={"csrf": False})
        form.validate_on_submit()
        form.errors  # noqa: B018 - texts are made while the request lasts
        return form


def errors(form: Sample) -> dict[str, list[str]]:
    return {name: [str(text) for text in texts] for name, texts in form.errors.items()}


@pytest.mark.parametrize(
    ("field", "typed", "kept"),
    [
        ("name", "  Sara \u202e\u200b Azizi\t", "Sara Azizi"),
        ("name", "سا\u200cرا", "سا\u200cرا"),
        ("name", "Sara\r\nBcc: all@example.org"[:20], "Sara Bcc: all@examp"),
        ("note", "one\r\n\r\ntwo  \r", "one\n\ntwo"),
        ("email", " SARA@Example.ORG ", "SARA@example.org"),
        ("email", "", ""),
        ("size", " ۱۲ ", 12),
        ("size", "٣", 3),
        ("size", "", None),
        ("size", "-4", -4),
    ],
)
def test_what_is_typed_is_cleaned(app: Flask, field: str, typed: str, kept: object) -> None:
    form = sent(app, **{field: typed})
    assert errors(form) == {}
    assert form[field].data == kept


@pytest.mark.parametrize(
    ("field", "typed", "sentence", "shown"),
    [
        ("name", "", "Please write a name.", ""),
        ("name", " \u200c\u202e ", "Please write a name.", ""),
        (
            "name",
            "Sa\0ra",
            "There were invisible control characters in this; they have been taken out. Please check it.",
            "Sara",
        ),
        (
            "name",
            "\0",
            "There were invisible control characters in this; they have been taken out. Please check it.",
            "",
        ),
        ("name", "x" * 21, "This is too long: 21 characters, and 20 fit.", "x" * 21),
        ("name", "x" * 100_000, "This is too long: 80 characters, and 20 fit.", "x" * 80),
        ("email", "sara", "This does not look like an e-mail address. It should be like name@example.org.", "sara"),
        (
            "email",
            "a@b@c.org",
            "This does not look like an e-mail address. It should be like name@example.org.",
            "a@b@c.org",
        ),
        (
            "email",
            "a\nBcc:x@example.org",
            "This does not look like an e-mail address. It should be like name@example.org.",
            "a Bcc:x@example.org",
        ),
        (
            "email",
            "sara@localhost",
            "This does not look like an e-mail address. It should be like name@example.org.",
            "sara@localhost",
        ),
        ("size", "two", "Please write a whole number, such as 2.", "two"),
        ("size", "1.5", "Please write a whole number, such as 2.", "1.5"),
        ("size", "²", "Please write a whole number, such as 2.", "²"),
        ("size", "1_000", "Please write a whole number, such as 2.", "1_000"),
        ("size", "9999999999", "Please write a whole number, such as 2.", "9999999999"),
        ("size", "9" * 5000, "Please write a whole number, such as 2.", "9" * 5000),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_what_is_refused_is_told_beside_it_and_still_there(
    app: Flask, field: str, typed: str, sentence: str, shown: str
) -> None:
    form = sent(app, **{field: typed})
    assert errors(form) == {field: [sentence]}
    with app.test_request_context("/"):
        assert (form[field]._value() if field == "size" else form[field].data) == shown


def test_lengths_count_what_people_see_after_cleaning(app: Flask) -> None:
    assert errors(sent(app, name="e\u0301" * 20)) == {}
    assert errors(sent(app, note="x\r\n" * 25 + "y")) == {"note": ["This is too long: 51 characters, and 50 fit."]}


def test_a_field_that_was_not_sent_is_empty(app: Flask) -> None:
    form = sent(app)
    assert (form.note.data or "", form.email.data or "", form.size.data) == ("", "", None)


def post(app: Flask, token: str | None, cookie: str | None) -> tuple[bool, dict[str, Any]]:
    headers = {"Cookie": cookie} if cookie else {}
    with app.test_request_context(
        "/", method="POST", data={"name": "Sara", "csrf_token": token or ""}, headers=headers
    ):
        form = Sample()
        valid = form.validate_on_submit()
        return valid, {"errors": errors(form), "name": form.name.data}


def test_a_form_from_elsewhere_is_refused_and_keeps_what_was_typed(app: Flask) -> None:
    with app.test_request_context("/"):
        token = str(Sample()["csrf_token"].current_token)
        kept = SecureCookieSessionInterface().get_signing_serializer(app)
        assert kept is not None
        cookie = f"{app.config['SESSION_COOKIE_NAME']}={kept.dumps(dict(session))}"
    assert post(app, token, cookie) == (True, {"errors": {}, "name": "Sara"})
    sentence = "This page was open for a long time or cookies are off. Nothing is lost: please send it once more."
    for wrong_token, wrong_cookie in [
        (None, cookie),
        ("x" + token, cookie),
        (token, None),
        (token, "iec=nonsense"),
        ("é\0", cookie),
    ]:
        valid, answer = post(app, wrong_token, wrong_cookie)
        assert (valid, answer) == (False, {"errors": {"csrf_token": [sentence]}, "name": "Sara"})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"class_": "wide", "data_once": True, "aria_describedby": "why", "required": False, "maxlength": 200},
        {"value": "a\"<b>&'c", "id": "é\u200f"},
        {"value": Markup('a"&amp;b'), "title": None, "data_two_words_": 0},
    ],
)
def test_attributes_are_written_as_the_library_writes_them(given: dict[str, Any]) -> None:
    name = importlib.util.find_spec("wtforms.widgets.core")
    assert name is not None
    assert name.loader is not None
    library = importlib.util.module_from_spec(name)  # another copy, as it came
    name.loader.exec_module(library)
    assert attributes(**given) == library.html_params(**given)
