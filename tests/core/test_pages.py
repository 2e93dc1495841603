"""Kept pages: made once, true to HTTP's conditions, forgotten at the right moment, and never somebody's own."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse

from iec_events.core import pages
from iec_events.core.absence import ask_nothing_of_the_silent
from iec_events.core.pages import KEEP, PublicPages, _takes_gzip
from tests.factories import a_campaign, an_event

BODY = b"<p>A night of poetry and song.</p>" * 100
MODIFIED = "Sat, 24 Feb 2024 18:00:00 GMT"
Headers = list[tuple[str, str]]


class Behind:
    """What stands behind the layer in these tests: one page, and how often it was made."""

    def __init__(self) -> None:
        self.made = 0
        self.methods: list[str] = []
        self.body = BODY
        self.status = "200 OK"
        self.keep = True
        self.headers: Headers = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Cache-Control", pages.PUBLIC_CACHE),
            ("Last-Modified", MODIFIED),
            ("X-Frame-Options", "DENY"),
        ]
        self.meanwhile: Callable[[], None] = lambda: None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.made += 1
        self.methods.append(environ["REQUEST_METHOD"])
        body = self.body
        self.meanwhile()
        if self.keep:
            environ[KEEP] = True
        start_response(self.status, [*self.headers, ("Content-Length", str(len(body)))])
        return [body[:10], body[10:]]


@pytest.fixture
def behind() -> Behind:
    return Behind()


@pytest.fixture
def generation() -> list[int | None]:
    return [1]


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The clock of the layer, which stands still until it is moved."""
    present = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: present[0])
    yield present
    monkeypatch.undo()


@pytest.fixture
def layer(behind: Behind, generation: list[int | None]) -> PublicPages:
    return PublicPages(behind, lambda: generation[0])


@pytest.fixture
def ask(layer: PublicPages, now: list[float]) -> Callable[..., TestResponse]:
    del now
    return Client(layer).open


def test_a_page_is_made_once_and_is_the_same_for_all(ask: Callable[..., TestResponse], behind: Behind) -> None:
    first, again = ask("/"), ask("/")
    assert (first.status_code, first.data, first.headers["Content-Length"]) == (200, BODY, str(len(BODY)))
    assert (again.data, dict(again.headers)) == (BODY, dict(first.headers))
    assert first.headers["Vary"] == "Accept-Encoding"
    assert behind.made == 1


def test_head_has_the_headers_of_get_and_no_body(ask: Callable[..., TestResponse], behind: Behind) -> None:
    head, got = ask("/", method="HEAD"), ask("/")
    assert (head.status_code, head.data) == (200, b"")
    assert dict(head.headers) == dict(got.headers)
    assert got.data == BODY
    assert behind.methods == ["GET"]
    behind.keep, behind.status = False, "404 NOT FOUND"
    head = ask("/nothing", method="HEAD")
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (404, b"", str(len(BODY)))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_pass_as_they_are(ask: Callable[..., TestResponse], behind: Behind, method: str) -> None:
    ask("/")
    ask("/", method=method)
    assert behind.methods == ["GET", method]


def test_addresses_and_languages_are_kept_apart_and_queries_are_not(
    ask: Callable[..., TestResponse], behind: Behind
) -> None:
    for number in range(2):
        ask("/a")
        ask("/b")
        ask("/a", environ_overrides={"SCRIPT_NAME": "/fa"})
        ask("/a", query_string={"fbclid": str(number)})
    assert behind.made == 3
    behind.keep = False
    for _twice in range(2):
        ask("/own", query_string={"page": "2"})
    assert behind.made == 3 + 2


def test_what_is_not_marked_not_200_or_has_to_do_with_cookies_is_never_kept(
    ask: Callable[..., TestResponse], behind: Behind
) -> None:
    ordinary = behind.headers
    for keep, status, more in [
        (False, "200 OK", []),
        (True, "404 NOT FOUND", []),
        (True, "200 OK", [("Set-Cookie", "iec=secret")]),
        (True, "200 OK", [("Vary", "Cookie")]),
    ]:
        behind.keep, behind.status, behind.headers, made = keep, status, [*ordinary, *more], behind.made
        answers = [ask("/own"), ask("/own")]
        assert behind.made == made + 2
        for answer in answers:
            assert "ETag" not in answer.headers
            if more:
                assert answer.headers.getlist("Cache-Control") == ["no-store"]


def test_a_page_lasts_half_a_minute(ask: Callable[..., TestResponse], behind: Behind, now: list[float]) -> None:
    for moment, made in [(0.0, 1), (29.9, 1), (30.1, 2), (59.0, 2), (60.2, 3)]:
        now[0] = 1000 + moment
        ask("/")
        assert behind.made == made, moment


def test_a_change_of_this_process_counts_at_once_and_of_others_within_a_second(
    ask: Callable[..., TestResponse], behind: Behind, layer: PublicPages, generation: list[int | None], now: list[float]
) -> None:
    ask("/")
    layer.forget()
    ask("/")
    assert behind.made == 2
    generation[0] = 2
    now[0] += 0.5
    ask("/")
    assert behind.made == 2
    now[0] += 0.6
    ask("/")
    assert behind.made == 3


def test_what_changed_while_a_page_was_made_is_not_kept(
    ask: Callable[..., TestResponse], behind: Behind, layer: PublicPages
) -> None:
    def change() -> None:
        behind.meanwhile = lambda: None
        behind.body = b"new"
        layer.forget()

    behind.meanwhile = change
    assert ask("/").data == BODY  # began before the change
    assert ask("/").data == b"new"
    assert ask("/").data == b"new"
    assert behind.made == 2


def test_without_a_database_what_is_kept_is_still_served(
    ask: Callable[..., TestResponse], behind: Behind, generation: list[int | None], now: list[float]
) -> None:
    ask("/")
    generation[0] = None
    now[0] += 5
    assert (ask("/").data, behind.made) == (BODY, 1)
    now[0] += 594
    assert (ask("/").data, behind.made) == (BODY, 1)
    behind.status, behind.keep = "503 SERVICE UNAVAILABLE", False
    now[0] += 2
    assert (ask("/").status_code, behind.made) == (503, 2)
    generation[0], behind.status, behind.keep = 2, "200 OK", True
    now[0] += 6
    assert (ask("/").status_code, behind.made) == (200, 3)


def test_nobody_waits_for_a_database_that_was_silent_just_now(
    behind: Behind, now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = [False]
    told: list[bool] = []

    def generation() -> int | None:
        now[0] += 6 if silent[0] else 0
        return None if silent[0] else 1

    def note() -> None:
        try:
            ask_nothing_of_the_silent()
        except sa.exc.TimeoutError:
            told.append(True)
        else:
            told.append(False)

    monkeypatch.setattr(behind, "meanwhile", note)
    ask = Client(PublicPages(behind, generation)).open
    ask("/")
    silent[0] = True
    now[0] += 2
    for method in ("GET", "POST"):
        ask("/other", method=method)
    silent[0] = False
    ask("/", method="POST")  # asked again in five seconds at the soonest
    now[0] += 6
    ask("/", method="POST")  # which learns that it is back, with nobody else there
    assert told == [False, True, True, True, False]


def test_what_could_not_be_made_anew_is_handed_out_as_it_was(
    ask: Callable[..., TestResponse], behind: Behind, now: list[float]
) -> None:
    ask("/")
    behind.status, behind.keep = "503 SERVICE UNAVAILABLE", False  # the database left since it was asked
    now[0] += 31
    assert (ask("/").data, behind.made) == (BODY, 2)
    assert ask("/other").status_code == 503
    behind.status = "500 INTERNAL SERVER ERROR"
    assert ask("/").status_code == 500


def test_an_exception_behind_leaves_nothing(ask: Callable[..., TestResponse], behind: Behind) -> None:
    def fail() -> None:
        behind.meanwhile = lambda: None
        raise ZeroDivisionError

    behind.meanwhile = fail
    with pytest.raises(ZeroDivisionError):
        ask("/", method="HEAD")
    assert ask("/").data == BODY


def test_memory_has_a_bound_whatever_is_asked_for(
    ask: Callable[..., TestResponse], behind: Behind, layer: PublicPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_OCTETS", 100_000)
    for number in range(60):
        ask(f"/{number}")
    assert 0 < sum(page.octets for page in layer._pages.values()) <= 100_000
    behind.body = b"x" * 100_000
    assert ask("/large").data == behind.body
    assert ("", "/large", False) not in layer._pages


def test_one_page_under_many_hosts_is_kept_once(ask: Callable[..., TestResponse], layer: PublicPages) -> None:
    for port in range(8000, 8050):
        ask("/", base_url=f"http://127.0.0.1:{port}")
    assert len(layer._pages) == 1


def test_many_threads_get_whole_pages(layer: PublicPages, behind: Behind) -> None:
    behind.body = b"1" * 5000
    wrong: list[bytes] = []

    def read() -> None:
        visitor = Client(layer)
        for number in range(60):
            got = visitor.get(f"/{number % 3}").data
            if set(got) not in ({ord("1")}, {ord("2")}) or len(got) != 5000:
                wrong.append(got)

    readers = [threading.Thread(target=read) for _ in range(6)]
    for reader in readers:
        reader.start()
    behind.body = b"2" * 5000
    layer.forget()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert Client(layer).get("/0").data == b"2" * 5000


# --- Conditions (RFC 9110, 13)


@pytest.fixture
def etag(ask: Callable[..., TestResponse]) -> str:
    return ask("/").headers["ETag"]


@pytest.mark.parametrize(
    "condition",
    ["{0}", "W/{0}", "*", '"other", {0}', 'W/"x",W/{0} , "y"', "{gz}", "W/{gz}", '"other", {gz}'],
)
def test_known_tags_answer_304(ask: Callable[..., TestResponse], etag: str, condition: str) -> None:
    asked = condition.format(etag, gz=etag[:-1] + '-gz"')
    for packed in ("", "gzip"):
        answer = ask("/", headers={"If-None-Match": asked, "Accept-Encoding": packed})
        assert (answer.status_code, answer.data) == (304, b""), asked


@pytest.mark.parametrize("condition", ['"other"', "", "{bare}", '"{bare}x"', '"-gz"', '"{bare}-gzip"', '""', ","])
def test_unknown_tags_answer_the_page(ask: Callable[..., TestResponse], etag: str, condition: str) -> None:
    asked = condition.format(bare=etag.strip('"')[:-1] if condition == "{bare}" else etag.strip('"'))
    answer = ask("/", headers={"If-None-Match": asked})
    assert (answer.status_code, answer.data) == (200, BODY), asked


@given(st.text(st.sampled_from('W/"*,\\ab-gz 0'), max_size=30))
@settings(deadline=None)
def test_no_condition_breaks_the_layer(condition: str) -> None:
    client = Client(PublicPages(Behind(), lambda: 1))
    assert client.get("/", headers={"If-None-Match": condition}).status_code in {200, 304}
    assert client.get("/", headers={"If-Modified-Since": condition}).status_code == 200
    assert client.get("/", headers={"Accept-Encoding": condition}).status_code == 200


@pytest.mark.parametrize(
    ("since", "status"),
    [
        (MODIFIED, 304),
        ("Sun, 25 Feb 2024 18:00:00 GMT", 304),
        ("Sat, 24 Feb 2024 17:59:59 GMT", 200),
        ("Saturday, 24-Feb-24 18:00:00 GMT", 304),
        ("yesterday", 200),
        ("", 200),
        ("Sat, 99 Feb 2024 18:00:00 GMT", 200),
        (f"Sat, 24 Feb 2024 18:00:00 +{'9' * 20}", 200),
    ],
)
def test_modified_since(ask: Callable[..., TestResponse], since: str, status: int) -> None:
    assert ask("/", headers={"If-Modified-Since": since}).status_code == status


def test_tags_beat_dates(ask: Callable[..., TestResponse], etag: str) -> None:
    assert ask("/", headers={"If-None-Match": '"other"', "If-Modified-Since": MODIFIED}).status_code == 200
    old = "Sat, 24 Feb 2001 18:00:00 GMT"
    assert ask("/", headers={"If-None-Match": etag, "If-Modified-Since": old}).status_code == 304


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_304_has_what_a_cache_needs_and_says_nothing_of_a_body(
    ask: Callable[..., TestResponse], etag: str, method: str
) -> None:
    answer = ask("/", method=method, headers={"If-None-Match": etag})
    assert dict(answer.headers) == {
        "Cache-Control": pages.PUBLIC_CACHE,
        "ETag": etag,
        "Last-Modified": MODIFIED,
        "Vary": "Accept-Encoding",
        "X-Frame-Options": "DENY",
    }


# --- Packing (RFC 9110, 12.5.3)


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("x-gzip", True),
        ("br, gzip ; q=1.0", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzip;Q=0.0, *", False),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzipped", False),
        ("*", True),
        ("br, *;q=0.1", True),
        ("*;q=0", False),
        ("*;q=0, gzip", True),
        (",,;", False),
    ],
)
def test_gzip_is_sent_to_those_who_take_it(accepted: str, packed: bool) -> None:  # noqa: FBT001
    assert _takes_gzip(accepted) is packed


def test_the_packed_page_is_the_page_under_a_tag_of_its_own(ask: Callable[..., TestResponse], etag: str) -> None:
    answer = ask("/", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(answer.data) == BODY
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Length"] == str(len(answer.data))
    assert answer.headers["ETag"] == etag[:-1] + '-gz"'
    assert len(answer.data) < len(BODY) / 10


def test_small_pages_are_not_packed(ask: Callable[..., TestResponse], behind: Behind) -> None:
    behind.body = b"small"
    answer = ask("/", headers={"Accept-Encoding": "gzip"})
    assert (answer.data, "Content-Encoding" in answer.headers) == (b"small", False)


# --- In the application


def test_kept_pages_and_feeds_have_every_header_and_change_with_what_they_show(app: Flask, client: FlaskClient) -> None:
    an_event("Berkeley", slug="berkeley")
    for address in ("/", "/fa/events/berkeley", "/events/berkeley.ics"):
        first, kept = client.get(address), client.get(address, headers={"Cookie": "iec=nonsense; other=1"})
        assert dict(kept.headers) == dict(first.headers), address
        again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
        for answer in (first, kept, again):
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert "Set-Cookie" not in answer.headers
    assert "Oakland" not in client.get("/").text
    an_event("Oakland")
    assert "Oakland" in client.get("/").text
    assert app.testing


@pytest.mark.parametrize("prefix", ["", "/fa"])
def test_a_query_changes_nothing_that_is_kept(app: Flask, client: FlaskClient, prefix: str) -> None:
    campaign = a_campaign(slug="night", published=True)
    an_event(slug="berkeley", campaign_id=campaign.id)
    pages = ("/", "/events/berkeley", "/events/berkeley/messages", "/campaigns/night", "/privacy", "/subscribe")
    for address in (*pages, "/events/berkeley.ics", "/campaigns/night/upcoming.ics", "/cities/berkeley.ics"):
        plain = client.get(prefix + address)
        for forget in app.extensions["on_public_change"]:
            forget()
        asked = client.get(f"{prefix}{address}?page=2&lang=es&fbclid=%22%3E%3Cb%3E&next=//evil.example")
        assert (asked.status_code, asked.data) == (200, plain.data), address
        assert asked.headers["ETag"] == plain.headers["ETag"], address


def test_a_database_that_is_away_gives_our_own_page_and_no_exception(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    def fail(*_args: object, **_kwargs: object) -> None:
        raise OperationalError("SELECT secret", {"name": "Sima Kohzadi"}, Exception("host db.example.org"))

    monkeypatch.setattr(app, "testing", False)
    monkeypatch.setattr("sqlalchemy.orm.Session.execute", fail)
    monkeypatch.setattr("sqlalchemy.orm.Session.scalar", fail)
    monkeypatch.setattr("sqlalchemy.orm.Session.scalars", fail)
    monkeypatch.setattr("time.monotonic", lambda: 1e9)
    answer = client.get("/events/secret-token")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert "One moment" in answer.text
    calendar = client.get("/events/secret-token.ics")  # a program keeps the entries that it has
    assert (calendar.status_code, calendar.headers["Retry-After"]) == (503, "60")
    assert calendar.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "The database does not answer: OperationalError" in caplog.text
    assert not {"Sima", "secret", "example.org"} & set(caplog.text.replace("-", " ").split())
    assert "secret-token" not in caplog.text
