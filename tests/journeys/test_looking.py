"""What every journey rests on: a look at a page finds what is wrong with it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.journeys.people import AXE, LOOKING_GLASS

pytestmark = [pytest.mark.journey, pytest.mark.real_time]


@pytest.mark.parametrize("text", ["A night of poetry", "شبِ شعر و سرود", "فارسی ۱۲۳"])
def test_pale_words_are_found_in_every_script(browser: Browser, text: str) -> None:
    page = browser.new_page()
    page.set_content(f"<main><h1>Night</h1><p style='color: #999; background: #fff'>{text}</p></main>")
    page.evaluate(f"{LOOKING_GLASS};0")
    found = {rule["id"]: [node["target"] for node in rule["nodes"]] for rule in page.evaluate(AXE)}
    page.close()
    assert found.get("color-contrast") == [["p"]]
