"""Addresses are made from the configured one, never from what a request claims."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask, url_for

from iec_events.app import create_app
from iec_events.core.urls import alternates, asset, in_language, prefix, public_url, static_digest, static_files
from tests.conftest import settings_for


@pytest.mark.parametrize(("locale", "address"), [("en", "/events/x"), ("fa", "/fa/events/x"), ("es", "/es/events/x")])
def test_public_addresses(bare_app: Flask, locale: str, address: str) -> None:
    with bare_app.app_context():
        assert public_url("front.event", locale=locale, slug="x") == f"http://127.0.0.1:8000{address}"
    with bare_app.test_request_context("/", base_url="http://evil.example", environ_overrides={"iec.locale": locale}):
        assert public_url("front.event", slug="x") == f"http://127.0.0.1:8000{address}"


def test_blanks_of_addresses_are_encoded(bare_app: Flask) -> None:
    with bare_app.app_context():
        address = public_url("front.event", slug="a b?c#d/..//é")
    assert address.startswith("http://127.0.0.1:8000/events/")
    assert not set("?# ") & set(address)


def test_a_mount_stands_before_the_language(tmp_path: Path) -> None:
    mounted = {"PUBLIC_URL": "https://events.example.org/night/"}
    app = create_app(settings_for(tmp_path, f"sqlite:///{tmp_path / 'none.db'}", **mounted))
    overrides = {"SCRIPT_NAME": "/night/fa", "PATH_INFO": "/events/x", "iec.locale": "fa"}
    with app.test_request_context("/", base_url="https://events.example.org", environ_overrides=overrides):
        assert public_url("front.home") == "https://events.example.org/night/fa/"
        assert url_for("front.home") == "/night/fa/"
        assert [in_language(code) for code in ("en", "fa", "es")] == [
            "/night/events/x",
            "/night/fa/events/x",
            "/night/es/events/x",
        ]
        assert asset("css/site.css").startswith("/night/static/")
        assert alternates()["es"] == "https://events.example.org/night/es/events/x"


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("//evil.example/x", "/evil.example/x"),
        ("/\\evil.example", "/%5Cevil.example"),
        ("/a?b#c", "/a%3Fb%23c"),
        ("/a\r\nSet-Cookie: b", "/a%0D%0ASet-Cookie:%20b"),
        ('/"><script>', "/%22%3E%3Cscript%3E"),
        ("/رویداد", "/%D8%B1%D9%88%DB%8C%D8%AF%D8%A7%D8%AF"),
    ],
)
def test_the_same_page_in_another_language_never_leaves_the_host(bare_app: Flask, path: str, address: str) -> None:
    encoded = path.encode().decode("latin-1")
    with bare_app.test_request_context("/", environ_overrides={"PATH_INFO": encoded}):
        assert in_language("en") == address
        assert in_language("fa") == f"/fa{address}"
        assert alternates()["en"] == f"http://127.0.0.1:8000{address}"


def test_prefixes() -> None:
    assert [prefix(code) for code in ("en", "fa", "es")] == ["", "/fa", "/es"]


def test_static_files_have_one_address_in_all_languages(bare_app: Flask) -> None:
    with bare_app.test_request_context("/"):
        plain = asset("css/site.css")
    with bare_app.test_request_context("/", environ_overrides={"SCRIPT_NAME": "/fa", "iec.locale": "fa"}):
        assert asset("css/site.css") == plain
    assert plain == f"/static/{static_digest()}/css/site.css"
    assert len(static_digest()) == 12
    assert not [file for file in static_files() if file.suffix in {".gz", ".br"}]
    answer = bare_app.test_client().get(plain, base_url="http://127.0.0.1:8000")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    answer.close()
