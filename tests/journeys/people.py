"""People in a browser: what they see, click and fill in, in their own language, and the mail they get."""

from __future__ import annotations

import gettext
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyotp
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import (
    Browser,
    BrowserContext,
    CDPSession,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Request,
    expect,
)

from iec_events.core.i18n import PERSIAN_DIGITS, direction
from iec_events.core.paths import PACKAGE
from tests.servers import wait_until

PHONE, SMALL_PHONE, DESK = (
    {"width": 390, "height": 844},
    {"width": 320, "height": 640},
    {"width": 1280, "height": 900},
)
OWN_LINK = re.compile(r"https?://\S+/rsvps/\S+")


# What `look` asks of a page: its language, direction, main headings, and how much it is too wide. Axe is loaded with
# every page: handed over later, it would travel each time.
LOOK = """() => {
  const html = document.documentElement
  const wide = html.scrollWidth - html.clientWidth
  return [html.lang, html.dir, document.querySelectorAll("h1").length, wide]
}"""
AXE = """async () => (await axe.run({resultTypes: ["violations"]})).violations"""
# Before it judges a colour, axe draws the text on a canvas to see whether a font makes one picture of a whole word, as
# icon fonts do. None of ours does, but joined Persian letters look so to it, and would be passed over. This canvas says
# no at once.
NO_PICTURES = """HTMLCanvasElement.prototype.getContext = () => ({
  canvas: {}, fillText() {}, clearRect() {}, measureText: () => ({width: 30}),
  getImageData: () => ({data: new Uint8Array(4).fill(255)}),
});"""
LOOKING_GLASS = NO_PICTURES + AXE_SCRIPT
SPARE: dict[str, list[Page]] = {}  # by language: browsers that somebody has left


class Tongue:
    """A language as the service speaks it: texts by their English originals."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self.prefix = "" if locale == "en" else f"/{locale}"
        self.direction = direction(locale)
        self._catalogue = gettext.translation("messages", PACKAGE / "translations", [locale], fallback=True)

    def __call__(self, english: str, **values: object) -> str:
        """The text in this language."""
        text = self._catalogue.gettext(english)
        return text % values if values else text

    def number(self, number: int) -> str:
        """A number as people type it."""
        return str(number).translate(PERSIAN_DIGITS) if self.locale == "fa" else str(number)


class Person:
    """Somebody with a browser of their own. Whatever goes wrong in it, or leaves our site, is remembered."""

    def __init__(
        self,
        browser: Browser,
        address: str,
        tongue: Tongue,
        *,
        script: bool = True,
        phone: bool = False,
        screen: dict[str, int] | None = None,
    ) -> None:
        self.address, self.say, self.script = address, tongue, script
        spare = SPARE.setdefault(tongue.locale, [])
        self.page: Page = spare.pop() if spare else _new_page(browser, tongue.locale)
        self.context: BrowserContext = self.page.context
        self.page.set_viewport_size(screen or (PHONE if phone else DESK))  # type: ignore[arg-type] # its own type
        self._tools: CDPSession | None = None if script else self.context.new_cdp_session(self.page)
        self._allow_scripts(script)
        self.trouble: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", self._fail)
        self.page.on("request", self._watch)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "status of 4" not in message.text:  # a refused form is an answer, not trouble
            self.trouble.append(f"console: {message.text}")

    def _fail(self, error: Error) -> None:
        self.trouble.append(f"script: {error}")

    def _watch(self, request: Request) -> None:
        if urlsplit(request.url).scheme != "data" and not request.url.startswith(self.address):
            self.trouble.append(f"foreign: {request.url}")

    def _allow_scripts(self, allowed: bool) -> None:  # noqa: FBT001 - it reads as what it does
        # Not by the library's own switch, which could not be turned for a look with axe.
        if self._tools:
            self._tools.send("Emulation.setScriptExecutionDisabled", {"value": not allowed})

    def go(self, path: str) -> None:
        """Open a page of the site by its path."""
        self.page.goto(self.address + path)
        self.look()

    def follow(self, link: str) -> None:
        """Open a link that came by mail."""
        self.page.goto(link)
        self.look()

    def click(self, target: Locator) -> None:
        """Click, and look at the page it leads to."""
        target.first.click()
        self.page.wait_for_load_state()
        self.look()

    def press(self, english: str) -> None:
        """Press the button, or follow the link, with this text."""
        name = self.say(english)
        self.click(self.page.get_by_role("button", name=name, exact=True).or_(self.page.get_by_role("link", name=name)))

    def fill(self, english: str, text: str) -> None:
        """Fill in the field with this label."""
        self.page.get_by_label(self.say(english)).fill(text)

    def look(self) -> None:
        """Hold every page to what must be true of all: language, one main heading, nothing foreign, axe content."""
        self._allow_scripts(True)  # the page's own were passed over when it came, and do not come back
        *found, wide = self.page.evaluate(LOOK)
        violations = self._ask_axe()
        self._allow_scripts(self.script)
        assert found == [self.say.locale, self.say.direction, 1], (self.page.url, found)
        assert wide <= 0, f"{self.page.url} is {wide} px too wide"
        assert not self.trouble, self.trouble
        assert not violations, AxeResults({"violations": violations}).generate_report()

    def _ask_axe(self) -> list[Any]:
        if not self.script:
            self.page.evaluate(f"{LOOKING_GLASS};0")
        violations: list[Any] = self.page.evaluate(AXE)
        return violations

    def sees(self, english: str, **values: object) -> None:
        """Wait until the main heading says this."""
        expect(self.page.locator("h1")).to_have_text(self.say(english, **values))

    def reads(self, english: str, **values: object) -> None:
        """Wait until the page says this somewhere."""
        expect(self.page.locator("main")).to_contain_text(self.say(english, **values))

    def takes_along(self, english: str) -> bytes:
        """The file that this link or button downloads."""
        name = self.say(english)
        with self.page.expect_download() as coming:
            button = self.page.get_by_role("button", name=name, exact=True)
            button.or_(self.page.get_by_role("link", name=name)).first.click()
        return coming.value.path().read_bytes()

    def takes_an_app(self) -> list[str]:
        """Set up the second factor with the secret that the page shows; the recovery codes."""
        secret = "".join(self.page.locator(".secret code").inner_text().split())
        self.page.locator("#code").fill(pyotp.TOTP(secret).now())
        assert self.page.locator("#code").evaluate("box => box.scrollWidth <= box.clientWidth"), "a digit is cut off"
        self.press("Take this app")
        self.sees("Your recovery codes")
        return self.page.locator(".phrase li").all_inner_texts()

    def leave(self) -> None:
        """Leave the browser to the next person: it remembers nothing, and a new one takes long to open."""
        self.page.remove_listener("console", self._hear)
        self.page.remove_listener("pageerror", self._fail)
        self.page.remove_listener("request", self._watch)
        if self._tools:
            self._tools.detach()
        self.context.clear_cookies()
        self.page.evaluate("document.documentElement.remove()")  # no picture of it is asked for at another width
        SPARE[self.say.locale].append(self.page)


def _new_page(browser: Browser, locale: str) -> Page:
    context = browser.new_context(
        locale={"en": "en-US", "fa": "fa-IR", "es": "es-CO"}[locale],
        reduced_motion="reduce",  # so that a page is where it goes at once
    )
    context.add_init_script(LOOKING_GLASS)
    return context.new_page()


class Post:
    """The letters that the worker has delivered as files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def letters(self, to: str) -> list[EmailMessage]:
        """What somebody got, oldest first."""
        files = sorted(self.folder.glob("[!.]*.eml"))
        letters = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
        return [letter for letter in letters if letter["To"].addresses[0].addr_spec == to]

    def wait_for(self, to: str, count: int) -> EmailMessage:
        """The so-many-th letter to somebody, as soon as it is there."""
        wait_until(lambda: len(self.letters(to)) >= count)
        return self.letters(to)[count - 1]


def text_of(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    body = letter.get_body(("plain",))
    assert body is not None
    text: str = body.get_content()
    return text


def own_link(letter: EmailMessage) -> str:
    """The attendee's own link in a letter."""
    found = OWN_LINK.search(text_of(letter))
    assert found, text_of(letter)
    return found.group()
