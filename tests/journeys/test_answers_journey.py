"""Questions from the organizer's first thought to an answer read at the door; the guest has no JavaScript."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import expect

from iec_events.core import clock
from tests.checkin.people import a_doorkeeper, an_account, comes
from tests.factories import an_event
from tests.journeys.people import SMALL_PHONE, Person
from tests.journeys.stage import Stage

pytestmark = [pytest.mark.journey, pytest.mark.real_time]
QUESTIONS = "/organize/events/berkeley/questions"
DOOR = "/organize/events/berkeley/door"


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_what_is_asked_is_answered_read_and_stays_readable(stage: Stage) -> None:
    with stage.app.app_context():
        owner = an_account("Nasrin")
        an_event("Berkeley", slug="berkeley", starts_at=clock.now() + dt.timedelta(hours=5))
        keeper = a_doorkeeper()
        comes("x" * 100)  # without a blank; no phone's page gets wider by it
    nasrin = stage.organizer(account=owner)
    nasrin.go(QUESTIONS)
    nasrin.press("Access needs")
    how_do_you_come(nasrin)

    sara = stage.guest(script=False, screen=SMALL_PHONE)
    sara.go("/events/berkeley/rsvp")
    sara.reads("Only if you answered “By bus” to “How do you come?” above.")
    sara.page.locator("#name").fill("Sara")
    sara.page.get_by_label("What do you need to take part with ease?").fill("A seat near the exit")
    sara.press("Keep my place")
    expect(sara.page.locator("#errors a")).to_have_text("How do you come? Please choose an answer here.")
    expect(sara.page.locator("#name")).to_have_value("Sara")
    sara.page.get_by_label("By bus").check()
    sara.page.get_by_label("From which town?").fill("Oakland")
    sara.press("Keep my place")
    sara.sees("Your place is kept.")
    expect(sara.page.locator(".ticket")).to_contain_text("Oakland")
    code = sara.page.locator(".door-code code").inner_text()

    kian = stage.organizer(account=keeper, phone=True)
    kian.go(DOOR)
    kian.page.locator("#q").fill(code)
    with kian.page.expect_navigation():  # after the page has seen that the network is there
        kian.page.get_by_role("button", name="Search").click()
    kian.look()
    party = kian.page.locator("li.party")
    expect(party).to_contain_text("A seat near the exit")
    assert "Oakland" not in kian.page.content()
    kian.press("They are here")
    kian.reads("1 person here since")

    nasrin.go(QUESTIONS)
    nasrin.click(nasrin.page.get_by_role("button", name="Ask no more From which town?"))
    nasrin.click(nasrin.page.locator("table").get_by_role("link", name="How do you come?"))
    nasrin.page.get_by_label("Answer (English)").first.fill("By bus or train")
    nasrin.press("Save")
    nasrin.go("/organize/events/berkeley/rsvps")
    nasrin.click(nasrin.page.get_by_role("link", name="Sara"))
    for told in ("A seat near the exit", "By bus or train", "From which town?", "Oakland"):
        nasrin.reads(told)
    sara.go("/events/berkeley/my-rsvp/change")
    assert sara.page.get_by_text("From which town?").count() == 0
    sara.press("Save the change")
    sara.sees("Your place is kept.")
    expect(sara.page.locator(".ticket")).to_contain_text("Oakland")


def how_do_you_come(nasrin: Person) -> None:
    """A question that must be answered, and one that hangs on its first answer."""
    nasrin.press("One answer to choose")
    nasrin.fill("The question (English)", "How do you come?")
    for number, text in enumerate(("By bus", "On foot")):
        nasrin.page.get_by_label("Answer (English)").nth(number).fill(text)
    nasrin.page.get_by_label("Nobody can sign up without an answer").check()
    nasrin.press("Save")
    nasrin.press("One line of text")
    nasrin.fill("The question (English)", "From which town?")
    nasrin.page.get_by_role("group", name="Ask it only after one of these answers").get_by_label("By bus").check()
    nasrin.press("Save")
    nasrin.sees("Questions")
