"""A message's story: left by a visitor, read by a new organizer, put on the wall, taken down, taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from iec_events.core import clock
from iec_events.organizers.actions import invite
from tests.conftest import Installation
from tests.factories import an_event
from tests.journeys.people import Person, Tongue

pytestmark = [pytest.mark.journey, pytest.mark.real_time]
POEM = "ای آزادی، در راه تو بگذشتم از زندان‌ها"
SIGNED = "S" * 80  # and no blank in it, nor in the end of the message: no page gets wider by them
MESSAGE = f"{POEM} {'y' * 600}"
PASSWORD = "seven winters and a long spring"


@pytest.mark.parametrize(
    ("installation", "locale"),
    [("postgresql", "en"), ("sqlite", "fa"), ("postgresql", "es")],
    indirect=["installation"],
)
def test_from_a_visitor_to_the_wall_and_off_it(
    browser: Browser, installation: Installation, serve: Callable[..., str], locale: str
) -> None:
    tell_the_story(browser, installation, serve, Tongue(locale), script=True)


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_without_javascript(browser: Browser, installation: Installation, serve: Callable[..., str]) -> None:
    tell_the_story(browser, installation, serve, Tongue("en"), script=False)


def tell_the_story(
    browser: Browser, installation: Installation, serve: Callable[..., str], say: Tongue, *, script: bool
) -> None:
    with installation.app.app_context():
        slug = an_event("Berkeley").slug
        token = invite(now=clock.now())
    address = serve()
    sima = Person(browser, address, say, script=script, phone=True)
    nasrin = Person(browser, address, say, script=script)

    link = leaves_it(sima, f"{say.prefix}/events/{slug}")

    nasrin.go(f"{say.prefix}/organize/messages")
    nasrin.sees("Sign in")
    nasrin.go(f"{say.prefix}/organize/first/{token}")
    nasrin.page.locator("#name").fill("Nasrin")
    nasrin.page.locator("#email").fill("nasrin@example.org")
    nasrin.page.locator("#password").fill(PASSWORD)
    nasrin.page.locator("#password_again").fill(PASSWORD)
    nasrin.press("Make my account")
    on_paper = nasrin.takes_an_app()
    nasrin.go(f"{say.prefix}/organize")
    nasrin.sees("Dashboard")
    nasrin.press("Messages to read")
    nasrin.sees("Messages")
    expect(nasrin.page.locator(".words")).to_have_attribute("dir", "rtl")
    nasrin.press("Approve")

    sima.go(f"{say.prefix}/events/{slug}/messages")
    expect(sima.page.locator("blockquote")).to_have_text(MESSAGE)
    expect(sima.page.locator("figcaption bdi")).to_have_text(SIGNED)

    nasrin.press("Undo")
    expect(nasrin.page.locator(".review")).to_have_count(1)
    sima.page.reload()  # a browser may show a wall of half a minute ago
    expect(sima.page.locator("blockquote")).to_have_count(0)

    nasrin.press("Reject")
    nasrin.press("Sign out")
    nasrin.go(f"{say.prefix}/organize")
    nasrin.sees("Sign in")
    nasrin.fill("E-mail", "nasrin@example.org")
    nasrin.fill("Password", PASSWORD)
    nasrin.page.keyboard.press("Enter")
    nasrin.sees("One more step")
    nasrin.fill("Code", on_paper[0])  # her phone is at home
    nasrin.page.keyboard.press("Enter")
    nasrin.sees("Dashboard")

    takes_it_back(sima, link)
    nasrin.go(f"{say.prefix}/organize/messages?status=rejected")
    expect(nasrin.page.locator(".review")).to_have_count(0)
    for person in (sima, nasrin):
        person.leave()


def leaves_it(sima: Person, event: str) -> str:
    sima.go(event)
    sima.press("Leave a message")
    sima.press("Send the message")
    expect(sima.page.locator("#errors li")).to_have_count(2)
    sima.fill("Your message", MESSAGE)
    sima.page.locator("#signature_name").fill(SIGNED)
    sima.page.locator("#consent_publish").check()
    sima.press("Send the message")
    sima.sees("Your voice is in.")
    return sima.page.locator("#link").input_value()


def takes_it_back(sima: Person, link: str) -> None:
    sima.follow(link)
    sima.sees("Take your message back?")
    expect(sima.page.locator("body")).not_to_contain_text(SIGNED)
    sima.press("Take my message back")
    sima.sees("It is taken back.")
