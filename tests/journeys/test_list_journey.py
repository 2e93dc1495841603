"""An organizer's evening with the list: find, sort, open, remark, decide on many, and take it out under a lock."""

from __future__ import annotations

import csv
import io

import pyrage
import pytest
from playwright.sync_api import expect

from iec_events.questions.models import SHORT
from iec_events.reports import locks
from tests.checkin.people import an_account, comes
from tests.factories import an_event
from tests.journeys.people import Person
from tests.journeys.stage import Stage
from tests.questions.asking import a_question

pytestmark = [pytest.mark.journey, pytest.mark.real_time]
LIST, ROWS = "/organize/events/berkeley/rsvps", "table.roster tbody tr"
PASSPHRASE = "seven winters and a long spring"


@pytest.mark.parametrize("installation", ["postgresql"], indirect=True)
def test_an_evening_with_the_list(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "WORK", 4)
    with stage.app.app_context():
        owner = an_account("Nasrin")
        event = an_event("Berkeley", slug="berkeley", capacity=9, needs_approval=True)
        why = a_question(event, SHORT, "Why?")
        comes(
            "Sara Karimi", 2, companions=("Golnar",), note="a ramp", email="sara@example.org", answers={why.id: "Hafez"}
        )
        comes("علی کریمی", 3)
        comes("Zoë", 1)
        comes("Ámbar", 4)
    nasrin = stage.organizer(account=owner)
    rows = nasrin.page.locator(ROWS)
    nasrin.go(LIST)
    expect(rows).to_have_count(4)
    nasrin.page.locator("#tick-all").check()
    nasrin.click(nasrin.page.locator("#many").get_by_role("button", name="Approve"))
    nasrin.reads("3 parties are approved and have their places.")
    nasrin.reads("1 party is approved and on the waitlist")
    finds_and_sorts(nasrin)
    opens_a_party_whole(nasrin)
    takes_it_out_under_a_lock(nasrin)


def finds_and_sorts(nasrin: Person) -> None:
    """A name as an Arabic keyboard writes it, the largest party, those who need something."""
    rows = nasrin.page.locator(ROWS)
    nasrin.page.locator("#q").fill("علي كريمي")
    nasrin.press("Search")
    expect(rows).to_have_count(1)
    assert "کریمی" not in nasrin.page.url
    nasrin.press("Show all")
    nasrin.page.get_by_text("Order and more").click()
    nasrin.page.get_by_label("Order", exact=True).select_option(label="Largest parties first")
    nasrin.press("Show")
    expect(rows.first).to_contain_text("Ámbar")
    nasrin.page.get_by_label("With a note or needs").check()
    nasrin.press("Show")
    expect(rows).to_have_count(1)


def opens_a_party_whole(nasrin: Person) -> None:
    """Everything they said, a remark, a change by hand, and what happened without what was said."""
    nasrin.click(nasrin.page.locator(ROWS).get_by_role("link", name="Sara Karimi"))
    for told in ("Golnar", "a ramp", "sara@example.org", "Hafez", "Signed up", "Approved"):
        nasrin.reads(told)
    nasrin.page.locator("#remark").fill("Shirin spoke with her.")
    nasrin.press("Keep the remark")
    nasrin.press("Change")
    nasrin.fill("How many are they?", "1")
    nasrin.press("Save the change")
    expect(nasrin.page.locator(".summary")).to_contain_text("you said that")
    nasrin.fill("How many are they?", "3")
    nasrin.press("Save the change")
    history = nasrin.page.locator("ol.history")
    expect(history).to_contain_text("Remark of the organizers changed")
    expect(history).to_contain_text("Nasrin")
    assert "Shirin" not in history.inner_text()


def takes_it_out_under_a_lock(nasrin: Person) -> None:
    """A file that age's own library opens with the passphrase."""
    nasrin.go(LIST)
    nasrin.press("Take the list out")
    nasrin.page.get_by_label("CSV, plain text for any program").first.check()
    nasrin.page.get_by_label("A passphrase of mine").check()
    nasrin.fill("Your passphrase", PASSPHRASE)
    locked = nasrin.takes_along("Download the locked file")
    assert b"Sara" not in locked
    opened = csv.DictReader(io.StringIO(pyrage.passphrase.decrypt(locked, PASSPHRASE).decode("utf-8-sig")))
    assert {row["Name or alias"]: row["How many"] for row in opened} == {
        "Sara Karimi": "3", "علی کریمی": "3", "Zoë": "1", "Ámbar": "4",
    }  # fmt: skip
