"""Signing up with nothing but a keyboard, on the smallest phone: the light is always seen, nothing typed is lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.factories import an_event
from tests.journeys.people import SMALL_PHONE, Person
from tests.journeys.stage import Stage

pytestmark = [pytest.mark.journey, pytest.mark.real_time]

# What a person sees of the focus: that it is drawn, and that its place is on the screen.
SEEN = """element => {
  const style = getComputedStyle(element), box = element.getBoundingClientRect()
  const drawn = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 || style.boxShadow !== "none"
  return drawn && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth
}"""
MOST_STEPS = 40
NOTE = f"A ramp, please: {'o' * 60}"  # no page gets wider by it
NAME = "سارا‌ي كريمي"  # as an Arabic keyboard writes it; kept so, and found however it is searched for


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_keyboard_is_enough(stage: Stage) -> None:
    with stage.app.app_context():
        an_event("Berkeley", slug="berkeley", capacity=9, largest_party=4)
    sara = stage.guest(screen=SMALL_PHONE)
    page = sara.page
    sara.go("/events/berkeley")
    tab_to(sara, page.get_by_role("link", name="Skip to the content"))
    page.keyboard.press("Enter")
    tab_to(sara, page.get_by_role("link", name="I am coming").first)
    presses(sara, "Enter")
    tab_to(sara, page.locator("#name"))
    page.keyboard.type(NAME)
    tab_to(sara, page.locator("#party_size"))
    page.keyboard.press("Control+a")
    page.keyboard.type("۵")
    tab_to(sara, page.locator("#email"))
    page.keyboard.type("sara@")
    tab_to(sara, page.locator("summary", has_text="Add a note"))
    page.keyboard.press("Space")
    tab_to(sara, page.locator("#note"))
    page.keyboard.type(NOTE)
    tab_to(sara, page.get_by_role("button", name="Keep my place"))
    presses(sara, "Space")

    expect(page.locator("#errors")).to_be_focused()
    tab_to(sara, page.locator("#errors a").first)
    page.keyboard.press("Enter")
    expect(page.locator("#party_size")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("٣")
    for field, kept in (("name", NAME), ("email", "sara@"), ("note", NOTE)):
        expect(page.locator(f"#{field}")).to_have_value(kept)
    tab_to(sara, page.locator("#email"))
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    presses(sara, "Enter")
    sara.sees("Your place is kept.")
    expect(page.locator(".ticket")).to_contain_text(NAME)
    expect(page.locator(".ticket")).to_contain_text("3")

    tab_to(sara, page.get_by_role("link", name="I cannot come"))
    presses(sara, "Enter")
    tab_to(sara, page.get_by_role("button", name="I am not coming"))
    presses(sara, "Space")
    sara.sees("You are not coming this time.")
    tab_to(sara, page.get_by_role("button", name="I am coming after all"))
    presses(sara, "Enter")
    sara.sees("Your place is kept.")


def tab_to(person: Person, target: Locator) -> None:
    """Press Tab until the focus is there; on the way it can always be seen."""
    page = person.page
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        here = page.locator(":focus")
        assert here.evaluate(SEEN), here.evaluate("element => element.outerHTML")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not reach {target}")


def presses(person: Person, key: str) -> None:
    """Press a key that leads to another page."""
    with person.page.expect_navigation():
        person.page.keyboard.press(key)
    person.look()
