"""What is refused before it reaches a page, and what every answer carries, whatever was asked."""

from __future__ import annotations

import http.client
import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.test import TestResponse, encode_multipart

from iec_events.app import create_app
from iec_events.core import clock
from iec_events.core.urls import static_digest
from iec_events.events.actions import keep_image
from tests.conftest import settings_for
from tests.factories import an_event

Serve = Callable[..., str]


@pytest.fixture
def shown(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A visitor to whom faults are shown as pages, as they are to everybody."""
    monkeypatch.setattr(app, "testing", False)
    an_event(slug="berkeley")
    return client


def is_hardened(answer: TestResponse) -> None:
    """By meaning: what a browser would let such a page do."""
    csp = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert csp["default-src"] == "'none'"
    assert csp["frame-ancestors"] == csp["base-uri"] == "'none'"
    for kind in ("script-src", "worker-src", "style-src", "font-src", "connect-src", "form-action"):
        assert csp[kind] == "'self'", kind  # neither inline nor elsewhere
    assert csp["img-src"] == "'self' data:"
    assert "object-src" not in csp  # so that 'none' holds
    assert "frame-src" not in csp
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert len(answer.headers.getlist("Content-Security-Policy")) == 1
    assert "Server" not in answer.headers


# ruff: noqa: E501 - tables of hostile parts read best in long lines

# --- Headers


def test_every_kind_of_answer_is_hardened(shown: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_args: object, **_kwargs: object) -> None:
        raise ZeroDivisionError

    answers = {
        200: shown.get("/events/berkeley"),
        303: shown.get("/organize"),
        304: shown.get("/", headers={"If-None-Match": "*"}),
        308: shown.get("/events//berkeley"),
        404: shown.get("/nothing"),
        405: shown.post("/"),
        422: shown.post("/events/berkeley/rsvp", data={"name": ""}),
        413: shown.post("/events/berkeley/rsvp", data={"name": "x" * 10_000_000}),
    }
    answers[429] = next(
        answer for answer in (shown.get("/rsvps/nothing") for _ in range(200)) if answer.status_code != 404
    )
    monkeypatch.setitem(app.view_functions, "front.privacy", break_down)
    answers[500] = shown.get("/privacy")
    assert {status: answer.status_code for status, answer in answers.items()} == {status: status for status in answers}
    for status, answer in answers.items():
        is_hardened(answer)
        if status >= 303 and status != 304:
            assert answer.headers["Cache-Control"] == "no-store", status
        if status >= 404:
            assert '<html lang="en" dir="ltr">' in answer.text, status
    for address in (f"/static/{static_digest()}/css/site.css", "/calendar.ics", "/robots.txt"):
        answer = shown.get(address)
        assert answer.status_code == 200
        is_hardened(answer)
        answer.close()


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A visitor of an installation with TLS that trusts one proxy."""
    folder = tmp_path_factory.mktemp("secure")
    url = f"sqlite:///{folder / 'none.db'}"
    return create_app(
        settings_for(folder, url, PUBLIC_URL="https://events.example.org", TRUSTED_PROXIES=1)
    ).test_client()


def test_over_tls_cookies_are_bound_to_the_host_and_tls_is_remembered(secure: FlaskClient) -> None:
    answer = secure.get("/organize/sign-in", base_url="https://events.example.org")
    (cookie,) = answer.headers.getlist("Set-Cookie")
    name, *flags = cookie.split("; ")
    assert name.startswith("__Host-iec=")
    assert {flag.lower() for flag in flags} == {"secure", "httponly", "path=/", "samesite=lax"}
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    static = secure.get(f"/static/{static_digest()}/css/site.css", base_url="https://events.example.org")
    assert static.headers["Strict-Transport-Security"] == answer.headers["Strict-Transport-Security"]
    static.close()


def test_without_tls_nothing_promises_it(client: FlaskClient) -> None:
    answer = client.get("/organize/sign-in")
    assert "Strict-Transport-Security" not in answer.headers
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("iec=")
    assert {"httponly", "samesite=lax"} <= {part.strip().lower() for part in cookie.split(";")}
    assert "secure" not in cookie.lower()


# --- Hosts and proxies

STRANGE_HOSTS = [
    "evil.example", "evil.example:8000", "127.0.0.1.evil.example", "127.0.0.1:8000@evil.example", "127.0.0.1:x",
    "127.0.0.1:99999", "127.0.0.1:8000:8000", "127.0.0.1:٨", "127.0.0.1\t", "127.0.0.1/", "", "[::1", "::1", "localhost.", ".localhost",
]  # fmt: skip


@pytest.mark.parametrize("host", STRANGE_HOSTS)
def test_strange_hosts_get_nothing_not_even_what_is_kept(client: FlaskClient, host: str) -> None:
    for address in ("/", "/nothing", "/organize/sign-in", f"/static/{static_digest()}/css/site.css"):
        client.get(address).close()  # which keeps it
        answer = client.get(address, environ_overrides={"HTTP_HOST": host})
        assert (answer.status_code, answer.text) == (400, "This host is not served here.\n"), address
        is_hardened(answer)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8000", "127.0.0.1:1", "localhost:8000", "LOCALHOST", "[::1]:8000"]
)
def test_our_own_host_has_several_names_at_home(client: FlaskClient, host: str) -> None:
    assert client.get("/", environ_overrides={"HTTP_HOST": host}).status_code == 200


def test_elsewhere_it_has_one(secure: FlaskClient) -> None:
    for host, status in [
        ("events.example.org", 404),
        ("EVENTS.example.org:443", 404),
        ("127.0.0.1", 400),
        ("localhost", 400),
    ]:
        answer = secure.get("/nothing", environ_overrides={"HTTP_HOST": host})
        assert answer.status_code == status, host


@pytest.mark.parametrize("mount", ["/fa", "//evil.example", "/night"])
def test_no_header_moves_us_elsewhere(client: FlaskClient, mount: str) -> None:
    answer = client.get("/", environ_overrides={"SCRIPT_NAME": mount})  # as gunicorn makes it of a header of this name
    assert answer.status_code == 400
    assert 'lang="fa"' in client.get("/fa/").text


def test_we_can_be_mounted_where_the_public_address_says(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'none.db'}"
    visitor = create_app(settings_for(tmp_path, url, PUBLIC_URL="http://127.0.0.1:8000/night")).test_client()
    told = {mount: visitor.get("/nothing", environ_overrides={"SCRIPT_NAME": mount}) for mount in ("", "/night", "/x")}
    assert {mount: answer.status_code for mount, answer in told.items()} == {"": 404, "/night": 404, "/x": 400}
    assert 'href="/night/fa/nothing"' in told["/night"].text


def test_dates_out_of_this_world_are_passed_over(shown: FlaskClient) -> None:
    keep_image(name="poster", content=b"RIFF", width=1, height=1, now=clock.now())
    since = {"If-Modified-Since": f"Sat, 24 Feb 2024 18:00:00 -{'9' * 20}"}
    assert shown.get("/images/poster.webp", headers=since).status_code == 200


def test_proxies_are_believed_only_where_there_is_one(
    app: Flask, secure: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    told = {}
    for name, visitor in (("alone", app.test_client()), ("behind a proxy", secure)):
        where = lambda: f"{request.remote_addr} {request.scheme} {request.host.partition(':')[0]}"  # noqa: E731
        monkeypatch.setitem(visitor.application.view_functions, "rsvps.asked", where)
        base = f"http://{visitor.application.extensions['settings'].host}"
        told[name] = visitor.get("/rsvps/lost/asked", base_url=base, headers=claims).text
    assert told == {"alone": "127.0.0.1 http 127.0.0.1", "behind a proxy": "198.51.100.7 https events.example.org"}


# --- Bodies


def in_parts(fields: dict[str, str]) -> dict[str, Any]:
    boundary, body = encode_multipart(fields)
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


def test_bodies_that_are_too_large_get_a_page_of_ours(shown: FlaskClient) -> None:
    large, many = b"x" * 7_000_000, {f"field{number}": "x" for number in range(300)}
    bodies: dict[str, dict[str, Any]] = {
        "a long field": {"data": {"name": "x" * 600_000}},
        "a long part": in_parts({"name": "x" * 600_000}),
        "many parts": in_parts(many),
        "many fields": {"data": many | {"rsvp": ["x"] * 800}},
        "many empty fields": {"data": b"a&" * 200_000, "content_type": "application/x-www-form-urlencoded"},
        "a large form": {"data": large, "content_type": "application/x-www-form-urlencoded"},
        "a large upload": {"data": large, "content_type": "multipart/form-data; boundary=x"},
    }
    for name, given in bodies.items():
        for address in ("/events/berkeley/rsvp", "/fa/events/berkeley/messages/new", "/organize/sign-in"):
            answer = shown.post(address, **given)
            assert answer.status_code == 413, (address, name)
            assert "<html" in answer.text


@pytest.mark.parametrize(
    "body",
    [b"name=\xff\xfe", b"name=%ff%fe", b"\x00=\x00&\xed\xa0\x80", b"&" * 400_000, b"a&" * 1000, b"=", b"%%%=%"],
)
def test_plain_forms_of_any_octets_are_answered(shown: FlaskClient, body: bytes) -> None:
    for address in ("/events/berkeley/rsvp", "/events/berkeley/messages/new", "/organize/sign-in", "/nothing"):
        answer = shown.post(address, data=body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code in {400, 404, 422}
        assert "<html" in answer.text


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=\x01", "x", ""],
)
def test_bodies_of_other_kinds_are_an_incomplete_form(shown: FlaskClient, content_type: str) -> None:
    for body in (b"", b"{", b"\xff\x00", b"--\r\n", b"name=Sara"):
        answer = shown.post("/events/berkeley/rsvp", data=body, content_type=content_type)
        assert answer.status_code in {400, 422}


def test_through_the_server_bodies_in_pieces_are_measured_too(serve: Serve) -> None:
    address = urlsplit(serve())
    connection = http.client.HTTPConnection(address.netloc, timeout=30)
    pieces: Iterator[bytes] = itertools.repeat(b"x" * 65536, 120)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Transfer-Encoding": "chunked"}
    connection.request("POST", "/organize/sign-in", pieces, headers, encode_chunked=True)
    answer = connection.getresponse()
    assert (answer.status, b"<html" in answer.read()) == (413, True)
    connection.close()


# --- Hostile addresses and fields

HOSTILE = [
    "%00", "a%00b", "%0d%0aSet-Cookie:%20a=b", "%0a", "%ff%fe", "%ed%a0%80", "%c0%ae%c0%ae", "%zz", "%", "%u0041", "..%2f..%2fetc", "....//",
    "%5c..%5c", "%2e%2e", "a" * 30_000, "%f0%9f%98%80", "{{7*7}}", "${7*7}", "'%20OR%201=1--", "%27%22%3E%3Cscript%3E", "9" * 5000, "9" * 20, "-1", "0", "1e9",
    "%D9%A1", "\u202e", "%EF%BF%BE",
]  # fmt: skip


@pytest.mark.parametrize("part", HOSTILE, ids=lambda part: part[:12].encode("ascii", "backslashreplace").decode())
def test_no_address_breaks_anything(shown: FlaskClient, organizer: FlaskClient, part: str) -> None:
    for address in (
        f"/{part}", f"/fa/{part}", f"/events/{part}", f"/events/{part}.ics", f"/campaigns/{part}", f"/campaigns/{part}.ics",
        f"/events/{part}/rsvp", f"/events/{part}/messages", f"/events/berkeley/messages/{part}", f"/events/{part}/my-rsvp",
        f"/rsvps/{part}", f"/images/{part}.webp", f"/images/x/{part}.webp", f"/static/{part}", f"/static/{static_digest()}/{part}", f"/organize/first/{part}", f"/messages/{part}",
        f"/?q={part}", f"/organize/sign-in?next={part}", f"/organize/sign-in?next=/organize/{part}", f"/events/berkeley?{part}={part}",
    ):  # fmt: skip
        answer = shown.get(address)
        assert answer.status_code < 500, address[:80]
        assert "Set-Cookie: a" not in str(answer.headers)
        assert "<script>" not in answer.text
        location = urlsplit(answer.headers.get("Location", "/"))
        assert location.netloc in {"", "127.0.0.1:8000"}
        answer.close()
    for address in (
        f"/organize/{part}", f"/organize/events/{part}", f"/organize/events/{part}/rsvps", f"/organize/events/berkeley/rsvps?page={part}&status={part}",
        f"/organize/events/berkeley/rsvps/{part}/cancel", f"/organize/events/{part}/rsvps/export", f"/organize/events/{part}/door", f"/organize/campaigns/{part}",
        f"/organize/messages?status={part}", f"/organize/messages?event={part}&page={part}",
    ):  # fmt: skip
        assert organizer.get(address).status_code < 500, address[:80]


@pytest.mark.parametrize(
    "text",
    ["\0", "a\0b", "\r\nBcc: all@example.org", "\ud800", "\uffff", "\u202egnp.exe", "x" * 100_000, "é" * 4000, "{{7*7}}", "<script>alert(1)</script>", "=cmd|' /C calc'!A0",
     "\u0301" * 5000, "%00", "9" * 5000, "-1", "1e400", "٣", "NaN"],
    ids=ascii,
)  # fmt: skip
def test_no_field_breaks_anything(shown: FlaskClient, organizer: FlaskClient, text: str) -> None:
    for address in ("/events/berkeley/rsvp", "/events/berkeley/messages/new", "/organize/sign-in"):
        answer = shown.post(address, **everywhere(text))
        assert answer.status_code in {413, 422}, address
        assert "<script>alert" not in answer.text
    for address in walked(shown.application):
        assert organizer.post(address, **everywhere(text)).status_code < 500, address


@pytest.mark.parametrize(
    "text",
    ["\0", "\ud800", "9" * 5000, "-1", "99999-99-99"],
    ids=ascii,
)
def test_no_field_breaks_anything_behind_the_forms_token_either(
    shown: FlaskClient, organizer: FlaskClient, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr("iec_events.core.forms.KindCSRF.validate_csrf_token", lambda *_args: None)
    token = "A" * 43
    addresses = (
        *walked(shown.application),
        "/events/berkeley/rsvp",
        "/events/berkeley/messages/new",
        "/organize/sign-in",
    )
    for address in (*addresses, f"/rsvps/{token}", f"/organize/first/{token}"):
        with listening(shown.application, monkeypatch) as asked_for:
            assert organizer.post(address, **everywhere(text)).status_code < 500, address
            if len(text) < 3:
                assert organizer.post(address, data=GOOD).status_code < 500, address
        if len(text) < 3:
            for name in asked_for & ONE_BY_ONE:
                answer = organizer.post(address, data=GOOD | {name: text.encode("utf-8", "surrogatepass")})
                assert answer.status_code < 500, (address, name)


ONE_BY_ONE = {"message", "revision", "seen", "slug", "zone", "starts_date", "capacity", "party_size", "seed"}


@contextmanager
def listening(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The names of fields that pages ask for meanwhile: no other field of a form can break them."""
    asked_for: set[str] = set()

    class Told(ImmutableMultiDict[str, Any]):
        def __contains__(self, key: object) -> bool:
            asked_for.add(str(key))
            return super().__contains__(key)

        def __getitem__(self, key: Any) -> Any:
            asked_for.add(str(key))
            return super().__getitem__(key)

        def get(self, key: Any, *others: Any, **also: Any) -> Any:
            asked_for.add(str(key))
            return super().get(key, *others, **also)

        def getlist(self, key: Any, *others: Any) -> Any:
            asked_for.add(str(key))
            return super().getlist(key, *others)

        def __iter__(self) -> Iterator[str]:
            asked_for.update(ONE_BY_ONE)  # who goes through all fields may stumble over any
            return super().__iter__()

        def items(self, *others: Any, **also: Any) -> Any:
            asked_for.update(ONE_BY_ONE)
            return super().items(*others, **also)

        def lists(self) -> Any:
            asked_for.update(ONE_BY_ONE)
            return super().lists()

    with monkeypatch.context() as patch:
        patch.setattr(app.request_class, "parameter_storage_class", Told)
        yield asked_for


FIELDS = (
    "name", "email", "party_size", "note", "seed", "csrf_token", "text", "language", "signature_name", "consent_publish", "subject", "password",
    "q", "message", "seen", "event", "slug", "revision", "title_en", "starts_date", "starts_time", "zone", "coordinates", "capacity", "largest_party",
)  # fmt: skip
GOOD: dict[str, Any] = {
    "name": "Sara", "email": "", "party_size": "2", "note": "", "text": "Freedom", "language": "en", "consent_publish": "y", "seen": "pending",
    "message": "x", "event": "berkeley", "slug": "", "title_en": "Night", "starts_date": "2027-03-01", "starts_time": "18:00", "ends_time": "21:00",
    "zone": "America/Los_Angeles", "capacity": "50", "largest_party": "6", "q": "Sara", "revision": "2027-01-15T12:00:00+00:00", "campaign": "",
}  # fmt: skip


@cache
def everywhere(text: str) -> dict[str, Any]:
    """The same in every field that any form has, as a browser would send it; written once for all addresses."""
    fields = dict.fromkeys(FIELDS, text.encode("utf-8", "surrogatepass"))
    return {"data": urlencode(fields).encode(), "content_type": "application/x-www-form-urlencoded"}


def walked(app: Flask) -> list[str]:
    """Every address of the organizers' area that takes a POST, but the way out."""
    rules = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    return [
        re.sub(r"<(?:any\(\W*(\w+))?[^>]*>", lambda blank: blank[1] or "berkeley", rule.rule)
        for rule in rules
        if rule.rule.startswith("/organize/") and not rule.endpoint.startswith("organizers.")
    ]


def test_names_cannot_write_headers(serve: Serve, tmp_path: Path) -> None:
    address = urlsplit(serve())
    del tmp_path
    connection = http.client.HTTPConnection(address.netloc, timeout=30)
    for path in (
        "/fa%0d%0aX-Evil:%201",
        "/events//x%0d%0aX-Evil:%201",
        "/organize/sign-in?next=/organize%0d%0aX-Evil:1",
    ):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status < 500
        assert answer.getheader("X-Evil") is None
    connection.close()
