"""Two addresses, one service: what is the same at both, what is not, and that nothing leads from one to the other."""

from __future__ import annotations

import logging
import re
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from iec_events.core.db import db
from iec_events.core.limits import TooManyFromHere, limiter, visitor
from iec_events.core.pages import PUBLIC_CACHE
from iec_events.core.urls import static_digest
from iec_events.organizers.models import AuditEntry
from iec_events.rsvps.models import Rsvp
from tests.conftest import Client, Installation
from tests.factories import PASSWORD, a_campaign, an_app, an_event, an_organizer, app_code
from tests.filling import hidden_fields, send

NAME = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"
ONION = f"http://{NAME}"
PUBLIC = "https://events.example.org"
MINE = "/events/berkeley/my-rsvp"
LINKS = re.compile(r'<(\w+)\b[^>]*?\s(?:href|action|src|formaction)="([^"]*)"')


class TorBrowser(Client):
    """A visitor who came by the onion address."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Make one request there."""
        kwargs.setdefault("base_url", ONION)
        return super().open(*args, **kwargs)


@pytest.fixture
def both(installation: Installation, app: Flask) -> Flask:
    """A service with two addresses, behind a proxy."""
    del app
    return installation.make_app(PUBLIC_URL=PUBLIC, ONION_URL=ONION, TRUSTED_PROXIES=1)


@pytest.fixture
def browser(both: Flask) -> FlaskClient:
    """Who came by the ordinary address."""
    return both.test_client()


@pytest.fixture
def tor(both: Flask) -> FlaskClient:
    """Who came by the onion address."""
    return TorBrowser(both)


def sign_up(client: FlaskClient, **typed: Any) -> None:
    answer = send(client, "/events/berkeley/rsvp", **{"name": "Sara", "party_size": "1", **typed})
    assert (answer.status_code, answer.location) == (303, MINE)


def own_link(client: FlaskClient, label: str = "own-link") -> str:
    found = re.search(rf'id="{label}" value="([^"]+)"', client.get(MINE).text)
    assert found
    return found[1]


# --- Which is told of where


def test_public_pages_tell_tor_browser_of_the_same_page_in_the_same_language(browser: FlaskClient) -> None:
    an_event(slug="berkeley")
    for path in ("/", "/fa/", "/es/privacy", "/fa/events/berkeley", "/events/berkeley/messages", "/subscribe"):
        for answer in (browser.get(path), browser.get(path), browser.head(path)):
            assert answer.headers.getlist("Onion-Location") == [ONION + path], path
    unchanged = browser.get("/fa/", headers={"If-None-Match": browser.get("/fa/").headers["ETag"]})
    assert (unchanged.status_code, unchanged.headers["Onion-Location"]) == (304, f"{ONION}/fa/")
    assert browser.get("/?utm=x").headers["Onion-Location"] == f"{ONION}/"


def test_what_is_somebodys_own_or_no_page_does_not(browser: FlaskClient, tor: FlaskClient) -> None:
    an_event(slug="berkeley")
    sign_up(browser)
    link = own_link(browser).removeprefix(PUBLIC)
    static = f"/static/{static_digest()}/css/site.css"
    paths = (link, MINE, f"{MINE}/change", "/events/berkeley/rsvp", "/rsvps/words", "/organize/sign-in", "/nothing")
    for path in (*paths, "/events/berkeley.ics", "/robots.txt", "/calendar.ics", static):
        answer = browser.get(path)
        assert "Onion-Location" not in answer.headers, path
        answer.close()
    for path in ("/", "/fa/events/berkeley", static):
        answer = tor.get(path)
        assert answer.status_code == 200
        assert not {"Onion-Location", "Strict-Transport-Security"} & {*answer.headers.keys()}, path
        answer.close()


def test_without_tls_or_onion_it_is_not_told(installation: Installation, client: FlaskClient) -> None:
    plain = installation.make_app(ONION_URL=ONION).test_client()
    for visitor_there in (client, plain):
        assert "Onion-Location" not in visitor_there.get("/").headers
    assert "Tor Browser" not in client.get("/privacy").text


def test_both_addresses_are_printed_in_every_language_at_both(browser: FlaskClient, tor: FlaskClient) -> None:
    for there in (browser, tor):
        for path in ("/privacy", "/fa/privacy", "/es/privacy"):
            told = there.get(path).text
            assert f'dir="ltr">{ONION}</code>' in told
            assert f'dir="ltr">{PUBLIC}/</code>' in told
            assert f'href="{path}#addresses"' in told
    assert "upgrade-insecure-requests" not in tor.get("/").headers["Content-Security-Policy"]


# --- Hosts


@pytest.mark.parametrize(
    "host",
    ["evil.onion", f"www.{NAME}", f"{NAME}.evil.example", f"evil.example@{NAME}", f"{NAME}.", NAME[1:], f"{NAME}:x",
     "events.example.org.onion", "127.0.0.1", ""],
)  # fmt: skip
def test_there_are_two_hosts_and_no_third(tor: FlaskClient, host: str) -> None:
    assert tor.get("/", environ_overrides={"HTTP_HOST": host}).status_code == 400


@pytest.mark.parametrize("host", [NAME, NAME.upper(), f"{NAME}:80", "events.example.org"])
def test_each_of_the_two_is_served(tor: FlaskClient, host: str) -> None:
    assert tor.get("/", environ_overrides={"HTTP_HOST": host}).status_code == 200


def test_a_mount_stands_in_both_addresses(installation: Installation, app: Flask) -> None:
    del app
    there = installation.make_app(PUBLIC_URL=f"{PUBLIC}/night", ONION_URL=ONION).test_client()
    answer = there.get("/fa/", environ_overrides={"SCRIPT_NAME": "/night"})
    assert answer.headers["Onion-Location"] == f"{ONION}/night/fa/"


def test_kept_pages_of_the_two_are_kept_apart(browser: FlaskClient, tor: FlaskClient) -> None:
    an_event(slug="berkeley")
    words = "Calendar programs do not go through Tor"
    for _twice in range(2):
        told = {there: there.get("/events/berkeley") for there in (browser, tor)}
        assert {there: words in answer.text for there, answer in told.items()} == {browser: False, tor: True}
        assert told[browser].headers["ETag"] != told[tor].headers["ETag"]
        assert {answer.headers["Cache-Control"] for answer in told.values()} == {PUBLIC_CACHE}


# --- Links


def test_no_link_of_any_page_leads_from_the_onion_to_the_ordinary_site(tor: FlaskClient) -> None:
    campaign = a_campaign(slug="night")
    an_event(slug="berkeley", campaign_id=campaign.id)
    sign_up(tor)
    strangers = (
        "",
        "campaigns/night",
        "events/berkeley",
        "events/berkeley/poster",
        "events/berkeley/messages",
        "privacy",
    )
    own = (MINE[1:], f"{MINE[1:]}/change", f"{MINE[1:]}/cancel", f"{MINE[1:]}/delete", "events/berkeley/rsvp")
    for path in (*strangers, *own, "subscribe", "fa/", f"fa{MINE}", "nothing", "organize/sign-in"):
        answer = tor.get(f"/{path}")
        found = LINKS.findall(answer.text)
        assert len(found) > 8
        away = {(tag, link) for tag, link in found if link.startswith((PUBLIC, ONION, "//")) and tag != "link"}
        assert away == set(), path


def test_no_redirect_and_no_way_back_leads_from_one_to_the_other(tor: FlaskClient, browser: FlaskClient) -> None:
    an_event(slug="berkeley")
    for there, ours, other in ((tor, ONION, PUBLIC), (browser, PUBLIC, ONION)):
        sign_up(there)
        for path in ("/fa", "/events//berkeley", "/organize", f"{MINE}/confirm", own_link(there)):
            answer = there.get(path.removeprefix(ours))
            assert answer.status_code in {303, 308}, path
            assert answer.location.removeprefix(ours).startswith("/"), path
        answer = there.get("/organize", query_string={"next": f"{other}/organize"})
        assert other not in answer.location.partition("?")[0]


def test_the_own_page_gives_a_link_for_each_and_a_picture_for_cameras(tor: FlaskClient, browser: FlaskClient) -> None:
    an_event(slug="berkeley")
    sign_up(tor)
    link, elsewhere = own_link(tor), own_link(tor, "own-link-elsewhere")
    assert link.startswith(f"{ONION}/rsvps/")
    assert elsewhere == link.replace(ONION, PUBLIC)
    assert browser.get(elsewhere.removeprefix(PUBLIC)).location == MINE
    told = browser.get(MINE).text
    assert own_link(browser) == elsewhere
    assert NAME not in told.replace("#addresses", "")
    assert "own-link-elsewhere" not in told
    picture = re.compile(r'<svg[^>]*class="qr.*?</svg>', re.DOTALL)
    assert picture.findall(told) == picture.findall(tor.get(MINE).text)


# --- Cookies


def flags(answer: TestResponse) -> tuple[str, set[str]]:
    (cookie,) = answer.headers.getlist("Set-Cookie")
    name, *others = cookie.split("; ")
    return name.partition("=")[0], {one.lower() for one in others}


def test_cookies_of_each_fit_its_browsers(tor: FlaskClient, browser: FlaskClient) -> None:
    an_event(slug="berkeley")
    ours = {"httponly", "path=/", "samesite=lax"}
    assert flags(browser.get("/events/berkeley/rsvp")) == ("__Host-iec", {"secure", *ours})
    assert flags(tor.get("/events/berkeley/rsvp")) == ("iec", ours)


def test_an_onion_with_tls_has_cookies_that_need_it(installation: Installation, app: Flask) -> None:
    del app
    secure = installation.make_app(PUBLIC_URL=PUBLIC, ONION_URL=ONION.replace("http", "https"))
    name, told = flags(secure.test_client().get("/organize/sign-in", base_url=ONION.replace("http", "https")))
    assert (name, "secure" in told) == ("__Host-iec", True)


def test_a_cookie_of_one_opens_nothing_at_the_other(both: Flask, tor: FlaskClient, browser: FlaskClient) -> None:
    an_event(slug="berkeley")
    there: dict[str, tuple[FlaskClient, str]] = {"__Host-iec": (browser, "events.example.org"), "iec": (tor, NAME)}
    carried = {"__Host-iec": both.test_client(), "iec": TorBrowser(both)}
    for name, other in (("iec", "__Host-iec"), ("__Host-iec", "iec")):
        (client, host), (_client, other_host) = there[name], there[other]
        sign_up(client, name=name)
        cookie = client.get_cookie(name, domain=host)
        assert cookie
        carried[other].set_cookie(other, cookie.value, domain=other_host)
        assert carried[other].get(MINE).status_code == 404, name
        assert client.get(MINE).status_code == 200


# --- People


def test_an_attendee_goes_all_the_way_by_the_onion(tor: FlaskClient) -> None:
    an_event(slug="berkeley", largest_party=3)
    assert f'href="{MINE.removesuffix("/my-rsvp")}"' in tor.get("/").text
    sign_up(tor, name="Nasrin")
    mine = unescape(tor.get(MINE).text)
    assert "Nasrin" in mine
    changed = send(tor, f"{MINE}/change", name="Nasrin", party_size="2")
    assert (changed.status_code, changed.location) == (303, MINE)
    gone = tor.post(f"{MINE}/cancel", data=hidden_fields(tor.get(f"{MINE}/cancel").text))
    assert (gone.status_code, gone.location) == (303, MINE)
    assert [(one.party_size, one.status) for one in db.session.scalars(sa.select(Rsvp))] == [(2, "cancelled")]


def test_a_form_is_taken_at_the_address_where_it_was_opened(tor: FlaskClient, browser: FlaskClient) -> None:
    an_event(slug="berkeley")
    fields = hidden_fields(tor.get("/events/berkeley/rsvp").text)
    browser.get("/events/berkeley/rsvp")
    refused = browser.post("/events/berkeley/rsvp", data={**fields, "name": "Sara", "party_size": "1"})
    assert refused.status_code == 422
    referred = {"Referer": f"{ONION}/events/berkeley/rsvp", "Origin": "null"}
    taken = tor.post("/events/berkeley/rsvp", data={**fields, "name": "Sara", "party_size": "1"}, headers=referred)
    assert taken.status_code == 303


def test_organizers_sign_in_by_an_app_and_are_told_that_passkeys_do_not_answer(tor: FlaskClient) -> None:
    an_app(an_organizer(email="owner@example.org"))
    first = send(tor, "/organize/sign-in", email="owner@example.org", password=PASSWORD)
    assert first.location.startswith("/organize/second")
    done = send(tor, "/organize/second", code=app_code())
    assert (done.status_code, done.location) == (303, "/organize")
    assert all(tor.get_cookie(name, domain=NAME) for name in ("iec", "iec-known"))
    assert tor.get("/organize").status_code == 200
    told = unescape(tor.get("/organize/account").text)
    assert f"Passkeys answer at {PUBLIC} only, not at the onion address." in told


def test_a_changed_cookie_is_noted_at_both(tor: FlaskClient, browser: FlaskClient) -> None:
    for there, name, host in ((tor, "iec", NAME), (browser, "__Host-iec", "events.example.org")):
        limiter.reset()
        there.set_cookie(name, "eyJvcmdhbml6ZXIiOiJ4In0.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb", domain=host)
        there.get("/organize")
    assert [one.what for one in db.session.scalars(sa.select(AuditEntry))] == ["session.refused"] * 2


# --- Limits


def name_of(both: Flask, address: str, *, onion: bool) -> str:
    marked = {"REMOTE_ADDR": address, **({"iec.onion": True} if onion else {})}
    with both.test_request_context("/", environ_overrides=marked):
        return visitor()


def test_circuits_are_counted_apart_and_from_everything_else(both: Flask) -> None:
    one, same, other = (name_of(both, f"fc00:dead:beef:4dad::{end}", onion=True) for end in ("1:2", "1:2", "2:2"))
    assert one == same != other
    crowd = {name_of(both, address, onion=True) for address in ("127.0.0.1", "::1", "unix:", "203.0.113.7")}
    assert len(crowd) == 1
    elsewhere = {
        name_of(both, address, onion=False) for address in ("127.0.0.1", "::1", "unix:", "fc00:dead:beef:4dad::1:2")
    }
    assert len({one, other, *crowd, *elsewhere}) == 7


def test_a_flood_through_one_circuit_shuts_nobody_else_out(tor: FlaskClient, browser: FlaskClient) -> None:
    def asked(there: FlaskClient, circuit: str) -> int:
        return there.get("/rsvps/nothing", headers={"X-Forwarded-For": circuit}).status_code

    flood = [asked(tor, "fc00:dead:beef:4dad::7") for _ in range(121)]
    assert (flood[0], flood[-1]) == (404, 429)
    assert asked(tor, "fc00:dead:beef:4dad::8") == asked(browser, "127.0.0.1") == asked(browser, "203.0.113.7") == 404


def test_that_tor_tells_no_circuits_is_logged_once(tor: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    limiter.reset()
    with caplog.at_level(logging.WARNING):
        for circuit in ("fc00:dead:beef:4dad::7", "127.0.0.1", "127.0.0.1"):
            tor.get("/rsvps/nothing", headers={"X-Forwarded-For": circuit})
    assert [record.message.partition(":")[0] for record in caplog.records] == ["Tor tells no circuits"]


def test_nobody_who_has_to_wait_is_sent_out_of_tor(both: Flask) -> None:
    told = {}
    for came in ({}, {"iec.onion": True}):
        with both.test_request_context("/", environ_overrides=came):
            told[bool(came)] = str(TooManyFromHere())
    assert {came: "mobile data" in sentence for came, sentence in told.items()} == {False: True, True: False}
