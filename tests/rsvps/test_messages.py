"""Every letter to an attendee as a message: its parts, its calendar, its links; and what opening those links does."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from flask import Flask
from icalendar import Calendar

from iec_events.core.config import settings
from iec_events.core.db import db
from iec_events.core.i18n import LocaleCode, direction
from iec_events.mail.letters import Letter
from iec_events.rsvps.emails import TRUE_WHILE
from iec_events.rsvps.letters import SAY, news_kind, nothing_new
from tests.rsvps.every_letter import SARA, a_night, all_letters, becomes, every_letter, somebody, written

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LANGUAGES: tuple[LocaleCode, ...] = ("en", "fa", "es")
ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,)]")
COMES = {"confirmed", "promoted", "approved", "reminder-168", "reminder-24", "reminder-2"}
COMES |= {"event_changed", "event_postponed", "event_reinstated"}
GOES = {"not_coming", "withdrawn", "cancelled", "event_cancelled", "moved"}


class Markup(HTMLParser):
    """What an HTML mail links to and loads, and its tags."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loads: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.tags.append((tag, said))
        if tag == "a":
            self.links.add(said.get("href") or "")
        self.loads += [value or "" for name, value in attrs if name in {"src", "background", "srcset", "poster"}]


def test_every_kind_has_words() -> None:
    assert set(SAY) == set(TRUE_WHILE)


@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_message_is_one_persons_and_well_made(app: Flask, locale: LocaleCode, quiet: bool) -> None:  # noqa: FBT001
    del app
    for kind, (_letter, message) in all_letters(locale, quiet=quiet).items():
        assert message.get_all("To") == [SARA], kind
        assert not message["Cc"]
        assert not message["Bcc"]
        invites = kind in COMES | GOES
        kinds = [part.get_content_type() for part in message.walk()]
        alternative = ["multipart/alternative", "text/plain", "text/html"]
        if invites:
            assert kinds == ["multipart/mixed", *alternative, "text/calendar", "application/ics"], kind
        else:
            assert kinds == alternative, kind
        assert all(
            part.get_content_charset() == "utf-8" for part in message.walk() if part.get_content_maintype() == "text"
        )
        assert message["Content-Language"] == locale
        assert message["Auto-Submitted"] == "auto-generated"
        reminds = kind.startswith("reminder") or kind == "thanks"
        assert bool(message["List-Unsubscribe"]) == reminds, kind
        if invites:
            _has_one_true_calendar(message, "REQUEST" if kind in COMES else "CANCEL", quiet=quiet)


def _has_one_true_calendar(message: EmailMessage, method: str, *, quiet: bool) -> None:
    part, file = (one for one in message.walk() if one.get_content_type() in {"text/calendar", "application/ics"})
    content = part.get_content()
    assert part.get_param("method") == method
    assert f"METHOD:{method}\r\n".encode() in file.get_content()
    assert content.encode().replace(b"\r\n", b"\n") == file.get_content().replace(b"\r\n", b"\n")
    assert file.get_filename() == ("appointment.ics" if quiet else "invite.ics")
    (event,) = Calendar.from_ical(file.get_content()).walk("VEVENT")
    assert str(event["ATTENDEE"]) == f"mailto:{SARA}", "one, and nobody else"
    assert str(event["ORGANIZER"]) == f"mailto:{settings().mail_from}"
    assert (str(event["STATUS"]) == "CANCELLED") == (method == "CANCEL")


@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("locale", LANGUAGES)
def test_text_and_html_say_the_same_and_load_nothing(app: Flask, locale: LocaleCode, quiet: bool) -> None:  # noqa: FBT001
    del app
    for kind, (letter, _message) in all_letters(locale, quiet=quiet).items():
        page = Markup(letter.html)
        assert page.links == set(ADDRESS.findall(letter.text)), kind
        assert page.loads == [], kind
        assert not re.search(r"url\(|@import|<link|<script|<img|\bon\w+=", letter.html), kind
        assert dict(page.tags)["html"] == {"lang": locale, "dir": direction(locale)}
        schemes = [
            said.get("content") for tag, said in page.tags if tag == "meta" and said.get("name") == "color-scheme"
        ]
        assert schemes == ["light dark"]
        assert "max-width: 600px" in letter.html
        preview = re.search(r'<div class="preview"[^>]*>(.*?)</div>', letter.html, re.DOTALL)
        assert preview
        shown = unescape(preview[1]).split("\u2007")[0].strip()
        assert len(shown) > 10, kind
        assert shown in " ".join(letter.text.split()), kind
        assert "\n" not in letter.subject
        assert "%(" not in letter.subject + letter.text + letter.html


def test_ten_scanners_that_open_every_address_change_nothing(app: Flask) -> None:
    found = {unescape(address) for _kind, letter in every_letter(a_night(), "en") for address in named_in(letter)}
    night = a_night()
    for status in ("unconfirmed", "offered", "confirmed"):  # whose pages have buttons
        rsvp_id, token = somebody(night, "fa", email=f"{status}@example.org", quiet=True)
        becomes(rsvp_id, status)
        facts = {"rsvp_id": rsvp_id, "token": token, "to": SARA}
        found |= set(named_in(written(status, "fa", facts)))
    ours = sorted(address for address in found if address.startswith(settings().public_url))
    paths = {address.removeprefix(settings().public_url).split("/")[-2] for address in ours}
    assert paths == {"rsvps", "reminders", "letters", "events", ""}  # the last: how to tell whether it is us
    before, faults = everything(), list[object]()

    def scan() -> None:
        agent = app.test_client()
        for address in ours:
            opened = agent.get(address, follow_redirects=True)
            asked = agent.head(address)
            if opened.status_code != 200 or asked.status_code not in {200, 303}:
                faults.append((address, opened.status_code, asked.status_code))

    scanners = [threading.Thread(target=scan) for _ in range(10)]
    for scanner in scanners:
        scanner.start()
    for scanner in scanners:
        scanner.join()
    assert faults == []
    assert everything() == before


def named_in(letter: Letter) -> Iterator[str]:
    """Every address in a letter, its header and its calendar."""
    for text in (letter.text, letter.html, letter.unsubscribe or "", _unfolded(letter.calendar)):
        yield from ADDRESS.findall(text)


def _unfolded(calendar: bytes | None) -> str:
    return re.sub(r"\r\n[ \t]", "", (calendar or b"").decode()).replace("\\n", "\n").replace("\r\n", "\n")


def everything() -> dict[str, list[Any]]:
    """Every row of every table."""
    db.session.rollback()
    found = {}
    for table in db.metadata.sorted_tables:
        rows = db.session.execute(sa.select(table).order_by(*table.primary_key.columns)).all()
        found[table.name] = [tuple(map(str, row)) for row in rows]
    db.session.rollback()
    return found


@pytest.mark.parametrize(
    ("before", "now", "kind", "nothing"),
    [
        ("published", "published", "event_changed", True),
        ("published", "cancelled", "event_cancelled", False),
        ("published", "draft", "event_cancelled", False),
        ("cancelled", "draft", "event_cancelled", True),
        ("draft", "cancelled", "event_cancelled", True),
        ("published", "postponed", "event_postponed", False),
        ("postponed", "postponed", "event_postponed", True),
        ("postponed", "cancelled", "event_cancelled", False),
        ("cancelled", "published", "event_reinstated", False),
        ("draft", "published", "event_reinstated", False),
        ("postponed", "published", "event_reinstated", False),
    ],
)
def test_which_news_there_are(before: str, now: str, kind: str, nothing: bool) -> None:  # noqa: FBT001
    assert (news_kind(before, now), nothing_new(before, now, ())) == (kind, nothing)


def test_letters_fit_a_small_phone_in_every_language(app: Flask, browser: Browser) -> None:
    del app
    pages = []
    for locale in LANGUAGES:
        pages += [(f"{kind} {locale}", letter.html) for kind, (letter, _message) in all_letters(locale).items()]
    page = browser.new_page(viewport={"width": 320, "height": 640}, color_scheme="dark")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name, source in pages:
        page.set_content(source)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
    page.close()
    assert asked == [], "and ask nothing of anybody"
