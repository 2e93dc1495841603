"""The story of the keys: a lost password, then all lost, paper that helps, and a list that is gone for good."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from iec_events.access.actions import recover
from iec_events.core import clock
from iec_events.core.db import db
from iec_events.organizers.actions import invite
from iec_events.organizers.keys import pair_of_phrase
from iec_events.privacy.actions import destroy_due
from iec_events.rsvps.boxes import reader_of
from tests.conftest import Installation, settings_for
from tests.factories import an_event, roster
from tests.journeys.people import Person, Tongue

pytestmark = [pytest.mark.journey, pytest.mark.real_time]
OLD, NEW = "seven winters and a long spring", "a door that opens to the garden"
ROSTER = "/organize/events/berkeley/rsvps"
SEALED = "Line 1 (name sealed)"


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_from_the_first_organizer_to_a_list_that_nobody_opens_any_more(
    browser: Browser, installation: Installation, serve: Callable[..., str], tmp_path: Path
) -> None:
    say = Tongue("en")
    with installation.app.app_context():
        event = an_event("Berkeley", slug="berkeley")
        event_id, ends_at = event.id, event.ends_at
        first = invite(now=clock.now())
    address = serve()
    nasrin, omid, sara = (Person(browser, address, say) for _ in range(3))

    joins(nasrin, f"/organize/first/{first}", "Nasrin")
    words = makes_the_recovery_key(nasrin)

    sara.go("/events/berkeley/rsvp")
    sara.page.locator("#name").fill("Sara")
    sara.press("Keep my place")
    sara.sees("Your place is kept.")
    assert reads_the_list(nasrin) == ["Sara"]

    joins(omid, invited_by(nasrin), "Omid")
    assert reads_the_list(omid) == [SEALED]
    gives_access(nasrin, "Omid")
    assert reads_the_list(omid) == ["Sara"]

    nasrin.page.context.clear_cookies()  # and the password is forgotten, the phone lost
    begins_anew(nasrin, reset_link(omid, "Nasrin"))
    assert reads_the_list(nasrin) == [SEALED]
    gives_access(omid, "Nasrin")
    assert reads_the_list(nasrin) == ["Sara"]

    with installation.app.app_context():  # now both have forgotten: the operator makes an account and takes the paper
        simin_in = f"/organize/first/{invite(now=clock.now(), role='owner')}"
    simin = Person(browser, address, say)
    joins(simin, simin_in, "Simin")
    assert reads_the_list(simin) == [SEALED]
    with installation.app.app_context():
        recover(phrase=words, email="simin@example.org", now=clock.now())
    assert reads_the_list(simin) == ["Sara"]

    backup = tmp_path / "last_month.db"
    copy(installation, backup)
    with installation.app.app_context():
        destroy_due(ends_at + dt.timedelta(days=15))
        assert roster(event_id) == []
    simin.go(ROSTER)
    assert "Sara" not in simin.page.content()
    assert names_in(backup, installation, words, event_id) == [None]
    for person in (nasrin, omid, simin, sara):
        person.leave()


def joins(person: Person, path: str, name: str) -> None:
    """Make an account out of an invitation, with a second factor."""
    person.go(path)
    person.page.locator("#name").fill(name)
    person.page.locator("#email").fill(f"{name.lower()}@example.org")
    person.page.locator("#password").fill(OLD)
    person.page.locator("#password_again").fill(OLD)
    person.press("Make my account")
    assert len(person.takes_an_app()) == 10


def begins_anew(person: Person, link: str) -> None:
    """Choose a new password and a new second factor, by a link that a colleague made."""
    person.go(urlsplit(link).path)
    person.page.locator("#password").fill(NEW)
    person.page.locator("#password_again").fill(NEW)
    person.press("Take this password")
    person.takes_an_app()


def makes_the_recovery_key(person: Person) -> str:
    """Have the words shown, write them down, and type them from the paper."""
    person.go("/organize/access/recovery")
    person.press("Show me the 24 words")
    words = " ".join(person.page.locator(".phrase li").all_inner_texts())
    person.press("I have written them down: check the words")
    person.page.locator("#phrase").fill(words)
    person.press("Check")
    expect(person.page.get_by_text("The recovery key is made and checked.")).to_be_visible()
    return words


def invited_by(owner: Person) -> str:
    """The path of an invitation for another owner, handed over in person."""
    owner.go("/organize/team/invite")
    owner.page.locator("#role").select_option("owner")
    owner.press("Make the invitation")
    return urlsplit(owner.page.locator("#link").input_value()).path


def reset_link(owner: Person, name: str) -> str:
    """A link by which a colleague begins anew."""
    owner.go("/organize/team")
    owner.click(owner.page.get_by_role("link", name=name))
    owner.press("They lost their password or their second factor")
    owner.click(owner.page.get_by_role("button", name="Make a link to begin anew"))
    return owner.page.locator("#link").input_value()


def gives_access(owner: Person, name: str) -> None:
    """Let a colleague read the lists."""
    owner.go("/organize/access")
    row = owner.page.get_by_role("row").filter(has_text=name)
    owner.click(row.get_by_role("link", name="Give access"))
    owner.click(owner.page.get_by_role("button", name="Give access"))
    expect(owner.page.get_by_text(f"{name} can read the lists now.")).to_be_visible()


def reads_the_list(person: Person) -> list[str]:
    """The names on the list as this organizer sees them."""
    person.go(ROSTER)
    return person.page.locator("table.roster tbody th a").all_inner_texts()


def copy(installation: Installation, to: Path) -> None:
    """A backup of the database, as an operator (or a thief) makes one."""
    with sqlite3.connect(installation.folder / "test.db") as source, sqlite3.connect(to) as target:
        source.backup(target)
    source.close()
    target.close()


def names_in(backup: Path, installation: Installation, words: str, event_id: int) -> list[str | None]:
    """What the recovery key, the strongest of all, reads in the backup with the key folder of today."""
    app = installation.make_app(**{**settings_for(installation.folder, f"sqlite:///{backup}"), "TESTING": True})
    with app.app_context():
        reader = reader_of("recovery", pair_of_phrase(words).private, event_id)
        found = [one.name for one in roster(event_id, reader=reader)]
        db.engine.dispose()
    return found
