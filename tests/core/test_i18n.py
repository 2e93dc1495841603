"""The language stands in the address, stays in every address made, and nothing else can be smuggled in with it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient
from werkzeug.test import create_environ

from iec_events.core.i18n import (
    LanguageByAddress,
    _,
    as_locale,
    current_locale,
    direction,
    format_number,
    ngettext,
    speaking,
)


def ask(path: str, script: str = "") -> tuple[str, str, str, str | None]:
    """What comes out behind the layer for a path: status or `passed`, SCRIPT_NAME, PATH_INFO, language."""
    seen: dict[str, Any] = {}

    def inner(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        start_response("200 OK", [])
        return [b""]

    told: list[tuple[str, list[tuple[str, str]]]] = []
    environ = create_environ("/") | {"PATH_INFO": path, "SCRIPT_NAME": script}
    list(LanguageByAddress(inner)(environ, lambda status, headers, *_rest: told.append((status, headers))))  # type: ignore[arg-type]
    if not seen:
        return told[0][0][:3], "", dict(told[0][1])["Location"], None
    return "passed", seen["SCRIPT_NAME"], seen["PATH_INFO"], seen.get("iec.locale")


@pytest.mark.parametrize(
    ("path", "came"),
    [
        ("", ("passed", "", "", None)),
        ("/", ("passed", "", "/", None)),
        ("/fa/", ("passed", "/fa", "/", "fa")),
        ("/es/events/x", ("passed", "/es", "/events/x", "es")),
        ("/fa", ("308", "", "/fa/", None)),
        ("/en/", ("passed", "", "/en/", None)),
        ("/de/events/x", ("passed", "", "/de/events/x", None)),
        ("/farsi/", ("passed", "", "/farsi/", None)),
        ("/FA/", ("passed", "", "/FA/", None)),
        ("/fa/es/", ("passed", "/fa", "/es/", "fa")),
        ("//fa/", ("passed", "", "//fa/", None)),
        ("//evil.example", ("passed", "", "//evil.example", None)),
        ("/fa//evil.example", ("passed", "/fa", "//evil.example", "fa")),
    ],
)
def test_a_prefix_moves_and_all_else_stays(path: str, came: tuple[str, str, str, str | None]) -> None:
    assert ask(path) == came


def test_a_mounted_application_keeps_its_mount() -> None:
    assert ask("/fa/x", "/night") == ("passed", "/night/fa", "/x", "fa")
    assert ask("/fa", "/night") == ("308", "", "/night/fa/", None)


HOSTILE_PATHS = [
    "//evil.example",
    "/\\evil.example",
    "/fa//evil.example",
    "/fa/\\evil.example",
    "///evil.example/",
    "/es//evil.example/..",
]


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_no_answer_leads_to_another_host(bare_app: Flask, path: str) -> None:
    answer = bare_app.test_client().get("/", environ_overrides={"PATH_INFO": path}, base_url="http://127.0.0.1:8000")
    location = answer.headers.get("Location", "/")
    assert location.startswith("http://127.0.0.1:8000/") or (location[0] == "/" and location[1:2] not in {"/", "\\"})
    assert 'href="//' not in answer.text
    assert 'href="/\\' not in answer.text
    assert answer.status_code in {308, 404}


@pytest.mark.parametrize(("prefix", "code", "way"), [("", "en", "ltr"), ("/fa", "fa", "rtl"), ("/es", "es", "ltr")])
def test_error_pages_speak_the_language_of_the_address(bare_app: Flask, prefix: str, code: str, way: str) -> None:
    page = bare_app.test_client().get(f"{prefix}/nothing/here?x=1", base_url="http://127.0.0.1:8000").text
    assert f'<html lang="{code}" dir="{way}">' in page
    for other, address in (("en", "/nothing/here"), ("fa", "/fa/nothing/here"), ("es", "/es/nothing/here")):
        assert f'<a href="{address}" lang="{other}"' in page


def test_addresses_made_in_a_request_keep_its_language(bare_app: Flask) -> None:
    with bare_app.test_request_context("/", environ_overrides={"SCRIPT_NAME": "/fa", "iec.locale": "fa"}):
        assert (url_for("front.home"), current_locale()) == ("/fa/", "fa")


@pytest.mark.parametrize("code", ["xx", "", None, 5, "fa_IR", "../fa"])
def test_unknown_languages_are_english(bare_app: Flask, code: object) -> None:
    assert as_locale(code) == "en"
    with bare_app.test_request_context("/", environ_overrides={"iec.locale": code}):
        assert current_locale() == "en"


def test_speaking_nests_and_ends_even_after_an_exception(bare_app: Flask) -> None:
    said = []
    with bare_app.app_context():
        said.append(current_locale())
        with speaking("fa"):
            said.append(current_locale())
            with pytest.raises(ZeroDivisionError), speaking("es"):  # noqa: PT012
                said.append(current_locale())
                raise ZeroDivisionError
            said.append(current_locale())
            assert _("English sentence that nobody translated") == "English sentence that nobody translated"
        said.append(current_locale())
    assert said == ["en", "fa", "es", "fa", "en"]


def test_words_follow_what_is_spoken_also_when_nested(bare_app: Flask) -> None:
    words = ["Language", "All events", "Name or alias"]
    with bare_app.test_request_context("/", environ_overrides={"iec.locale": "es"}):
        spanish = [_(word) for word in words]
        with speaking("fa"):
            persian = [_(word) for word in words]
            with speaking("en"):
                assert [_(word) for word in words] == words
            assert [_(word) for word in words] == persian
        assert [_(word) for word in words] == spanish


def test_numbers_and_directions(bare_app: Flask) -> None:
    with bare_app.app_context(), speaking("fa"):
        assert format_number(1402) == "۱۴۰۲"
        assert format_number("12:30", "en") == "12:30"
        assert direction() == "rtl"
        assert [direction(code) for code in ("en", "es", "fa")] == ["ltr", "ltr", "rtl"]
    with bare_app.app_context():
        assert ngettext("%(num)s seat", "%(num)s seats", 2) == "2 seats"
        assert _("%(name)s comes", name="100% Sara %(x)s") == "100% Sara %(x)s comes"


def test_a_language_without_slash_is_a_permanent_redirect(client: FlaskClient) -> None:
    answer = client.get("/fa?x=1")
    assert (answer.status_code, answer.headers["Location"]) == (308, "/fa/")
