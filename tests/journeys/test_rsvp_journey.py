"""The main story, in each language, with the worker running: an RSVP from the home page to the next in line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from iec_events.app import create_app
from iec_events.core.db import db
from tests.conftest import Installation, settings_for
from tests.factories import an_event
from tests.journeys.people import Person, Post, Tongue, own_link
from tests.processes import serving
from tests.servers import free_port

pytestmark = [pytest.mark.journey, pytest.mark.real_time]


@dataclass(frozen=True)
class House:
    """The service as it really runs: web and worker in processes of their own."""

    address: str
    post: Post
    slug: str


@pytest.fixture
def house(installation: Installation, tmp_path: Path) -> Iterator[House]:
    """One night with three seats."""
    port = free_port()
    slug = f"night-{port}"
    settings = settings_for(
        installation.folder,
        installation.database_url,
        PUBLIC_URL=f"http://127.0.0.1:{port}",
        MAIL_URL=f"file:{tmp_path}/mail",
    )
    environ = {f"IEC_{name}": str(value) for name, value in settings.items() if name != "TESTING"}
    with create_app(settings).app_context():
        an_event("Berkeley", slug=slug, capacity=3, largest_party=3)
        db.session.remove()
        db.engine.dispose()
    with serving(folder=tmp_path, port=port, **environ) as address:
        yield House(address, Post(tmp_path / "mail"), slug)
    installation.clean(certainly=True)


@pytest.mark.parametrize(
    ("installation", "locale"),
    [("sqlite", "en"), ("postgresql", "fa"), ("sqlite", "es")],
    indirect=["installation"],
)
def test_from_the_home_page_to_the_next_in_line(browser: Browser, house: House, locale: str) -> None:
    tell_the_story(browser, house, Tongue(locale), script=True)


@pytest.mark.parametrize("installation", ["postgresql"], indirect=True)
def test_without_javascript(browser: Browser, house: House) -> None:
    tell_the_story(browser, house, Tongue("en"), script=False)


def tell_the_story(browser: Browser, house: House, say: Tongue, *, script: bool) -> None:
    sara = Person(browser, house.address, say, script=script)
    babak = Person(browser, house.address, say, script=script, phone=True)
    home_to_form(sara, house)
    first_a_mistake(sara)
    rsvp(sara, "Sara", "sara@example.org", 2)
    sara.sees("Your place is kept.")

    letter = house.post.wait_for("sara@example.org", 1)
    assert [part.get_content_type() for part in letter.walk()].count("text/calendar") >= 1
    assert letter["Content-Language"] in {say.locale, None}
    elsewhere = Person(browser, house.address, say, script=script, phone=True)
    elsewhere.follow(own_link(letter))
    assert "/rsvps/" not in elsewhere.page.url
    elsewhere.press("Change my RSVP")
    elsewhere.fill("How many are you?", say.number(3))
    elsewhere.press("Save the change")
    elsewhere.sees("Your place is kept.")

    home_to_form(babak, house)
    rsvp(babak, "بابک", "babak@example.org", 2)
    babak.sees("You are on the waitlist.")
    house.post.wait_for("babak@example.org", 1)

    elsewhere.press("I cannot come")
    elsewhere.press("Cancel my RSVP")
    elsewhere.sees("Your RSVP is cancelled.")

    promoted = house.post.wait_for("babak@example.org", 2)
    babak.follow(own_link(promoted))
    babak.sees("Your place is kept.")
    for person in (sara, babak, elsewhere):
        person.leave()


def home_to_form(person: Person, house: House) -> None:
    """From the home page to the night, which leave no cookie, and to its form."""
    person.go(f"{person.say.prefix}/")
    person.click(person.page.locator(f'main a[href$="/events/{house.slug}"]'))
    assert person.context.cookies() == []
    person.click(person.page.locator(f'main a[href$="/events/{house.slug}/rsvp"]'))


def first_a_mistake(person: Person) -> None:
    """What was typed is still there, beside a sentence that says what is missing."""
    person.page.locator("summary", has_text=person.say("Add a note")).click()
    person.fill("Note", "A poem by Forugh")
    person.fill("E-mail", "sara at example")
    person.fill("How many are you?", "")
    person.click(person.page.locator("main form button"))
    for field in ("How many are you?", "E-mail"):
        assert person.page.get_by_label(person.say(field)).get_attribute("aria-invalid") == "true"
    assert person.page.get_by_label(person.say("Note")).input_value() == "A poem by Forugh"


def rsvp(person: Person, name: str, email: str, party_size: int) -> None:
    """Fill in the form and send it."""
    person.fill("Name or alias", name)
    person.fill("E-mail", email)
    person.fill("How many are you?", person.say.number(party_size))
    person.click(person.page.locator("main form button"))
