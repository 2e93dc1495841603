"""Passkeys in a real browser, with the authenticator that its tools for developers have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Route, expect

from tests.conftest import Installation
from tests.factories import PASSWORD, an_app, an_organizer, app_code
from tests.filling import send

pytestmark = [
    pytest.mark.journey,
    pytest.mark.real_time,
    pytest.mark.parametrize("installation", ["sqlite"], indirect=True),
]
PLACE = "http://localhost:8000"  # passkeys need a name
ANYBODY = "nasrin@example.org"
PHONE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
}


class Phone:
    """Holds passkeys for a page, and asks its owner nothing."""

    def __init__(self, page: Page) -> None:
        self._line = page.context.new_cdp_session(page)
        self._line.send("WebAuthn.enable")
        self._id = self._line.send("WebAuthn.addVirtualAuthenticator", {"options": PHONE})["authenticatorId"]

    def holds(self) -> int:
        """How many passkeys."""
        kept = self._line.send("WebAuthn.getCredentials", {"authenticatorId": self._id})
        return len(kept["credentials"])

    def knows_its_owner(self, *, so: bool) -> None:
        """Whether the finger is right."""
        self._line.send("WebAuthn.setUserVerified", {"authenticatorId": self._id, "isUserVerified": so})


@pytest.fixture
def nasrin(installation: Installation, app: Flask) -> FlaskClient:
    del app
    client = installation.make_app(PUBLIC_URL=PLACE).test_client()
    an_app(an_organizer("Nasrin", ANYBODY))
    send(client, "/organize/sign-in", email=ANYBODY, password=PASSWORD)
    send(client, "/organize/second", code=app_code())
    return client


@pytest.fixture
def page(browser: Browser, nasrin: FlaskClient) -> Iterator[Page]:
    """A browser that reaches the service without a network; the client has its cookies."""

    def serve(route: Route) -> None:
        asked = route.request
        if asked.resource_type not in {"document", "script"}:
            route.abort()
            return
        path, kind, body = asked.url.removeprefix(PLACE), asked.headers.get("content-type"), asked.post_data_buffer
        with nasrin.open(path, method=asked.method, data=body, content_type=kind, follow_redirects=True) as answer:
            route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.data)

    context = browser.new_context()
    context.route("**/*", serve)
    yield context.new_page()
    context.close()


def test_a_passkey_is_made_and_used_with_keys_alone(page: Page) -> None:
    phone = Phone(page)
    page.goto(f"{PLACE}/organize/account/passkeys/new")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.locator("#errors")).to_contain_text("Please write a name")
    assert phone.holds() == 0  # or it would hold one that opens nothing
    page.locator("#name").fill("my phone")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("The passkey is ready")
    assert phone.holds() == 1
    page.goto(f"{PLACE}/organize/account/passkeys/new")
    page.locator("#name").fill("the same")
    page.keyboard.press("Enter")
    expect(page.locator("#passkey-known")).to_be_visible()
    page.goto(f"{PLACE}/organize/confirm")
    expect(page.get_by_role("status").get_by_text("Your passkey has been taken.")).to_be_hidden()
    page.get_by_role("button", name="Use a passkey").press("Enter")
    expect(page.get_by_role("status").get_by_text("Your passkey has been taken.")).to_be_visible()
    expect(page.locator("#password")).to_be_focused()
    page.locator("#password").fill(PASSWORD)
    phone.knows_its_owner(so=False)
    page.get_by_role("button", name="Use a passkey").press("Enter")
    expect(page.locator("#passkey-trouble")).to_be_visible()
    expect(page.locator("#passkey-taken")).to_be_hidden()
    phone.knows_its_owner(so=True)
    page.get_by_role("button", name="Use a passkey").press("Enter")
    expect(page.locator("h1")).to_have_text("Dashboard")


def test_a_browser_that_has_no_passkeys_is_told_so(page: Page) -> None:
    page.add_init_script("delete window.PublicKeyCredential")
    page.goto(f"{PLACE}/organize/account/passkeys/new")
    expect(page.locator("#passkey-none")).to_be_visible()
    expect(page.locator("[data-passkey]")).to_be_hidden()
